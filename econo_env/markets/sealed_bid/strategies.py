"""What a sealed-bid market tells strategies and telemetry: bids as actions, known equilibria, roles, series."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.state import Float32s, Float64s
from econo_env.markets.sealed_bid.layout import State
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.mechanisms.base import mechanism
from econo_env.money import to_credits

DRAWN_AHEAD = ("values",)
"""Columns of `State` that already hold the coming round's draw when a tick ends; `series` wants the last round's."""

_TABLE_POINTS = 8193


def private_values(scenario: SealedBidScenario, observations: ArrayLike) -> Float64s:
    """The own values in credits, shape (...), from observations of shape (..., features)."""
    return np.asarray(observations, dtype=np.float64)[..., 0] * scenario.highest_value


def bid_actions(scenario: SealedBidScenario, observations: ArrayLike, bids: ArrayLike) -> Float32s:
    """Actions, shape (..., 1), that place the given bids.

    Args:
        scenario: Configuration; its `bids` says what an action means.
        observations: Shape (..., features).
        bids: Credits, shape (...). A bid beyond what an action can say (twice the own value, or twice the highest
            one) becomes the largest possible bid; of a value of 0 every share is 0.
    """
    amounts = np.asarray(bids, dtype=np.float64)
    if scenario.bids == "amount":
        actions = amounts / scenario.highest_value - 1.0
    else:
        values = private_values(scenario, observations)
        actions = np.where(values > 0.0, amounts / np.where(values > 0.0, values, 1.0) - 1.0, 0.0)
    actions = np.clip(actions, -1.0, 1.0)
    rounded = actions.astype(np.float32)
    # never above the bid that was meant: what is rounded up to float32 goes one step down
    return np.where(rounded > actions, np.nextafter(rounded, np.float32(-1.0)), rounded)[..., None]


def scaled_actions(scenario: SealedBidScenario, observations: ArrayLike, factor: ArrayLike) -> Float32s:
    """Actions, shape (..., 1), that bid `factor` (a number, or one an agent) times the own value."""
    values = private_values(scenario, observations)
    return bid_actions(scenario, observations, np.asarray(factor, dtype=np.float64) * values)


def truthful_actions(scenario: SealedBidScenario, observations: ArrayLike) -> Float32s:
    """Actions, shape (..., 1), that bid the own value."""
    return scaled_actions(scenario, observations, 1.0)


@lru_cache(maxsize=16)
def equilibrium_bids(scenario: SealedBidScenario) -> Callable[[ArrayLike], Float64s]:
    """The symmetric Bayes-Nash bid function of the scenario, credits to credits, any shape.

    The mechanism's closed form is evaluated once on a fine table and interpolated linearly.

    Raises:
        ValueError: No closed form is known: the mechanism has none, or bidders differ in prior or weight under a rule
            whose equilibrium is not truth.
    """
    section: Any = scenario.mechanism
    name: str = section.name
    row = mechanism(name)
    alike = len(set(scenario.priors())) == 1 and len(set(scenario.weights or (1.0,))) == 1
    dominant = row.truth_is_dominant(section)
    if row.equilibrium is None or not (alike or dominant):
        reason = "bidders with different priors or weights" if row.equilibrium else "this mechanism"
        raise ValueError(
            f"{scenario.id}: no closed-form equilibrium of {name!r} is known for {reason}; "
            "use truthful, shading or a trained run instead"
        )
    if dominant:
        return lambda values: np.asarray(values, dtype=np.float64)
    prior = scenario.priors()[0]
    reserve = float(getattr(scenario.mechanism, "reserve", 0.0))
    # the bid function jumps at the reserve: a point on each side of it
    ends = [prior.lowest, reserve, np.nextafter(reserve, 0.0)]
    points = np.unique(np.concatenate([np.linspace(0.0, prior.highest, _TABLE_POINTS), prior.quantile_table(), ends]))
    table = np.asarray(row.equilibrium(points, prior, scenario.num_agents, scenario.mechanism))
    return lambda values: np.interp(np.asarray(values, dtype=np.float64), points, table)


def equilibrium_actions(scenario: SealedBidScenario, observations: ArrayLike) -> Float32s:
    """Actions, shape (..., 1), of the symmetric equilibrium; see `equilibrium_bids`."""
    return bid_actions(scenario, observations, equilibrium_bids(scenario)(private_values(scenario, observations)))


def roles(scenario: SealedBidScenario) -> tuple[tuple[int, ...], ...]:
    """Seats with the same prior and weight, group by group, in order of first appearance."""
    weights = scenario.weights or (1.0,) * scenario.num_agents
    groups: dict[Any, list[int]] = {}
    for seat, kind in enumerate(zip(scenario.priors(), weights, strict=True)):
        groups.setdefault(kind, []).append(seat)
    return tuple(tuple(seats) for seats in groups.values())


def series(scenario: SealedBidScenario, state: State) -> dict[str, NDArray[Any]]:
    """What telemetry shows of the last round; NaN where there is nothing to show.

    Args:
        scenario: The configuration.
        state: The state after a tick, with the columns of `DRAWN_AHEAD` as they were before it.

    Returns:
        One an agent, shape (markets, agents): `bids` and `payments` of the winners in credits, `bid_value_ratio`. One a
        market, shape (markets,): `revenue` in credits, `efficiency`, the welfare over the largest possible one.
    """
    values, bids = to_credits(state.values), to_credits(state.bids)
    placed = state.bids >= 0
    won = state.allocation > 0
    units = min(int(getattr(scenario.mechanism, "units", 1)), scenario.num_agents)
    best = np.sort(values, axis=1)[:, scenario.num_agents - units :].sum(axis=1)
    welfare = (state.allocation * values).sum(axis=1)
    return {
        "bids": np.where(placed, bids, np.nan),
        "bid_value_ratio": np.where(placed & (values > 0), bids / np.where(values > 0, values, 1.0), np.nan),
        "payments": np.where(won, to_credits(state.payments), np.nan),
        "revenue": to_credits(state.payments.sum(axis=1)),
        "efficiency": np.where(best > 0, welfare / np.where(best > 0, best, 1.0), 1.0),
    }

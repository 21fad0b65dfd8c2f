"""What a sequential sale tells strategies and telemetry: the equilibrium round by round, and series."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.state import Float32s, Float64s
from econo_env.markets.sealed_bid.strategies import bid_actions, private_values
from econo_env.markets.sequential.layout import State, observation_names
from econo_env.markets.sequential.scenario import SequentialScenario
from econo_env.mechanisms.base import mechanism
from econo_env.money import to_credits

DRAWN_AHEAD: tuple[str, ...] = ()
"""Columns of `State` that already hold the coming round's draw when a tick ends: none, values last the episode."""

_TABLE_POINTS = 2049


@lru_cache(maxsize=256)
def _bid_table(scenario: SequentialScenario, bidders: int, units_left: int) -> tuple[Float64s, Float64s]:
    """The equilibrium of a round as a table: values and bids in credits."""
    section: Any = scenario.mechanism
    equilibrium: Any = mechanism(section.name).equilibrium
    prior, reserve = scenario.priors()[0], float(section.reserve)
    # the bid function jumps at the reserve: a point on each side of it
    ends = [prior.lowest, reserve, np.nextafter(reserve, 0.0)]
    points = np.unique(
        np.concatenate([np.linspace(0.0, prior.highest, _TABLE_POINTS), prior.quantile_table().values, ends])
    )
    return points, equilibrium(points, prior, bidders, section, units_left=units_left)


def equilibrium_actions(scenario: SequentialScenario, observations: ArrayLike) -> Float32s:
    """Actions, shape (..., 1), of the symmetric equilibrium; bids depend on who is left, not on past prices.

    Raises:
        ValueError: Bidders differ in prior: no closed form is known.
    """
    if len(set(scenario.priors())) > 1:
        raise ValueError(
            f"{scenario.id}: no closed-form equilibrium of {scenario.mechanism.name!r} is known for bidders with "
            "different priors; use truthful, shading or a trained run instead"
        )
    seen = np.asarray(observations, dtype=np.float64)
    names = observation_names(scenario)
    values = private_values(scenario, seen)
    units = np.rint(seen[..., names.index("rounds_left")] * scenario.max_cycles).astype(np.int64)
    bidders = np.rint(seen[..., names.index("rivals")] * (scenario.num_agents - 1)).astype(np.int64) + 1
    bids = np.zeros_like(values)
    situations = np.unique(np.stack([bidders.ravel(), np.maximum(units, 1).ravel()], axis=1), axis=0)
    for there, left in situations.tolist():
        here = (bidders == there) & (np.maximum(units, 1) == left)
        bids[here] = np.interp(values[here], *_bid_table(scenario, there, left))
    return bid_actions(scenario, seen, bids)


def series(scenario: SequentialScenario, state: State) -> dict[str, NDArray[Any]]:
    """What telemetry shows of the last round; NaN where there is nothing to show.

    Args:
        scenario: The configuration.
        state: The state after a tick.

    Returns:
        One an agent, shape (markets, agents): `bids` and `payments` of the winner in credits, `bid_value_ratio`. One a
        market, shape (markets,): `revenue`, the price of the round in credits; `efficiency`, the values served so far
        over the most that so many units could serve; `bidders` still there.
    """
    values, bids = to_credits(state.values), to_credits(state.bids)
    placed, won = state.bids >= 0, state.allocation > 0
    ranked = np.cumsum(np.sort(values, axis=1)[:, ::-1], axis=1)
    sold = np.clip(state.tick, 1, scenario.num_agents) - 1
    best = np.take_along_axis(ranked, sold[:, None], axis=1)[:, 0]
    served = (values * ~state.active).sum(axis=1)
    return {
        "bids": np.where(placed, bids, np.nan),
        "bid_value_ratio": np.where(placed & (values > 0), bids / np.where(values > 0, values, 1.0), np.nan),
        "payments": np.where(won, to_credits(state.payments), np.nan),
        "revenue": to_credits(state.payments.sum(axis=1)),
        "efficiency": np.where(best > 0, served / np.where(best > 0, best, 1.0), 1.0),
        "bidders": state.active.sum(axis=1).astype(np.float64),
    }

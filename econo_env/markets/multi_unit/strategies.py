"""What a multi-unit market tells strategies and telemetry: bids as actions, known equilibria, roles, series."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.agents import BIDDER, SUPPLIER, named
from econo_env.engine.state import Float32s, Float64s
from econo_env.markets.actions import AS_SEEN, actions_for
from econo_env.markets.multi_unit.equilibria import equilibrium_bids
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.multi_unit.state import State
from econo_env.markets.sealed_bid.strategies import role_numbers
from econo_env.mechanisms.parameters import reserve_of
from econo_env.money import to_credits
from econo_env.valuations.bid_function import MIDDLE

DRAWN_AHEAD = ("values",)
"""Columns of `State` that already hold the coming round's draw when a tick ends; `series` wants the last round's."""


def private_values(scenario: MultiUnitScenario, observations: ArrayLike) -> Float64s:
    """The own marginal values or costs in credits, shape (..., demand), from observations of shape (..., features)."""
    return np.asarray(observations, dtype=np.float64)[..., : scenario.demand] * scenario.highest_value


def bid_actions(scenario: MultiUnitScenario, observations: ArrayLike, bids: ArrayLike) -> Float32s:
    """Actions that place the given marginal bids.

    Args:
        scenario: Configuration; its `bids` says what an action means.
        observations: Shape (..., features).
        bids: Credits, shape (..., demand). A bid beyond what an action can say becomes the largest possible one.

    Returns:
        float32, shape (..., demand).
    """
    amounts, reverse = scenario.bids == "amount", scenario.procurement is not None
    unit = scenario.highest_value if amounts else private_values(scenario, observations)
    reserve = reserve_of(scenario.mechanism)
    return actions_for(
        bids,
        scenario.largest_bid / 2.0 * unit,
        up=reverse,
        reach=scenario.ceiling - reserve if reverse else reserve,
        error=0.0 if amounts else AS_SEEN,
    )


def scaled_actions(scenario: MultiUnitScenario, observations: ArrayLike, factor: ArrayLike) -> Float32s:
    """Actions, shape (..., demand), that bid `factor` (a number, or one an agent) times each marginal value or cost."""
    values = private_values(scenario, observations)
    return bid_actions(scenario, observations, np.asarray(factor, dtype=np.float64)[..., None] * values)


def truthful_actions(scenario: MultiUnitScenario, observations: ArrayLike) -> Float32s:
    """Actions, shape (..., demand), that bid the own marginal values or costs."""
    return scaled_actions(scenario, observations, 1.0)


def equilibrium_actions(scenario: MultiUnitScenario, observations: ArrayLike, luck: ArrayLike = MIDDLE) -> Float32s:
    """Actions, shape (..., demand), of an equilibrium; see `equilibria`."""
    numbers = role_numbers(scenario, observations)
    bids = equilibrium_bids(scenario, private_values(scenario, observations), numbers, np.asarray(luck))
    return bid_actions(scenario, observations, bids)


def agents(scenario: MultiUnitScenario) -> tuple[str, ...]:
    """`bidder_0`, ...; in procurement `supplier_0`, ..."""
    return named([BIDDER if scenario.procurement is None else SUPPLIER] * scenario.num_agents)


def roles(scenario: MultiUnitScenario) -> tuple[tuple[int, ...], ...]:
    """Seats with the same prior, group by group, in order of first appearance."""
    groups: dict[Any, list[int]] = {}
    for seat, prior in enumerate(scenario.priors()):
        groups.setdefault(prior, []).append(seat)
    return tuple(tuple(seats) for seats in groups.values())


def gains_from_trade(scenario: MultiUnitScenario, values: Float64s) -> Float64s:
    """What each unit adds to welfare, credits: its marginal value, in procurement the ceiling minus its cost."""
    return values if scenario.procurement is None else scenario.ceiling - values


def worth(values: NDArray[Any], allocation: NDArray[Any]) -> NDArray[Any]:
    """The sum of the marginal values (markets, agents, demand) of the units won (markets, agents)."""
    won = np.arange(values.shape[-1]) < allocation[..., None]
    return np.asarray((values * won).sum(axis=-1))


def best_worth(values: NDArray[Any], units: int) -> NDArray[Any]:
    """The largest worth of any allocation of the units, shape (markets,): the sum of the highest marginal values."""
    flat = np.sort(np.maximum(values.reshape(len(values), -1), 0.0), axis=1)
    return np.asarray(flat[:, max(0, flat.shape[1] - units) :].sum(axis=1))


def series(scenario: MultiUnitScenario, state: State) -> dict[str, NDArray[Any]]:
    """What telemetry shows of the last round; NaN where there is nothing to show.

    Args:
        scenario: The configuration.
        state: The state after a tick, with the columns of `DRAWN_AHEAD` as they were before it.

    Returns:
        One an agent, shape (markets, agents): `bids` for the first unit in credits, `bid_value_ratio` of that bid and
        `last_bid_value_ratio` of the bid for the last unit wanted, `units` won and `payments` of winners in credits.
        One a market, shape (markets,): `revenue` in credits, `efficiency`.
    """
    values, bids = to_credits(state.values), to_credits(state.bids)
    placed = state.bids >= 0
    ratios = np.where(placed & (values > 0), bids / np.where(values > 0, values, 1.0), np.nan)
    gains = gains_from_trade(scenario, values)
    best = best_worth(gains, scenario.units)
    realised = worth(gains, np.abs(state.award.units)).sum(axis=1)
    return {
        "bids": np.where(placed, bids, np.nan)[..., 0],
        "bid_value_ratio": ratios[..., 0],
        "last_bid_value_ratio": ratios[..., -1],
        "units": np.abs(state.award.units).astype(np.float64),
        "payments": np.where(state.award.units != 0, to_credits(state.award.pays), np.nan),
        "revenue": to_credits(state.award.pays.sum(axis=1)),
        "efficiency": np.where(best > 0, realised / np.where(best > 0, best, 1.0), 1.0),
    }

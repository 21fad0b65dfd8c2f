"""What a multi-unit market tells strategies and telemetry: bids as actions, known equilibria, roles, series."""

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Arrays, Float32s, Float64s, Int64s
from econo_env.markets.actions import AS_SEEN, actions_for
from econo_env.markets.multi_unit.equilibria import equilibrium_bids
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.multi_unit.state import State
from econo_env.markets.sealed_bid.strategies import role_numbers
from econo_env.markets.series import of_a_round, ratio
from econo_env.mechanisms.parameters import reserve_of
from econo_env.money import to_credits
from econo_env.valuations.bid_function import MIDDLE


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


def equilibrium_actions(scenario: MultiUnitScenario, observations: ArrayLike, luck: ArrayLike = MIDDLE) -> Float32s:
    """Actions, shape (..., demand), of an equilibrium; see `equilibria`."""
    numbers = role_numbers(scenario, observations)
    bids = equilibrium_bids(scenario, private_values(scenario, observations), numbers, np.asarray(luck))
    return bid_actions(scenario, observations, bids)


def gains_from_trade(scenario: MultiUnitScenario, values: Float64s) -> Float64s:
    """What each unit adds to welfare, credits: its marginal value, in procurement the ceiling minus its cost."""
    return values if scenario.procurement is None else scenario.ceiling - values


def worth(values: Float64s, allocation: Int64s) -> Float64s:
    """The sum of the marginal values (markets, agents, demand) of the units won (markets, agents)."""
    won = np.arange(values.shape[-1]) < allocation[..., None]
    return np.asarray((values * won).sum(axis=-1))


def best_worth(values: Float64s, units: int) -> Float64s:
    """The largest worth of any allocation of the units, shape (markets,): the sum of the highest marginal values."""
    flat = np.sort(np.maximum(values.reshape(len(values), -1), 0.0), axis=1)
    return np.asarray(flat[:, max(0, flat.shape[1] - units) :].sum(axis=1))


def series(scenario: MultiUnitScenario, state: State) -> Arrays:
    """What telemetry shows of the last round: see `of_a_round`; values are those of that round.

    Bids and ratios for the first unit, `last_bid_value_ratio` for the last one, `units` won.
    """
    values = to_credits(state.values)
    units, gains, last_bid = np.abs(state.award.units), gains_from_trade(scenario, values), state.bids[..., -1]
    welfare, best = worth(gains, units).sum(axis=1), best_worth(gains, scenario.units)
    told = of_a_round(state.award, state.bids[..., 0], values[..., 0], welfare, best)
    last = np.where(last_bid >= 0, ratio(to_credits(last_bid), values[..., -1], np.nan), np.nan)
    return told | {"last_bid_value_ratio": last, "units": units.astype(np.float64)}

"""What a multi-unit market tells strategies, judges and telemetry.

Payoffs are no value times units, so best responses come from the search over actions.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.engine import Engine
from econo_env.engine.state import Arrays, Float32s, Float64s, Int64s
from econo_env.games.welfare import Welfare
from econo_env.markets.analysis import of_a_round, ratio, welfare_of
from econo_env.markets.multi_unit.equilibria import equilibrium_bids
from econo_env.markets.multi_unit.kernels import State
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.sealed_bid.strategies import placed, role_numbers
from econo_env.money import to_credits, to_money
from econo_env.valuations.bid_function import MIDDLE


def private_values(scenario: MultiUnitScenario, observations: ArrayLike) -> Float64s:
    """The own marginal values or costs in credits, shape (..., demand), from observations of shape (..., features)."""
    return np.asarray(observations, dtype=np.float64)[..., : scenario.demand] * scenario.highest_value


def bid_actions(scenario: MultiUnitScenario, observations: ArrayLike, bids: ArrayLike) -> Float32s:
    """Actions that place the given marginal bids in credits, both of shape (..., demand)."""
    return placed(scenario, private_values(scenario, observations), bids)


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


def types_at(scenario: MultiUnitScenario, agent: int, uniforms: Float64s) -> Float64s:
    """Marginal values or costs at points of the unit cube, shape (..., demand), as the engine draws and sorts them."""
    drawn = np.sort(scenario.priors()[agent].quantile_table().quantile(uniforms), axis=-1)
    return drawn if scenario.procurement is not None else drawn[..., ::-1]


def set_types(scenario: MultiUnitScenario, engine: Engine, agent: int, types: Float64s) -> None:
    """Gives the agent marginal values or costs in credits, (markets, demand).

    Raises:
        ValueError: Marginal values increase somewhere, or costs decrease.
    """
    money = to_money(types)
    steps = np.diff(money, axis=-1)
    if scenario.procurement is not None and np.any(steps < 0):
        raise ValueError("marginal costs must not decrease from one unit to the next: sort them, lowest first")
    if scenario.procurement is None and np.any(steps > 0):
        raise ValueError("marginal values must not increase from one unit to the next: sort them, highest first")
    engine.state.values[:, agent] = money


def welfare(scenario: MultiUnitScenario, state: State, types: Float64s) -> Welfare:
    """Sum of the marginal values of the units won; the reserve does not enter the optimum.

    In procurement a unit is worth the ceiling to the buyer, and its revenue is what it keeps of that.
    """
    gains = gains_from_trade(scenario, types)
    units = np.abs(state.award.units)
    welfare = welfare_of(state.award, worth(gains, units).sum(axis=1), best_worth(gains, scenario.units))
    if scenario.procurement is None:
        return welfare
    return replace(welfare, revenue=welfare.revenue + scenario.ceiling * units.sum(axis=1))

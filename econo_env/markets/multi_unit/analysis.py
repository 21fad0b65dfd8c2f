"""What judges ask of a multi-unit market: marginal values and welfare.

Payoffs are no value times units, so best responses
come from the search over actions.
"""

from dataclasses import replace

import numpy as np

from econo_env.engine.engine import Engine
from econo_env.engine.state import Float64s
from econo_env.games.welfare import Welfare
from econo_env.markets.analysis import welfare_of
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.multi_unit.state import State
from econo_env.markets.multi_unit.strategies import best_worth, gains_from_trade, worth
from econo_env.money import to_credits, to_money


def types(scenario: MultiUnitScenario, state: State) -> Float64s:
    """Marginal values or costs in credits, shape (markets, agents, demand); a copy."""
    return to_credits(state.values)


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

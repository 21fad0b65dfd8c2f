"""What judges ask of a multi-unit market: marginal values and welfare.

See `econo_env.markets.judging` for the meaning of each function. Payoffs are no value times units, so best responses
come from the search over actions.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.markets.judging import PRIMARY, Welfare
from econo_env.markets.multi_unit.layout import State
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.multi_unit.strategies import best_worth, worth
from econo_env.money import to_credits, to_money

Floats = NDArray[np.float64]


def type_names(scenario: MultiUnitScenario) -> tuple[str, ...]:
    """A bidder's type is its marginal values."""
    return tuple(f"value_{unit}" for unit in range(1, scenario.demand + 1))


def types(scenario: MultiUnitScenario, state: State) -> Floats:
    """Marginal values in credits, shape (markets, agents, demand); a copy."""
    return to_credits(state.values)


def types_at(scenario: MultiUnitScenario, agent: int, uniforms: Floats) -> Floats:
    """Marginal values at points of the unit cube, shape (..., demand), as the engine draws and sorts them."""
    table = scenario.priors()[agent].quantile_table()
    drawn = np.interp(uniforms, np.linspace(0.0, 1.0, len(table)), table)
    return np.sort(drawn, axis=-1)[..., ::-1]


def set_types(scenario: MultiUnitScenario, engine: Any, agent: int, types: Floats) -> None:
    """Gives the agent marginal values in credits, shape (markets, demand), and shows them in its observations.

    Raises:
        ValueError: Marginal values increase somewhere.
    """
    money = to_money(types)
    if np.any(np.diff(money, axis=-1) > 0):
        raise ValueError("marginal values must not increase from one unit to the next: sort them, highest first")
    engine.state.values[:, agent] = money
    engine.exchange.observations[:, agent, : scenario.demand] = money / float(to_money(scenario.highest_value))


def welfare(scenario: MultiUnitScenario, state: State, types: Floats) -> Welfare:
    """Sum of the marginal values of the units won; the reserve does not enter the optimum."""
    realised = worth(types, state.allocation).sum(axis=1)
    return Welfare(
        realised={PRIMARY: realised},
        optimal={PRIMARY: best_worth(types, scenario.units)},
        revenue=to_credits(state.payments.sum(axis=1)),
        created=realised,
    )

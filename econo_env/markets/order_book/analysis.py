"""What judges ask of a market with an order book."""

import numpy as np

from econo_env.engine.engine import Engine
from econo_env.engine.state import Float64s
from econo_env.games.welfare import Welfare
from econo_env.markets.analysis import welfare_of
from econo_env.markets.double_auction.strategies import best_gains
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.markets.order_book.state import State
from econo_env.money import to_credits, to_money


def type_names(scenario: OrderBookScenario) -> tuple[str, ...]:
    """A trader's type is the value or cost of each of its units, in the order in which it trades them."""
    return tuple(f"value_{unit + 1}" for unit in range(scenario.units)) if scenario.units > 1 else ("value",)


def _in_trading_order(scenario: OrderBookScenario, agent: int, values: Float64s) -> Float64s:
    ordered = np.sort(values, axis=-1)
    return ordered[..., ::-1] if agent < scenario.num_buyers else ordered


def types(scenario: OrderBookScenario, state: State) -> Float64s:
    """Values and costs in credits, shape (markets, agents, units); a copy."""
    return to_credits(state.values)


def types_at(scenario: OrderBookScenario, agent: int, uniforms: Float64s) -> Float64s:
    """The agent's values or costs at points of the unit cube, shape (..., units), in trading order."""
    return _in_trading_order(scenario, agent, scenario.priors()[agent].quantile_table().quantile(uniforms))


def set_types(scenario: OrderBookScenario, engine: Engine, agent: int, types: Float64s) -> None:
    """Gives the agent values or costs in credits, shape (markets, units)."""
    engine.state.values[:, agent] = to_money(_in_trading_order(scenario, agent, np.asarray(types, dtype=np.float64)))


def welfare(scenario: OrderBookScenario, state: State, types: Float64s) -> Welfare:
    """Gains from the tick's trades; the best gains are the whole day's and stand at its first tick."""
    unit = np.maximum(state.traded - 1, 0)[..., None]
    values = np.take_along_axis(types, unit, axis=2)[..., 0]
    gains = np.asarray((values * state.award.units).sum(axis=1), dtype=np.float64)
    return welfare_of(state.award, gains, np.where(state.tick == 1, best_gains(scenario, types), 0.0))

"""What a market with an order book tells strategies, judges, telemetry and its page."""

from dataclasses import replace
from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike

from econo_env.docs import Docs
from econo_env.engine.engine import Engine
from econo_env.engine.state import Arrays, Float64s
from econo_env.games.welfare import Welfare
from econo_env.markets.analysis import ratio, welfare_of
from econo_env.markets.double_auction.strategies import best_gains
from econo_env.markets.order_book.kernels import State, action_names
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.markets.wording import page_of
from econo_env.money import to_credits, to_money


def equilibrium_actions(scenario: OrderBookScenario, observations: ArrayLike, luck: ArrayLike = 0.5) -> NoReturn:
    """No equilibrium is known.

    Raises:
        ValueError: Always; says why.
    """
    raise ValueError(
        f"{scenario.id}: no equilibrium of a continuous double auction is known, in closed form or numerically, for "
        "what to offer depends on the whole book and its past; use truthful, zero_intelligence or a trained run instead"
    )


def series(scenario: OrderBookScenario, state: State) -> Arrays:
    """What telemetry shows of the last tick; NaN where there is nothing to show.

    Returns:
        One an agent, shape (markets, agents): `bids`, the limits, and `payments` of traders (negative for sellers), in
        credits. One a market, shape (markets,): `trades`, `price` (of the day's last trade), `spread` between best ask
        and best bid in credits, `depth` (resting orders), and `efficiency`, the day's gains so far over the largest
        possible ones.
    """
    best = best_gains(scenario, to_credits(state.values))
    both = (state.best > 0).all(axis=1)
    return {
        "bids": np.where(state.orders >= 0, to_credits(state.orders), np.nan),
        "payments": np.where(state.award.units != 0, to_credits(state.award.pays), np.nan),
        "trades": (state.award.units > 0).sum(axis=1).astype(np.float64),
        "price": np.where(state.last_price > 0, to_credits(state.last_price), np.nan),
        "spread": np.where(both, (state.best[:, 1] - state.best[:, 0]) * scenario.tick_size, np.nan),
        "depth": state.depth.sum(axis=1).astype(np.float64),
        "efficiency": ratio(to_credits(state.gains), best, np.nan),
    }


def _in_trading_order(scenario: OrderBookScenario, agent: int, values: Float64s) -> Float64s:
    ordered = np.sort(values, axis=-1)
    return ordered[..., ::-1] if agent < scenario.num_buyers else ordered


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


_ACTIONS = {
    "share_of_value": "0 is the truth, below 0 are better terms for oneself: a buyer bids (1 + a) times the value of "
    "its next unit; a seller asks the cost of its next unit - a (highest price - cost), not below one tick",
    "amount": "the limit is (1 + a) / 2 times the highest price",
}


def docs(scenario: OrderBookScenario) -> Docs:
    """The texts of the scenario's page."""
    row = scenario.row()
    page = page_of(
        scenario,
        description=f"{scenario.num_buyers} buyers and {scenario.num_sellers} sellers of {scenario.units} unit(s) each "
        "trade through a limit order book. In each tick the agents act in an order drawn by lot, each with one limit "
        f"order of one unit. {row.summary} A new limit replaces the resting order and joins the end of its queue, the "
        "same limit keeps its place. Limits are rounded to the tick that is better for the agent; a bid below one tick "
        "is none. Who was filled earlier in the tick does not act again in it. Buyers never sell, so nobody trades "
        "with itself.",
        actions=dict.fromkeys(action_names(scenario), _ACTIONS[scenario.bids]),
        rewards="Buyers: value of the unit minus price if they trade. Sellers: price minus its cost. In credits.",
        start="An empty book; fresh values, falling with the unit, and costs, rising with it, that hold for the day.",
        tick="tick",
    )
    return replace(page, equilibrium=f"No closed form is known. {row.known_answer}")

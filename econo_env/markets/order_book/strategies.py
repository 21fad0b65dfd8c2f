"""What a market with an order book tells strategies and telemetry: limits as actions, roles, series."""

from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Arrays, Float64s
from econo_env.markets.double_auction.strategies import (
    agents,
    bid_actions,
    private_values,
    roles,
    scaled_actions,
    truthful_actions,
)
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.markets.order_book.state import State
from econo_env.markets.series import ratio
from econo_env.money import to_credits

__all__ = [
    "agents",
    "best_gains",
    "bid_actions",
    "equilibrium_actions",
    "private_values",
    "roles",
    "scaled_actions",
    "series",
    "truthful_actions",
]


def best_gains(scenario: OrderBookScenario, values: Float64s) -> Float64s:
    """The day's largest gains from trade, shape (markets,), of values and costs (markets, agents, units), same unit."""
    m, markets = scenario.num_buyers, len(values)
    demand = -np.sort(-values[:, :m].reshape(markets, -1), axis=1)
    supply = np.sort(values[:, m:].reshape(markets, -1), axis=1)
    pairs = min(demand.shape[1], supply.shape[1])
    return np.asarray(np.maximum(demand[:, :pairs] - supply[:, :pairs], 0).sum(axis=1), dtype=np.float64)


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

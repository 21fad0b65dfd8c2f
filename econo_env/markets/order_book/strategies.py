"""What a market with an order book tells strategies and telemetry: limits as actions, roles, series."""

from typing import NoReturn

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Arrays
from econo_env.markets.double_auction.strategies import best_gains
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.markets.order_book.state import State
from econo_env.markets.series import ratio
from econo_env.money import to_credits


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

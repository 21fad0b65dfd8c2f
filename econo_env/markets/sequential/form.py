"""One round of a sequential sale by itself."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.rng import Lottery, market_keys
from econo_env.markets.sealed_bid.layout import NO_BID
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.clearing import Outcome
from econo_env.money import to_credits, to_money


def clear_one(name: str, bids: ArrayLike, *, weights: None = None, seed: int = 0, **parameters: Any) -> Outcome:
    """Clears one round by the rule that the engine compiles; see `econo_env.mechanisms.clear`.

    Args:
        name: A sequential sale's name.
        bids: Amounts in credits of those still there, shape (n,); NaN is no bid.
        weights: None: bids are ranked as they are.
        seed: Of the tie lottery.
        **parameters: The mechanism's parameters in credits.

    Raises:
        ValueError: A bid is negative or infinite, weights are given, or a parameter is unknown or out of range.
    """
    if weights is not None:
        raise ValueError(f"{name!r} takes no weights: bids are ranked as they are")
    row, amounts = mechanism(name), np.asarray(bids, dtype=np.float64)
    if amounts.ndim != 1 or amounts.size == 0 or np.any(amounts < 0) or np.any(np.isinf(amounts)):
        raise ValueError(f"bids = {amounts.tolist()}: give a list of finite amounts from 0, NaN for no bid")
    none = np.isnan(amounts)
    money = np.where(none, NO_BID, to_money(np.where(none, 0.0, amounts)))
    allocation, payments = np.zeros_like(money), np.zeros_like(money)
    lottery = Lottery(market_keys(seed, 1)[0], 0, 0)
    row.rule(money, lottery, row.terms(row.options(**parameters)), allocation, payments)
    return Outcome(
        allocation=allocation,
        payments=to_credits(payments),
        winners=np.flatnonzero(allocation).tolist(),
        welfare=float(to_credits((allocation * money).sum())),
    )

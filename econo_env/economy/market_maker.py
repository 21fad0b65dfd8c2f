"""A market maker that always quotes prices of shares that pay 1 if their outcome comes true, and bounds its own loss.

Hanson's logarithmic scoring rule: with q shares out it has taken C(q) = b ln(sum of exp(q / b)) in all, so a trade
costs the difference of C, whatever the steps, and prices, the slopes of C, are the chances that the market gives.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Float64s


def total_cost(shares: ArrayLike, depth: float) -> float:
    """C(q), credits, for shares of each outcome, shape (outcomes,); depth b in credits."""
    _check_depth(depth)
    scaled = np.asarray(shares, dtype=np.float64) / depth
    largest = float(scaled.max())
    return depth * (largest + math.log(float(np.exp(scaled - largest).sum())))


def trade_cost(shares: ArrayLike, trade: ArrayLike, depth: float) -> float:
    """What a trade costs, credits, less than 0 where the maker pays; `trade` are shares bought of each outcome."""
    before = np.asarray(shares, dtype=np.float64)
    return total_cost(before + np.asarray(trade, dtype=np.float64), depth) - total_cost(before, depth)


def prices_of(shares: ArrayLike, depth: float) -> Float64s:
    """The price of one more share of each outcome, credits, shape (outcomes,); they sum to 1."""
    _check_depth(depth)
    scaled = np.asarray(shares, dtype=np.float64) / depth
    weights = np.exp(scaled - scaled.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def shares_to_move(price: float, target: float, depth: float) -> float:
    """Shares of one outcome to buy so that its price goes from `price` to `target`, both within (0, 1)."""
    _check_depth(depth)
    for value in (price, target):
        if not 0.0 < value < 1.0:
            raise ValueError(f"a price of {value:g} is never reached: choose one between 0 and 1")
    return depth * (math.log(target / (1.0 - target)) - math.log(price / (1.0 - price)))


def most_lost(outcomes: int, depth: float) -> float:
    """The most that the maker can lose from no shares on, credits, whatever is traded and comes true: b ln n."""
    _check_depth(depth)
    return depth * math.log(outcomes)


def _check_depth(depth: float) -> None:
    if not (math.isfinite(depth) and depth > 0.0):
        raise ValueError(f"depth={depth:g} bounds no loss: choose a finite number above 0")

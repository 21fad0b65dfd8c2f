"""Price bands: how far a price may be from the mean of the last ones, exactly, without a division that rounds.

A mean is kept as a total and a count, so limits are those of the exact mean: the lower one rounded up, the upper one
rounded down to the micro-credit. Every product stays below 2^63 for prices up to 10^15 micro-credits, counts up to
1,000 and shares up to 10^9 parts per million.
"""

from typing import NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s

PPM = 1_000_000
"""Parts per million in one."""

NO_LIMIT = 2**62
"""An upper limit that no price reaches."""

MOVE = 0
TIER_1 = 1
TIER_2 = 2
NO_BAND = 3

_THREE = 3_000_000
_LOW_PRICED = 750_000
_FIXED = 150_000  # micro-credits: what a price below 0.75 may move at most
_TWENTY_PERCENT = 200_000
_SEVENTY_FIVE_PERCENT = 750_000


class Mean(NamedTuple):
    """The mean of the prices in a ring.

    Attributes:
        total: Their sum, micro-credits.
        size: How many there are; 0 for no reference.
        at: Where the next one goes in the ring.
    """

    total: int
    size: int
    at: int


@compiled
def push(prices: Int64s, mean: Mean, price: int) -> Mean:
    """Adds a price to the ring (window,), in place of the oldest where it is full."""
    window = prices.shape[0]
    total = mean.total + price
    if mean.size == window:
        total -= prices[mean.at]
    prices[mean.at] = price
    return Mean(total, min(mean.size + 1, window), (mean.at + 1) % window)


@compiled
def restart(prices: Int64s, price: int) -> Mean:
    """A history of this price alone; of none where it is 0."""
    if price <= 0:
        return Mean(0, 0, 0)
    return push(prices, Mean(0, 0, 0), price)


@compiled
def share_down(total: int, count: int, share: int) -> int:
    """The share, in parts per million, of total / count, rounded down; all >= 0, count > 0."""
    whole, rest = total // count, total % count
    millions, units = whole // PPM, whole % PPM
    return millions * share + (units * share * count + rest * share) // (count * PPM)


@compiled
def share_up(total: int, count: int, share: int) -> int:
    """The same, rounded up."""
    whole, rest = total // count, total % count
    millions, units = whole // PPM, whole % PPM
    return millions * share - (-(units * share * count + rest * share)) // (count * PPM)


@compiled
def band(total: int, count: int, move: int) -> tuple[int, int]:
    """The lowest and the highest price within `move` parts per million of the mean, both inclusive."""
    return share_up(total, count, max(PPM - move, 0)), share_down(total, count, PPM + move)


@compiled
def tier_band(total: int, count: int, tier: int, wide: bool) -> tuple[int, int]:
    """The band of the limit-up limit-down plan around the mean, one credit standing for one dollar.

    Above 3 it is 5 % in tier 1 and 10 % in tier 2, from 0.75 to 3 it is 20 %, below the lesser of 0.15 and 75 %;
    twice that where `wide`, as in the first and last minutes of a day.
    """
    twice = 2 if wide else 1
    if total > _THREE * count:
        return band(total, count, twice * (50_000 if tier == TIER_1 else 100_000))
    if total >= _LOW_PRICED * count:
        return band(total, count, twice * _TWENTY_PERCENT)
    low, high = band(total, count, twice * _SEVENTY_FIVE_PERCENT)
    return max(low, -(-total // count) - twice * _FIXED), min(high, total // count + twice * _FIXED)

"""From one grid to the next, and from chances on a grid to a monotone bid function."""

import numpy as np
from numpy.typing import NDArray

from econo_env.equilibrium.grids import Choices, edges
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.quantile_table import QuantileTable

Floats = NDArray[np.float64]

_POINTS = 1000  # cells of the bid functions
_LAST = 5e-4  # share of types whose bids may be read off those below
_RARE = 1e-4  # chance of bids beyond the range of the second grid
_MARGIN = 0.01  # of that range on each side


def narrowed(choices: Choices, chances: Floats) -> tuple[float, float]:
    """The range of bids that are made, with a margin."""
    made = chances[int(choices.may_stay_out) :]
    upto = np.cumsum(made) / made.sum()
    low = choices.ends[int(np.searchsorted(upto, _RARE))]
    high = choices.ends[min(int(np.searchsorted(upto, 1.0 - _RARE)) + 1, len(made))]
    margin = _MARGIN * (high - low)
    return max(float(choices.ends[0]), low - margin), min(float(choices.ends[-1]), high + margin)


def carried(coarse: Choices, chances: Floats, fine: Choices) -> Floats:
    """The same bids on another grid."""
    out = int(coarse.may_stay_out)
    upto = np.concatenate([[0.0], np.cumsum(chances[out:])])
    made = np.diff(np.interp(fine.ends, coarse.ends, upto))
    carried = np.maximum(np.concatenate([chances[:out], made]), 1e-12)
    return np.asarray(carried / carried.sum())


def read(choices: Choices, chances: Floats, quantiles: QuantileTable, straight: bool) -> BidFunction:
    """The monotone bid function that makes these bids.

    Args:
        choices: The grid.
        chances: Of each choice, shape (choices,).
        quantiles: The law of types in credits.
        straight: Whether the last types continue the line of those before them, for noise goes beyond the highest bid.
    """
    shares = edges(0.0, 1.0, _POINTS)
    types = quantiles.quantile(shares)
    bids = choices.quantiles(chances, shares)
    if choices.may_stay_out:  # noise also picks bids above the value
        bids = np.where(types < choices.ends[0], np.nan, bids)
    before = np.searchsorted(shares, [1.0 - 4.0 * _LAST, 1.0 - _LAST])
    spread = types[before[1]] - types[before[0]]
    if straight and spread > 0.0 and before[1] < len(types) - 1 and not np.isnan(bids[before[0]]):
        slope = (bids[before[1]] - bids[before[0]]) / spread
        rest = slice(before[1], len(types))
        bids[rest] = np.minimum(bids[rest], bids[before[1]] + slope * (types[rest] - types[before[1]]))
    return BidFunction(shares, types, bids)

"""What the best deviation from bid functions gains, and a bound of it that holds for every type.

U*(v), the utility of the best response, is convex in the type, and a bid that is held fixed earns linearly in it. So
between two types the loss of any one bid is convex, and largest at one of the two: over a cell of types, the loss of a
strategy that bids within [b1, b2] there is at most the larger, over both ends v of the cell, of
U*(v) - min U(v, b), b in [b1, b2]. It needs independent types and risk-neutral bidders.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from econo_env.equilibrium.strategy import BidFunction
from econo_env.markets.judging import BidCurves

Floats = NDArray[np.float64]

Curves = Callable[[Floats], BidCurves]
"""The outcome of own bids in credits against the rivals' bid functions."""

_BIDS = 2049
_TYPES_AT_ONCE = 64


@dataclass(frozen=True)
class Loss:
    """How far one role is from a best response, in credits.

    Attributes:
        utility: Expected utility of the strategy.
        mean: Expected gain of the best response over it.
        worst: The largest gain at a type of the table.
        certificate: A bound of the gain at every type; None where outcomes come from a sample.
    """

    utility: float
    mean: float
    worst: float
    certificate: float | None


def measured(own: BidFunction, curves: Curves, lowest: float, highest: float, exact: bool) -> Loss:
    """The loss of a bid function.

    Between two bids of the grid, which has every bid of the table, exact curves are polynomials; over steps this small
    their bend is beyond the digits shown.

    Args:
        own: The strategy.
        curves: Outcomes of own bids.
        lowest: The least bid worth trying, credits.
        highest: The largest.
        exact: Whether curves hold no sampling noise, so that the certificate means something.
    """
    table = np.nan_to_num(own.bids, nan=lowest)
    grid = np.union1d(np.linspace(lowest, max(highest, lowest + 1e-6), _BIDS), table)
    outcome = curves(grid)
    best, least = np.zeros(len(own.types)), np.full((2, len(own.types)), np.inf)
    places = np.searchsorted(grid, table)
    out = np.isnan(own.bids)
    mine = np.where(out, 0.0, own.types * outcome.allocation[places] - outcome.payment[places])
    for first in range(0, len(own.types), _TYPES_AT_ONCE):
        rows = slice(first, min(first + _TYPES_AT_ONCE, len(own.types)))
        utility = outcome.utility(own.types[rows])
        best[rows] = utility.max(axis=1)
        for number, row in enumerate(range(rows.start, rows.stop)):
            for side in (0, 1):  # the cell above the type, the cell below it
                low, high = (row, row + 1) if side == 0 else (row - 1, row)
                if low < 0 or high == len(own.types):
                    continue
                # who starts to take part at the upper end stays out up to there
                inside = utility[number, places[low] : places[high] + 1]
                least[side, row] = 0.0 if out[low] else inside.min()
    best = np.maximum(best, np.maximum(mine, 0.0) if curves_allow_staying_out(outcome) else mine)
    shares = np.interp(own.types, own.quantiles, np.linspace(0.0, 1.0, len(own.quantiles)))
    gain = best - mine
    bound = float((best - np.minimum(least[0], least[1])).max()) if exact else None
    return Loss(
        utility=_mean(mine, shares), mean=max(0.0, _mean(gain, shares)), worst=float(gain.max()), certificate=bound
    )


def curves_allow_staying_out(outcome: BidCurves) -> bool:
    """Whether buyers are judged: no bid gives 0. A seller's best ask already allows for no trade."""
    return bool(outcome.allocation.max() >= 0.0)


def _mean(figures: Floats, shares: Floats) -> float:
    return float(np.trapezoid(figures, shares) / max(shares[-1] - shares[0], 1e-300))

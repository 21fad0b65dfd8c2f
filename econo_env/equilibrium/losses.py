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

from econo_env.games.bid_curves import BidCurves
from econo_env.valuations.bid_function import BidFunction

Floats = NDArray[np.float64]

Curves = Callable[[Floats], BidCurves]
"""The outcome of own bids in credits against the rivals' bid functions."""

_BIDS = 2049
_SAMPLED_BIDS, _SAMPLED_TYPES = 193, 96


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


def exact_loss(own: BidFunction, curves: Curves, lowest: float, highest: float) -> Loss:
    """The loss of a bid function against exact curves, with its certificate.

    Between two bids of the grid, which has every bid of the table, the curves are smooth; over steps this small their
    bend is beyond the digits shown.

    Args:
        own: The strategy.
        curves: Outcomes of own bids.
        lowest: The least bid worth trying, credits.
        highest: The largest.
    """
    out = np.isnan(own.bids)
    table = np.where(out, lowest, own.bids)
    grid = np.union1d(np.linspace(lowest, max(highest, lowest + 1e-6), _BIDS), table)
    outcome, places = curves(grid), np.searchsorted(grid, table)
    mine = np.where(out, 0.0, own.types * outcome.allocation[places] - outcome.payment[places])
    best, least = np.zeros(len(table)), np.full(len(table), np.inf)
    for row, value in enumerate(own.types):
        utility = value * outcome.allocation - outcome.payment
        best[row] = max(float(utility.max()), 0.0)
        for low, high in ((row - 1, row), (row, row + 1)):
            if low >= 0 and high < len(table):
                # who starts to bid at the upper end of a cell stays out up to there
                worst = 0.0 if out[low] else float(utility[places[low] : places[high] + 1].min())
                least[row] = min(least[row], worst)
    shares = own.shares
    gain = best - mine
    return Loss(
        utility=_mean(mine, shares),
        mean=max(0.0, _mean(gain, shares)),
        worst=max(0.0, float(gain.max())),
        certificate=max(0.0, float((best - np.where(np.isinf(least), mine, least)).max())),
    )


def sampled_loss(own: BidFunction, samples: tuple[Curves, Curves], lowest: float, highest: float) -> Loss:
    """The loss of a bid function where curves come from samples: deviations chosen on one, evaluated on the other.

    Args:
        own: The strategy.
        samples: The outcome of own bids on each sample.
        lowest: The least bid worth trying, credits.
        highest: The largest.
    """
    shares = (np.arange(_SAMPLED_TYPES) + 0.5) / _SAMPLED_TYPES
    types, bids = np.interp(shares, own.shares, own.types), np.interp(shares, own.shares, np.nan_to_num(own.bids))
    candidates = np.concatenate([np.linspace(lowest, highest, _SAMPLED_BIDS), bids])
    chosen, judged = (curves(candidates).utility(types) for curves in samples)
    rows, mine = np.arange(_SAMPLED_TYPES), _SAMPLED_BIDS + np.arange(_SAMPLED_TYPES)
    best = chosen.argmax(axis=1)
    gain = np.where(chosen[rows, best] > chosen[rows, mine], judged[rows, best] - judged[rows, mine], 0.0)
    return Loss(
        utility=float(judged[rows, mine].mean()),
        mean=max(0.0, float(gain.mean())),
        worst=max(0.0, float(gain.max())),
        certificate=None,
    )


def _mean(figures: Floats, shares: Floats) -> float:
    """The mean over types of what is told at shares of all draws below."""
    if shares[-1] == shares[0]:
        return float(figures.mean())
    return float(np.trapezoid(figures, shares) / (shares[-1] - shares[0]))

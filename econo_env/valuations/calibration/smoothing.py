"""The quantile function of log bids and its slope, by local polynomials on the normal quantile plot.

Bids are close to lognormal, so log bids are plotted against normal scores z = Phi^-1(u): a straight line for a
lognormal, a smooth curve for any density on an interval, without the boundary that spoils a kernel density
estimate. A local polynomial fit (triweight kernel, weighted by probability mass) gives the curve L(z) and its slope;
the density of log bids is g = phi(z) / L'(z). This is the quantile-density form of the estimator (Marmer and
Shneyerov 2012; Andreyanov and Franguridi 2022), and the fit is a fixed matrix applied to sorted bids.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtr, ndtri

from econo_env.valuations.calibration.tables import Floats

NUM_CELLS = 1000
"""Order statistics are taken at the middle of this many cells of equal probability."""

KNOTS = 401
"""Entries of a quantile table: probabilities 0, 1/400, ..., 1."""

PROBABILITIES = np.linspace(0.0, 1.0, KNOTS)
CELLS = (np.arange(NUM_CELLS) + 0.5) / NUM_CELLS


@dataclass(frozen=True)
class Smoothing:
    """Degree of the local polynomial and half-width of its window, in normal scores."""

    degree: int
    half_width: float


FEWEST_FOR_A_CHOICE = 50
"""With fewer bids there is nothing to cross-validate, and they are taken as lognormal."""

CANDIDATES = (
    Smoothing(1, 20.0),
    Smoothing(2, 4.0),
    Smoothing(3, 3.0),
    Smoothing(4, 2.0),
    Smoothing(4, 1.2),
    Smoothing(4, 0.8),
    Smoothing(4, 0.5),
    Smoothing(3, 0.25),
)
"""From the smoothest, a lognormal, to the most flexible."""


@cache
def operators(smoothing: Smoothing, lowest: float, highest: float) -> tuple[Floats, Floats]:
    """Matrices that take order statistics of log bids to the fitted curve and its slope.

    Args:
        smoothing: The local polynomial.
        lowest: Probability below which the fit at `lowest` is kept.
        highest: Probability above which the fit at `highest` is kept.

    Returns:
        Two arrays of shape (KNOTS, NUM_CELLS): level L and slope dL/dz at the table's probabilities.
    """
    scores = ndtri(CELLS)
    centers = ndtri(np.clip(PROBABILITIES, lowest, highest))
    level, slope = np.zeros((2, KNOTS, NUM_CELLS))
    for row, center in enumerate(centers):
        distance = (scores - center) / smoothing.half_width
        inside = np.abs(distance) < 1.0
        root = (1.0 - distance[inside] ** 2) ** 1.5
        powers = np.vander(distance[inside], smoothing.degree + 1, increasing=True)
        fit = np.linalg.pinv(powers * root[:, None])[:2] * root
        level[row, inside] = fit[0]
        slope[row, inside] = fit[1] / smoothing.half_width
    return level, slope


def fitted_range(num_bids: int, trim: float) -> tuple[float, float]:
    """Probabilities between which the slope is estimated; outside lie under 10 bids, a knot, or `trim` at the top."""
    tail = float(np.clip(10.0 / num_bids, 1.0 / (KNOTS - 1), 0.1))
    return tail, 1.0 - max(tail, trim)


def order_statistics(log_bids: Floats) -> Floats:
    """Log bids at the middle of cells of equal probability, shape (NUM_CELLS,)."""
    return np.quantile(log_bids, CELLS, method="hazen")


def choose(log_bids: Floats, num_bidders: int, rng: np.random.Generator, folds: int = 5) -> Smoothing:
    """Picks the smoothest candidate within one standard error of the best in cross-validation over auctions.

    The slope fitted on the other folds is judged on the spacings of the held-out bids, which are exponential with
    mean L'(z): the loss of a cell is spacing / slope + log slope.

    Args:
        log_bids: Log homogenised bids of auctions with `num_bidders` bidders each, shape (auctions, num_bidders).
        num_bidders: Bidders in each auction.
        rng: Deals auctions to folds.
        folds: Number of folds.
    """
    auctions = len(log_bids)
    if auctions * num_bidders < FEWEST_FOR_A_CHOICE:
        return CANDIDATES[0]
    fold = rng.permutation(auctions) % folds
    losses = np.array([_held_out(log_bids, fold == k) for k in range(folds)])
    mean = losses.mean(axis=0)
    best = int(np.argmin(mean))
    gap = losses - losses[:, [best]]
    error = gap.std(axis=0, ddof=1) / np.sqrt(folds)
    return CANDIDATES[int(np.flatnonzero(gap.mean(axis=0) <= error)[0])]


def _held_out(log_bids: Floats, held: np.ndarray) -> Floats:
    """Loss of each candidate on the held-out auctions, shape (len(CANDIDATES),)."""
    train, test = log_bids[~held].ravel(), log_bids[held].ravel()
    edge = max(fitted_range(len(test), 0.0)[0], 0.02)
    inside = (edge <= PROBABILITIES) & (1.0 - edge >= PROBABILITIES)
    scores = ndtri(PROBABILITIES[inside])
    spacing = np.diff(np.quantile(test, ndtr(scores), method="hazen")) / np.diff(scores)
    cells = order_statistics(train)
    losses = []
    for smoothing in CANDIDATES:
        slope = operators(smoothing, edge, 1.0 - edge)[1] @ cells
        typical = max(float(np.median(slope)), 1e-12)
        middle = np.maximum(slope[inside][:-1] + slope[inside][1:], 2e-3 * typical) / 2.0
        losses.append(float(np.mean(spacing / middle + np.log(middle))))
    return np.array(losses)

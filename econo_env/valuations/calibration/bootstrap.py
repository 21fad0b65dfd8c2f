"""Bootstrap over auctions: the bids of an auction share its covariates, so auctions are drawn, not bids."""

import numpy as np

from econo_env.valuations.calibration.inversion import GRID
from econo_env.valuations.calibration.tables import Floats, Ints

LARGEST_EXACT = 20_000
"""Larger samples are collapsed to this many bins first: quantiles move by a bin, under a thousandth of a log credit."""


def auction_weights(num_bidders: Ints, samples: int, rng: np.random.Generator) -> Floats:
    """How often each auction is drawn in each bootstrap sample; every number of bidders keeps its auctions.

    Args:
        num_bidders: Bidders in each auction, shape (auctions,).
        samples: Bootstrap samples.
        rng: Source of the draws.

    Returns:
        Shape (auctions, samples); whole numbers.
    """
    weights = np.empty((len(num_bidders), samples))
    for n in np.unique(num_bidders):
        rows = np.flatnonzero(num_bidders == n)
        for sample in range(samples):
            drawn = rng.integers(len(rows), size=len(rows))
            weights[rows, sample] = np.bincount(drawn, minlength=len(rows))
    return weights


def resampled_quantiles(log_bids: Floats, weights: Floats, shift: Floats) -> Floats:
    """Quantiles of log bids in each bootstrap sample.

    Args:
        log_bids: Shape (auctions, bidders).
        weights: Shape (auctions, samples), how often an auction is drawn.
        shift: Shape (auctions, samples), how far the auction's log bids move with the regression.

    Returns:
        Log bids at the probabilities of `GRID`, shape (len(GRID), samples).
    """
    auctions, bidders = log_bids.shape
    found = np.empty((len(GRID), weights.shape[1]))
    for sample in range(weights.shape[1]):
        drawn = np.flatnonzero(weights[:, sample])
        moved = log_bids[drawn] + shift[drawn, sample, None]
        counts = np.repeat(weights[drawn, sample].astype(np.float64), bidders)
        if auctions * bidders > LARGEST_EXACT:
            points, counts = _binned(moved.ravel(), counts)
        else:
            order = np.argsort(moved, axis=None)
            points, counts = moved.ravel()[order], counts[order]
        position = (np.cumsum(counts) - 0.5 * counts) / counts.sum()
        found[:, sample] = np.interp(GRID, position, points)
    return found


def _binned(points: Floats, counts: Floats) -> tuple[Floats, Floats]:
    low, high = float(points.min()), float(points.max())
    width = max((high - low) / (LARGEST_EXACT - 1), 1e-12)
    bins = ((points - low) / width + 0.5).astype(np.int64)
    total: Floats = np.bincount(bins, weights=counts).astype(np.float64)
    filled = np.flatnonzero(total)
    return np.asarray(low + width * filled, dtype=np.float64), total[filled]

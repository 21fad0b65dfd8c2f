"""From bids to values: the inverse bid function of Guerre, Perrigne and Vuong (2000).

In a symmetric equilibrium with n bidders a bid b at quantile u answers a value `v = b + G(b) / ((n - 1) g(b))`.
In log bids, with L(z) the normal quantile plot, this is `v = b (1 + (Phi(z) / phi(z)) L'(z) / (n - 1))`: the bid times
one plus a relative markup. The values found are sorted, the monotone rearrangement of Chernozhukov, Fernandez-Val
and Galichon (2010), so that the inverse bid function does not decrease.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from econo_env.valuations.calibration.smoothing import CELLS, KNOTS, PROBABILITIES, Smoothing, fitted_range, operators
from econo_env.valuations.calibration.tables import Floats

END_POINTS = 20
LOWEST_CELL = (np.arange(END_POINTS) + 0.5) / END_POINTS / (KNOTS - 1)
GRID = np.concatenate([CELLS, PROBABILITIES, LOWEST_CELL, 1.0 - LOWEST_CELL[::-1]])
"""Probabilities at which a sample of log bids is summarised: the cells, the knots, and within the two end cells."""

_KNOTS_AT = slice(len(CELLS), len(CELLS) + KNOTS)
_LOW_AT = slice(_KNOTS_AT.stop, _KNOTS_AT.stop + END_POINTS)
_HIGH_AT = slice(_LOW_AT.stop, _LOW_AT.stop + END_POINTS)


@dataclass(frozen=True)
class Inverted:
    """Quantile tables of bids and of the values behind them, shape (KNOTS,) or (KNOTS, samples), in credits."""

    bids: Floats
    values: Floats
    rearranged: float
    """Largest relative change the monotone rearrangement made to a value; 0 if the estimate was increasing."""


def sample_quantiles(log_bids: Floats) -> Floats:
    """Log bids at the probabilities of `GRID`."""
    return np.asarray(np.quantile(log_bids, GRID, method="hazen"))


def invert(quantiles: Floats, num_bidders: int, num_bids: int, smoothing: Smoothing, trim: float) -> Inverted:
    """Values behind a sample of equilibrium bids.

    Args:
        quantiles: Log bids at the probabilities of `GRID`, shape (len(GRID),) or (len(GRID), samples).
        num_bidders: Bidders in each auction, at least 2.
        num_bids: Size of the sample, which sets how far into the tails the fit is trusted.
        smoothing: How the quantile function is smoothed.
        trim: Share of the highest bids whose relative markup is not estimated.

    Returns:
        Tables at the probabilities 0, 1/400, ..., 1. Outside `fitted_range` bids are the observed ones and the
        relative markup stays what it is at its ends; the end cells keep the mean of their bids.
    """
    lowest, highest = fitted_range(num_bids, trim)
    level, slope = operators(smoothing, lowest, highest)
    scores = ndtri(np.clip(PROBABILITIES, lowest, highest))
    hazard = ndtr(scores) * np.sqrt(2.0 * np.pi) * np.exp(scores**2 / 2.0)
    column = (slice(None), *(None,) * (quantiles.ndim - 1))
    markup = hazard[column] * np.maximum(slope @ quantiles[: len(CELLS)], 0.0) / (num_bidders - 1)

    bids = np.exp(level @ quantiles[: len(CELLS)])
    outside = (lowest - 1e-12 > PROBABILITIES) | (highest + 1e-12 < PROBABILITIES)
    bids[outside] = np.exp(quantiles[_KNOTS_AT][outside])
    # linear interpolation over an end cell then has the mean of the bids in it
    bids[0] = np.clip(2.0 * np.exp(quantiles[_LOW_AT]).mean(axis=0) - bids[1], 0.0, bids[1])
    bids[-1] = np.maximum(2.0 * np.exp(quantiles[_HIGH_AT]).mean(axis=0) - bids[-2], bids[-2])
    raw = bids * (1.0 + markup)
    values = np.sort(raw, axis=0)
    return Inverted(np.sort(bids, axis=0), values, float(np.max(np.abs(raw - values) / np.maximum(values, 1e-300))))


def equilibrium_bids(values: Floats, num_bidders: int) -> Floats:
    """Equilibrium first-price bids for a quantile table of values (Krishna 2010, proposition 2.2), no reserve.

    `b(u) = v(u) - u^-(n-1) int_0^u t^(n-1) dv(t)`, exact for a table that is linear between its knots.

    Args:
        values: Quantiles at equally spaced probabilities, shape (knots,), in credits.
        num_bidders: Bidders, at least 2.

    Returns:
        The bid of the bidder with each of these values, shape (knots,).
    """
    share = np.linspace(0.0, 1.0, len(values))
    weight = np.diff(share**num_bidders) / (num_bidders * np.diff(share))
    rent = np.cumsum(np.diff(values) * weight)
    bids = values.copy()
    bids[1:] -= rent / share[1:] ** (num_bidders - 1)
    return bids

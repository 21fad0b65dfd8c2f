"""From bids to values: the inverse bid function of Guerre, Perrigne and Vuong (2000).

In a symmetric equilibrium with n bidders a bid b at quantile u answers a value `v = b + G(b) / ((n - 1) g(b))`.
In log bids, with L(z) the normal quantile plot, this is `v = b (1 + (Phi(z) / phi(z)) L'(z) / (n - 1))`: the bid times
one plus a relative markup. The values found are sorted, the monotone rearrangement of Chernozhukov, Fernandez-Val
and Galichon (2010), so that the inverse bid function does not decrease.

In procurement the lowest bid wins: `cost = b - (1 - G(b)) / ((n - 1) g(b))`. With the sign of log bids turned it is the
same curve, and the markup is taken off the bid instead of added.
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


def invert(
    quantiles: Floats, num_bidders: int, num_bids: int, smoothing: Smoothing, trim: float, *, procurement: bool = False
) -> Inverted:
    """Values behind a sample of equilibrium bids, in procurement costs.

    Args:
        quantiles: Log bids, in procurement minus log bids, at the probabilities of `GRID`, so that the last one wins;
            shape (len(GRID),) or (len(GRID), samples).
        num_bidders: Bidders in each auction, at least 2.
        num_bids: Size of the sample, which sets how far into the tails the fit is trusted.
        smoothing: How the quantile function is smoothed.
        trim: Share of the best bids whose relative markup is not estimated.
        procurement: Whether the lowest bid wins.

    Returns:
        Tables at the probabilities 0, 1/400, ..., 1. Outside `fitted_range` bids are the observed ones and the
        relative markup stays what it is at its ends; the end cells keep the mean of their bids. Costs are 0 at least.
    """
    lowest, highest = fitted_range(num_bids, trim)
    level, slope = operators(smoothing, lowest, highest)
    scores = ndtri(np.clip(PROBABILITIES, lowest, highest))
    hazard = ndtr(scores) * np.sqrt(2.0 * np.pi) * np.exp(scores**2 / 2.0)
    column = (slice(None), *(None,) * (quantiles.ndim - 1))
    markup = hazard[column] * np.maximum(slope @ quantiles[: len(CELLS)], 0.0) / (num_bidders - 1)

    sign = -1.0 if procurement else 1.0
    bids = np.exp(sign * (level @ quantiles[: len(CELLS)]))
    outside = (lowest - 1e-12 > PROBABILITIES) | (highest + 1e-12 < PROBABILITIES)
    bids[outside] = np.exp(sign * quantiles[_KNOTS_AT][outside])
    low_end, high_end = (np.exp(sign * quantiles[at]).mean(axis=0) for at in (_LOW_AT, _HIGH_AT))
    if procurement:
        bids, markup, low_end, high_end = bids[::-1], markup[::-1], high_end, low_end
    # linear interpolation over an end cell then has the mean of the bids in it
    bids[0] = np.clip(2.0 * low_end - bids[1], 0.0, bids[1])
    bids[-1] = np.maximum(2.0 * high_end - bids[-2], bids[-2])
    raw = np.maximum(bids * (1.0 + sign * markup), 0.0)
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


def model_bids(values: Floats, num_bidders: int, *, procurement: bool = False, reserve: float | None = None) -> Floats:
    """Equilibrium bids for a quantile table of values, or in procurement of costs; ascending.

    The mirror of `equilibrium_bids` is `b(u) = c(u) + (1 - u)^-(n-1) int_u^1 (1 - t)^(n-1) dc(t)`. Whom the reserve (in
    procurement the ceiling) keeps away is entered with it.

    Args:
        values: Quantiles at equally spaced probabilities, shape (knots,), in credits.
        num_bidders: Bidders, at least 2.
        procurement: Whether the lowest bid wins.
        reserve: In credits; None for none.

    Returns:
        The bid of the bidder with each of these values, shape (knots,).
    """
    if not procurement:
        return equilibrium_bids(values if reserve is None else np.maximum(values, reserve), num_bidders)
    costs = values if reserve is None else np.minimum(values, reserve)
    return -equilibrium_bids(-costs[::-1], num_bidders)[::-1]

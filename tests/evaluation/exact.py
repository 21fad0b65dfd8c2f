"""Exact figures of sales to two bidders at the first price, by quadrature, for the study of intervals.

Everybody bids a share s of its value, s fixed or drawn uniformly from [0, 1] afresh (zero intelligence).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_SHARES = np.linspace(0.0, 1.0, 4001)  # of the highest useful bid, on which the best bid is sought


@dataclass(frozen=True)
class Figures:
    """Credits a round, means over the bidders where they are of one; efficiency is a share."""

    regret_mean: float
    revenue: float
    efficiency: float
    bidder_surplus: float


def _probabilities() -> tuple[Floats, Floats]:
    """Nodes and weights of Gauss-Legendre on pieces of [0, 1] that halve towards both ends."""
    tail = 2.0 ** -np.arange(1, 45)
    ends = np.unique(np.concatenate([[0.0], tail, np.linspace(0.05, 0.95, 37), 1.0 - tail, [1.0]]))
    half = np.diff(ends) / 2.0
    return ((ends[:-1] + half)[:, None] + half[:, None] * _NODES).ravel(), (half[:, None] * _WEIGHTS).ravel()


def exact_figures(priors, share=None) -> Figures:
    """The figures of two bidders with these priors who bid `share` of their values, or None for a random share."""
    at, weights = _probabilities()
    values = [np.asarray(prior.quantile(at)) for prior in priors]
    draws = (_NODES + 1.0) / 2.0 if share is None else np.array([share])
    chances = _WEIGHTS / 2.0 if share is None else np.ones(1)
    gains, welfare, surplus = [], 0.0, 0.0
    for own, rival in ((0, 1), (1, 0)):

        def wins(bids, rival=rival):
            if share is not None:
                return np.asarray(priors[rival].cdf(bids / share))
            # P(s V <= b) = E[min(1, b / V)]
            flat = np.sort(values[rival])
            mass, inverse = np.cumsum(weights), np.cumsum(weights / np.maximum(flat, 1e-300))
            seen = np.searchsorted(flat, bids)
            below = np.where(seen > 0, mass[np.maximum(seen - 1, 0)], 0.0)
            above = inverse[-1] - np.where(seen > 0, inverse[np.maximum(seen - 1, 0)], 0.0)
            return np.minimum(1.0, below + bids * above)

        v = values[own]
        bids = v[:, None] * draws
        chance = wins(bids)
        earns = ((v[:, None] - bids) * chance) @ chances
        best = _best(v, wins)
        gains.append(float(weights @ (best - earns)))
        welfare += float(weights @ (v * (chance @ chances)))
        surplus += float(weights @ earns)
    most = _mean_highest(priors, values, weights)
    return Figures(float(np.mean(gains)), welfare - surplus, welfare / most, surplus)


def _best(values: Floats, wins) -> Floats:
    """max over b of (v - b) P(win with b), on a grid, then on a grid of its neighbourhood."""
    low, high = np.zeros_like(values), values.copy()
    for _ in range(3):
        bids = low[:, None] + (high - low)[:, None] * _SHARES[None, ::20]
        worth = (values[:, None] - bids) * wins(bids)
        found = np.argmax(worth, axis=1)
        rows, last = np.arange(len(values)), bids.shape[1] - 1
        low, high = bids[rows, np.maximum(found - 1, 0)], bids[rows, np.minimum(found + 1, last)]
    return worth.max(axis=1)


def _mean_highest(priors, values: list[Floats], weights: Floats) -> float:
    """E[max] = sum over bidders of E[v P(the other's value is below v)]."""
    return sum(float(weights @ (values[i] * priors[1 - i].cdf(values[i]))) for i in (0, 1))

"""Order statistics of independent rivals, by quadrature on the quantile table of the prior."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.valuations.priors import Prior

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)


def win_probability(cdf: ArrayLike, num_rivals: int, units: int) -> NDArray[np.float64]:
    """Probability that fewer than `units` of the rivals lie above, at points whose prior cdf is given (any shape)."""
    from scipy.stats import binom

    below = np.asarray(cdf, dtype=np.float64)
    return np.asarray(binom.cdf(units - 1, num_rivals, 1.0 - below))


def rank_chances(below: Sequence[NDArray[np.float64]], ranks: int) -> NDArray[np.float64]:
    """The chance that exactly s independent rivals stand above, for s = 0 .. ranks - 1.

    Args:
        below: For each rival the chance that it stands below, arrays of one shape.
        ranks: How many ranks to tell.

    Returns:
        Shape (ranks, ...).
    """
    chances = np.zeros((ranks, *np.shape(below[0])))
    chances[0] = 1.0
    for under in below:
        chances[1:] = chances[1:] * under + chances[:-1] * (1.0 - under)
        chances[0] *= under
    return chances


def table_cdf(prior: Prior, values: ArrayLike) -> NDArray[np.float64]:
    """The chance that a draw of the prior's quantile table, which is what the engine draws from, lies below."""
    return prior.quantile_table().cdf(values)


def expected_rival_value(
    values: ArrayLike, prior: Prior, num_bidders: int, units: int, reserve: float
) -> NDArray[np.float64]:
    """The expected best losing value, given that it lies below one's own.

    That is `v - integral_r^v G(y) dy / G(v)` with G the chance that fewer than `units` rivals exceed y, and r the
    reserve: the symmetric equilibrium of the first-price rule (Krishna 2009, Propositions 2.2 and 2.5; Weber 1983 for
    several units).

    Args:
        values: Own values in credits, any shape; below the reserve they are returned as they are.
        prior: Distribution of every bidder's value.
        num_bidders: Bidders, the owner of the values included.
        units: Identical units for sale, one a bidder.
        reserve: Reserve price in credits.

    Returns:
        Bids in credits, the shape of `values`.
    """
    values = np.asarray(values, dtype=np.float64)
    rivals = num_bidders - 1
    if rivals < units:
        return np.where(values >= reserve, reserve, values)
    knots = prior.quantile_table()
    table, probabilities = knots.values, knots.probabilities
    cell_chance = np.diff(probabilities)
    floor = max(reserve, float(table[0]))
    # integral of G over each cell of the table, from the floor upwards, 5-point Gauss-Legendre in probability
    share = (_NODES + 1.0) / 2.0
    left = np.maximum(table[:-1], floor)
    width = np.maximum(table[1:] - left, 0.0)
    cell_width = table[1:] - table[:-1]
    start = np.where(cell_width > 0, (left - table[:-1]) / np.where(cell_width > 0, cell_width, 1.0), 1.0)
    start = np.minimum(start, 1.0)  # cells below the floor hold nothing
    inside = start[:, None] + (1.0 - start[:, None]) * share[None, :]
    cdf = probabilities[:-1, None] + inside * cell_chance[:, None]
    by_cell = width * (win_probability(cdf, rivals, units) @ _WEIGHTS) / 2.0
    upto = np.concatenate([[0.0], np.cumsum(by_cell)])
    # the rest of the value's own cell
    own = np.clip(np.searchsorted(table, values, side="right") - 1, 0, len(cell_chance) - 1)
    own_width = np.where(cell_width[own] > 0, cell_width[own], 1.0)
    end = np.clip((values - table[own]) / own_width, 0.0, 1.0)
    points = start[own][..., None] + np.maximum(end - start[own], 0.0)[..., None] * share
    rest = np.maximum(np.minimum(values, table[own + 1]) - left[own], 0.0)
    cdf = probabilities[own][..., None] + points * cell_chance[own][..., None]
    partial = rest * (win_probability(cdf, rivals, units) @ _WEIGHTS) / 2.0
    wins = win_probability(probabilities[own] + end * cell_chance[own], rivals, units)
    shading = np.where(wins > 1e-300, (upto[own] + partial) / np.where(wins > 1e-300, wins, 1.0), 0.0)
    return np.where(values >= reserve, np.clip(values - shading, floor, None), values)


def running_integral(
    integrand: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    values: ArrayLike,
    prior: Prior,
    start: float,
) -> NDArray[np.float64]:
    """The integral of a function of value and probability from `start` to each of the values.

    Args:
        integrand: Takes values in credits and the prior's cdf there, arrays of one shape; it may rise steeply towards
            the upper end of the prior.
        values: Upper ends in credits, any shape; at or below `start` the integral is 0.
        prior: Distribution of a value; its quantile table is what is integrated over.
        start: Lower end in credits.

    Returns:
        The shape of `values`.
    """
    knots_of_prior = prior.quantile_table()
    table = knots_of_prior.values
    upper = np.clip(np.asarray(values, dtype=np.float64), start, max(start, prior.highest))
    even = np.linspace(start, max(start, prior.highest), len(table))
    knots = np.unique(np.concatenate([table[table > start], even, upper.ravel()]))
    middle, half = (knots[1:] + knots[:-1]) / 2.0, np.diff(knots) / 2.0
    points = middle[:, None] + half[:, None] * _NODES
    cells = (integrand(points, knots_of_prior.cdf(points)) @ _WEIGHTS) * half
    upto = np.concatenate([[0.0], np.cumsum(cells)])
    return np.asarray(upto[np.searchsorted(knots, upper)])


def entry_value(
    prior: Prior, num_bidders: int, cost: float, reserve: float = 0.0, units: int = 1, present: float = 1.0
) -> float:
    """The least value in credits that takes part: (v - reserve) times its chance to win is `cost`.

    Args:
        prior: Distribution of every bidder's value.
        num_bidders: Bidders, the owner of the value included.
        cost: What taking part costs for certain, credits.
        reserve: What the least value pays if it wins, credits.
        units: Identical units for sale, one a bidder.
        present: Chance that a rival is there.

    Returns:
        The value, or infinity where nobody takes part.
    """
    from scipy.optimize import brentq

    def gain(value: float) -> float:
        cdf = 1.0 - present * (1.0 - float(table_cdf(prior, value)))
        return (value - reserve) * float(win_probability(cdf, num_bidders - 1, units)) - cost

    low, high = max(reserve, prior.lowest), prior.highest
    if high < low or gain(high) < 0.0:
        return float("inf")
    return low if gain(low) >= 0.0 else float(brentq(gain, low, high, xtol=1e-12))

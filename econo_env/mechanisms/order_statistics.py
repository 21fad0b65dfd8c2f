"""Order statistics of independent rivals, by quadrature on the quantile table of the prior."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.valuations.priors import Prior

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)


def win_probability(cdf: ArrayLike, num_rivals: int, units: int) -> NDArray[np.float64]:
    """Probability that fewer than `units` of the rivals lie above, at points whose prior cdf is given (any shape)."""
    from scipy.stats import binom

    below = np.asarray(cdf, dtype=np.float64)
    return np.asarray(binom.cdf(units - 1, num_rivals, 1.0 - below))


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
    table = prior.quantile_table()
    cells = len(table) - 1
    floor = max(reserve, float(table[0]))
    # integral of G over each cell of the table, from the floor upwards, 5-point Gauss-Legendre in probability
    share = (_NODES + 1.0) / 2.0
    left = np.maximum(table[:-1], floor)
    width = np.maximum(table[1:] - left, 0.0)
    cell_width = table[1:] - table[:-1]
    start = np.where(cell_width > 0, (left - table[:-1]) / np.where(cell_width > 0, cell_width, 1.0), 1.0)
    start = np.minimum(start, 1.0)  # cells below the floor hold nothing
    inside = start[:, None] + (1.0 - start[:, None]) * share[None, :]
    cdf = (np.arange(cells)[:, None] + inside) / cells
    by_cell = width * (win_probability(cdf, rivals, units) @ _WEIGHTS) / 2.0
    upto = np.concatenate([[0.0], np.cumsum(by_cell)])
    # the rest of the value's own cell
    own = np.clip(np.searchsorted(table, values, side="right") - 1, 0, cells - 1)
    own_width = np.where(cell_width[own] > 0, cell_width[own], 1.0)
    end = np.clip((values - table[own]) / own_width, 0.0, 1.0)
    points = start[own][..., None] + np.maximum(end - start[own], 0.0)[..., None] * share
    rest = np.maximum(np.minimum(values, table[own + 1]) - left[own], 0.0)
    partial = rest * (win_probability((own[..., None] + points) / cells, rivals, units) @ _WEIGHTS) / 2.0
    wins = win_probability((own + end) / cells, rivals, units)
    shading = np.where(wins > 1e-300, (upto[own] + partial) / np.where(wins > 1e-300, wins, 1.0), 0.0)
    return np.where(values >= reserve, np.clip(values - shading, floor, None), values)

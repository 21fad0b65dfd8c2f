"""Virtual values and the best reserve price of a seller with no value of its own.

Myerson, "Optimal auction design", Mathematics of Operations Research 6 (1981).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.valuations.priors import Prior


def virtual_value(prior: Prior, value: ArrayLike) -> NDArray[np.float64]:
    """Myerson's v - (1 - F(v)) / f(v), in credits, the shape of `value`; -inf where the density is 0."""
    at = np.asarray(value, dtype=np.float64)
    density = prior.pdf(at)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(density > 0, at - (1.0 - prior.cdf(at)) / density, -np.inf)


@lru_cache(maxsize=64)
def optimal_reserve(prior: Prior) -> float:
    """The reserve in credits that maximises revenue from bidders with this prior, whatever their number.

    It maximises r (1 - F(r)): where the virtual value rises this is its root, and where it does not, ironing leaves
    the highest of the local maxima (Myerson 1981, section 6). At the lower end of the support no sale is withheld.
    """
    from scipy.optimize import minimize_scalar

    knots = prior.quantile_table()
    table, above = knots.values, 1.0 - knots.probabilities
    best = int(np.argmax(table * above))
    low, high = float(table[max(best - 1, 0)]), float(table[min(best + 1, len(table) - 1)])
    if low == high:
        return low

    def lost(reserve: float) -> float:
        return -reserve * (1.0 - float(prior.cdf(reserve)))

    found = float(minimize_scalar(lost, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x)
    return min((found, float(table[best])), key=lost)

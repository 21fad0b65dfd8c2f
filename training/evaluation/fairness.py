"""How evenly a total is divided."""

import numpy as np
from numpy.typing import ArrayLike

_NOTHING = 1e-9  # credits: a total of no more is rounding


def jain_index(amounts: ArrayLike) -> float:
    """Jain, Chiu and Hawe's index (sum x)^2 / (n sum x^2), in [0, 1]: 1 when all are equal, 1/n when one has all.

    NaN where there is nothing to divide: idle agents and ruined ones are not fairly treated for being alike.
    """
    array = np.asarray(amounts, dtype=np.float64)
    if not array.sum() > _NOTHING:
        return float("nan")
    return float(array.sum() ** 2 / (array.size * (array**2).sum()))


def gini_index(amounts: ArrayLike) -> float:
    """The Gini coefficient, sum over pairs |x - y| / (2 n^2 mean): 0 when all are equal, (n - 1)/n when one has all.

    NaN where the total is not positive.
    """
    array = np.sort(np.asarray(amounts, dtype=np.float64))
    total, count = float(array.sum()), array.size
    if not total > _NOTHING:
        return float("nan")
    ranks = 2 * np.arange(1, count + 1) - count - 1
    return float((ranks * array).sum() / (count * total))


def largest_share(amounts: ArrayLike) -> float:
    """The largest amount over the total; NaN where the total is not positive."""
    array = np.asarray(amounts, dtype=np.float64)
    total = float(array.sum())
    return float(array.max() / total) if total > _NOTHING else float("nan")

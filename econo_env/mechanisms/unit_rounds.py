"""One unit a round: what the rules of sequential sales share, parameters and equilibrium."""

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from econo_env.money import Credits
from econo_env.valuations.priors import Prior

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)
_TAIL = 1e-14


class UnitRounds(NamedTuple):
    """Parameters: the reserve price of each unit in credits."""

    reserve: Annotated[Credits, Field(ge=0.0)] = 0.0


def expected_last_price(
    values: ArrayLike, prior: Prior, num_bidders: int, units_left: int, reserve: float
) -> NDArray[np.float64]:
    """What the owner of a value expects to set the last price, given that all its rivals lie below.

    E[max(r, the k-th highest of the m - 1 rival values) | all of them below v], for m bidders and k units left: the
    equilibrium bid of a round of sequential first-price sales (Weber 1983; Krishna 2009, section 15.1).

    Args:
        values: Own values in credits, any shape; below the reserve they are returned as they are.
        prior: Distribution of every bidder's value.
        num_bidders: Bidders still there, the owner of the value included.
        units_left: Units still to be sold, this round's included, at least 1.
        reserve: Reserve price in credits.

    Returns:
        Bids in credits, the shape of `values`.
    """
    from scipy.stats import beta

    values = np.asarray(values, dtype=np.float64)
    rivals = num_bidders - 1
    if rivals < units_left:
        return np.where(values >= reserve, reserve, values)
    # the k-th highest of m - 1 uniform draws is Beta(m - k, k); Gauss-Legendre on where its mass is
    rank = beta(rivals - units_left + 1, units_left)
    low, high = rank.ppf(_TAIL), rank.ppf(1.0 - _TAIL)
    points = low + (high - low) * (_NODES + 1.0) / 2.0
    weights = _WEIGHTS * rank.pdf(points)
    weights /= weights.sum()
    table = prior.quantile_table()
    price = np.zeros_like(values)
    share = prior.cdf(values)
    for point, weight in zip(points, weights, strict=True):
        price += weight * np.maximum(reserve, table.quantile(share * point))
    return np.where(values >= reserve, np.minimum(price, values), values)

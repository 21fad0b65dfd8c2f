"""One unit a round: what the rules of sequential sales share, parameters and equilibrium."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.parameters import Reserve
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)
_TAIL = 1e-14


@dataclass(frozen=True)
class RoundMechanism(Mechanism):
    """A row of the table for a rule of one round of a sequential sale.

    Attributes:
        truthful_in_the_last_round: Whether bidding the value is dominant in the last round.
    """

    truthful_in_the_last_round: bool = False


class UnitRounds(NamedTuple):
    """Parameters: the reserve price of each unit in credits."""

    reserve: Reserve = 0.0


def expected_last_price(places: Places, num_bidders: int, units_left: int, reserve: float) -> BidFunction:
    """What the owner of a value expects to set the last price, given that all its rivals lie below.

    E[max(r, the k-th highest of the m - 1 rival values) | all of them below v], for m bidders and k units left: the
    equilibrium bid of a round of sequential first-price sales (Weber 1983; Krishna 2009, section 15.1).

    Args:
        places: Of every bidder's value.
        num_bidders: Bidders still there, the owner of the value included.
        units_left: Units still to be sold, this round's included, at least 1.
        reserve: Reserve price in credits.

    Returns:
        Bids; below the reserve the value.
    """
    from scipy.stats import beta

    places = places.cut_at(places.of(reserve))
    values, rivals = places.values, num_bidders - 1
    if rivals < units_left:
        return BidFunction(places.shares, values, np.where(values >= reserve, reserve, values))
    # the k-th highest of m - 1 uniform draws is Beta(m - k, k); Gauss-Legendre on where its mass is
    rank = beta(rivals - units_left + 1, units_left)
    low, high = rank.ppf(_TAIL), rank.ppf(1.0 - _TAIL)
    points = low + (high - low) * (_NODES + 1.0) / 2.0
    weights = _WEIGHTS * rank.pdf(points)
    weights /= weights.sum()
    price = np.zeros_like(values)
    for point, weight in zip(points, weights, strict=True):
        price += weight * np.maximum(reserve, np.interp(places.shares * point, places.shares, values))
    price = np.maximum.accumulate(np.minimum(price, values))
    return BidFunction(places.shares, values, np.where(values >= reserve, price, values))

"""Order statistics of independent rivals, and the symmetric equilibria that are means of them, by place.

A bidder is known by its place u among all draws (`econo_env.valuations.places`), so an atom of the prior is solved like
any other part of it: its places differ, and bids of one value are mixed over an interval.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places

Floats = NDArray[np.float64]

_SMALLEST = 1e-300


def win_probability(cdf: ArrayLike, num_rivals: int, units: int) -> Floats:
    """Probability that fewer than `units` of the rivals lie above, at points whose prior cdf is given (any shape)."""
    from scipy.special import bdtr

    below = np.asarray(cdf, dtype=np.float64)
    if units > num_rivals:
        return np.ones_like(below)
    if units == 1:
        return np.asarray(below**num_rivals)
    return np.asarray(bdtr(units - 1, num_rivals, 1.0 - below))


def win_density(cdf: ArrayLike, num_rivals: int, units: int) -> Floats:
    """The derivative of `win_probability` with respect to the cdf, same shape."""
    from scipy.special import comb

    below = np.asarray(cdf, dtype=np.float64)
    if units > num_rivals:
        return np.zeros_like(below)
    ways = units * comb(num_rivals, units)
    return np.asarray(ways * below ** (num_rivals - units) * (1.0 - below) ** (units - 1))


def rank_chances(below: Sequence[Floats], ranks: int) -> Floats:
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


def mean_of_losing(
    places: Places,
    num_bidders: int,
    units: int,
    reserve: float,
    *,
    start: float | None = None,
    present: float = 1.0,
    power: float = 1.0,
    transform: Callable[[Any], Floats] = np.asarray,
    inverse: Callable[[Any], Floats] = np.asarray,
    worth: tuple[Floats, Floats] | None = None,
) -> Floats:
    """The mean of max(reserve, best losing value) given that the own place wins, the first-price equilibrium bid.

    With G(u) the chance to win of place u: t(b(u)) = [t(reserve) G^p(start) + integral_start^u t(q) dG^p] / G^p(u), for
    transform t and power p (Krishna 2009, Propositions 2.2 and 2.5; Weber 1983 for several units).

    Args:
        places: Of every bidder's value; `start` is one of its `shares`.
        num_bidders: Bidders, the owner of the value included.
        units: Identical units for sale, one a bidder.
        reserve: What the first to take part bids, credits.
        start: The first place to take part; that of the reserve by default.
        present: Chance that a rival is there.
        power: p.
        transform: t.
        inverse: Of t.
        worth: What is averaged instead of the values, at `shares` and at `nodes`, credits.

    Returns:
        Bids in credits at `places.shares`, at and above `start`; below it the value.
    """
    begin = places.of(reserve) if start is None else start
    at_knots, at_nodes = (places.values, places.node_values) if worth is None else worth
    there = 1.0 - present * (1.0 - places.shares)
    inside = 1.0 - present * (1.0 - places.nodes)
    rivals = num_bidders - 1
    wins = win_probability(there, rivals, units) ** power
    losing = power * win_probability(inside, rivals, units) ** (power - 1.0)
    weights = losing * present * win_density(inside, rivals, units)
    first = int(np.searchsorted(places.shares, begin))
    base = wins[first] * float(transform(reserve)) if wins[first] > 0.0 else 0.0
    area = base + places.integral(transform(np.maximum(at_nodes, max(reserve, _SMALLEST))) * weights, begin)
    sure = np.where(wins > _SMALLEST, wins, 1.0)
    mean = np.where(wins > _SMALLEST, inverse(np.maximum(area / sure, _SMALLEST)), at_knots)
    bids = np.clip(mean, min(reserve, at_knots[first]), at_knots)
    bids[first:] = np.maximum.accumulate(bids[first:])
    return np.where(places.shares >= begin, bids, at_knots)


def sold_to_the_highest(places: Places, num_bidders: int, units: int, reserve: float) -> BidFunction:
    """The symmetric equilibrium of a sale of identical units, one a bidder, in which winners pay what they bid."""
    places = places.cut_at(places.of(reserve))
    return BidFunction(places.shares, places.values, mean_of_losing(places, num_bidders, units, reserve))


def entry_place(
    places: Places, num_bidders: int, cost: float, reserve: float = 0.0, units: int = 1, present: float = 1.0
) -> float:
    """The least place that takes part: (value - reserve) times its chance to win is `cost`; infinity for nobody.

    Args:
        places: Of every bidder's value.
        num_bidders: Bidders, the owner of the value included.
        cost: What taking part costs for certain, credits.
        reserve: What the least value pays if it wins, credits.
        units: Identical units for sale, one a bidder.
        present: Chance that a rival is there.
    """

    def pays(place: float) -> bool:
        value, there = float(places.quantile(np.array(place))), 1.0 - present * (1.0 - place)
        gain = (value - reserve) * float(win_probability(there, num_bidders - 1, units))
        return value >= reserve and gain >= cost

    return places.first(pays) if pays(1.0) else float("inf")

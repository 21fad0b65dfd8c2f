"""K-th-price sealed-bid auction: the highest bid wins and pays the k-th highest."""

from math import comb, factorial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import kth_price_with_shills
from econo_env.mechanisms.own_bid import OwnBid, Terms, rival_at, to_beat
from econo_env.mechanisms.parameters import Rank, Reserve
from econo_env.mechanisms.ranking import NOBODY, highest_remaining
from econo_env.mechanisms.sources import sealed as equals
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places
from econo_env.valuations.priors import Power, Uniform

_UNSEEN = 1e-9  # a share of draws that nobody meets
_FALLS = 1e-6  # of the highest value: quantile functions are computed, and differentiated on cells


class KthPrice(NamedTuple):
    """Parameters: the reserve price in credits, and the rank of the bid that sets the price (2 is the second)."""

    reserve: Reserve = 0.0
    rank: Rank = 3


@compiled
def clear(
    bids: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    params: KthPrice,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """The highest bid wins and pays the bid of the given rank, or the reserve if there are fewer; all arrays (n,)."""
    payments[:] = allocation[:] = 0
    winner = priced = highest_remaining(bids, weights, params.reserve, allocation, lottery)
    if winner == NOBODY:
        return
    for _ in range(params.rank - 1):
        allocation[priced] = 1  # out of the ranking while the next one is sought
        priced = highest_remaining(bids, weights, params.reserve, allocation, lottery)
        if priced == NOBODY:
            break
    allocation[:] = 0
    allocation[winner] = 1
    payments[winner] = params.reserve if priced == NOBODY else min(bids[winner], max(params.reserve, bids[priced]))


@compiled
def terms(i: int, order: NDArray[Any], bids: NDArray[Any], weights: NDArray[Any], params: KthPrice) -> Terms:
    """A bid wins above the best rival, and pays at most the rival's bid of the rank before."""
    rival = rival_at(0, i, order)
    accepted, wins_from, ties_at = to_beat(i, rival, bids, weights, params.reserve)
    priced = rival_at(params.rank - 2, i, order)
    most = int(params.reserve) if priced == NOBODY else max(int(params.reserve), bids[priced])
    return Terms(accepted, wins_from, ties_at, rival, 0, most, False)


def equilibrium(places: Places, num_bidders: int, parameters: KthPrice) -> BidFunction:
    """b(u) = sum_j C(k-2, j) (n-k)! / (n-k+j)! u^j q^(j)(u) at place u, with q the quantile function.

    Revenue equivalence, differentiated k - 1 times (Monderer and Tennenholtz 2000). Any prior up to k = 3, then power.
    With k = 3 it is v + F / ((n - 2) f). It is an equilibrium where it does not fall.

    Raises:
        ValueError: There is no such form, or it falls.
    """
    k, n, prior = parameters.rank, num_bidders, places.prior
    exponent = prior.exponent if isinstance(prior, Power) else 1.0 if isinstance(prior, Uniform) else None
    if k > n or (k > 2 and parameters.reserve > 0.0) or (k > 3 and exponent is None):
        named = "this" if prior is None else prior.name
        needs = "rank bidders, from rank 3 on no reserve, from rank 4 on a uniform or power prior"
        raise ValueError(f"rank {k}, {n} bidders, {named} prior: a closed form needs {needs}")
    if k == 2:
        return BidFunction(places.shares, places.values, places.values)
    if exponent is None:
        return _third_price(places, n)
    bids, derivative = places.values, places.values - places.lowest
    for j in range(1, k - 1):
        derivative = derivative * (1.0 / exponent - (j - 1))  # u^j q^(j) of a power of u
        bids = bids + comb(k - 2, j) * factorial(n - k) / factorial(n - k + j) * derivative
    return BidFunction(places.shares, places.values, bids)


def _third_price(places: Places, num_bidders: int) -> BidFunction:
    if places.pdf is None:
        raise ValueError("the third price has a closed form where the density of the values is known")
    slopes = 1.0 / np.maximum(places.pdf(places.node_values), 1e-300)
    slopes = np.where(places.nodes < _UNSEEN, 0.0, slopes)  # F / f goes to 0 there, and both lose their digits
    bids = (places.node_values + places.nodes * slopes / (num_bidders - 2)).ravel()
    falls = float((np.maximum.accumulate(bids) - bids).max())
    if falls > _FALLS * places.highest:
        raise ValueError(
            "the third price has an increasing equilibrium where v + F(v) / ((n - 2) f(v)) does not fall, and for this "
            f"prior it falls, by up to {falls:.3g} credits, as at an atom or where a density rises steeply"
        )
    return BidFunction(places.nodes.ravel(), places.node_values.ravel(), np.maximum.accumulate(bids))


MECHANISM = Mechanism(
    name="kth_price",
    summary="The highest bid wins and pays the bid of the given rank.",
    market="sealed_bid",
    rule=clear,
    parameters=KthPrice,
    claims=(
        claims.NOT_TRUTHFUL,
        claims.EFFICIENT_IN_EQUILIBRIUM,
        claims.INTERIM_RATIONAL,
        claims.NO_DEFICIT,
        claims.MONOTONE,
        claims.denied(claims.SHILL_PROOF),
        claims.PRICED_BY_OTHERS,
    ),
    known_answer="U[0,1], n bidders, rank k >= 2: b(v) = (n - 1) v / (n - k + 1), revenue (n - 1) / (n + 1)",
    sources=(equals.bid_of_rank, equals.own_bid, equals.reserve),
    reference="Monderer and Tennenholtz (2000); Krishna, Auction Theory (2009), section 3.2",
    equilibrium=equilibrium,
    setting={"num_agents": 3},
    own_bid=OwnBid(lambda parameters: int(parameters.rank), terms),
    reversible=True,
    reverse_setting={"values": {"name": "uniform", "low": 0.5}},  # in equilibrium asks lie below costs, not below 0
    under_shill_bids=kth_price_with_shills,
)

"""Second-price all-pay auction, the war of attrition: the highest bid wins and pays the second, losers theirs."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.order_statistics import entry_place, win_density, win_probability
from econo_env.mechanisms.own_bid import OwnBid, Terms, rival_at, to_beat
from econo_env.mechanisms.parameters import Reserve
from econo_env.mechanisms.ranking import NOBODY, highest_remaining
from econo_env.mechanisms.sources import sealed as equals
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places

_LEAST = 1e-15  # chance to lose: the bid function has no bound as winning becomes certain


class SecondPriceAllPay(NamedTuple):
    """Parameters: the least bid that is accepted, in credits."""

    reserve: Reserve = 0.0


@compiled
def clear(
    bids: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    params: SecondPriceAllPay,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """The highest bid pays the best losing one or the reserve, each loser pays its accepted bid; all arrays (n,)."""
    allocation[:] = 0
    payments[:] = 0
    winner = highest_remaining(bids, weights, params.reserve, allocation, lottery)
    if winner == NOBODY:
        return
    allocation[winner] = 1
    price = params.reserve
    for bidder in range(bids.shape[0]):
        if bidder != winner and bids[bidder] >= 0 and bids[bidder] >= params.reserve:
            payments[bidder] = bids[bidder]
            price = max(price, bids[bidder])
    payments[winner] = min(price, bids[winner])


@compiled
def terms(i: int, order: NDArray[Any], bids: NDArray[Any], weights: NDArray[Any], params: SecondPriceAllPay) -> Terms:
    """A bid wins above the best rival and pays at most the highest rival bid; who loses pays its accepted bid."""
    rival = rival_at(0, i, order)
    accepted, wins_from, ties_at = to_beat(i, rival, bids, weights, params.reserve)
    most = int(params.reserve)
    for bidder in range(bids.shape[0]):
        if bidder != i:
            most = max(most, bids[bidder])
    return Terms(accepted, wins_from, ties_at, rival, 0, most, True)


def equilibrium(places: Places, num_bidders: int, parameters: SecondPriceAllPay) -> BidFunction:
    """b(v) = reserve + integral_e^v y g(y) / (1 - G(y)) dy (Krishna and Morgan 1997), G = F^(n-1); nothing below e.

    e is the value whose chance to win is worth the reserve.
    """
    entry, rivals = entry_place(places, num_bidders, parameters.reserve), num_bidders - 1
    if np.isinf(entry):
        return BidFunction(places.shares, places.values, np.full(len(places.shares), np.nan))
    places = places.cut_at(entry)
    losing = np.maximum(1.0 - win_probability(places.nodes, rivals, 1), _LEAST)
    paid = places.integral(places.node_values * win_density(places.nodes, rivals, 1) / losing, entry)
    bids = np.where(places.shares >= entry, parameters.reserve + paid, np.nan)
    return BidFunction(places.shares, places.values, bids)


MECHANISM = Mechanism(
    name="second_price_all_pay",
    summary="War of attrition: the highest bid wins and pays the second highest, losers pay their bids.",
    market="sealed_bid",
    rule=clear,
    parameters=SecondPriceAllPay,
    claims=(
        claims.NOT_TRUTHFUL,
        claims.EFFICIENT_IN_EQUILIBRIUM,
        claims.INTERIM_RATIONAL,
        claims.denied(claims.EX_POST_RATIONAL),
        claims.NO_DEFICIT,
        claims.MONOTONE,
        claims.denied(claims.SHILL_PROOF),
    ),
    known_answer="U[0,1], 2 bidders: b(v) = -v - ln(1 - v), revenue 1/3",
    sources=(equals.highest_losing_bid, equals.reserve, equals.own_bid, equals.nothing),
    losers_pay=True,
    reference="Krishna and Morgan (1997)",
    equilibrium=equilibrium,
    under_shill_bids=lambda parameters: {"name": "all_pay", "reserve": parameters.reserve},
    own_bid=OwnBid(lambda parameters: 2, terms),
    setting={"largest_bid": 8.0},
)

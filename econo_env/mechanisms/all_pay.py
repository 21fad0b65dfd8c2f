"""All-pay sealed-bid auction: the highest bids win, and everybody pays what it bid."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.order_statistics import (
    entry_place,
    rank_chances,
    win_density,
)
from econo_env.mechanisms.own_bid import NO_LIMIT, OwnBid, Terms, rival_at, to_beat
from econo_env.mechanisms.parameters import Reserve, Units
from econo_env.mechanisms.ranking import NOBODY, highest_remaining
from econo_env.mechanisms.sources import sealed as equals
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places


class AllPay(NamedTuple):
    """Parameters: the least bid that is accepted in credits, and the number of identical units (one a bidder)."""

    reserve: Reserve = 0.0
    units: Units = 1


@compiled
def clear(
    bids: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    params: AllPay,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """The highest bids win a unit each; all pay their bids, but for those below the reserve; all arrays (n,)."""
    for bidder in range(bids.shape[0]):
        allocation[bidder] = 0
        payments[bidder] = bids[bidder] if bids[bidder] >= params.reserve and bids[bidder] >= 0 else 0
    for _ in range(params.units):
        winner = highest_remaining(bids, weights, params.reserve, allocation, lottery)
        if winner == NOBODY:
            return
        allocation[winner] = 1


@compiled
def terms(i: int, order: NDArray[Any], bids: NDArray[Any], weights: NDArray[Any], params: AllPay) -> Terms:
    """A bid wins above the last rival who would have a unit; accepted, it pays itself."""
    rival = rival_at(params.units - 1, i, order)
    accepted, wins_from, ties_at = to_beat(i, rival, bids, weights, params.reserve)
    return Terms(accepted, wins_from, ties_at, rival, 0, NO_LIMIT, True)


def equilibrium(places: Places, num_bidders: int, parameters: AllPay) -> BidFunction:
    """b(v) = reserve + integral_e^v y dG(y) from the value e on whose chance to win is worth the reserve.

    G is the chance to win against rivals' values (Krishna 2009, section 3.3, with e G(e) = reserve).
    """
    rivals, units = num_bidders - 1, parameters.units
    entry = entry_place(places, num_bidders, parameters.reserve, units=units)
    if np.isinf(entry):
        return BidFunction(places.shares, places.values, np.full(len(places.shares), np.nan))
    places = places.cut_at(entry)
    paid = places.integral(places.node_values * win_density(places.nodes, rivals, units), entry)
    bids = np.where(places.shares >= entry, parameters.reserve + paid, np.nan)
    return BidFunction(places.shares, places.values, bids)


def expected_outcome(
    bids: NDArray[Any], below: Sequence[NDArray[Any]], parameters: AllPay
) -> tuple[NDArray[Any], NDArray[Any]]:
    """An accepted bid is paid, and wins where fewer than `units` rivals stand above it."""
    accepted = bids >= parameters.reserve
    wins = np.where(accepted, rank_chances(below, parameters.units).sum(axis=0), 0.0)
    return wins, np.where(accepted, bids, 0.0)


MECHANISM = Mechanism(
    name="all_pay",
    summary="The highest bids win, and everybody pays what it bid.",
    market="sealed_bid",
    rule=clear,
    parameters=AllPay,
    claims=(
        claims.NOT_TRUTHFUL,
        claims.EFFICIENT_IN_EQUILIBRIUM,
        claims.INTERIM_RATIONAL,
        claims.denied(claims.EX_POST_RATIONAL),
        claims.NO_DEFICIT,
        claims.MONOTONE,
        claims.SHILL_PROOF,
    ),
    known_answer="U[0,1], n bidders: b(v) = (n - 1) v^n / n, revenue (n - 1) / (n + 1)",
    sources=(equals.own_bid,),
    losers_pay=True,
    reference="Hillman and Riley (1989); Krishna, Auction Theory (2009), section 3.3",
    equilibrium=equilibrium,
    expected_outcome=expected_outcome,
    own_bid=OwnBid(lambda parameters: int(parameters.units) + 1, terms),
)

"""First-price sealed-bid auction: the highest bids win and pay themselves."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.conditions import first_price_under
from econo_env.mechanisms.order_statistics import rank_chances, sold_to_the_highest
from econo_env.mechanisms.own_bid import NO_LIMIT, OwnBid, Terms, rival_at, to_beat
from econo_env.mechanisms.parameters import Reserve, Units
from econo_env.mechanisms.ranking import NOBODY, highest_remaining
from econo_env.mechanisms.sources import sealed as equals
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places


class FirstPrice(NamedTuple):
    """Parameters: the reserve price in credits, and the number of identical units (one a bidder)."""

    reserve: Reserve = 0.0
    units: Units = 1


@compiled
def clear(
    bids: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    params: FirstPrice,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """The highest bids at or above the reserve win a unit each and pay what they bid; all arrays (n,)."""
    allocation[:] = 0
    payments[:] = 0
    for _ in range(params.units):
        winner = highest_remaining(bids, weights, params.reserve, allocation, lottery)
        if winner == NOBODY:
            return
        allocation[winner] = 1
        payments[winner] = bids[winner]


@compiled
def terms(i: int, order: NDArray[Any], bids: NDArray[Any], weights: NDArray[Any], params: FirstPrice) -> Terms:
    """A bid wins above the last rival who would have a unit, and pays itself."""
    rival = rival_at(params.units - 1, i, order)
    accepted, wins_from, ties_at = to_beat(i, rival, bids, weights, params.reserve)
    return Terms(accepted, wins_from, ties_at, rival, 0, NO_LIMIT, False)


def equilibrium(places: Places, num_bidders: int, parameters: FirstPrice) -> BidFunction:
    """b(v) = E[max(reserve, the units-th highest rival value) | it lies below v] (Krishna 2009, sections 2.3, 13.4)."""
    return sold_to_the_highest(places, num_bidders, parameters.units, parameters.reserve)


def expected_outcome(
    bids: NDArray[Any], below: Sequence[NDArray[Any]], parameters: FirstPrice
) -> tuple[NDArray[Any], NDArray[Any]]:
    """A bid at or above the reserve wins where fewer than `units` rivals stand above it, and pays itself then."""
    wins = np.where(bids >= parameters.reserve, rank_chances(below, parameters.units).sum(axis=0), 0.0)
    return wins, bids * wins


MECHANISM = Mechanism(
    name="first_price",
    summary="The highest bids win and pay what they bid.",
    market="sealed_bid",
    rule=clear,
    parameters=FirstPrice,
    claims=(
        claims.NOT_TRUTHFUL,
        claims.EFFICIENT_IN_EQUILIBRIUM,
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
        claims.MONOTONE,
        claims.SHILL_PROOF,
    ),
    known_answer="U[0,1], n bidders: b(v) = (n - 1) v / n, revenue (n - 1) / (n + 1)",
    sources=(equals.own_bid,),
    reference="Vickrey (1961); Krishna, Auction Theory (2009), section 2.3",
    equilibrium=equilibrium,
    equilibrium_under=first_price_under,
    expected_outcome=expected_outcome,
    own_bid=OwnBid(lambda parameters: int(parameters.units) + 1, terms),
    reversible=True,
)

"""Tullock contest: everybody pays its bid, and the prize is drawn with chances in proportion to bids to a power."""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import CONTEST, TWO_TO_MINUS_53, Lottery, fill_with_draws
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.parameters import Reserve
from econo_env.mechanisms.ranking import NOBODY, WEIGHT_UNIT
from econo_env.mechanisms.rounds import Floats, SealedRound
from econo_env.mechanisms.sources import sealed as equals
from econo_env.money import CREDIT
from econo_env.valuations.bid_function import BidFunction
from econo_env.valuations.places import Places

_MARGIN = 1.0 + 1e-9  # far above rounding


class Tullock(NamedTuple):
    """Parameters: the least bid that is accepted in credits, and the power of a bid (1 is the lottery contest)."""

    reserve: Reserve = 0.0
    power: Annotated[float, Field(gt=0.0, le=16.0)] = 1.0


@compiled
def clear(
    bids: NDArray[Any],
    weights: NDArray[Any],
    lottery: Lottery,
    params: Tullock,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """Bidder i wins with chance w_i b_i^power over their sum and everybody pays its accepted bid; all arrays (n,).

    A race: i arrives after an exponential time of that rate, the first wins; so nobody loses by bidding more. If all
    bids are 0, everybody has the same chance.
    """
    bidders, winner, earliest, any_effort = bids.shape[0], NOBODY, 0.0, False
    fill_with_draws(lottery.key, lottery.episode, lottery.tick, CONTEST, allocation, 0, bidders)
    for bidder in range(bidders):
        draw = allocation[bidder] * TWO_TO_MINUS_53
        allocation[bidder] = payments[bidder] = 0
        if bids[bidder] < 0 or bids[bidder] < params.reserve:
            continue
        payments[bidder] = bids[bidder]
        first_effort, rate = bids[bidder] > 0 and not any_effort, 1.0
        if bids[bidder] > 0:
            effort = bids[bidder] * CREDIT if params.power == 1.0 else (bids[bidder] * CREDIT) ** params.power
            rate = effort * (weights[bidder] / WEIGHT_UNIT)
        # -log(1 - u) is above u: most of those who come late need no logarithm
        late = draw > earliest * rate * _MARGIN
        if winner != NOBODY and not first_effort and (late or (any_effort and bids[bidder] == 0)):
            continue
        time = -math.log(1.0 - draw) / rate
        if winner == NOBODY or time < earliest or first_effort:
            winner, earliest = bidder, time
        any_effort = any_effort or first_effort
    if winner != NOBODY:
        allocation[winner] = 1


@compiled
def own_chance(i: int, bids: NDArray[Any], allocation: NDArray[Any], params: Tullock, weights: NDArray[Any]) -> float:
    """Bidder i's chance to be drawn, as `chances` has it."""
    own, efforts, accepted = 0.0, 0.0, 0
    if bids[i] < 0 or bids[i] < params.reserve:
        return 0.0
    for bidder in range(bids.shape[0]):
        if bids[bidder] < 0 or bids[bidder] < params.reserve:
            continue
        effort = (bids[bidder] * CREDIT) ** params.power * weights[bidder]
        own = effort if bidder == i else own
        efforts += effort
        accepted += 1
    return own / efforts if efforts > 0.0 else 1.0 / accepted


def equilibrium(places: Places, num_bidders: int, parameters: Tullock) -> BidFunction:
    """Bids (n - 1) power v / n^2 where everybody's value is the same known v (Tullock 1980); else none is known."""
    n, power = num_bidders, parameters.power
    share = (n - 1) * power / n**2
    spread = places.lowest < places.highest
    if spread or n < 2 or (n - 1) * power > n or parameters.reserve > share * places.highest:
        known = "one value, e.g. {name: empirical, quantiles: [1.0, 1.0]}, power <= n / (n - 1), reserve <= the bid"
        prior = places.prior.name if spread and places.prior is not None else "these"
        raise ValueError(f"a Tullock contest with power {power} and {prior} values: a closed form needs {known}")
    return BidFunction(places.shares, places.values, places.values * share)


def chances(cleared: SealedRound, parameters: Tullock) -> Floats:
    """Each bidder's chance to be drawn: w_i b_i^power over the sum of these, equal ones where all bids are 0."""
    efforts = np.where(cleared.accepted, np.nan_to_num(cleared.bids), 0.0) ** parameters.power * cleared.weights
    if efforts.sum() == 0.0:
        efforts = cleared.accepted.astype(np.float64)
    return np.asarray(efforts / max(efforts.sum(), 1e-300))


MECHANISM = Mechanism(
    name="tullock",
    summary="Everybody pays its bid, and one is drawn to win with chances in proportion to bids to a power.",
    market="sealed_bid",
    rule=clear,
    parameters=Tullock,
    claims=(
        claims.denied(claims.TRUTHFUL),
        claims.denied(claims.EFFICIENT.where("where values differ", values={"name": "uniform"})),
        claims.INTERIM_RATIONAL,
        claims.denied(claims.EX_POST_RATIONAL),
        claims.NO_DEFICIT,
        claims.MONOTONE,
        claims.SHILL_PROOF,
    ),
    known_answer="one known value V, n bidders, power r <= n / (n - 1): b = V r (n - 1) / n^2, revenue V r (n - 1) / n",
    sources=(equals.own_bid,),
    losers_pay=True,
    chances=chances,
    own_chance=own_chance,
    reference="Tullock (1980); Konrad, Strategy and Dynamics in Contests (2009)",
    equilibrium=equilibrium,
    setting={"values": {"name": "empirical", "quantiles": (1.0, 1.0)}},
)

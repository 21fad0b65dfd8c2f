"""What an own bid comes to once the others' bids are known, told by a few numbers instead of one clearing a bid.

Where a rule ranks bids by weight times bid and sells to the highest, the own bid decides whether its bidder wins and,
in some rules, what it pays; the others matter by the one that has to be beaten and by those that set the price. Whoever
asks about many own bids, as learners do that hear what each would have earned, asks for `Terms` once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from econo_env.engine.compiled import compiled, seldom
from econo_env.engine.rng import Lottery, ticket
from econo_env.engine.state import Int64s
from econo_env.mechanisms.ranking import NOBODY

NO_TIE = -1
NO_LIMIT = 2**62
"""More than any bid."""


class Terms(NamedTuple):
    """What a bidder faces; amounts in micro-credits.

    A bid from `wins_from` on wins a unit and pays itself, cut to [`least`, `most`]; the bid `ties_at` wins where the
    lot prefers its bidder to `rival`; any other bid wins nothing and pays nothing, or with `losers_pay` itself where it
    is accepted.
    """

    accepted: int  # the least bid that counts
    wins_from: int  # NO_LIMIT where none wins
    ties_at: int  # NO_TIE where none ties
    rival: int  # who is tied with
    least: int
    most: int
    losers_pay: bool


@dataclass(frozen=True)
class OwnBid:
    """That a rule's outcome for one bidder is told by `Terms`: a claim, which tests hold against the rule to the bit.

    For rules that rank bids by weight times bid at or above the parameter `reserve`, with whole micro-credits.

    Attributes:
        ranks: How many places of the ranking of all bids the terms look at, given the parameters.
        terms: Compiled, `(i, order, bids, weights, params)`: the terms of bidder i. `order` holds the bidders of the
            first places, `NOBODY` behind the last, shape (ranks,); bids and weights (n,). The bid of i is not used.
    """

    ranks: Callable[[Any], int]
    terms: Callable[..., Terms]


@seldom
def prefers(lottery: Lottery, i: int, rival: int) -> bool:
    """Whether the lot puts bidder i before a rival of the same score."""
    own, other = ticket(lottery, i), ticket(lottery, rival)
    return bool(own > other or (own == other and i < rival))


@compiled
def fill_order(bids: Int64s, weights: Int64s, reserve: int, lottery: Lottery, order: Int64s) -> None:
    """The bidders of the first places, as `highest_remaining` finds them one by one.

    Args:
        bids: Shape (n,), negative for none.
        weights: Thousandths, shape (n,).
        reserve: Bids below it have no place.
        lottery: Breaks ties.
        order: Filled in, shape (places,), `NOBODY` behind the last.
    """
    places = order.shape[0]
    for place in range(places):
        order[place] = NOBODY
    for bidder in range(bids.shape[0]):
        if bids[bidder] < 0 or bids[bidder] < reserve:
            continue
        place = places
        while place > 0 and _precedes(bidder, order[place - 1], bids, weights, lottery):
            if place < places:
                order[place] = order[place - 1]
            place -= 1
        if place < places:
            order[place] = bidder


@compiled
def _precedes(bidder: int, placed: int, bids: Int64s, weights: Int64s, lottery: Lottery) -> bool:
    if placed == NOBODY:
        return True
    own, other = weights[bidder] * bids[bidder], weights[placed] * bids[placed]
    return own > other or (own == other and prefers(lottery, bidder, placed))


@compiled
def rival_at(place: int, i: int, order: Int64s) -> int:
    """The rival of bidder i who has this place, from 0, in the ranking without i, or `NOBODY`."""
    behind = 0
    for at in range(place + 1):
        behind += 1 if order[at] == i else 0
    return int(order[place + behind])


@compiled
def to_beat(i: int, rival: int, bids: Int64s, weights: Int64s, reserve: Any) -> tuple[int, int, int]:
    """Accepted, wins from, ties at: what a bid has to reach, and to beat where there is a rival, `NOBODY` for none."""
    accepted = max(0, int(reserve))
    if rival == NOBODY:
        return accepted, accepted, NO_TIE
    score, weight = weights[rival] * bids[rival], weights[i]
    reached = bids[rival] if weight == weights[rival] else score // weight
    ties = reached * weight == score and reached >= accepted
    return accepted, max(accepted, reached + 1), reached if ties else NO_TIE


@compiled
def gain_of(bid: float, value: float, terms: Terms, wins_from: int) -> float:
    """What a bid would have earned, whole micro-credits: the value if it wins less the payment.

    Args:
        bid: Whole micro-credits.
        value: Of a unit, whole micro-credits.
        terms: What the bidder faces.
        wins_from: The least bid that wins, ties being settled.
    """
    lost = 0.0 - bid if terms.losers_pay and bid >= float(terms.accepted) else 0.0
    won = value - min(max(bid, float(terms.least)), float(terms.most))
    return won if bid >= float(wins_from) else lost

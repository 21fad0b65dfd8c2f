"""What payments of sealed bids can be; rows of the table list those that are theirs, the more telling ones first."""

from dataclasses import replace

import numpy as np

from econo_env.mechanisms.parameters import rank_of
from econo_env.mechanisms.reasons import Reason, Source
from econo_env.mechanisms.rounds import SealedRound
from econo_env.money import CREDIT, MICRO, written


def own_bid(cleared: SealedRound, bidder: int) -> Reason | None:
    """What it bid itself."""
    return _of_sale("its own bid", float(cleared.bids[bidder]), cleared)


def reserve(cleared: SealedRound, bidder: int) -> Reason | None:
    """Of a winner: the reserve, or in procurement the ceiling less the reserve."""
    if not cleared.allocation[bidder] or not cleared.limit > 0.0:
        return None
    return _of_sale(cleared.limit_name, cleared.limit, cleared)


def best_losing_bid(cleared: SealedRound, bidder: int) -> Reason | None:
    """Of a winner: the first bid in the ranking that won nothing, where bids are ranked as they are."""
    loser = cleared.best_loser
    if not cleared.allocation[bidder] or loser is None or not cleared.plain:
        return None
    return _of_sale(f"the best losing bid ({cleared.name_of(loser)})", float(cleared.bids[loser]), cleared)


def highest_losing_bid(cleared: SealedRound, bidder: int) -> Reason | None:
    """Of a winner: the highest accepted bid that won nothing, whatever its weight."""
    found = best_losing_bid(replace(cleared, weights=np.ones(len(cleared.bids))), bidder)
    return found if found is None or cleared.plain else found._replace(words=found.words.replace("best", "highest"))


def critical_bid(cleared: SealedRound, bidder: int) -> Reason | None:
    """Of a winner: the least bid, in whole micro-credits, that times its weight reaches the best losing score."""
    loser = cleared.best_loser
    if not cleared.allocation[bidder] or loser is None or cleared.plain:
        return None
    score, weight = float(cleared.scores[loser]), float(cleared.weights[bidder])
    least = float(np.ceil(round(score / weight * MICRO, 3))) * CREDIT
    beats = f"still beats {cleared.name_of(loser)}: {written(score, 9)} / {written(weight)}"
    return Reason(f"the least bid that {beats}", least)


def undivided_score(cleared: SealedRound, bidder: int) -> Reason | None:
    """Of a winner: the best losing bid times its weight."""
    loser = cleared.best_loser
    if not cleared.allocation[bidder] or loser is None or cleared.plain:
        return None
    return Reason(f"{cleared.name_of(loser)}'s weighted bid, undivided", float(cleared.scores[loser]), cut=True)


def nothing(cleared: SealedRound, bidder: int) -> Reason | None:
    """Of a winner: nothing, for there is neither a reserve nor a losing bid."""
    if not cleared.allocation[bidder] or cleared.best_loser is not None:
        return None
    return Reason("for there is no losing bid", 0.0)


def bid_of_rank(cleared: SealedRound, bidder: int) -> Reason | None:
    """Of a winner: the bid of the rank that the rule's parameter says."""
    return bid_ranked(rank_of(cleared.options))(cleared, bidder)


def bid_ranked(rank: int) -> Source[SealedRound]:
    """Of a winner: the bid of a rank from 2 on, and the limit where fewer bids are accepted."""

    def source(cleared: SealedRound, bidder: int) -> Reason | None:
        if rank == 2 and cleared.plain:
            return best_losing_bid(cleared, bidder) or reserve(cleared, bidder) or nothing(cleared, bidder)
        if not cleared.allocation[bidder]:
            return None
        if int(cleared.accepted.sum()) < rank:
            return _of_sale(f"{cleared.limit_name}, for fewer bids are accepted than the rank", cleared.limit, cleared)
        priced = int(np.argsort(-cleared.scores, kind="stable")[rank - 1])
        best = "lowest" if cleared.reverse else "highest"
        ranked = f"the bid of {cleared.name_of(priced)}, ranked {rank}"
        words = f"the {best} bid but {rank - 1}" if cleared.plain else ranked
        return _of_sale(words, float(cleared.bids[priced]), cleared)

    return source


def _of_sale(words: str, amount: float, cleared: SealedRound) -> Reason:
    """A bid or limit as a payment: in procurement it is received."""
    return Reason(words, -amount if cleared.reverse else amount)

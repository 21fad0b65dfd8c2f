"""Who is next: the order of bids that the sealed-bid rules share."""

from typing import Any

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery, ticket

NOBODY = -1

WEIGHT_UNIT = 1000
"""Weights are whole thousandths, so that weighted money stays an integer."""


@compiled
def highest_remaining(
    bids: NDArray[Any],
    weights: NDArray[Any],
    reserve: Any,
    taken: NDArray[Any],
    lottery: Lottery,
) -> int:
    """The bidder with the highest weighted bid among those not yet taken.

    Args:
        bids: Amounts, shape (n,); a negative entry is no bid.
        weights: Positive factors in thousandths, shape (n,): bids are ranked by weight times bid.
        reserve: Bids below it are excluded.
        taken: Nonzero where a bidder is out of the ranking, shape (n,).
        lottery: Breaks ties, so that no bidder gains from its index.

    Returns:
        The bidder's index, or `NOBODY`.
    """
    best = NOBODY
    for bidder in range(bids.shape[0]):
        bid = bids[bidder]
        if bid < 0 or bid < reserve or taken[bidder] != 0:
            continue
        if best == NOBODY:
            best = bidder
            continue
        score, best_score = weights[bidder] * bid, weights[best] * bids[best]
        if score > best_score or (score == best_score and ticket(lottery, bidder) > ticket(lottery, best)):
            best = bidder
    return best


@compiled
def two_highest(scores: NDArray[Any], reserve: Any, lottery: Lottery) -> tuple[int, int]:
    """The highest and the second highest of unweighted scores at or above the reserve, in one pass.

    Args:
        scores: Shape (n,); a negative entry is no bid.
        reserve: Scores below it are excluded.
        lottery: Breaks ties.

    Returns:
        Both indices, `NOBODY` where there is none.
    """
    best, second = NOBODY, NOBODY
    for bidder in range(scores.shape[0]):
        score = scores[bidder]
        if score < 0 or score < reserve:
            continue
        if best == NOBODY or _precedes(scores, bidder, best, lottery):
            best, second = bidder, best
        elif second == NOBODY or _precedes(scores, bidder, second, lottery):
            second = bidder
    return best, second


@compiled
def _precedes(scores: NDArray[Any], one: int, other: int, lottery: Lottery) -> bool:
    if scores[one] == scores[other]:
        return bool(ticket(lottery, one) > ticket(lottery, other))
    return bool(scores[one] > scores[other])

"""Who is next: the order of bids that the sealed-bid rules share."""

from typing import Any

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled, seldom
from econo_env.engine.rng import Lottery, ticket

NOBODY = -1
_OUT = -1
"""The score of who is out of the ranking: no bid is negative."""

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
    # two passes without branches, which become vector instructions; a lottery only where bidders tie
    best_score = _OUT
    for bidder in range(bids.shape[0]):
        best_score = max(best_score, _score(bids, weights, reserve, taken, bidder))
    if best_score == _OUT:
        return NOBODY
    leaders, sum_of_leaders = 0, 0
    for bidder in range(bids.shape[0]):
        leads = 1 if _score(bids, weights, reserve, taken, bidder) == best_score else 0
        leaders += leads
        sum_of_leaders += leads * bidder
    if leaders == 1:
        return sum_of_leaders
    return _drawn(bids, weights, reserve, taken, lottery, best_score)


@seldom
def _drawn(
    bids: NDArray[Any], weights: NDArray[Any], reserve: Any, taken: NDArray[Any], lottery: Lottery, best_score: Any
) -> int:
    """The one with the highest ticket among bidders of this score."""
    best = NOBODY
    for bidder in range(bids.shape[0]):
        if _score(bids, weights, reserve, taken, bidder) == best_score and (
            best == NOBODY or ticket(lottery, bidder) > ticket(lottery, best)
        ):
            best = bidder
    return best


@compiled
def _score(bids: NDArray[Any], weights: NDArray[Any], reserve: Any, taken: NDArray[Any], bidder: int) -> Any:
    """A weighted bid, or `_OUT`."""
    bid = bids[bidder]
    ranked = (bid >= 0) & (bid >= reserve) & (taken[bidder] == 0)
    return weights[bidder] * bid if ranked else _OUT


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

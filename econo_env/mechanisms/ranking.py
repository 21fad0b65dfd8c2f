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

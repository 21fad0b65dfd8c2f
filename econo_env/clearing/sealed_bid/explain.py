"""One sealed-bid round in words: why each bidder won or lost, and where each payment comes from.

Both `econo-env clear` and the pictures of a round speak through here.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.reasons import BY_ITS_RULE, SAME, paid_in_words, reason
from econo_env.mechanisms.rounds import Floats, SealedRound
from econo_env.money import written


def explained(row: Mechanism, cleared: SealedRound, only: Sequence[int] | None = None) -> list[str]:
    """One line a bidder, or for `only` some of them, of a round that the mechanism of that row has cleared."""
    called = [cleared.name_of(i) for i in range(len(cleared.bids))]
    chances = row.chances(cleared, cleared.options) if row.chances is not None else None
    return [_line(i, row, cleared, called, chances) for i in (range(len(called)) if only is None else only)]


def _line(bidder: int, row: Mechanism, cleared: SealedRound, names: Sequence[str], chances: Floats | None) -> str:
    """Why this bidder won or lost, and where its payment comes from."""
    won, name = bool(cleared.allocation[bidder]), names[bidder]
    if np.isnan(cleared.bids[bidder]):
        line = f"{name} made no bid{f' and wins {BY_ITS_RULE}' if won else ''}"
    elif cleared.walked_away is not None and cleared.walked_away[bidder]:
        return f"{name} wins and walks away; pays {written(cleared.payments[bidder])}, its stake"
    elif won:
        standing = _standing if chances is None else _drawn
        line = f"{name} wins: {standing(bidder, cleared)}"
    else:
        line = f"{name} loses: {_reason(bidder, cleared, names, chances is not None)}"
    if chances is not None and cleared.accepted[bidder]:
        line += f" (its chance: {chances[bidder]:.3g})"
    paid = float(cleared.payments[bidder])
    if not (won or paid):
        return line
    return f"{line}; {paid_in_words(paid, cleared.reverse)}, {_source(bidder, row, cleared)}"


def _source(bidder: int, row: Mechanism, cleared: SealedRound) -> str:
    """Where its payment comes from: a bid that the seller placed itself, or what the row says."""
    if cleared.sellers_bid is not None and cleared.sellers_bid == abs(cleared.payments[bidder]):
        return "the seller's own bid"
    return reason(row.sources, cleared, bidder, float(cleared.payments[bidder]))


def _drawn(bidder: int, cleared: SealedRound) -> str:
    return f"the draw fell to its bid {_amount(bidder, cleared)}"


def _standing(bidder: int, cleared: SealedRound) -> str:
    scores = cleared.scores
    rank = int(np.sum(scores > scores[bidder] + SAME)) + 1
    weighted = "" if cleared.plain else "weighted "
    best = "lowest" if cleared.reverse else "highest"
    place = f"{best} {weighted}bid" if rank == 1 else f"rank {rank}, {weighted}bid"
    lottery = ", drawn by lot among equals" if np.any(_equal(bidder, cleared) & (cleared.allocation == 0)) else ""
    return f"{place} {_amount(bidder, cleared)}{lottery}"


def _equal(bidder: int, cleared: SealedRound) -> NDArray[np.bool_]:
    """Whose accepted bids count as much as this one's."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(cleared.scores - cleared.scores[bidder]) <= SAME)


def _amount(bidder: int, cleared: SealedRound) -> str:
    bid, weight = cleared.bids[bidder], cleared.weights[bidder]
    return written(bid) if cleared.plain else f"{written(weight)} x {written(bid)} = {written(weight * bid, 9)}"


def _reason(bidder: int, cleared: SealedRound, names: Sequence[str], drawn: bool) -> str:
    """Why a bidder won nothing."""
    worse = "above" if cleared.reverse else "below"
    if not cleared.accepted[bidder]:
        return f"{written(cleared.bids[bidder])} is {worse} {cleared.limit_name} {written(cleared.limit)}"
    winners = np.flatnonzero(cleared.allocation)
    if not winners.size:
        return "there was no sale"
    scores = cleared.scores
    last = min(winners.tolist(), key=lambda winner: float(scores[winner]))
    if drawn:
        return f"the draw fell to {names[last]}"
    if scores[last] < scores[bidder] - SAME:
        return f"{BY_ITS_RULE}, which gives to {names[last]}"
    if _equal(bidder, cleared)[last]:
        return f"{_amount(bidder, cleared)} equals {names[last]}'s, and the lot fell to that one"
    return f"{_amount(bidder, cleared)} is {worse} {names[last]}'s {_amount(last, cleared)}"

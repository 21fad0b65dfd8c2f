"""One sealed-bid round in words: why each bidder won or lost, and where each payment comes from.

Both `econo-env clear` and the pictures of a round speak through here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.markets.form import BY_ITS_RULE, SAME, Floats
from econo_env.money import written


@dataclass(frozen=True)
class SealedRound:
    """A round that has been cleared.

    Attributes:
        mechanism: The section with the rule's name and parameters.
        bids: Credits, NaN for none, shape (n,).
        weights: Ranking factors, shape (n,).
        allocation: Units won, shape (n,).
        payments: Credits paid, shape (n,); negative where it is received.
        ceiling: In procurement the most that the buyer pays, credits; None in a sale.
        sellers_bid: A bid of the seller's own, credits; None for none.
        walked_away: Who won and lost its stake instead of buying, shape (n,); None where nobody may.
    """

    mechanism: Any
    bids: Floats
    weights: Floats
    allocation: NDArray[np.int64]
    payments: Floats
    ceiling: float | None = None
    sellers_bid: float | None = None
    walked_away: NDArray[np.bool_] | None = None

    @property
    def reverse(self) -> bool:
        """Whether the lowest bid wins and is paid."""
        return self.ceiling is not None

    @property
    def limit(self) -> float:
        """The worst bid that may win: the reserve, or in procurement the ceiling less the reserve."""
        reserve = float(getattr(self.mechanism, "reserve", 0.0))
        return reserve if self.ceiling is None else self.ceiling - reserve

    @property
    def limit_name(self) -> str:
        """What that limit is called."""
        reserve = float(getattr(self.mechanism, "reserve", 0.0))
        return "the reserve" if self.ceiling is None else "the ceiling less the reserve" if reserve else "the ceiling"

    @property
    def scores(self) -> Floats:
        """What bids are ranked by, the highest first; -inf for those that may not win."""
        ranked = -self.bids if self.reverse else self.bids * self.weights
        return np.where(self.accepted, ranked, -np.inf)

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Bids that may win."""
        with np.errstate(invalid="ignore"):
            return self.bids <= self.limit + SAME if self.reverse else self.bids >= self.limit - SAME

    @property
    def contest(self) -> bool:
        """Whether a draw decides, with chances by the bids."""
        return str(self.mechanism.name) == "tullock"

    @property
    def plain(self) -> bool:
        """Whether all weights are 1."""
        return bool(np.all(self.weights == 1.0))


def explained(cleared: SealedRound, only: Sequence[int] | None = None) -> list[str]:
    """One line a bidder, or for `only` some of them."""
    called = [f"bidder_{i}" for i in range(len(cleared.bids))]
    return [_line(i, cleared, called) for i in (range(len(called)) if only is None else only)]


def chances(cleared: SealedRound) -> Floats:
    """Of a contest: each bidder's chance to be drawn, shape (n,); the rule's own formula."""
    efforts = np.where(cleared.accepted, np.nan_to_num(cleared.bids), 0.0) ** cleared.mechanism.power * cleared.weights
    if efforts.sum() == 0.0:
        efforts = cleared.accepted.astype(np.float64)
    return np.asarray(efforts / max(efforts.sum(), 1e-300))


def _line(bidder: int, cleared: SealedRound, names: Sequence[str]) -> str:
    """Why this bidder won or lost, and where its payment comes from."""
    if np.isnan(cleared.bids[bidder]):
        line = f"{names[bidder]} made no bid"
    elif cleared.walked_away is not None and cleared.walked_away[bidder]:
        return f"{names[bidder]} wins and walks away; pays {written(cleared.payments[bidder])}, its stake"
    elif cleared.allocation[bidder]:
        won = f"the draw fell to its bid {_amount(bidder, cleared)}" if cleared.contest else _standing(bidder, cleared)
        line = f"{names[bidder]} wins: {won}"
    else:
        line = f"{names[bidder]} loses: {_reason(bidder, cleared, names)}"
    if cleared.contest and cleared.accepted[bidder]:
        line += f" (its chance: {chances(cleared)[bidder]:.3g})"
    paid = abs(float(cleared.payments[bidder]))
    if not (cleared.allocation[bidder] or paid):
        return line
    matching = [name for name, amount in _sources(bidder, cleared, names) if abs(amount - paid) <= SAME]
    verb = "is paid" if cleared.reverse else "pays"
    return f"{line}; {verb} {written(paid)}, {' and '.join(matching) or BY_ITS_RULE}"


def _standing(bidder: int, cleared: SealedRound) -> str:
    scores = cleared.scores
    rank = int(np.sum(scores > scores[bidder] + SAME)) + 1
    weighted = "" if cleared.plain else "weighted "
    best = "lowest" if cleared.reverse else "highest"
    place = f"{best} {weighted}bid" if rank == 1 else f"rank {rank}, {weighted}bid"
    tied = np.abs(scores - scores[bidder]) <= SAME
    lottery = ", drawn by lot among equals" if np.any(tied & (cleared.allocation == 0)) else ""
    return f"{place} {_amount(bidder, cleared)}{lottery}"


def _amount(bidder: int, cleared: SealedRound) -> str:
    bid, weight = cleared.bids[bidder], cleared.weights[bidder]
    return written(bid) if cleared.plain else f"{written(weight)} x {written(bid)} = {written(weight * bid, 9)}"


def _reason(bidder: int, cleared: SealedRound, names: Sequence[str]) -> str:
    worse = "above" if cleared.reverse else "below"
    if not cleared.accepted[bidder]:
        return f"{written(cleared.bids[bidder])} is {worse} {cleared.limit_name} {written(cleared.limit)}"
    winners = np.flatnonzero(cleared.allocation)
    if not winners.size:
        return "there was no sale"
    scores = cleared.scores
    last = min(winners.tolist(), key=lambda winner: float(scores[winner]))
    if cleared.contest:
        return f"the draw fell to {names[last]}"
    if scores[last] < scores[bidder] - SAME:
        return f"{BY_ITS_RULE}, which gives to {names[last]}"
    if abs(scores[last] - scores[bidder]) <= SAME:
        return f"{_amount(bidder, cleared)} equals {names[last]}'s, and the lot fell to that one"
    return f"{_amount(bidder, cleared)} is {worse} {names[last]}'s {_amount(last, cleared)}"


def _sources(bidder: int, cleared: SealedRound, names: Sequence[str]) -> list[tuple[str, float]]:
    """What a payment may equal: name and amount in credits."""
    own = ("its own bid", float(cleared.bids[bidder]))
    if cleared.sellers_bid is not None and cleared.sellers_bid == abs(cleared.payments[bidder]):
        return [("the seller's own bid", cleared.sellers_bid)]
    if not cleared.allocation[bidder] or cleared.contest:
        return [own]
    limit = (cleared.limit_name, cleared.limit)
    rank = int(getattr(cleared.mechanism, "rank", 2))
    if rank > 2:
        return _of_the_rank(rank, own, limit, cleared)
    sources = [own, limit] if cleared.limit > 0 else [own]
    scores = np.where(cleared.allocation > 0, -np.inf, cleared.scores)
    loser = int(np.argmax(scores))
    if np.isinf(scores[loser]):
        return sources if cleared.limit > 0 else [*sources, ("for there is no losing bid", 0.0)]
    if cleared.plain:
        return [*sources, (f"the best losing bid ({names[loser]})", float(cleared.bids[loser]))]
    weight = cleared.weights[bidder]
    least = np.ceil(round(scores[loser] / weight * 1e6, 3)) / 1e6
    return [
        *sources,
        (
            f"the least bid that still beats {names[loser]}: {written(scores[loser], 9)} / {written(weight)}",
            float(least),
        ),
        (f"{names[loser]}'s weighted bid, undivided", float(scores[loser])),
    ]


def _of_the_rank(
    rank: int, own: tuple[str, float], limit: tuple[str, float], cleared: SealedRound
) -> list[tuple[str, float]]:
    """The bid of the given rank; the limit, where there are fewer; its own bid, above which nothing is charged."""
    order = np.argsort(-cleared.scores, kind="stable")
    if int(cleared.accepted.sum()) < rank:
        return [(f"{limit[0]}, for fewer bids are accepted than the rank", limit[1]), own]
    best = "lowest" if cleared.reverse else "highest"
    return [(f"the {best} bid but {rank - 1}", float(cleared.bids[order[rank - 1]])), own]

"""Rounds that have been cleared, as the reasons of payments and the explanations of markets see them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.reasons import SAME

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Sale:
    """What sealed bids and marginal bids share.

    Attributes:
        options: The rule's parameters.
        ceiling: In procurement the most that the buyer pays for a unit, credits; None in a sale.
    """

    options: BaseModel
    ceiling: float | None

    @property
    def reverse(self) -> bool:
        """Whether the lowest bid wins and is paid."""
        return self.ceiling is not None

    @property
    def limit(self) -> float:
        """The worst bid that may win: the reserve, or in procurement the ceiling less the reserve."""
        reserve = reserve_of(self.options)
        return reserve if self.ceiling is None else self.ceiling - reserve

    @property
    def limit_name(self) -> str:
        """What that limit is called."""
        if self.ceiling is None:
            return "the reserve"
        return "the ceiling less the reserve" if reserve_of(self.options) else "the ceiling"

    def may_win(self, amounts: Floats) -> Bools:
        """Which amounts may win; NaN may not."""
        with np.errstate(invalid="ignore"):
            return amounts <= self.limit + SAME if self.reverse else amounts >= self.limit - SAME


@dataclass(frozen=True)
class SealedRound(Sale):
    """One sealed bid each.

    Attributes:
        bids: Credits, NaN for none, shape (n,).
        weights: Ranking factors, shape (n,).
        allocation: Units won, shape (n,).
        payments: Credits paid, shape (n,); negative where it is received.
        sellers_bid: A bid of the seller's own, credits; None for none.
        walked_away: Who won and lost its stake instead of buying, shape (n,); None where nobody may.
    """

    bids: Floats
    weights: Floats
    allocation: Ints
    payments: Floats
    sellers_bid: float | None = None
    walked_away: Bools | None = None

    @property
    def scores(self) -> Floats:
        """What bids are ranked by, the highest first; -inf for those that may not win."""
        ranked = -self.bids if self.reverse else self.bids * self.weights
        return np.where(self.accepted, ranked, -np.inf)

    @property
    def accepted(self) -> Bools:
        """Bids that may win."""
        return self.may_win(self.bids)

    @property
    def plain(self) -> bool:
        """Whether all weights are 1."""
        return bool(np.all(self.weights == 1.0))

    @property
    def best_loser(self) -> int | None:
        """Who is ranked first among accepted bids that won nothing."""
        scores = np.where(self.allocation != 0, -np.inf, self.scores)
        return None if np.isinf(scores.max(initial=-np.inf)) else int(np.argmax(scores))

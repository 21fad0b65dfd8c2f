"""One scoring auction in words: what each offer scores, who wins, and where the payment comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.markets.form import BY_ITS_RULE
from econo_env.money import written

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoredRound:
    """A purchase that has been made.

    Attributes:
        mechanism: The section with the rule's name and reserve.
        prices: Credits, NaN for no offer, shape (n,).
        qualities: Shape (n,).
        counted: Credits that the announced score counts each quality for, shape (n,).
        allocation: 1 for the winner, shape (n,).
        payments: What suppliers are paid, credits, shape (n,).
    """

    mechanism: Any
    prices: Floats
    qualities: Floats
    counted: Floats
    allocation: NDArray[np.int64]
    payments: Floats

    @property
    def scores(self) -> Floats:
        """What is counted less the price, credits to the micro-credit, -inf without an offer, shape (n,)."""
        return np.where(np.isnan(self.prices), -np.inf, np.round(self.counted - self.prices, 6))


def explained(bought: ScoredRound, only: Sequence[int] | None = None) -> list[str]:
    """One line a supplier, or for `only` some of them."""
    return [_line(i, bought) for i in (range(len(bought.prices)) if only is None else only)]


def _line(i: int, bought: ScoredRound) -> str:
    price, quality, score = float(bought.prices[i]), float(bought.qualities[i]), float(bought.scores[i])
    if np.isnan(price):
        return f"bidder_{i} made no offer"
    reckoned = f"{written(bought.counted[i])} - {written(price)} = {written(score)}"
    said = f"asks {written(price)} for quality {quality:.12g}, a score of {reckoned}"
    if not bought.allocation[i]:
        return f"bidder_{i} loses: {said}, {_why_not(score, bought)}"
    reserve = float(bought.mechanism.reserve)
    others = np.where(np.arange(len(bought.prices)) == i, -np.inf, bought.scores)
    rival, tied = int(np.argmax(others)), ", drawn by lot among equals" if others.max() == score else ""
    line = (
        f"bidder_{i} wins: {said}, the highest{tied}; delivers {quality:.12g} and is paid {written(bought.payments[i])}"
    )
    if bought.mechanism.name == "first_score":
        return f"{line}, its price"
    if bought.mechanism.name != "second_score":
        return f"{line}, {BY_ITS_RULE}"
    if others[rival] < reserve:
        return f"{line}, so that its score falls to the reserve, {written(reserve)}: no rival is accepted"
    return f"{line}, so that its score falls to bidder_{rival}'s {written(others[rival])}"


def _why_not(score: float, bought: ScoredRound) -> str:
    if score < bought.mechanism.reserve:
        return f"below the reserve score {written(bought.mechanism.reserve)}"
    winner = int(np.argmax(bought.allocation))
    if bought.scores[winner] == score:
        return f"as much as bidder_{winner}, on whom the lot fell"
    return f"below bidder_{winner}'s {written(bought.scores[winner])}"

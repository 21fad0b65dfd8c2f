"""One position auction in words: who stands where, and what a click costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.markets.form import BY_ITS_RULE, SAME, Floats
from econo_env.money import written


@dataclass(frozen=True)
class SlotRound:
    """A page that has been sold.

    Attributes:
        mechanism: The section with the rule's name and reserve.
        bids: Credits per click, NaN for none, shape (n,).
        weights: Quality scores, shape (n,).
        click_rates: Expected clicks of each slot, shape (slots,).
        allocation: Slot from 1, 0 for none, shape (n,).
        payments: Credits for the expected clicks, shape (n,).
    """

    mechanism: Any
    bids: Floats
    weights: Floats
    click_rates: Floats
    allocation: NDArray[np.int64]
    payments: Floats

    def follower(self, slot: int) -> int | None:
        """Who comes after a slot, counted from 1: the next slot's occupant, after the last one the best loser."""
        if slot < len(self.click_rates):
            below = np.flatnonzero(self.allocation == slot + 1)
            return int(below[0]) if below.size else None
        out = np.where((self.allocation == 0) & (self.bids >= self.mechanism.reserve), self.bids * self.weights, -1.0)
        return int(np.argmax(out)) if out.max(initial=-1.0) >= 0 else None


def explained(sold: SlotRound, only: Sequence[int] | None = None) -> list[str]:
    """One line a bidder, or for `only` some of them."""
    called = [f"bidder_{i}" for i in range(len(sold.bids))]
    return [_line(i, sold, called) for i in (range(len(called)) if only is None else only)]


def _line(i: int, sold: SlotRound, names: Sequence[str]) -> str:
    bid, reserve, slot = sold.bids[i], float(sold.mechanism.reserve), int(sold.allocation[i])
    if np.isnan(bid):
        return f"{names[i]} made no bid"
    if slot == 0:
        reason = f"is below the reserve {written(reserve)}" if bid < reserve else "ranks below the last slot"
        return f"{names[i]} gets no slot: {written(bid)} {reason}"
    paid, clicks = float(sold.payments[i]), float(sold.click_rates[slot - 1])
    return (
        f"{names[i]} gets slot {slot} with a bid of {written(bid)}; pays {written(paid)} for {clicks:.12g} clicks, "
        f"{written(paid / clicks)} each, {_reason(i, slot, sold, names)}"
    )


def _price_to_stay(i: int, rival: int | None, sold: SlotRound, names: Sequence[str]) -> tuple[float, str]:
    """The least bid of `i` that stands above the rival: as an amount, and in words."""
    reserve = float(sold.mechanism.reserve)
    if rival is None:
        return reserve, f"the reserve {written(reserve)}"
    own, other = sold.weights[i], sold.weights[rival] * sold.bids[rival]
    if other / own < reserve - SAME:
        return reserve, f"the reserve {written(reserve)}"
    if np.all(sold.weights == 1.0):
        return float(sold.bids[rival]), f"{names[rival]}'s bid {written(sold.bids[rival])}"
    return float(other / own), f"{names[rival]}'s weighted bid {written(other, 9)} / {written(own)}"


def _reason(i: int, slot: int, sold: SlotRound, names: Sequence[str]) -> str:
    """Where the price of a click comes from."""
    if sold.mechanism.name == "gsp":
        return f"the least bid that keeps the slot: {_price_to_stay(i, sold.follower(slot), sold, names)[1]}"
    if sold.mechanism.name == "position_first_price":
        return "its own bid"
    if sold.mechanism.name != "position_vcg":
        return BY_ITS_RULE
    terms = []
    for place in range(slot, len(sold.click_rates) + 1):
        further = sold.click_rates[place] if place < len(sold.click_rates) else 0.0
        occupied = place == slot or np.any(sold.allocation == place)
        price = _price_to_stay(i, sold.follower(place) if occupied else None, sold, names)[0]
        here = float(sold.click_rates[place - 1])
        lost = f"({here:.12g} - {further:.12g})" if further else f"{here:.12g}"
        terms.append(f"{lost} x {written(price)}")
    return f"in all what those below lose by its presence: {' + '.join(terms)}"

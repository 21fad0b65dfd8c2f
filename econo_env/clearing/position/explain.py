"""One position auction in words: who stands where, and what a click costs."""

from collections.abc import Sequence

import numpy as np

from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.reasons import BY_ITS_RULE, paid_in_words, reason
from econo_env.mechanisms.rounds import SlotRound
from econo_env.money import written


def explained(row: Mechanism, sold: SlotRound, only: Sequence[int] | None = None) -> list[str]:
    """One line a bidder, or for `only` some of them, of a page that the mechanism of that row has sold."""
    return [_line(i, row, sold) for i in (range(len(sold.bids)) if only is None else only)]


def _line(i: int, row: Mechanism, sold: SlotRound) -> str:
    slot, paid = int(sold.allocation[i]), float(sold.payments[i])
    bid = "no bid" if np.isnan(sold.bids[i]) else f"a bid of {written(sold.bids[i])}"
    if slot:
        clicks = float(sold.click_rates[slot - 1])
        return (
            f"{sold.name_of(i)} gets slot {slot} with {bid}; {paid_in_words(paid)} for {clicks:.12g} clicks, "
            f"{written(abs(paid) / clicks)} each, {reason(row.sources, sold, i, paid)}"
        )
    if np.isnan(sold.bids[i]):
        line = f"{sold.name_of(i)} made no bid"
    else:
        line = f"{sold.name_of(i)} gets no slot: {written(sold.bids[i])} {_why_not(i, sold)}"
    return f"{line}; {paid_in_words(paid)}, {BY_ITS_RULE}" if paid else line


def _why_not(i: int, sold: SlotRound) -> str:
    """Why a bid has no slot."""
    reserve, seated = reserve_of(sold.options), sold.allocation > 0
    if sold.bids[i] < reserve:
        return f"is below the reserve {written(reserve)}"
    full = int(seated.sum()) >= len(sold.click_rates)
    ranks_below = full and bool(np.all(sold.scores[i] <= sold.scores[seated]))
    return "ranks below the last slot" if ranks_below else f"has none {BY_ITS_RULE}"

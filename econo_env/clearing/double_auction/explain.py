"""One two-sided clearing in words: who trades, who does not, where each price comes from, whose books balance."""

from collections.abc import Sequence

import numpy as np

from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.parameters import posted_price_of
from econo_env.mechanisms.reasons import BY_ITS_RULE, SAME, reason
from econo_env.mechanisms.rounds import TwoSidedRound
from econo_env.money import written


def explained(
    row: Mechanism, cleared: TwoSidedRound, names: Sequence[str], only: Sequence[int] | None = None
) -> list[str]:
    """One line a trader, and one about the market maker's books.

    Args:
        row: Of the mechanism.
        cleared: What it decided.
        names: What the traders are called.
        only: The traders to tell of, all by default.
    """
    lines = [_line(i, row, cleared, names) for i in (range(len(names)) if only is None else only)]
    return [*lines, _books(cleared)]


def _line(i: int, row: Mechanism, cleared: TwoSidedRound, names: Sequence[str]) -> str:
    """What a trader offers, whether it trades, and why it pays or gets what it does."""
    side, offer, paid = cleared.side(i), float(cleared.offers[i]), float(cleared.payments[i])
    gets = paid < 0.0 or (paid == 0.0 and side == -1)
    price = f"{'gets' if gets else 'pays'} {written(abs(paid))}"
    said = names[i] if np.isnan(offer) else f"{names[i]} {'bids' if side == 1 else 'asks'} {written(offer)}"
    if cleared.allocation[i]:
        offers = " makes no offer" if np.isnan(offer) else ""
        return f"{said}{offers} and trades: {price}, {reason(row.sources, cleared, i, paid)}"
    line = f"{said} makes no offer" if np.isnan(offer) else f"{said}{_why_not(i, cleared, names)}"
    return f"{line}; {price}, {BY_ITS_RULE}" if paid else line


def _why_not(i: int, cleared: TwoSidedRound, names: Sequence[str]) -> str:
    """Why a trader with an offer does not trade."""
    side, offer, posted = cleared.side(i), float(cleared.offers[i]), posted_price_of(cleared.options)
    if posted is not None and side * offer < side * posted:
        return f", {'below' if side == 1 else 'above'} the posted price, and does not trade"
    last = _last(cleared, side)
    if last is None:
        return ": there is no trade"
    worst = float(cleared.offers[last])
    by_lot = "by lot, " if worst == offer or posted is not None else ""
    if not by_lot and not side * offer < side * worst:
        by_lot = f"{BY_ITS_RULE}, "
    return f" and does not trade: {by_lot}the last to trade is {names[last]} at its offer of {written(worst)}"


def _books(cleared: TwoSidedRound) -> str:
    left, trades = float(cleared.payments.sum()), int((cleared.allocation > 0).sum())
    kept = f"the market maker keeps {written(left)}" if left > SAME else f"a deficit of {written(-left)} is left to pay"
    return f"{trades} {'trade' if trades == 1 else 'trades'}; {'the books balance' if abs(left) <= SAME else kept}"


def _last(cleared: TwoSidedRound, side: int) -> int | None:
    """The trader of a side with the worst offer among those who trade; None where nobody with an offer does."""
    traders = np.flatnonzero((cleared.allocation == side) & ~np.isnan(cleared.offers))
    return int(traders[np.argmin(side * cleared.offers[traders])]) if traders.size else None

"""One combinatorial auction in words: who holds what, and where each payment comes from.

Both `econo-env clear` and the pictures of a round speak through here.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from econo_env.mechanisms.combinatorial.auction import FALLBACK, AuctionOutcome, clear_auction
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.mechanisms.combinatorial.small import LARGEST_SMALL_GAME
from econo_env.money import to_credits, written
from econo_env.valuations.xor_bids import XorBids

Ints = NDArray[np.int64]

MOST_HARMS = 12
"""Bidders up to whom what each takes from the others is worked out: one more auction for each of them."""

_RULES = {
    Payment.vcg.name: "its harm to the others",
    Payment.nearest_vcg.name: "the core payment nearest to VCG",
    Payment.nearest_zero.name: "the core payment nearest to zero",
    Payment.nearest_bid.name: "the core payment nearest to the bids",
    Payment.proxy.name: "where the proxies stopped",
    Payment.first_price.name: "its bid",
    Payment.grand_bundle.name: "the second highest offer for everything",
    FALLBACK: "the least amount that the greedy order still accepts",
}
_WORKED_OUT = (Payment.vcg, Payment.nearest_vcg, Payment.nearest_zero, Payment.nearest_bid, Payment.proxy)


def harms(bids: XorBids, won: Ints) -> list[tuple[float, float]]:
    """For each bidder what the others could have without it and what they have, credits: the difference is VCG.

    Bids count as 0 for the bidder that is left out, so every auction has the same bundles.
    """
    found = []
    for i in range(bids.num_bidders):
        without = replace(bids, amount=np.where(bids.owner == i, 0, bids.amount))
        best = clear_auction(without, Payment.first_price).welfare
        others = sum(int(bids.amount[offer]) for j, offer in enumerate(won) if j != i and offer >= 0)
        found.append((float(to_credits(best)), float(to_credits(others))))
    return found


def explained(outcome: AuctionOutcome, bids: XorBids, items: Sequence[str], names: Sequence[str]) -> list[str]:
    """One line a bidder.

    Args:
        outcome: What was decided.
        bids: The offers, micro-credits.
        items: What each item is called.
        names: What each bidder is called.
    """
    small = bids.num_bidders <= MOST_HARMS and bids.num_items <= LARGEST_SMALL_GAME
    found = harms(bids, outcome.won) if small and outcome.mode in [rule.name for rule in _WORKED_OUT] else []
    lines = []
    for i, name in enumerate(names):
        offer = int(outcome.won[i])
        if offer < 0:
            lines.append(f"{name} loses{_why_not(i, outcome, bids, items, names)}")
            continue
        bid, paid = (float(to_credits(money)) for money in (bids.amount[offer], outcome.payments[i]))
        reason = _reason(outcome.mode, found[i] if found else None)
        lines.append(
            f"{name} wins {bundle_name(bids, offer, items)} with its bid {written(bid)}; pays {written(paid)}, {reason}"
        )
    return lines


def bundle_name(bids: XorBids, offer: int, items: Sequence[str]) -> str:
    """The items of an offer."""
    return " + ".join(items[item] for item in np.flatnonzero(bids.contains[offer]).tolist())


def _why_not(i: int, outcome: AuctionOutcome, bids: XorBids, items: Sequence[str], names: Sequence[str]) -> str:
    """Its best offer, and what those offer who hold items of it."""
    own = slice(int(bids.first[i]), int(bids.first[i + 1]))
    if own.start == own.stop:
        return ": it made no bid"
    best = own.start + int(np.argmax(bids.amount[own]))
    taken = bids.contains[best]
    holders = [k for k in np.flatnonzero(outcome.won >= 0).tolist() if (bids.contains[outcome.won[k]] & taken).any()]
    against = float(to_credits(sum(int(bids.amount[outcome.won[k]]) for k in holders)))
    offer = f": {written(float(to_credits(bids.amount[best])))} for {bundle_name(bids, best, items)}"
    if not holders:
        return offer
    verb = "offers" if len(holders) == 1 else "offer together"
    rivals = " and ".join(names[k] for k in holders)
    return f"{offer}, while {rivals} {verb} {written(against)} for bundles with items of it"


def _reason(mode: str, harm: tuple[float, float] | None) -> str:
    """Where a payment comes from, with the sum behind the VCG payment where it is known."""
    if harm is None:
        return _RULES[mode]
    best, others = harm
    worked_out = f"{written(best)} that the others could have without it less {written(others)} that they have"
    return worked_out if mode == Payment.vcg.name else f"{_RULES[mode]} (VCG: {written(best - others)}, {worked_out})"

"""One combinatorial auction in words: who holds what, and where each payment comes from.

Both `econo-env clear` and the pictures of a round speak through here.
"""

from collections.abc import Sequence

import numpy as np

from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.combinatorial.auction import AuctionOutcome
from econo_env.mechanisms.combinatorial.sources import BundleRound
from econo_env.mechanisms.reasons import BY_ITS_RULE, paid_in_words, reason
from econo_env.money import to_credits, written
from econo_env.valuations.xor_bids import XorBids


def explained(row: Mechanism, cleared: BundleRound, items: Sequence[str], names: Sequence[str]) -> list[str]:
    """One line a bidder.

    Args:
        row: Of the mechanism.
        cleared: What it decided.
        items: What each item is called.
        names: What each bidder is called.
    """
    lines, bids = [], cleared.bids
    for i, name in enumerate(names):
        offer, paid = int(cleared.outcome.won[i]), float(to_credits(cleared.outcome.payments[i]))
        if offer < 0:
            line = f"{name} loses{_why_not(i, cleared.outcome, bids, items, names)}"
            lines.append(f"{line}; {paid_in_words(paid)}, {BY_ITS_RULE}" if paid else line)
            continue
        won = f"{bundle_name(bids, offer, items)} with its bid {written(float(to_credits(bids.amount[offer])))}"
        lines.append(f"{name} wins {won}; {paid_in_words(paid)}, {reason(row.sources, cleared, i, paid)}")
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

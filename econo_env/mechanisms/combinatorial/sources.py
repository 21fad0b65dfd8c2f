"""What payments for bundles can be: what the payment rule says, worked out where that is quick."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from econo_env.mechanisms.combinatorial.auction import FALLBACK, AuctionOutcome, clear_auction
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.mechanisms.combinatorial.small import LARGEST_SMALL_GAME
from econo_env.mechanisms.reasons import Reason
from econo_env.money import to_credits, written
from econo_env.valuations.xor_bids import XorBids

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


@dataclass(frozen=True)
class BundleRound:
    """An auction that has been cleared.

    Attributes:
        outcome: What was decided, in micro-credits.
        bids: The offers, micro-credits.
    """

    outcome: AuctionOutcome
    bids: XorBids

    @cached_property
    def harms(self) -> list[tuple[float, float]]:
        """For each bidder what the others could have without it and what they have, credits: the difference is VCG.

        Bids count as 0 for the bidder that is left out, so every auction has the same bundles.
        """
        found, bids = [], self.bids
        for i in range(bids.num_bidders):
            without = replace(bids, amount=np.where(bids.owner == i, 0, bids.amount))
            best = clear_auction(without, Payment.first_price).welfare
            others = sum(int(bids.amount[offer]) for j, offer in enumerate(self.outcome.won) if j != i and offer >= 0)
            found.append((float(to_credits(best)), float(to_credits(others))))
        return found


def by_the_payment_rule(cleared: BundleRound, bidder: int) -> Reason | None:
    """What the payment rule says of a winner, with the sum behind the VCG payment where it is quick to work out.

    The amount is that of VCG, or of the own bid; of the rules that look for a point of the core it is what they found.
    """
    outcome, bids = cleared.outcome, cleared.bids
    offer = int(outcome.won[bidder])
    if offer < 0 or outcome.mode not in _RULES:
        return None
    words, amount = _RULES[outcome.mode], float(to_credits(outcome.payments[bidder]))
    if outcome.mode == Payment.first_price.name:
        amount = float(to_credits(bids.amount[offer]))
    small = bids.num_bidders <= MOST_HARMS and bids.num_items <= LARGEST_SMALL_GAME
    if not small or outcome.mode not in [rule.name for rule in _WORKED_OUT]:
        return Reason(words, amount)
    best, others = cleared.harms[bidder]
    worked_out = f"{written(best)} that the others could have without it less {written(others)} that they have"
    if outcome.mode == Payment.vcg.name:
        return Reason(worked_out, best - others)
    return Reason(f"{words} (VCG: {written(best - others)}, {worked_out})", amount)

"""One combinatorial round in words, for pictures: who holds what, and where each payment comes from."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from econo_env.mechanisms.combinatorial.auction import clear_auction
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.money import to_credits
from econo_env.valuations.xor_bids import XorBids

Ints = NDArray[np.int64]

MOST_HARMS = 12
"""Bidders up to whom what each takes from the others is worked out: one more auction for each of them."""

_CORE = {
    Payment.nearest_vcg: "the core payment nearest to VCG",
    Payment.nearest_zero: "the core payment nearest to zero",
    Payment.nearest_bid: "the core payment nearest to the bids",
    Payment.proxy: "where the proxies stopped",
}


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


def explained(payment: Payment, bids: XorBids, won: Ints, payments: Ints, bundles: Sequence[str]) -> list[str]:
    """One line a bidder.

    Args:
        payment: The payment rule.
        bids: The offers, micro-credits.
        won: The offer that each bidder wins, -1 for none, shape (n,).
        payments: Micro-credits, shape (n,).
        bundles: The items of each offer by name.
    """
    lines = []
    found = harms(bids, won) if bids.num_bidders <= MOST_HARMS else []
    together = to_credits(sum(int(bids.amount[offer]) for offer in won if offer >= 0))
    for i in range(bids.num_bidders):
        offer, own = int(won[i]), slice(int(bids.first[i]), int(bids.first[i + 1]))
        if offer < 0:
            highest = own.start + int(np.argmax(bids.amount[own]))
            lines.append(
                f"bidder_{i} loses with {to_credits(bids.amount[highest]):.6g} for {bundles[highest]}: the bids that "
                f"win are worth {together:.6g} together"
            )
            continue
        lines.append(
            f"bidder_{i} wins {bundles[offer]} with its bid {to_credits(bids.amount[offer]):.6g}; "
            f"pays {to_credits(payments[i]):.6g}, {_reason(payment, found[i] if found else None)}"
        )
    return lines


def _reason(payment: Payment, harm: tuple[float, float] | None) -> str:
    """Where a payment comes from, with the sum behind the VCG payment where it is known."""
    if payment == Payment.first_price:
        return "its bid"
    if payment == Payment.grand_bundle:
        return "the second highest offer for everything"
    best, others = harm or (0.0, 0.0)
    worked_out = f"{best:.6g} that the others could have without it less {others:.6g} that they have"
    if payment == Payment.vcg:
        return worked_out if harm else "its harm to the others"
    return f"{_CORE[payment]} (VCG: {best - others:.6g}, {worked_out})" if harm else _CORE[payment]

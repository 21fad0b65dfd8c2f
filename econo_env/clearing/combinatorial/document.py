"""One combinatorial clearing from a file, with its explanation.

{mechanism: {name: combinatorial, payment: nearest_vcg}, items: [A, B],
 bids: [{bidder: 1, bundle: [A], amount: 28}, {bidder: 2, bundle: [B], amount: 20}]}

or, with bids from a generator, {mechanism: ..., bids: {generator: regions, items: 25, bids: 200, seed: 0}}.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from econo_env.clearing.combinatorial.explain import explained
from econo_env.clearing.document import Amount, Document, Name, read_document
from econo_env.mechanisms.combinatorial.auction import FALLBACK, AuctionOutcome
from econo_env.mechanisms.combinatorial.row import clear_bundles
from econo_env.mechanisms.combinatorial.sources import BundleRound
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.money import LARGEST_CREDITS, to_credits, to_money
from econo_env.valuations.bundles import generate
from econo_env.valuations.xor_bids import XorBids, xor_bids


class BundleBid(BaseModel):
    """One bid: who, for which items, how much in credits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bidder: Name
    bundle: list[Name] = Field(min_length=1)
    amount: Amount = Field(ge=0.0, le=LARGEST_CREDITS)


class CombinatorialDocument(Document):
    """The keys of a file.

    Attributes:
        items: What is for sale, one name each.
        bids: XOR bids: a bidder wins at most one of its bundles. Instead of a list, a section with a `generator` and
            its keywords; items and bidders then have numbers from 0.
        time_limit: Seconds after which nothing more is proved.
    """

    items: list[Name] = Field(min_length=1)
    bids: list[BundleBid] = Field(min_length=1)
    time_limit: float = Field(10.0, gt=0.0)

    @model_validator(mode="before")
    @classmethod
    def _generated(cls, document: Any) -> Any:
        section = document.get("bids") if isinstance(document, Mapping) else None
        if not isinstance(section, Mapping):
            return document
        if "items" in document:
            raise ValueError("items belong into the section of the generator: {generator: regions, items: 25, ...}")
        bids = generate(section)
        rows = zip(bids.owner.tolist(), bids.contains, to_credits(bids.amount).tolist(), strict=True)
        listed = [{"bidder": i, "bundle": bundle.nonzero()[0].tolist(), "amount": paid} for i, bundle, paid in rows]
        return {**document, "items": list(range(bids.num_items)), "bids": listed}

    @model_validator(mode="after")
    def _items_exist_once(self) -> Self:
        if len(set(self.items)) != len(self.items):
            raise ValueError(f"items {self.items}: name each item once")
        for bid in self.bids:
            unknown = [item for item in bid.bundle if item not in self.items]
            if unknown or len(set(bid.bundle)) != len(bid.bundle):
                raise ValueError(
                    f"bundle {bid.bundle} of bidder {bid.bidder}: name items of {self.items}, each at most once"
                )
        return self

    def bidders(self) -> list[int | str]:
        """Bidders in the order of their first bid."""
        return list(dict.fromkeys(bid.bidder for bid in self.bids))

    def to_bids(self) -> XorBids:
        """The bids in micro-credits, bidders and items by number."""
        number = {bidder: i for i, bidder in enumerate(self.bidders())}
        rows = [
            (number[bid.bidder], [self.items.index(item) for item in bid.bundle], int(to_money(bid.amount)))
            for bid in self.bids
        ]
        return xor_bids(rows, len(self.items), len(number))


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Clears a combinatorial auction from a mapping; see `econo_env.mechanisms.document.clear_document`.

    Winners are named as in the file; `allocation` lists each bidder's items and `payments` each bidder's payment, in
    order of first appearance.
    """
    parsed, row, options = read_document(CombinatorialDocument, document, rounding)
    bids, bidders = parsed.to_bids(), parsed.bidders()
    outcome = clear_bundles(row, options, bids, parsed.time_limit, seed)
    items, called = [str(item) for item in parsed.items], [f"bidder {name}" for name in bidders]
    return Cleared(
        winners=[bidders[i] for i in np.flatnonzero(outcome.won >= 0)],
        allocation=[_items(parsed, bids, int(offer)) for offer in outcome.won],
        payments=to_credits(outcome.payments).tolist(),
        welfare=float(to_credits(outcome.welfare)),
        optimal=float(to_credits(outcome.bound)),
        gap=outcome.gap,
        explanation=[
            *explained(row, BundleRound(outcome, bids), items, called),
            _proof(outcome),
        ],
    )


def _items(parsed: CombinatorialDocument, bids: XorBids, offer: int) -> list[int | str]:
    return [parsed.items[item] for item in np.flatnonzero(bids.contains[offer])] if offer >= 0 else []


def _proof(outcome: AuctionOutcome) -> str:
    if outcome.mode == FALLBACK:
        return (
            "no optimum was proved in time: greedy allocation with critical payments, truthful for bidders who want "
            f"one bundle; at most {outcome.gap:.2%} of the best welfare is lost"
        )
    if outcome.optimal:
        return f"payment rule {outcome.mode}; proved: no allocation of these bids is worth more"
    return f"payment rule {outcome.mode}; at most {outcome.gap:.2%} of the best welfare is lost"

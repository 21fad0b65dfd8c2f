"""What the generators share: rows of a table of generators, and XOR bids bidder by bidder."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from econo_env.money import to_money
from econo_env.valuations.xor_bids import XorBids, undominated, xor_bids

Priced = tuple[Sequence[int], float]
"""Items and credits."""


@dataclass(frozen=True)
class Generator:
    """One row of the table of generators.

    Attributes:
        name: On the command line and in files.
        make: Takes keyword parameters with annotated ranges, one of them `seed`, and returns XOR bids.
        models: What the bids stand for, in one sentence.
        source: Where the distribution is published.
    """

    name: str
    make: Callable[..., XorBids]
    models: str
    source: str


def from_bidders(bidders: Iterable[Sequence[Priced]], num_items: int, num_bids: int | None = None) -> XorBids:
    """Collects bidders' alternatives, undominated, until there are `num_bids` bids in all (None: all bidders').

    Bundles worth nothing are left out, and bidders left without a bundle do not count. The last bidder may lose some
    of its alternatives, so that the number is met exactly.
    """
    rows: list[tuple[int, Sequence[int], int]] = []
    number = 0
    for offers in bidders:
        if num_bids is not None and len(rows) >= num_bids:
            break
        priced = [(0, bundle, int(to_money(amount))) for bundle, amount in offers if amount > 0]
        kept = undominated(xor_bids(priced, num_items, 1)) if priced else ()
        own = [(number, bundle, amount) for (_, bundle, amount), keep in zip(priced, kept, strict=True) if keep]
        rows += own
        number += bool(own)
    rows = rows[:num_bids]
    return xor_bids(rows, num_items, rows[-1][0] + 1 if rows else 0)

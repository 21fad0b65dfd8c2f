"""XOR bids: offers for bundles of items, of which a bidder wins at most one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from econo_env.engine.state import Bools, Int64s


@dataclass(frozen=True, eq=False)  # arrays have no one truth value; scenarios that hold bids compare by their fields
class XorBids:
    """The bids of one auction, sorted by bidder.

    Attributes:
        owner: Bidder of each bid, shape (bids,), not decreasing.
        contains: Whether the bid's bundle holds the item, shape (bids, items).
        amount: Micro-credits from 0, shape (bids,).
        num_bidders: Bidders, with or without bids.
    """

    owner: Int64s
    contains: Bools
    amount: Int64s
    num_bidders: int

    @property
    def num_items(self) -> int:
        """Items for sale."""
        return int(self.contains.shape[1])

    @cached_property
    def masks(self) -> Int64s:
        """Bundles as whole numbers, bit m for item m; for at most 62 items."""
        return self.contains @ (np.int64(1) << np.arange(self.num_items, dtype=np.int64))

    @cached_property
    def first(self) -> Int64s:
        """Number of the first bid of each bidder, shape (bidders + 1,)."""
        return np.searchsorted(self.owner, np.arange(self.num_bidders + 1)).astype(np.int64)

    def keep(self, which: Bools) -> "XorBids":
        """The bids where `which`, shape (bids,), is set."""
        return XorBids(self.owner[which], self.contains[which], self.amount[which], self.num_bidders)


def xor_bids(bids: Iterable[tuple[int, Sequence[int], int]], num_items: int, num_bidders: int) -> XorBids:
    """XOR bids from (bidder, items, micro-credits).

    Raises:
        ValueError: A bidder or item does not exist, a bundle is empty or names an item twice, an amount is negative.
    """
    rows = sorted(bids, key=lambda bid: bid[0])
    contains = np.zeros((len(rows), num_items), dtype=np.bool_)
    for row, (bidder, bundle, amount) in zip(contains, rows, strict=True):
        if not 0 <= bidder < num_bidders:
            raise ValueError(f"bidder {bidder} does not exist: bidders are counted from 0 to {num_bidders - 1}")
        if not bundle or len(set(bundle)) != len(bundle) or not all(0 <= item < num_items for item in bundle):
            raise ValueError(f"bundle {list(bundle)}: name one or more of the items 0 to {num_items - 1}, each once")
        if amount < 0:
            raise ValueError(f"an amount of {amount}: bids are whole micro-credits from 0")
        row[list(bundle)] = True
    return XorBids(
        owner=np.array([bid[0] for bid in rows], dtype=np.int64),
        contains=contains,
        amount=np.array([bid[2] for bid in rows], dtype=np.int64),
        num_bidders=num_bidders,
    )


def undominated(bids: XorBids) -> Bools:
    """Bids worth keeping, shape (bids,): the bidder offers no more, or as much, for no part of the bundle.

    Of equal bids the first is kept. The bids of losers and winners alike may be dropped: no welfare changes.
    """
    keep = np.ones(len(bids.owner), dtype=np.bool_)
    sizes = bids.contains.sum(axis=1)
    for start, end in zip(bids.first[:-1], bids.first[1:], strict=True):
        if end - start < 2:
            continue
        contains, amount, size = bids.contains[start:end], bids.amount[start:end], sizes[start:end]
        overlap = contains.astype(np.int64) @ contains.T.astype(np.int64)
        part = overlap == size[None, :]  # bundle of the column lies inside that of the row
        dear = amount[None, :] >= amount[:, None]
        equal = part & part.T & (amount[None, :] == amount[:, None])
        earlier = np.tri(end - start, k=-1, dtype=np.bool_)
        keep[start:end] = ~((part & dear & ~equal) | (equal & earlier)).any(axis=1)
    return keep

"""Bids grouped by auction, for the checks that look at one auction at a time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from econo_env.valuations.calibration.tables import Flags, Floats, Ints


@dataclass(frozen=True)
class Grouped:
    """Usable bids sorted by auction, in the order of the table within each.

    Attributes:
        bids: Shape (bids,).
        auction: Position of each bid's auction, 0 .. auctions - 1, ascending.
        row: Row of the table of each bid.
    """

    bids: Floats
    auction: Ints
    row: Ints

    @classmethod
    def of(cls, bids: Floats, auction: Ints, row: Ints, keep: Flags) -> "Grouped":
        """Sorts the bids that are True in `keep`."""
        order = np.flatnonzero(keep)
        order = order[np.argsort(auction[order], kind="stable")]
        _, position = np.unique(auction[order], return_inverse=True)
        return cls(bids[order], position.astype(np.int64), row[order])

    @cached_property
    def sizes(self) -> Ints:
        """Bids of each auction."""
        return np.bincount(self.auction).astype(np.int64)

    @cached_property
    def starts(self) -> Ints:
        """Where each auction starts."""
        return np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)

    @cached_property
    def lowest(self) -> Floats:
        """Of each auction."""
        return np.asarray(np.minimum.reduceat(self.bids, self.starts))

    @cached_property
    def highest(self) -> Floats:
        """Of each auction."""
        return np.asarray(np.maximum.reduceat(self.bids, self.starts))

    def varies(self, column: Floats) -> Flags:
        """Auctions in which a column (one entry a bid, in this order) is not the same throughout."""
        same = np.minimum.reduceat(column, self.starts) == np.maximum.reduceat(column, self.starts)
        return np.asarray(~same)

    def rising(self, column: Floats | None = None) -> float:
        """Share of steps within auctions at which bids rise, in the order of a column or of the table; nan if none."""
        bids = self.bids if column is None else self.bids[np.lexsort((column, self.auction))]
        inside = self.auction[1:] == self.auction[:-1]
        steps = np.diff(bids)[inside]
        return float((steps > 0.0).mean()) if steps.size else float("nan")

"""Clean bids, and what was left out of them."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@dataclass(frozen=True)
class Dropped:
    """Auctions left out for one reason, with all their bids.

    Attributes:
        reason: What was wrong with a bid or an auction.
        auctions: How many.
        bids: All bids in them.
        first: The first place where it was so, and what stands there; "" if it is not a matter of one place.
        bias: What leaving them out does to the estimate.
    """

    reason: str
    auctions: int
    bids: int
    first: str = ""
    bias: str = ""

    def __str__(self) -> str:
        first = f" (first: {self.first})" if self.first else ""
        return f"dropped {_many(self.auctions, 'auction')} ({_many(self.bids, 'bid')}): {self.reason}{first}" + (
            f"; {self.bias}" if self.bias else ""
        )


@dataclass(frozen=True)
class Bidders:
    """Who placed each bid.

    Attributes:
        kind: What the names are: `bidder` or `class`.
        names: Of the codes.
        codes: One a bid; -1 where the table names nobody.
    """

    kind: str
    names: tuple[str, ...]
    codes: Ints


@dataclass(frozen=True)
class BidTable:
    """Clean bids, sorted by auction.

    `log_bids`, `auction` and `bidders.codes` have one entry a bid; `num_bidders`, `log_reserve` and the covariates one
    an auction.
    """

    source: str
    rows_read: int
    auctions_read: int
    log_bids: Floats
    auction: Ints
    """Position of the auction of each bid, 0 .. num_auctions - 1."""
    num_bidders: Ints
    procurement: bool = False
    """Whether the lowest bid wins."""
    log_reserve: Floats | None = None
    bidders: Bidders | None = None
    continuous: dict[str, Floats] = field(default_factory=dict)
    discrete: dict[str, Ints] = field(default_factory=dict)
    """Level codes 0 .. levels - 1, in the order of the sorted levels."""
    dropped: tuple[Dropped, ...] = ()
    assumed: tuple[str, ...] = ()
    """How the table was read where it did not say so itself."""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What can be read but may well be wrong, and would bias the estimate."""

    @property
    def num_auctions(self) -> int:
        """Auctions that are kept."""
        return len(self.num_bidders)

    def keep(self, auctions: Flags, reason: str, first: str = "", bias: str = "") -> "BidTable":
        """The same table without the auctions that are False in `auctions`, shape (num_auctions,)."""
        if auctions.all():
            return self
        rows = auctions[self.auction]
        position = np.cumsum(auctions) - 1
        gone = Dropped(reason, int((~auctions).sum()), int((~rows).sum()), first, bias)
        return replace(
            self,
            log_bids=self.log_bids[rows],
            auction=position[self.auction[rows]],
            num_bidders=self.num_bidders[auctions],
            log_reserve=None if self.log_reserve is None else self.log_reserve[auctions],
            bidders=self.bidders and replace(self.bidders, codes=self.bidders.codes[rows]),
            continuous={name: column[auctions] for name, column in self.continuous.items()},
            discrete={name: column[auctions] for name, column in self.discrete.items()},
            dropped=(*self.dropped, gone),
        )

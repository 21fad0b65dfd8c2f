"""Reads a table of bids and keeps the auctions an estimate can use."""

import importlib.metadata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from econo_env.valuations.calibration.options import LARGEST_LEVELS, TIMBER, TIMBER_COLUMNS, TableOptions

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Dropped:
    """Auctions left out for one reason, with all their bids."""

    reason: str
    auctions: int
    bids: int


@dataclass(frozen=True)
class BidTable:
    """Clean bids, sorted by auction.

    `log_bids` and `auction` have one entry a bid; `num_bidders` and the covariates one entry an auction.
    """

    source: str
    rows_read: int
    auctions_read: int
    log_bids: Floats
    auction: Ints
    """Position of the auction of each bid, 0 .. num_auctions - 1."""
    num_bidders: Ints
    continuous: dict[str, Floats] = field(default_factory=dict)
    discrete: dict[str, Ints] = field(default_factory=dict)
    """Level codes 0 .. levels - 1, in the order of the sorted levels."""
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def num_auctions(self) -> int:
        """Auctions that are kept."""
        return len(self.num_bidders)

    def keep(self, auctions: NDArray[np.bool_], reason: str) -> "BidTable":
        """The same table without the auctions that are False in `auctions`, shape (num_auctions,)."""
        if auctions.all():
            return self
        rows = auctions[self.auction]
        position = np.cumsum(auctions) - 1
        return BidTable(
            source=self.source,
            rows_read=self.rows_read,
            auctions_read=self.auctions_read,
            log_bids=self.log_bids[rows],
            auction=position[self.auction[rows]],
            num_bidders=self.num_bidders[auctions],
            continuous={name: column[auctions] for name, column in self.continuous.items()},
            discrete={name: column[auctions] for name, column in self.discrete.items()},
            dropped=(*self.dropped, Dropped(reason, int((~auctions).sum()), int((~rows).sum()))),
            notes=self.notes,
        )


def timber_path() -> Path:
    """The timber bids inside the installed `simple_fpa`, found without importing it (its import fails when fresh).

    Raises:
        ValueError: The distribution is not installed or does not carry the file.
    """
    fix = "install the extra: pip install 'econo-env[timber]'"
    try:
        files = importlib.metadata.files("simple_fpa") or []
    except importlib.metadata.PackageNotFoundError:
        raise ValueError(f"the timber bids come with the distribution simple_fpa, which is absent: {fix}") from None
    for file in files:
        if file.as_posix() == "simple_fpa/data/haile_data.csv":
            path = Path(str(file.locate()))
            if path.is_file():
                return path
    raise ValueError(f"the installed simple_fpa has no file data/haile_data.csv: {fix} (version 1.8)")


def read_bids(bids: str | Path, options: TableOptions | None = None) -> BidTable:
    """Reads a CSV file of bids, one row a bid, or the timber bids.

    Args:
        bids: Path of a CSV file with a header, or the word `timber`.
        options: The columns; by default `auction` and `bid` without covariates, or the timber columns.

    Returns:
        The bids of all usable auctions; `dropped` says what was left out and why.

    Raises:
        ValueError: No such file, no rows, missing columns, or no usable auction.
    """
    import pandas as pd

    timber = str(bids) == TIMBER
    options = options or (TIMBER_COLUMNS if timber else TableOptions())
    path = timber_path() if timber else Path(bids)
    if not path.is_file():
        raise ValueError(f"no file {str(bids)!r}: give the path of a CSV file with one bid a row, or the word {TIMBER}")
    try:
        header = list(pd.read_csv(path, nrows=0).columns)
        missing = [name for name in options.columns if name not in header]
        if missing:
            raise ValueError(
                f"column {missing[0]!r} is not in {str(bids)!r}, whose columns are {', '.join(map(repr, header))}: "
                "name the right one with --auction-column, --bid-column, --continuous or --discrete"
            )
        frame = pd.read_csv(path, usecols=options.columns, low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{str(bids)!r} does not read as a CSV file ({str(error).strip()}): give commas, one header "
            "line, one bid a row"
        ) from None
    return table_from_frame(frame, options, source=str(bids))


def table_from_frame(frame: "pd.DataFrame", options: TableOptions, source: str = "table") -> BidTable:
    """The usable auctions of a table in memory; see `read_bids`."""
    import pandas as pd

    if frame.empty:
        raise ValueError(f"{source!r} has a header but no rows: give at least one bid a row")
    frame = frame.loc[:, options.columns]
    numbers = pd.to_numeric(frame[options.bid_column], errors="coerce").to_numpy(np.float64, copy=True)
    auction, _ = pd.factorize(frame[options.auction_column], sort=False)
    unnamed = auction < 0
    # rows without an auction id belong to no auction; each is set aside as an auction of its own
    auction = np.where(unnamed, auction.max(initial=-1) + np.cumsum(unnamed), auction).astype(np.int64)
    num_bidders = np.bincount(auction)
    order = np.argsort(auction, kind="stable")
    first = order[np.concatenate([[0], np.cumsum(num_bidders)[:-1]])]

    usable = np.isfinite(numbers) & (numbers > 0.0)
    if not usable.any():
        raise ValueError(
            f"no entry of column {options.bid_column!r} of {source!r} is a positive number: bids are amounts above 0; "
            "name the right column with --bid-column"
        )
    table = BidTable(
        source=source,
        rows_read=len(frame),
        auctions_read=int(len(num_bidders) - unnamed.sum()),
        log_bids=np.log(np.where(usable, numbers, 1.0))[order],
        auction=auction[order],
        num_bidders=num_bidders.astype(np.int64),
        notes=_copies(frame, options, source),
    )
    reasons = {
        "no auction id": unnamed,
        "a bid that is missing or not a number": np.isnan(numbers),
        "an infinite bid": np.isinf(numbers),
        "a bid of 0 or less": np.isfinite(numbers) & (numbers <= 0.0),
    }
    good = {reason: np.bincount(auction, weights=bad) == 0 for reason, bad in reasons.items()}
    good["one bid only"] = num_bidders > 1
    continuous, discrete = _covariates(frame, options, auction, first, good)
    table = BidTable(**{**table.__dict__, "continuous": continuous, "discrete": discrete})
    left = np.ones(len(num_bidders), dtype=np.bool_)
    for reason, keep in good.items():
        table = table.keep(keep[left], reason)
        left &= keep
        if not left.any():
            what = "; ".join(f"{d.reason}: {d.auctions} auctions" for d in table.dropped)
            raise ValueError(
                f"no auction of {source!r} can be used ({what}): give auctions of two or more positive bids"
            )
    return table


def _copies(frame: "pd.DataFrame", options: TableOptions, source: str) -> tuple[str, ...]:
    """Says how many bids repeat another; raises if the whole table is there several times."""
    times = frame.groupby([options.auction_column, options.bid_column]).size().to_numpy()
    every = int(np.gcd.reduce(times)) if len(times) else 1
    if every > 1:
        raise ValueError(
            f"every auction and bid of {source!r} stands there {every} times or a multiple of it: give every bid once"
        )
    ties = int((times - 1).sum())
    return (f"{ties} bids equal another bid of the same auction; they are kept as ties",) if ties else ()


def _covariates(
    frame: "pd.DataFrame", options: TableOptions, auction: Ints, first: Ints, good: dict[str, NDArray[np.bool_]]
) -> tuple[dict[str, Floats], dict[str, Ints]]:
    """One value an auction for each covariate; adds to `good` which auctions have a usable one."""
    import pandas as pd

    continuous: dict[str, Floats] = {}
    discrete: dict[str, Ints] = {}
    for name in options.continuous:
        column = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64)
        _same_within_auctions(name, column, auction, first)
        positive = np.isfinite(column[first]) & (column[first] > 0.0)
        if 2 * positive.sum() < len(first):
            raise ValueError(
                f"column {name!r} is a positive number in only {positive.sum()} of {len(first)} auctions, and "
                "continuous covariates enter as logs: give it with --discrete or leave it out"
            )
        good[f"{name} that is missing, 0 or less"] = positive
        continuous[name] = np.where(positive, column[first], 1.0)
    for name in options.discrete:
        codes, levels = pd.factorize(frame[name], sort=True)
        codes = codes.astype(np.int64)
        if len(levels) > LARGEST_LEVELS:
            raise ValueError(
                f"column {name!r} has {len(levels)} different entries, and a discrete covariate may have "
                f"{LARGEST_LEVELS}: group its entries or give it with --continuous"
            )
        _same_within_auctions(name, codes.astype(np.float64), auction, first)
        good[f"{name} that is missing"] = codes[first] >= 0
        discrete[name] = np.maximum(codes[first], 0)
    return continuous, discrete


def _same_within_auctions(name: str, column: Floats, auction: Ints, first: Ints) -> None:
    reference = column[first][auction]
    differs = (column != reference) & ~(np.isnan(column) & np.isnan(reference))
    if differs.any():
        raise ValueError(
            f"column {name!r} differs between the bids of one auction in {len(np.unique(auction[differs]))} auctions, "
            "and a covariate describes the auction: leave it out, or check --auction-column"
        )

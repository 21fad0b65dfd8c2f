"""From the bids of a table to the auctions that an estimate can use; what is left out is counted, shown and judged."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from econo_env.valuations.calibration.amounts import Place
from econo_env.valuations.calibration.hints import in_offers
from econo_env.valuations.calibration.labels import read_labels
from econo_env.valuations.calibration.oddities import in_auctions
from econo_env.valuations.calibration.offers import Offers, offers_of
from econo_env.valuations.calibration.options import LARGEST_LEVELS, TableOptions
from econo_env.valuations.calibration.tables import Bidders, BidTable, Flags, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

TENTH = 0.1
"""Unreadable numbers may cost less than this share of the table."""

MISSING_REASON = "a bid that is missing"
ZERO_REASON = "a bid of 0 or less"
_AWAY = {
    MISSING_REASON: "; if a blank is a bidder that stayed away, delete its row",
    ZERO_REASON: "; if 0 is a bidder that stayed away, delete its row, in a wide table leave the cell blank",
}
_BY_CHANCE = "no bias if that is so by chance, whatever the bid"
UNREADABLE_REASON = "a bid that is not a number"
ONE_BID_REASON = "one bid only"


def table_from_frame(
    frame: "pd.DataFrame", options: TableOptions, source: str = "table", place: Place | None = None
) -> BidTable:
    """The usable auctions of a table in memory.

    Args:
        frame: One row a bid, or with `bid_columns` one row an auction; numbers, or text as people write it.
        options: What the columns mean.
        source: Name for messages.
        place: Where each row stands; by default its number, from 0.

    Raises:
        ValueError: Missing columns, no usable auction, a tenth of the table lost to unreadable numbers, numbers that
            can be read in two ways, or a column that cannot be what it is said to be.
    """
    if frame.empty:
        raise ValueError(f"{source!r} has a header but no rows: give at least one bid a row")
    offers = offers_of(frame, options, source, place or Place("row", np.arange(len(frame))))
    if not len(offers.row):
        raise ValueError(f"no column of bids of {source!r} holds an amount: give bids as numbers above 0")
    values = offers.amounts.values
    usable = np.isfinite(values) & (values > 0.0)
    if not usable.any():
        first = offers.where(0)
        raise ValueError(
            f"no entry of column {options.bid_column!r} of {source!r} is a positive number (first: {first}): bids are "
            "amounts above 0; name the right column with --bid-column"
        )
    rows_read = len(offers.row)
    warnings = in_offers(offers, options, source)
    offers, raised = _best_of_each_bidder(offers, options, usable)
    return _cleaned(offers, options, source, rows_read, (*offers.warnings, *warnings, *raised))


def _best_of_each_bidder(offers: Offers, options: TableOptions, usable: Flags) -> tuple[Offers, tuple[str, ...]]:
    """Of several bids of a bidder in an auction the best: the highest, in procurement the lowest."""
    if options.bidder_column is None or offers.bidders is None:
        return offers, ()
    named = usable & (offers.bidders.codes >= 0) & (offers.auction.codes >= 0)
    entries = np.flatnonzero(named)
    strength = offers.amounts.values[entries] * (-1.0 if options.procurement else 1.0)
    pair = offers.auction.codes[entries] * len(offers.bidders.names) + offers.bidders.codes[entries]
    order = np.lexsort((strength, pair))
    last = np.append(pair[order][1:] != pair[order][:-1], True)
    keep = ~named
    keep[entries[order[last]]] = True
    gone = int((~keep).sum())
    warnings = []
    nameless = int((usable & (offers.bidders.codes < 0)).sum())
    if nameless:
        warnings.append(f"{nameless} bids name no bidder in {options.bidder_column!r}: each counts as a bidder's own")
    if gone:
        best, raised = ("lowest", "lowered") if options.procurement else ("highest", "raised")
        warnings.append(
            f"{gone:,} of {len(keep):,} bids were {raised} later by the same bidder: the {best} of each bidder counts. "
            "Where bidders see each other's bids (an open auction, a proxy on an auction site) they do not bid as in a "
            "sealed first-price auction, and the values found are then wrong by what the last bids fall short of them"
        )
    return offers.keep(keep), tuple(warnings)


def _cleaned(offers: Offers, options: TableOptions, source: str, rows_read: int, warnings: tuple[str, ...]) -> BidTable:
    """Bids sorted by auction, without the auctions that cannot be used."""
    values, codes = offers.amounts.values, offers.auction.codes
    unnamed = codes < 0
    # bids without an auction id belong to no auction; each is set aside as an auction of its own
    _, auction = np.unique(
        np.where(unnamed, len(offers.auction.names) + np.cumsum(unnamed), codes), return_inverse=True
    )
    auction = auction.astype(np.int64)
    num_bidders = np.bincount(auction)
    order = np.argsort(auction, kind="stable")
    first = order[np.concatenate([[0], np.cumsum(num_bidders)[:-1]])]
    usable = np.isfinite(values) & (values > 0.0)
    reserve = _reserve(offers, options, auction, first)
    reasons = {
        "no auction id": (unnamed, "no bias if ids are lost by chance"),
        MISSING_REASON: (offers.amounts.missing, _BY_CHANCE),
        UNREADABLE_REASON: (offers.amounts.unreadable, _BY_CHANCE),
        "an infinite bid": (np.isinf(values), _BY_CHANCE),
        ZERO_REASON: (np.isfinite(values) & (values <= 0.0), _BY_CHANCE),
    }
    if reserve is not None:
        out_of_reach = _out_of_reach(values, np.exp(reserve)[auction], options.procurement) & usable
        side = "above the ceiling" if options.procurement else "below the reserve"
        reasons[f"a bid {side}"] = (
            out_of_reach,
            "such a bid cannot win, so the reserve given is not the one that bound",
        )
    good = {reason: np.bincount(auction, weights=bad) == 0 for reason, (bad, _) in reasons.items()}
    if reserve is None:
        good[ONE_BID_REASON] = num_bidders > 1
    else:
        good[f"{options.reserve_column} that is missing, 0 or less"] = np.isfinite(reserve)
    row = offers.row[first]
    continuous, discrete = _covariates(offers, options, auction, row, good)
    table = BidTable(
        source=source,
        rows_read=rows_read,
        auctions_read=int(len(num_bidders) - unnamed.sum()),
        log_bids=np.log(np.where(usable, values, 1.0))[order],
        auction=auction[order],
        num_bidders=num_bidders.astype(np.int64),
        procurement=options.procurement,
        log_reserve=reserve,
        bidders=_bidders(offers, order),
        continuous=continuous,
        discrete=discrete,
        assumed=offers.assumed,
    )
    notes, more = in_auctions(table, offers, order, usable[order], options)
    table = replace(table, notes=(*offers.notes, *notes), warnings=(*warnings, *more))
    left = np.ones(len(num_bidders), dtype=np.bool_)
    for reason, keep in good.items():
        bad, bias = reasons.get(reason, (None, _bias_of(reason)))
        entry = None if bad is None or not bad.any() else int(np.flatnonzero(bad)[0])
        if reason == UNREADABLE_REASON and bad is not None and entry is not None:
            _less_than_a_tenth(offers, entry, bad, int((~keep[auction]).sum()), options)
        table = table.keep(keep[left], reason, "" if entry is None else offers.where(entry), bias)
        left &= keep
        if not left.any():
            raise ValueError(_none_left(table))
    lost = [_lost(table, good, reason, offers.amounts.values, auction, usable) for reason in good if reason in reasons]
    return replace(table, warnings=(*table.warnings, *(said for said in lost if said)))


def _none_left(table: BidTable) -> str:
    what = "; ".join(f"{d.reason}: {d.auctions} auctions" for d in table.dropped)
    alone = any(d.reason == ONE_BID_REASON for d in table.dropped)
    more = ", all bids of each and not only the winning one" if alone else ""
    return f"no auction of {table.source!r} can be used ({what}): give auctions of two or more positive bids{more}"


def _bias_of(reason: str) -> str:
    if reason == ONE_BID_REASON:
        return (
            "no bias for auctions of two or more bids; "
            "if a reserve kept rivals away, values are biased without --reserve"
        )
    return _BY_CHANCE.replace("the bid", "the value")


def _less_than_a_tenth(offers: Offers, entry: int, bad: Flags, lost: int, options: TableOptions) -> None:
    share = max(lost, int(bad.sum())) / len(bad)
    if share >= TENTH:
        name = "the columns of bids" if options.bid_columns else f"column {options.bid_column!r}"
        raise ValueError(
            f"{name} hold{'' if options.bid_columns else 's'} no number in {int(bad.sum())} of {len(bad)} bids, first "
            f"{offers.where(entry)}, and leaving their auctions out would cost {share:.0%} of the table, a tenth or "
            f"more: correct them, {'leave those cells blank' if options.bid_columns else 'delete those rows'}, or "
            "say how "
            "numbers are written with --decimal and --thousands"
        )


def _lost(
    table: BidTable, good: dict[str, Flags], reason: str, values: Floats, auction: Ints, usable: Flags
) -> str | None:
    """A warning where the auctions dropped for a reason are many, or their other bids unlike those that are kept."""
    gone = ~good[reason][auction]
    share = gone.sum() / len(gone)
    if not gone.any():
        return None
    inside, kept = values[gone & usable], values[~gone & usable]
    if reason not in {"no auction id"} and len(inside) >= 8 and len(kept) >= 8:
        from scipy.stats import mannwhitneyu

        p = float(mannwhitneyu(inside, kept).pvalue)
        ratio = float(np.median(inside) / np.median(kept))
        if p < 0.001 and not 0.9 < ratio < 1.1:
            way = "upward" if (ratio < 1.0) else "downward"
            return (
                f"auctions dropped for {reason} are not like the others: their readable bids have a median "
                f"{abs(ratio - 1.0):.0%} {'below' if ratio < 1.0 else 'above'} the rest (p < 0.001), so the estimate "
                "is "
                f"biased {way}"
            )
    if share >= TENTH:
        blank = _AWAY.get(reason, "")
        return f"{share:.0%} of the bids stand in auctions dropped for {reason}: what is left may be biased{blank}"
    return None


def _bidders(offers: Offers, order: Ints) -> Bidders | None:
    """Classes if they are given, else bidders."""
    for kind, labels in (("class", offers.classes), ("bidder", offers.bidders)):
        if labels is not None:
            return Bidders(kind, labels.names, labels.codes[order])
    return None


def _out_of_reach(values: Floats, reserve: Floats, procurement: bool) -> Flags:
    """Bids beyond the reserve, rounding of the file aside."""
    with np.errstate(invalid="ignore"):
        out: Flags = values > reserve * (1.0 + 1e-9) if procurement else values < reserve * (1.0 - 1e-9)
    return out


def _reserve(offers: Offers, options: TableOptions, auction: Ints, first: Ints) -> Floats | None:
    """Log of each auction's reserve; nan where it has none."""
    if options.reserve is None:
        return None
    if isinstance(options.reserve, float):
        return np.full(len(first), np.log(options.reserve))
    column = offers.more[options.reserve][offers.row]
    _same_within_auctions(options.reserve, column, auction, first)
    known = column[first]
    if not np.any(known > 0.0):
        raise ValueError(
            f"column {options.reserve!r} holds no amount above 0: name the column of reserves, or give an amount"
        )
    return np.log(np.where(known > 0.0, known, np.nan))


def _covariates(
    offers: Offers, options: TableOptions, auction: Ints, row: Ints, good: dict[str, Flags]
) -> tuple[dict[str, Floats], dict[str, Ints]]:
    """One value an auction for each covariate; adds to `good` which auctions have a usable one."""
    continuous: dict[str, Floats] = {}
    discrete: dict[str, Ints] = {}
    first = np.unique(auction, return_index=True)[1]
    for name in options.continuous:
        column = offers.more[name]
        _same_within_auctions(name, column[offers.row], auction, first)
        positive = np.isfinite(column[row]) & (column[row] > 0.0)
        if 2 * positive.sum() < len(row):
            raise ValueError(
                f"column {name!r} is a positive number in only {positive.sum()} of {len(row)} auctions, and "
                "continuous covariates enter as logs: give it with --discrete or leave it out"
            )
        good[f"{name} that is missing, 0 or less"] = positive
        continuous[name] = np.where(positive, column[row], 1.0)
    for name in options.discrete:
        labels = read_labels(offers.frame[name], name, ordered=True)
        if len(labels.names) > LARGEST_LEVELS:
            raise ValueError(
                f"column {name!r} has {len(labels.names)} different entries, and a discrete covariate may have "
                f"{LARGEST_LEVELS}: group its entries or give it with --continuous"
            )
        _same_within_auctions(name, labels.codes[offers.row].astype(np.float64), auction, first)
        good[f"{name} that is missing"] = labels.codes[row] >= 0
        discrete[name] = np.maximum(labels.codes[row], 0)
    return continuous, discrete


def _same_within_auctions(name: str, column: Floats, auction: Ints, first: Ints) -> None:
    reference = column[first][auction]
    differs = (column != reference) & ~(np.isnan(column) & np.isnan(reference))
    if differs.any():
        raise ValueError(
            f"column {name!r} differs between the bids of one auction in {len(np.unique(auction[differs]))} auctions, "
            "and it describes the auction: leave it out, or check --auction-column"
        )

"""What the amounts themselves say against the way a table is read: copies, sums, ranks, thousands beside units."""

from typing import Any

import numpy as np

from econo_env.valuations.calibration.grouping import Grouped
from econo_env.valuations.calibration.offers import Offers
from econo_env.valuations.calibration.options import TableOptions
from econo_env.valuations.calibration.tables import BidTable, Flags, Ints

LARGE_AUCTION = 30


def in_auctions(
    table: BidTable, offers: Offers, order: Ints, usable: Flags, options: TableOptions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Notes and warnings on the amounts of a table, before any auction is dropped.

    Args:
        table: Bids sorted by auction.
        offers: The same bids as the table holds them.
        order: The offer of each bid of `table`.
        usable: Which bids of `table` are amounts above 0.
        options: What the columns are said to mean.

    Raises:
        ValueError: The column of bids holds no bids but copies, ranks or one figure an auction.
    """
    grouped = Grouped.of(offers.amounts.values[order], table.auction, offers.row[order], usable)
    notes, copied = _copies(grouped, table, options)
    many = grouped.sizes > 1
    warnings = [*copied]
    if many.any():
        _no_ranks(grouped, table.source, options)
        warnings += [*_sums(grouped), *_factors(grouped, offers), *_groups(grouped), *_years(grouped)]
    alone = float((~many).mean())
    if options.reserve is None and alone > 0.2 and many.any():
        warnings.append(
            f"{alone:.0%} of the auctions have one bid only: if rivals were kept away by a reserve give --reserve; "
            "if the "
            "table lists winners only, nothing can be found from it"
        )
    typical = float(np.median(grouped.sizes))
    if typical > LARGE_AUCTION:
        warnings.append(
            f"an auction has {typical:.0f} bids by {options.auction_column!r} on average: check that it tells "
            "auctions apart"
        )
    return tuple(notes), tuple(warnings)


def _copies(grouped: Grouped, table: BidTable, options: TableOptions) -> tuple[list[str], list[str]]:
    """Says how many bids repeat another; raises if the whole table is there several times."""
    order = np.lexsort((grouped.bids, grouped.auction))
    auction, bids = grouped.auction[order], grouped.bids[order]
    new = np.append(True, (auction[1:] != auction[:-1]) | (bids[1:] != bids[:-1]))
    times, kinds = np.diff(np.append(np.flatnonzero(new), len(bids))), auction[new]
    every = int(np.gcd.reduce(times))
    distinct = np.bincount(kinds)
    if every > 1:
        raise ValueError(
            f"every auction and bid of {table.source!r} stands there {every} times or a multiple of it: give every "
            "bid once"
        )
    many = grouped.sizes > 1
    constant = many & (distinct == 1)
    ties = int((times - 1).sum())
    notes = [f"{ties} bids equal another bid of the same auction; they are kept as ties"] if ties else []
    warnings = []
    share = float(constant.sum() / max(many.sum(), 1))
    if share >= 0.5 and many.sum() >= 2:
        raise ValueError(
            f"all bids of an auction are equal in {int(constant.sum())} of {int(many.sum())} auctions of "
            f"{table.source!r}: "
            "the column describes the auction (its price, its reserve); name the column of single bids with "
            "--bid-column"
        )
    if share > 0.1:
        warnings.append(
            f"all bids of an auction are equal in {share:.0%} of auctions: if the amount is the auction's and not the "
            "bidder's, give the column of single bids"
        )
    repeated = np.gcd.reduceat(times, np.searchsorted(kinds, np.arange(len(distinct))))
    doubled = (repeated > 1) & (distinct > 1)
    if doubled.any():
        warnings.append(
            f"in {int(doubled.sum())} auctions every bid stands there several times, as if their rows were copied: "
            "give "
            "every bid once, or the number of bidders is wrong"
        )
    return notes, warnings


def _no_ranks(grouped: Grouped, source: str, options: TableOptions) -> None:
    """Raises if the bids of every auction are 1, 2, ..., n."""
    many = grouped.sizes > 1
    expected = grouped.sizes * (grouped.sizes + 1) / 2.0
    sums, squares = (np.bincount(grouped.auction, weights=grouped.bids**k) for k in (1, 2))
    ranks = (
        (sums == expected) & (squares == expected * (2 * grouped.sizes + 1) / 3.0) & (grouped.highest == grouped.sizes)
    )
    if ranks[many].mean() > 0.9 and many.sum() >= 3:
        raise ValueError(
            f"column {options.bid_column!r} of {source!r} numbers the bids of each auction 1, 2, ...: it is a rank; "
            "name the "
            "column of amounts with --bid-column"
        )


def _sums(grouped: Grouped) -> list[str]:
    """Warns where the highest bid is the sum of the others in many auctions of three or more."""
    large = grouped.sizes > 2
    if not large.any():
        return []
    sums = np.bincount(grouped.auction, weights=grouped.bids)
    total = large & (np.abs(sums - 2.0 * grouped.highest) <= 1e-9 * sums)
    if total.sum() >= 3 and total.sum() > 0.1 * large.sum():
        return [
            f"in {int(total.sum())} of {int(large.sum())} auctions the highest bid is the sum of the others, as in a "
            "row of "
            "totals: delete such rows"
        ]
    return []


def _factors(grouped: Grouped, offers: Offers) -> list[str]:
    """Warns of bids a hundred or a thousand times off the others of their auction."""
    logs = np.log(grouped.bids)
    order = np.lexsort((logs, grouped.auction))
    middle = logs[order][grouped.starts + grouped.sizes // 2][grouped.auction]
    lower = logs[order][grouped.starts + (grouped.sizes - 1) // 2][grouped.auction]
    # from the nearer of the two middle bids, so that one wild bid of two is seen and the other is not
    far = np.minimum(np.abs(logs - middle), np.abs(logs - lower)) if grouped.sizes.max() > 2 else np.abs(logs - middle)
    for factor in (1000.0, 100.0):
        off = np.abs(far - np.log(factor)) < np.log(3.0)
        # what lies between the usual and the odd is no slip of a digit but a wide distribution
        if off.any() and np.quantile(far[~off], 0.995) < np.log(factor / 6.0):
            first = offers.place(int(grouped.row[int(np.argmax(off))]))
            bids = "bid lies" if off.sum() == 1 else "bids lie"
            return [
                f"{int(off.sum())} {bids} about {factor:g} times above or below the others of the auction (first: "
                f"{first}): "
                "check for amounts in thousands, cents, or a lost decimal mark"
            ]
    return []


def _groups(grouped: Grouped) -> list[str]:
    """Warns where the bids fall into two groups with a wide gap and nothing between."""
    logs = np.sort(np.log(grouped.bids))
    least = max(3, int(0.01 * len(logs)))
    gaps = np.diff(logs)[least - 1 : len(logs) - least]
    if not gaps.size:
        return []
    at = int(np.argmax(gaps))
    below = at + least
    if gaps[at] > np.log(8.0) and len(logs) >= 20:
        return [
            f"{below} bids are {np.exp(logs[below - 1]):.6g} or less, {len(logs) - below} are "
            f"{np.exp(logs[below]):.6g} or "
            "more, and none lies between: amounts in thousands beside whole ones, two currencies, or two kinds of "
            "goods?"
        ]
    return []


def _years(grouped: Grouped) -> list[str]:
    bids: Any = grouped.bids
    if len(bids) >= 10 and np.all((bids >= 1900) & (bids <= 2100) & (bids == np.floor(bids))) and np.ptp(bids) < 100:
        return ["all bids are whole numbers from 1900 to 2100, as years are: check --bid-column"]
    return []

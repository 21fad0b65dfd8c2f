"""What the other columns of a table say against the way it is read.

A table of procurement read as a sale, a history of raises read as sealed bids, a reserve that nobody named: all are
readable, and all give wrong values. Columns are known by their names and by what they hold.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from econo_env.valuations.calibration.amounts import WRITINGS, Column
from econo_env.valuations.calibration.grouping import Grouped
from econo_env.valuations.calibration.labels import as_text, look_alikes, read_labels, strange_ids
from econo_env.valuations.calibration.offers import Offers
from econo_env.valuations.calibration.options import TableOptions
from econo_env.valuations.calibration.tables import Flags, Floats, Ints

if TYPE_CHECKING:
    import pandas as pd


def _words(text: str) -> re.Pattern[str]:
    return re.compile(rf"({text})", re.IGNORECASE)


_WINNER = _words(
    "win|won|award|success|selected|accepted|zuschlag|adjudic|attribu|ganador|rank|rang|status|result|outcome"
)
_PRICE = _words("win|award|final|hammer|sold|paid|contract|zuschlag|price")
_BIDDER = _words(
    "bidder|supplier|vendor|company|firm|tenderer|buyer|user|participant|contractor|bieter|lieferant|soumission|"
    "candidat|entreprise|licitador|proveedor|empresa|fornitore|impresa|customer|account"
)
_TIME = _words("time|date|stamp|zeit|datum|fecha|heure")
_RESERVE = _words("reserve|minimum|upset|starting|opening|floor|advert|apprais|estimat|ceiling|maximum|budget|mindest")
_COUNT = _words(
    r"(num|nb|count|anzahl|number).*(bid|offer|tender|gebot|angebot)|^n_?(bid|offer|tender)|(bids|offers)_received"
)
_CURRENCY = _words("currency|^curr?$|währung|waehrung|devise|moneda|valuta")
_PROCUREMENT = _words(
    "supplier|tender|contractor|procure|cpv|vendor|lieferant|soumission|proveedor|fornitore|appalto|vergabe|contracting"
)
_YES = frozenset(
    {"1", "1.0", "true", "yes", "y", "x", "t", "won", "win", "winner", "awarded", "successful", "selected", "accepted"}
    | {"ja", "oui", "si", "sí"}
)
_NO = frozenset(
    {"", "0", "0.0", "false", "no", "n", "f", "lost", "lose", "loser", "unsuccessful", "rejected", "not awarded", "-"}
    | {"nein", "non"}
)
_FEWEST = 3
"""Auctions that must say the same before it is said."""


def in_offers(offers: Offers, options: TableOptions, source: str) -> tuple[str, ...]:
    """Warnings of a table that can be read and may well be wrong.

    Args:
        offers: All its bids.
        options: What its columns are said to mean.
        source: For messages.

    Raises:
        ValueError: Bids in several currencies.
    """
    frame, values = offers.frame, offers.amounts.values
    usable = np.isfinite(values) & (values > 0.0) & (offers.auction.codes >= 0)
    grouped = Grouped.of(values, offers.auction.codes, offers.row, usable)
    warnings = [*strange_ids(offers.auction.names, "auction id"), *look_alikes(offers.auction.names, "auction ids")]
    if offers.bidders is not None and options.bidder_column:
        warnings += look_alikes(offers.bidders.names, "bidders")
    if not grouped.bids.size:
        return tuple(warnings)
    used = set(options.columns) | {name for name in frame.columns if offers.bidders and name in offers.bidders.names}
    free = [str(name) for name in frame.columns if name not in used]
    winner = list(_winner(frame, free, grouped, options.procurement))
    warnings += winner
    if not winner and not options.procurement and not _flagged_best(frame, free, grouped):
        warnings += _vocabulary([str(name) for name in frame.columns])
    if not options.bid_columns:
        warnings += _copied_rows(frame, free, grouped, offers)
        if options.bidder_column is None:
            warnings += _bidders(frame, free, grouped)
        warnings += _history(frame, free, grouped, options)
    if options.reserve is None:
        warnings += _reserve(frame, [*free, *options.continuous], grouped, options.procurement)
    warnings += _count(frame, free, grouped)
    _one_currency(frame, free, grouped, source)
    return tuple(warnings)


def _numbers(column: "pd.Series[Any]") -> Floats:
    """A column as numbers in the way of writing that reads the most cells."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        return np.asarray(column.to_numpy(np.float64, na_value=np.nan))
    cells = Column(str(column.name), np.array(as_text(column), dtype=object))
    shapes = cells.shapes.values()
    best = max(WRITINGS, key=lambda way: sum(times for body, times in shapes if way.read(body) is not None))
    return cells.numbers(best).values


def _flags(column: "pd.Series[Any]", name: str) -> Flags | None:
    """Rows that a column marks as the winner's; None if it marks none that way."""
    text = [cell.lower() for cell in as_text(column)]
    levels = set(text)
    if levels & _YES and levels & _NO and levels <= _YES | _NO:
        return np.array([cell in _YES for cell in text], dtype=np.bool_)
    if re.search("rank|rang", name, re.IGNORECASE):
        first: Flags = _numbers(column) == 1.0
        return first
    return None


def _winner(frame: "pd.DataFrame", free: list[str], grouped: Grouped, procurement: bool) -> Iterator[str]:
    """Warns where the winners that a column names are not those that are assumed."""
    assumed, other = ("lowest", "highest") if procurement else ("highest", "lowest")
    fix = "leave --procurement out" if procurement else "give --procurement"
    for name, low, high, auctions in _marked(frame, free, grouped):
        right, wrong = (low, high) if procurement else (high, low)
        if auctions < _FEWEST:
            continue
        if wrong > right:
            yield (
                f"column {name!r} marks the {other} bid as the winner's in {wrong:.0%} of {auctions} auctions, while "
                "the "
                f"{assumed} bid is taken to win: {fix}, or every value is on the wrong side of its bid"
            )
        elif right < 0.9:
            yield (
                f"column {name!r} marks another bid than the {assumed} as the winner's in {1.0 - right:.0%} of "
                f"{auctions} "
                "auctions: where more than the price decides, the values found are wrong"
            )


def _flagged_best(frame: "pd.DataFrame", free: list[str], grouped: Grouped) -> bool:
    return any(high >= 0.9 and auctions >= _FEWEST for _, _, high, auctions in _marked(frame, free, grouped))


def _marked(frame: "pd.DataFrame", free: list[str], grouped: Grouped) -> Iterator[tuple[str, float, float, int]]:
    """Columns that mark winners: how often the lowest and the highest bid, among how many auctions that tell."""
    for name in free:
        flags = _flags(frame[name], name) if _WINNER.search(name) else None
        if flags is not None:
            marked = flags[grouped.row]
            once = np.bincount(grouped.auction, weights=marked) == 1
            bid = np.bincount(grouped.auction, np.where(marked, grouped.bids, 0.0)).astype(np.float64)
        elif _PRICE.search(name):
            price = _numbers(frame[name])[grouped.row]
            once = ~grouped.varies(price)
            bid = price[grouped.starts]
            if np.isin(bid, grouped.bids).mean() < 0.7:
                continue
        else:
            continue
        telling = once & (grouped.sizes > 1) & (grouped.lowest < grouped.highest)
        if telling.any():
            low, high = bid[telling] == grouped.lowest[telling], bid[telling] == grouped.highest[telling]
            yield name, float(low.mean()), float(high.mean()), int(telling.sum())


def _vocabulary(names: list[str]) -> list[str]:
    found = [name for name in names if _PROCUREMENT.search(name)]
    if not found:
        return []
    return [
        f"the name of column {found[0]!r} is one of procurement, where the lowest bid wins, while the highest bid is "
        "taken "
        "to win here: give --procurement if suppliers ask to be paid"
    ]


def _codes(frame: "pd.DataFrame", name: str, grouped: Grouped) -> Ints:
    return read_labels(frame[name].astype(object), name).codes[grouped.row]


def _bidders(frame: "pd.DataFrame", free: list[str], grouped: Grouped) -> list[str]:
    """Warns where a column looks like one of bidders and names one several times in an auction."""
    for name in sorted(free, key=lambda column: _BIDDER.search(column) is None):
        named = _BIDDER.search(name) is not None
        codes = _codes(frame, name, grouped)
        known = codes >= 0
        differs = grouped.varies(codes.astype(np.float64))
        # other columns that vary within auctions count when they hold many different labels
        if not known.any() or differs.mean() < 0.1 or not (named or codes.max() >= 9):
            continue
        pairs, times = np.unique(grouped.auction[known] * (codes.max() + 1) + codes[known], return_counts=True)
        repeated = known.sum() - len(pairs)
        if repeated > (0.01 if named else 0.3) * known.sum():
            return [
                f"column {name!r} names the same bidder up to {times.max()} times in one auction, and each of its rows "
                f"counts as another bidder ({known.sum():,} bids of {len(pairs):,} bidders): give --bidder-column "
                f"{name!r} so that the best bid of each counts"
            ]
        if named:
            return [
                f"column {name!r} seems to name bidders, and all are taken to be alike: give --bidder-column "
                f"{name!r} to "
                "test that"
            ]
    return []


def _history(frame: "pd.DataFrame", free: list[str], grouped: Grouped, options: TableOptions) -> list[str]:
    """Warns where bids improve over time, as in an open auction."""
    if options.bidder_column is not None or grouped.sizes.mean() < 3.0:
        return []
    for name in free:
        if _TIME.search(name):
            # text of one format sorts by time at least within a day
            when = read_labels(frame[name].astype(object), name, ordered=True).codes[grouped.row].astype(np.float64)
            if grouped.varies(when).mean() < 0.5:
                continue
            better = grouped.rising(when)
            better = 1.0 - better if options.procurement else better
            if better > 0.8:
                way = "fall" if options.procurement else "rise"
                return [
                    f"bids {way} along column {name!r} in {better:.0%} of steps, as in the history of an open "
                    "auction, and "
                    "every row counts as another bidder's sealed bid: give --bidder-column so that the best bid of "
                    "each counts"
                ]
    better = grouped.rising()
    better = 1.0 - better if options.procurement else better
    if better > 0.95 and grouped.sizes.mean() >= 4.0:
        way = "fall" if options.procurement else "rise"
        return [
            f"the bids of an auction {way} from row to row in {better:.0%} of steps: if this is a history of raises "
            "and no "
            "sorted table, each row counts as another bidder's sealed bid, so give --bidder-column"
        ]
    return []


def _reserve(frame: "pd.DataFrame", names: list[str], grouped: Grouped, procurement: bool) -> list[str]:
    """Warns where a column bounds the bids and some lie close to it, as if it bound."""
    for name in names:
        if not _RESERVE.search(name):
            continue
        column = _numbers(frame[name])[grouped.row]
        known = np.isfinite(column) & (column > 0.0)
        if known.mean() < 0.5 or grouped.varies(np.nan_to_num(column, nan=-1.0)).any():
            continue
        ratio = column[known] / grouped.bids[known] if procurement else grouped.bids[known] / column[known]
        inside, near = float((ratio >= 1.0 - 1e-9).mean()), float(((ratio >= 1.0 - 1e-9) & (ratio < 1.05)).mean())
        if inside >= 0.95 and near >= 0.02:
            side, what = ("below", "ceiling") if procurement else ("above", "reserve")
            return [
                f"{inside:.0%} of the bids are at or {side} column {name!r} and {near:.0%} within 5 % of it, as with "
                "a binding "
                f"{what}: without --reserve {name!r} those whom it kept away are left out, and quantiles of "
                f"{'costs' if procurement else 'values'} are wrong, easily by a tenth"
            ]
    return []


def _count(frame: "pd.DataFrame", free: list[str], grouped: Grouped) -> list[str]:
    """Warns where a column counts more bidders than the table has rows."""
    for name in free:
        if not _COUNT.search(name):
            continue
        said = _numbers(frame[name])[grouped.row][grouped.starts]
        known = np.isfinite(said)
        if known.mean() < 0.5 or grouped.varies(np.nan_to_num(_numbers(frame[name])[grouped.row])).mean() > 0.05:
            continue
        differs = float((said[known] != grouped.sizes[known]).mean())
        if differs > 0.05:
            return [
                f"column {name!r} counts other bidders than there are rows in {differs:.0%} of auctions "
                f"({said[known].mean():.1f} "
                f"on average, {grouped.sizes[known].mean():.1f} rows): the rows are taken, so values are wrong if "
                "bids are absent"
            ]
    return []


def _one_currency(frame: "pd.DataFrame", free: list[str], grouped: Grouped, source: str) -> None:
    for name in free:
        if _CURRENCY.search(name):
            found = sorted({cell for cell in as_text(frame[name].iloc[np.unique(grouped.row)]) if cell})
            if len(found) > 1:
                raise ValueError(
                    f"the bids of {source!r} are in {len(found)} currencies by column {name!r} "
                    f"({', '.join(found[:4])}): "
                    f"convert them to one, or give --discrete {name!r} if each auction has its own"
                )


def _copied_rows(frame: "pd.DataFrame", free: list[str], grouped: Grouped, offers: Offers) -> list[str]:
    """Warns of rows that are the same in every column, where some column tells the bids of an auction apart."""
    copied = frame.duplicated().to_numpy()
    if not copied.any():
        return []
    apart = any(grouped.varies(_codes(frame, name, grouped).astype(np.float64)).mean() > 0.5 for name in free)
    if not apart:
        return []
    first = int(np.argmax(copied))
    return [
        f"{int(copied.sum()):,} rows repeat another row in every column (first: {offers.place(first)}), and each "
        "counts as "
        "a bid of its own: delete the copies if they are not"
    ]

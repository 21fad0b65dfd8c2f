"""The bids of a table in one form, one entry a bid, whether it came with one row a bid or one column a bidder."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np

from econo_env.valuations.calibration.amounts import Column, Numbers, Place, Writing, find_writing
from econo_env.valuations.calibration.labels import Labels, as_text, nobody, read_labels, totals, without
from econo_env.valuations.calibration.options import TableOptions
from econo_env.valuations.calibration.tables import Flags, Floats, Ints
from econo_env.valuations.calibration.text_table import missing_column

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Offers:
    """Every bid that a table holds, usable or not.

    Attributes:
        frame: The table, for what describes an auction.
        row: Row of the table that each bid stands in.
        place: Where each row stands, for messages.
        cells: What stands there.
        amounts: The same as numbers.
        auction: Label of each bid's auction.
        bidders: Label of each bid's bidder; None where the table names none.
        classes: Label of the bidder's class; None likewise.
        more: Other columns of numbers by name, one entry a row of the table.
        assumed: How numbers were read.
        notes: What was left out.
        warnings: What may be wrong.
    """

    frame: "pd.DataFrame"
    row: Ints
    place: Place
    cells: "np.ndarray"
    amounts: Numbers
    auction: Labels
    bidders: Labels | None
    classes: Labels | None
    more: dict[str, Floats]
    assumed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def where(self, entry: int) -> str:
        """The place of a bid, and what stands there."""
        return f"{self.place(int(self.row[entry]))}, {str(self.cells[entry])!r}"

    def keep(self, entries: Flags) -> "Offers":
        """The same without the bids that are False in `entries`."""

        def cut(labels: Labels | None) -> Labels | None:
            return labels and Labels(labels.codes[entries], labels.names)

        return replace(
            self,
            row=self.row[entries],
            cells=self.cells[entries],
            amounts=Numbers(*(part[entries] for part in vars(self.amounts).values())),
            auction=Labels(self.auction.codes[entries], self.auction.names),
            bidders=cut(self.bidders),
            classes=cut(self.classes),
        )


def offers_of(frame: "pd.DataFrame", options: TableOptions, source: str, place: Place) -> Offers:
    """Reads the bids of a table.

    Raises:
        ValueError: A column is absent, numbers can be read in two ways, or the bids are no amounts.
    """
    bid_columns = _bid_columns(frame, options, source)
    # a wide table has one row an auction, so it needs no id
    unasked = "auction_column" not in options.model_fields_set
    by_row = bool(options.bid_columns) and unasked and options.auction_column not in frame.columns
    for name in options.columns:
        known = name in frame.columns or name in options.bid_columns or (by_row and name == options.auction_column)
        if not known:
            raise ValueError(missing_column(name, [str(column) for column in frame.columns], source))
        if list(frame.columns).count(name) > 1:
            raise ValueError(f"{source!r} has several columns {name!r}: give each its own name")
    numbers, assumed = _numbers(frame, options, bid_columns, place)
    width, rows = len(bid_columns), len(frame)
    auction, warnings = _auctions(frame, options, by_row, place)
    wide = bool(options.bid_columns)
    offers = Offers(
        frame=frame,
        row=np.repeat(np.arange(rows), width),
        place=place,
        cells=frame[bid_columns].to_numpy(dtype=object).ravel(),
        amounts=Numbers(
            *(
                np.stack([vars(numbers[name])[part] for name in bid_columns], axis=1).ravel()
                for part in ("values", "missing", "unreadable")
            )
        ),
        auction=Labels(np.repeat(auction.codes, width), auction.names),
        bidders=Labels(np.tile(np.arange(width), rows), tuple(bid_columns))
        if wide
        else _read(frame, options.bidder_column),
        classes=_read(frame, options.class_column),
        more={name: found.values for name, found in numbers.items() if name not in bid_columns},
        assumed=assumed,
        notes=(f"no column {options.auction_column!r}: each row is taken as an auction",) if by_row else (),
        warnings=warnings,
    )
    return _without_totals(_without_blanks(offers, width) if wide else offers)


def _without_blanks(offers: Offers, width: int) -> Offers:
    """A wide table's bids without the cells of bidders who did not bid."""
    empty = int(offers.amounts.missing.reshape(-1, width).all(axis=1).sum())
    note = (f"{empty} rows hold no bid and are left out: nothing was sold, or nothing is known",) if empty else ()
    return replace(offers.keep(~offers.amounts.missing), notes=(*offers.notes, *note))


def _bid_columns(frame: "pd.DataFrame", options: TableOptions, source: str) -> list[str]:
    """The columns of bids, patterns resolved."""
    if not options.bid_columns:
        return [options.bid_column]
    taken = set(options.columns) - set(options.bid_columns)
    found: list[str] = []
    for pattern in options.bid_columns:
        exact = [name for name in frame.columns if name == pattern]
        fitting = exact or [name for name in frame.columns if fnmatchcase(str(name), pattern) and name not in taken]
        if not fitting:
            raise ValueError(
                f"no column of {source!r} fits --bid-columns {pattern!r}: its columns are "
                f"{', '.join(repr(str(name)) for name in frame.columns)}"
            )
        found += [name for name in fitting if name not in found]
    if len(found) < 2:
        raise ValueError(f"--bid-columns finds only {found[0]!r}: a wide table has a column of bids for each bidder")
    return found


def _read(frame: "pd.DataFrame", name: str | None) -> Labels | None:
    return None if name is None else read_labels(frame[name], name)


def _auctions(
    frame: "pd.DataFrame", options: TableOptions, by_row: bool, place: Place
) -> tuple[Labels, tuple[str, ...]]:
    """The label of each row's auction; in a wide table each may stand once."""
    name = options.auction_column
    if by_row:
        return Labels(np.arange(len(frame)), tuple(map(str, place.numbers))), ()
    found = read_labels(frame[name], name)
    none = nobody(found)
    warnings = tuple(
        f"{int((found.codes == code).sum())} rows have the auction id {found.names[code]!r} (first: "
        f"{place(int(np.argmax(found.codes == code)))}), which is taken as no id"
        for code in none
    )
    found = without(found, none)
    if options.bid_columns:
        times = np.bincount(found.codes[found.codes >= 0], minlength=1)
        if times.max() > 1:
            code = int(np.argmax(times > 1))
            second = np.flatnonzero(found.codes == code)[1]
            raise ValueError(
                f"auction {found.names[code]!r} stands in {times[code]} rows (again: {place(int(second))}), and in a "
                "wide "
                "table a row is an auction: give each its own id"
            )
    return found, warnings


def _numbers(
    frame: "pd.DataFrame", options: TableOptions, bid_columns: list[str], place: Place
) -> tuple[dict[str, Numbers], tuple[str, ...]]:
    """Every column of numbers, and how they were read."""
    import pandas as pd

    amounts = [*bid_columns, *([options.reserve_column] if options.reserve_column else [])]
    found: dict[str, Numbers] = {}
    text: dict[str, Column] = {}
    for name in [*amounts, *options.continuous]:
        if pd.api.types.is_numeric_dtype(frame[name]):
            values = frame[name].to_numpy(np.float64, na_value=np.nan)
            found[name] = Numbers(values, np.isnan(values), np.zeros(len(values), dtype=np.bool_))
        else:
            text[name] = Column(name, np.array(as_text(frame[name]), dtype=object))
    for name in amounts:
        if name in text:
            _refuse_shares_and_brackets(text[name], place)
    currency = _currency({name: text[name] for name in amounts if name in text}, place)
    writings = find_writing(text, options.decimal, options.thousands, place)
    for name, column in text.items():
        found[name] = column.numbers(writings[name])
    return found, (*_told(writings, text), *currency)


def _refuse_shares_and_brackets(column: Column, place: Place) -> None:
    for kind, what in (
        ("percent", "a share of something the table does not give: give bids as amounts"),
        ("parentheses", "how accountants write a negative amount: bids are above 0, so correct it or delete the row"),
    ):
        if kind in column.parts.values():
            row = column.first([kind])
            raise ValueError(f"{column.cells[row]!r} in column {column.name!r}, {place(row)}, is {what}")


def _currency(columns: Mapping[str, Column], place: Place) -> tuple[str, ...]:
    """Says the currency that amounts carry; two of them are refused."""
    seen: dict[str, tuple[Column, int]] = {}
    for column in columns.values():
        for currency, times in column.currencies().items():
            seen[currency] = (column, seen[currency][1] + times) if currency in seen else (column, times)
    named = [currency for currency in seen if currency]
    if len(named) > 1:
        column = seen[named[1]][0]
        row = column.first([part for part in column.parts.values() if getattr(part, "currency", "") == named[1]])
        raise ValueError(
            f"column {column.name!r} mixes {named[0]} and {named[1]} (first: {column.cells[row]!r}, {place(row)}): "
            "convert all amounts to one currency"
        )
    if named and "" in seen:
        return (f"{seen[''][1]} amounts without a currency are taken as {named[0]}, like the others",)
    return ()


def _told(writings: Mapping[str, Writing], text: Mapping[str, Column]) -> tuple[str, ...]:
    """One sentence a way of writing, where numbers hold a mark at all."""
    by_way: dict[Writing, list[str]] = {}
    for name, way in writings.items():
        if any(not body.isdigit() for body, _ in text[name].shapes.values()):
            by_way.setdefault(way, []).append(name)
    return tuple(f"numbers of {', '.join(map(repr, names[:4]))}: {way}" for way, names in by_way.items())


def _without_totals(offers: Offers) -> Offers:
    """Leaves out rows that are named a total, as auction or as bidder."""
    for labels in (offers.auction, offers.bidders):
        codes = totals(labels) if labels is not None else []
        gone = np.isin(labels.codes, codes) if labels is not None and codes else np.zeros(1, dtype=np.bool_)
        if labels is None or not gone.any():
            continue
        first = int(np.argmax(gone))
        note = (
            f"{int(gone.sum())} rows are named {labels.names[codes[0]]!r} and the like (first: {offers.where(first)}): "
            "taken as totals and left out"
        )
        return _without_totals(replace(offers.keep(~gone), notes=(*offers.notes, note)))
    return offers

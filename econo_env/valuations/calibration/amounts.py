"""Numbers as people write them: `1,234.50`, `1.234,50`, `1'234.50`, `EUR 1 234,50`, `$950`, `1.2e6`.

A way of writing is a decimal mark and a thousands separator. The one that fits every cell is found; where two fit and
read a cell differently ("1,234" is 1234 or 1.234) it is refused rather than guessed.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Strings = NDArray[np.object_]

MISSING = frozenset({"", "-", "--", "na", "n/a", "n.a.", "nan", "null", "none", "#n/a", "\\n"})
"""Cells that say there is no number, in lower case; dashes of every length count as `-`."""

_SYMBOLS = "$£¥¤€฿" + "".join(map(chr, range(0x20A0, 0x20C1)))
_CODES = (
    "USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|BRL|AUD|CAD|NZD|SEK|NOK|DKK|ISK|PLN|CZK|HUF|RON|BGN|RSD|RUB|UAH|TRY|ZAR|MXN|KRW|"
    "SGD|HKD|TWD|THB|IDR|MYR|PHP|VND|ILS|AED|SAR|KWD|EGP|NGN|KES|GHS|CLP|COP|PEN|ARS|UYU|GEL|KZT|PKR|BDT|LKR"
)
_CURRENCY = rf"(?:(?:(?:US|A|C|NZ|HK|S|R|CA|AU) ?)?[{re.escape(_SYMBOLS)}]|{_CODES}|Fr\.|SFr\.?|kr\.?|zł|Kč|Ft|Rs\.?)"
_SAME = {"€": "EUR", "$": "USD", "US$": "USD", "£": "GBP", "₹": "INR", "Rs": "INR", "Rs.": "INR", "R$": "BRL"}
_SAME |= {
    "Fr.": "CHF",
    "SFr.": "CHF",
    "SFr": "CHF",
    "kr.": "kr",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "A$": "AUD",
    "US $": "USD",
    "AU $": "AUD",
    "C $": "CAD",
    "C$": "CAD",
}

_CELL = re.compile(
    rf"(?P<before>[+-])?\s*(?P<left>{_CURRENCY})?\s*(?P<inner>[+-])?\s*"
    rf"(?P<body>[.,]?\d(?:[\d.,' ]*\d)?)[.,]?(?:(?<=[.,])-{{1,2}})?(?P<power>[eE][+-]?\d+)?"
    rf"\s*(?P<right>{_CURRENCY})?\s*(?:/-|(?P<after>-))?"
)


_PLAIN = re.compile(r"\d+(\.\d+)?")
_DIGITS = str.maketrans("123456789", "111111111")


@dataclass(frozen=True)
class Writing:
    """A way to write numbers: the decimal mark, and what separates thousands ("" for nothing)."""

    decimal: str
    thousands: str

    def read(self, body: str) -> str | None:
        """The number in Python's own form, or None where it is not written this way."""
        whole, mark, fraction = body.partition(self.decimal)
        if mark and not (fraction.isdigit() and (whole or fraction)):
            return None
        if whole.isdigit() or not whole:
            return f"{whole or '0'}.{fraction}"
        if self.thousands and _grouped(whole, self.thousands):
            return f"{whole.replace(self.thousands, '')}.{fraction}"
        return None

    def __str__(self) -> str:
        names = {".": "point", ",": "comma", "'": "apostrophe", " ": "space", "": "nothing"}
        return f"decimal {names[self.decimal]}, thousands separated by {names[self.thousands]}"


def _grouped(whole: str, mark: str) -> bool:
    """Whether digits stand in groups of three, or as in India (12,34,567)."""
    first, *rest = whole.split(mark)
    if not all(group.isdigit() for group in (first, *rest)) or len(rest[-1]) != 3:
        return False
    if not 1 <= len(first) <= 3 or first.startswith("0"):
        return False
    sizes = {len(group) for group in rest[:-1]}
    return sizes <= {3} or (sizes == {2} and len(first) <= 2 and mark == ",")


WRITINGS = tuple(
    Writing(decimal, thousands) for decimal in ".," for thousands in ("", ",", ".", "'", " ") if decimal != thousands
)


class Cell(NamedTuple):
    """A cell taken apart."""

    body: str
    power: str = ""
    negative: bool = False
    currency: str = ""


def take_apart(text: str) -> Cell | str:
    """The parts of a number, or what the cell is instead: `missing`, `percent`, `parentheses` or `text`."""
    if _PLAIN.fullmatch(text):
        return Cell(text)
    plain = re.sub(r"\s", " ", text).strip().replace("\u2019", "'").replace("\u02bc", "'")
    plain = re.sub("[\u2010-\u2015\u2212]", "-", plain)
    if plain.lower() in MISSING or not plain.strip("-"):
        return "missing"
    if plain.endswith("%"):
        return "percent"
    if plain.startswith("(") and plain.endswith(")") and _CELL.fullmatch(plain[1:-1].strip()):
        return "parentheses"
    match = _CELL.fullmatch(plain)
    if match is None or (match["left"] and match["right"]):
        return "text"
    sign = "-" in {match["before"], match["inner"], match["after"]}
    currency = match["left"] or match["right"] or ""
    return Cell(match["body"], match["power"] or "", sign, _SAME.get(currency, currency))


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers.

    Attributes:
        values: Shape (rows,); nan where there is none.
        missing: True where the cell says there is none.
        unreadable: True where the cell is something else than a number.
    """

    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]


class Column:
    """The cells of one column, each different text taken apart once."""

    def __init__(self, name: str, cells: Strings) -> None:
        """Takes the cells apart.

        Args:
            name: For messages.
            cells: Text, shape (rows,).
        """
        self.name, self.cells = name, cells
        self.parts: dict[str, Cell | str] = {text: take_apart(text) for text in dict.fromkeys(cells)}

    @cached_property
    def shapes(self) -> dict[str, tuple[str, int]]:
        """A body for each way the digits stand, in the order of the table, and how many different bodies stand so."""
        found: dict[str, tuple[str, int]] = {}
        for part in self.parts.values():
            if isinstance(part, Cell):
                # a zero at the front tells a decimal mark from a separator, the other digits tell nothing
                shape = part.body[0] + part.body[1:].translate(_DIGITS).replace("0", "1")
                shape = shape if shape[0] == "0" else "1" + shape[1:]
                body, times = found.get(shape, (part.body, 0))
                found[shape] = body, times + 1
        return found

    def first(self, kinds: Iterable[Cell | str]) -> int:
        """The first row with one of these parts."""
        wanted = list(kinds)
        return next(row for row, text in enumerate(self.cells) if self.parts[text] in wanted)

    def numbers(self, writing: Writing) -> Numbers:
        """The values in this way of writing."""
        known: dict[str, float] = {}
        for text, part in self.parts.items():
            if not isinstance(part, Cell):
                known[text] = _infinite(text)
            elif (number := writing.read(part.body)) is None:
                known[text] = np.nan
            else:
                known[text] = float(f"{'-' if part.negative else ''}{number}{part.power}")
        values = np.array([known[text] for text in self.cells], dtype=np.float64)
        missing = np.array([self.parts[text] == "missing" for text in self.cells], dtype=np.bool_)
        return Numbers(values, missing, np.isnan(values) & ~missing)

    def currencies(self) -> Counter[str]:
        """How many rows carry each currency; "" where a number carries none."""
        found: Counter[str] = Counter()
        for text, times in Counter(self.cells).items():
            part = self.parts[text]
            if isinstance(part, Cell):
                found[part.currency] += times
        return found


def _infinite(text: str) -> float:
    return float(text) if re.fullmatch(r"\s*[+-]?inf(inity)?\s*", text, re.IGNORECASE) else float("nan")


def find_writing(
    columns: Mapping[str, Column], decimal: str | None, thousands: str | None, place: "Place"
) -> dict[str, Writing]:
    """The way each column is written; one that leaves it open follows the others.

    Args:
        columns: By name.
        decimal: The decimal mark where it is given.
        thousands: The thousands separator where it is given, `none` for none.
        place: Where a row stands, for messages.

    Raises:
        ValueError: A column can be read in two ways, or holds two ways of writing.
    """
    allowed = [
        writing
        for writing in WRITINGS
        if decimal in {None, writing.decimal} and thousands in {None, writing.thousands or "none"}
    ]
    possible = {name: _fitting(column, allowed) for name, column in columns.items()}
    settled = [ways[0] for ways in possible.values() if len(ways) == 1]
    found = {}
    for name, ways in possible.items():
        if len(ways) > 1:
            agreeing = [way for way in ways if way in settled]
            found[name] = (
                agreeing[0] if len(set(agreeing)) == 1 else _only(columns[name], ways, place, columns.values())
            )
        else:
            found[name] = ways[0]
    return found


def _fitting(column: Column, allowed: list[Writing]) -> list[Writing]:
    """The ways that read the most cells; of those that read every cell alike the first."""
    shapes = column.shapes.values()
    readings = {way: tuple(way.read(body) for body, _ in shapes) for way in allowed}
    read = {
        way: sum(times for number, (_, times) in zip(numbers, shapes, strict=True) if number is not None)
        for way, numbers in readings.items()
    }
    most = max(read.values())
    different: dict[tuple[str | None, ...], Writing] = {}
    for way, numbers in readings.items():
        if read[way] == most:
            different.setdefault(numbers, way)
    return list(different.values())


_ENOUGH = 30


def _only(column: Column, ways: list[Writing], place: "Place", columns: Iterable[Column]) -> Writing:
    """The way that is left when only large numbers of all columns are separated, or an error that shows the cell."""
    bodies = [body for body, _ in column.shapes.values()]
    readings = [[way.read(body) for body in bodies] for way in ways]
    differs = next(i for i, numbers in enumerate(zip(*readings, strict=True)) if len(set(numbers)) > 1)
    part = next(p for p in column.parts.values() if isinstance(p, Cell) and p.body == bodies[differs])
    row = column.first([part])
    everything = [shape for other in columns for shape in other.shapes.values()]
    if all(way.read(body) is not None for way in ways for body, _ in everything):
        plain = [body for body, _ in everything if body.isdigit()]
        marked = sum(times for body, times in everything if not body.isdigit())
        grouped = [way for way in ways if way.thousands in {".", ","}]
        # a decimal mark would not always leave three digits behind it, nor spare every number below 1000
        if len(grouped) == 1 and plain and marked >= _ENOUGH and max(map(len, plain)) <= 3:
            return grouped[0]
    told = " or ".join(f"{float(number):.10g}" for numbers in readings if (number := numbers[differs]) is not None)
    if any(numbers[differs] is None for numbers in readings):
        raise ValueError(
            f"column {column.name!r} mixes two ways of writing numbers, as {place(row)} with {column.cells[row]!r} "
            "shows: write all alike, or say with --decimal and --thousands which to take"
        )
    raise ValueError(
        f"{column.cells[row]!r} in column {column.name!r}, {place(row)}, can be {told}, and no other cell tells which: "
        "say it with --decimal . or --decimal , (or --thousands)"
    )


@dataclass(frozen=True)
class Place:
    """Where a row of the table stands, for messages: the line of a file, or the row of a table in memory."""

    word: str
    numbers: NDArray[np.int64]

    def __call__(self, row: int) -> str:
        """The word and its number."""
        return f"{self.word} {self.numbers[row]}"

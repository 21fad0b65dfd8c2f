"""A file of text as a table of text: its encoding, its separator, where its header stands, and the line of each row.

What is assumed is said in `TextTable.assumed`. Cells stay text: numbers are read in `amounts`, labels not at all.
"""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from econo_env.valuations.calibration.amounts import Place

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_HEADER_WITHIN = 30
"""Lines in which the header is looked for."""
_SNIFFED = 100
_BINARY = {
    b"PK\x03\x04": "a workbook or an archive (.xlsx, .ods, .zip)",
    b"\xd0\xcf\x11\xe0": "a workbook (.xls)",
    b"\x1f\x8b": "compressed (.gz)",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True)
class TextTable:
    """Rows of text below a header.

    Attributes:
        frame: One column of text for each name of the header.
        place: The line on which each row ends.
        assumed: How the file was read, one sentence.
        notes: What was left out or filled in.
    """

    frame: "pd.DataFrame"
    place: Place
    assumed: str
    notes: tuple[str, ...]


def read_text_table(path: Path, needed: list[str], separator: str | None = None) -> TextTable:
    """Reads a file of separated text.

    Args:
        path: The file.
        needed: Columns, or patterns of columns, that the header must have.
        separator: Between cells; by default the one under which the header has the needed columns.

    Raises:
        ValueError: It is no such file, or a needed column is absent.
    """
    import pandas as pd

    text, encoding = _decoded(path)
    told = text.split("\n", 1)[0].strip().strip('"')
    if told.lower().startswith("sep=") and told[4:] in SEPARATORS:
        separator, skipped = separator or told[4:], 1
    else:
        skipped = 0
    separator = separator or _separator(text, needed, path)
    records = _records(text, separator, path)
    if len(records) <= skipped:
        raise ValueError(f"{str(path)!r} does not read as a CSV file (it is empty): give a header and one bid a row")
    at = _header_at(records, needed, skipped)
    header = [_one_line(cell) for cell in records[at][1]]
    while header and not header[-1]:
        header.pop()
    _require(needed, header, path)
    header = _each_its_own(header)
    notes = []
    if at > skipped:
        notes.append(f"the header stands on line {records[at][0]}; the lines above it are skipped")
    rows, more = _rows(records[at + 1 :], header, separator, path)
    frame = pd.DataFrame([cells for _, cells in rows], columns=header, dtype=object)
    lines = np.array([line for line, _ in rows], dtype=np.int64)
    return TextTable(
        frame,
        Place("line", lines),
        f"{path.name!r} is read as {encoding} text with columns separated by {SEPARATORS[separator]}",
        (*notes, *more),
    )


def _decoded(path: Path) -> tuple[str, str]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{str(path)!r} cannot be read ({error.strerror}): give a readable CSV file") from None
    for start, kind in _BINARY.items():
        if data.startswith(start):
            raise ValueError(f"{str(path)!r} does not read as a CSV file, it is {kind}: save the table as CSV (UTF-8)")
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16"), "UTF-16"
        if b"\0" in data:
            raise ValueError(f"{str(path)!r} does not read as a CSV file (it holds null bytes): save it as CSV (UTF-8)")
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError as error:
        if error.encoding != "utf-8":
            raise ValueError(
                f"{str(path)!r} does not read as a CSV file ({error.reason} in UTF-16): save it as CSV (UTF-8)"
            ) from None
    try:
        return data.decode("cp1252"), "Windows-1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "Latin-1"


def _records(text: str, separator: str, path: Path, most: int | None = None) -> list[tuple[int, list[str]]]:
    """The line on which each record ends, and its cells, without blank lines; at most the first ones up to an error."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                found.append((reader.line_num, cells))
                if len(found) == most:
                    break
    except csv.Error as error:
        if most is not None:
            return found
        raise ValueError(
            f"{str(path)!r} does not read as a CSV file (line {reader.line_num}: {error}): give one bid a line, and "
            'text that holds a separator or a quote in quotes ("")'
        ) from None
    return found


def _one_line(cell: str) -> str:
    """A name of a column without blanks around it and line breaks in it."""
    return " ".join(cell.split())


def has_column(needed: str, header: list[str]) -> bool:
    """Whether a column of this name stands in the header, or one that fits the pattern."""
    return needed in header or any(fnmatchcase(name, needed) for name in header)


def _separator(text: str, needed: list[str], path: Path) -> str:
    """The separator under which most needed columns are found; then the one with the most cells a line."""
    judged = {}
    for candidate in SEPARATORS:
        records = _records(text, candidate, path, _SNIFFED)
        headers = [[_one_line(cell) for cell in cells] for _, cells in records[:_HEADER_WITHIN]]
        columns = max((sum(has_column(name, header) for name in needed) for header in headers), default=0)
        widths = Counter(len(cells) for _, cells in records)
        width, times = widths.most_common(1)[0] if widths else (0, 0)
        judged[candidate] = (columns, times / max(len(records), 1) * (width > 1), width)
    best = max(judged.values())
    equal = [candidate for candidate, value in judged.items() if value == best]
    if len(equal) > 1 and best[2] > 1:
        raise ValueError(
            f"the columns of {str(path)!r} may be separated by {' or '.join(SEPARATORS[c] for c in equal)}: "
            "say it with --separator"
        )
    return equal[0]


def _header_at(records: list[tuple[int, list[str]]], needed: list[str], skipped: int) -> int:
    """The first of the leading lines with every needed column; the first line of all where there is none."""
    for at, (_, cells) in enumerate(records[:_HEADER_WITHIN]):
        header = [_one_line(cell) for cell in cells]
        if at >= skipped and all(has_column(name, header) for name in needed):
            return at
    return skipped


def _require(needed: list[str], header: list[str], path: Path) -> None:
    for name in needed:
        if not has_column(name, header):
            raise ValueError(missing_column(name, header, str(path)))
        if header.count(name) > 1:
            raise ValueError(
                f"the header of {str(path)!r} has {header.count(name)} columns {name!r}: give each its own name"
            )


def _each_its_own(header: list[str]) -> list[str]:
    """Names for columns without one, and a number behind a name that stands twice."""
    names: list[str] = []
    for position, name in enumerate(header, start=1):
        own = name or f"column {position}"
        names.append(f"{own} (column {position})" if own in names else own)
    return names


def missing_column(name: str, header: list[str], source: str) -> str:
    """The sentence for a column that is not there."""
    shown = ", ".join(map(repr, header[:20])) + (f" and {len(header) - 20} more" if len(header) > 20 else "")
    said = f"column {name!r} is not in {source!r}, whose columns are {shown}"
    if header and all(any(mark.isdigit() for mark in cell) for cell in header):
        return f"{said}: the first line looks like a row of the table, so write a header line above it"
    close = [other for other in header if other.lower() == name.lower()]
    wide = [other for other in header if other.lower().startswith("bid") and any(mark.isdigit() for mark in other)]
    if close:
        return f"{said}: did you mean {close[0]!r}?"
    if name == "bid" and len(wide) > 1:
        return f"{said}: if {wide[0]!r}, {wide[1]!r}, ... hold one bidder each, give --bid-columns '{wide[0][:3]}*'"
    return f"{said}: name the right one with --auction-column, --bid-column, --continuous or --discrete"


def _rows(
    records: list[tuple[int, list[str]]], header: list[str], separator: str, path: Path
) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Rows as wide as the header, and notes on those that were not."""
    width = len(header)
    rows, short, repeated = [], [], []
    for line, cells in records:
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            raise ValueError(
                f"line {line} of {str(path)!r} has {len(cells)} cells where the header has {width}: put a number that "
                f"holds a {SEPARATORS[separator]} in quotes, or give the right --separator"
            )
        if _one_line(cells[0]) == header[0] and [_one_line(cell) for cell in cells[:width]] == header:
            repeated.append(line)
            continue
        if len(cells) < width:
            short.append(line)
        rows.append((line, [*cells[:width], *[""] * (width - len(cells))]))
    notes = []
    if short:
        notes.append(f"{len(short)} lines end early (first: line {short[0]}); their missing cells are taken as blank")
    if repeated:
        notes.append(f"{len(repeated)} lines repeat the header (first: line {repeated[0]}) and are left out")
    return rows, notes

"""Ids, names and levels: labels that are equal where their text is, and warnings where two texts look like one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import numpy as np

from econo_env.valuations.calibration.tables import Ints

if TYPE_CHECKING:
    import pandas as pd

LARGEST_EXACT = 2.0**53
"""From here on floats no longer tell whole numbers apart."""
_NOBODY = frozenset({"n/a", "na", "nan", "null", "none", "-", "#n/a", "?"})
_TOTAL = re.compile(
    r"(sub|grand)?[- ]?(totals?|sum|summe|gesamt|gesamtsumme|somme|totale|suma|totaal|average|mean|mittelwert|moyenne)"
    r"[ :]*.{0,12}",
    re.IGNORECASE,
)
_EXPONENT = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
_DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})([ T].*)?|\d{1,2}[- ][A-Za-z]{3}([- ]\d{2,4})?"
)


@dataclass(frozen=True)
class Labels:
    """A column of labels.

    Attributes:
        codes: One a row; -1 where there is none.
        names: The text of each code.
    """

    codes: Ints
    names: tuple[str, ...]


def read_labels(column: "pd.Series[Any]", name: str, *, ordered: bool = False) -> Labels:
    """Labels of a column; blank cells have none.

    Args:
        column: Text from a file, or anything in memory.
        name: For messages.
        ordered: Whether codes follow the order of the labels instead of their first appearance.

    Raises:
        ValueError: Whole numbers came as floats too large to be told apart.
    """
    import pandas as pd

    if pd.api.types.is_float_dtype(column):
        known = column.to_numpy(np.float64)
        if np.nanmax(np.abs(known), initial=0.0) >= LARGEST_EXACT:
            raise ValueError(
                f"column {name!r} holds floats from 2**53 on, which no longer tell whole numbers apart: read it as text"
            )
    if pd.api.types.is_numeric_dtype(column):
        codes, levels = pd.factorize(column, sort=ordered)
        return Labels(
            codes.astype(np.int64), tuple(f"{level:.17g}" if level % 1 else f"{int(level)}" for level in levels)
        )
    text = np.array(as_text(column), dtype=object)
    found, texts = pd.factorize(text, sort=ordered)
    codes = found.astype(np.int64)
    names = [str(level) for level in texts]
    if "" in names:
        blank = names.index("")
        del names[blank]
        codes = np.where(codes == blank, -1, codes - (codes > blank))
    return Labels(codes, tuple(names))


def as_text(column: "pd.Series[Any]") -> list[str]:
    """Every cell as text without blanks around it; "" where there is none."""
    return [
        "" if gone else str(cell).strip() for cell, gone in zip(column.tolist(), column.isna().tolist(), strict=True)
    ]


def without(labels: Labels, gone: list[int]) -> Labels:
    """The same labels where some codes count as none."""
    return Labels(np.where(np.isin(labels.codes, gone), -1, labels.codes), labels.names)


def nobody(labels: Labels) -> list[int]:
    """Codes of labels that say there is none, such as N/A."""
    return [code for code, name in enumerate(labels.names) if name.lower() in _NOBODY]


def totals(labels: Labels) -> list[int]:
    """Codes of labels that name a sum or a mean of other rows."""
    return [code for code, name in enumerate(labels.names) if _TOTAL.fullmatch(name)]


def look_alikes(names: Sequence[str], what: str) -> list[str]:
    """Warnings of labels that differ as text but may be meant as one."""
    if all(name.isdigit() and name[0] != "0" for name in names):
        return []
    warnings = []
    for way, key in (("as numbers", _as_number), ("but for capitals and blanks", _folded)):
        groups: dict[object, list[str]] = {}
        for name in names:
            known = key(name)
            if known is not None:
                groups.setdefault(known, []).append(name)
        pairs = [group for group in groups.values() if len(group) > 1]
        if pairs:
            count = sum(len(group) - 1 for group in pairs)
            warnings.append(
                f"{what} {pairs[0][0]!r} and {pairs[0][1]!r} are equal {way} but not as text, and count as two"
                + (f" ({count} such)" if count > 1 else "")
                + ": write them alike if they are one"
            )
    return warnings


def strange_ids(names: Sequence[str], what: str) -> list[str]:
    """Warnings of ids that may stand for several auctions."""
    warnings = []
    shown = [name for name in names if _EXPONENT.fullmatch(name)]
    if shown:
        warnings.append(
            f"{what} {shown[0]!r} has an exponent, as spreadsheets write long numbers ({len(shown)} such): digits are "
            "lost, and different auctions may bear one id; export the column as text"
        )
    dates = [name for name in names if _DATE.fullmatch(name)]
    if names and 2 * len(dates) > len(names):
        warnings.append(
            f"{what} {dates[0]!r} looks like a date: all bids of a day then count as one auction; give a column that "
            "tells auctions apart"
        )
    return warnings


def _as_number(name: str) -> Decimal | None:
    if not any(mark.isdigit() for mark in name):
        return None
    try:
        number = Decimal(name.replace("_", "x"))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())

"""One clearing from a file: bids in; allocation, payments, proof of optimality and an explanation out.

The form of the file belongs to the kind of market that plays the mechanism: its row in `econo_env.clearing` says how it
is read. A new form is a new row, nothing here changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, Protocol

from econo_env.mechanisms.base import mechanism, mechanisms
from econo_env.money import MICRO, is_whole, written

Contents = Mapping[str, Any]
"""What stands in a file: keys and values."""

NAMES = ("items", "bids.bidder", "bids.bundle", "bids.trader", "orders.trader")
"""Keys of the files under which names stand: what is written there is text."""


@dataclass
class Rounding:
    """Amounts that are finer than a micro-credit: rounded once, for rule, words and results alike, and never unsaid.

    Attributes:
        ties: Whether unequal amounts may become equal; else they are refused.
        rounded: What each rounded number became.
    """

    ties: bool = False
    rounded: dict[float, float] = field(default_factory=dict)
    _given: dict[tuple[float, int], float] = field(default_factory=dict)

    def of(self, number: float, per_unit: int = MICRO) -> float:
        """A number as a whole number of steps, of which `per_unit` make 1; NaN and infinities as they are.

        Raises:
            ValueError: It is less than half a step, or equals another one only once both are rounded.
        """
        if not isfinite(number):
            return number
        whole = round(number * per_unit) / per_unit
        fine = not is_whole(number * per_unit / MICRO)
        step = written(1 / per_unit)
        if fine and whole == 0.0:
            raise ValueError(f"it is less than half of {step}, the least step: rescale all amounts")
        before = self._given.setdefault((whole, per_unit), number if fine else whole)
        if before != (number if fine else whole) and not self.ties:
            raise ValueError(f"it differs from {before!r} by less than {step}, the least step: rescale all amounts")
        if fine:
            self.rounded[number] = whole
        return whole if fine else number

    def said(self) -> list[str]:
        """What was rounded, in one line; none where nothing was."""
        if not self.rounded:
            return []
        number, whole = next(iter(self.rounded.items()))
        count = "1 number is" if len(self.rounded) == 1 else f"{len(self.rounded):,} numbers are"
        return [
            f"note: {count} finer than the steps of money (0.000001) or weights (0.001) and rounded to them, "
            f"{number!r} to {written(whole)}"
        ]


@dataclass(frozen=True)
class Cleared:
    """What a clearing decided.

    Attributes:
        winners: Who won, in order: indices from 0, or the names that the form gives.
        allocation: What each bidder gets.
        payments: What each bidder pays, credits; negative where it is paid.
        welfare: Worth of the allocation in credits, on the values if given, else on the bids.
        optimal: Worth of the best allocation in credits, any reserve and weights aside.
        gap: Share of the best worth that is not reached: (optimal - welfare) / optimal.
        explanation: Allocation and payments in words, one line a bidder.
        details: What else there is to tell of this kind of market, e.g. the trades, by name.
    """

    winners: list[Any]
    allocation: list[Any]
    payments: list[float]
    welfare: float
    optimal: float
    gap: float
    explanation: list[str]
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The form of `econo-env clear --json`."""
        fields = {name: value for name, value in vars(self).items() if name != "details"}
        return fields | self.details


class ClearDocument(Protocol):
    """Clears the market that a document of `econo-env clear` describes."""

    def __call__(self, document: Contents, seed: int, rounding: Rounding, /) -> Cleared:
        """Raises ValueError where the document's form is not met."""
        ...


READERS: dict[str, ClearDocument] = {}
"""How the documents of each kind of market are read; the table `econo_env.clearing.base.CLEARINGS` keeps it."""


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Clears the market that a mapping such as a YAML file describes.

    Args:
        document: `mechanism`, a section with its name and parameters, and what that mechanism needs, e.g. `bids`.
        seed: Of the tie lottery.
        rounding: What to do with amounts finer than a micro-credit and weights finer than a thousandth; by default
            they are rounded to it, the last line of the explanation says so, and ties that this makes are refused.

    Raises:
        ValueError: The mechanism is missing or unknown, or its market's form is not met.
    """
    section = document.get("mechanism")
    if not isinstance(section, Mapping) or "name" not in section:
        raise ValueError(
            f"mechanism = {section!r}: give a section with its name, such as {{name: second_price, reserve: 0.0}}; "
            f"mechanisms are {', '.join(mechanisms())}"
        )
    row = mechanism(str(section["name"]))
    if row.market not in READERS:
        raise ValueError(f"mechanism {row.name}: a {row.market} market reads no documents")
    rounding = rounding or Rounding()
    cleared = READERS[row.market](document, seed, rounding)
    return replace(cleared, explanation=[*cleared.explanation, *rounding.said()])

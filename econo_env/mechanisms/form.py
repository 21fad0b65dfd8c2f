"""One clearing from a file: bids in; allocation, payments, proof of optimality and an explanation out.

The form of the file belongs to the kind of market that plays the mechanism: its package has a function
`clear_form(document, seed, rounding)`. A new form is a new market package, nothing here changes.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from econo_env.mechanisms.base import mechanism, mechanisms

NAMES = ("items", "bids.bidder", "bids.bundle", "bids.trader", "orders.trader")
"""Keys of the files under which names stand: what is written there is text."""


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


def clear_form(document: Mapping[str, Any], seed: int = 0, rounding: bool = False) -> Cleared:
    """Clears the market that a mapping such as a YAML file describes.

    Args:
        document: `mechanism`, a section with its name and parameters, and what that mechanism needs, e.g. `bids`.
        seed: Of the tie lottery.
        rounding: Whether amounts finer than a micro-credit, and weights finer than a thousandth, are rounded to it, the
            same for rule, words and results; else they are refused.

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
    market = importlib.import_module(f"econo_env.markets.{row.market}")
    cleared: Cleared = market.clear_form(document, seed, rounding)
    return cleared

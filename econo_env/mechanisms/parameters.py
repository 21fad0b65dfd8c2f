"""Parameters that several rules share, marked with what they mean: whoever needs one reads it by its meaning."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated

from pydantic import BaseModel, Field

from econo_env.money import Credits


class Meaning(Enum):
    """What a parameter is, whatever its name."""

    RESERVE = auto()
    UNITS = auto()
    RANK = auto()
    POSTED_PRICE = auto()


@dataclass(frozen=True)
class Adjustable:
    """Marks a parameter that may be a lever: rules read it when they clear, and compute nothing from it before.

    Attributes:
        meaning: What it is, for agents that see where it stands.
    """

    meaning: str


Reserve = Annotated[Credits, Field(ge=0.0), Meaning.RESERVE, Adjustable("the least that is accepted")]
"""The least bid, score or price at which anything is sold, in credits; 0 for none."""

Units = Annotated[int, Field(ge=1), Meaning.UNITS]
"""Identical units for sale."""

Posted = Annotated[Credits, Field(ge=0.0), Meaning.POSTED_PRICE, Adjustable("the posted price")]
"""A price in credits that stands before anyone offers: only offers that reach it trade."""

Rank = Annotated[int, Field(ge=2), Meaning.RANK]
"""The place in the ranking of the bid that sets the price, 2 for the second."""


def reserve_of(options: BaseModel) -> float:
    """The reserve in credits, 0 where the rule has none."""
    return _read(options, Meaning.RESERVE) or 0.0


def units_of(options: BaseModel) -> int:
    """Units for sale, 1 where the rule does not say."""
    return int(_read(options, Meaning.UNITS) or 1)


def rank_of(options: BaseModel) -> int:
    """The rank of the bid that sets the price, 2 where the rule does not say."""
    return int(_read(options, Meaning.RANK) or 2)


def posted_price_of(options: BaseModel) -> float | None:
    """The posted price in credits, None where the rule posts none."""
    return _read(options, Meaning.POSTED_PRICE)


def _read(options: BaseModel, meaning: Meaning) -> float | None:
    for name, field in type(options).model_fields.items():
        if meaning in field.metadata:
            return float(getattr(options, name))
    return None

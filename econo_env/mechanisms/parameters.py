"""Parameters that several rules share, marked with what they mean: whoever needs one reads it by its meaning."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field

from econo_env.money import Credits


class Meaning(Enum):
    """What a parameter is, whatever its name."""

    RESERVE = auto()
    UNITS = auto()
    RANK = auto()
    POSTED_PRICE = auto()
    INCREMENT = auto()
    CLOSING = auto()
    EXTENSION = auto()
    TICK = auto()


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

Increment = Annotated[Credits, Field(ge=1e-6), Meaning.INCREMENT]
"""The step of a clock in credits, or the least by which a call is above the one before."""

Closing = Annotated[int, Field(ge=1), Meaning.CLOSING]
"""Ticks after which a sale closes as planned."""

Extension = Annotated[int, Field(ge=0), Meaning.EXTENSION]
"""Ticks by which a late call puts off the close, 0 for a hard one."""

Tick = Annotated[Credits, Field(gt=0.0), Meaning.TICK]
"""The step between the prices of an order book, in credits."""

Kind = TypeVar("Kind", bound=BaseModel)


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


def increment_of(options: BaseModel) -> float | None:
    """The step of a clock in credits, None where the rule does not say."""
    return _read(options, Meaning.INCREMENT)


def extension_of(options: BaseModel) -> int:
    """Ticks by which a late call puts off the close, 0 where none does."""
    return int(_read(options, Meaning.EXTENSION) or 0)


def tick_of(options: BaseModel) -> float | None:
    """The step between the prices of an order book in credits, None where any price may be given."""
    return _read(options, Meaning.TICK)


def with_parameters(options: Kind, values: Mapping[Meaning, float]) -> Kind:
    """The same parameters with others for these meanings, not validated anew; what the rule lacks is left out."""
    fields = type(options).model_fields
    changes = {name: value for meaning, value in values.items() for name in fields if meaning in fields[name].metadata}
    return options.model_copy(update=changes)


def _read(options: BaseModel, meaning: Meaning) -> float | None:
    fields = type(options).model_fields
    return next((float(value) for name, value in options if meaning in fields[name].metadata), None)

"""What is told of a round of each kind of market: the documents of `econo-env clear`, reasons, pictures.

One row a kind, found by being there. A kind of market from outside gives its row to `register_clearing`, or offers it
by an entry point of the group `econo_env.clearings`.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from econo_env.clearing.picture import Picture
from econo_env.mechanisms.document import READERS, ClearDocument
from econo_env.scenario import Scenario
from econo_env.table import Table

S_contra = TypeVar("S_contra", bound=Scenario, contravariant=True)
T_contra = TypeVar("T_contra", bound=tuple[Any, ...], contravariant=True)


class Draw(Protocol[S_contra, T_contra]):
    """Shows one round of a market."""

    def __call__(self, scenario: S_contra, before: T_contra, after: T_contra, k: int, /) -> Picture:
        """The round of market `k` between two states, which are the same object where none has been played yet."""
        ...


@dataclass(frozen=True)
class Clearing(Generic[S_contra, T_contra]):
    """What is told of a kind of market; what is None is not offered.

    Attributes:
        market: The kind's name.
        clear: How `econo-env clear` reads its documents.
        picture: One round of it.
    """

    market: str
    clear: ClearDocument | None = None
    picture: Draw[S_contra, T_contra] | None = None


def _own() -> Iterator[Clearing[Any, Any]]:
    package = importlib.import_module("econo_env.clearing")
    for found in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{found.name}")
        if "CLEARING" in vars(module):
            yield vars(module)["CLEARING"]


def _market(row: Clearing[Any, Any]) -> str:
    return row.market


CLEARINGS: Table[Clearing[Any, Any]] = Table(
    "clearing of a kind of market", "econo_env.clearings", _own, Clearing, _market
)


def _read_their_documents() -> None:
    READERS.clear()
    READERS.update({market: row.clear for market, row in CLEARINGS.rows().items() if row.clear is not None})


CLEARINGS.watch(_read_their_documents)


def register_clearing(row: Clearing[Any, Any]) -> Clearing[Any, Any]:
    """Makes known what is told of a kind of market: how its documents are cleared, and its pictures.

    Raises:
        TypeError: It is no `Clearing`.
        ValueError: The kind of market has another row already.
    """
    return CLEARINGS.register(row)


def picture_of(scenario: Scenario) -> Draw[Any, Any] | None:
    """How a round of the scenario's kind of market is drawn; None where it is not."""
    row = CLEARINGS.rows().get(scenario.market)
    return None if row is None else row.picture

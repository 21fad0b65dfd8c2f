"""Tables of rows by name: those that come with the package, those registered, those that installed packages offer."""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, Protocol, TypeVar

from econo_env.settings import choice


class Named(Protocol):
    """A row: it has a name."""

    @property
    def name(self) -> str:
        """What scenarios and commands call it."""
        ...


Row = TypeVar("Row", bound=Named)


class Table(Generic[Row]):
    """Rows by name, found when they are first asked for.

    Attributes:
        kind: What a row is, in a word, for messages: `mechanism`.
        group: The group of entry points under which an installed package offers rows: `econo_env.mechanisms`.
    """

    def __init__(self, kind: str, group: str, own: Callable[[], Iterable[Row]], expected: type[Any]) -> None:
        """A table whose own rows `own()` gives, each an instance of `expected`."""
        self.kind, self.group = kind, group
        self._own, self._expected = own, expected
        self._registered: dict[str, Row] = {}
        self._found: dict[str, Row] | None = None

    def rows(self) -> Mapping[str, Row]:
        """Every row by name."""
        if self._found is None:
            self._found = {}
            for row in self._own():
                self._add(row, self._found)
            for offered in entry_points(group=self.group):
                self._add(offered.load(), self._found)
            for row in self._registered.values():
                self._add(row, self._found)
        return self._found

    def row(self, name: str) -> Row:
        """The row of that name.

        Raises:
            ValueError: There is none; the message lists those there are.
        """
        rows = self.rows()
        if name not in rows:
            raise ValueError(f"unknown {self.kind} {name!r}: {choice(str(name), list(rows))}")
        return rows[name]

    def register(self, row: Row) -> Row:
        """Adds a row from outside the package and returns it.

        Raises:
            TypeError: It is no row of this table.
            ValueError: Another row has its name.
        """
        self._add(row, dict(self._found or self._registered))
        self._registered[row.name] = row
        if self._found is not None:
            self._found[row.name] = row
        return row

    def _add(self, row: Row, rows: dict[str, Row]) -> None:
        if not isinstance(row, self._expected):
            raise TypeError(f"{row!r} is no {self.kind}: give a {self._expected.__module__}.{self._expected.__name__}")
        if rows.setdefault(row.name, row) is not row:
            raise ValueError(f"a {self.kind} named {row.name!r} is there already: give yours another name")

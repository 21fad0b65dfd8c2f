"""Tables of rows by name: those that come with the package, those registered, those that installed packages offer."""

import logging
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from typing import Any, Generic, TypeVar

from econo_env.settings import choice

_LOG = logging.getLogger(__name__)

Row = TypeVar("Row")


class Table(Generic[Row]):
    """Rows by name, found when they are first asked for.

    An installed package offers a row by an entry point of the table's group. One that cannot be had is left out, and a
    sentence in the log says which and why; the other rows are there all the same.

    Attributes:
        kind: What a row is, in a word, for messages: `mechanism`.
        group: The group of entry points under which an installed package offers rows: `econo_env.mechanisms`.
        name_of: A row's name.
        version: Another number after every change.
        left_out: What was offered and cannot be had: why, by name.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        own: Callable[[], Iterable[Row]],
        expected: type[Any],
        name_of: Callable[[Row], str] = attrgetter("name"),
    ) -> None:
        """A table whose own rows `own()` gives.

        Args:
            kind: What a row is, in a word.
            group: The group of entry points.
            own: The rows that come with the package.
            expected: What every row is an instance of.
            name_of: A row's name; raises a TypeError or ValueError where something is wrong with the row.
        """
        self.kind, self.group, self.version = kind, group, 0
        self.left_out: dict[str, str] = {}
        self._own, self._expected, self.name_of = own, expected, name_of
        self._registered: dict[str, Row] = {}
        self._found: dict[str, Row] | None = None
        self._outside: set[str] = set()
        self._offered: list[EntryPoint] = []
        self._watchers: list[Callable[[], object]] = []

    def rows(self) -> Mapping[str, Row]:
        """Every row by name."""
        if self._found is None:
            self._found = {}
            self._offered = list(entry_points(group=self.group))
            for row in self._own():
                self._add(row, self._found)
            for name, row in self._registered.items():
                self._try(name, "which was registered", partial(_itself, row))
            self._changed()
        if self._offered:
            self._take_offered()
        return self._found

    def row(self, name: str) -> Row:
        """The row of that name.

        Raises:
            ValueError: There is none; the message lists those there are.
        """
        rows = self.rows()
        if name not in rows:
            raise ValueError(f"unknown {self.kind} {name!r}: {choice(str(name), list(rows))}{self.but(name)}")
        return rows[name]

    def but(self, name: str) -> str:
        """The end of a message about an unknown name: why it was left out, where it was offered; else nothing."""
        return f"; {self.left_out[name]}" if name in self.left_out else ""

    def outside(self) -> list[Row]:
        """The rows that do not come with the package, registered or offered."""
        return [row for name, row in self.rows().items() if name in self._outside]

    def register(self, row: Row) -> Row:
        """Adds a row from outside the package and returns it.

        Raises:
            TypeError: It is no row of this table.
            ValueError: Another row has its name, or what it stands for cannot be made.
        """
        rows = dict(self.rows())
        name = self._add(row, rows)
        if self.rows().get(name) is row:
            return row
        self._registered[name] = row
        self._outside.add(name)
        if self._found is not None:
            self._found[name] = row
        self._changed()
        if name not in self.rows():
            raise ValueError(self.left_out.pop(name))
        return row

    @contextmanager
    def registered(self, *rows: Row) -> Iterator[None]:
        """Rows from outside for the time of a `with` block, as tests need it."""
        try:
            for row in rows:
                self.register(row)
            yield
        finally:
            for row in rows:
                self.take_out(self.name_of(row))

    @contextmanager
    def hidden(self, names: Collection[str]) -> Iterator[None]:
        """As if there were no rows of these names, for the time of a `with` block; nobody who watches is told."""
        kept = self.rows()
        self._found = {name: row for name, row in kept.items() if name not in names}
        try:
            yield
        finally:
            self._found = dict(kept)

    def fill(self, own: Callable[[], Iterable[Row]]) -> None:
        """Says where the table's own rows come from, where they stand above the table itself."""
        self._own, self._found = own, None

    def take_out(self, name: str, why: str = "") -> None:
        """Takes a row from outside out of the table; `why` is kept for messages and told in the log."""
        if name not in self._outside:
            return
        if why:
            self._leave_out(name, f"{self.kind} {name!r} is left out: {why}")
        self._outside.discard(name)
        self._registered.pop(name, None)
        if self._found is not None and self._found.pop(name, None) is not None:
            self._changed()

    def watch(self, watcher: Callable[[], object]) -> None:
        """Calls `watcher()` after every change."""
        self._watchers.append(watcher)

    def _changed(self) -> None:
        self.version += 1
        for watcher in self._watchers:
            watcher()

    def _take_offered(self) -> None:
        """Takes the rows that installed packages offer; those of a module that is just being imported later."""
        later, before = [], self.version
        while self._offered:
            offered = self._offered.pop(0)
            if _is_being_imported(offered.module):
                later.append(offered)
            else:
                self._try(offered.name, _origin(offered), offered.load)
        self._offered = later
        if self.version != before:
            self._changed()

    def _try(self, name: str, origin: str, load: Callable[[], Any]) -> None:
        assert self._found is not None
        try:
            self._outside.add(self._add(load(), self._found))
        except Exception as error:  # whatever a package outside may do wrong
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            self._leave_out(name, f"{self.kind} {name!r}, {origin}, is left out: {reason}")
        else:
            self.version += 1

    def _leave_out(self, name: str, sentence: str) -> None:
        if self.left_out.get(name) != sentence:
            self.left_out[name] = sentence
            _LOG.warning(sentence)

    def _add(self, row: Row, rows: dict[str, Row]) -> str:
        if not isinstance(row, self._expected):
            raise TypeError(f"{row!r} is no {self.kind}: give a {self._expected.__module__}.{self._expected.__name__}")
        name = self.name_of(row)
        if rows.setdefault(name, row) is not row:
            raise ValueError(f"a {self.kind} named {name!r} is there already: give yours another name")
        return name


def _itself(row: Row) -> Row:
    return row


def _origin(offered: EntryPoint) -> str:
    package = f"package {offered.dist.name} {offered.dist.version}" if offered.dist is not None else "package"
    return f"which the {package} offers by its entry point {offered.value}"


def _is_being_imported(module: str) -> bool:
    """Whether a module, or a package that it is in, has begun to be imported and is not yet there as a whole."""
    parts = module.split(".")
    above = (sys.modules.get(".".join(parts[:depth])) for depth in range(1, len(parts) + 1))
    return any(getattr(found.__spec__, "_initializing", False) for found in above if found is not None)

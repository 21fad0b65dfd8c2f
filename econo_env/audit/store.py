"""Where a log is kept: one SQLite file, a row for each tick, written whole or not at all.

The file is in WAL mode with `synchronous=FULL`: what `append` has returned from survives a crash of the process and of
the machine. Its writer holds SQLite's write lock for as long as it is open; readers do not wait for it.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from econo_env.audit.events import SCHEMA
from econo_env.engine.state import Int64s, UInt64s

IN_MEMORY: Final = ":memory:"
"""Path of a log that is not kept."""

_TABLES = (
    "CREATE TABLE log (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE ticks (\n"
    "    number INTEGER PRIMARY KEY, first_seq INTEGER NOT NULL, events BLOB NOT NULL, hashes BLOB NOT NULL,\n"
    "    root BLOB NOT NULL)",
    "CREATE TABLE snapshots (number INTEGER PRIMARY KEY, books BLOB NOT NULL, engine BLOB NOT NULL)",
)
"""As the file has them, letter by letter: a table that is read by other words may seem to be empty."""
_HASH = 32
_PAGE = 16_384
"""Bytes: a tick of many events is written in fewer pieces than with SQLite's 4 kB."""
_PAGES_BEFORE_CHECKPOINT = 2_000_000 // _PAGE
"""More, and one commit in so many waits long for all that is brought into the file at once."""
Connect = Callable[[str], sqlite3.Connection]


class AuditError(ValueError):
    """A log cannot be read, written or trusted; the message says where and what to do."""


class IntegrityError(AuditError):
    """A log, or a state beside it, is not what was written.

    Attributes:
        tick: The tick of the log in which it shows first, where that is known.
        seq: The event.
    """

    def __init__(self, message: str, tick: int | None = None, seq: int | None = None) -> None:
        super().__init__(message)
        self.tick = tick
        self.seq = seq


@dataclass(frozen=True)
class Tick:
    """A tick of the log: the openings of episodes for number 0, then one step of all markets each.

    Attributes:
        number: Its number.
        first_seq: Seq of its first event.
        words: Its events, int64.
        hashes: Their hashes, (events, 4).
        root: Merkle root of the hashes.
    """

    number: int
    first_seq: int
    words: Int64s
    hashes: UInt64s
    root: bytes

    @property
    def head(self) -> bytes:
        """Hash of its last event."""
        return bytes(self.hashes[-1].tobytes())

    @property
    def next_seq(self) -> int:
        """Seq of the first event after it."""
        return self.first_seq + len(self.hashes)


@dataclass(frozen=True)
class Snapshot:
    """The state after a tick."""

    number: int
    books: bytes
    engine: bytes


def connect(path: str) -> sqlite3.Connection:
    """A connection as the store wants it: transactions by hand, no waiting for locks."""
    return sqlite3.connect(path, timeout=0.0, isolation_level=None)


class Store:
    """A log on disk; `create`, `write` and `read` open one."""

    def __init__(self, path: str, connection: sqlite3.Connection, writes: bool) -> None:
        """Takes a connection that is set up; used by `create`, `write` and `read`."""
        self.path = path
        self._connection = connection
        self._writes = writes
        self._last = -1

    @classmethod
    def create(cls, path: str | Path, header: bytes, connect: Connect = connect) -> Self:
        """A new log.

        Raises:
            AuditError: There is a file already, or the place cannot be written.
        """
        place = str(path)
        if place != IN_MEMORY and Path(place).exists() and Path(place).stat().st_size > 0:
            raise AuditError(f"{place} is there already: give another file, or go on with `econo_env.audit.resume`")
        store = cls._open(place, connect, writes=True)
        try:
            with store._told():
                for statement in _TABLES:
                    store._connection.execute(statement)
                rows = [("schema", str(SCHEMA).encode()), ("header", header)]
                store._connection.executemany("INSERT INTO log VALUES (?, ?)", rows)
        except AuditError:
            store.close()
            raise
        return store

    @classmethod
    def write(cls, path: str | Path, connect: Connect = connect) -> Self:
        """A log to go on with.

        Raises:
            AuditError: It is no log, another process writes it, or it cannot be written.
        """
        _require_log(path)
        store = cls._open(str(path), connect, writes=True)
        store._check_schema()
        store._last = store.last_number()
        return store

    @classmethod
    def read(cls, path: str | Path, connect: Connect = connect) -> Self:
        """A log to look at.

        Raises:
            AuditError: It is no log, or it cannot be read.
        """
        _require_log(path)
        store = cls._open(str(path), connect, writes=False)
        store._check_schema()
        return store

    @classmethod
    def _open(cls, path: str, connect: Connect, *, writes: bool) -> Self:
        try:
            connection = connect(path)
        except sqlite3.Error as error:
            raise _in_words(path, error) from None
        store = cls(path, connection, writes)
        try:
            if writes:
                for setting in (
                    f"page_size={_PAGE}",  # of no effect on a file that is there
                    "journal_mode=WAL",
                    "synchronous=FULL",
                    f"wal_autocheckpoint={_PAGES_BEFORE_CHECKPOINT}",
                ):
                    connection.execute(f"PRAGMA {setting}")
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            connection.close()
            raise _in_words(path, error) from None
        return store

    def append(self, tick: Tick, snapshot: Snapshot | None = None) -> None:
        """Writes a tick, and the state after it; when this returns it is there to stay.

        Raises:
            AuditError: The disk is full or failed, or another process has written; nothing of the tick is kept.
        """
        with self._told():
            self._fence()
            row = (tick.number, tick.first_seq, _blob(tick.words), _blob(tick.hashes), tick.root)
            self._connection.execute("INSERT INTO ticks VALUES (?, ?, ?, ?, ?)", row)
            if snapshot is not None:
                kept = (snapshot.number, snapshot.books, snapshot.engine)
                self._connection.execute("INSERT INTO snapshots VALUES (?, ?, ?)", kept)
            self._connection.execute("COMMIT")
            self._last = tick.number
            self._connection.execute("BEGIN IMMEDIATE")

    def _fence(self) -> None:
        """Between a commit and the next lock another process may have come in."""
        last = self.last_number()
        if last != self._last:
            raise AuditError(f"{self.path}: another process wrote tick {last} after this one's {self._last}")

    def cut(self, number: int) -> None:
        """Takes out everything from a tick on."""
        with self._told():
            self._connection.execute("DELETE FROM ticks WHERE number >= ?", (number,))
            self._connection.execute("DELETE FROM snapshots WHERE number >= ?", (number,))
            self._connection.execute("COMMIT")
            self._connection.execute("BEGIN IMMEDIATE")
            self._last = self.last_number()

    def header(self) -> bytes:
        """What the log is of, as JSON."""
        with self._told():
            row = self._connection.execute("SELECT value FROM log WHERE key = 'header'").fetchone()
        if row is None or not isinstance(row[0], bytes):
            raise IntegrityError(f"{self.path}: its header is missing or damaged")
        return row[0]

    def last_number(self) -> int:
        """Number of the last tick, -1 where there is none."""
        with self._told():
            found: int | None = self._connection.execute("SELECT max(number) FROM ticks").fetchone()[0]
        return -1 if found is None else found

    def ticks(self, first: int = 0) -> Iterator[Tick]:
        """The ticks from one on, in order.

        Raises:
            IntegrityError: SQLite itself finds the file damaged.
        """
        asked = "SELECT number, first_seq, events, hashes, root FROM ticks WHERE number >= ? ORDER BY number"
        with self._told():
            for row in self._connection.execute(asked, (first,)):
                self._require_kinds(row, (int, int, bytes, bytes, bytes))
                yield _tick(*row)

    def snapshots(self) -> Iterator[Snapshot]:
        """The snapshots, the latest first."""
        with self._told():
            for row in self._connection.execute("SELECT number, books, engine FROM snapshots ORDER BY number DESC"):
                self._require_kinds(row, (int, bytes, bytes))
                yield Snapshot(*row)

    def close(self) -> None:
        """Gives the lock back; what was not acknowledged is not there."""
        if self._writes and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_schema(self) -> None:
        """Closes what is no log of this version.

        Raises:
            AuditError: It is none.
        """
        try:
            with self._told():
                row = self._connection.execute("SELECT value FROM log WHERE key = 'schema'").fetchone()
                tables = self._connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table'").fetchall()
            self._require_tables(None if row is None else row[0], {words for (words,) in tables})
        except AuditError:
            self.close()
            raise

    def _require_kinds(self, row: tuple[object, ...], kinds: tuple[type, ...]) -> None:
        if not all(isinstance(value, kind) for value, kind in zip(row, kinds, strict=True)):
            raise IntegrityError(f"{self.path}: a row is none of this table: the file is damaged")

    def _require_tables(self, schema: bytes | None, tables: set[str]) -> None:
        if schema != str(SCHEMA).encode():
            raise AuditError(f"{self.path}: its schema is {schema!r}, this version reads {SCHEMA}")
        if tables != set(_TABLES):
            raise IntegrityError(f"{self.path}: its tables are not those of a log: the file is damaged")

    def require_sound(self) -> None:
        """SQLite looks through the whole file: a table may seem to be empty where its pages are not found.

        Raises:
            IntegrityError: The file is damaged.
        """
        with self._told():
            [said] = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise IntegrityError(f"{self.path} is damaged: {said}")

    def _told(self) -> "_Told":
        return _Told(self)


class _Told:
    """Turns what SQLite has to say into one sentence."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            raise _in_words(self._store.path, error) from None
        if isinstance(error, UnicodeDecodeError):  # SQLite quotes what it cannot read
            raise IntegrityError(f"{self._store.path}: the file is damaged: its words are no text") from None


def _require_log(path: str | Path) -> None:
    place = Path(path)
    try:
        if place.is_dir():
            raise AuditError(f"{place} is a folder: give the file of a log")
        if not place.is_file():
            raise AuditError(f"{place} is not there: give the file of a log")
        with place.open("rb") as opened:
            begins = opened.read(16)
    except OSError as error:
        raise AuditError(f"{place} cannot be read: {error.strerror}") from None
    if begins != b"SQLite format 3\0":
        raise AuditError(f"{place} is no log of an audited economy")


def _blob(words: Int64s | UInt64s) -> memoryview:
    """The bytes of words, little-endian, where they stand."""
    return words.astype(words.dtype.newbyteorder("<"), copy=False).data.cast("B")


def _tick(number: int, first_seq: int, events: bytes, hashes: bytes, root: bytes) -> Tick:
    """A row as it stands; what is no whole number of words or hashes is cut, and fails the check."""
    words = np.frombuffer(events[: len(events) // 8 * 8], "<i8").astype(np.int64, copy=False)
    whole = np.frombuffer(hashes[: len(hashes) // _HASH * _HASH], "<u8").astype(np.uint64, copy=False)
    return Tick(number, first_seq, words, whole.reshape(-1, _HASH // 8), root)


def _in_words(path: str, error: sqlite3.Error) -> AuditError:
    said = str(error)
    if "locked" in said:
        return AuditError(f"{path}: another process is writing this log; wait for it or give another file")
    if "full" in said or "disk I/O" in said:
        return AuditError(f"{path}: the disk is full or failed ({said}); what was acknowledged before is kept")
    if "readonly" in said or "unable to open" in said:
        return AuditError(f"{path} cannot be written or read there ({said})")
    return IntegrityError(f"{path}: SQLite finds it damaged: {said}")

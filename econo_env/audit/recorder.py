"""Records an economy while it runs: every tick is in the log, for good, before its result is handed on."""

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from econo_env.audit.anchor import GENESIS_HASH, Anchor, Head, head_of
from econo_env.audit.blake2b import DIGEST_WORDS, WORK_WORDS
from econo_env.audit.books import Books, bytes_of_books
from econo_env.audit.collector import Collector, require_shape
from econo_env.audit.events import HEADER
from econo_env.audit.kernels import kernels
from econo_env.audit.store import AuditError, Connect, IntegrityError, Snapshot, Store, Tick, connect
from econo_env.engine.engine import Engine
from econo_env.engine.state import Int64s, UInt64s


class Chain:
    """Hashes the events of one tick after another."""

    def __init__(self, head: bytes = GENESIS_HASH) -> None:
        """Goes on from the hash of the last event."""
        self._head: UInt64s = np.frombuffer(head, np.uint64).copy()
        self._work = np.zeros(WORK_WORDS + DIGEST_WORDS, dtype=np.uint64)
        self._hashes = np.zeros((0, DIGEST_WORDS), dtype=np.uint64)
        self._nodes = np.zeros(0, dtype=np.uint64)

    def tick(self, number: int, first_seq: int, words: Int64s) -> Tick:
        """A tick with its hashes, which stand there until the next one, and its root."""
        most = len(words) // HEADER
        if len(self._hashes) < most:
            self._hashes = np.zeros((2 * most, DIGEST_WORDS), dtype=np.uint64)
            self._nodes = np.zeros(self._hashes.size, dtype=np.uint64)
        count = kernels().hash_events(words, len(words), self._head, self._hashes, self._work)
        kernels().merkle_root(self._hashes, count, self._nodes, self._work)
        self._head = self._hashes[count - 1].copy()
        return Tick(number, first_seq, words, self._hashes[:count], self._nodes[:DIGEST_WORDS].tobytes())


class Recorder:
    """An economy that is recorded.

    Attributes:
        collector: The engine and the books.
    """

    def __init__(self, collector: Collector, store: Store, anchor: Anchor | None, head: Head | None = None) -> None:
        """Used by `record_to` and `econo_env.audit.recovery.resume`."""
        self.collector = collector
        self._store = store
        self._anchor = anchor
        self._chain = Chain() if head is None else Chain(bytes.fromhex(head.hash))
        self._next_seq = 0 if head is None else head.seq + 1
        self._broken: str | None = None
        self._head = head

    @property
    def head(self) -> Head:
        """The last acknowledged event."""
        assert self._head is not None
        return self._head

    def start(self) -> None:
        """Opens the first episodes of a new log."""
        self._head = self._append(self.collector.start())

    @property
    def engine(self) -> Engine:
        """The engine; act through `step` alone."""
        return self.collector.engine

    @property
    def books(self) -> Books:
        """What the log says of the state."""
        return self.collector.books

    def step(self, actions: ArrayLike) -> Head:
        """One tick of all markets, written down and acknowledged; new episodes where one ended.

        Args:
            actions: As for `Engine.step`.

        Returns:
            The head of the log, which is on disk.

        Raises:
            IntegrityError: Something changed without an event: the recorder halts, and takes no further tick.
            AuditError: The log could not be written: the same.
            ValueError: The actions have another shape; nothing has happened.
        """
        if self._broken is not None:
            raise IntegrityError(f"the recorder has halted: {self._broken}")
        given = np.array(actions, dtype=np.float32)
        require_shape(given, self.engine)
        try:
            self._head = self._append(self.collector.step(given))
        except BaseException as error:  # Ctrl-C too: the engine may be ahead of the log
            self._broken = str(error) or type(error).__name__
            raise
        return self.head

    def _append(self, words: Int64s) -> Head:
        number = self.collector.number
        snapshot = None
        if number % self.collector.header.snapshot_every == 0:
            words, engine = self.collector.snapshot()
            snapshot = Snapshot(number, bytes_of_books(self.collector.books), engine)
        tick = self._chain.tick(number, self._next_seq, words)
        self._store.append(tick, snapshot)
        self._next_seq = tick.next_seq
        head = head_of(tick)
        if self._anchor is not None:
            self._anchor.add(head)
        return head

    def close(self) -> None:
        """Closes the log."""
        self._store.close()
        if self._anchor is not None:
            self._anchor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def record_to(
    path: str | Path,
    engine: Engine,
    *,
    seed: int = 0,
    snapshot_every: int = 1000,
    anchor: str | Path | None = None,
    connect: Connect = connect,
) -> Recorder:
    """Starts a log of an engine's markets: resets them and records the opening of their first episodes.

    Args:
        path: A new file, or `store.IN_MEMORY`.
        engine: Of a scenario with `economy.audit`, `autoreset=False`.
        seed: Of the episodes.
        snapshot_every: Ticks from one snapshot to the next, at least 1.
        anchor: A file, best on another disk, for the root of every tick.
        connect: Opens the SQLite file.

    Raises:
        ValueError: The scenario keeps no journal, or a number is out of range.
        AuditError: A file cannot be written, or is there already.
    """
    if int(snapshot_every) != snapshot_every or snapshot_every < 1:
        raise ValueError(f"snapshot_every={snapshot_every!r}: give a whole number of at least 1")
    if anchor is not None and Path(anchor).is_file() and Path(anchor).stat().st_size > 0:
        raise AuditError(f"{anchor} is there already, the anchor of another log: give another file")
    collector = Collector(engine, seed, int(snapshot_every))
    store = Store.create(path, collector.header.to_bytes(), connect)
    try:
        recorder = Recorder(collector, store, None if anchor is None else Anchor(anchor))
        recorder.start()
    except BaseException:
        store.close()
        raise
    return recorder

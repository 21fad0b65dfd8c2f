"""A log that is opened again: checked, its torn end cut, its state folded, its engine brought back."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from econo_env.audit.anchor import Anchor, Head, head_of, read_anchor
from econo_env.audit.blake2b import DIGEST_WORDS, digest_of_bytes
from econo_env.audit.books import Books, books_from_bytes, new_books, state_hash
from econo_env.audit.check import Block, Checker, blocks, require_anchored
from econo_env.audit.collector import Collector, actions_of, blame
from econo_env.audit.events import ACTIONS, HEADER, KIND, MARKET, POLICY, SEQ, SNAPSHOT, numbers_of
from econo_env.audit.header import Header
from econo_env.audit.kernels import kernels
from econo_env.audit.names import account_name, fact_name
from econo_env.audit.recorder import Recorder
from econo_env.audit.store import AuditError, Connect, IntegrityError, Snapshot, Store, Tick, connect
from econo_env.audit.wal import unfinished_bytes
from econo_env.engine.engine import Engine

_SNAPSHOT_WORDS = HEADER + 2 * DIGEST_WORDS


@dataclass(frozen=True)
class Replayed:
    """What the events of a log amount to.

    Attributes:
        ticks: Steps of the markets.
        events: Events.
        snapshots: Recorded state hashes that the fold agreed with.
        state_hash: Hash of the state after the last event, hexadecimal.
        books: That state.
    """

    ticks: int
    events: int
    snapshots: int
    state_hash: str
    books: Books = field(repr=False)


@dataclass(frozen=True)
class Recovered:
    """A log that can be gone on with.

    Attributes:
        head: Its last event.
        ticks: Steps of the markets.
        events: Events.
        snapshot: Number of the tick whose snapshot the state was folded from.
        said: What was cut or left out, a sentence each; empty where nothing was.
        seconds: How long it took.
        state_hash: Hash of the state, hexadecimal.
        books: That state.
    """

    head: Head
    ticks: int
    events: int
    snapshot: int
    said: tuple[str, ...]
    seconds: float
    state_hash: str
    books: Books = field(repr=False)


def read_header(path: str | Path) -> Header:
    """What a log is of.

    Raises:
        AuditError: It is no log.
    """
    with Store.read(path) as store:
        return Header.from_bytes(store.header())


def replay(path: str | Path) -> Replayed:
    """Folds a log from its first event, and compares with every state hash that was recorded.

    Raises:
        IntegrityError: An event that cannot be, or a recorded state that the events do not lead to, and where.
        AuditError: It is no log.
    """
    with Store.read(path) as store:
        header = Header.from_bytes(store.header())
        checker, folder, snapshots = Checker(header, {}), _Folder(header), 0
        for block in blocks(store, 0, header.snapshot_every):
            checker.check(block)
            folder.fold(block)
            recorded = _recorded_hashes(block.ticks[-1])
            if recorded is not None:
                folder.compare(recorded[0], block.ticks[-1], store)
                snapshots += 1
    books = folder.books
    return Replayed(checker.next_number - 1, checker.next_seq, snapshots, state_hash(books).hex(), books)


def recover(path: str | Path, anchor: str | Path | None = None, connect: Connect = connect) -> Recovered:
    """Opens a log after whatever happened to its writer: verifies it, cuts a torn end, folds the state.

    A last tick that is damaged and that no anchor vouches for is cut, and said so; damage before it is not mended.

    Args:
        path: The log.
        anchor: The file of anchors: what it knows was acknowledged and is never cut.
        connect: Opens the SQLite file.

    Raises:
        IntegrityError: Acknowledged events are damaged or missing, or an invariant of the ledger is broken.
        AuditError: It is no log, it holds no tick, or another process writes it.
    """
    begun = time.perf_counter()
    known = {} if anchor is None else read_anchor(anchor)
    unfinished = unfinished_bytes(path)
    said = [f"an unfinished write of {unfinished} bytes at its end was left out"] if unfinished else []
    with Store.write(path, connect) as store:
        header = Header.from_bytes(store.header())
        checker, last = _checked(store, header, known, said)
        require_anchored(checker, known)
        if last is None:
            raise AuditError(f"{path} holds no tick: start it anew")
        snapshot, folder = _from_latest_snapshot(store, header)
    books = folder.books
    return Recovered(
        head_of(last), last.number, checker.next_seq, snapshot, tuple(said), time.perf_counter() - begun,
        state_hash(books).hex(), books,
    )  # fmt: skip


def resume(
    path: str | Path, engine: Engine, *, anchor: str | Path | None = None, connect: Connect = connect
) -> Recorder:
    """Goes on with a log where its last acknowledged tick left off, engine and all.

    The engine is set to the latest snapshot and takes the recorded actions from there; what it does must be what was
    written.

    Args:
        path: The log.
        engine: Of the scenario and the number of markets that the log is of.
        anchor: The file of anchors, held against the log and gone on with.
        connect: Opens the SQLite file.

    Raises:
        IntegrityError: The log is damaged, or the engine does something else than was written.
        AuditError: The engine is of another scenario, or the log cannot be used.
    """
    recovered = recover(path, anchor, connect)
    store = Store.write(path, connect)
    try:
        collector = _collector_for(engine, Header.from_bytes(store.header()), path)
        first = _engine_from_snapshot(store, collector)
        for tick in store.ticks(first):
            _do_again(collector, tick)
        _require_same(state_hash(collector.books).hex(), recovered.state_hash)
        return Recorder(collector, store, None if anchor is None else Anchor(anchor), recovered.head)
    except BaseException:
        store.close()
        raise


def rerun(path: str | Path, engine: Engine) -> Replayed:
    """Plays a log again: the engine takes the recorded actions, and every event must come out as it was written.

    So an edit that agrees with itself in all hashes is found too, unless the rules of the scenario allow it.

    Raises:
        IntegrityError: The first event that does not come out.
        AuditError: The engine is of another scenario, or the file is no log.
    """
    with Store.read(path) as store:
        header = Header.from_bytes(store.header())
        collector, checker, snapshots = _collector_for(engine, header, path), Checker(header, {}), 0
        for block in blocks(store, 0, header.snapshot_every):
            checker.check(block)
            for tick in block.ticks:
                _do_again(collector, tick)
            snapshots += block.ticks[-1].number % header.snapshot_every == 0
    books = collector.books
    return Replayed(collector.number, checker.next_seq, snapshots, state_hash(books).hex(), books)


class _Folder:
    """Books that blocks are folded into."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.books = new_books(header.num_markets, header.num_accounts, header.num_facts)
        self._fault = np.zeros(5, dtype=np.int64)

    def fold(self, block: Block) -> None:
        seq = kernels().fold(
            block.words, block.ends, tuple(self.books), self.header.num_agents, self.header.openings, self._fault
        )
        if seq >= 0:
            tick = next(tick for tick in block.ticks if tick.next_seq > seq)
            raise IntegrityError(str(blame(self._fault, f"event {seq}, ")), tick.number, seq)

    def compare(self, recorded: bytes, tick: Tick, store: Store) -> None:
        """Holds the state against a recorded hash, and says where the snapshot differs."""
        if state_hash(self.books) == recorded:
            return
        kept = next((one for one in store.snapshots() if one.number == tick.number), None)
        said = "; its snapshot is missing"
        if kept is not None and len(kept.books) == sum(array.nbytes for array in self.books):
            said = _difference(self.header, self.books, books_from_bytes(kept.books, self.books))
        raise IntegrityError(
            f"tick {tick.number}: the events lead to another state than was recorded{said}",
            tick.number,
            tick.next_seq - 1,
        )


def _difference(header: Header, found: Books, kept: Books) -> str:
    for name, mine, other in zip(Books._fields, found, kept, strict=True):
        places = np.argwhere(mine != other)
        if len(places):
            k, *rest = places[0].tolist()
            what = name
            if name == "balances":
                what = account_name(rest[0], header.num_agents)
            elif name == "facts":
                what = fact_name(header, rest[0])
            at = tuple(places[0])
            return f": market {k}, {what} is {mine[at]} by the events and {other[at]} in the snapshot"
    return "; the snapshot agrees with the events"


def _checked(store: Store, header: Header, anchor: Mapping[int, Head], said: list[str]) -> tuple[Checker, Tick | None]:
    """Checks all there is, and cuts a last tick that is damaged and was never vouched for."""
    checker, last = Checker(header, anchor), store.last_number()
    try:
        for block in blocks(store, 0, header.snapshot_every):
            checker.check(block)
    except IntegrityError as error:
        if error.tick is None or error.tick != last or last in anchor or last == 0:
            raise
        store.cut(last)
        said.append(f"tick {last}, the last one, was damaged and is cut: {error}")
    return checker, next(iter(store.ticks(checker.next_number - 1)), None) if checker.next_number else None


def _recorded_hashes(tick: Tick) -> tuple[bytes, bytes] | None:
    """The hashes of books and engine that a tick ends with, if it does."""
    event = tick.words[-_SNAPSHOT_WORDS:]
    if len(event) < _SNAPSHOT_WORDS or event[KIND] != SNAPSHOT or event[SEQ] != tick.next_seq - 1:
        return None
    digests = event[HEADER:].astype("<i8", copy=False).tobytes()
    return digests[: 8 * DIGEST_WORDS], digests[8 * DIGEST_WORDS :]


def _good_snapshots(store: Store) -> list[tuple[Snapshot, tuple[bytes, bytes]]]:
    """Snapshots whose ticks are there with their hashes, the latest first, one at a time."""
    found = []
    for snapshot in store.snapshots():
        tick = next(iter(store.ticks(snapshot.number)), None)
        recorded = None if tick is None or tick.number != snapshot.number else _recorded_hashes(tick)
        if recorded is not None:
            found.append((snapshot, recorded))
    return found


def _from_latest_snapshot(store: Store, header: Header) -> tuple[int, _Folder]:
    """The state after the last tick, folded from the latest snapshot that is what its event says; from genesis else."""
    folder, first = _Folder(header), 0
    for snapshot, (recorded, _) in _good_snapshots(store):
        if len(snapshot.books) != sum(array.nbytes for array in folder.books):
            continue
        books = books_from_bytes(snapshot.books, folder.books)
        if state_hash(books) == recorded:
            folder.books, first = books, snapshot.number + 1
            break
    for block in blocks(store, first, header.snapshot_every):
        folder.fold(block)
        hashes = _recorded_hashes(block.ticks[-1])
        if hashes is not None:
            folder.compare(hashes[0], block.ticks[-1], store)
    return max(0, first - 1), folder


def _engine_from_snapshot(store: Store, collector: Collector) -> int:
    """Sets an engine to the latest snapshot that is right; returns the tick to go on from."""
    for snapshot, (books_hash, engine_hash) in _good_snapshots(store):
        if len(snapshot.books) != sum(array.nbytes for array in collector.books):
            continue
        books = books_from_bytes(snapshot.books, collector.books)
        if state_hash(books) == books_hash and digest_of_bytes(snapshot.engine).tobytes() == engine_hash:
            tick = next(iter(store.ticks(snapshot.number)))
            collector.resume(snapshot.number, tick.next_seq, books, snapshot.engine)
            return snapshot.number + 1
    return 0


def _require_same(engine: str, log: str) -> None:
    if engine != log:
        raise IntegrityError(f"the engine ends in state {engine[:16]}..., the log in {log[:16]}...")


def _collector_for(engine: Engine, header: Header, path: str | Path) -> Collector:
    collector = Collector(engine, header.seed, header.snapshot_every)
    own = collector.header
    if (own.scenario, own.num_markets, own.kinds, own.facts) != (
        header.scenario, header.num_markets, header.kinds, header.facts
    ):  # fmt: skip
        raise AuditError(
            f"{path} is of {header.num_markets} market(s) of {header.scenario.get('id')}, written by version "
            f"{header.package}; the engine plays {own.num_markets} of {own.scenario.get('id')} or other settings of it"
        )
    collector.header = header
    return collector


def _move_again(collector: Collector, tick: Tick) -> None:
    """Moves the levers that were moved before a tick."""
    starts = np.zeros(len(tick.hashes), dtype=np.int64)
    kernels().find_events(tick.words, starts)
    for start in starts[tick.words[starts + KIND] == POLICY].tolist():
        for place, bits in numbers_of(tick.words, start).tolist():
            if place not in range(collector.header.num_facts):
                raise IntegrityError(f"tick {tick.number}: place {place} is moved, which no fact has", tick.number)
            collector.move(int(tick.words[start + MARKET]), place, bits)


def _do_again(collector: Collector, tick: Tick) -> None:
    """Takes the step that a tick is of; its events must be the same, word for word."""
    written = tick.words
    if tick.number == 0:
        words = collector.start()
    else:
        if written[KIND] != ACTIONS:
            raise IntegrityError(f"tick {tick.number} does not begin with actions", tick.number, tick.first_seq)
        shape = collector.engine.buffers.actions.shape
        _move_again(collector, tick)
        words = collector.step(actions_of(numbers_of(written, 0).ravel(), shape))
    if collector.number % collector.header.snapshot_every == 0:
        words = collector.snapshot()[0]
    if len(words) == len(written) and (words == written).all():
        return
    common = min(len(words), len(written))
    differs = np.flatnonzero(words[:common] != written[:common])
    at = int(differs[0]) if len(differs) else common
    starts = np.zeros(len(tick.hashes), dtype=np.int64)
    kernels().find_events(written, starts)
    seq = tick.first_seq + int(np.searchsorted(starts, at, side="right")) - 1
    raise IntegrityError(
        f"tick {tick.number}, event {seq}: played again, the rules make something else of the recorded actions",
        tick.number,
        seq,
    )

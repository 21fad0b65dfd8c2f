"""Whether a log is what was written: hashes, roots and order of every event, and the anchor beside it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from econo_env.audit.anchor import GENESIS_HASH, Head, head_of, read_anchor
from econo_env.audit.blake2b import DIGEST_WORDS, WORK_WORDS, digest_of_bytes
from econo_env.audit.events import GENESIS, HEADER, KIND, SEQ
from econo_env.audit.header import Header
from econo_env.audit.kernels import kernels
from econo_env.audit.store import IntegrityError, Store, Tick
from econo_env.engine.state import Int64s, UInt64s

_WORDS_AT_ONCE = 1 << 21


@dataclass(frozen=True)
class Block:
    """Ticks that follow each other.

    Attributes:
        ticks: They themselves.
        words: Their events, int64.
        ends: Where words and hashes of each end, (ticks, 2).
        hashes: (events, 4).
    """

    ticks: list[Tick]
    words: Int64s
    ends: Int64s
    hashes: UInt64s


@dataclass(frozen=True)
class Verified:
    """What a log that is right holds.

    Attributes:
        ticks: Steps of the markets.
        events: Events.
        head: The last of them; None where the log is empty.
        anchored: Ticks that the anchor vouches for.
    """

    ticks: int
    events: int
    head: Head | None
    anchored: int


def blocks(store: Store, first: int, snapshot_every: int) -> Iterator[Block]:
    """The ticks of a log from one on, joined; a tick with a snapshot is the last of its block."""
    ticks: list[Tick] = []
    size = 0
    for tick in store.ticks(first):
        ticks.append(tick)
        size += len(tick.words)
        if size >= _WORDS_AT_ONCE or tick.number % snapshot_every == 0:
            yield _joined(ticks)
            ticks, size = [], 0
    if ticks:
        yield _joined(ticks)


def _joined(ticks: list[Tick]) -> Block:
    sizes = np.array([(len(tick.words), len(tick.hashes)) for tick in ticks], dtype=np.int64)
    words = np.concatenate([tick.words for tick in ticks])
    return Block(ticks, words, np.cumsum(sizes, axis=0), np.concatenate([tick.hashes for tick in ticks]))


class Checker:
    """Checks one block after another.

    Attributes:
        head: Hash of the last event that was right.
        next_seq: Seq of the event after it.
        next_number: Number of the next tick.
    """

    def __init__(self, header: Header, anchor: Mapping[int, Head]) -> None:
        """Starts at the beginning of a log."""
        self.head, self.next_seq, self.next_number, self.anchored = GENESIS_HASH, 0, 0, 0
        self._kinds = len(header.kinds)
        self._header = digest_of_bytes(header.to_bytes())
        self._anchor = anchor
        self._work = np.zeros(WORK_WORDS + DIGEST_WORDS, dtype=np.uint64)

    def check(self, block: Block) -> None:
        """Goes over a block.

        Raises:
            IntegrityError: The first thing that is not what was written; what was right before it counts as checked.
        """
        wrong = self._first_wrong(block)
        right = block.ticks if wrong < 0 else block.ticks[:wrong]
        for tick in right:
            self._hold_against_anchor(tick)
        if wrong >= 0:
            raise self._what_is_wrong(block.ticks[wrong])

    def _first_wrong(self, block: Block) -> int:
        """Place of the first tick that is not what was hashed, or -1."""
        places = range(len(block.ticks))
        firsts = [self.next_seq, *(self.next_seq + block.ends[:-1, 1]).tolist()]
        misplaced = [
            at
            for at in places
            if (block.ticks[at].number, block.ticks[at].first_seq) != (self.next_number + at, firsts[at])
            or len(block.ticks[at].root) != 8 * DIGEST_WORDS
        ]
        sound = misplaced[0] if misplaced else len(block.ticks)
        if sound == 0:
            return 0
        roots = np.frombuffer(b"".join(tick.root for tick in block.ticks[:sound]), np.uint64).reshape(-1, DIGEST_WORDS)
        most = int(np.diff(block.ends[:sound, 1], prepend=0).max())
        nodes = np.zeros(most * DIGEST_WORDS, dtype=np.uint64)
        wrong = kernels().check_ticks(
            block.words, block.ends[:sound], self._kinds, self.next_seq, self._before(), block.hashes, roots, nodes,
            self._work,
        )  # fmt: skip
        if wrong < 0 and self.next_number == 0 and not self._is_genesis(block.ticks[0]):
            return 0
        return int(wrong) if wrong >= 0 else -1 if sound == len(block.ticks) else sound

    def _before(self) -> UInt64s:
        return np.frombuffer(self.head, np.uint64).copy()

    def _is_genesis(self, tick: Tick) -> bool:
        said = tick.words[HEADER : HEADER + DIGEST_WORDS].view(np.uint64)
        return bool(tick.words[KIND] == GENESIS and (said == self._header).all())

    def _hold_against_anchor(self, tick: Tick) -> None:
        known = self._anchor.get(tick.number)
        if known is not None:
            if known != head_of(tick):
                raise IntegrityError(
                    f"tick {tick.number}: the anchor has head {known.hash[:16]}..., the log {tick.head.hex()[:16]}...: "
                    "the log was made anew from this tick or before",
                    tick.number,
                    tick.first_seq,
                )
            self.anchored += 1
        self.head, self.next_seq, self.next_number = tick.head, tick.next_seq, tick.number + 1

    def _what_is_wrong(self, tick: Tick) -> IntegrityError:
        """A sentence for the first wrong tick, whose predecessors are right."""
        if tick.number != self.next_number:
            said = f"tick {self.next_number} is missing: tick {tick.number} follows tick {self.next_number - 1}"
            return IntegrityError(said, self.next_number, self.next_seq)
        where = f"tick {tick.number}, event "
        place = kernels().check_events(tick.words, self._kinds, self.next_seq, self._before(), tick.hashes, self._work)
        seq = self.next_seq + max(0, place)
        if place < 0:
            said = "the header" if tick.number == 0 and not self._is_genesis(tick) else "its Merkle root or first seq"
            return IntegrityError(f"tick {tick.number}: {said} is not what was written", tick.number, seq)
        starts = np.zeros(place + 1, dtype=np.int64)
        kernels().find_events(tick.words, starts)
        there = tick.words[starts[place] :]
        if place == len(tick.hashes):
            said = "is more than was written: a record was added or a hash dropped"
        elif len(there) < HEADER:
            said = "is missing or cut short"
        elif there[SEQ] != seq:
            said = f"reads seq {there[SEQ]}: a record was dropped, repeated, moved or damaged"
        else:
            said = "is not what was hashed: it, its hash or the one before was changed"
        return IntegrityError(f"{where}{seq} {said}", tick.number, seq)


def verify(path: str | Path, anchor: str | Path | None = None) -> Verified:
    """Checks a log from its first event to its last.

    Args:
        path: The log.
        anchor: The file of anchors; without one a log that was made anew as a whole goes unnoticed.

    Raises:
        IntegrityError: The first tick and event that are not what was written, in words.
        AuditError: A file is no log or no anchor, or cannot be read.
    """
    known = {} if anchor is None else read_anchor(anchor)
    with Store.read(path) as store:
        header = Header.from_bytes(store.header())
        checker = Checker(header, known)
        for block in blocks(store, 0, header.snapshot_every):
            checker.check(block)
        last = list(store.ticks(store.last_number()))
        store.require_sound()
    require_anchored(checker, known)
    return Verified(
        max(0, checker.next_number - 1), checker.next_seq, head_of(last[-1]) if last else None, checker.anchored
    )


def require_anchored(checker: Checker, anchor: Mapping[int, Head]) -> None:
    """The log must reach as far as its anchor.

    Raises:
        IntegrityError: Ticks that were acknowledged are missing at its end.
    """
    if anchor and max(anchor) >= checker.next_number:
        raise IntegrityError(
            f"the log ends with tick {checker.next_number - 1}, the anchor knows tick {max(anchor)}: acknowledged "
            "events are missing",
            checker.next_number,
            checker.next_seq,
        )

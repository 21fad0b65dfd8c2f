"""What a log is held against from outside: the head and the root of every tick, in a file elsewhere."""

import json
from dataclasses import dataclass
from pathlib import Path

from econo_env.audit.blake2b import DIGEST_WORDS
from econo_env.audit.store import AuditError, IntegrityError, Tick

_BEGINS = '{"head": "'
GENESIS_HASH = bytes(8 * DIGEST_WORDS)
"""What the first event is chained to."""


@dataclass(frozen=True)
class Head:
    """The last acknowledged event of a log.

    Attributes:
        tick: Number of the tick.
        seq: Its seq.
        hash: Its hash, hexadecimal.
        root: Merkle root of the tick's events, hexadecimal.
    """

    tick: int
    seq: int
    hash: str
    root: str


def head_of(tick: Tick) -> Head:
    """The head of a log that ends with a tick."""
    return Head(tick.number, tick.next_seq - 1, tick.head.hex(), tick.root.hex())


class Anchor:
    """A file elsewhere with the head and root of every tick, one JSON object a line.

    An edit of the log with all its hashes made anew agrees with itself, but not with this.
    """

    def __init__(self, path: str | Path) -> None:
        """Appends to a file.

        Raises:
            AuditError: It cannot be written.
        """
        self.path = Path(path)
        try:
            self._file = self.path.open("a")
        except OSError as error:
            raise AuditError(f"{self.path} cannot be written: {error.strerror}") from None

    def add(self, head: Head) -> None:
        """Adds a tick."""
        document = {"head": head.hash, "root": head.root, "seq": head.seq, "tick": head.tick}
        try:
            self._file.write(json.dumps(document, sort_keys=True) + "\n")
            self._file.flush()
        except OSError as error:
            raise AuditError(f"{self.path} cannot be written: {error.strerror}; the log itself is kept") from None

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def read_anchor(path: str | Path) -> dict[int, Head]:
    """The heads in an anchor file, by tick; a last line that was cut short is left out.

    Raises:
        AuditError: It cannot be read, or is none.
    """
    try:
        lines = Path(path).read_text().splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"{path} cannot be read as an anchor: {error}") from None
    heads: dict[int, Head] = {}
    for at, line in enumerate(lines):
        if not line.endswith("\n") and line.startswith(_BEGINS[: len(line)]):
            break
        try:
            document = json.loads(line)
            head = Head(int(document["tick"]), int(document["seq"]), str(document["head"]), str(document["root"]))
        except (ValueError, TypeError, KeyError):
            raise AuditError(f"{path}, line {at + 1}: no anchor of a tick: {line.strip()[:60]!r}") from None
        if heads.setdefault(head.tick, head) != head:
            raise IntegrityError(f"{path}, line {at + 1}: it names two heads for tick {head.tick}")
    return heads

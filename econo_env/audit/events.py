"""Events as canonical bytes: what one consists of, and the compiled functions that write, read and hash them.

An event is a row of little-endian int64 words: eight keys in alphabetical order, then its payload, row after row, each
row's columns in alphabetical order. Payloads whose numbers all fit take 4 bytes a number, others 8; the smaller form
is the only valid one. docs/audit.md is the schema for people.
"""

from typing import Final

import numpy as np

from econo_env.audit.blake2b import DIGEST_WORDS, digest_words
from econo_env.economy.ledger import NOWHERE
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s, UInt64s

SCHEMA: Final = 1
"""Version of the form of events, of the header and of the tables of the store."""

KEYS: Final = ("bytes", "episode", "kind", "market", "op", "rows", "seq", "tick")
BYTES, EPISODE, KIND, MARKET, OP, ROWS, SEQ, TICK = range(8)
HEADER = len(KEYS)

KINDS: Final = ("genesis", "actions", "snapshot", "episode", "bid", "award", "fact", "policy")
"""Kinds of events; those of operations, such as `staking.lock`, follow in the order of the header of a log."""
GENESIS, ACTIONS, SNAPSHOT, OPENING, BID, AWARD, FACT, POLICY = range(8)
FIRST_OPERATION = len(KINDS)

COLUMNS: Final = (("word",), ("word",), ("word",), (), ("agent", "exposure"), ("agent", "pays", "units", "worth"))
FACT_COLUMNS: Final = ("place", "value")
TRANSFER_COLUMNS: Final = ("amount", "source", "target")
WIDTHS: Final = (*(len(names) for names in COLUMNS), *[len(FACT_COLUMNS)] * 2, len(TRANSFER_COLUMNS))
"""Numbers in a row of each kind; the last one is that of all operations."""

EVERYWHERE = -1
"""Market of an event that is about the log and not about a market."""
CHILDREN: Final = 4
"""Of a node of the tree of a tick."""
_SMALLEST, _LARGEST = -(2**31), 2**31 - 1
_LOW = 0xFFFFFFFF


def columns_of_kind(kind: int) -> tuple[str, ...]:
    """Names of the numbers in a row."""
    return (*COLUMNS, FACT_COLUMNS, FACT_COLUMNS, TRANSFER_COLUMNS)[min(kind, FIRST_OPERATION)]


@compiled
def width_of(kind: int) -> int:
    """Numbers in a row."""
    return WIDTHS[min(kind, FIRST_OPERATION)]


@compiled
def payload_words(kind: int, rows: int, num_bytes: int) -> int:
    """Words that a payload takes; an odd half word at its end is 0."""
    return (rows * width_of(kind) * num_bytes + 7) // 8


@compiled
def number(words: Int64s, start: int, at: int) -> int:
    """Number `at` of the payload of the event that begins at `start`."""
    if words[start + BYTES] == 8:
        return int(words[start + HEADER + at])
    word = words[start + HEADER + at // 2]
    if at % 2:
        return int(word >> 32)
    return int(((word & _LOW) ^ (1 << 31)) - (1 << 31))


def numbers_of(words: Int64s, start: int) -> Int64s:
    """The payload of the event that begins at `start`, (rows, numbers in a row)."""
    kind, rows, size = int(words[start + KIND]), int(words[start + ROWS]), int(words[start + BYTES])
    width, first = len(columns_of_kind(kind)), start + HEADER
    payload = words[first : first + (rows * width * size + 7) // 8]
    flat = payload if size == 8 else payload.astype("<i8").view("<i4").astype(np.int64)
    return flat[: rows * width].reshape(rows, width)


@compiled
def close_event(
    words: Int64s, cursor: Int64s, kind: int, market: int, episode: int, tick: int, op: int, rows: int
) -> None:
    """Makes an event of the payload at words[cursor[0] + HEADER:], 8 bytes a number; moves the cursor behind it.

    Args:
        words: Where events are written, one after another.
        cursor: Where the next one begins, and its seq.
        kind: What happened.
        market: Where, or `EVERYWHERE`.
        episode: Of the market.
        tick: Of the episode; of the log for events that are about it.
        op: Which event of that market and tick it is, from 0.
        rows: Rows of the payload.
    """
    start, numbers = cursor[0], rows * width_of(kind)
    first = start + HEADER
    low, high = 0, 0
    for at in range(first, first + numbers):  # without branches and signs, so that it becomes vector instructions
        low, high = min(low, words[np.uint64(at)]), max(high, words[np.uint64(at)])
    fits = low >= _SMALLEST and high <= _LARGEST
    if fits:
        for at in range(0, numbers, 2):
            upper = words[first + at + 1] if at + 1 < numbers else 0
            words[first + at // 2] = (upper << 32) | (words[first + at] & _LOW)
    words[start + BYTES] = 4 if fits else 8
    words[start + EPISODE], words[start + KIND], words[start + MARKET] = episode, kind, market
    words[start + OP], words[start + ROWS], words[start + SEQ], words[start + TICK] = op, rows, cursor[1], tick
    cursor[0] = first + payload_words(kind, rows, words[start + BYTES])
    cursor[1] += 1


@compiled
def hash_events(words: Int64s, last: int, before: UInt64s, hashes: UInt64s, work: UInt64s) -> int:
    """Chains the events in words[:last] behind a hash: that of an event is BLAKE2b-256(hash before it, its words).

    Args:
        words: Events.
        last: Where they end.
        before: Hash of the event before them, 4 words.
        hashes: For the results, (events, 4).
        work: Scratch.

    Returns:
        How many events there are.
    """
    unsigned = words.view(np.uint64)
    at, count = 0, 0
    while at < last:
        end = at + HEADER + payload_words(words[at + KIND], words[at + ROWS], words[at + BYTES])
        digest_words(before if count == 0 else hashes[count - 1], unsigned, at, end, False, hashes[count], work)
        at, count = end, count + 1
    return count


@compiled
def merkle_root(hashes: UInt64s, count: int, nodes: UInt64s, work: UInt64s) -> None:
    """Merkle root of the hashes of a tick's events into nodes[:4]; `nodes` has room for them all, one after another.

    A node is the personalised BLAKE2b-256 of its children, up to four: one block. An only child moves up as it is.
    """
    for i in range(count):
        for word in range(DIGEST_WORDS):
            nodes[DIGEST_WORDS * i + word] = hashes[i, word]
    while count > 1:
        parents = (count + CHILDREN - 1) // CHILDREN
        for i in range(parents):
            first, last = DIGEST_WORDS * CHILDREN * i, DIGEST_WORDS * min(CHILDREN * (i + 1), count)
            eldest, node = nodes[first : first + DIGEST_WORDS], nodes[DIGEST_WORDS * i : DIGEST_WORDS * (i + 1)]
            if last - first > DIGEST_WORDS:
                digest_words(eldest, nodes, first + DIGEST_WORDS, last, True, node, work)
            else:
                for word in range(DIGEST_WORDS):
                    node[word] = eldest[word]
        count = parents


@compiled
def check_events(words: Int64s, kinds: int, first_seq: int, before: UInt64s, hashes: UInt64s, work: UInt64s) -> int:
    """Compares events with their stored hashes.

    Args:
        words: Events of a tick.
        kinds: How many kinds the log knows.
        first_seq: Seq of the first one.
        before: Hash of the event before them.
        hashes: Those stored, (events, 4).
        work: Scratch.

    Returns:
        Place of the first event that is not what was hashed, or that is missing or too many; -1 where all are right.
    """
    unsigned = words.view(np.uint64)
    at, digest = 0, work[-DIGEST_WORDS:]
    for i in range(hashes.shape[0]):
        end = _end_of(words, at, kinds)
        if end < 0 or words[at + SEQ] != first_seq + i:
            return i
        digest_words(before if i == 0 else hashes[i - 1], unsigned, at, end, False, digest, work)
        for word in range(DIGEST_WORDS):
            if digest[word] != hashes[i, word]:
                return i
        at = end
    return -1 if at == words.shape[0] else hashes.shape[0]


@compiled
def check_ticks(
    words: Int64s,
    ends: Int64s,
    kinds: int,
    first_seq: int,
    before: UInt64s,
    hashes: UInt64s,
    roots: UInt64s,
    nodes: UInt64s,
    work: UInt64s,
) -> int:
    """Compares ticks that follow each other with their stored hashes and roots.

    Args:
        words: Events of all of them.
        ends: Where the words and the hashes of each tick end, (ticks, 2).
        kinds: How many kinds the log knows.
        first_seq: Seq of the first event.
        before: Hash of the event before them.
        hashes: Those stored, (events, 4).
        roots: Those stored, (ticks, 4).
        nodes: Scratch, room for the hashes of the largest tick.
        work: Scratch.

    Returns:
        The first tick with something wrong, or -1.
    """
    word, event = 0, 0
    for tick in range(ends.shape[0]):
        last, stop = ends[tick]
        previous = before if event == 0 else hashes[event - 1]
        own = hashes[event:stop]
        if stop <= event or check_events(words[word:last], kinds, first_seq + event, previous, own, work) >= 0:
            return tick
        merkle_root(own, stop - event, nodes, work)
        for i in range(DIGEST_WORDS):
            if nodes[i] != roots[tick, i]:
                return tick
        word, event = last, stop
    return -1


@compiled
def _end_of(words: Int64s, at: int, kinds: int) -> int:
    """Where the event at `at` ends, or -1 where none can be there."""
    if at + HEADER > words.shape[0]:
        return -1
    kind, rows, size = words[at + KIND], words[at + ROWS], words[at + BYTES]
    if kind < 0 or kind >= kinds or rows < 0 or rows > 2 * words.shape[0] or (size not in (4, 8)):
        return -1
    end = at + HEADER + payload_words(kind, rows, size)
    return end if end <= words.shape[0] else -1


@compiled
def find_events(words: Int64s, starts: Int64s) -> None:
    """Where each event begins; all but the last of those asked for are known to be right."""
    at = 0
    for i in range(starts.shape[0]):
        if i > 0:
            at += HEADER + payload_words(words[at + KIND], words[at + ROWS], words[at + BYTES])
        starts[i] = at


@compiled
def post(books: Int64s, minted: Int64s, k: int, source: int, target: int, amount: int) -> bool:
    """Applies one transfer to market k's books; False where it is none: no amount, no account, or not covered."""
    accounts = books.shape[1]
    if amount <= 0 or source < NOWHERE or source >= accounts or target < 0 or target >= accounts:
        return False
    if source == NOWHERE:
        minted[k] += amount
    elif books[k, source] < amount:
        return False
    else:
        books[k, source] -= amount
    books[k, target] += amount
    return True

"""The books: what the log alone says of the state, and the compiled functions that keep and check them.

Books are folded from events: every balance from transfers, every fact from its last change. The recorder holds them
against the engine after each tick, so that a balance that changed without an event is found at once.
"""

import hashlib
from typing import Any, Final, NamedTuple

import numpy as np

from econo_env.audit.events import (
    ACTIONS,
    AWARD,
    BID,
    BYTES,
    EPISODE,
    EVERYWHERE,
    FACT,
    FIRST_OPERATION,
    HEADER,
    KIND,
    MARKET,
    OP,
    OPENING,
    POLICY,
    ROWS,
    SEQ,
    TICK,
    close_event,
    number,
    payload_words,
    post,
)
from econo_env.economy.ledger import ESCROW, account
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s

SOUND, UNWRITTEN, NOT_COVERED, NO_EVENT, NOT_MINTED, IN_ESCROW, OUT_OF_ORDER, NO_SUCH_PLACE = range(8)
REASONS: Final = (
    "sound",
    "the journal had room for {wanted} of {found} transfers: give economy.audit.journal at least {found}",
    "transfer number {place} of an event moves more than its source holds, or nothing (I2, I9)",
    "account {place} holds {found} micro-credits, by the events it is {wanted}: something changed it without one (I10)",
    "the accounts sum to {found} micro-credits, {wanted} were minted (I1)",
    "account {place} still holds {found} micro-credits in escrow after the tick (I8)",
    "its op is {found}, {wanted} is next: an event is missing, or applied twice (I4)",
    "it tells of place {place}, which no account or fact has",
)
"""What a check found, by code."""


_STRETCH = 64
"""Places that are compared before any of them is looked at."""


class Books(NamedTuple):
    """What a log says of a batch of markets; all int64, first axis the market."""

    balances: Int64s  # (markets, accounts), micro-credits
    minted: Int64s  # (markets,)
    facts: Int64s  # (markets, places): audited columns, floats as their bits
    episode: Int64s  # (markets,)
    tick: Int64s  # (markets,), of the episode
    op: Int64s  # (markets,), number of the next event of that tick


def new_books(num_markets: int, num_accounts: int, num_facts: int) -> Books:
    """Books in which nothing is written yet."""
    shapes = ((num_markets, num_accounts), (num_markets,), (num_markets, num_facts), *[(num_markets,)] * 3)
    books = Books(*(np.zeros(shape, dtype=np.int64) for shape in shapes))
    books.episode[:] = -1
    return books


def bytes_of_books(books: Books) -> bytes:
    """The books as one piece, little-endian."""
    return b"".join(array.astype("<i8", copy=False).tobytes() for array in books)


def books_from_bytes(text: bytes, like: Books) -> Books:
    """The books in a piece that `bytes_of_books` made, of the sizes of others."""
    flat, arrays, at = np.frombuffer(text, "<i8").astype(np.int64), [], 0
    for array in like:
        arrays.append(flat[at : at + array.size].reshape(array.shape))
        at += array.size
    return Books(*arrays)


def state_hash(books: Books) -> bytes:
    """BLAKE2b-256 of the books."""
    digest = hashlib.blake2b(digest_size=32)
    for array in books:
        digest.update(np.ascontiguousarray(array).data)
    return digest.digest()


@compiled
def _blame(fault: Int64s, code: int, market: int, place: int, wanted: int, found: int) -> bool:
    fault[0], fault[1], fault[2], fault[3], fault[4] = code, market, place, wanted, found
    return False


@compiled
def sound(k: int, balances: Int64s, minted: Int64s, agents: int, fault: Int64s) -> bool:
    """Whether the books of a market after a tick keep I1 and I8; no balance ever fell below 0, see `post`."""
    total, first = 0, account(0, ESCROW, agents)
    for at in range(balances.shape[1]):
        total += balances[k, np.uint64(at)]
    if total != minted[k]:
        return _blame(fault, NOT_MINTED, k, 0, minted[k], total)
    waiting = 0
    for at in range(first, first + agents):
        waiting |= balances[k, np.uint64(at)]
    if waiting == 0:
        return True
    while balances[k, first] == 0:
        first += 1
    return _blame(fault, IN_ESCROW, k, first, 0, balances[k, first])


@compiled
def next_difference(k: int, ours: Int64s, theirs: Int64s, first: int) -> int:
    """The next place from `first` on in which market k's rows differ, or their length: whole stretches at a time.

    Most rows are alike in most places. Places without a sign, so that stretches become vector instructions.
    """
    length = ours.shape[1]
    while first < length:
        past, different = min(first + _STRETCH, length), 0
        for place in range(first, past):
            different |= ours[k, np.uint64(place)] ^ theirs[k, np.uint64(place)]
        if different != 0:
            while ours[k, first] == theirs[k, first]:
                first += 1
            return first
        first = past
    return int(length)


@compiled
def begin_tick(facts: Int64s, books: Any, out: Any) -> None:
    """Begins a tick of all markets, and writes what was moved since the last one: levers, by whoever holds them.

    Args:
        facts: (markets, places), as they are now.
        books: (balances, minted, facts, episode, tick, op), changed.
        out: (words, cursor, scratch), see `close_event`.
    """
    _next_tick(books)
    for k in range(facts.shape[0]):
        _write_facts(k, POLICY, facts, books, out)


@compiled
def collect(
    opens: Any, journal: Any, ledger: Any, award: Any, facts: Int64s, books: Any, sale: int, out: Any, fault: Int64s
) -> bool:
    """Writes what happened in each market since it was last asked, keeps the books, and holds them against the ledger.

    Args:
        opens: bool (markets,): an episode was opened there, where set; or None: a tick that `begin_tick` has begun has
            passed in all of them.
        journal: (made, reason, source, target, amount) of `econo_env.economy.parts.ledger.Journal`.
        ledger: (balances, minted).
        award: (exposure, pays, units, worth as bits).
        facts: (markets, places), as they are now.
        books: (balances, minted, facts, episode, tick, op), changed.
        sale: Number of the first operation that comes after the clearing.
        out: (words, cursor, scratch), see `close_event`.
        fault: For what is wrong: code, market, place, wanted, found.

    Returns:
        Whether all is right.
    """
    for k in range(facts.shape[0]):
        if opens is not None and not opens[k]:
            continue
        if not _collect_market(k, opens is not None, journal, ledger, award, facts, books, sale, out, fault):
            return False
    return True


@compiled
def _collect_market(
    k: int, opens: bool, journal: Any, ledger: Any, award: Any, facts: Any, books: Any, sale: int, out: Any, fault: Any
) -> bool:
    made, room = journal[0][k], journal[4].shape[1]
    if made > room:
        return _blame(fault, UNWRITTEN, k, 0, room, made)
    balances, minted = books[0], books[1]
    if opens:
        _open(k, books)
        _close(k, OPENING, 0, books, out)
    else:
        _write_bids(k, award, books, out)
    at = 0
    sold = opens
    while at < made:
        if not sold and journal[1][k, at] >= sale:
            _write_awards(k, award, books, out)
            sold = True
        end = _write_transfers(k, at, made, journal, books, out)
        for row in range(at, end):
            if not post(balances, minted, k, journal[2][k, row], journal[3][k, row], journal[4][k, row]):
                return _blame(fault, NOT_COVERED, k, row, 0, journal[4][k, row])
        at = end
    if not sold:
        _write_awards(k, award, books, out)
    _write_facts(k, FACT, facts, books, out)
    place = next_difference(k, balances, ledger[0], 0)
    if place < balances.shape[1]:
        return _blame(fault, NO_EVENT, k, place, balances[k, place], ledger[0][k, place])
    if minted[k] != ledger[1][k]:
        return _blame(fault, NOT_MINTED, k, 0, ledger[1][k], minted[k])
    return sound(k, balances, minted, award[0].shape[1], fault)


@compiled
def _open(k: int, books: Any) -> None:
    """A new episode: accounts are empty."""
    balances, minted, _, episode, tick, op = books
    episode[k] += 1
    tick[k], op[k], minted[k] = 0, 0, 0
    for place in range(balances.shape[1]):
        balances[k, place] = 0


@compiled
def _close(k: int, kind: int, rows: int, books: Any, out: Any) -> None:
    close_event(out[0], out[1], kind, k, books[3][k], books[4][k], books[5][k], rows)
    books[5][k] += 1


@compiled
def _write_bids(k: int, award: Any, books: Any, out: Any) -> None:
    words, at, rows = out[0], out[1][0] + HEADER, 0
    for i in range(award[0].shape[1]):
        if award[0][k, i] != 0:
            words[at], words[at + 1] = i, award[0][k, i]
            at, rows = at + 2, rows + 1
    if rows:
        _close(k, BID, rows, books, out)


@compiled
def _write_awards(k: int, award: Any, books: Any, out: Any) -> None:
    words, at, rows = out[0], out[1][0] + HEADER, 0
    for i in range(award[0].shape[1]):
        if award[1][k, i] != 0 or award[2][k, i] != 0 or award[3][k, i] != 0:
            words[at], words[at + 1], words[at + 2], words[at + 3] = i, award[1][k, i], award[2][k, i], award[3][k, i]
            at, rows = at + 4, rows + 1
    if rows:
        _close(k, AWARD, rows, books, out)


@compiled
def _write_transfers(k: int, first: int, made: int, journal: Any, books: Any, out: Any) -> int:
    """Writes the transfers from `first` on that one operation made; returns where those of the next begin."""
    words, at, row, reason = out[0], out[1][0] + HEADER, first, journal[1][k, first]
    while row < made and journal[1][k, row] == reason:
        words[at], words[at + 1], words[at + 2] = journal[4][k, row], journal[2][k, row], journal[3][k, row]
        at, row = at + 3, row + 1
    _close(k, FIRST_OPERATION + reason, row - first, books, out)
    return row


@compiled
def _write_facts(k: int, kind: int, facts: Int64s, books: Any, out: Any) -> None:
    words, at, rows, known = out[0], out[1][0] + HEADER, 0, books[2]
    place = next_difference(k, facts, known, 0)
    while place < facts.shape[1]:
        known[k, place] = facts[k, place]
        words[at], words[at + 1] = place, facts[k, place]
        at, rows = at + 2, rows + 1
        place = next_difference(k, facts, known, place + 1)
    if rows:
        _close(k, kind, rows, books, out)


@compiled
def fold(words: Int64s, ends: Int64s, books: Any, agents: int, openings: int, fault: Int64s) -> int:
    """Applies checked events of ticks of the log to the books.

    Args:
        words: Events.
        ends: Where the words of each tick end, (ticks, 2); what stands in the second column is not read.
        books: (balances, minted, facts, episode, tick, op), changed.
        agents: In each market.
        openings: Number past the kinds of operations that open an episode, the only ones that may bring in new money.
        fault: For what is wrong: code, market, place, wanted, found.

    Returns:
        Seq of the first event that cannot be, or -1.
    """
    at = 0
    for tick in range(ends.shape[0]):
        seq = words[at + SEQ]
        while at < ends[tick, 0]:
            seq = words[at + SEQ]
            if words[at + MARKET] == EVERYWHERE:
                if words[at + KIND] == ACTIONS:
                    _next_tick(books)
            elif not _apply(words, at, books, agents, openings, fault):
                return int(seq)
            at += HEADER + payload_words(words[at + KIND], words[at + ROWS], words[at + BYTES])
        for k in range(books[0].shape[0]):
            if not sound(k, books[0], books[1], agents, fault):
                return int(seq)
    return -1


@compiled
def _next_tick(books: Any) -> None:
    """All markets step together."""
    for k in range(books[0].shape[0]):
        books[4][k] += 1
        books[5][k] = 0


@compiled
def _apply(words: Int64s, at: int, books: Any, agents: int, openings: int, fault: Int64s) -> bool:
    k, kind, rows = words[at + MARKET], words[at + KIND], words[at + ROWS]
    balances, minted, known, episode, tick, op = books
    if k < 0 or k >= balances.shape[0]:
        return _blame(fault, NO_SUCH_PLACE, k, k, 0, 0)
    if kind == OPENING:
        if not sound(k, balances, minted, agents, fault):
            return False
        _open(k, books)
    if words[at + EPISODE] != episode[k] or words[at + TICK] != tick[k] or words[at + OP] != op[k]:
        return _blame(fault, OUT_OF_ORDER, k, 0, op[k], words[at + OP])
    op[k] += 1
    for row in range(rows):
        if kind >= FIRST_OPERATION:
            amount, source = number(words, at, 3 * row), number(words, at, 3 * row + 1)
            target = number(words, at, 3 * row + 2)
            if (source < 0 and kind >= openings) or not post(balances, minted, k, source, target, amount):
                return _blame(fault, NOT_COVERED, k, row, 0, amount)
        elif kind in (FACT, POLICY):
            place = number(words, at, 2 * row)
            if place < 0 or place >= known.shape[1]:
                return _blame(fault, NO_SUCH_PLACE, k, place, 0, 0)
            known[k, place] = number(words, at, 2 * row + 1)
    return True

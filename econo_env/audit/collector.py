"""What an engine's markets did in a tick, as events; and the books beside them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.audit.blake2b import digest_of_bytes
from econo_env.audit.books import REASONS, Books, new_books, state_hash
from econo_env.audit.events import (
    ACTIONS,
    EVERYWHERE,
    FIRST_OPERATION,
    GENESIS,
    HEADER,
    SNAPSHOT,
    WIDTHS,
    close_event,
)
from econo_env.audit.header import LEVERS, Fact, Header, first_after_sale, header_of
from econo_env.audit.kernels import kernels
from econo_env.audit.store import IntegrityError
from econo_env.engine.engine import Engine
from econo_env.engine.state import Bools, Int64s


def blame(fault: Int64s, where: str) -> IntegrityError:
    """What a check found, in a sentence."""
    code, market, place, wanted, found = fault.tolist()
    said = REASONS[code].format(place=place, wanted=wanted, found=found)
    return IntegrityError(f"{where}market {market}: {said}")


class Collector:
    """Drives an engine and writes down what happens.

    The engine must not start episodes by itself: the collector does, after each tick.

    Attributes:
        engine: The engine.
        header: What the log of it begins with.
        books: What the events say of the state, equal to it after every tick.
        number: Ticks that have passed.
    """

    def __init__(self, engine: Engine, seed: int, snapshot_every: int) -> None:
        """Takes an engine of a scenario with `economy.audit`.

        Raises:
            ValueError: The scenario keeps no journal, or the engine starts episodes by itself.
        """
        scenario = engine.scenario
        if "audit" not in (scenario.economy or {}):
            raise ValueError(f"{scenario.id}: its economy keeps no journal: add `audit: {{}}` to its economy")
        if engine.autoreset:
            raise ValueError("the engine starts episodes by itself: make it with autoreset=False")
        self.engine = engine
        self.header: Header = header_of(
            scenario, dict(scenario.program().sizes), seed, engine.num_markets, snapshot_every
        )
        self.books: Books = new_books(engine.num_markets, self.header.num_accounts, self.header.num_facts)
        self.number = 0
        self._next_seq = 0
        self._columns = [column_of(engine, fact) for fact in self.header.facts]
        self._sale = first_after_sale(self.header.kinds)
        self._fault = np.zeros(5, dtype=np.int64)
        self._words = np.empty(0, dtype=np.int64)
        self._cursor = np.zeros(2, dtype=np.int64)
        self._scratch = np.zeros(1, dtype=np.int64)
        self._all = np.ones(engine.num_markets, dtype=np.bool_)
        self._facts = np.zeros_like(self.books.facts)

    def start(self) -> Int64s:
        """Starts the first episodes: the events of tick 0, the genesis first; they stand there until the next tick."""
        self.engine.reset(self.header.seed)
        self._begin()
        self._note(GENESIS, digest_of_bytes(self.header.to_bytes()).view(np.int64), 0)
        self._collect(self._all)
        return self._written()

    def step(self, given: NDArray[np.float32]) -> Int64s:
        """One tick of all markets, and new episodes where one ended: its events, which stand there until the next one.

        Args:
            given: Actions of the right shape.

        Raises:
            IntegrityError: A balance changed without an event, or money came from nowhere.
        """
        self.number += 1
        self._begin()
        self._note(ACTIONS, _as_words(given), 0)
        self._read_facts()
        self._make_room(self._most_words(0))
        kernels().begin_tick(self._facts, tuple(self.books), (self._words, self._cursor, self._scratch))
        self.engine.step(given)
        self._collect(None)
        ended = self.engine.buffers.ended.copy()
        if ended.any():
            self.engine.reset_markets(ended)
            self._collect(ended)
        return self._written()

    def snapshot(self) -> tuple[Int64s, bytes]:
        """The events of the tick and behind them that of a snapshot, and the engine's arrays as one piece."""
        engine = b"".join(array.tobytes() for array in self.engine.arrays())
        digests = np.frombuffer(state_hash(self.books), np.int64), digest_of_bytes(engine).view(np.int64)
        self._note(SNAPSHOT, np.concatenate(digests), 1)
        return self._written(), engine

    def resume(self, number: int, next_seq: int, books: Books, engine: bytes) -> None:
        """Goes on from a snapshot."""
        at = 0
        for array in self.engine.arrays():
            array[...] = np.frombuffer(engine, array.dtype, array.size, at).reshape(array.shape)
            at += array.nbytes
        self.engine.restore(self.engine.snapshot())  # it counts as started
        for mine, kept in zip(self.books, books, strict=True):
            mine[...] = kept
        self.number, self._next_seq = number, next_seq

    def _begin(self) -> None:
        self._cursor[:] = 0, self._next_seq

    def _written(self) -> Int64s:
        self._next_seq = int(self._cursor[1])
        return self._words[: self._cursor[0]]

    def _note(self, kind: int, payload: Int64s, op: int) -> None:
        """An event about the log itself."""
        self._make_room(HEADER + len(payload))
        first = self._cursor[0] + HEADER
        self._words[first : first + len(payload)] = payload
        close_event(self._words, self._cursor, kind, EVERYWHERE, EVERYWHERE, self.number, op, len(payload))

    def _collect(self, opens: Bools | None) -> None:
        world, award = self.engine.world, self.engine.state.award
        ledger, journal = world.ledger, world.ledger.journal
        self._read_facts()
        self._make_room(self._most_words(int(journal.made.sum())))
        right = kernels().collect(
            opens,
            (journal.made, journal.reason, journal.source, journal.target, journal.amount),
            (ledger.balances, ledger.minted),
            (award.exposure, award.pays, award.units, award.worth.view(np.int64)),
            self._facts,
            tuple(self.books),
            self._sale,
            (self._words, self._cursor, self._scratch),
            self._fault,
        )
        if not right:
            raise blame(self._fault, f"tick {self.number}, ")

    def _most_words(self, transfers: int) -> int:
        """Words that the events of all markets take at most."""
        markets, agents = self.engine.num_markets, self.engine.num_agents
        kinds = len(self.header.kinds) + transfers // markets  # an operation may come up more than once
        rows = agents * (WIDTHS[4] + WIDTHS[5]) + self.header.num_facts * WIDTHS[6]
        return transfers * (WIDTHS[FIRST_OPERATION] + HEADER) + markets * (rows + HEADER * kinds)

    def _make_room(self, more: int) -> None:
        needed = int(self._cursor[0]) + more
        if needed > len(self._words):
            larger = np.empty(needed * 3 // 2, dtype=np.int64)
            larger[: self._cursor[0]] = self._words[: self._cursor[0]]
            self._words = larger

    def _read_facts(self) -> None:
        at = 0
        for fact, column in zip(self.header.facts, self._columns, strict=True):
            self._facts[:, at : at + fact.entries] = _bits(column).reshape(-1, fact.entries)
            at += fact.entries

    def move(self, market: int, place: int, bits: int) -> None:
        """Moves what was moved before a tick: a lever, or an entry of another column."""
        fact, agent = self.header.fact_at(place)
        column = self._columns[self.header.facts.index(fact)]
        where = market if agent is None else (market, agent)
        column[where] = np.int64(bits).view(np.float64) if fact.dtype.startswith("float") else bits
        if fact.part == LEVERS:  # what agents see of it goes along
            lever = self.engine.levers[fact.column]
            lever.put(market, lever[market])


def require_shape(actions: NDArray[Any], engine: Engine) -> None:
    """Actions that the engine would refuse must not be in the log.

    Raises:
        ValueError: Their shape is off.
    """
    shape = engine.buffers.actions.shape
    if actions.shape != shape:
        raise ValueError(f"actions of shape {actions.shape}: {shape} is needed (markets, agents, components)")


def column_of(engine: Engine, fact: Fact) -> NDArray[Any]:
    """The engine's array of a fact, first axis the market."""
    columns = engine.world._asdict()[fact.part]._asdict()
    if fact.part == LEVERS:
        slot = engine.levers[fact.column].slot
        column: NDArray[Any] = columns[slot.column][:, slot.at]
        return column
    array: NDArray[Any] = columns[fact.column]
    return array


def _bits(array: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers as they are, floats as their bits."""
    return array.astype(np.float64, copy=False).view(np.int64) if array.dtype.kind == "f" else array


def _as_words(actions: NDArray[np.float32]) -> Int64s:
    """The bits of float32 actions, two in a word; a last word may be half empty."""
    padded = np.zeros(-(-actions.size // 2) * 2, dtype="<f4")
    padded[: actions.size] = actions.ravel()
    return padded.view("<i8").astype(np.int64, copy=False)


def actions_of(words: Int64s, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The actions in the payload of an event."""
    return words.astype("<i8", copy=False).view("<f4")[: int(np.prod(shape))].reshape(shape).astype(np.float32)

"""Events as rows that people and tables read: the one flat schema of exports, and what explanations are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from econo_env.audit.check import Checker, blocks
from econo_env.audit.events import (
    ACTIONS,
    AWARD,
    BID,
    EPISODE,
    EVERYWHERE,
    FACT,
    FIRST_OPERATION,
    KIND,
    MARKET,
    OP,
    POLICY,
    SEQ,
    TICK,
    numbers_of,
)
from econo_env.audit.header import Header
from econo_env.audit.kernels import kernels
from econo_env.audit.names import account_name, agent_of
from econo_env.audit.store import Store, Tick
from econo_env.engine.state import Int64s

FIELDS: Final[dict[str, type]] = {
    "op_id": str,
    "seq": int,
    "log_tick": int,
    "market": int,
    "episode": int,
    "tick": int,
    "op": int,
    "kind": str,
    "row": int,
    "agent": int,
    "source": str,
    "target": str,
    "amount": int,
    "exposure": int,
    "units": int,
    "pays": int,
    "worth": float,
    "fact": str,
    "value": float,
    "hash": str,
}
"""Columns of an export with their types; None where a kind of event has nothing to say there. docs/audit.md."""


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        seq: Its number in the log.
        log_tick: Tick of the log.
        market: Where; `EVERYWHERE` for the log itself.
        episode: Of the market.
        tick: Of the episode.
        op: Which of that tick.
        kind: Number of its kind.
        numbers: Its payload, (rows, numbers in a row).
        hash: Its hash, hexadecimal.
    """

    seq: int
    log_tick: int
    market: int
    episode: int
    tick: int
    op: int
    kind: int
    numbers: Int64s
    hash: str

    @property
    def op_id(self) -> str:
        """`market.episode.tick.op`, unique; `log.tick.op` for events about the log."""
        if self.market == EVERYWHERE:
            return f"log.{self.tick}.{self.op}"
        return f"{self.market}.{self.episode}.{self.tick}.{self.op}"

    def agents(self, header: Header) -> set[int]:
        """The agents that it is about."""
        if self.kind in (BID, AWARD):
            return set(self.numbers[:, 0].tolist())
        owners: set[int | None] = set()
        if self.kind in (FACT, POLICY):
            owners = {header.fact_at(place)[1] for place in self.numbers[:, 0].tolist()}
        elif self.kind >= FIRST_OPERATION:
            owners = {agent_of(account, header.num_agents) for account in set(self.numbers[:, 1:].ravel().tolist())}
        return {agent for agent in owners if agent is not None}


def events_of(tick: Tick) -> Iterator[Event]:
    """The events of a checked tick."""
    starts = np.zeros(len(tick.hashes), dtype=np.int64)
    kernels().find_events(tick.words, starts)
    for start, hashed in zip(starts.tolist(), tick.hashes, strict=True):
        seq, market, episode, number, op, kind = (
            int(tick.words[start + key]) for key in (SEQ, MARKET, EPISODE, TICK, OP, KIND)
        )
        numbers = numbers_of(tick.words, start)
        yield Event(seq, tick.number, market, episode, number, op, kind, numbers, hashed.tobytes().hex())


def from_bits(bits: int) -> float:
    """A float64 from its bits."""
    return float(np.int64(bits).view(np.float64))


def value_of(header: Header, place: int, bits: int) -> float:
    """What an entry of an audited column is worth."""
    fact, _ = header.fact_at(place)
    return from_bits(bits) if fact.dtype.startswith("float") else float(bits)


def rows_of(event: Event, header: Header, agents: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The rows of an event, `FIELDS` each; an event without a payload has one."""
    common = dict.fromkeys(FIELDS) | {
        "op_id": event.op_id,
        "seq": event.seq,
        "log_tick": event.log_tick,
        "market": event.market,
        "episode": event.episode,
        "tick": event.tick,
        "op": event.op,
        "kind": header.kinds[event.kind],
        "hash": event.hash,
    }
    if event.kind <= ACTIONS or not len(event.numbers):
        yield common
        return
    for row, numbers in enumerate(event.numbers.tolist()):
        yield common | {"row": row} | _said(event.kind, numbers, header, agents)


def _said(kind: int, numbers: list[int], header: Header, agents: tuple[str, ...]) -> dict[str, Any]:
    if kind == BID:
        return {"agent": numbers[0], "exposure": numbers[1]}
    if kind == AWARD:
        worth = from_bits(numbers[3])
        return {"agent": numbers[0], "pays": numbers[1], "units": numbers[2], "worth": worth}
    if kind in (FACT, POLICY):
        fact, agent = header.fact_at(numbers[0])
        return {"agent": agent, "fact": f"{fact.part}.{fact.column}", "value": value_of(header, *numbers)}
    if kind >= FIRST_OPERATION:
        amount, source, target = numbers
        known = {agent_of(account, header.num_agents) for account in (source, target)} - {None}
        named = {
            name: account_name(at, header.num_agents, agents) for name, at in (("source", source), ("target", target))
        }
        return {"agent": known.pop() if len(known) == 1 else None, "amount": amount} | named
    return {}


def checked_ticks(path: str | Path) -> Iterator[tuple[Header, Tick]]:
    """The ticks of a log, each after it was checked.

    Raises:
        IntegrityError: It is not what was written.
        AuditError: It is no log.
    """
    with Store.read(path) as store:
        header = Header.from_bytes(store.header())
        checker = Checker(header, {})
        for block in blocks(store, 0, header.snapshot_every):
            checker.check(block)
            yield from ((header, tick) for tick in block.ticks)

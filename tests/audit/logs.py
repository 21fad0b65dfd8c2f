"""Logs that tests share: a small economy on which all parts act, and what an outsider makes of a log."""

import hashlib
import json
import sqlite3
import struct
from pathlib import Path
from types import MappingProxyType

import numpy as np

import econo_env
from econo_env.audit import record_to
from econo_env.engine.engine import Engine

ECONOMY = {
    "ledger": {"endowment": 1.5},
    "staking": {"requirement": 0.75, "slashed_to": "burn"},
    "default": {"shock": 0.5},
    "reputation": {},
    "eligibility": {"threshold": 0.25, "open_share": 0.6},
    "incentives": {"performance_bonus_multiplier": 1.5, "bonus_base": 0.05},
    "audit": {},
}


def engine_of(name="second_price_v0", markets=3, **changes):
    economy = {**ECONOMY, **changes.pop("economy", {})}
    cycles = {} if name == "english_v0" else {"max_cycles": 7}
    return Engine(econo_env.load(name, economy=economy, **cycles, **changes), markets)


def some_actions(engine, ticks, seed=0):
    """Random actions, some of them no bids; now and then everybody does nothing."""
    generator = np.random.default_rng(seed)
    for tick in range(ticks):
        actions = generator.uniform(-1.0, 0.6, engine.buffers.actions.shape).astype(np.float32)
        actions[generator.random(actions.shape[:2]) < 0.1] = np.nan
        yield np.zeros_like(actions) if tick % 11 == 5 else actions


def a_log(path, ticks=25, seed=0, every=10, anchor=None, engine=None):
    """A closed log; returns its heads, one a tick."""
    engine = engine or engine_of()
    with record_to(path, engine, seed=seed, snapshot_every=every, anchor=anchor) as recorder:
        heads = [recorder.head]
        heads += [recorder.step(actions) for actions in some_actions(engine, ticks, seed)]
    return heads


def blake2b(*texts, person=b""):
    return hashlib.blake2b(b"".join(texts), digest_size=32, person=person).digest()


class Outsider:
    """Reads a log by docs/audit.md alone: nothing of `econo_env.audit` is used."""

    KEYS = ("bytes", "episode", "kind", "market", "op", "rows", "seq", "tick")
    WIDTHS = MappingProxyType(
        {"genesis": 1, "actions": 1, "snapshot": 1, "episode": 0, "bid": 2, "award": 4, "fact": 2, "policy": 2}
    )

    def __init__(self, path):
        self.file = sqlite3.connect(f"file:{Path(path)}?mode=ro", uri=True)
        self.header_text = self.file.execute("SELECT value FROM log WHERE key = 'header'").fetchone()[0]
        self.header = json.loads(self.header_text)

    def rows(self):
        yield from self.file.execute("SELECT number, first_seq, events, hashes, root FROM ticks ORDER BY number")

    def cut(self, events):
        """The bytes of each event of a tick, with its keys and the numbers of its payload."""
        at = 0
        while at < len(events):
            keys = dict(zip(self.KEYS, struct.unpack_from("<8q", events, at), strict=True))
            numbers = keys["rows"] * self.WIDTHS.get(self.header["kinds"][keys["kind"]], 3)
            size = 64 + -(-numbers * keys["bytes"] // 8) * 8
            letter = "i" if keys["bytes"] == 4 else "q"
            yield events[at : at + size], keys, struct.unpack_from(f"<{numbers}{letter}", events, at + 64)
            at += size

    @staticmethod
    def root(hashes):
        level = list(hashes)
        while len(level) > 1:
            groups = [level[i : i + 4] for i in range(0, len(level), 4)]
            level = [blake2b(*group, person=b"node") if group[1:] else group[0] for group in groups]
        return level[0]

    def chained(self, before, events):
        hashes = []
        for text, _, _ in self.cut(events):
            before = blake2b(before, text)
            hashes.append(before)
        return hashes

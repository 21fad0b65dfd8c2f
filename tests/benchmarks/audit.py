"""Figures of an audited economy: rounds and coordinations with every event hashed and kept, and recovery."""

import tempfile
from pathlib import Path

import numpy as np

import econo_env
from econo_env.audit import record_to, recover
from econo_env.audit.store import IN_MEMORY
from econo_env.engine.engine import Engine
from tests.benchmarks.engine import settings
from tests.benchmarks.measure import Figure, rate, seconds_of

ECONOMY = {
    "ledger": {"endowment": 1e6},
    "staking": {"requirement": 0.5},
    "default": {"shock": 0.1},
    "reputation": {},
    "eligibility": {"open_share": 1.0},
    "incentives": {},
    "audit": {},
}
MARKETS, AGENTS, BIDDERS = 4096, 4, 10_000
EVENTS = 1_000_000


def recorded(path, agents, markets, **options):
    """A recorder whose bidders all bid in every tick, and something that takes a tick."""
    scenario = econo_env.load("first_price_v0", num_agents=agents, max_cycles=100_000, economy=ECONOMY)
    engine = Engine(scenario, markets)
    recorder = record_to(path, engine, **options)
    generator = np.random.default_rng(0)
    some = [generator.uniform(-1.0, 0.0, engine.buffers.actions.shape).astype(np.float32) for _ in range(8)]
    return recorder, lambda: recorder.step(some[recorder.head.tick % 8])


def rounds(where, path, bar):
    """One market of 10,000 bidders: announced, bid, locked, cleared, settled, remembered, hashed and kept."""
    recorder, step = recorded(path, BIDDERS, 1)
    with recorder:
        times = 1e3 * seconds_of(step, repetitions=300, warm_up=20)
    p99, median = float(np.quantile(times, 0.99)), float(np.median(times))
    told = settings(1, BIDDERS, 1, f"{where}; median {median:.3g} ms")
    name = f"full audited round of {BIDDERS:,} bidders, {where}, p99"
    return Figure(name, "ms", p99, float(times.max()), float(times.min()), bar, settings=told)


def coordinations(where, path, bar):
    """Many small markets: coordinations and events a second."""
    recorder, step = recorded(path, AGENTS, MARKETS)
    with recorder:
        first = recorder.head
        times = seconds_of(step, repetitions=30)
        events = (recorder.head.seq - first.seq) / (recorder.head.tick - first.tick)
    told = settings(MARKETS, AGENTS, 1, f"{where}; everybody bids, {events / MARKETS:.1f} events a coordination")
    yield rate(f"full coordinations, {where}", "coordinations/s", MARKETS, times, bar=bar, settings=told)
    yield rate(f"events hashed and written, {where}", "events/s", events, times, settings=told)


def recovery(path):
    """A log of 10^6 events and one snapshot at its beginning: verified, folded, its invariants checked."""
    recorder, step = recorded(path, AGENTS, MARKETS, snapshot_every=10**9)
    with recorder:
        while recorder.head.seq < EVENTS:
            step()
    recover(path)
    share = EVENTS / (recorder.head.seq + 1)  # of a tick too many
    times = share * seconds_of(lambda: recover(path), repetitions=5, warm_up=0)
    name, told = f"recovery of {EVENTS:,} events", settings(MARKETS, AGENTS, 1, f"{Path(path).stat().st_size:,} bytes")
    return Figure(name, "s", float(np.median(times)), float(times.max()), float(times.min()), 5.0, settings=told)


def audit():
    """All of them."""
    with tempfile.TemporaryDirectory() as folder:
        yield rounds("in memory", IN_MEMORY, 2.0)
        yield rounds("durable", f"{folder}/round.db", 25.0)
        yield from coordinations("in memory", IN_MEMORY, 200_000)
        yield from coordinations("durable", f"{folder}/many.db", 20_000)
        yield recovery(f"{folder}/recovery.db")

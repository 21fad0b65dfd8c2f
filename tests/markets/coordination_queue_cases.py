"""Requests that wait are a queue with one server, with its known answers; `test_coordination.py` runs these in plain
Python.
"""

import numpy as np
import pytest

from econo_env.engine.engine import Engine
from econo_env.market import market_of
from tests.economy.breakers.measure import coordination
from tests.markets.coordination_cases import load, started, ticks

SPAN = 5
"""Ticks of a clock that nobody stops, from 1.25 credits in steps of 0.25 down to the reserve."""


def declined_clocks(arrivals):
    """Falling clocks of `SPAN` ticks, if nobody accepts."""
    return load(
        "dutch",
        max_cycles=160,
        current_demand={"waiting": 0, "arrivals": arrivals, "most": 1000},
        **{
            "tasks.value": {"name": "uniform", "low": 1.0, "high": 1.0 + 1e-9},
            "auction.reserve": 0.25,
            "auction.increment": 0.25,
        },
    )


def left_after(work, came, span):
    """Lindley's recursion: ticks of work that are left after a tick at whose start so many requests came."""
    return np.maximum(work + span * came - 1, 0)


def decline(engine):
    return np.full(engine.buffers.actions.shape, -1.0, dtype=np.float32)


@pytest.mark.parametrize("arrivals", [0.12, 0.19, 0.4])
def test_requests_of_d_ticks_wait_as_in_lindleys_queue(arrivals):
    """One at a time, and no tick idle while one waits: as many are there in every tick as in the recursion."""
    engine = started(declined_clocks(arrivals), 6)
    work, came, served = np.zeros(6, dtype=int), engine.state.demand.copy(), 0
    for tick, before in enumerate(ticks(engine, decline)):
        np.testing.assert_array_equal(before["demand"], -(-(work + SPAN * came) // SPAN))
        np.testing.assert_array_equal(before["offered"], before["demand"] > 0)
        work, over = left_after(work, came, SPAN), engine.state.over & before["offered"]
        served += int(over.sum())
        if tick < 159:
            came = engine.state.demand - (before["demand"] - over)
            assert np.isin(came, (0, 1)).all()
    assert served > 80


@pytest.mark.parametrize(("arrivals", "span"), [(0.15, SPAN), (0.18, SPAN), (0.6, 1), (0.04, 20)])
def test_the_recursion_waits_as_long_as_pollaczek_and_khinchine_say(arrivals, span):
    """d ticks each, rho = arrivals d: rho (d - 1) / 2 (1 - rho) ticks, which is M/D/1's where ticks are short."""
    rng, work, waits = np.random.default_rng(0), np.zeros(2_000, dtype=int), []
    for tick in range(4_000):
        came = rng.random(2_000) < arrivals
        if tick > 1_000:
            waits.append(work[came].sum() / (arrivals * 2_000))
        work = left_after(work, came, span)
    load_of = arrivals * span
    assert np.mean(waits) == pytest.approx(load_of * (span - 1) / (2 * (1 - load_of)), rel=0.03, abs=1e-12)


def test_whichever_request_is_next_is_worth_the_same():
    """What a request is worth is drawn when it comes on offer, so nothing is lost or gained by their order."""
    engines = [Engine(coordination(1.0).replace(**{"current_demand.waiting": number}), 4) for number in (1, 9)]
    truthful = market_of(engines[0].scenario).baselines.scaled
    for engine in engines:
        engine.reset(2)
    for _ in range(40):
        for engine in engines:
            engine.step(truthful(engine.scenario, engine.buffers.observations, 1.0))
        few, many = (engine.state for engine in engines)
        assert (many.demand > few.demand).all()
        for name in ("task_value", "surplus", "over"):
            np.testing.assert_array_equal(few._asdict()[name], many._asdict()[name])


def served(arrivals, guarded, markets=10):
    """Requests done with, credits of surplus, and ticks halted or voided, by market, where all bids fall by 30 %."""
    scenario = coordination(arrivals)
    if not guarded:
        economy = {name: section for name, section in scenario.economy.items() if name != "breakers"}
        scenario = scenario.replace(economy=economy)
    engine, truthful = Engine(scenario, markets, autoreset=False), market_of(scenario).baselines.scaled
    engine.reset(3)
    number, surplus, stopped = (np.zeros(markets) for _ in range(3))
    for tick in range(scenario.max_cycles):
        offered = engine.state.offered.copy()
        engine.step(truthful(scenario, engine.buffers.observations, 0.7 if tick >= 21 else 1.0))
        still = np.zeros(markets, dtype=bool)
        if guarded:
            still = engine.state.held | engine.world.breakers.voided
        np.testing.assert_array_equal(engine.state.over, offered & ~still)
        number += engine.state.over
        stopped += still
        surplus += np.where(engine.state.over, engine.state.surplus, 0.0) / 1e6
    return number, surplus, stopped


def test_halts_cost_the_ticks_that_no_idle_tick_makes_up_for():
    """At a request a tick the server has no idle tick: the share of ticks lost is the share of welfare lost."""
    (number, surplus, stopped), (usual, unguarded, _) = served(1.0, True), served(1.0, False)
    np.testing.assert_array_equal(usual, 64)
    np.testing.assert_array_equal(number, 64 - stopped)
    assert stopped.mean() > 4
    assert 1 - surplus.mean() / unguarded.mean() == pytest.approx(stopped.mean() / 64, abs=0.01)


def test_halts_cost_nothing_where_the_load_leaves_time():
    (number, surplus, stopped), (usual, unguarded, _) = served(0.4, True), served(0.4, False)
    assert stopped.mean() > 4
    assert (usual - number).mean() < 0.5
    assert surplus.mean() == pytest.approx(unguarded.mean(), rel=0.02)

"""Single breakers in a market, one at a time, and the bands of the plan."""

from itertools import pairwise

import numpy as np
import pytest

import econo_env
from econo_env.economy.breakers.bands import NO_LIMIT, TIER_1, tier_band
from econo_env.economy.breakers.columns import degradation_of, halt
from econo_env.economy.breakers.halts import CALLS, ENDED, HALTED, LEVEL, OPEN, REOPENING, SYSTEMIC
from econo_env.engine.engine import Engine

ECONOMY = {"ledger": {"endowment": 99.0}, "staking": {"requirement": 1.0}, "default": {"shock": 0.0}}


def market(breakers, length=40, **more):
    """One market of bids in credits, in which nothing trips but what is asked for."""
    economy = ECONOMY | more | {"breakers": {"move": None, "least_open": 1, "extensions": 0} | breakers}
    engine = Engine(econo_env.load("first_price_v0", economy=economy, max_cycles=length, bids="amount"), 1)
    engine.reset(0)
    return engine


def step(engine, amount):
    """Everybody bids so many credits; the status after the tick."""
    engine.step(np.full(engine.buffers.actions.shape, amount - 1.0, np.float32))
    return int(engine.world.breakers.mode[0]), int(engine.world.breakers.reason[0])


def began(modes):
    """Ticks after which a halt began."""
    return [tick for tick, (before, now) in enumerate(pairwise([OPEN, *modes])) if now == HALTED and before != HALTED]


@pytest.mark.slow
def test_a_mean_reputation_below_its_trigger_halts_once_until_it_has_recovered():
    engine = market({"systemic": {"reputation": 0.4, "halt": 2}}, reputation={"forgetting": 1.0})
    modes = []
    for tick in range(24):
        bad = 5.0 if 3 <= tick < 10 or tick >= 16 else 0.0
        engine.world.reputation.negative[0] = bad
        engine.world.reputation.positive[0] = 0.0 if bad else 9.0
        modes.append(step(engine, 0.3)[0])
    assert began(modes) == [3, 16]
    assert engine.world.breakers.reason[0] == SYSTEMIC


@pytest.mark.slow
def test_prices_all_over_the_place_halt_a_market():
    engine = market({"window": 4, "systemic": {"volatility": 0.5, "least": 4, "halt": 3}})
    modes = [step(engine, 0.4 if tick < 10 else (0.3, 0.5)[tick % 2])[0] for tick in range(20)]
    assert began(modes)[0] == 12  # 0.4, 0.3, 0.5, 0.3: a range of 0.2 over a mean of 0.375
    assert modes[12:15] == [HALTED] * 3


def test_awards_that_fail_in_a_row_halt_a_market_which_then_lets_few_bid():
    """Winners who would pay far above any value walk away, for they lose no bond."""
    engine = market(
        {"calls": {"failures": 3, "open": 4, "successes": 2, "probes": 1}}, length=60, staking={"requirement": 0.0}
    )
    for tick in range(3):
        mode, reason = step(engine, 1.9)
        assert engine.world.default.walked.any()
        assert mode == (HALTED if tick == 2 else OPEN)
    assert reason == CALLS
    assert [step(engine, 0.3)[0] for _ in range(4)] == [HALTED] * 3 + [REOPENING]
    who = []
    for _ in range(2):
        assert engine.buffers.action_mask.sum() == 1
        who.append(int(np.flatnonzero(engine.buffers.action_mask[0])[0]))
        assert step(engine, 0.01)[0] == OPEN
        assert engine.world.default.kept.any()
    assert who[0] != who[1]
    assert engine.buffers.action_mask.all()  # two were kept: it is closed
    for _ in range(3):
        step(engine, 1.9)
    assert engine.world.breakers.mode[0] == HALTED
    for _ in range(4):
        step(engine, 0.3)
    assert step(engine, 1.9) == (HALTED, CALLS)  # a single failing probe opens it again


@pytest.mark.slow
def test_ticks_with_bids_that_come_to_nothing_halt_a_market():
    missed = {"systemic": {"missed": 0.5, "least": 4, "window": 4, "halt": 2}}
    engine = market(missed, staking={"requirement": 0.0})
    assert [step(engine, 1.9)[0] for _ in range(4)] == [OPEN, OPEN, OPEN, HALTED]  # all are walked away from
    quiet = market(missed)
    for _ in range(10):  # nobody bids: nothing is missed
        quiet.step(np.full(quiet.buffers.actions.shape, np.nan, np.float32))
        assert quiet.world.breakers.mode[0] == OPEN


@pytest.mark.parametrize(("tick", "wide"), [(1, True), (2, True), (3, False), (7, False), (8, True), (9, True)])
def test_the_band_of_the_plan_is_doubled_near_open_and_close(tick, wide):
    engine = market({"tier": 1, "double_first": 3, "double_last": 2}, length=10)
    for _ in range(tick):
        step(engine, 0.8)
    breakers = engine.world.breakers
    assert (breakers.low[0], breakers.high[0]) == tier_band(800_000, 1, TIER_1, wide)


def test_of_several_halts_the_longest_counts_and_one_for_good_above_all():
    breakers = market({}).world.breakers
    for ticks, reason, expected in (
        (4, LEVEL, (HALTED, LEVEL, 4)),
        (2, SYSTEMIC, (HALTED, LEVEL, 4)),
        (4, SYSTEMIC, (HALTED, LEVEL, 4)),
        (6, CALLS, (HALTED, CALLS, 6)),
        (-1, LEVEL, (ENDED, LEVEL, 0)),
        (9, SYSTEMIC, (ENDED, LEVEL, 0)),
    ):
        halt(0, breakers, ticks, reason)
        assert (breakers.mode[0], breakers.reason[0], breakers.left[0]) == expected


def test_levels_of_degradation_follow_the_status():
    breakers, found = market({}).world.breakers, []
    for mode, reason, phase in ((0, 0, 0), (0, 0, 2), (2, 1, 0), (1, 1, 0), (1, 2, 0), (1, 3, 0), (1, 4, 1), (3, 2, 0)):
        breakers.mode[0], breakers.reason[0], breakers.phase[0] = mode, reason, phase
        found.append(degradation_of(0, breakers))
    assert found == [0, 1, 1, 2, 2, 3, 3, 4]


def test_a_market_is_open_with_no_reference_after_calls_to_which_nobody_came():
    engine = market({"move": 0.1, "limit": 1, "halt": 2, "extensions": 1})
    assert [step(engine, amount)[0] for amount in (0.5, 0.9)] == [OPEN, HALTED]
    silence = np.full(engine.buffers.actions.shape, np.nan, np.float32)
    modes = []
    for _ in range(4):
        engine.step(silence)
        modes.append(int(engine.world.breakers.mode[0]))
    assert modes == [HALTED, REOPENING, REOPENING, OPEN]
    assert (engine.world.breakers.low[0], engine.world.breakers.high[0]) == (0, NO_LIMIT)
    assert step(engine, 0.9)[0] == OPEN
    assert engine.state.award.price[0] == 900_000

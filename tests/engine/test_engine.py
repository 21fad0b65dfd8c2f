"""The engine: the same bits alone or in a batch, in one thread or two, compiled or not, forked or replayed."""

import hashlib
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine

SCENARIOS = {
    "one shot": ("first_price_v0", {"num_agents": 3}),
    "repeated": ("second_price_v0", {"num_agents": 4, "max_cycles": 5, "feedback": "winning_bid"}),
    "weighted": ("second_price_v0", {"num_agents": 3, "weights": [0.7, 1.0, 1.3], "bids": "amount"}),
    "tasks": ("task_market_v0", {"num_agents": 4, "max_cycles": 12, "economy.reputation.epoch": 3}),
}
scenario_names = pytest.mark.parametrize("name", SCENARIOS)


def make(name, num_markets, **options):
    scenario_id, overrides = SCENARIOS[name]
    return Engine(econo_env.load(scenario_id, **overrides), num_markets, **options)


def actions_for(engine, tick, seed=0):
    return np.random.default_rng([seed, tick]).uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32)


def play(engine, ticks, seed=0):
    """Everything the engine holds after each tick."""
    history = []
    for tick in range(ticks):
        engine.step(actions_for(engine, tick, seed))
        history.append([array.copy() for array in engine.arrays()])
    return history


def assert_equal_histories(one, other, rows=slice(None)):
    for a, b in zip(one, other, strict=True):
        for x, y in zip(a, b, strict=True):
            assert np.array_equal(x[rows], y, equal_nan=True)


@scenario_names
@pytest.mark.parametrize("autoreset", [False, True])
def test_a_market_in_a_batch_of_4096_equals_the_same_market_alone(name, autoreset):
    batch = make(name, 4096, autoreset=autoreset)
    batch.reset(5)
    for market in (0, 1234, 4095):
        alone = make(name, 1, autoreset=autoreset)
        alone.reset(5, first_market=market)
        assert np.array_equal(batch.buffers.observations[[market]], alone.buffers.observations)
    for tick in range(7):
        actions = actions_for(batch, tick)
        batch.step(actions)
    for market in (0, 1234, 4095):
        alone = make(name, 1, autoreset=autoreset)
        alone.reset(5, first_market=market)
        for tick in range(7):
            alone.step(actions_for(batch, tick)[[market]])
        for x, y in zip(batch.arrays(), alone.arrays(), strict=True):
            assert np.array_equal(x[[market]], y)


@scenario_names
@pytest.mark.parametrize("num_threads", [2, 3])
def test_threads_change_nothing(name, num_threads):
    serial, parallel = make(name, 50), make(name, 50, num_threads=num_threads)
    serial.reset(1)
    parallel.reset(1)
    assert_equal_histories(play(serial, 6), play(parallel, 6))
    parallel.close()


def digest_of(name):
    engine = make(name, 3, autoreset=True)
    engine.reset(9)
    digest = hashlib.sha256()
    for arrays in play(engine, 14):
        for array in arrays:
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


@scenario_names
def test_uncompiled_python_gives_the_same_bits(name):
    program = f"from tests.engine.test_engine import digest_of; print(digest_of({name!r}))"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    plain = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert plain.stdout.strip() == digest_of(name)


@scenario_names
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(name):
    first, again, other = make(name, 20), make(name, 20), make(name, 20)
    first.reset(3)
    again.reset(3)
    other.reset(4)
    assert_equal_histories(play(first, 5), play(again, 5))
    assert not np.array_equal(first.buffers.observations, other.buffers.observations)


@scenario_names
def test_restoring_a_snapshot_replays_the_future(name):
    engine = make(name, 8, autoreset=True)
    engine.reset(0)
    play(engine, 3)
    snapshot = engine.snapshot()
    future = play(engine, 4, seed=1)
    engine.restore(snapshot)
    assert_equal_histories(future, play(engine, 4, seed=1))


@scenario_names
def test_forks_share_past_and_luck(name):
    engine = make(name, 4, autoreset=True)
    engine.reset(0)
    play(engine, 3)
    forked = engine.fork(3)
    actions = actions_for(engine, 99)
    engine.step(actions)
    forked.step(np.repeat(actions, 3, axis=0))
    for x, y in zip(engine.arrays(), forked.arrays(), strict=True):
        assert np.array_equal(np.repeat(x, 3, axis=0), y)


@scenario_names
def test_a_pickled_engine_goes_on_as_the_original(name):
    engine = make(name, 4)
    engine.reset(0)
    play(engine, 2)
    copy = pickle.loads(pickle.dumps(engine))
    assert_equal_histories(play(engine, 2, seed=5), play(copy, 2, seed=5))


@scenario_names
def test_changing_one_agents_action_shifts_nobody_elses_luck(name):
    engine, other = make(name, 64), make(name, 64)
    engine.reset(0)
    other.reset(0)
    actions = actions_for(engine, 0)
    changed = actions.copy()
    changed[:, 1, 0] = -changed[:, 1, 0]
    engine.step(actions)
    other.step(changed)
    tasks = engine.scenario.market == "task_market"
    drawn = ["task_value", "cost", "openness", "reliability"] if tasks else ["values"]
    for array in drawn:
        assert np.array_equal(getattr(engine.state, array), getattr(other.state, array))


def test_autoreset_keeps_the_last_observations_and_starts_a_new_episode():
    plain, auto = make("repeated", 16), make("repeated", 16, autoreset=True)
    plain.reset(2)
    auto.reset(2)
    for tick in range(5):
        plain.step(actions_for(plain, tick))
        auto.step(actions_for(plain, tick))
    assert auto.buffers.ended.all()
    assert np.array_equal(auto.buffers.final_observations, plain.buffers.observations)
    assert np.array_equal(auto.buffers.rewards, plain.buffers.rewards)
    plain.reset_markets(np.ones(16, dtype=bool))
    assert np.array_equal(auto.buffers.observations, plain.buffers.observations)
    assert np.all(auto.state.episode == 1)


@scenario_names
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1.5, -1.0001])
def test_an_invalid_action_is_counted_and_bids_nothing(name, bad):
    engine = make(name, 2)
    engine.reset(0)
    engine.buffers.action_mask[:] = True
    actions = np.zeros_like(engine.buffers.actions)
    actions[0, 0, 0] = bad
    may_act = bool(engine.buffers.action_mask[0, 0])
    engine.step(actions)
    assert engine.buffers.invalid_actions.tolist() == [int(may_act), 0]
    submitted = engine.state.scores if name == "tasks" else engine.state.bids
    assert submitted[0, 0] == -1
    assert engine.state.award.units[0, 0] == 0
    assert np.isfinite(engine.buffers.rewards).all()


def test_every_invalid_action_is_counted_in_its_own_market():
    engine = Engine(econo_env.load("first_price_v0", num_agents=11), 200, autoreset=True)
    engine.reset(0)
    generator = np.random.default_rng(5)
    counted = np.zeros(200, dtype=np.int64)
    for _ in range(5):
        actions = generator.uniform(-1.2, 1.2, engine.buffers.actions.shape).astype(np.float32)
        actions[generator.random(actions.shape) < 0.1] = np.nan
        actions[generator.random(actions.shape) < 0.1] = generator.choice([-1.0, 1.0])
        engine.step(actions)
        counted += (~(np.abs(actions) <= 1.0)).sum(axis=(1, 2))
        np.testing.assert_array_equal(engine.buffers.invalid_actions, counted)


def test_mistakes_get_a_sentence():
    engine = make("one shot", 2)
    with pytest.raises(RuntimeError, match="call reset"):
        engine.step(np.zeros((2, 3, 1)))
    engine.reset(0)
    with pytest.raises(ValueError, match=r"\(2, 3, 1\) is needed"):
        engine.step(np.zeros((3, 2, 1)))
    with pytest.raises(ValueError, match="num_markets=0"):
        make("one shot", 0)
    with pytest.raises(ValueError, match="one entry for each of 2 markets"):
        engine.reset_markets([True])
    with pytest.raises(ValueError, match="another scenario or batch size"):
        engine.restore(make("one shot", 3).snapshot())

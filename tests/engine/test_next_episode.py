"""The next episode of a used engine is that of a fresh one, every array of state and step buffers."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.engine.state import arrays_of, columns

MARKETS, TICKS = 3, 6
FORMS = {"as shipped": {}, "repeated": {"max_cycles": 9}}
KEPT = {"actions", "final_observations", "invalid_actions", "rewarded"}
"""What an engine is given or counts from its first day on; `rewarded` says whose reward stands in the buffers."""
SCRATCH = ("scratch", "room to work in")
"""Units of arrays that a tick writes before it reads them."""
SCENARIOS = {name: (name, {}) for name in econo_env.scenarios()} | {
    "wallet": ("first_price_v0", {"information": {"name": "wallet", "share": 0.7}}),
    "common value": ("second_price_v0", {"information": {"name": "common"}}),
    "default": ("second_price_v0", {"bids": "amount", "default": {"shock": 0.5, "stake": 0.02}}),
}


def arrays(engine):
    declared = columns(type(engine.state))
    named = zip(declared, arrays_of(engine.state), strict=True)
    of_state = {name: a for name, a in named if not declared[name].unit.startswith(SCRATCH)}
    both = {**of_state, **engine.buffers._asdict()}
    return {name: array.copy() for name, array in both.items() if name not in KEPT}


def use(engine, seed):
    generator = np.random.default_rng(seed)
    for _ in range(TICKS):
        actions = generator.uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32)
        actions[generator.random(actions.shape) < 0.1] = np.nan
        actions[generator.random(actions.shape) < 0.2] = 1.0
        engine.step(actions, ~engine.buffers.ended)


@pytest.mark.parametrize("form", ["as shipped", pytest.param("repeated", marks=pytest.mark.slow)])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_used_engine_starts_the_next_episode_as_a_fresh_one(scenario, form):
    name, fields = SCENARIOS[scenario]
    loaded = econo_env.load(name, **fields, **FORMS[form])
    used, fresh = Engine(loaded, MARKETS), Engine(loaded, MARKETS)
    everywhere = np.ones(MARKETS, bool)
    for engine in (used, fresh):
        engine.reset(6)
    use(used, 0)
    for engine in (used, fresh):
        engine.reset_markets(everywhere)
    assert (used.state.episode == 1).all()
    expected = arrays(fresh)
    for name, array in arrays(used).items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)
    use(used, 1)
    use(fresh, 1)
    expected = arrays(fresh)
    for name, array in arrays(used).items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


@pytest.mark.parametrize("scenario", econo_env.scenarios())
def test_a_seed_starts_a_used_engine_as_a_fresh_one_also_in_some_markets(scenario):
    loaded = econo_env.load(scenario)
    used, fresh, untouched = (Engine(loaded, MARKETS) for _ in range(3))
    used.reset(6)
    untouched.reset(6)
    use(used, 0)
    use(untouched, 0)
    chosen = np.array([True, False, True])
    used.reset(7, 5, chosen)
    fresh.reset(7, 5)
    started, kept = arrays(fresh), arrays(untouched)
    for name, array in arrays(used).items():
        np.testing.assert_array_equal(array[chosen], started[name][chosen], err_msg=name)
        np.testing.assert_array_equal(array[~chosen], kept[name][~chosen], err_msg=name)


@pytest.mark.parametrize("scenario", ["first_price_v0", "task_market_v0", "english_v0", "double_auction_v1"])
@pytest.mark.parametrize("where", ["0110", "1000", "0000", "1111", "1011"])
def test_a_tick_of_some_markets_leaves_the_others_as_they_are(scenario, where):
    chosen = np.array([mark == "1" for mark in where])
    some, everywhere = (Engine(econo_env.load(scenario), 4, autoreset=True) for _ in range(2))
    for engine in (some, everywhere):
        engine.reset(2)
    before = some.snapshot()
    actions = np.random.default_rng(0).uniform(-1, 1, some.buffers.actions.shape).astype(np.float32)
    some.step(actions, chosen)
    everywhere.step(actions)
    after, now = everywhere.snapshot(), some.snapshot()
    for side in ("state", "buffers"):
        for kept, stepped, got in zip(*(getattr(snapshot, side) for snapshot in (before, after, now)), strict=True):
            np.testing.assert_array_equal(got[chosen], stepped[chosen])
            np.testing.assert_array_equal(got[~chosen], kept[~chosen])
    with pytest.raises(ValueError, match="mask of shape"):
        some.step(actions, [True])


def test_the_engines_own_flags_serve_as_a_mask():
    engine = Engine(econo_env.load("first_price_v0"), 4)
    engine.reset(0)
    engine.step(np.zeros(engine.buffers.actions.shape), [True, False, True, False])
    assert engine.buffers.ended.tolist() == [True, False, True, False]
    engine.reset_markets(engine.buffers.ended)
    assert engine.state.episode.tolist() == [1, 0, 1, 0]
    assert not engine.buffers.ended.any()
    wide = np.zeros((4, 2), np.bool_)
    wide[1, 0] = True
    engine.reset_markets(wide[:, 0])  # with strides
    assert engine.state.episode.tolist() == [1, 1, 1, 0]


def test_a_reset_clears_what_the_last_tick_left_in_its_markets_alone():
    engine = Engine(econo_env.load("first_price_v0"), 3)
    engine.reset(0)
    engine.step(np.full(engine.buffers.actions.shape, -0.5))
    before = engine.buffers.rewards.copy()
    assert before.any(axis=1).all()
    assert engine.buffers.terminated.all()
    engine.reset_markets([True, False, True])
    assert not engine.buffers.rewards[[0, 2]].any()
    assert not engine.buffers.terminated[[0, 2]].any()
    np.testing.assert_array_equal(engine.buffers.rewards[1], before[1])
    assert engine.buffers.terminated[1].all()
    assert engine.buffers.ended.tolist() == [False, True, False]

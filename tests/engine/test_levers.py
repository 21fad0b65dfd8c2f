"""A lever moves one market at one tick as if the market had been configured so; unused it is not in the loop."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.engine.levers import UnknownLeverError
from econo_env.engine.state import arrays_of
from econo_env.equilibrium import solved
from econo_env.interfaces.sb3 import make_sb3_env
from econo_env.market import market_of
from econo_env.mechanisms.base import mechanism, mechanisms
from econo_env.policies import make_policy
from econo_env.training.probe import look

RESERVE, FEE = "mechanism.reserve", "participation.entry_fee"
SEVERAL = {"max_cycles": 6, "num_agents": 3}
ECONOMY = {
    "ledger": {"endowment": 1.5},
    "staking": {"requirement": 0.75},
    "default": {"shock": 0.5},
    "incentives": {"performance_bonus_multiplier": 1.5, "bonus_base": 0.05},
}
FEES = {"participation": {"entry_fee": 0.02, "entry_cost": 0.01}}
ROUNDS = {  # one scenario of each kind of market that has the lever, and the range that levels are drawn from
    "first_price": ("first_price_v0", SEVERAL, RESERVE, (0.0, 1.0)),
    "procurement": ("procurement_second_price_v1", SEVERAL, RESERVE, (0.0, 1.0)),
    "units": ("uniform_price_v0", SEVERAL, RESERVE, (0.0, 1.0)),
    "slots": ("gsp_v0", {"max_cycles": 6}, RESERVE, (0.0, 1.0)),
    "rounds": ("sequential_second_price_v0", {}, RESERVE, (0.0, 1.0)),
    "scores": ("second_score_v1", {"max_cycles": 6}, RESERVE, (0.0, 0.5)),
    "rising_clock": ("english_v0", {"num_agents": 3}, RESERVE, (0.0, 0.9)),
    "falling_clock": (
        "dutch_v0",
        {"mechanism": {"name": "dutch", "start": 1.0, "increment": 0.05}, "max_cycles": 21},
        RESERVE,
        (0.0, 0.9),
    ),
    "tasks": ("task_market_v0", {"max_cycles": 12}, RESERVE, (0.0, 1.0)),
    "posted_price": ("posted_price_v1", {"max_cycles": 6}, "mechanism.price", (0.0, 1.0)),
    "entry_fee": ("first_price_v0", SEVERAL | FEES, FEE, (0.01, 0.2)),
    "stake": ("second_price_v0", SEVERAL | {"economy": ECONOMY}, "economy.staking.requirement", (0.0, 3.0)),
    "bonus": (
        "second_price_v0",
        SEVERAL | {"economy": ECONOMY},
        "economy.incentives.performance_bonus_multiplier",
        (1.0, 9.0),
    ),
}
QUICK = ("first_price", "rising_clock", "tasks", "stake")
each = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in ROUNDS]
)


def widest(lever, ends, configured):
    return {lever: [min(ends[0], configured), max(ends[1], configured)]}


def value_of(scenario, lever):
    found = scenario.model_dump(mode="json")
    for key in lever.split("."):
        found = found[key]
    return found


def own_arrays(engine, features):
    """All that a market holds and hands out, but for its levers and the observations of them."""
    world = engine.world
    parts = [world] if engine.state is world else [part for name, part in world._asdict().items() if name != "levers"]
    buffers = engine.buffers._asdict()
    for name in ("observations", "final_observations"):
        buffers[name] = buffers[name][..., :features]
    return [array for part in parts for array in arrays_of(part)] + list(buffers.values())


@each
def test_a_moved_lever_equals_a_market_configured_so(name):
    """Several markets with a level of their own each, drawn at random, the first as configured."""
    identity, changes, lever, ends = ROUNDS[name]
    plain = econo_env.load(identity, **changes)
    configured = value_of(plain, lever)
    generator = np.random.default_rng()
    levels = np.round([configured, *generator.uniform(*ends, 5)], 3)
    batch = Engine(plain.replace(levers=widest(lever, ends, configured)), len(levels), num_threads=2)
    features = len(market_of(plain).observations(plain))
    alone = [Engine(plain.replace(**{lever: float(level)})) for level in levels]
    seed = int(generator.integers(2**32))
    batch.reset(seed)
    batch.levers[lever][:] = levels
    batch.reset_markets(np.ones(len(levels), dtype=np.bool_))
    for k, one in enumerate(alone):
        one.reset(seed, first_market=k)
        one.reset_markets([True])
    for _ in range(2 * plain.max_cycles):
        actions = generator.uniform(-1.0, 0.4, batch.buffers.actions.shape).astype(np.float32)
        batch.step(actions)
        for k, one in enumerate(alone):
            one.step(actions[k : k + 1])
            for many, single in zip(own_arrays(batch, features), own_arrays(one, features), strict=True):
                np.testing.assert_array_equal(many[k], single[0], err_msg=f"{levels[k]} of {levels}, seed {seed}")
        over = batch.buffers.ended.copy()
        batch.reset_markets(over)
        for k, one in enumerate(alone):
            one.reset_markets(over[k : k + 1])


def test_a_fee_may_start_at_nothing():
    plain = econo_env.load("first_price_v0", **SEVERAL)
    moved, alone = Engine(plain.replace(levers={FEE: [0.0, 0.2]})), Engine(plain.replace(**{FEE: 0.1}))
    for engine in (moved, alone):
        engine.reset(3)
    moved.levers[FEE][:] = 0.1
    for _ in range(6):
        for engine in (moved, alone):
            engine.step(np.full(engine.buffers.actions.shape, -0.4, np.float32))
        np.testing.assert_array_equal(moved.state.award.pays, alone.state.award.pays)
        np.testing.assert_array_equal(moved.buffers.rewards, alone.buffers.rewards)
        assert (alone.state.award.pays >= 100_000).all()


def test_every_rule_with_a_reserve_has_the_lever():
    marked = {row.name for row in mechanisms().values() if "reserve" in row.parameters._fields}
    assert marked == {row.name for row in mechanisms().values() if RESERVE in {one.name for one in row.levers}}
    assert len(marked) >= 20
    assert [one.name for one in mechanism("posted_price").levers] == ["mechanism.price"]


def test_without_levers_nothing_of_them_is_in_the_loop():
    for identity in econo_env.scenarios():
        program = econo_env.load(identity).program()
        for source in (program.source, program.block_source):
            assert "lever" not in source, identity
            assert "moved(" not in source, identity
        assert program.levers == ()
    constant = econo_env.load("first_price_v0", economy=ECONOMY).program()
    assert "moved(" not in constant.source


def reserve_engine(markets=4, **arguments):
    scenario = econo_env.load("first_price_v0", levers={RESERVE: [0.0, 0.8]}, **SEVERAL)
    return Engine(scenario, markets, **arguments)


def play(engine, ticks=4, seed=0):
    generator = np.random.default_rng(seed)
    for _ in range(ticks):
        engine.step(generator.uniform(-1.0, 0.4, engine.buffers.actions.shape).astype(np.float32))
    return [array.copy() for array in engine.arrays()]


@pytest.mark.parametrize("level", [np.nan, np.inf, -0.001, 0.801, [0.1, 0.2, 0.3, np.nan], [0.1, 0.2], "much"])
def test_a_level_that_is_none_is_refused_and_changes_nothing(level):
    engine = reserve_engine()
    engine.reset(1)
    engine.levers[RESERVE][1] = 0.5
    before = [array.copy() for array in engine.arrays()]
    with pytest.raises(ValueError, match=r"mechanism.reserve|convert string"):
        engine.levers[RESERVE][:] = level
    for one, other in zip(before, engine.arrays(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_refused_says_what_is_allowed():
    engine = reserve_engine()
    with pytest.raises(RuntimeError, match="call reset"):
        engine.levers[RESERVE][:] = 0.1
    engine.reset(0)
    with pytest.raises(ValueError, match=r"= 0\.9: give credits from 0 to 0\.8"):
        engine.levers[RESERVE][:] = 0.9
    with pytest.raises(UnknownLeverError, match=r"which has mechanism\.reserve: list it with its range under levers"):
        engine.levers["mechanism.resrve"]
    with pytest.raises(IndexError):
        engine.levers[RESERVE][4] = 0.1
    assert "mechanism.price" not in engine.levers
    assert list(Engine(econo_env.load("first_price_v0")).levers) == []


def test_agents_see_where_a_lever_stands_at_once_and_after_the_tick():
    engine = reserve_engine()
    engine.reset(0)
    names = market_of(engine.scenario).observations(engine.scenario)
    assert names[-1] == "mechanism_reserve"
    engine.levers[RESERVE][[0, 2]] = [0.2, 0.8]
    for _ in range(2):
        np.testing.assert_array_equal(
            engine.buffers.observations[..., -1], np.float32([[0.25], [0], [1], [0]]) * np.ones(3)
        )
        np.testing.assert_array_equal(engine.levers[RESERVE][:], [0.2, 0.0, 0.8, 0.0])
        play(engine, 1)


def test_levels_stay_over_episodes_and_a_seed_puts_them_back():
    engine = reserve_engine(autoreset=True)
    engine.reset(0)
    engine.levers[RESERVE][:] = 0.3
    play(engine, 8)
    np.testing.assert_array_equal(np.asarray(engine.levers[RESERVE]), 0.3)
    engine.reset(0, where=[True, False, False, False])
    np.testing.assert_array_equal(engine.levers[RESERVE][:], [0.0, 0.3, 0.3, 0.3])


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda engine: pickle.loads(pickle.dumps(engine))])
def test_copies_forks_and_snapshots_carry_the_levels(duplicate):
    engine = reserve_engine()
    engine.reset(5)
    engine.levers[RESERVE][:] = [0.0, 0.3, 0.5, 0.8]
    snapshot, twin, fork = engine.snapshot(), duplicate(engine), engine.fork(2)
    np.testing.assert_array_equal(fork.levers[RESERVE][:], np.repeat([0.0, 0.3, 0.5, 0.8], 2))
    expected = play(engine)
    for one, other in zip(expected, play(twin), strict=True):
        np.testing.assert_array_equal(one, other)
    engine.levers[RESERVE][:] = 0.1
    assert twin.levers[RESERVE][3] == 0.8
    engine.restore(snapshot)
    for one, other in zip(expected, play(engine), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda scenario: pickle.loads(pickle.dumps(scenario))])
def test_scenarios_with_levers_and_an_economy_are_copied_and_never_changed(duplicate):
    scenario = econo_env.load("first_price_v0", economy=ECONOMY, levers={RESERVE: [0.0, 0.8]})
    twin = duplicate(scenario)
    assert (twin, hash(twin)) == (scenario, hash(scenario))
    assert econo_env.load("first_price_v0", levers={RESERVE: [0.0, 0.7]}) != scenario.replace(economy=None)
    with pytest.raises(TypeError, match="a scenario does not change"):
        twin.levers[RESERVE] = (0.0, 1.0)
    with pytest.raises(TypeError, match="a scenario does not change"):
        twin.economy["ledger"] = twin.economy["ledger"]


def test_environments_have_the_levers():
    scenario = econo_env.load("first_price_v0", levers={RESERVE: [0.0, 0.8]}, **SEVERAL)
    vector, parallel = econo_env.vector_env(scenario, num_markets=4), econo_env.parallel_env(scenario)
    seats = gymnasium.make_vec("econo/first_price-v0", num_envs=4, levers={RESERVE: [0.0, 0.8]}, **SEVERAL)
    one, learners = gymnasium.make("econo/first_price-v0", levers={RESERVE: [0.0, 0.8]}), make_sb3_env(scenario, 4)
    for env in (vector, parallel, seats, one):
        env.reset(seed=0)
    learners.reset()
    for env in (vector, parallel, seats, one.unwrapped, learners):
        env.levers[RESERVE][:] = 0.4
    observations, *_ = vector.step(np.zeros(vector.action_space.shape, np.float32))
    assert (observations[..., -1] == np.float32(0.5)).all()
    assert vector.observation_names[-1] == "mechanism_reserve"
    seen, *_ = parallel.step({agent: np.zeros(1, np.float32) for agent in parallel.agents})
    assert {row[-1] for row in seen.values()} == {np.float32(0.5)}
    parallel.max_cycles = 3
    parallel.reset()
    assert parallel.levers[RESERVE][0] == 0.4
    assert (seats.step(np.zeros((4, 1), np.float32))[0][:, -1] == np.float32(0.5)).all()
    assert one.step(np.zeros(1, np.float32))[0][-1] == np.float32(0.5)


def test_the_picture_tells_the_reserve_that_stood():
    env = econo_env.parallel_env("first_price_v0", levers={RESERVE: [0.0, 0.8]}, render_mode="ansi", **SEVERAL)
    env.reset(seed=0)
    env.levers[RESERVE][:] = 0.8
    env.step({agent: np.full(1, -1.0, np.float32) for agent in env.agents})
    assert env.engine.scenario_of(0).mechanism.reserve == 0.8
    assert "0.8" in env.render()


def test_telemetry_logs_the_level():
    scenario = econo_env.load(
        "first_price_v0", levers={RESERVE: [0.0, 0.8]}, mechanism={"name": "first_price", "reserve": 0.25}
    )
    assert look(scenario, make_policy("truthful", scenario), 0, 8).scalars["mechanism_reserve"] == 0.25


@pytest.mark.parametrize(
    ("identity", "changes", "said"),
    [
        ("first_price_v0", {"levers": [RESERVE]}, "give each lever its range"),
        ("first_price_v0", {"levers": {"mechanism.resrve": [0, 1]}}, "did you mean 'mechanism.reserve'"),
        ("first_price_v0", {"levers": {RESERVE: [1.0, 0.0]}}, "least and its largest level"),
        ("first_price_v0", {"levers": {RESERVE: [-1.0, 1.0]}}, "from 0 to 1e"),
        ("first_price_v0", {"levers": {RESERVE: [0.0, float("nan")]}}, "levers"),
        ("first_price_v0", {"levers": {RESERVE: [0.2, 1.0]}}, "reserve = 0 starts outside of its range"),
        ("first_price_v0", {"levers": {RESERVE: [0.0, 1e-8]}}, "at 1e-08 the scenario does not hold"),
        ("dutch_v0", {"levers": {RESERVE: [0.0, 1.0]}}, "give a start"),
        ("combinatorial_v1", {"levers": {RESERVE: [0.0, 1.0]}}, "nothing of this combinatorial market"),
        (
            "first_price_v0",
            {"levers": {"participation.entry_fee": [0.0, 1.0]}, "utility": {"name": "budget", "amount": 0.5}},
            "what a budget leaves",
        ),
        ("first_price_v0", {"levers": {"economy.staking.requirement": [0, 1]}}, "is none here"),
    ],
)
def test_levers_that_cannot_be_are_refused(identity, changes, said):
    with pytest.raises(ValueError, match=said):
        econo_env.load(identity, **changes)


def test_an_equilibrium_is_for_reserves_that_nobody_moves():
    moving = econo_env.load("first_price_v0", levers={RESERVE: [0.0, 1.0]})
    with pytest.raises(ValueError, match=r"mechanism\.reserve may be moved"):
        make_policy("equilibrium", moving)
    with pytest.raises(ValueError, match=r"mechanism\.reserve may be moved"):
        solved(moving)
    make_policy("equilibrium", econo_env.load("first_price_v0", levers={RESERVE: [0.0, 0.0]}))


def test_plain_python_moves_the_same():
    """The loop without its compiler gives the same bits."""
    text = (
        "from tests.engine.test_levers import play, reserve_engine, RESERVE\n"
        "engine = reserve_engine(autoreset=True)\nengine.reset(3)\nengine.levers[RESERVE][:] = [0.0, 0.2, 0.5, 0.8]\n"
        "import hashlib\nprint(hashlib.sha256(b''.join(a.tobytes() for a in play(engine, 8))).hexdigest())"
    )
    root = Path(__file__).parents[2]
    digests = {
        subprocess.run(
            [sys.executable, "-c", text],
            capture_output=True,
            check=True,
            cwd=root,
            env={**os.environ, "NUMBA_DISABLE_JIT": off, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
        ).stdout
        for off in ("0", "1")
    }
    assert len(digests) == 1

"""A copy of an environment of any API, a pickle, and one in a new process go on to the bit, with their own arrays."""

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence

import econo_env
from econo_env.interfaces.gymnasium import SingleAgentEnv, SingleAgentVectorEnv
from econo_env.interfaces.sb3 import make_sb3_env
from econo_env.policies import make_policy, policy_names

SCENARIOS = ("first_price_v0", "task_market_v0", "english_v0")
EPISODE = 3
TICKS = 8


class Api(NamedTuple):
    """An API: how an environment is made and started, one tick of it, and its engine."""

    make: Any
    tick: Any
    engine: Any


def seed_sb3(env):
    env.seed(4)
    env.reset()
    return env


def seeded(env):
    env.reset(seed=4)
    return env


def array_tick(env, generator):
    return env.step(generator.uniform(-1, 1, env.action_space.shape).astype(np.float32))


def single_tick(env, generator):
    result = array_tick(env, generator)
    return (result, env.reset()) if result[2] or result[3] else (result,)


def sb3_tick(env, generator):
    return env.step(generator.uniform(-1, 1, (env.num_envs, env.components)).astype(np.float32))


def parallel_tick(env, generator):
    started = [] if env.agents else [env.reset()]
    actions = {agent: generator.uniform(-1, 1, env.action_space(agent).shape) for agent in env.agents}
    return (*started, env.step(actions))


def aec_tick(env, generator):
    seen = []
    for _ in range(len(env.possible_agents)):
        if not env.agents:
            env.reset()
        agent = env.agent_selection
        seen.append((agent, env.last()))
        over = env.terminations[agent] or env.truncations[agent]
        env.step(None if over else generator.uniform(-1, 1, env.action_space(agent).shape))
    return seen, dict(env.rewards)


def with_policy(make, scenario, **options):
    loaded = econo_env.load(scenario, max_cycles=EPISODE, num_agents=3)
    return make(loaded, 3, opponents=make_policy("random", loaded, seed=1), **options)


APIS = {
    "arrays": Api(
        lambda name: seeded(econo_env.vector_env(name, 3, max_cycles=EPISODE)), array_tick, lambda env: env.engine
    ),
    "parallel": Api(
        lambda name: seeded(econo_env.parallel_env(name, max_cycles=EPISODE)), parallel_tick, lambda env: env.engine
    ),
    "AEC": Api(
        lambda name: seeded(econo_env.env(name, max_cycles=EPISODE)), aec_tick, lambda env: env.unwrapped.engine
    ),
    "Gymnasium": Api(
        lambda name: seeded(SingleAgentEnv(name, max_cycles=EPISODE)), single_tick, lambda env: env.view.engine
    ),
    "Gymnasium vector": Api(
        lambda name: seeded(with_policy(SingleAgentVectorEnv, name)), array_tick, lambda env: env.view.engine
    ),
    "SB3": Api(lambda name: seed_sb3(with_policy(make_sb3_env, name, seats=[0, 2])), sb3_tick, lambda env: env.engine),
}


def arrays_in(value):
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [array for part in value for array in arrays_in(part)] if isinstance(value, list | tuple) else []


def play(api, env, ticks, seed):
    """Everything that comes back, kept: the array API hands out the engine's own arrays."""
    generator = np.random.default_rng(seed)
    return [copy.deepcopy(APIS[api].tick(env, generator)) for _ in range(ticks)]


def go_on(api, text):
    return play(api, pickle.loads(text), TICKS, 9)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["copy", "pickle"]
)
def test_a_copy_goes_on_to_the_bit_and_owns_its_arrays(api, scenario, duplicate):
    env = APIS[api].make(scenario)
    play(api, env, 4, 2)  # into the second episode
    twin = duplicate(env)
    mine, other = APIS[api].engine(env), APIS[api].engine(twin)
    assert mine is not other
    before = mine.snapshot()
    generator = np.random.default_rng(5)
    returned = APIS[api].tick(twin, generator)
    for kept, now in zip((*before.state, *before.buffers), mine.arrays(), strict=True):
        np.testing.assert_array_equal(kept, now)
    owned = mine.arrays()
    assert arrays_in(returned)
    assert not any(
        np.shares_memory(array, own) for array in arrays_in(returned) if array.dtype != object for own in owned
    )
    twin = duplicate(env)
    expected = play(api, env, TICKS, 9)
    assert data_equivalence(play(api, twin, TICKS, 9), expected, exact=True)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_copied_array_api_shows_the_infos_of_its_own_engine(scenario):
    env = econo_env.vector_env(scenario, 3, max_cycles=EPISODE)
    env.reset(seed=0)
    twin = copy.deepcopy(env)
    bad = np.full(env.action_space.shape, np.nan, np.float32)
    ended = False
    for _ in range(EPISODE):
        *_, infos = twin.step(bad)
        buffers = twin.engine.buffers
        for name, array in zip(
            ("action_mask", "ended", "final_obs", "invalid_actions"),
            (buffers.action_mask, buffers.ended, buffers.final_observations, buffers.invalid_actions),
            strict=True,
        ):
            assert infos[name] is array
        ended |= bool(infos["ended"].any())
    assert ended


def test_environments_go_on_alike_in_a_new_process():
    """All APIs in one spawned process, which knows nothing but the pickle."""
    texts, expected = {}, {}
    for api, (make, *_) in APIS.items():
        env = make("first_price_v0")
        play(api, env, 4, 2)
        texts[api] = pickle.dumps(env)
        expected[api] = play(api, env, TICKS, 9)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for api, text in texts.items():
            assert data_equivalence(pool.submit(go_on, api, text).result(), expected[api], exact=True), api


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize(
    "name", [name for name in policy_names() if name not in ("proactive", "population")]
)  # want a run, a list
def test_policies_are_copied_too(name, scenario):
    loaded = econo_env.load(scenario, num_agents=3)
    try:
        policy = make_policy(name, loaded, seed=3)
    except ValueError:
        pytest.skip("not known in this market")
    policy.reset(3)
    observations, _ = econo_env.vector_env(loaded, 4).reset(seed=1)
    mask = np.ones((4, 3), np.bool_)
    policy.act(observations, mask)
    twins = [copy.deepcopy(policy), pickle.loads(pickle.dumps(policy))]
    for _ in range(2):
        expected = policy.act(observations, mask)
        for twin in twins:
            np.testing.assert_array_equal(twin.act(observations, mask), expected)

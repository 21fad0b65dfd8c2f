"""Every API is a view of one engine: the same actions lead to the same numbers, bit for bit."""

import json
import os
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

import econo_env
from econo_env.engine.engine import Engine
from econo_env.interfaces.gymnasium import SingleAgentEnv, SingleAgentVectorEnv
from econo_env.interfaces.sb3 import make_sb3_env
from econo_env.market import market_of
from tests.scenarios import by_form

MARKETS, STEPS, AGENTS = 3, 14, 3
FORMS = {
    "as shipped": {"num_agents": AGENTS},
    "repeated, terminates": {"num_agents": AGENTS, "max_cycles": 5, "end_of_episode": "termination"},
    "repeated, truncates": {"num_agents": AGENTS, "max_cycles": 5, "end_of_episode": "truncation"},
}
SMALL, LARGE = 0, 2**63 + 5
EVERY_FORM = {"as shipped": SMALL, "repeated, terminates": LARGE, "repeated, truncates": SMALL}
"""Forms with the seeds they are played with: rules do not know the seed, so each form needs one, and APIs both."""


def everywhere(test):
    """Every scenario in every form, each with its seed."""
    return for_forms(*((form, seed) for form, seed in EVERY_FORM.items()))(test)


def for_forms(*rows, more=()):
    """Every scenario with rows of form, seed, and more arguments."""

    def marked(test):
        names = ",".join(("form", "seed", *more))
        return pytest.mark.parametrize("scenario", by_form())(pytest.mark.parametrize(names, rows)(test))

    return marked


def scripted_actions(scenario):
    components = len(market_of(scenario).action_names(scenario))
    return np.random.default_rng(1).uniform(-1, 1, (STEPS, MARKETS, AGENTS, components)).astype(np.float32)


class Script:
    """Opponents that play a fixed list of actions, (steps, markets, agents, components)."""

    def __init__(self, actions):
        self.actions, self.step = actions, 0

    def reset(self, seed):
        """Goes on in its list."""

    def act(self, observations, mask):
        self.step += 1
        return self.actions[self.step - 1]


def engine_record(scenario, seed, actions):
    """What the engine itself gives: per step the results before, and the observations after, a new episode."""
    engine = Engine(scenario, MARKETS)
    engine.reset(seed)
    first = engine.buffers.observations.copy()
    record = []
    for given in actions:
        engine.step(given)
        results = {name: getattr(engine.buffers, name).copy() for name in engine.buffers._fields}
        if results["ended"].any():
            engine.reset_markets(results["ended"])
        record.append((results, engine.buffers.observations.copy(), engine.buffers.action_mask.copy()))
    return first, record


@everywhere
def test_vector_env(scenario, form, seed):
    loaded = econo_env.load(scenario, **FORMS[form])
    actions = scripted_actions(loaded)
    first, record = engine_record(loaded, seed, actions)
    envs = econo_env.vector_env(loaded, MARKETS, num_threads=2)
    np.testing.assert_array_equal(envs.reset(seed)[0], first)
    for given, (results, after, mask) in zip(actions, record, strict=True):
        observations, rewards, terminated, truncated, infos = envs.step(given)
        np.testing.assert_array_equal(observations, after)
        np.testing.assert_array_equal(rewards, results["rewards"])
        np.testing.assert_array_equal(terminated, results["terminated"])
        np.testing.assert_array_equal(truncated, results["truncated"])
        np.testing.assert_array_equal(infos["action_mask"], mask)
        over = results["ended"]
        np.testing.assert_array_equal(infos["final_obs"][over], results["observations"][over])
    envs.close()


@everywhere
def test_parallel_env(scenario, form, seed):
    loaded = econo_env.load(scenario, **FORMS[form])
    actions = scripted_actions(loaded)
    first, record = engine_record(loaded, seed, actions)
    for k in range(MARKETS):
        env = econo_env.parallel_env(loaded, on_removal="mask")
        observations, _ = env.reset(seed=seed, options={"first_market": k})
        np.testing.assert_array_equal(np.stack(list(observations.values())), first[k])
        for given, (results, after, mask) in zip(actions, record, strict=True):
            observations, rewards, terminated, truncated, infos = env.step(dict(zip(env.agents, given[k], strict=True)))
            np.testing.assert_array_equal(np.stack(list(observations.values())), results["observations"][k])
            assert list(rewards.values()) == results["rewards"][k].tolist()
            ended = bool(results["ended"][k])
            assert (env.agents == []) == ended
            kind = truncated if results["truncated"][k].any() else terminated
            assert all(kind.values()) == ended
            assert not any((terminated if kind is truncated else truncated).values())
            if ended:
                observations, infos = env.reset()
            np.testing.assert_array_equal(np.stack(list(observations.values())), after[k])
            np.testing.assert_array_equal([info["action_mask"][0] for info in infos.values()], mask[k])


@everywhere
def test_aec_env(scenario, form, seed):
    loaded = econo_env.load(scenario, **FORMS[form])
    script = scripted_actions(loaded)[:, 0]
    parallel, aec = econo_env.parallel_env(loaded), econo_env.env(loaded)
    observations, infos = parallel.reset(seed=seed)
    aec.reset(seed=seed)
    for given in script:
        if not parallel.agents:
            observations, infos = parallel.reset()
            aec.reset()
        for agent in parallel.agents:
            assert aec.agent_selection == agent
            np.testing.assert_array_equal(aec.last()[0], observations[agent])
            assert data_equivalence(aec.infos[agent], infos[agent], exact=True)
            aec.step(given[parallel.possible_agents.index(agent)])
        actions = dict(zip(parallel.possible_agents, given, strict=True))
        results = parallel.step({agent: actions[agent] for agent in parallel.agents})
        observations, rewards, terminated, truncated, infos = results
        assert (aec.rewards, aec.terminations, aec.truncations) == (rewards, terminated, truncated)
        while aec.agents and (aec.terminations[aec.agent_selection] or aec.truncations[aec.agent_selection]):
            aec.step(None)
        assert aec.agents == parallel.agents


@everywhere
def test_sb3(scenario, form, seed):
    loaded = econo_env.load(scenario, **FORMS[form])
    actions = scripted_actions(loaded)
    first, record = engine_record(loaded, seed, actions)
    envs = make_sb3_env(loaded, MARKETS)
    envs.seed(seed)
    np.testing.assert_array_equal(envs.reset().reshape(first.shape), first)
    gone = np.zeros((MARKETS, AGENTS), bool)
    for given, (results, after, mask) in zip(actions, record, strict=True):
        observations, rewards, dones, infos = envs.step(given.reshape(envs.num_envs, -1))
        expected = np.where(gone, 0.0, results["rewards"]).astype(np.float32)
        np.testing.assert_array_equal(rewards.reshape(gone.shape), expected)
        over = np.repeat(results["ended"], AGENTS)
        np.testing.assert_array_equal(dones, over)
        stays = results["truncated"] & ~results["terminated"] & ~gone
        assert [info.get("TimeLimit.truncated", False) for info in infos] == stays.ravel().tolist()
        last = np.where(gone[..., None], np.float32(0.0), results["observations"]).reshape(envs.num_envs, -1)
        for number in np.flatnonzero(over):
            np.testing.assert_array_equal(infos[number]["terminal_observation"], last[number])
        gone = (gone | results["terminated"]) & ~results["ended"][:, None]
        shown = np.where(gone[..., None], np.float32(0.0), after)
        np.testing.assert_array_equal(observations.reshape(shown.shape), shown)
        np.testing.assert_array_equal(envs.action_masks().ravel(), (mask & ~gone).ravel())


@for_forms(
    ("as shipped", LARGE, 0), ("repeated, terminates", SMALL, 2), ("repeated, truncates", LARGE, 0), more=("agent",)
)
def test_single_agent_views(scenario, form, seed, agent):
    loaded = econo_env.load(scenario, **FORMS[form])
    script = scripted_actions(loaded)
    envs = SingleAgentVectorEnv(
        loaded, MARKETS, agent=agent, opponents=Script(script), num_threads=2, autoreset_mode="SameStep"
    )
    alone = [SingleAgentEnv(loaded, agent=agent, opponents=Script(script[:, k : k + 1])) for k in range(MARKETS)]
    batch, batch_infos = envs.reset(seed=seed)
    for k, env in enumerate(alone):
        seen, info = env.reset(seed=seed, options={"first_market": k})
        np.testing.assert_array_equal(batch[k], seen)
        assert data_equivalence({name: batch_infos[name][k] for name in info}, _as_arrays(info), exact=True)
    for given in script:
        batch, rewards, terminated, truncated, infos = envs.step(given[:, agent])
        for k, env in enumerate(alone):
            seen, reward, ends, stops, info = env.step(given[k, agent])
            assert (reward, ends, stops) == (rewards[k], terminated[k], truncated[k])
            assert ("final_obs" in infos and bool(infos["_final_obs"][k])) == (ends or stops)
            if ends or stops:
                np.testing.assert_array_equal(infos["final_obs"][k], seen)
                final = {name: infos["final_info"][name][k] for name in info}
                assert data_equivalence(final, _as_arrays(info), exact=True)
                seen, info = env.reset()
            np.testing.assert_array_equal(batch[k], seen)
            assert data_equivalence({name: infos[name][k] for name in info}, _as_arrays(info), exact=True)


@everywhere
def test_one_seat_is_the_parallel_env(scenario, form, seed):
    loaded = econo_env.load(scenario, **FORMS[form])
    script = scripted_actions(loaded)[:, :1]
    env = SingleAgentEnv(loaded, agent=1, opponents=Script(script))
    everyone = econo_env.parallel_env(loaded)
    observations, infos = everyone.reset(seed=seed)
    learner = everyone.possible_agents[1]
    seen, info = env.reset(seed=seed)
    for given in script:
        assert data_equivalence((seen, info), (observations[learner], infos[learner]), exact=True)
        actions = dict(zip(everyone.possible_agents, given[0], strict=True))
        results = everyone.step({agent: actions[agent] for agent in everyone.agents})
        seen, reward, terminated, truncated, info = env.step(given[0, 1])
        assert (reward, terminated, truncated) == tuple(column[learner] for column in results[1:4])
        observations, infos = results[0], results[4]
        if learner not in everyone.agents:
            break


def _as_arrays(info):
    return {name: value if isinstance(value, np.ndarray) else type_of(value)(value) for name, value in info.items()}


def type_of(value):
    return {bool: np.bool_, float: np.float64, int: np.int64}[type(value)]


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("scenario", by_form())
def test_gymnasiums_own_vectors_of_the_scalar_view_agree_in_form(scenario, mode):
    name = econo_env.interfaces.registry.registered_id(scenario)
    native = gymnasium.make_vec(name, 2, vectorization_mode="vector_entry_point", autoreset_mode=mode, max_cycles=3)
    copies = gymnasium.make_vec(
        name, 2, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, max_cycles=3
    )
    assert native.metadata["autoreset_mode"] is copies.metadata["autoreset_mode"] is mode
    assert native.single_observation_space == copies.single_observation_space
    assert native.observation_space == copies.observation_space
    assert native.action_space == copies.action_space
    native.reset(seed=0)
    copies.reset(seed=0)
    for _ in range(4):
        actions = np.zeros(native.action_space.shape, np.float32)
        mine, theirs = native.step(actions), copies.step(actions)
        assert [part.dtype for part in mine[:4]] == [part.dtype for part in theirs[:4]]
        assert [part.shape for part in mine[:4]] == [part.shape for part in theirs[:4]]
        np.testing.assert_array_equal(mine[3], theirs[3])
        if not np.array_equal(mine[2], theirs[2]):
            break  # other values, and a sale has ended the episode in one of them
        assert set(theirs[4]) == set(mine[4])
        for key, value in theirs[4].items():
            if isinstance(value, np.ndarray):
                assert (mine[4][key].dtype, mine[4][key].shape) == (value.dtype, value.shape), key
            else:
                assert set(mine[4][key]) == set(value)
        over = mine[2] | mine[3]
        if mode is AutoresetMode.DISABLED and over.any():
            again = [envs.reset(options={"reset_mask": over.copy()}) for envs in (native, copies)]
            assert set(again[0][1]) == set(again[1][1])
            for key, value in again[1][1].items():
                if key.startswith("_"):
                    np.testing.assert_array_equal(again[0][1][key], value)


@for_forms(
    ("as shipped", SMALL, AutoresetMode.NEXT_STEP),
    ("repeated, terminates", LARGE, AutoresetMode.DISABLED),
    ("repeated, truncates", SMALL, AutoresetMode.NEXT_STEP),
    ("repeated, truncates", LARGE, AutoresetMode.DISABLED),
    more=("mode",),
)
def test_vectors_that_pause_between_episodes_play_what_the_scalar_view_plays(scenario, form, seed, mode):
    loaded = econo_env.load(scenario, **FORMS[form])
    script = scripted_actions(loaded)
    envs = SingleAgentVectorEnv(loaded, MARKETS, opponents=Script(script), autoreset_mode=mode)
    alone = [SingleAgentEnv(loaded, opponents=Script(script[:, k : k + 1])) for k in range(MARKETS)]
    batch, _ = envs.reset(seed=seed)
    for k, env in enumerate(alone):
        np.testing.assert_array_equal(batch[k], env.reset(seed=seed, options={"first_market": k})[0])
    over = np.zeros(MARKETS, bool)
    for step, given in enumerate(script):
        if mode is AutoresetMode.DISABLED and over.any():
            batch, infos = envs.reset(options={"reset_mask": over})
            for k in np.flatnonzero(over):
                seen, info = alone[k].reset()
                np.testing.assert_array_equal(batch[k], seen)
                assert data_equivalence({name: infos[name][k] for name in info}, _as_arrays(info), exact=True)
            over[:] = False
        envs.view.opponents.step = step  # the opponents of markets that pause do not act
        batch, rewards, terminated, truncated, infos = envs.step(given[:, 0])
        for k, env in enumerate(alone):
            env.view.opponents.step = step
            if over[k]:
                seen, info = env.reset()
                reward, ends, stops = 0.0, False, False
            else:
                seen, reward, ends, stops, info = env.step(given[k, 0])
            assert (reward, ends, stops) == (rewards[k], terminated[k], truncated[k])
            np.testing.assert_array_equal(batch[k], seen)
            assert data_equivalence({name: infos[name][k] for name in info}, _as_arrays(info), exact=True)
        over = terminated | truncated


def play(scenario):
    """A short run through the dict API as numbers that survive JSON."""
    env = econo_env.parallel_env(scenario, num_agents=3, max_cycles=4)
    env.reset(seed=9)
    generator = np.random.default_rng(0)
    record = []
    while env.agents:
        shape = env.action_space(env.agents[0]).shape
        actions = {agent: generator.uniform(-1, 1, shape).astype(np.float32) for agent in env.agents}
        observations, rewards, *_ = env.step(actions)
        record.append([[observed.tolist() for observed in observations.values()], list(rewards.values())])
    return record


def test_uncompiled_python_gives_the_same():
    names = econo_env.scenarios()
    program = f"import json; from test_parity import play; print(json.dumps([play(name) for name in {names!r}]))"
    paths = os.pathsep.join([os.path.dirname(__file__), *sys.path])  # noqa: PTH120 - one path of a list of strings
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, played in zip(names, json.loads(done.stdout), strict=True):
        assert played == play(name), name

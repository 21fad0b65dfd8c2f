"""Gymnasium's and Stable-Baselines3's own checks of the single-agent view, for every built-in scenario."""

import pickle
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode

from econo_env.interfaces.registry import registered_id
from tests.scenarios import by_form

FORMS = {"as shipped": {}, "repeated": {"max_cycles": 7, "num_agents": 3}}

pytestmark = [pytest.mark.parametrize("scenario", by_form()), pytest.mark.parametrize("form", FORMS)]


@pytest.fixture
def name(scenario):
    """What Gymnasium calls the scenario."""
    return registered_id(scenario)


@pytest.fixture(autouse=True)
def _warnings_are_failures():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # check_env runs on the environment without wrappers and says so
        warnings.filterwarnings("ignore", ".*is different from the unwrapped version.*")
        warnings.filterwarnings(
            "ignore", ".*is out of date. You should consider upgrading.*"
        )  # an id with a later version
        yield


def test_gymnasium_check_env(name, form):
    check_env(gymnasium.make(name, **FORMS[form]).unwrapped)


def test_every_step_passes_the_passive_checker(name, form):
    env = gymnasium.make(name, disable_env_checker=False, **FORMS[form])
    env.reset(seed=0)
    for _ in range(20):
        if any(env.step(env.action_space.sample())[2:4]):
            env.reset()


def test_stable_baselines3_check_env(name, form):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's own
        from stable_baselines3.common.env_checker import check_env as sb3_check_env

    sb3_check_env(gymnasium.make(name, **FORMS[form]).unwrapped, warn=True)


def test_vector_entry_point(name, form):
    envs = gymnasium.make_vec(name, num_envs=5, vectorization_mode="vector_entry_point", **FORMS[form])
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    observations, infos = envs.reset(seed=0)
    for _ in range(20):
        assert observations in envs.observation_space
        assert infos["action_mask"].shape == (5, 1)
        observations, rewards, terminated, truncated, infos = envs.step(envs.action_space.sample())
        assert rewards.shape == terminated.shape == truncated.shape == (5,)
    envs.close()


def test_spec_and_pickle(name, form):
    env = gymnasium.make(name, **FORMS[form])
    env.reset(seed=5)
    copy = pickle.loads(pickle.dumps(env))
    again = gymnasium.make(env.spec)
    again.reset(seed=5)
    action = np.full(env.action_space.shape, 0.25, np.float32)
    first = env.step(action)
    assert data_equivalence(first, copy.step(action), exact=True)
    assert data_equivalence(first, again.step(action), exact=True)

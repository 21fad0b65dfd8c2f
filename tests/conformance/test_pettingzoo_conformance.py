"""PettingZoo's own tests, for every built-in scenario."""

import pickle
import warnings
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from pettingzoo.test import (
    api_test,
    max_cycles_test,
    parallel_api_test,
    parallel_seed_test,
    render_test,
    seed_test,
    state_test,
)

import econo_env
from tests.scenarios import by_form

FORMS = {
    "as shipped": {},
    "repeated": {"max_cycles": 7},
    "truncated": {"max_cycles": 7, "end_of_episode": "truncation"},
}
HARMLESS = (
    "Observation is not a NumPy array",  # a Dict observation
    "Observation space for each agent probably should be",
    "Action mask is a single number",
    "Observation numpy array is all zeros",  # a banned agent sees nothing
    "Action mask numpy array is all zeros",  # an agent that may not act
)

pytestmark = pytest.mark.parametrize("scenario", by_form())
every_form = pytest.mark.parametrize("form", FORMS)
MASK, DICT = {"on_removal": "mask"}, {"observation": "dict"}


@pytest.fixture(autouse=True)
def _warnings_are_failures():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for message in HARMLESS:
            warnings.filterwarnings("ignore", message)
        yield


@pytest.mark.parametrize(
    ("form", "options"),
    [("as shipped", DICT), ("repeated", {}), ("truncated", MASK), ("repeated", MASK), ("truncated", {})],
    ids=str,
)
def test_parallel_api(scenario, form, options):
    parallel_api_test(econo_env.parallel_env(scenario, **FORMS[form], **options), num_cycles=30)


@pytest.mark.parametrize(("form", "options"), [("as shipped", {}), ("repeated", MASK), ("truncated", DICT)], ids=str)
def test_aec_api(scenario, form, options):
    api_test(econo_env.env(scenario, **FORMS[form], **options), num_cycles=30)


@pytest.mark.parametrize("form", ["as shipped", "truncated"])
def test_seeds(scenario, form):
    seed_test(partial(econo_env.env, scenario, **FORMS[form]), num_cycles=30)
    parallel_seed_test(partial(econo_env.parallel_env, scenario, **FORMS[form]), num_cycles=30)


@pytest.mark.parametrize("form", ["repeated", "truncated"])
def test_max_cycles(scenario, form):
    if econo_env.load(scenario).market == "clock":
        pytest.skip(
            "PettingZoo's test wants episodes of full length, and a sale ends one: see tests/markets/test_clock"
        )
    end = {name: value for name, value in FORMS[form].items() if name != "max_cycles"}
    max_cycles_test(
        SimpleNamespace(
            parallel_env=partial(econo_env.parallel_env, scenario, **end),
            env=partial(econo_env.env, scenario, **end),
        )
    )


@pytest.mark.parametrize("form", ["as shipped", "truncated"])
def test_state(scenario, form):
    state_test(econo_env.env(scenario, **FORMS[form]), econo_env.parallel_env(scenario, **FORMS[form]))


def test_render(scenario, capsys):
    render_test(partial(econo_env.env, scenario, **FORMS["repeated"]))
    assert scenario in capsys.readouterr().out, "render_mode='human' printed nothing"


@every_form
def test_pickled_mid_episode_goes_on_alike(scenario, form):
    original = econo_env.parallel_env(scenario, **FORMS[form], render_mode="ansi")
    original.reset(seed=3)
    generator = np.random.default_rng(0)

    def act(env):
        shape = env.action_space(env.possible_agents[0]).shape
        return {agent: generator.uniform(-1, 1, shape).astype(np.float32) for agent in env.agents}

    if original.scenario.max_cycles > 1:
        original.step(act(original))
    copy = pickle.loads(pickle.dumps(original))
    assert copy.render() == original.render()
    assert str(copy) == str(original) == scenario
    for _ in range(12):
        if not original.agents:
            assert data_equivalence(original.reset(), copy.reset(), exact=True)
        actions = act(original)
        assert data_equivalence(original.step(actions), copy.step(actions), exact=True)
        assert copy.render() == original.render()
        np.testing.assert_array_equal(copy.state(), original.state())

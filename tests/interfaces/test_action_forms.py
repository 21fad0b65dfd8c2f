"""Choices on a grid instead of numbers: they mean what the page says, in every API, and masks say which are open."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Discrete, MultiDiscrete
from gymnasium.utils.env_checker import data_equivalence
from pettingzoo.test import api_test, parallel_api_test
from stable_baselines3 import DQN, PPO

import econo_env
from econo_env.interfaces.action_forms import FIRST_LEVEL, MOST_CHOICES, NO_BID, TRUTHFUL, action_form
from econo_env.interfaces.gymnasium import SingleAgentEnv, SingleAgentVectorEnv
from econo_env.interfaces.pettingzoo import MarketEnv
from econo_env.interfaces.sb3 import make_sb3_env
from econo_env.market import market_of
from tests.interfaces.banning_market import BanningScenario
from tests.scenarios import by_form

SCENARIOS = econo_env.scenarios()
LEVELS = 3


def form_of(scenario, kind, levels=LEVELS):
    loaded = econo_env.load(scenario)
    return loaded, action_form(loaded, kind, levels), len(market_of(loaded).action_names(loaded))


def banning():
    return BanningScenario(id="banning_v0", num_agents=3, max_cycles=6, end_of_episode="truncation")


@pytest.mark.parametrize("scenario", by_form())
def test_choices_of_each_component(scenario):
    loaded, form, components = form_of(scenario, "multi_discrete", 5)
    envs = econo_env.vector_env(loaded, 4)
    observations, _ = envs.reset(seed=0)
    space = form.space()
    assert isinstance(space, MultiDiscrete)
    assert space.nvec.tolist() == [5 + 2] * components
    for level, value in enumerate((-1.0, -0.5, 0.0, 0.5, 1.0)):
        rows = np.full((4, loaded.num_agents, components), FIRST_LEVEL + level)
        np.testing.assert_array_equal(form.decoded(rows, observations), np.full(rows.shape, value, np.float32))
    rows = np.full((4, loaded.num_agents, components), TRUTHFUL)
    truthful = market_of(loaded).baselines.truthful(loaded, observations)
    np.testing.assert_array_equal(form.decoded(rows, observations), truthful)
    rows[..., 0] = NO_BID
    decoded = form.decoded(rows, observations)
    assert np.isnan(decoded[..., 0]).all()
    np.testing.assert_array_equal(decoded[..., 1:], truthful[..., 1:])


def test_one_number_counts_the_components_like_digits():
    _, form, _ = form_of("task_market_v0", "discrete", (2, 3, 4, 5))
    assert form.space() == Discrete(2 + 2 * 3 * 4 * 5)
    observations = np.zeros((1, 18), np.float32)
    seen = set()
    for number in range(2 * 3 * 4 * 5):
        j0, j1, j2, j3 = number // 60, number // 20 % 3, number // 5 % 4, number % 5
        decoded = form.decoded(np.array([FIRST_LEVEL + number]), observations)[0]
        expected = [2 * j0 - 1, j1 - 1, 2 * j2 / 3 - 1, j3 / 2 - 1]
        np.testing.assert_array_equal(decoded, np.array(expected, np.float32))
        seen.add(tuple(decoded))
    assert len(seen) == 120
    assert np.isnan(form.decoded(np.array([NO_BID]), observations)).all()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_bid_is_none_and_the_truth_is_the_truth(scenario):
    """Nobody bids: nobody gets or pays anything. Everybody is truthful: the market plays as truthful agents play it."""
    loaded, _, components = form_of(scenario, "discrete")
    kind = "discrete" if LEVELS**components + 2 <= MOST_CHOICES else "multi_discrete"
    env = MarketEnv(loaded, actions=kind, action_levels=LEVELS)
    shape = env.action_space(env.possible_agents[0]).shape
    env.reset(seed=3)
    for _ in range(3):
        if env.agents:
            rewards = env.step(dict.fromkeys(env.agents, np.full(shape, NO_BID)))[1]
            if loaded.market != "clock":  # staying out of a falling clock is a limit like any other
                assert not any(rewards.values())
    plain = MarketEnv(loaded)
    env.reset(seed=4)
    plain.reset(seed=4)
    for _ in range(3):
        if not env.agents:
            break
        truth = market_of(loaded).baselines.truthful(loaded, plain.engine.buffers.observations)[0]
        numbers = {agent: truth[plain.possible_agents.index(agent)] for agent in plain.agents}
        expected = plain.step(numbers)
        got = env.step(dict.fromkeys(env.agents, np.full(shape, TRUTHFUL)))
        assert data_equivalence(got[:4], expected[:4], exact=True)


@pytest.mark.parametrize("kind", ["discrete", "multi_discrete"])
@pytest.mark.parametrize("scenario", ["first_price_v0", "task_market_v0", "english_v0", "uniform_price_v0"])
@pytest.mark.parametrize("observation", ["box", "dict"])
def test_pettingzoos_own_tests_pass(scenario, kind, observation):
    options = {"actions": kind, "action_levels": 3, "observation": observation, "max_cycles": 7}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of observations that are dicts or zeros
        parallel_api_test(econo_env.parallel_env(scenario, **options), num_cycles=20)
        api_test(econo_env.env(scenario, **options), num_cycles=20)


@pytest.mark.parametrize("kind", ["discrete", "multi_discrete"])
def test_masks_leave_everything_or_no_bid(kind):
    env = MarketEnv(banning(), actions=kind, action_levels=3, observation="dict")
    env.reset(seed=0)
    space = env.action_space("bidder_1")
    entries = 11 if kind == "discrete" else 10
    still = np.full(space.shape, FIRST_LEVEL)
    observations, *_ = env.step(dict.fromkeys(env.agents, still))
    masks = {agent: seen["action_mask"] for agent, seen in observations.items()}
    assert masks["bidder_0"].tolist() == [1] * entries
    assert np.flatnonzero(masks["bidder_1"]).tolist() == ([0] if kind == "discrete" else [0, 5])
    assert all(env.observation_space(agent).contains(observations[agent]) for agent in env.agents)
    space.seed(0)
    for _ in range(20):
        assert not np.any(space.sample(masks["bidder_1"]))
        assert space.contains(space.sample(masks["bidder_0"]))


@pytest.mark.parametrize("kind", ["discrete", "multi_discrete"])
def test_every_api_makes_the_same_of_the_same_choices(kind):
    """Scripted choices of all seats in the four APIs, beside the numbers that they stand for."""
    scenario = econo_env.load("task_market_v0", num_agents=3, max_cycles=6, **{"economy.eligibility.open_share": 1.0})
    form = action_form(scenario, kind, 3)
    generator = np.random.default_rng(0)
    low, high = FIRST_LEVEL, FIRST_LEVEL + (81 if kind == "discrete" else 3)
    choices = generator.integers(low, high, (6, 2, 3, *form.shape))
    honest = choices if kind == "discrete" else choices[..., 3]
    honest -= (honest - FIRST_LEVEL) % 3  # nobody is banned, which would end an episode early
    numbers = form.decoded(choices, np.zeros((6, 2, 3, 1), np.float32))
    options = {"actions": kind, "action_levels": 3}

    expected = econo_env.vector_env(scenario, 2, autoreset=False)
    expected.reset(seed=5)
    sb3 = make_sb3_env(scenario, 2, **options)
    sb3.seed(5)
    sb3.reset()
    parallel = [econo_env.parallel_env(scenario, on_removal="mask", **options) for _ in range(2)]
    aec = econo_env.env(scenario, on_removal="mask", **options)
    aec.reset(seed=5)

    class Others:
        step = 0

        def reset(self, seed):
            pass

        def act(self, observations, mask):
            return numbers[self.step][: len(observations)]

    others = Others()
    vector = SingleAgentVectorEnv(scenario, 2, opponents=others, **options)
    single = SingleAgentEnv(scenario, opponents=others, **options)
    vector.reset(seed=5)
    single.reset(seed=5)
    for k, env in enumerate(parallel):
        env.reset(seed=5, options={"first_market": k})
    total = 0.0
    for step in range(5):
        others.step = step
        _, rewards, *_ = expected.step(numbers[step])
        np.testing.assert_array_equal(
            sb3.step(choices[step].reshape(6, *form.shape))[1], rewards.astype(np.float32).ravel()
        )
        for k, env in enumerate(parallel):
            got = env.step(dict(zip(env.agents, choices[step, k], strict=True)))[1]
            assert list(got.values()) == rewards[k].tolist()
        for seat in range(3):
            aec.step(choices[step, 0, seat])
        assert list(aec.rewards.values()) == rewards[0].tolist()
        np.testing.assert_array_equal(vector.step(choices[step, :, 0])[1], rewards[:, 0])
        assert single.step(choices[step, 0, 0])[1] == rewards[0, 0]
        total += np.abs(rewards).sum()
    assert total > 0.0, "nothing has happened"


BAD = {
    "too high": 23,
    "negative": -1,
    "a real number": 0.5,
    "none": None,
    "a list": [1],
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_is_no_choice_is_refused_before_anything_changes(bad):
    env = econo_env.parallel_env("first_price_v0", actions="discrete")
    env.reset(seed=0)
    before = env.engine.snapshot()
    with pytest.raises(ValueError, match=r"action of bidder_1 is .*: give a whole number from 0 to 22"):
        env.step({"bidder_0": 0, "bidder_1": bad})
    single = SingleAgentEnv("first_price_v0", actions="discrete")
    single.reset(seed=0)
    with pytest.raises(ValueError, match="give a whole number from 0 to 22"):
        single.step(bad)
    for kept, now in zip((*before.state, *before.buffers), env.engine.arrays(), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_a_batch_with_a_choice_that_is_none_is_refused():
    for envs in (
        make_sb3_env("first_price_v0", 2, actions="discrete"),
        SingleAgentVectorEnv("first_price_v0", 4, actions="discrete"),
    ):
        envs.reset()
        with pytest.raises(ValueError, match="from 0 to 22"):
            envs.step(np.array([0, 1, 2, 23]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"actions": "words"}, "actions='words' is unknown: choose one of 'box', 'discrete', 'multi_discrete'"),
        ({"actions": "discrete", "action_levels": 1}, "action_levels=1: give a whole number of at least 2"),
        ({"actions": "discrete", "action_levels": [2, 2]}, "or a list of 4, one a component"),
        ({"actions": "discrete", "action_levels": "many"}, "action_levels='many'"),
        ({"actions": "discrete", "action_levels": 2.5}, "2.5"),
        ({"actions": "discrete"}, "make 194,483 choices of 4 components, at most 65,536 are taken"),
    ],
)
def test_bad_grids_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        econo_env.parallel_env("task_market_v0", **options)


def test_masks_of_learners_that_ask_for_them():
    """sb3-contrib's MaskablePPO calls `action_masks` of an environment, and through `env_method` of a vector."""
    env = make_sb3_env(banning(), 2, actions="multi_discrete", action_levels=3)
    env.reset()
    env.step(np.full((6, 2), FIRST_LEVEL))
    masks = np.stack(env.env_method("action_masks"))
    assert masks.shape == (6, 10)
    assert masks.dtype == np.bool_
    assert masks.sum(axis=1).tolist() == [10, 2, 10] * 2
    np.testing.assert_array_equal(np.stack(env.env_method("action_masks", indices=[1, 3])), masks[[1, 3]])
    assert env.has_attr("action_masks")
    single = SingleAgentEnv(banning(), agent=1, actions="discrete", action_levels=3)
    single.reset(seed=0)
    assert single.action_masks().all()
    single.step(FIRST_LEVEL)
    assert np.flatnonzero(single.action_masks()).tolist() == [NO_BID]
    envs = SingleAgentVectorEnv(banning(), 2, agent=1, actions="discrete", action_levels=3)
    envs.reset(seed=0)
    *_, infos = envs.step(np.array([FIRST_LEVEL] * 2))
    assert infos["action_mask"].shape == (2, 11)
    assert infos["action_mask"].sum() == 2


def test_dqn_and_ppo_learn_on_the_grid():
    env = make_sb3_env("first_price_v0", 4, actions="discrete", action_levels=11)
    DQN("MlpPolicy", env, learning_starts=16, buffer_size=500, seed=0, device="cpu").learn(128)
    single = gymnasium.make("econo/first_price-v0", actions="discrete")
    DQN("MlpPolicy", single, learning_starts=16, buffer_size=500, seed=0, device="cpu").learn(32)
    env = make_sb3_env("task_market_v0", 2, actions="multi_discrete", action_levels=(5, 3, 3, 2))
    PPO("MlpPolicy", env, n_steps=8, batch_size=20, n_epochs=1, seed=0, device="cpu").learn(80)

"""One seat of a market as a Gymnasium environment: opponents, bans, bad input."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import econo_env
from econo_env.interfaces.gymnasium import SingleAgentEnv, SingleAgentVectorEnv
from tests.interfaces.banning_market import BanningScenario


class Constant:
    def __init__(self, action):
        self.action, self.seeds, self.masks = np.asarray(action, np.float32), [], []

    def reset(self, seed):
        self.seeds.append(seed)

    def act(self, observations, mask):
        self.masks.append(mask)
        return np.broadcast_to(self.action, (*observations.shape[:-1], len(self.action)))


def banning(**fields):
    return BanningScenario(id="banning_v0", num_agents=3, max_cycles=6, end_of_episode="truncation", **fields)


def unchanged(engine, before):
    now = engine.snapshot()
    pairs = zip((*before.state, *before.buffers), now.arrays(), strict=True)
    return all(np.array_equal(kept, current) for kept, current in pairs)


def test_opponents_are_truthful_by_default():
    for bids in ("share_of_value", "amount"):
        env = SingleAgentEnv("second_price_v0", num_agents=4, bids=bids)
        env.reset(seed=0)
        values = env.view.engine.state.values[0].copy()
        env.step(np.array([-1.0], np.float32))
        np.testing.assert_allclose(env.view.engine.state.bids[0, 1:], values[1:], atol=1)
        assert env.view.engine.state.bids[0, 0] == 0


def test_opponents_act_for_every_seat_but_the_learners():
    env = SingleAgentEnv("first_price_v0", num_agents=3, agent=1, opponents=Constant([-0.5]))
    env.reset(seed=0)
    values = env.view.engine.state.values[0].copy()
    env.step(np.array([0.5], np.float32))
    np.testing.assert_allclose(env.view.engine.state.bids[0], values * [0.5, 1.5, 0.5], atol=1)


def test_opponents_start_over_with_every_seed_and_only_then():
    opponents = Constant([0.0])
    env = SingleAgentEnv("first_price_v0", opponents=opponents)
    env.reset(seed=5)
    env.reset()
    env.reset(seed=6)
    assert opponents.seeds == [5, 6]


def test_opponents_cannot_change_the_market_through_what_they_see():
    class Vandal(Constant):
        def act(self, observations, mask):
            observations[:] = 0.0
            mask[:] = False
            return super().act(observations, mask)

    env = SingleAgentEnv(banning(), opponents=Vandal([0.0, 0.0]))
    env.reset(seed=0)
    *_, terminated, _, _ = env.step(np.array([1.0, 0.0], np.float32))
    assert terminated, "the learner's mask was changed, so that its misdeed was ignored"


@pytest.mark.parametrize("opponents", ["truthful", 3, lambda observations, mask: 0])
def test_what_is_no_policy_is_refused(opponents):
    with pytest.raises(ValueError, match="is no policy: give an object with act"):
        SingleAgentEnv("first_price_v0", opponents=opponents)


@pytest.mark.parametrize("agent", [-1, 2, 0.5, "0"])
def test_a_seat_that_is_none_is_refused(agent):
    with pytest.raises(ValueError, match="agent="):
        SingleAgentEnv("first_price_v0", agent=agent)


@pytest.mark.parametrize(
    ("opponents", "action", "message"),
    [
        (None, [np.nan], "action of bidder_0.*nan"),
        (None, [1.5], "action of bidder_0.*1.5"),
        (None, [0.0, 0.0], r"shape \(1,\)"),
        (Constant([2.0]), [0.0], "opponents returned an action"),
        (Constant([np.nan]), [0.0], "opponents returned an action"),
        (Constant([0.0, 0.0]), [0.0], r"opponents returned actions of shape \(1, 2, 2\): give \(1, 2, 1\)"),
    ],
)
def test_bad_actions_raise_before_anything_changes(opponents, action, message):
    env = SingleAgentEnv("first_price_v0", opponents=opponents)
    env.reset(seed=0)
    before = env.view.engine.snapshot()
    with pytest.raises(ValueError, match=message):
        env.step(np.array(action, np.float32))
    assert unchanged(env.view.engine, before)


@pytest.mark.parametrize("bad", [np.full((2, 1), 1.5), np.zeros((2, 2)), np.zeros(2), np.full((2, 1), np.nan)])
def test_bad_actions_of_a_vector_raise_before_anything_changes(bad):
    envs = SingleAgentVectorEnv("first_price_v0", 2)
    envs.reset(seed=0)
    before = envs.view.engine.snapshot()
    with pytest.raises(ValueError, match=r"shape \(2, 1\)"):
        envs.step(bad)
    assert unchanged(envs.view.engine, before)


def test_no_step_before_reset_nor_after_the_end():
    env = SingleAgentEnv("first_price_v0")
    with pytest.raises(RuntimeError, match=r"call reset\(\)"):
        env.step(np.zeros(1, np.float32))
    env.reset(seed=0)
    env.step(np.zeros(1, np.float32))
    with pytest.raises(RuntimeError, match=r"call reset\(\)"):
        env.step(np.zeros(1, np.float32))


def test_the_episode_goes_on_when_an_opponent_is_banned():
    env = SingleAgentEnv(banning(), agent=1, opponents=Constant([1.0, 0.0]))
    env.reset(seed=0)
    flags = [env.step(np.zeros(2, np.float32))[2:4] for _ in range(6)]
    assert flags == [(False, False)] * 5 + [(False, True)]


def test_the_episode_ends_when_the_learner_is_banned():
    env = SingleAgentEnv(banning())
    env.reset(seed=0)
    *_, terminated, truncated, info = env.step(np.array([1.0, 0.0], np.float32))
    assert (terminated, truncated) == (True, False)
    assert info["action_mask"] == 0


def test_a_vector_starts_over_only_the_market_whose_learner_is_banned():
    envs = SingleAgentVectorEnv(banning(), 3, autoreset_mode="SameStep")
    envs.reset(seed=0)
    envs.step(np.zeros((3, 2), np.float32))
    observations, rewards, terminated, truncated, infos = envs.step(np.array([[0, 0], [1, 0], [0, 0]], np.float32))
    np.testing.assert_array_equal(terminated, [False, True, False])
    assert not truncated.any()
    np.testing.assert_array_equal(rewards, [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(observations[:, 1], np.array([2, 0, 2], np.float32) / 6)
    np.testing.assert_array_equal(infos["final_obs"][1], np.array([0, 2 / 6], np.float32))
    assert infos["final_obs"][0] is None
    np.testing.assert_array_equal(infos["final_info"]["_present"], [False, True, False])
    np.testing.assert_array_equal(infos["final_info"]["action_mask"], [[0], [0], [0]])
    np.testing.assert_array_equal(infos["action_mask"], [[1], [1], [1]])


def test_what_a_vector_returned_stays_as_it_was():
    envs = SingleAgentVectorEnv("first_price_v0", 4, max_cycles=3)
    first = envs.reset(seed=0)
    text = repr(first)
    envs.step(np.zeros((4, 1), np.float32))
    assert repr(first) == text


def test_different_markets_play_different_episodes():
    observations, _ = SingleAgentVectorEnv("first_price_v0", 64).reset(seed=0)
    assert len(np.unique(observations[:, 0])) == 64


def test_overrides_reach_the_scenario():
    env = SingleAgentEnv("first_price_v0", num_agents=7, **{"mechanism.reserve": 0.25})
    assert env.view.scenario.num_agents == 7
    assert env.view.scenario.mechanism.reserve == 0.25
    with pytest.raises(ValueError, match="num_agents = 0"):
        econo_env.parallel_env("first_price_v0", num_agents=0)


@pytest.mark.parametrize(
    "make",
    [
        econo_env.parallel_env,
        econo_env.env,
        econo_env.vector_env,
        SingleAgentEnv,
        SingleAgentVectorEnv,
        lambda name, **keywords: gymnasium.make("econo/first_price-v0", **keywords),
        lambda name, **keywords: gymnasium.make_vec("econo/first_price-v0", num_envs=2, **keywords),
    ],
)
def test_an_unknown_keyword_is_a_type_error(make):
    with pytest.raises(TypeError, match="unknown key 'num_agent', did you mean 'num_agents'"):
        make("first_price_v0", num_agent=7)


def test_a_keyword_that_torchrl_offers_is_refused_in_pythons_words():
    with pytest.raises(TypeError, match="unexpected keyword argument 'frameskip'"):
        gymnasium.make("econo/first_price-v0", frameskip=4)


def test_a_market_without_a_picture_has_no_render_modes():
    scenario = banning()
    for make in (SingleAgentEnv, econo_env.parallel_env, SingleAgentVectorEnv):
        assert make(scenario).metadata["render_modes"] == []
        with pytest.raises(ValueError, match="draws no picture"):
            make(scenario, render_mode="ansi")
    check_env(SingleAgentEnv(scenario))

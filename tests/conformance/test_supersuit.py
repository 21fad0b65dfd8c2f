"""SuperSuit's bridge, a common way from PettingZoo to a trainer, steps every scenario in which agents stay."""

import warnings

import numpy as np
import pytest

import econo_env
from econo_env.market import market_of
from tests.scenarios import by_form

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import supersuit


@pytest.mark.parametrize("scenario", by_form())
@pytest.mark.parametrize("form", [{}, {"max_cycles": 7}, {"max_cycles": 7, "end_of_episode": "truncation"}], ids=str)
def test_agents_under_a_mask_keep_the_bridge_going(scenario, form):
    env = econo_env.parallel_env(scenario, on_removal="mask", **form)
    agents, length = len(env.possible_agents), env.max_cycles
    names = market_of(env.unwrapped.scenario).actions(env.unwrapped.scenario)
    envs = supersuit.pettingzoo_env_to_vec_env_v1(env)
    envs.reset(seed=0)
    generator = np.random.default_rng(0)
    ends, since = 0, 0
    for _ in range(3 * length):
        actions = generator.uniform(-1, 1, (agents, *envs.action_space.shape)).astype(np.float32)
        if "forgery" in names:  # where all are banned the episode ends
            actions[:, names.index("forgery")] = -1.0
        observations, rewards, terminated, truncated, _ = envs.step(actions)
        assert observations.shape == (agents, *envs.observation_space.shape)
        assert np.isfinite(rewards).all()
        over = np.logical_or(terminated, truncated)
        assert over.all() == over.any(), "some agents ended without the others"
        since += 1
        assert since <= length
        if since < length and env.unwrapped.scenario.market != "clock":  # where a sale may end the episode
            assert not np.any(over)
        if over.all():
            ends, since = ends + 1, 0
    assert ends >= 3

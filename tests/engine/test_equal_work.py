"""The NumPy baseline of the bench does the engine's work: its numbers are the engine's, bit for bit."""

import numpy as np

import econo_env
from tests.benchmarks.baselines import FullNumpyFirstPrice


def test_the_baseline_of_equal_work_gives_the_engine_s_numbers():
    envs = econo_env.vector_env("first_price_v0", 300, num_agents=4)
    plain = FullNumpyFirstPrice(300, 4, seed=7)
    observations, _ = envs.reset(7)
    assert np.array_equal(observations, plain.observations)
    rng = np.random.default_rng(0)
    for step in range(6):
        actions = rng.uniform(-1.0, 1.0, (300, 4, 1)).astype(np.float32)
        if step % 2:
            actions[rng.random(actions.shape) < 0.6] = -1.0  # bids of 0 tie
            actions[rng.random(actions.shape) < 0.1] = np.nan
            actions[rng.random(actions.shape) < 0.1] = 1.5
        theirs = envs.step(actions)
        for mine, other in zip(plain.step(actions)[:4], theirs[:4], strict=True):
            assert np.array_equal(mine, other)
        assert np.array_equal(plain.invalid_actions, theirs[4]["invalid_actions"])
        assert np.array_equal(plain.final, theirs[4]["final_obs"])
        assert np.array_equal(plain.action_mask, theirs[4]["action_mask"])
    assert plain.invalid_actions.sum() > 100

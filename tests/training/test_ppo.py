import math

import numpy as np
import pytest
import torch

import econo_env
from econo_env.engine.engine import Engine
from econo_env.interfaces.sb3 import MarketVecEnv
from tests.interfaces.ban_market import ban_scenario
from training.difference import Replay
from training.ppo import MarketPPO, make_ppo


def test_truncated_seats_are_bootstrapped_as_sb3_does_it(small):
    """One batched call adds what SB3's own loop adds, and adds it once."""
    config = small("scenario.max_cycles=3", "scenario.end_of_episode=truncation", "learner.gamma=0.9")

    def rewards(batched):
        env = MarketVecEnv(config.scenario, 8)
        model = make_ppo(config, env, 0)
        model.begin(10_000)
        if not batched:
            model._steps_callback.callbacks.pop(1)
        model.collect_rollouts(env, model._steps_callback, model.rollout_buffer, 4)
        return model.rollout_buffer.rewards

    plain = rewards(batched=False)
    np.testing.assert_allclose(rewards(batched=True), plain, rtol=1e-5, atol=1e-7)


def test_dead_seats_are_no_samples(small):
    config = small("learner.gamma=0.9").model_copy(update={"scenario": ban_scenario()})
    env = MarketVecEnv(ban_scenario(), 8)
    model = make_ppo(config, env, 0)
    model.begin(10_000)
    model.collect_rollouts(env, model._steps_callback, model.rollout_buffer, 4)
    buffer = model.rollout_buffer
    assert buffer.played.sum() == 4 * 24 - 2 * 8  # seat 0 of each of 8 markets is dead in the last 2 of 4 ticks
    batches = list(buffer.get(32))
    assert sum(len(batch.returns) for batch in batches) == buffer.played.sum()
    assert all(batch.observations.any(dim=1).all() for batch in batches)  # the dead see only zeros
    model.train()


def test_a_ban_ends_the_return_of_the_seat(small):
    config = small("learner.gamma=0.9", "learner.gae_lambda=1.0", "learner.batch_size=2").model_copy(
        update={"scenario": ban_scenario()}
    )
    env = MarketVecEnv(ban_scenario(), 2)
    model = make_ppo(config, env, 0)
    model.begin(10_000)
    model.collect_rollouts(env, model._steps_callback, model.rollout_buffer, 4)
    returns = model.rollout_buffer.returns[:, 0]  # seat 0 gets 1 a tick and is banned with the second
    np.testing.assert_allclose(returns, [1.0 + 0.9, 1.0, 0.0, 0.0], atol=1e-6)


class TestDifferenceRewards:
    def replayed(self, markets=20_000, agents=3, **overrides):
        scenario = econo_env.load("first_price_v0", num_agents=agents, **overrides)
        env = MarketVecEnv(scenario, markets)
        env.seed(1)
        env.reset()
        replay = Replay(env)
        replay.remember()
        return env, replay

    def test_replaying_the_same_action_changes_nothing(self):
        env, replay = self.replayed(64, max_cycles=4)
        for k in range(6):
            replay.remember()
            actions = np.random.default_rng(k).uniform(-1, 0, (env.num_envs, 1)).astype(np.float32)
            _, rewards, *_ = env.step(actions)
            assert np.array_equal(replay.rewards(actions), rewards)

    def test_each_seat_changes_alone(self):
        env, replay = self.replayed(32)
        rng = np.random.default_rng(0)
        played, instead = (rng.uniform(-1, 0, (32, 3, 1)).astype(np.float32) for _ in range(2))
        env.step(played.reshape(-1, 1))
        got = replay.rewards(instead.reshape(-1, 1)).reshape(32, 3)
        for seat in range(3):
            joint = played.copy()
            joint[:, seat] = instead[:, seat]
            engine = Engine(env.scenario, 32)
            engine.reset(1)
            engine.step(joint)
            np.testing.assert_allclose(got[:, seat], engine.exchange.rewards[:, seat], rtol=1e-6)

    def test_the_gradient_stays_and_most_of_its_variance_goes(self):
        env, replay = self.replayed()
        std, mean = 0.02, np.full((env.num_envs, 1), -0.4, np.float32)
        noise = np.random.default_rng(2).standard_normal((env.num_envs, 1)).astype(np.float32)
        _, rewards, *_ = env.step(mean + std * noise)
        differences = rewards - replay.rewards(mean)
        plain, better = (signal * noise[:, 0] / std for signal in (rewards - rewards.mean(), differences))
        error = plain.std() / math.sqrt(len(plain))
        assert abs(plain.mean() - better.mean()) < 4 * error
        assert better.var() < plain.var() / 5

    @pytest.mark.parametrize("on", [True, False])
    def test_ppo_stores_them_only_where_asked(self, on, small):
        config = small(
            f"learner.difference_rewards={str(on).lower()}", "learner.std.initial=1e-6", "learner.std.final=1e-6"
        )
        model = make_ppo(config, MarketVecEnv(config.scenario, 8), 0)
        model.begin(10_000, difference_rewards=config.difference_rewards())
        with torch.no_grad():
            model.policy.action_net.bias.fill_(-0.5)
        mean = model.iterate(1e-6)
        assert mean > 0.05  # what is logged is the true reward
        stored = np.abs(model.rollout_buffer.rewards).max()
        assert stored < 1e-5 if on else stored > 0.05


def test_scheduled_exploration_is_not_learned(small):
    config = small("learner.std={initial: 0.5, final: 0.25, schedule: linear}")
    model = make_ppo(config, MarketVecEnv(config.scenario, 8), 0)
    model.begin(10_000)
    model.iterate(0.3)
    assert isinstance(model, MarketPPO)
    assert float(torch.exp(model.policy.log_std.detach())) == pytest.approx(0.3, rel=1e-6)
    free = small("learner.std.final=null")
    model = make_ppo(free, MarketVecEnv(free.scenario, 8), 0)
    model.begin(10_000)
    model.iterate(None)
    assert float(torch.exp(model.policy.log_std.detach())) != pytest.approx(free.learner.std.initial, rel=1e-6)

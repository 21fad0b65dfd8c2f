"""Banned seats in Stable-Baselines3: counted once an episode, idle after the ban, and no samples where it is asked.

In the ban market seat 0 of 3 is banned at tick 2 of 5, everybody else is truncated at the end; each earns 1 + seat a
tick.
"""

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO, SAC, TD3
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor, VecNormalize

from econo_env.interfaces.sb3 import MarketVecEnv, make_sb3_env
from econo_env.interfaces.sb3_buffers import PlayedReplayBuffer, PlayedRolloutBuffer
from tests.interfaces.ban_market import BAN_TICK, ban_scenario
from tests.interfaces.banning_market import BanningScenario

TICKS, SEATS = 5, 3


def ban_env(num_markets=2, seed=0):
    env = make_sb3_env(ban_scenario(), num_markets)
    env.seed(seed)
    return env


def play(env, ticks):
    env.reset()
    return [env.step(np.zeros((env.num_envs, env.components), np.float32)) for _ in range(ticks)]


def test_an_episode_of_a_banned_seat_ends_once_with_its_market():
    steps = play(ban_env(), 2 * TICKS)
    for tick, (*_, dones, infos) in enumerate(steps):
        assert dones.all() == dones.any() == ((tick + 1) % TICKS == 0)
        for number, info in enumerate(infos):
            banned = number % SEATS == 0
            assert ("terminal_observation" in info) == dones[number]
            assert info.get("TimeLimit.truncated", False) == (dones[number] and not banned), "a ban is no truncation"
            assert info.get("banned", False) == (banned and tick % TICKS == BAN_TICK - 1)
            assert info.get("played", True) == (not banned or tick % TICKS < BAN_TICK)


def test_idle_seats_see_zeros_and_earn_nothing():
    env = ban_env()
    env.reset()
    for tick in range(TICKS):
        observations, rewards, _, infos = env.step(np.zeros((env.num_envs, 1), np.float32))
        assert rewards[0] == (1.0 if tick < BAN_TICK else 0.0)
        assert env.played[0] == (tick < BAN_TICK)
        assert env.truncated.tolist() == [False, tick == TICKS - 1, tick == TICKS - 1] * 2, "a ban is no truncation"
        assert env.banned[0] == (BAN_TICK - 1 <= tick < TICKS - 1)
        assert observations[0].any() == (not env.banned[0])
        assert env.action_masks()[:, 0].tolist() == [not env.banned[0], True, True] * 2
    assert not infos[0]["terminal_observation"].any()
    assert infos[1]["terminal_observation"].any()


def test_monitors_and_evaluation_count_each_episode_once():
    """Also where every seat comes and goes: the sums of what is counted are the sums of the rewards."""
    scenario = BanningScenario(id="banning_v0", num_agents=4, max_cycles=6, end_of_episode="truncation")
    env = VecMonitor(make_sb3_env(scenario, 8))
    env.seed(0)
    env.reset()
    generator = np.random.default_rng(0)
    total, counted, bans = 0.0, [], 0
    for _ in range(3 * 6):
        actions = np.zeros((env.num_envs, 2), np.float32)
        actions[:, 0] = generator.random(env.num_envs) < 0.1
        _, rewards, _, infos = env.step(actions)
        total += rewards.sum(dtype=np.float64)
        bans += sum("banned" in info for info in infos)
        counted += [info["episode"] for info in infos if "episode" in info]
    assert bans > 10
    assert len(counted) == 8 * 4 * 3
    assert sum(float(episode["r"]) for episode in counted) == total
    assert {episode["l"] for episode in counted} == {6}

    class Still:
        def predict(self, observations, **_):
            return np.zeros((len(observations), 1), np.float32), None

    returns, lengths = evaluate_policy(Still(), VecMonitor(ban_env(4)), 24, return_episode_rewards=True)
    assert lengths == [TICKS] * 24
    assert sorted(returns) == [1.0 * BAN_TICK] * 8 + [2.0 * TICKS] * 8 + [3.0 * TICKS] * 8


@pytest.mark.parametrize("algorithm", [SAC, TD3])
def test_replay_buffers_hold_no_step_from_one_episode_to_the_next(algorithm):
    env = ban_env()
    model = algorithm("MlpPolicy", env, learning_starts=4, train_freq=1, buffer_size=1000, seed=0, device="cpu")
    model.learn(env.num_envs * 2 * TICKS)
    buffer, seats = model.replay_buffer, np.arange(env.num_envs) % SEATS
    for tick in range(2 * TICKS):
        last = tick % TICKS == TICKS - 1
        assert (buffer.dones[tick] == last).all()
        assert buffer.timeouts[tick].tolist() == [last and seat != 0 for seat in seats]
        if not last:
            np.testing.assert_array_equal(buffer.next_observations[tick], buffer.observations[tick + 1])
        idle = tick % TICKS >= BAN_TICK
        assert (buffer.rewards[tick, seats == 0] == (0.0 if idle else 1.0)).all()
        assert buffer.observations[tick, seats == 0].any() == (not idle)
        assert not (idle and buffer.next_observations[tick, seats == 0].any())


@pytest.mark.parametrize("normalised", [False, True])
def test_the_played_replay_buffer_holds_what_was_played_and_ends_it_with_the_ban(normalised):
    env = ban_env()
    model = SAC(
        "MlpPolicy",
        VecNormalize(env) if normalised else env,
        replay_buffer_class=PlayedReplayBuffer,
        learning_starts=4,
        buffer_size=1000,
        seed=0,
        device="cpu",
    )
    model.learn(env.num_envs * 2 * TICKS)
    buffer = model.replay_buffer
    assert buffer.size() == 2 * 2 * (2 * TICKS + BAN_TICK)
    kept = slice(0, buffer.size())
    rewards = buffer.rewards[kept, 0]
    assert sorted(rewards) == sorted([1.0] * 4 * BAN_TICK + [2.0] * 4 * TICKS + [3.0] * 4 * TICKS)
    assert buffer.observations[kept, 0].any(axis=1).all()
    ends = buffer.dones[kept, 0] * (1 - buffer.timeouts[kept, 0])
    assert ends[rewards == 1.0].tolist() == [0.0, 0.0, 1.0, 1.0] * 2
    assert not ends[rewards != 1.0].any()
    assert buffer.dones[kept, 0][rewards != 1.0].sum() == 2 * 2 * 2
    assert not buffer.next_observations[kept, 0][ends == 1.0].any()
    assert len(buffer.sample(64).rewards) == 64


def test_the_played_replay_buffer_goes_round():
    env = ban_env()
    buffer = PlayedReplayBuffer(10, env.observation_space, env.action_space, "cpu", env.num_envs)
    seen = env.reset()
    for number in range(7):
        actions = np.full((env.num_envs, 1), 0.01 * number, np.float32)
        after, rewards, dones, infos = env.step(actions)
        buffer.add(seen, after, actions, rewards, dones, infos)
        seen = after
    # played: 6, 6, 4, 4, 4, 6, 6 a tick
    assert buffer.full
    assert buffer.pos == 36 % 10
    counts = dict(zip(*np.unique(buffer.actions[:, 0, 0], return_counts=True), strict=True))
    assert counts == {np.float32(0.05): 4, np.float32(0.06): 6}
    with pytest.raises(ValueError, match="optimize_memory_usage"):
        PlayedReplayBuffer(10, env.observation_space, env.action_space, n_envs=6, optimize_memory_usage=True)


@pytest.mark.parametrize("wrap", [lambda env: env, VecMonitor])
def test_the_played_rollout_buffer_leaves_out_idle_steps_and_ends_returns_with_the_ban(wrap):
    env = ban_env()
    model = PPO(
        "MlpPolicy",
        wrap(env),
        n_steps=4,
        batch_size=5,
        gamma=0.9,
        gae_lambda=1.0,
        rollout_buffer_class=PlayedRolloutBuffer,
        rollout_buffer_kwargs={"market_env": env},
        seed=0,
        device="cpu",
    )
    model.learn(4 * env.num_envs)
    buffer = model.rollout_buffer
    assert buffer.played.sum() == 4 * 6 - 2 * 2
    batches = list(buffer.get(5))
    assert [len(batch.returns) for batch in batches] == [5] * 4
    assert all(batch.observations.any(dim=1).all() for batch in batches)
    returns = buffer.swap_and_flatten(buffer.returns) if buffer.returns.shape[0] == 4 else buffer.returns
    np.testing.assert_allclose(returns.reshape(6, 4)[0, :2], [1.0 + 0.9, 1.0], atol=1e-6)


def test_a_ban_with_the_last_step_of_a_rollout_has_nothing_to_come():
    env = ban_env()
    buffer = PlayedRolloutBuffer(
        BAN_TICK, env.observation_space, env.action_space, "cpu", 1.0, 0.9, env.num_envs, market_env=env
    )
    seen, starts = env.reset(), np.ones(env.num_envs, bool)
    fives = torch.full((env.num_envs,), 5.0)
    for _ in range(BAN_TICK):
        actions = np.zeros((env.num_envs, 1), np.float32)
        after, rewards, dones, _ = env.step(actions)
        buffer.add(seen, actions, rewards, starts, fives, fives)
        seen, starts = after, dones
    buffer.compute_returns_and_advantage(fives, dones)
    np.testing.assert_allclose(buffer.returns[-1], [1.0, 2.0 + 0.9 * 5, 3.0 + 0.9 * 5] * 2)


def test_a_state_remembers_who_is_banned():
    env = ban_env()
    play(env, BAN_TICK + 1)
    state = env.get_state()
    expected, masks = [], []
    for _ in range(TICKS + 2):
        masks.append(env.action_masks())
        expected.append((*env.step(np.zeros((6, 1), np.float32)), env.played, env.truncated, env.banned))
    other = ban_env(seed=99)
    play(other, 1)
    other.set_state(state)
    assert not expected[0][1][0]
    for mask, step in zip(masks, expected, strict=True):
        np.testing.assert_array_equal(other.action_masks(), mask)
        got = (*other.step(np.zeros((6, 1), np.float32)), other.played, other.truncated, other.banned)
        for mine, theirs in zip(got[:3] + got[4:], step[:3] + step[4:], strict=True):
            np.testing.assert_array_equal(mine, theirs)
        assert [set(info) for info in got[3]] == [set(info) for info in step[3]]


def test_some_seats_alone_are_banned_alike():
    whole = ban_env()
    some = MarketVecEnv(ban_scenario(), 2, seats=[2, 0], opponents=_Zero())
    some.seed(0)
    order = [2, 0, 5, 3]
    for mine, theirs in zip(play(some, 2 * TICKS), play(whole, 2 * TICKS), strict=True):
        for got, expected in zip(mine[:3], theirs[:3], strict=True):
            np.testing.assert_array_equal(got, expected[order])
        assert [set(info) for info in mine[3]] == [set(theirs[3][number]) for number in order]


@pytest.mark.parametrize("buffer", [None, PlayedReplayBuffer])
def test_values_of_td3_are_those_of_the_market(buffer):
    """Seat 0 earns 1 and is banned at tick 2: with a discount of 1/2 its first action is worth 1.5, its last 1.0."""
    env = make_sb3_env(ban_scenario(), 8, seats=[0], opponents=_Zero())
    env.seed(0)
    model = TD3(
        "MlpPolicy",
        env,
        gamma=0.5,
        learning_rate=1e-2,
        learning_starts=100,
        train_freq=1,
        batch_size=64,
        tau=0.05,
        policy_kwargs={"net_arch": [16]},
        replay_buffer_class=buffer,
        seed=0,
        device="cpu",
    )
    model.learn(8 * 200)
    seen = env.reset()
    values = []
    for _ in range(BAN_TICK):
        with torch.no_grad():
            actions = torch.zeros((8, 1))
            values.append(torch.min(*model.critic(torch.as_tensor(seen), actions)).mean().item())
        seen = env.step(np.zeros((8, 1), np.float32))[0]
    assert values == pytest.approx([1.5, 1.0], abs=0.1)


class _Zero:
    def reset(self, seed):
        pass

    def act(self, observations, mask):
        return np.zeros((*observations.shape[:2], 1), np.float32)

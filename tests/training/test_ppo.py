import ast
import inspect
import math
from typing import ClassVar

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO

import econo_env
from econo_env.engine.engine import Engine
from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.training import ppo
from econo_env.training.difference import Deviations
from econo_env.training.ppo import MarketPPO, _Mean, make_ppo
from tests.interfaces.ban_market import ban_scenario


def rollout_of(model):
    """One rollout of a learner that has begun, as its buffer."""
    model.collect()
    return model.buffer


def test_rollouts_are_sb3s(small):
    """Our loop fills the buffer with what SB3's own fills in, bootstraps of truncated seats among them, once."""
    config = small("scenario.max_cycles=3", "scenario.end_of_episode=truncation", "learner.gamma=0.9")
    ours = make_ppo(config, MarketVecEnv(config.scenario, 8), 0)
    theirs = make_ppo(config, MarketVecEnv(config.scenario, 8), 0)
    theirs.train = lambda: None
    theirs.set_random_seed(0)
    theirs.learn(4 * theirs.n_envs)
    ours.set_random_seed(0)
    ours.begin(10_000)
    mine, kept = rollout_of(ours), theirs.rollout_buffer
    for name in ("observations", "actions", "rewards", "values", "log_probs", "advantages", "returns"):
        np.testing.assert_allclose(getattr(mine, name), getattr(kept, name), rtol=1e-5, atol=1e-6, err_msg=name)
    np.testing.assert_array_equal(mine.episode_starts, kept.episode_starts)


def test_idle_seats_are_no_samples(small):
    config = small("learner.gamma=0.9").model_copy(update={"scenario": ban_scenario()})
    model = make_ppo(config, MarketVecEnv(ban_scenario(), 8), 0)
    model.begin(10_000)
    buffer = rollout_of(model)
    assert buffer.played.sum() == 4 * 24 - 2 * 8  # seat 0 of each of 8 markets is dead in the last 2 of 4 ticks
    batches = list(buffer.get(32))
    assert sum(len(batch.returns) for batch in batches) == buffer.played.sum()
    assert all(batch.observations.any(dim=1).all() for batch in batches)  # the dead see only zeros
    model.train()


def test_a_ban_ends_the_return_of_the_seat(small):
    config = small("learner.gamma=0.9", "learner.gae_lambda=1.0", "learner.batch_size=2").model_copy(
        update={"scenario": ban_scenario()}
    )
    model = make_ppo(config, MarketVecEnv(ban_scenario(), 2), 0)
    model.begin(10_000)
    buffer = rollout_of(model)
    np.testing.assert_allclose(buffer.returns[:2, 0], [1.0 + 0.9, 1.0], atol=1e-6)  # banned with the second tick
    assert not buffer.played[2:, 0].any()


def test_a_resumed_learner_remembers_who_is_banned(small):
    config = small("learner.gamma=0.9", "learner.n_steps=3", "learner.batch_size=24").model_copy(
        update={"scenario": ban_scenario()}
    )
    model = make_ppo(config, MarketVecEnv(ban_scenario(), 8), 0)
    model.begin(10_000)
    model.iterate(None)  # it stops after tick 3, and seat 0 is out from tick 2 on
    state = model.learner_state()
    assert model.markets.banned.sum() == 8
    other = make_ppo(config, MarketVecEnv(ban_scenario(), 8), 1)
    other.begin(10_000)
    other.restore_learner(state)
    for learner in (model, other):
        torch.manual_seed(3)
        rollout_of(learner)
    assert (~model.buffer.played).sum() == 2 * 8
    for name in ("played", "observations", "rewards", "advantages", "returns", "episode_starts"):
        np.testing.assert_array_equal(getattr(model.buffer, name), getattr(other.buffer, name), err_msg=name)


def test_no_private_name_of_sb3_is_used():
    """Names with an underscore in the learner are its own: none is SB3's, which may change them at any time."""
    own = {name for kind in (MarketPPO, _Mean) for name in vars(kind)} | set(vars(ppo)) | {"_total", "_count"}
    names = {node.attr for node in ast.walk(ast.parse(inspect.getsource(ppo))) if isinstance(node, ast.Attribute)}
    used = {name for name in names if name.startswith("_") and not name.startswith("__")}
    assert used <= own
    assert used, "nothing was looked at"
    bases = {name for base in PPO.__mro__ for name in vars(base) if name.startswith("_") and not name.startswith("__")}
    assert not bases & {name for name in vars(MarketPPO) if not name.startswith("__")} - {"_abc_impl"}


class Constant:
    """Plays the same in every market, one action a seat."""

    def __init__(self, per_seat):
        self.per_seat = per_seat

    def reset(self, seed):
        pass

    def act(self, observations, mask):
        return np.broadcast_to(self.per_seat, (*mask.shape, 1))


def rollout(env, means, draws, gamma):
    """Differences of one rollout, (ticks, markets, seats), from constant mean actions and given draws a tick."""
    env.seed(1)
    env.reset()
    deviations = Deviations(env, gamma)
    deviations.start()
    for drawn in draws:
        deviations.step(means.reshape(-1, 1), drawn.reshape(-1, 1))
    per_seat = means.reshape(-1, len(env.seats), 1)[0]
    differences = deviations.finish(Constant(per_seat))
    return differences.reshape(len(draws), env.num_markets, len(env.seats))


def returns(scenario, markets, plays, means, gamma):
    """What each seat earns in episode 0 from the last tick of `plays` on; after those everybody plays `means`."""
    engine = Engine(scenario, markets)
    engine.reset(1)
    earned, discount, live = np.zeros(engine.buffers.rewards.shape), 1.0, np.ones(markets, bool)
    for tick in range(scenario.max_cycles):
        engine.step(plays[tick] if tick < len(plays) else means)
        if tick >= len(plays) - 1:
            earned += np.where(live[:, None], discount * engine.buffers.rewards, 0.0)
            discount *= gamma
        live &= ~engine.buffers.ended
    return earned


class TestDeviations:
    MARKETS = 24
    GAMES: ClassVar = {
        "first_price_v0": {},
        "sequential_first_price_v0": {},
        "dutch_v0": {"mechanism.start": 0.4, "mechanism.increment": 0.05},  # clocks that start where it matters
        "english_v0": {"mechanism.reserve": 0.3, "mechanism.increment": 0.05},
    }

    @pytest.fixture(params=GAMES)
    def env(self, request):
        return MarketVecEnv(econo_env.load(request.param, **self.GAMES[request.param]), self.MARKETS)

    def actions(self, env, seed):
        rng = np.random.default_rng(seed)
        return rng.uniform(-0.9, 0.0, (env.num_markets, len(env.seats), 1)).astype(np.float32)

    def means(self, env):
        shares = -np.linspace(0.3, 0.5, len(env.seats), dtype=np.float32)
        return np.broadcast_to(shares[:, None], (env.num_markets, len(env.seats), 1)).copy()

    def test_the_mean_action_differs_by_nothing_from_itself(self, env):
        means = self.means(env)
        assert not rollout(env, means, [means] * 3, gamma=0.9).any()

    @pytest.mark.parametrize("gamma", [0.0, 0.9])
    def test_one_seat_changes_alone_and_everybody_plays_on(self, env, gamma):
        """Beside the same two episodes played from their start, seat by seat; the deviation is in the first tick."""
        means, draws = self.means(env), self.actions(env, 0)
        got = rollout(env, means, [draws], gamma)[0]
        for seat in range(len(env.seats)):
            first = means.copy()
            first[:, seat] = draws[:, seat]
            own = (returns(env.scenario, self.MARKETS, [play], means, gamma)[:, seat] for play in (first, means))
            np.testing.assert_allclose(got[:, seat], next(own) - next(own), atol=1e-9)
        assert got.any()

    def test_a_later_deviation_is_judged_from_its_own_tick(self):
        scenario = econo_env.load("sequential_second_price_v0")
        env = MarketVecEnv(scenario, self.MARKETS)
        means, draws = self.means(env), self.actions(env, 1)
        got = rollout(env, means, [means, draws], 0.9)[1]
        for seat in range(3):
            second = means.copy()
            second[:, seat] = draws[:, seat]
            own = (returns(scenario, self.MARKETS, [means, play], means, 0.9)[:, seat] for play in (second, means))
            np.testing.assert_allclose(got[:, seat], next(own) - next(own), atol=1e-9)
        assert got.any()

    def test_the_gradient_stays_and_most_of_its_variance_goes(self):
        scenario = econo_env.load("first_price_v0", num_agents=3)
        env = MarketVecEnv(scenario, 20_000)
        std, means = 0.02, np.full((20_000, 3, 1), -0.4, np.float32)
        noise = np.random.default_rng(2).standard_normal(means.shape).astype(np.float32)
        differences = rollout(env, means, [means + std * noise], 0.0)[0].ravel()
        engine = Engine(scenario, 20_000)
        engine.reset(1)
        engine.step(means + std * noise)
        rewards, noise = engine.buffers.rewards.ravel(), noise.ravel()
        plain, better = (signal * noise / std for signal in (rewards - rewards.mean(), differences))
        error = plain.std() / math.sqrt(len(plain))
        assert abs(plain.mean() - better.mean()) < 4 * error
        assert better.var() < plain.var() / 5

    @pytest.mark.parametrize("name", ["dutch_v0", "first_price_v0"])
    def test_ppo_learns_from_the_draws_that_make_a_difference(self, name, small):
        config = small("learner.difference_rewards=true", "learner.gamma=1", scenario=name)
        model = make_ppo(config, MarketVecEnv(config.scenario, 8), 0)
        model.begin(10_000, difference_rewards=config.difference_rewards())
        with torch.no_grad():
            model.policy.action_net.bias.fill_(-0.4)
        before = model.num_timesteps
        for _ in range(12):
            model.iterate(0.3)
        buffer = model.rollout_buffer
        assert model.num_timesteps == before + 12 * 4 * 16
        np.testing.assert_array_equal(buffer.swap_and_flatten(buffer.played)[:, 0], buffer.advantages[:, 0] != 0.0)
        assert 0 < buffer.played.sum() < buffer.played.size
        assert sum(len(batch.returns) for batch in buffer.get(4)) == buffer.played.sum()

    def test_a_deviation_in_one_component_leaves_the_others_at_their_mean(self, small):
        """By lot, each about as often; without the setting a draw differs in every component."""
        for alone in (True, False):
            scenario = {"id": "discriminatory_v0", "mechanism.units": 3, "demand": 3}
            config = small("learner.difference_rewards=true", f"learner.one_component={alone}", scenario=scenario)
            model = make_ppo(config, MarketVecEnv(config.scenario, 256), 0)
            model.begin(10_000, difference_rewards=True)
            deviations = model.deviations
            assert deviations is not None
            model.policy.log_std.data.fill_(math.log(0.2))
            model.collect_deviations(deviations)
            buffer = model.buffer
            seen = buffer.observations.reshape(-1, buffer.observations.shape[-1])
            means = model.policy.get_distribution(torch.from_numpy(seen)).mode().detach().numpy()
            moved = np.abs(buffer.actions.reshape(means.shape) - means) > 1e-6
            counted = moved.sum(axis=1)
            assert (counted == (1 if alone else moved.shape[1])).all()
            assert moved.shape[1] == 3
            if alone:
                np.testing.assert_allclose(moved.mean(axis=0), 1.0 / moved.shape[1], atol=0.05)

    def test_nothing_to_learn_from_is_no_error(self, small):
        config = small("learner.difference_rewards=true")
        model = make_ppo(config, MarketVecEnv(config.scenario, 8), 0)
        model.begin(10_000, difference_rewards=True)
        with torch.no_grad():
            model.policy.action_net.weight.zero_()
            model.policy.action_net.bias.fill_(-5.0)  # far outside: every draw is the action -1
        assert model.iterate(0.1) > 0.0  # bids of nothing tie: what is logged is the mean policy's own reward
        assert not model.rollout_buffer.played.any()


@pytest.mark.parametrize("name", [name for name in econo_env.scenarios() if econo_env.load(name).max_cycles > 1])
def test_reported_bids_say_nothing_of_what_comes(name):
    """`Deviations` takes two markets that differ in `bids` alone for the same."""
    engine = Engine(econo_env.load(name), 16)
    if "bids" not in engine.state._fields:
        pytest.skip("the market keeps no such array")
    after = []
    for garbage in (False, True):
        engine.reset(3)
        for tick in range(2):
            if garbage and tick == 1:
                engine.state.bids[...] = 123_456
            engine.step(np.full(engine.buffers.actions.shape, -0.2, np.float32))
        after.append(engine.snapshot())
    for one, other in zip((*after[0].state, *after[0].buffers), (*after[1].state, *after[1].buffers), strict=True):
        np.testing.assert_array_equal(one, other)


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

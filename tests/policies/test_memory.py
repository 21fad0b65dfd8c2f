"""Policies with memory: every runner keeps it right, so that a market in a batch is the market alone."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.interfaces.gymnasium import SingleAgentEnv, SingleAgentVectorEnv
from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.player import Player, Players
from econo_env.policies import make_policy
from econo_env.policies.population import Population
from econo_env.policy import Policy, Remembering
from econo_env.training import difference
from econo_env.training.commands import render
from econo_env.training.difference import Deviations
from econo_env.training.evaluation import Budget, evaluate
from econo_env.training.evaluation.action_search import _Sample
from econo_env.training.evaluation.deviations import Change
from econo_env.training.evaluation.episode_search import Episodes
from econo_env.training.evaluation.play import play
from econo_env.training.evaluation.search import regrets
from econo_env.training.probe import look
from tests.policies.win_stay import LEVELS, Strict, WinStay, by_hand

MARKETS, SEED = 4, 5
REPEATED = econo_env.load("first_price_v0", num_agents=3, max_cycles=6)
CLOCK = econo_env.load(
    "dutch_v0", num_agents=3, max_cycles=11, mechanism={"name": "dutch", "increment": 0.1}
)  # sales end at different ticks
BOTH = pytest.mark.parametrize("scenario", [REPEATED, CLOCK], ids=["repeated", "clock"])


def moves(ticks, seed=0):
    """What the learner does, (ticks, markets, 1)."""
    return np.random.default_rng(seed).uniform(-0.7, 0.0, (ticks, MARKETS, 1)).astype(np.float32)


def alone(scenario, market, learner, broken_off=()):
    """One market played by hand, the learner in seat 0: per tick its reward, whether the episode ended, what it sees.

    Args:
        scenario: The market.
        market: Its number.
        learner: What the learner does, (ticks, markets, 1).
        broken_off: Ticks after which the episode that is then begun is left for the next one.
    """
    engine, policy, record = Engine(scenario, 1), WinStay(), []
    engine.reset(SEED, first_market=market)
    buffers = engine.buffers
    for tick, action in enumerate(learner[:, market]):
        actions = policy.act(buffers.observations, buffers.action_mask)
        actions[0, 0] = action
        engine.step(actions)
        policy.observe(buffers.rewards, buffers.ended)
        reward, over = buffers.rewards[0, 0], bool(buffers.ended[0])
        if over:
            engine.reset_markets([True])
        if tick in broken_off:
            policy.observe(np.zeros((1, 3)), np.ones(1, bool))
            engine.reset_markets([True])
        record.append((reward, over, buffers.observations[0, 0].copy()))
    return record


class TestSingleAgentEnvironments:
    @BOTH
    @pytest.mark.parametrize("mode", ["SameStep", "Disabled"])
    def test_a_batch_is_its_markets_alone(self, scenario, mode):
        learner = moves(25)
        envs = SingleAgentVectorEnv(scenario, MARKETS, opponents=WinStay(), autoreset_mode=mode)
        envs.reset(seed=SEED)
        broken_off = {(2, 1), (9, 3)} if mode == "Disabled" else set()
        expected = [alone(scenario, k, learner, {tick for tick, at in broken_off if at == k}) for k in range(MARKETS)]
        ends = 0
        for tick, actions in enumerate(learner):
            seen, rewards, terminated, truncated, _ = envs.step(actions)
            over = terminated | truncated
            ends += int(over.sum())
            fresh = over | [(tick, k) in broken_off for k in range(MARKETS)]
            if mode == "Disabled" and fresh.any():
                seen, _ = envs.reset(options={"reset_mask": fresh})
            for k in range(MARKETS):
                reward, ended, shown = expected[k][tick]
                assert (rewards[k], over[k]) == (reward, ended), (tick, k)
                np.testing.assert_array_equal(seen[k], shown)
        assert ends > MARKETS

    @BOTH
    def test_the_step_that_starts_an_episode_leaves_other_markets_alone(self, scenario):
        """In `NextStep` a market that starts anew has no tick, while the others have one."""
        learner = moves(30)
        envs = SingleAgentVectorEnv(scenario, MARKETS, opponents=WinStay(), autoreset_mode="NextStep")
        envs.reset(seed=SEED)
        starting = np.zeros(MARKETS, dtype=bool)
        played, rewards = np.zeros((len(learner), MARKETS), dtype=bool), np.zeros((len(learner), MARKETS))
        for tick, actions in enumerate(learner):
            played[tick] = ~starting
            _, rewards[tick], terminated, truncated, _ = envs.step(actions)
            starting = terminated | truncated
        assert not rewards[~played].any()
        assert (~played).sum() > MARKETS
        for k in range(MARKETS):
            of_it = played[:, k]
            expected = [reward for reward, _, _ in alone(scenario, k, learner[of_it])]
            np.testing.assert_array_equal(rewards[of_it, k], expected)

    def test_what_a_policy_is_told_is_its_own(self):
        class Vandal(WinStay):
            def observe(self, rewards, ended):
                super().observe(rewards, ended)
                rewards[...], ended[...] = 9.0, True

        rewards = []
        for opponents in (WinStay(), Vandal()):
            env = SingleAgentEnv(REPEATED, opponents=opponents)
            env.reset(seed=SEED)
            rewards.append([env.step([-0.2])[1:3] for _ in range(REPEATED.max_cycles)])
        assert rewards[0] == rewards[1]

    def test_a_new_seed_forgets(self):
        env = SingleAgentEnv(REPEATED, opponents=WinStay())
        first = []
        for _ in range(2):
            env.reset(seed=SEED)
            first.append([env.step([-0.5])[1] for _ in range(3)])
        assert first[0] == first[1]


def sb3_run(env, learner, ticks):
    rewards = []
    for actions in learner[:ticks]:
        env.step_async(actions[: env.num_markets])
        _, earned, _ = env.advance()
        rewards.append(earned)
    return np.stack(rewards)


def sb3_env(scenario, markets, first=0, opponents=None):
    env = MarketVecEnv(scenario, markets, seats=[0], opponents=opponents or WinStay())
    env.seed(SEED)
    env.set_options({"first_market": first})
    env.reset()
    env.set_options()
    return env


class TestStableBaselines:
    @BOTH
    def test_a_batch_is_its_markets_alone(self, scenario):
        learner = moves(25)
        batch = sb3_env(scenario, MARKETS)
        together = [sb3_run(batch, learner, 10)]
        batch.reset()  # in the middle of episodes
        together.append(sb3_run(batch, learner, 12))
        together = np.concatenate(together)
        for k in range(MARKETS):
            expected = alone(scenario, k, np.concatenate([learner[:10], learner[:12]]), {9})
            np.testing.assert_array_equal(together[:, k], np.float32([reward for reward, _, _ in expected]))

    def test_each_seat_remembers_for_itself(self):
        one, each = WinStay(), {1: WinStay(), 2: WinStay()}
        learner = moves(15)
        runs = [sb3_run(sb3_env(REPEATED, MARKETS, opponents=who), learner, 15) for who in (one, each)]
        np.testing.assert_array_equal(*runs)

    def test_a_kept_state_holds_what_opponents_remember(self):
        learner = moves(20)
        env = sb3_env(REPEATED, MARKETS)
        sb3_run(env, learner, 2)
        kept = env.get_state()
        expected = sb3_run(env, learner, 10)
        other = sb3_env(REPEATED, MARKETS)
        other.set_state(kept)
        np.testing.assert_array_equal(sb3_run(other, learner, 10), expected)
        other.set_state({name: arrays for name, arrays in kept.items() if "memory" not in name})
        assert not np.array_equal(sb3_run(other, learner, 10), expected), "the memory made no difference"


class TestEvaluation:
    @BOTH
    def test_played_markets_are_the_markets_alone(self, scenario):
        record = play(scenario, Strict(), SEED, MARKETS)
        for k in range(MARKETS):
            engine = Engine(scenario, 1)
            engine.reset(SEED, first_market=k)
            earned = by_hand(engine, WinStay(), np.ones(1, bool), np.zeros((1, 3)))
            np.testing.assert_allclose(record.earned[k], earned[0], rtol=0, atol=1e-12)

    def test_every_judge_tells_of_every_tick(self):
        """`Strict` fails in a runner that forgets to tell, or tells twice."""
        budget = Budget(types=2, bids=16, actions=9, selection=256, evaluation=256, luck=16, finals=2, episodes=16)
        chosen = {"seeds": [0], "markets": 8, "budget": budget, "baselines": ()}
        for scenario in (REPEATED, CLOCK):
            assert np.isfinite(evaluate(Strict(), scenario, **chosen).metrics["utility_loss"].mean)
        regrets(REPEATED, Strict(), (0,), budget=budget, method="action_grid")

    def test_moves_are_replayed_from_the_memory_they_were_made_with(self):
        scenario = econo_env.load("sequential_second_price_v0")
        types = np.array([[0.3], [0.9]])
        sample = _Sample(scenario, WinStay(), 0, types, SEED, 16)
        same = np.ascontiguousarray(sample.actions[:2, 0].astype(np.float64))
        assert not sample.gains(same).any(), "the own move is no deviation"
        deviation = np.array([[0.4], [-1.0]])
        gains = sample.gains(deviation)
        assert gains.any()
        np.testing.assert_array_equal(sample.gains(deviation), gains)

        def played(deviates):
            engine, policy = sample.engine, WinStay()
            engine.restore(sample.start)
            actions = policy.act(engine.buffers.observations, engine.buffers.action_mask).copy()
            if deviates:
                actions[:, 0] = np.tile(deviation, (sample.shape[0], 1))
            engine.step(actions)
            policy.observe(engine.buffers.rewards, engine.buffers.ended)
            earned = engine.buffers.rewards.copy()
            return by_hand(engine, policy, ~engine.buffers.ended, earned)[:, 0]

        np.testing.assert_allclose(gains.reshape(-1), played(True) - played(False), rtol=0, atol=1e-12)

    def test_whole_episodes_are_replayed_from_their_start(self):
        episodes = Episodes(REPEATED, Strict(), 1, SEED, 16)
        assert not episodes.gains(()).any()
        episodes.standings()
        gains = episodes.gains((Change(0, 0.2, shift=True),))

        def played(shift):
            engine, policy, earned = Engine(REPEATED, 16), WinStay(), 0.0
            engine.reset(SEED)
            for _ in range(REPEATED.max_cycles):
                actions = policy.act(engine.buffers.observations, engine.buffers.action_mask).copy()
                actions[:, 1] += np.float32(shift)
                engine.step(actions)
                policy.observe(engine.buffers.rewards, engine.buffers.ended)
                earned = earned + engine.buffers.rewards[:, 1]
            return earned

        np.testing.assert_allclose(gains, played(0.2) - played(0.0), rtol=0, atol=1e-12)
        assert gains.any()


class Still:
    """Plays one action."""

    def reset(self, seed):
        pass

    def act(self, observations, mask):
        return np.full((*mask.shape, 1), -0.4, np.float32)


@pytest.mark.parametrize("seen", ["arrays", "memory alone"])
def test_difference_rewards_follow_what_opponents_remember(seen, monkeypatch):
    """Values are drawn anew at every tick, so that all that is left of a move is what others remember of it."""
    if seen == "memory alone":
        engine = Engine(REPEATED, 1)
        monkeypatch.setattr(difference, "_WRITTEN_FIRST", {*engine.state._fields, *engine.buffers._fields})
    ticks, gamma = REPEATED.max_cycles, 0.9
    means, draws = np.full((MARKETS, 1), -0.4, np.float32), moves(ticks, seed=2)
    env = sb3_env(REPEATED, MARKETS)
    deviations = Deviations(env, gamma)
    deviations.start()
    for drawn in draws:
        deviations.step(means, drawn)
    found = deviations.finish(Still())

    def earned(at):
        """Discounted rewards from tick `at` on, had the seat drawn there."""
        other, total = sb3_env(REPEATED, MARKETS), np.zeros(MARKETS)
        for tick in range(ticks):
            rewards = sb3_run(other, (draws[tick] if tick == at else means)[None], 1)[0]
            total += rewards * gamma ** (tick - max(at, 0)) if tick >= at else 0.0
        return total

    plain = np.stack(
        [sb3_run(other, means[None], 1)[0] for other in [sb3_env(REPEATED, MARKETS)] for _ in range(ticks)]
    )
    later = 0
    for tick in range(ticks):
        weights = gamma ** np.arange(ticks - tick)
        instead = (weights[:, None] * plain[tick:]).sum(axis=0)
        np.testing.assert_allclose(found[tick], earned(tick) - instead, rtol=0, atol=1e-6)
        later += int((found[tick] != 0.0).sum())
    assert later > MARKETS


class TestPlayer:
    def test_a_policy_is_one_with_memory_or_not(self):
        assert isinstance(WinStay(), Remembering)
        assert isinstance(Still(), Policy)
        assert not isinstance(Still(), Remembering)
        player = Player(Still())
        player.observe(np.zeros((2, 3)), np.zeros(2, bool))
        player.break_off(np.ones(2, bool), 3)
        assert player.snapshot() == {}

    def test_a_memory_that_cannot_be_replayed_is_refused(self):
        class Told(Still):
            def observe(self, rewards, ended):
                pass

        message = r"Told has observe\(rewards, ended\) but not snapshot\(\) and restore\(memory\): a policy with memory"
        with pytest.raises(ValueError, match=message):
            play(REPEATED, Told(), 0, 2)

    def test_snapshots_are_of_all_who_play(self):
        both = Players(WinStay(), Still(), WinStay())
        assert both.snapshot() == {}
        policies = [player.policy for player in both._players]
        for policy in policies:
            policy.act(np.zeros((2, 3, 1)), np.ones((2, 3), bool))
        policies[2].observe(np.zeros((2, 3)), np.array([False, True]))
        kept = both.snapshot()
        np.testing.assert_array_equal(kept["2/at"], np.ones((2, 3)))
        np.testing.assert_array_equal(kept["2/begun"], [0, 1])
        both.observe(np.zeros((2, 3)), np.zeros(2, bool))
        assert policies[0].snapshot()["at"].all()
        both.restore(kept)
        assert not policies[0].snapshot()["at"].any()


def test_a_population_remembers_seat_by_seat():
    """Everybody is told of all seats, so that nobody takes another's memory for its own."""
    others = [(Renamed(WinStay(), "first"), 1.0)]
    mixed = play(REPEATED, Population(REPEATED, Renamed(WinStay(), "second"), others), SEED, MARKETS)
    np.testing.assert_array_equal(mixed.earned, play(REPEATED, WinStay(), SEED, MARKETS).earned)


class Renamed(Players):
    """A policy by another name."""

    def __init__(self, policy, name):
        super().__init__(policy)
        self.policy, self.name = policy, name

    def reset(self, seed):
        self.policy.reset(seed)

    def act(self, observations, mask):
        return self.policy.act(observations, mask)


@pytest.mark.parametrize("scenario", [REPEATED, CLOCK], ids=["repeated", "clock"])
def test_a_look_tells_of_every_tick(scenario):
    policy = Strict()
    seen = look(scenario, policy, SEED, MARKETS)
    assert policy.ticks >= (scenario.max_cycles if scenario is REPEATED else 2)
    assert seen.utility == pytest.approx(play(scenario, WinStay(), SEED, MARKETS).earned.mean(), abs=1e-12)


@pytest.mark.parametrize("longest", [4096, 4], ids=["whole episodes", "cut short"])
def test_pictures_tell_of_every_tick(longest, monkeypatch):
    policy = Strict() if longest > REPEATED.max_cycles else WinStay()
    monkeypatch.setattr("econo_env.policies.make_policy", lambda name, scenario: policy)
    monkeypatch.setattr(render, "LONGEST", longest)
    frames, earned = render._play(REPEATED, "win_stay", 11, SEED, "ansi")
    assert len(frames) == 11

    engine, by_itself, expected = Engine(REPEATED, 1), WinStay(), np.zeros(3)
    engine.reset(SEED)
    buffers = engine.buffers
    for _ in range(3 if longest == 4 else 2):  # episodes that it takes to show so many rounds
        for _ in range(min(longest, REPEATED.max_cycles)):
            engine.step(by_itself.act(buffers.observations, buffers.action_mask))
            by_itself.observe(buffers.rewards, buffers.ended)
            expected += buffers.rewards[0]
        if not buffers.ended[0]:
            by_itself.observe(np.zeros((1, 3)), np.ones(1, bool))
        engine.reset_markets([True])
    np.testing.assert_allclose(list(earned.values()), expected, rtol=0, atol=1e-12)


OWN = """
from tests.policies.win_stay import WinStay


class Mine(WinStay):
    pass


class Fails(WinStay):
    def observe(self, rewards, ended):
        raise KeyError("nobody")
"""


def test_a_class_in_a_file_remembers(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN)
    mine = make_policy(f"{path}:Mine", REPEATED)
    np.testing.assert_array_equal(
        play(REPEATED, mine, SEED, MARKETS).earned, play(REPEATED, WinStay(), SEED, MARKETS).earned
    )
    assert mine.snapshot()["at"].max() < len(LEVELS)
    with pytest.raises(ValueError, match=r"own.py', line 11: observe failed with KeyError: 'nobody'"):
        play(REPEATED, make_policy(f"{path}:Fails", REPEATED), SEED, MARKETS)

"""Levels: the one below plays where one fails, within ticks; a steady one is left alone."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.policies.guard import POOR, Guard, Limits
from econo_env.policies.levels import LEVELS, AgentSpec, create_economic_agent
from econo_env.policy import Policy, Remembering, masked
from tests.playing import play

GAME = econo_env.load("first_price_v0", num_agents=2, max_cycles=10_000)


class Fixed:
    """Does one thing, until it does another."""

    name = "fixed"

    def __init__(self, action, faults=()):
        self.action, self.faults, self.calls, self.asked = action, dict(faults), 0, []

    def reset(self, seed):
        self.calls = 0

    def act(self, observations, mask):
        actions = np.full((*mask.shape, 1), self.action, dtype=np.float32)
        for (market, agent), wrong in self.faults.get(self.calls, {}).items():
            actions[market, agent] = wrong
        self.asked.append(mask.copy())
        self.calls += 1
        return masked(actions, mask)


def tick(guard, rewards):
    actions = guard.act(np.zeros((*rewards.shape, 2), dtype=np.float32), np.ones(rewards.shape, dtype=bool))
    guard.observe(rewards, np.zeros(len(rewards), dtype=bool))
    return actions[..., 0]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1.5, -1.0001])
def test_an_action_that_is_none_is_replaced_in_the_same_tick_and_for_a_while(wrong):
    above, below = Fixed(0.5, {3: {(1, 0): wrong}}), Fixed(-0.25)
    guard = Guard(above, below, Limits(hold=5))
    seen = np.array([tick(guard, np.ones((2, 2))) for _ in range(12)])
    assert (seen[:, [0, 0, 1], [0, 1, 1]] == 0.5).all(), "nobody else is touched"
    np.testing.assert_array_equal(seen[:, 1, 0] == -0.25, [3 <= t < 8 for t in range(12)])
    assert guard.trips[1, 0] == 1
    assert guard.trips.sum() == 1
    for t in range(12):
        assert above.asked[t][1, 0] == (t <= 3 or t >= 8), "who does not play is not asked"
        assert below.asked[t][1, 0] == (3 <= t < 8)


def test_a_call_that_takes_too_long_is_a_fault_of_all():
    times = iter([0.0, 0.001, 1.0, 1.5, 2.0, 2.001])
    guard = Guard(Fixed(0.5), Fixed(-0.25), Limits(seconds=0.1, hold=1), clock=lambda: next(times))
    seen = [tick(guard, np.ones((1, 2))) for _ in range(3)]
    np.testing.assert_array_equal(np.array(seen)[:, 0, 0], [0.5, -0.25, 0.5])


@pytest.mark.parametrize("seed", range(3))
def test_earning_much_less_than_before_gives_way_within_ten_ticks(seed):
    """A drop by three standard deviations."""
    generator, guard = np.random.default_rng(seed), Guard(Fixed(0.5), Fixed(-0.25))
    for _ in range(600):
        assert (tick(guard, generator.normal(1.0, 0.2, (8, 3))) == 0.5).all() or guard.trips.any()
    before = guard.trips.copy()
    for _ in range(10):
        tick(guard, generator.normal(0.4, 0.2, (8, 3)))
    assert (guard.trips > before).all()
    assert set(np.unique(guard.reasons())) <= {0, POOR}


def test_a_steady_income_trips_at_most_once_in_ten_thousand_ticks():
    """Of skewed income as auctions give it, mostly nothing; the upper bound of the rate, not its mean."""
    from scipy.stats import chi2

    generator, guard = np.random.default_rng(0), Guard(Fixed(0.5), Fixed(-0.25))
    ticks = 0
    for _ in range(2000):
        wins = generator.random((60, 50)) < 0.5
        tick(guard, np.where(wins, generator.exponential(0.1, wins.shape), 0.0))
        ticks += wins.size
    trips = int(guard.trips.sum())
    assert chi2.ppf(0.975, 2 * (trips + 1)) / 2 / ticks <= 1e-4


class Learns:
    """Remembers how often it acted, by agent and by market."""

    name = "learns"

    def __init__(self):
        self.by_agent = self.by_market = None

    def reset(self, seed):
        self.by_agent = self.by_market = None

    def act(self, observations, mask):
        if self.by_agent is None:
            self.by_agent, self.by_market = np.zeros(mask.shape), np.zeros(len(mask))
        self.by_agent = self.by_agent + mask
        self.by_market = self.by_market + 1
        return np.zeros((*mask.shape, 1), dtype=np.float32)

    def observe(self, rewards, ended):
        pass

    def snapshot(self):
        return {} if self.by_agent is None else {"agent": self.by_agent.copy(), "market": self.by_market.copy()}

    def restore(self, memory):
        self.by_agent, self.by_market = (memory["agent"].copy(), memory["market"].copy()) if memory else (None, None)


def test_what_has_learned_goes_back_to_when_it_stood_well():
    generator, learner = np.random.default_rng(1), Learns()
    guard = Guard(learner, Fixed(0.0), Limits(warm_up=50))
    for _ in range(520):
        tick(guard, generator.normal(1.0, 0.1, (2, 2)))
    assert not guard.trips.any()
    poor = np.array([[True, False], [False, False]])
    while not guard.trips.any():
        tick(guard, np.where(poor, 0.0, generator.normal(1.0, 0.1, (2, 2))))
    assert learner.by_agent[0, 0] == 500, "the memory of its last good check"
    assert (learner.by_agent[~poor] > 520).all()
    assert (learner.by_market > 520).all(), "its neighbour still stands well"


@pytest.mark.parametrize("level", ["exp3", "q_learning", "regime_filter"])
def test_a_guarded_learner_replays(level):
    limits = Limits(warm_up=5, threshold=0.5, hold=3)
    guard = Guard(make_policy(level, GAME, 1, arms=5), make_policy("truthful", GAME), limits)
    assert isinstance(guard, Remembering)
    engine = Engine(GAME, 4)
    engine.reset(0)

    play(engine, guard, 40)
    assert guard.trips.any()
    assert not guard.trips.all() or (guard.reasons() == 0).any()
    state, memory = engine.snapshot(), guard.snapshot()
    kept = {name: array.copy() for name, array in memory.items()}
    play(engine, guard, 10)
    engine.restore(state)
    guard.restore(memory)
    for name, array in guard.snapshot().items():
        np.testing.assert_array_equal(array, kept[name], err_msg=name)


class TestAgents:
    @pytest.mark.parametrize("level", ["reactive", "adaptive"])
    def test_levels_have_the_same_inputs_and_outputs(self, level):
        agent = create_economic_agent(AgentSpec(bidding_strategy="shading"), GAME, level, seed=3)
        assert isinstance(agent, Policy)
        actions = agent.act(np.full((3, 2, 2), 0.5, np.float32), np.ones((3, 2), bool))
        assert actions.shape == (3, 2, 1)
        assert actions.dtype == np.float32

    def test_levels_between_play_where_they_are_named(self):
        spec = AgentSpec(policies={"proactive": "conservative", "adaptive": "ucb", "emergent": "aggressive"})
        agent = create_economic_agent(spec, GAME, "emergent")
        names = []
        while isinstance(agent, Guard):
            names.append((agent.name, agent.above.name))
            agent = agent.below
        assert names == [("emergent", "aggressive"), ("adaptive", "ucb"), ("proactive", "conservative")]
        assert agent.name == "truthful"

    @pytest.mark.parametrize(
        ("spec", "level", "says"),
        [
            ({}, "adaptative", "did you mean"),
            ({}, "proactive", "name a run's folder"),
            ({"bidding_strategy": "honest"}, "reactive", "bidding_strategy='honest'"),
        ],
    )
    def test_mistakes_are_named(self, spec, level, says):
        with pytest.raises(ValueError, match=says):
            create_economic_agent(AgentSpec(**spec), GAME, level)

    def test_levels_of_a_spec_are_levels(self):
        with pytest.raises(ValueError, match="choose one of reactive, proactive"):
            AgentSpec(policies={"genius": "exp3"})
        assert LEVELS == ("reactive", "proactive", "adaptive", "emergent")

    @pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"warm_up": 1}, {"threshold": 0.0}, {"memory": 1.0}])
    def test_limits_are_checked(self, wrong):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Limits(**wrong)

"""The ladder: agents end at the level that earns most, and stay where all levels earn the same."""

import numpy as np
import pytest
from scipy.stats import chi2

import econo_env
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.policies.ladder import Ladder, Rungs
from econo_env.policy import Remembering, masked


class Level:
    """Plays its number, and notes who asked."""

    def __init__(self, number, wrong=False):
        self.name, self.number, self.wrong = f"level {number}", number, wrong
        self.asked = []

    def reset(self, seed):
        self.seed = seed

    def act(self, observations, mask):
        self.asked.append(mask.copy())
        actions = np.full((*mask.shape, 1), 0.1 * self.number, dtype=np.float32)
        return masked(actions, mask) if not self.wrong else np.where(mask[..., None], np.nan, actions)


def play(ladder, ticks, earns, shape, seed=0):
    """`earns(levels played, generator)`, (markets, agents)."""
    generator, seen = np.random.default_rng(seed), np.zeros((*shape, 2), dtype=np.float32)
    for _ in range(ticks):
        actions = ladder.act(seen, np.ones(shape, dtype=bool))
        played = np.round(actions[..., 0] * 10).astype(int)
        ladder.observe(earns(played, generator), np.zeros(shape[0], dtype=bool))


OFTEN = Rungs(trials=0.5)


@pytest.mark.parametrize(("best", "start"), [(0, 2), (1, 0), (2, 0), (1, 1)])
def test_agents_end_at_the_level_that_earns_most(best, start):
    ladder = Ladder([Level(n) for n in range(3)], OFTEN, start=start)
    means = 1.0 - 0.4 * np.abs(np.arange(3) - best)
    play(ladder, 4_000, lambda played, g: means[played] + 0.3 * g.normal(size=played.shape), (4, 2))
    assert (ladder.standing == best).all()
    assert (ladder.changes == abs(best - start)).all()
    asked = np.array([level.asked for level in ladder.levels])
    assert (asked.sum(axis=0) == 1).all(), "one level is asked for each agent"


def test_where_all_earn_the_same_nobody_moves():
    """Skewed income, mostly nothing: at most one change in 10^4 ticks, by the upper bound of the rate."""
    ladder, shape, ticks = Ladder([Level(n) for n in range(3)], start=1), (50, 40), 3_000

    def earns(played, generator):
        return np.where(generator.random(shape) < 0.3, generator.exponential(0.1, shape), 0.0)

    play(ladder, ticks, earns, shape)
    assert chi2.ppf(0.975, 2 * (int(ladder.changes.sum()) + 1)) / 2 / (ticks * 2000) <= 1e-4


def test_less_than_the_hysteresis_is_no_reason():
    ladder = Ladder([Level(0), Level(1)], OFTEN)
    play(ladder, 2_000, lambda played, g: 1.0 + 0.08 * played + 0.05 * g.normal(size=played.shape), (2, 2))
    assert not ladder.changes.any()


def test_a_level_with_actions_that_are_none_is_never_risen_to_and_is_left():
    shape = (3, 2)
    ladder = Ladder([Level(0), Level(1, wrong=True)], OFTEN)
    play(ladder, 1_500, lambda played, g: np.where(played == 1, 5.0, 1.0) + 0.1 * g.normal(size=shape), shape)
    assert not ladder.standing.any()
    ladder = Ladder([Level(0), Level(1, wrong=True)], OFTEN, start=1)
    play(ladder, 1_500, lambda played, g: 1.0 + 0.1 * g.normal(size=shape), shape)
    assert not ladder.standing.any()


def test_it_replays_and_a_market_in_a_batch_is_the_market_alone():
    scenario = econo_env.load("first_price_v0", num_agents=3)

    def made():
        return Ladder(
            [make_policy("shading", scenario, factor=0.5), make_policy("exp3", scenario, arms=5)], Rungs(0.5, 5)
        )

    def run(markets, ticks, ladder, engine=None):
        if engine is None:
            engine = Engine(scenario, markets, autoreset=True)
            engine.reset(4)
        record = []
        for _ in range(ticks):
            engine.step(ladder.act(engine.buffers.observations, engine.buffers.action_mask))
            ladder.observe(engine.buffers.rewards, engine.buffers.ended)
            record.append(engine.buffers.rewards.copy())
        return np.array(record), engine

    batch, engine = run(4, 60, ladder := made())
    alone, _ = run(1, 60, made())
    np.testing.assert_array_equal(batch[:, :1], alone)
    assert isinstance(ladder, Remembering)
    memory = ladder.snapshot()
    kept = {name: array.copy() for name, array in memory.items()}
    run(4, 10, ladder, engine)
    ladder.restore(memory)
    for name, array in ladder.snapshot().items():
        np.testing.assert_array_equal(array, kept[name], err_msg=name)


@pytest.mark.parametrize("wrong", [{"trials": 0.0}, {"window": 1}, {"hysteresis": -0.1}, {"confidence": np.inf}])
def test_rungs_are_checked(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Rungs(**wrong)


def test_the_start_is_one_of_the_levels():
    with pytest.raises(ValueError, match="start=2"):
        Ladder([Level(0), Level(1)], start=2)

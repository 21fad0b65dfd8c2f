"""Levels at work in a played market: who rises, who falls back, within how many ticks, and where it can be seen."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

import econo_env
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.policies.guard import Guard
from econo_env.policies.ladder import Ladder
from econo_env.policies.standing import EVENTS, standing_of
from econo_env.policy import masked
from econo_env.population import LEVELS
from econo_env.training.config import config_from
from econo_env.training.evaluation.levels import play_levels, told, with_fault, write_board
from econo_env.training.trainer import Trainer
from tests.playing import play

DOCS = Path(__file__).parents[2] / "docs"
LEARNS = {"intelligence": "adaptive", "policy": "ucb", "options": {"highest": 1.0, "arms": 5}}
GAME = econo_env.load("first_price_v0", num_agents=3, max_cycles=700)


def market(*groups, **changes):
    return GAME.replace(agents=list(groups), **changes)


def course_of(scenario, seed=0, markets=4):
    return play_levels(scenario, make_policy("population", scenario), seed, markets)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["nan", "poor", "late"])
def test_an_injected_fault_falls_back_within_ten_ticks_and_rolls_back(kind, seed):
    tick = int(np.random.default_rng([seed, len(kind)]).integers(320, 600))
    fault = {"kind": kind, "tick": tick, "ticks": 10, "seconds": 0.06}
    limits = {"warm_up": 100, "hold": 30} | ({"seconds": 0.05} if kind == "late" else {})
    broken = {"count": 1} | LEARNS | {"faults": [fault], "limits": limits}
    values = {"name": "uniform", "low": 0.6, "high": 1.0}  # twice the own value wins every time
    course = course_of(market({"count": 2}, broken, values=values), seed)
    expected = {"nan": "invalid", "poor": "poor", "late": "late"}[kind]
    came = course.events[(course.events[:, 0] >= tick) & (course.events[:, 0] < tick + 10)]
    fell = came[came[:, 3] == EVENTS.index(expected)]
    assert {(m, a) for _, m, a, _ in fell.tolist()} == {(m, 2) for m in range(4)}
    first = int(fell[fell[:, 1] == 0][:, 0].min())
    assert course.first[first - 1, 2] == LEVELS.index("adaptive")
    assert (course.first[first : first + 20, 2] == 0).all(), "the level below plays"
    assert (course.first[:, :2] == 0).all()
    back = came[came[:, 3] == EVENTS.index("rollback")]
    assert len(back) == (0 if kind == "late" else len(fell)), "what was late has learned nothing wrong"


def test_who_earns_more_by_learning_rises_and_everybody_else_stays():
    rising = {"count": 1} | LEARNS | {"promotion": True, "rungs": {"trials": 0.4, "window": 60, "confidence": 3.0}}
    others = {"count": 2, "bidding_strategy": "shading", "options": {"factor": 0.5}}
    course = course_of(market(rising, others), markets=8)
    assert course.counts[-1, EVENTS.index("promotion")] == 8, "the truth earns nothing here"
    assert (course.first[0] == 0).all()
    assert course.first[-1].tolist() == [LEVELS.index("adaptive"), 0, 0]
    assert course.shares[-1, LEVELS.index("adaptive")] == pytest.approx(1 / 3)
    assert any("promotion" in line for line in told(course))


class Plays:
    """Does one thing."""

    name = "plays"

    def reset(self, seed):
        pass

    def act(self, observations, mask):
        return masked(np.zeros((*mask.shape, 1), dtype=np.float32), mask)


SHAPE = (60, 50)
NOISE = {
    "normal": lambda g: g.normal(0.1, 1.0, SHAPE),
    "wins": lambda g: np.where(g.random(SHAPE) < 0.3, g.exponential(0.1, SHAPE), 0.0),
    "losses": lambda g: 0.02 - np.where(g.random(SHAPE) < 0.1, g.exponential(0.5, SHAPE), 0.0),
    "heavy tails": lambda g: 0.05 + 0.1 * g.standard_t(3, SHAPE),
    "rare losses": lambda g: np.where(g.random(SHAPE) < 0.02, -1.0, 0.05),
}


@pytest.mark.parametrize("family", NOISE)
def test_on_stationary_noise_levels_change_at_most_once_in_ten_thousand_ticks(family):
    """Moves and fallbacks together, by the upper bound of their rate; guards stand within the ladder."""
    generator = np.random.default_rng(len(family))
    ladder = Ladder([Plays(), Guard(Plays(), Plays()), Guard(Plays(), Guard(Plays(), Plays()), level=2)], start=1)
    seen, mask, over = np.zeros((*SHAPE, 2), np.float32), np.ones(SHAPE, bool), np.zeros(SHAPE[0], bool)
    ticks = 600
    for _ in range(ticks):
        ladder.act(seen, mask)
        ladder.observe(NOISE[family](generator), over)
    counts = standing_of(ladder, SHAPE).counts
    changes = int(counts[..., : EVENTS.index("rollback")].sum())
    assert chi2.ppf(0.975, 2 * (changes + 1)) / 2 / (ticks * counts[..., 0].size) <= 1e-4


def test_rising_agents_with_faults_replay_to_the_bit():
    faults = [{"kind": "nan", "tick": 12, "ticks": 2}, {"kind": "poor", "tick": 25, "ticks": 5}]
    rising = {"count": 3} | LEARNS | {"promotion": True, "faults": faults, "rungs": {"trials": 0.5, "window": 3}}
    scenario = market(rising | {"limits": {"warm_up": 5, "hold": 4}})
    policy, engine = make_policy("population", scenario), Engine(scenario, 4)
    engine.reset(1)

    play(engine, policy, 10)
    state, memory = engine.snapshot(), {name: array.copy() for name, array in policy.snapshot().items()}
    play(engine, policy, 25)
    counts = standing_of(policy, (4, 3)).counts
    assert counts[..., EVENTS.index("invalid")].any()
    engine.restore(state)
    policy.restore(memory)
    for name, array in policy.snapshot().items():
        np.testing.assert_array_equal(array, memory[name], err_msg=name)
    assert standing_of(policy, (4, 3)).counts.sum() < counts.sum()


def test_levels_go_to_tensorboard_under_documented_names(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    rising = {"count": 2} | LEARNS | {"promotion": True, "rungs": {"trials": 0.5, "window": 10}}
    scenario = with_fault(market(rising, {"count": 1} | LEARNS, max_cycles=60), "adaptive=nan@30+2")
    course = course_of(scenario)
    write_board(course, tmp_path)
    board = accumulator.EventAccumulator(str(tmp_path))
    board.Reload()
    documented = (DOCS / "telemetry.md").read_text()
    names = board.Tags()["scalars"]
    for name in names:
        assert f"`{re.sub('income/.*', 'income/GROUP', name)}`" in documented, name
    invalid = [event.value for event in board.Scalars("levels/invalid")]
    np.testing.assert_array_equal(invalid, course.counts[:, EVENTS.index("invalid")])
    assert invalid[29] == 0 < invalid[30]
    assert {f"levels/{name}" for name in EVENTS} | {f"levels/share_{name}" for name in LEVELS} <= set(names)


def test_training_tells_where_the_others_stand():
    groups = [{"count": 1, "intelligence": "proactive"}, {"count": 1} | LEARNS, {"count": 1}]
    scenario = {"id": "first_price_v0", "num_agents": 3, "max_cycles": 4, "agents": groups}
    learner = {"num_markets": 8, "n_steps": 4, "batch_size": 32, "net_arch": [8]}
    scalars = Trainer(config_from({"scenario": scenario, "total_timesteps": 64, "learner": learner}), 0).iterate()
    assert scalars["levels/share_adaptive"] == scalars["levels/share_reactive"] == 0.5, "of those who do not learn"


def test_the_picture_has_every_agent_and_event():
    pytest.importorskip("plotly")
    from econo_env.training.report.levels import levels_section

    scenario = with_fault(market({"count": 2} | LEARNS, {"count": 1}, max_cycles=40), "adaptive=nan@20")
    course = course_of(scenario)
    figure = levels_section(course).blocks[0].plot
    np.testing.assert_array_equal(np.array(figure.data[0].z), course.first.T)
    assert [trace.name for trace in figure.data[1:]] == ["invalid"]
    assert list(figure.data[1].x) == [20, 20]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("adaptiv=nan@3", "did you mean 'adaptive'"),
        ("adaptive=nan", "GROUP=KIND@TICK"),
        ("adaptive=melt@3", "choose one of nan, late, poor"),
        ("truthful=nan@3", "reactive agents have no level below"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        with_fault(market({"count": 2} | LEARNS, {"count": 1}), text)


@pytest.mark.parametrize(
    ("group", "says"),
    [
        ({"promotion": True}, "no level below"),
        ({"intelligence": "proactive", "promotion": True}, "who learns plays itself"),
        (LEARNS | {"rungs": {"window": 5}}, "add promotion: true"),
    ],
)
def test_moves_of_those_who_cannot_move_are_refused(group, says):
    with pytest.raises(ValueError, match=says):
        market({"count": 3} | group)


@pytest.mark.parametrize(
    ("group", "says"),
    [
        (LEARNS | {"limits": {"hodl": 5}}, r"population\.0: limits\.hodl: did you mean 'hold'"),
        (LEARNS | {"limits": {"warm_up": 1}}, "warm_up=1"),
        (LEARNS | {"promotion": True, "rungs": {"window": 1}}, "window=1"),
    ],
)
def test_wrong_numbers_are_named_when_agents_are_made(group, says):
    with pytest.raises(ValueError, match=says):
        make_policy("population", market({"count": 3} | group))

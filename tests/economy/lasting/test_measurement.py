"""Quality measured with an error: what grades are worth on average, who is wronged, and no bunching at boundaries."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy import contracts
from econo_env.economy.bunching import density_jump
from econo_env.economy.contracts import BYZANTINE, POOR, value_of
from econo_env.economy.lasting.running import ON_TIME, RUNNING
from econo_env.economy.lasting.section import measured_schedule
from econo_env.economy.lasting.settling import measured_grade
from econo_env.economy.measurement import Measurement, passing_chances, worth_of_quality
from econo_env.engine.engine import Engine
from econo_env.engine.rng import MEASURED, Lottery
from econo_env.market import market_of
from tests.economy.lasting.played import fixed, lasting

PLAIN = contracts.value_schedule(1.25, -0.5, -1.0, 0.9, 0.6)
KINDS = [Measurement(0.0, False), Measurement(0.08, False), Measurement(0.4, False), Measurement(0.0, True),
         Measurement(0.15, True)]  # fmt: skip
each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def grades_of(quality, kind, number, look=MEASURED):
    """Grades of so many contracts of one quality, each with a luck of its own."""
    return np.array(
        [measured_grade(0, quality, look, Lottery(np.uint64(99), 0, tick), PLAIN, kind) for tick in range(number)]
    )


@each_kind
@pytest.mark.parametrize("quality", [0.0, 0.3, 0.57, 0.62, 0.86, 1.0])
def test_chances_of_grades_and_their_worth_are_those_of_play(kind, quality):
    grades = grades_of(quality, kind, 4000)
    excellent, passes = passing_chances(quality, PLAIN, kind)
    for chance, share in ((excellent, (grades == 1).mean()), (passes, (grades <= 2).mean())):
        assert abs(chance - share) <= 4.5 * math.sqrt(max(chance * (1 - chance), 0.0) / 4000) + 1e-12
    worth = np.array([value_of(int(grade), 1.0, PLAIN) for grade in grades])
    assert abs(worth.mean() - worth_of_quality(quality, PLAIN, kind)) <= 4.5 * worth.std() / math.sqrt(4000) + 1e-12


@settings(deadline=None, max_examples=200)
@given(st.floats(0.0, 0.5), st.floats(0.0, 1.0), st.floats(1.0, 3.0), st.floats(-2.0, 0.0))
def test_randomised_boundaries_are_worth_a_line(noise, quality, excellent, poor):
    """No mark is worth more to reach than its like: V(grade) is linear in quality, whatever the schedule and noise."""
    schedule, kind = contracts.value_schedule(excellent, poor, poor - 0.1, 0.9, 0.6), Measurement(noise, True)
    low, high = worth_of_quality(0.0, schedule, kind), worth_of_quality(1.0, schedule, kind)
    best, passes = passing_chances(quality, schedule, kind)
    summed = poor + passes * (1.0 - poor) + best * (excellent - 1.0)
    assert summed == pytest.approx(low + quality * (high - low), abs=1e-6)
    assert worth_of_quality(quality, schedule, kind) == pytest.approx(summed, abs=1e-6)
    assert 0.0 <= best <= passes + 1e-6 <= 1.0 + 1e-5


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(KINDS), st.floats(0.001, 4.0), st.floats(0.05, 1.0), st.floats(0.1, 5.0), st.floats(-1.0, 0.0))
def test_the_efficient_quality_beats_every_other(kind, cost, reliability, value, poor):
    schedule = contracts.value_schedule(1.25, poor, -1.0, 0.9, 0.6)._replace(craft=kind)
    score = contracts.score(cost, reliability, value, schedule)
    marks = [mark + sign * kind.noise + 1e-6 for mark in (0.6, 0.9) for sign in (-1, 1)]
    for effort in (*np.linspace(0, 1, 101), *(min(1.0, max(0.0, mark)) for mark in marks)):
        assert contracts.expected_surplus(cost, reliability, effort, value, schedule) <= score + 1e-5 * value
    assert 0.0 <= contracts.efficient_effort(cost, reliability, value, schedule) <= 1.0


@each_kind
def test_success_and_failure_are_worth_what_their_grades_are(kind):
    """Against quadrature over quality that goes another way: the mean worth of each quality."""
    schedule = measured_schedule(PLAIN, kind, None)
    for worth, low, high in ((schedule.success, 0.6, 1.0), (schedule.failure, 0.0, 0.6)):
        inner = np.linspace(low, high, 30_001)[:-1] + (high - low) / 60_000
        found = np.mean([worth_of_quality(float(quality), PLAIN, kind) for quality in inner])
        assert worth == pytest.approx(found, abs=2e-4)
    exact = measured_schedule(PLAIN, None, None)
    assert (exact.success, exact.failure) == (PLAIN.success, PLAIN.poor)


def test_a_jump_of_a_density_is_found_and_none_where_there_is_none():
    rng = np.random.default_rng(0)
    smooth = rng.beta(2.0, 2.0, 40_000)
    jump = density_jump(smooth, 0.6, 0.1)
    assert abs(jump.log_jump) < 3.5 * jump.error
    assert jump.above == pytest.approx(6 * 0.6 * 0.4, rel=0.05)
    moved = np.where((smooth > 0.55) & (smooth < 0.6) & (rng.random(40_000) < 0.5), smooth + 0.05, smooth)
    jump = density_jump(moved, 0.6, 0.05)
    assert jump.log_jump > 8 * jump.error
    assert density_jump(np.full(10, 0.61), 0.6, 0.1).log_jump == math.inf
    with pytest.raises(ValueError, match="give samples"):
        density_jump([math.nan], 0.5, 0.1)
    falses = [density_jump(rng.random(5000), 0.5, 0.2) for _ in range(400)]
    covered = np.mean([abs(one.log_jump) < 1.96 * one.error for one in falses])
    assert 0.91 < covered < 0.99


def chosen_qualities(boundaries, noise, markets=3000, ticks=10):
    """Qualities of work on which an agent spends what earns it most, with costs that vary; failed work left out."""
    scenario = lasting(
        {"eligibility": {"open_share": 1.0}, "ledger": {"endowment": 50.0}},
        {"quality": "effort", "boundaries": boundaries, "noise": noise, "poor": 0.0, "byzantine": -1.0},
        num_agents=1,
        max_cycles=ticks,
        **{"agents.cost": {"name": "uniform", "low": 0.2, "high": 3.0}, "agents.reliability": fixed(1.0 - 2e-9)},
    )
    engine, found = Engine(scenario, markets, autoreset=False), []
    engine.reset(7)
    for _ in range(ticks):
        engine.step(market_of(scenario).baselines.truthful(scenario, engine.buffers.observations))
        running = engine.world.lasting_contracts.running
        found.append(running.quality[running.status > RUNNING])
    return np.concatenate(found)


def test_agents_bunch_above_fixed_boundaries_and_not_above_randomised_ones():
    """McCrary's statistic at both marks, of agents that choose the quality that earns most."""
    cliffs, line = chosen_qualities("fixed", 1e-4), chosen_qualities("randomised", 0.05)
    assert min(len(cliffs), len(line)) > 10_000
    for mark in (0.6, 0.9):
        bunched = density_jump(cliffs, mark, 0.08)
        assert bunched.above > 5.0
        assert bunched.log_jump > 3.0 or bunched.log_jump > 10 * bunched.error
        cured = density_jump(line, mark, 0.08)
        assert abs(cured.log_jump) < max(4.0 * cured.error, 0.15)
        assert cured.error < 0.2
    inner = line[line < 0.99]
    most = np.histogram(inner, bins=50, range=(0.3, 1.0))[0].max() / len(inner)
    assert most < 0.06, "nor do they gather anywhere else below the most that can be done"
    assert np.histogram(cliffs, bins=50, range=(0.3, 1.0))[0].max() / len(cliffs) > 0.3


MEASURED_SO = [
    pytest.param({"noise": 0.1}, marks=pytest.mark.slow),
    pytest.param({"noise": 0.1, "boundaries": "randomised"}, marks=pytest.mark.slow),
    {"noise": 0.1, "quality": "effort", "boundaries": "randomised"},
    {"noise": 0.1, "quality": "effort"},
]


@pytest.mark.parametrize("section", MEASURED_SO, ids=str)
def test_payments_are_on_average_what_is_expected_of_them(section):
    """What the verdict calls luck averages out, and true grades are missed as often as the noise says."""
    scenario = lasting(
        {"eligibility": {"open_share": 1.0}, "ledger": {"endowment": 50.0}},
        section | {"capacity": 2, "duration": 2, "detection": 0.6},
    )
    engine, rng = Engine(scenario, 300, autoreset=True), np.random.default_rng(2)
    engine.reset(2)
    luck, judged, wrongly = [], 0, [0, 0.0]
    for _ in range(40):
        actions = rng.uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32)
        actions[..., :2] *= 0.3
        actions[..., 3], actions[..., 4:] = np.where(rng.random(actions.shape[:2]) < 0.05, 1.0, -1.0), 0.0
        engine.step(actions)
        lasts = engine.world.lasting_contracts
        assert not lasts.wronged.any()
        settled = (lasts.running.status > RUNNING) & (lasts.running.delivery == ON_TIME)
        luck.append(lasts.luck[settled.any(axis=-1)])
        honest = settled & ~lasts.running.forges
        assert not (lasts.running.grade[honest] == BYZANTINE).any()
        judged += int(honest.sum())
        if section.get("boundaries") != "randomised":
            good = honest & (lasts.running.quality >= 0.6)
            wrongly[0] += int((lasts.running.grade[good] == POOR).sum())
            wrongly[1] += sum(1.0 - max(0.0, min(1.0, (q + 0.1 - 0.6) / 0.2)) for q in lasts.running.quality[good])
    luck = np.concatenate(luck) / 1e6
    assert judged > 5000
    assert abs(luck.mean()) < 4 * luck.std() / math.sqrt(len(luck))
    assert luck.std() > 0.1
    assert abs(wrongly[0] - wrongly[1]) <= 4.5 * math.sqrt(max(wrongly[1], 1.0))


@pytest.mark.slow
def test_no_honest_agent_is_ever_byzantine():
    """0 of more than 30,000 contracts under the loudest noise: the upper 95 % bound is 0.01 %."""
    scenario = lasting(
        {"eligibility": {"open_share": 1.0}}, {"noise": 0.5, "boundaries": "randomised", "detection": 1.0, "grace": 1}
    )
    engine, rng, judged = Engine(scenario, 600, autoreset=True), np.random.default_rng(0), 0
    engine.reset(0)
    for _ in range(70):
        actions = rng.uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32)
        actions[..., :2] *= 0.3
        actions[..., 3] = -1.0
        engine.step(actions)
        judged += int((engine.world.conduct.grade > 0).sum())
        assert not (engine.world.conduct.grade == BYZANTINE).any()
        assert not engine.world.conduct.banned.any()
    assert judged > 30_000

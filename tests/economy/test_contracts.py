"""The value schedule: truth and efficient effort are best for the agent, and the principal keeps S2."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy import contracts
from econo_env.economy.contracts import BYZANTINE, EXCELLENT, POOR, SATISFACTORY, value_of
from econo_env.economy.eligibility import is_eligible
from econo_env.economy.staking import contract_lock, required_stake

SCHEDULE = contracts.value_schedule(1.25, -0.5, -1.0, 0.9, 0.6)
shares = st.floats(0.0, 1.0)


@settings(deadline=None, max_examples=300)
@given(st.floats(0.001, 1.0), shares, st.floats(0.1, 5.0))
def test_the_efficient_effort_beats_every_other(cost, reliability, task_value):
    best = contracts.efficient_effort(cost, reliability, task_value, SCHEDULE)
    score = contracts.score(cost, reliability, task_value, SCHEDULE)
    for effort in np.linspace(0, 1, 41):
        assert contracts.expected_surplus(cost, reliability, effort, task_value, SCHEDULE) <= score + 1e-12
    assert 0.0 <= best <= 1.0


def test_expected_value_equals_the_average_over_grades():
    rng = np.random.default_rng(0)
    reliability, effort = 0.8, 0.9
    lucky = rng.random(400_000) < reliability * effort
    detail = rng.random(400_000)
    worth = np.empty(400_000)
    for j in range(400_000):
        quality = contracts.quality_of_work(lucky[j], detail[j], SCHEDULE)
        worth[j] = value_of(contracts.grade_of(quality, False, SCHEDULE), 1.0, SCHEDULE)
    expected = contracts.expected_surplus(0.0, reliability, effort, 1.0, SCHEDULE)
    assert abs(worth.mean() - expected) < 4 * worth.std() / np.sqrt(worth.size)


@pytest.mark.parametrize(
    ("quality", "forged", "expected"),
    [
        (1.0, False, EXCELLENT),
        (0.9, False, EXCELLENT),
        (0.8999, False, SATISFACTORY),
        (0.6, False, SATISFACTORY),
        (0.5999, False, POOR),
        (0.0, False, POOR),
        (1.0, True, BYZANTINE),
        (0.0, True, BYZANTINE),
    ],
)
def test_grades_follow_the_table(quality, forged, expected):
    assert contracts.grade_of(quality, forged, SCHEDULE) == expected


def test_bad_quality_alone_is_never_byzantine():
    assert all(contracts.grade_of(q, False, SCHEDULE) != BYZANTINE for q in np.linspace(0, 1, 1001))


def test_values_fall_with_the_grade():
    values = [value_of(g, 2.0, SCHEDULE) for g in (EXCELLENT, SATISFACTORY, POOR, BYZANTINE)]
    assert values == sorted(values, reverse=True) == [2.5, 2.0, -1.0, -2.0]


@pytest.mark.parametrize("second_score", [0, 300_000, 1_250_000])
def test_full_liability_covers_the_worst_transfer(second_score):
    task_value = 1_000_000
    required = required_stake(task_value, SCHEDULE, float("inf"))
    lock = contract_lock(second_score, -task_value, required)
    assert lock == second_score + task_value
    assert lock <= required


@pytest.mark.parametrize(("cap", "expected"), [(float("inf"), 2_250_000), (1.0, 1_000_000), (0.0, 0)])
def test_a_cap_limits_the_stake(cap, expected):
    assert required_stake(1_000_000, SCHEDULE, cap) == expected


@settings(deadline=None, max_examples=200)
@given(st.booleans(), st.integers(0, 10), st.integers(0, 10), shares, shares, st.integers(0, 5), shares)
def test_more_stake_or_reputation_never_disqualifies(active, free, required, bound, threshold, more, higher):
    if is_eligible(active, free, required, bound, threshold):
        assert is_eligible(active, free + more, required, max(bound, higher), threshold)

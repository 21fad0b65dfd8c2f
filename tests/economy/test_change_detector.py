"""The change detector: known answers, exactly and by simulation, and a limit that keeps the bar."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy.change_detector import (
    alarms,
    detector,
    false_alarms,
    limit_for,
    mean_delay,
    watch,
)

BEFORE, AFTER = 0.9, 0.3
KNOWN = [(3.0, 0.383, 3.20), (6.0, 0.019, 6.13), (8.0, 0.0028, 7.91)]  # 6.33, of 200,000 runs


def test_steps():
    rule = detector(BEFORE, AFTER, 6.0)
    assert rule.failure == pytest.approx(1.945910, abs=5e-7)
    assert rule.success == pytest.approx(-1.098612, abs=5e-7)


@pytest.mark.parametrize(("limit", "alarmed", "delay"), KNOWN)
def test_false_alarms_and_delays_exactly(limit, alarmed, delay):
    """6.33, within five standard errors of the known answer's own 200,000 runs and its rounding."""
    rule = detector(BEFORE, AFTER, limit)
    wide = 5 * np.sqrt(alarmed * (1 - alarmed) / 200_000)
    assert false_alarms(BEFORE, rule) == pytest.approx(alarmed, abs=wide + 5e-4)
    assert mean_delay(BEFORE, AFTER, rule) == pytest.approx(delay, abs=0.01)
    assert mean_delay(BEFORE, AFTER, rule, quiet=0) > mean_delay(BEFORE, AFTER, rule), "the sum stands above 0 mostly"


@pytest.mark.parametrize(("limit", "alarmed", "delay"), KNOWN)
def test_the_compiled_rule_has_them_too(limit, alarmed, delay):
    """6.33 by 4,000 runs of the rule itself, with intervals of four standard errors."""
    rule, rng, runs = detector(BEFORE, AFTER, limit), np.random.default_rng(3), 4000
    delays = []
    for _ in range(runs):
        total, quiet, count = 0.0, True, 0
        for good in rng.random(50) < BEFORE:
            total = watch(total, bool(good), 1.0, rule)
            quiet = quiet and not alarms(total, rule)
        while quiet and not alarms(total, rule):
            total, count = watch(total, bool(rng.random() < AFTER), 1.0, rule), count + 1
        delays += [count] * quiet
    rung = 1 - len(delays) / runs
    assert abs(rung - alarmed) <= 4 * np.sqrt(alarmed * (1 - alarmed) / runs) + 5e-4
    assert abs(np.mean(delays) - delay) <= 4 * np.std(delays) / np.sqrt(len(delays)) + 5e-3


def test_a_limit_keeps_one_false_alarm_in_a_hundred_and_notices_within_eight():
    limit = limit_for(BEFORE, AFTER, 0.01)
    rule = detector(BEFORE, AFTER, limit)
    assert false_alarms(BEFORE, rule) <= 0.01
    assert false_alarms(BEFORE, detector(BEFORE, AFTER, limit - 2e-3)) > 0.01
    assert limit == pytest.approx(6.685, abs=2e-3)
    assert mean_delay(BEFORE, AFTER, rule) == pytest.approx(6.87, abs=0.01)
    assert mean_delay(BEFORE, AFTER, rule, quiet=0) <= 8.0, "even where the change finds the sum at 0"


def test_alarms_by_hand():
    """Three failures add up to 5.84, four to 7.78."""
    rule = detector(BEFORE, AFTER, 6.0)
    assert false_alarms(AFTER, rule, 3) == 0.0
    assert false_alarms(AFTER, rule, 4) == pytest.approx(0.7**4)
    assert mean_delay(BEFORE, 1e-12, rule, quiet=0) == pytest.approx(4.0)
    assert false_alarms(AFTER, rule, 400) == pytest.approx(1.0)


@settings(max_examples=200)
@given(st.floats(0.0, 10.0), st.integers(1, 400), st.booleans())
def test_cut_contracts_move_the_sum_no_further_than_whole_ones(total, pieces, good):
    """Tiny good contracts cannot wipe out a suspicion, nor tiny failures raise one."""
    rule, cut = detector(BEFORE, AFTER, 6.0), total
    for _ in range(pieces):
        cut = watch(cut, good, 1.0 / pieces, rule)
    assert cut == pytest.approx(watch(total, good, 1.0, rule), abs=1e-9)
    assert watch(total, True, 1.0, rule) <= total
    assert watch(total, False, 1.0, rule) > total


@pytest.mark.parametrize(
    "numbers", [(0.3, 0.9, 6.0), (0.9, 0.9, 6.0), (1.0, 0.3, 6.0), (0.9, 0.0, 6.0), (0.9, 0.3, 0.0)]
)
def test_detectors_of_nothing_are_refused(numbers):
    with pytest.raises(ValueError, match="fall inside"):
        detector(*numbers)
    with pytest.raises(ValueError, match="share of false alarms of 1"):
        limit_for(BEFORE, AFTER, 1.0)

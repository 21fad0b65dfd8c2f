"""Intervals and comparisons against scipy and closed forms."""

import numpy as np
import pytest
from scipy import stats

from econo_env.training.evaluation.statistics import (
    bca_interval,
    interquartile_mean,
    paired_difference,
    probability_of_improvement,
    share_interval,
    t_interval,
    zero_events_bound,
)

SAMPLES = np.random.default_rng(3).gamma(2.0, size=12)


def test_t_interval_is_that_of_scipy():
    low, high = stats.t.interval(0.95, 11, loc=SAMPLES.mean(), scale=stats.sem(SAMPLES))
    ours = t_interval(SAMPLES)
    assert (ours.mean, ours.low, ours.high) == pytest.approx((SAMPLES.mean(), low, high), rel=1e-12)


def test_t_interval_covers_the_truth_as_often_as_it_says():
    draws = np.random.default_rng(0).normal(size=(2000, 5))
    covered = [interval.low <= 0.0 <= interval.high for interval in map(t_interval, draws)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_one_seed_has_no_interval():
    for interval in (t_interval([2.0]), bca_interval([2.0])):
        assert interval.mean == 2.0
        assert np.isnan(interval.low)
        assert np.isnan(interval.high)


def test_bca_interval_is_that_of_scipy_and_follows_the_skew():
    ours = bca_interval(SAMPLES, seed=5)
    theirs = stats.bootstrap((SAMPLES,), np.mean, method="BCa", rng=np.random.default_rng(5)).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert ours.high - ours.mean > ours.mean - ours.low  # a gamma leans to the right


def test_bca_interval_of_equal_samples_is_a_point():
    interval = bca_interval([0.5] * 10)
    assert (interval.mean, interval.low, interval.high) == (0.5, 0.5, 0.5)


def test_interquartile_mean_ignores_the_outer_quarters():
    assert interquartile_mean([-1e9, 1.0, 2.0, 1e9]) == 1.5
    assert interquartile_mean([[0, 1, 2, 99], [0, 3, 5, 99]], axis=1).tolist() == [1.5, 4.0]


@pytest.mark.parametrize(("trials", "percent"), [(3_000, 0.10), (30_000, 0.01)])
def test_no_event_gives_the_rule_of_three(trials, percent):
    assert 100 * zero_events_bound(trials) == pytest.approx(percent, rel=2e-3)
    interval = share_interval(0, trials)
    assert (interval.mean, interval.low, interval.high) == (0.0, 0.0, zero_events_bound(trials))


@pytest.mark.parametrize(("events", "trials"), [(1, 20), (7, 20), (19, 20)])
def test_share_interval_is_clopper_pearson(events, trials):
    ours, theirs = share_interval(events, trials), stats.binomtest(events, trials).proportion_ci()
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_all_events_mirror_none():
    assert share_interval(50, 50).low == pytest.approx(1.0 - zero_events_bound(50))


def test_pairing_removes_what_the_seeds_share():
    seeds = np.random.default_rng(1).normal(scale=10.0, size=30)
    noise = np.random.default_rng(2).normal(scale=0.1, size=30)
    difference = paired_difference(seeds + 1.0 + noise, seeds)
    assert difference.low > 0.9
    assert t_interval(seeds + 1.0).low < 0.0


def test_samples_of_other_seeds_cannot_be_paired():
    with pytest.raises(ValueError, match="3 and 2 samples"):
        paired_difference([1, 2, 3], [1, 2])


def test_probability_of_improvement_counts_pairs():
    assert probability_of_improvement([3, 4], [1, 2]) == 1.0
    assert probability_of_improvement([1, 1], [1, 1]) == 0.5
    u = stats.mannwhitneyu(SAMPLES, SAMPLES[:7] + 0.3).statistic
    assert probability_of_improvement(SAMPLES, SAMPLES[:7] + 0.3) == pytest.approx(u / (12 * 7))


@pytest.mark.parametrize("call", [lambda: t_interval([]), lambda: share_interval(3, 2), lambda: zero_events_bound(0)])
def test_nonsense_is_refused(call):
    with pytest.raises(ValueError, match=r"at least one|events"):
        call()

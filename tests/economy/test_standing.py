"""What is known of an agent: known answers of the beta reputation, and no cheap way up or to be forgotten."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy.reputation import lower_bound, reputation_mean
from econo_env.economy.standing import (
    COMPONENTS,
    WEIGHTS,
    evidence_weight,
    faded,
    overall_bound,
    overall_mean,
    with_evidence,
)

KEPT = 0.98
GOOD, BAD = 1.0, 0.0
unit = st.floats(0.0, 1.0)


def after(*events, forgetting=KEPT, start=(0.0, 0.0)):
    """Evidence after (how many, quality) of full weight each."""
    known = start
    for count, quality in events:
        for _ in range(count):
            known = with_evidence(*known, quality, 1.0, forgetting)
    return known


def bound(known):
    return lower_bound(*known, 0.5)


@pytest.mark.parametrize(
    ("known", "mean", "lower"),
    [  # 6.20, 6.21
        ((0, 0), 0.5, 0.05),
        ((1, 0), 0.666667, 0.223607),
        ((5, 0), 0.857143, 0.606962),
        ((10, 0), 0.916667, 0.761596),
        ((50, 0), 0.980769, 0.942952),
        ((0, 1), 0.333333, 0.025321),
        ((10, 2), 0.785714, 0.589901),
        ((50, 5), 0.894737, 0.821391),
        ((100, 100), 0.5, 0.442257),
    ],
)
def test_means_and_bounds(known, mean, lower):
    assert reputation_mean(*known) == pytest.approx(mean, abs=5e-7)
    assert bound(known) == pytest.approx(lower, abs=5e-7)
    if known[1] == 0:
        assert bound(known) == pytest.approx(0.05 ** (1 / (known[0] + 1)), abs=1e-12)


@pytest.mark.parametrize(
    ("events", "mean", "lower"),
    [
        ([(20, GOOD)], 0.946293, 0.843646),  # 6.23
        ([(20, GOOD), (1, BAD)], 0.896304, 0.765694),  # 6.24
        ([(50, GOOD)], 0.970407, 0.912692),  # 6.25
        ([(10, GOOD), (10, BAD)], 0.455071, 0.272529),  # 6.26
        ([(10, BAD), (10, GOOD)], 0.544929, 0.356749),
    ],
)
def test_histories(events, mean, lower):
    known = after(*events)
    assert reputation_mean(*known) == pytest.approx(mean, abs=5e-7)
    assert bound(known) == pytest.approx(lower, abs=5e-7)


def test_evidence_of_histories():
    """6.23, 6.24, 6.25: the evidence itself."""
    assert after((20, GOOD))[0] == pytest.approx(16.619601, abs=5e-7)
    assert after((20, GOOD), (1, BAD)) == pytest.approx((16.287209, 1.0), abs=5e-7)
    assert after((50, GOOD))[0] == pytest.approx(31.791516, abs=5e-7)


@pytest.mark.parametrize(("idle", "mean", "lower"), [(34, 0.903493, 0.726156), (500, 0.500170, 0.050102)])
def test_idleness_leads_back_to_the_newcomer(idle, mean, lower):
    """6.28."""
    known = after((20, GOOD))
    for _ in range(idle):
        known = faded(*known, KEPT)
    assert reputation_mean(*known) == pytest.approx(mean, abs=5e-7)
    assert bound(known) == pytest.approx(lower, abs=5e-7)


def test_a_newcomer_needs_two_good_contracts():
    """6.29."""
    known, needed = (0.0, 0.0), 0
    while bound(known) < 0.3:
        known, needed = after((1, GOOD), start=known), needed + 1
    assert needed == 2
    assert math.ceil(math.log(0.05) / math.log(0.3)) - 1 == 2


def failures_until_out(start, forgetting, chance=0.0):
    """Contracts of mean quality `chance` until the bound is below 0.3."""
    known, count = start, 0
    while bound(known) >= 0.3:
        known, count = with_evidence(*known, chance, 1.0, forgetting), count + 1
    return count


def test_failures_until_the_bound_falls_below_the_threshold():
    """6.30, 6.31, 6.32."""
    full = (1 / (1 - KEPT), 0.0)
    assert [failures_until_out(start, KEPT) for start in (after((5, GOOD)), after((20, GOOD)), full)] == [4, 18, 45]
    steady = {0.8: (2, 0.607), 0.9: (6, 0.7616), 0.95: (15, 0.8671), 0.98: (45, 0.9430)}
    for forgetting, (failures, lower) in steady.items():
        saturated = (1 / (1 - forgetting), 0.0)
        assert bound(saturated) == pytest.approx(lower, abs=6e-5 if forgetting > 0.8 else 6e-4)
        assert failures_until_out(saturated, forgetting) == failures
    for forgetting, contracts in ((0.9, 9), (0.98, 87)):
        mixed = (0.9 / (1 - forgetting), 0.1 / (1 - forgetting))
        assert failures_until_out(mixed, forgetting, chance=0.3) == contracts


def built_up(pieces, weight_of, forgetting):
    """Evidence from `pieces` good contracts of value 1 / pieces each, lambda applied as the law says."""
    known = (0.0, 0.0)
    for _ in range(pieces):
        known = with_evidence(*known, GOOD, weight_of(1.0 / pieces), forgetting)
    return known[0]


def test_a_thousand_tiny_contracts_build_up_no_more_than_one():
    """6.34: by the square root they are worth 31.6 whole ones; by the linear weight one, and less with forgetting."""
    assert 1000 * np.sqrt(evidence_weight(1e-3, 1.0, 1.0)) == pytest.approx(31.6228, abs=1e-4)
    per_event = 0.0
    for _ in range(4000):
        per_event = KEPT * per_event + np.sqrt(evidence_weight(1e-3, 1.0, 1.0))
    assert per_event == pytest.approx(1.5811, abs=1e-4)

    def linear(value):
        return evidence_weight(value, 1.0, 1.0)

    assert built_up(1000, linear, 1.0) == pytest.approx(1.0)
    assert 0.98 < built_up(1000, linear, KEPT) <= built_up(1, linear, KEPT) == 1.0


@settings(max_examples=200)
@given(st.floats(0, 50), st.floats(0, 50), st.integers(1, 300), st.floats(0.01, 1.0), unit, st.floats(0.5, 1.0))
def test_cutting_a_contract_into_pieces_gains_nothing(positive, negative, pieces, value, quality, forgetting):
    """Neither built up faster nor forgotten faster: evidence against is kept to the last digit."""
    known = (positive, negative)
    for _ in range(pieces):
        known = with_evidence(*known, quality, evidence_weight(value / pieces, 1.0, 1.0), forgetting)
    whole = with_evidence(positive, negative, quality, evidence_weight(value, 1.0, 1.0), forgetting)
    assert known[0] <= whole[0] + 1e-9
    assert known[0] >= whole[0] - (1 - forgetting**value) * value * quality - 1e-9
    kept = forgetting**value * negative
    assert kept - 1e-9 <= known[1] <= whole[1] + 1e-9


def test_forgetting_by_the_contract_would_launder_a_record():
    """What is wrong with lambda per contract: 200 contracts of a thousandth each wipe out ten failures."""
    bad = after((10, BAD))
    laundered, honest = bad, bad
    for _ in range(200):
        laundered = (KEPT * laundered[0] + 1e-3, KEPT * laundered[1])
        honest = with_evidence(*honest, GOOD, evidence_weight(1e-3, 1.0, 1.0), KEPT)
    assert laundered[1] < 0.02 * bad[1]
    assert honest[1] > 0.99 * bad[1]


@settings(max_examples=200)
@given(st.lists(st.tuples(unit, unit), max_size=30), st.randoms(use_true_random=False))
def test_without_forgetting_the_order_does_not_matter(events, random):
    shuffled = random.sample(events, len(events))
    folds = []
    for order in (events, shuffled):
        known = (0.0, 0.0)
        for quality, weight in order:
            known = with_evidence(*known, quality, weight, 1.0)
        folds.append(known)
    assert folds[0] == pytest.approx(folds[1], abs=1e-9)


@settings(max_examples=300)
@given(st.lists(st.tuples(unit, unit), max_size=60), st.floats(0.5, 0.999), st.floats(0.001, 1.0), unit)
def test_evidence_is_bounded_and_better_quality_is_never_worse(events, forgetting, more, quality):
    known = (0.0, 0.0)
    for each, weight in events:
        known = with_evidence(*known, each, weight, forgetting)
    most = 1.0 / (1.0 - forgetting)
    assert 0.0 <= known[0] <= most * 1.0001
    assert 0.0 <= known[1] <= most * 1.0001
    worse = with_evidence(*known, quality * 0.5, more, forgetting)
    better = with_evidence(*known, quality, more, forgetting)
    assert bound(worse) <= bound(better) + 1e-12
    assert 0.0 < bound(better) < reputation_mean(*better) < 1.0


@settings(max_examples=150)
@given(st.lists(st.floats(0, 60), min_size=8, max_size=8), st.integers(0, 3), st.floats(0.01, 5.0))
def test_the_whole_is_the_weighted_mean_of_four(numbers, component, more):
    known = np.array(numbers).reshape(2, 1, 1, 4)
    bounds = np.full((1, 1, 4), 0.5)
    lower, mean = overall_bound(0, 0, *known, bounds), overall_mean(0, 0, *known)
    each = [(reputation_mean(r, s), lower_bound(r, s, 0.5)) for r, s in known[:, 0, 0].T]
    assert mean == pytest.approx(sum(w * m for w, (m, _) in zip(WEIGHTS, each, strict=True)))
    assert lower == pytest.approx(sum(w * b for w, (_, b) in zip(WEIGHTS, each, strict=True)))
    assert bounds[0, 0] == pytest.approx([b for _, b in each])
    known[0, 0, 0, component] += more
    assert overall_bound(0, 0, *known, bounds) > lower
    assert len(COMPONENTS) == 4
    assert sum(WEIGHTS) == pytest.approx(1.0)


def test_reputations_tell_reliable_agents_after_fifty_contracts():
    """AUC of the bound for reliabilities above against below the median, Spearman's rank correlation, and both for
    the Bayes-optimal filter of a constant reliability, over 100 markets of 50 agents."""
    rng = np.random.default_rng(0)
    reliability = rng.random((100, 50))
    good = rng.random((50, 100, 50)) < reliability
    positive = negative = np.zeros((100, 50))
    every = np.vectorize(with_evidence, otypes=[float, float])
    for kept in good:
        positive, negative = every(positive, negative, kept.astype(float), 1.0, KEPT)
    bounds = np.vectorize(lower_bound)(positive, negative, 0.5)
    areas, ranks = {}, {}
    for name, score in (("bound", bounds), ("bayes", good.sum(axis=0) + rng.random((100, 50)) * 1e-6)):
        above = reliability > np.median(reliability, axis=1, keepdims=True)
        areas[name] = np.mean([area_under_curve(s, a) for s, a in zip(score, above, strict=True)])
        ranks[name] = np.mean([rank_correlation(s, r) for s, r in zip(score, reliability, strict=True)])
    assert areas["bound"] >= 0.95
    assert areas["bound"] >= areas["bayes"] - 0.02
    assert ranks["bound"] >= 0.9


def area_under_curve(score, above):
    return (score[above][:, None] > score[~above][None, :]).mean()


def rank_correlation(one, other):
    return np.corrcoef(np.argsort(np.argsort(one)), np.argsort(np.argsort(other)))[0, 1]

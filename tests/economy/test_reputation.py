"""Beta reputation: bounded, monotone, calibrated, and no reward for a new name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

import econo_env
from econo_env.economy.contracts import BYZANTINE, EXCELLENT, POOR, SATISFACTORY
from econo_env.economy.parts.reputation import PART, ReputationSection, State, hear
from econo_env.economy.reputation import (
    CONFIDENCE,
    beta_cdf_and_pdf,
    evidence_of,
    log_gamma,
    lower_bound,
    reputation_mean,
)

evidence = st.floats(0.0, 200.0)


@settings(deadline=None, max_examples=300)
@given(evidence, evidence, st.floats(0.001, 0.999))
def test_the_bound_is_the_quantile_of_the_posterior(positive, negative, guess):
    exact = stats.beta.ppf(CONFIDENCE, positive + 1, negative + 1)
    assert lower_bound(positive, negative, guess) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize(("positive", "negative"), [(0, 1e4), (1e4, 0), (1e4, 1e4), (1e-9, 0), (0, 1e-9)])
@pytest.mark.parametrize("guess", [1e-6, 0.05, 0.5, 1 - 1e-6])
def test_the_bound_holds_at_extreme_evidence(positive, negative, guess):
    exact = stats.beta.ppf(CONFIDENCE, positive + 1, negative + 1)
    assert lower_bound(positive, negative, guess) == pytest.approx(exact, rel=1e-8)


@settings(deadline=None, max_examples=200)
@given(evidence, evidence, st.floats(0.01, 5.0))
def test_good_evidence_raises_and_bad_evidence_lowers_the_bound(positive, negative, more):
    bound = lower_bound(positive, negative, 0.5)
    assert lower_bound(positive + more, negative, bound) > bound
    assert lower_bound(positive, negative + more, bound) < bound
    assert 0.0 < bound < reputation_mean(positive, negative) < 1.0


def test_a_newcomer_has_mean_one_half_and_the_bound_of_ignorance():
    assert reputation_mean(0.0, 0.0) == 0.5
    assert lower_bound(0.0, 0.0, 0.3) == pytest.approx(0.05)


@pytest.mark.parametrize("positive", [0.5, 3.0, 20.0])
@pytest.mark.parametrize("negative", [0.0, 1.0, 10.0])
def test_forgetting_leads_back_to_ignorance_and_not_to_zero(positive, negative):
    for _ in range(2000):
        positive, negative = 0.98 * positive, 0.98 * negative
    assert reputation_mean(positive, negative) == pytest.approx(0.5, abs=1e-6)
    assert lower_bound(positive, negative, 0.3) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize("x", [0.01, 0.3, 0.7, 0.99])
@pytest.mark.parametrize(("a", "b"), [(1, 1), (2.5, 1), (1, 7), (40, 3), (300, 500)])
def test_the_incomplete_beta_function(x, a, b):
    probability, density = beta_cdf_and_pdf(x, a, b, special.betaln(a, b))
    assert probability == pytest.approx(special.betainc(a, b, x), abs=1e-13)
    assert density == pytest.approx(stats.beta.pdf(x, a, b), rel=1e-9, abs=1e-290)


def test_log_gamma():
    points = np.geomspace(1e-3, 1e5, 400)
    assert np.allclose([log_gamma(x) for x in points], special.gammaln(points), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("grade", "expected"),
    [(EXCELLENT, (1.0, 1.25)), (SATISFACTORY, (1.0, 1.0)), (POOR, (0.0, 1.0)), (BYZANTINE, (0.0, 0.0))],
)
def test_evidence_by_grade(grade, expected):
    """Quality and weight."""
    for weight in (1.0, 0.25):
        assert evidence_of(grade, weight) == (expected[0], expected[1] * weight)


def heard(pieces, weight, forgetting, grade=SATISFACTORY):
    """What the part knows of an agent after contracts of a value of 1 in all, in so many pieces."""
    section = ReputationSection(forgetting=forgetting, weight=weight)
    state = State(np.zeros((1, 1)), np.zeros((1, 1)), np.full((1, 1), CONFIDENCE))
    for _ in range(pieces):
        hear(0, 0, grade, 1e6 / pieces, state, PART.params(econo_env.load("task_market_v0"), section))
    assert state.bound[0, 0] == pytest.approx(lower_bound(state.positive[0, 0], state.negative[0, 0], 0.5))
    return state.positive[0, 0] + state.negative[0, 0]


def test_a_thousand_tiny_contracts_build_up_no_more_than_one_of_their_sum():
    """By the square root they are worth 31.6 whole ones where nothing is forgotten."""
    assert heard(1000, "linear", 1.0) == pytest.approx(1.0)
    assert heard(1000, "linear", 1.0, POOR) == pytest.approx(1.0)
    assert 0.98 < heard(1000, "linear", 0.98) <= heard(1, "linear", 0.98) == 1.0
    assert heard(1000, "sqrt", 1.0) == pytest.approx(31.6228, abs=1e-4)

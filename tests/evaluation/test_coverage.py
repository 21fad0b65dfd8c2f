"""Intervals contain the exact figure as often as they say."""

import dataclasses

import numpy as np
import pytest

import econo_env
from econo_env.policies import make_policy
from econo_env.training.evaluation import regrets
from econo_env.training.evaluation.incentives import regret_metrics
from econo_env.training.evaluation.metrics import market_metrics
from econo_env.training.evaluation.play import play
from tests.evaluation.exact import exact_figures

HEAVY = {"name": "lognormal", "log_location": 0.0, "log_scale": 1.5, "high": 2000.0}
UNIFORM = {"name": "uniform", "low": 0.0, "high": 1.0}
CASES = {
    "uniform": ({"values": UNIFORM}, 0.8),
    "exponential": ({"values": {"name": "exponential", "scale": 1.0, "high": 30.0}}, 0.8),
    "lognormal, truth": ({"values": HEAVY}, 1.0),
    "lognormal": ({"values": HEAVY}, 0.8),
    "asymmetric": ({"values": [UNIFORM, {"name": "uniform", "low": 0.5, "high": 1.5}]}, 0.9),
    "random": ({"values": UNIFORM}, None),
}
FIGURES = ("regret_mean", "revenue", "efficiency", "bidder_surplus")
TIMES, SEEDS, TOGETHER = 200, 10, 10  # repetitions, seeds of each, repetitions that share a choice of deviations
BY_SEED = ("drawn_types", "own_utility", "gain")
SLACK = 1e-6  # of a figure: micro-credits and float32 actions


def setting(case):
    overrides, share = CASES[case]
    scenario = econo_env.load("first_price_v0", **overrides)
    name, options = ("zero_intelligence", {}) if share is None else ("shading", {"factor": share})
    return scenario, make_policy(name, scenario, **options), exact_figures(scenario.priors(), share)


def covers(metric, exact):
    low, high = metric.ci95
    slack = SLACK * max(1.0, abs(exact))
    return low - slack <= exact <= high + slack


def test_the_exact_figures_are_those_of_closed_forms():
    _, _, found = setting("uniform")
    share = 0.8  # the best bid against 0.8 v is v/2: it gains v (v/2) / 1.6 - 0.2 v^2
    assert found.regret_mean == pytest.approx((1 / 3.2 - 0.2) / 3, rel=1e-6)
    assert found.revenue == pytest.approx(share * 2 / 3, rel=1e-6)
    assert found.bidder_surplus == pytest.approx(0.2 * 2 / 3, rel=1e-6)
    assert found.efficiency == pytest.approx(1.0, rel=1e-6)
    assert setting("lognormal, truth")[2].regret_mean == pytest.approx(1.607, abs=1e-3)
    rng = np.random.default_rng(0)
    values = rng.random((1_000_000, 2))
    bids = values * rng.random(values.shape)
    won = np.take_along_axis(values, bids.argmax(axis=1)[:, None], axis=1)[:, 0]
    random = setting("random")[2]
    assert random.revenue == pytest.approx(bids.max(axis=1).mean(), rel=3e-3)
    assert random.efficiency == pytest.approx(won.mean() / values.max(axis=1).mean(), rel=3e-3)
    assert random.bidder_surplus == pytest.approx((won - bids.max(axis=1)).mean(), rel=5e-3)


@pytest.mark.parametrize("case", ["lognormal, truth", "exponential", "asymmetric"])
def test_regret_reaches_into_the_tails(case):
    """Midpoints of 96 equal cells said 1.455 +- 0.0001 for the lognormal, 1 % too little for the exponential."""
    scenario, policy, exact = setting(case)
    metric = regret_metrics(regrets(scenario, policy, tuple(range(10))))["regret_mean"]
    error = metric.by_seed.std(ddof=1) / np.sqrt(10)
    assert metric.mean == pytest.approx(exact.regret_mean, rel=0.01)
    assert abs(metric.mean - exact.regret_mean) < 4 * error + SLACK
    assert metric.ci95[1] - metric.ci95[0] < 0.04 * metric.mean


def of_ten(regret, first):
    """The search of ten seeds, out of one of many: what was chosen on does not depend on who else is measured."""
    rows = slice(first, first + SEEDS)
    return dataclasses.replace(regret, **{name: getattr(regret, name)[rows] for name in BY_SEED})


def repetitions(scenario, policy, times, first=1000):
    """The metrics of `times` evaluations of ten fresh seeds each; ten of them share what deviations were chosen on.

    Each is drawn from the same law as an evaluation by itself, so what is counted means the same, at a third of the
    time.
    """
    for start in range(first, first + SEEDS * times, SEEDS * TOGETHER):
        found = regrets(scenario, policy, tuple(range(start, start + SEEDS * TOGETHER)))
        for seeds in np.arange(SEEDS * TOGETHER).reshape(TOGETHER, SEEDS):
            records = [play(scenario, policy, start + int(seed), 1024) for seed in seeds]
            ten = [of_ten(regret, int(seeds[0])) for regret in found]
            yield market_metrics(records, records) | regret_metrics(ten)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_intervals_cover_as_often_as_they_say(case):
    scenario, policy, exact = setting(case)
    covered = dict.fromkeys(FIGURES, 0)
    for metrics in repetitions(scenario, policy, TIMES):
        for figure in FIGURES:
            covered[figure] += covers(metrics[figure], getattr(exact, figure))
    print(case, covered)
    assert min(covered.values()) >= 0.92 * TIMES

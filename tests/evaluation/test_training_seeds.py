"""Figures over training seeds: intervals, differences, the chance to improve."""

import numpy as np
import pytest

from econo_env.training.evaluation.metrics import Metric, over_seeds
from econo_env.training.evaluation.training_seeds import difference, improvement, interquartile_means, pooled

DRAWS = np.array([0.1, 0.2, 0.3])


def learned(*levels):
    return [{"efficiency": over_seeds(DRAWS + level, "share")} for level in levels]


def test_the_interval_is_the_wider_of_training_and_draws():
    apart = pooled(learned(0.0, 1.0, 5.0))["efficiency"]
    half = 4.302653 * np.std([0, 1, 5], ddof=1) / np.sqrt(3)
    assert apart.ci95 == pytest.approx((2.2 - half, 2.2 + half))
    np.testing.assert_allclose(apart.by_seed, DRAWS + 2.0)
    alike = pooled(learned(1.0, 1.0 + 1e-12))["efficiency"]
    assert alike.ci95 == pytest.approx(over_seeds(DRAWS + 1.0, "share").ci95)


def test_without_any_spread_the_bound_of_the_parts_stays():
    share = Metric(0.0, (0.0, 0.003), "share", np.zeros(3))
    assert pooled([{"deficit_share": share}] * 2)["deficit_share"].ci95 == (0.0, 0.003)


def test_one_training_seed_stays_as_it_is():
    (only,) = learned(1.0)
    assert pooled([only])["efficiency"] is only["efficiency"]


def test_differences_are_on_the_same_draws():
    theirs = over_seeds(DRAWS - 1.0, "share")
    ours = [figures["efficiency"] for figures in learned(0.0, 1.0)]
    assert difference(ours[:1], theirs)["mean"] == pytest.approx(1.0)
    assert np.ptp(difference(ours[:1], theirs)["ci95"]) < 1e-9  # paired: the draws cancel
    both = difference(ours, theirs)
    assert both["mean"] == pytest.approx(1.5)
    assert np.ptp(both["ci95"]) == pytest.approx(2 * 12.706205 * 0.5)


@pytest.mark.parametrize(
    ("name", "chance"), [("efficiency_of_weighted_value", 0.75), ("utility_loss", 0.25), ("revenue", None)]
)
def test_improvement_knows_the_better_side(name, chance):
    theirs = over_seeds(DRAWS, "share")
    assert improvement(name, [over_seeds(DRAWS + level, "share") for level in (0.0, 1.0)], theirs) == chance


def test_an_undefined_figure_improves_on_nothing():
    assert improvement("efficiency", [over_seeds([np.nan, 1.0], "share")], over_seeds([0.0, 0.0], "share")) is None


def test_an_outlier_does_not_move_the_interquartile_mean():
    found = interquartile_means(learned(0.0, 0.0, 1.0, 1.0, 0.5, 0.5, 0.5, 99.0))["efficiency"]
    assert found["mean"] == pytest.approx(0.2 + 0.625)
    assert found["ci95"][0] < found["mean"] < found["ci95"][1] < 99.2

"""Price dispersion: its law by brute force, its payoffs by play, its populations beside the replicator, its verdict."""

import numpy as np
import pytest

from econo_env.policies.emergent.replicator import finite_populations, meeting, replicate
from econo_env.training.studies.base import read_study
from econo_env.training.studies.price_dispersion import (
    ABLATED,
    NULL,
    Dispersion,
    DispersionSettings,
    dispersion,
    measured,
    one_price_stands,
    prediction_of,
)
from tests.studies.test_studies import all_hold, found


@pytest.mark.parametrize("prices", [6, 7, 10, 23, 80])
def test_no_one_price_stands_from_the_threshold_on_and_one_does_below(prices):
    threshold = DispersionSettings(prices=prices, mutation=1e-3).threshold
    assert threshold == pytest.approx(2 / prices / (1 - 1 / prices))
    for at in np.linspace(0.01, 0.999, 7) * threshold:
        assert one_price_stands(prices, at), at
    for at in np.linspace(1.001, 1.72, 7) * threshold:
        assert not one_price_stands(prices, at), at
    assert prices - 1 in one_price_stands(prices, 1.99 / prices)
    assert prices - 1 not in one_price_stands(prices, 2.01 / prices)
    assert one_price_stands(prices, 1.0), "where everybody compares they sell next to cost"


@pytest.mark.parametrize("seed", range(3))
def test_what_is_played_pays_what_the_law_says(seed):
    settings = DispersionSettings(prices=int(np.random.default_rng(seed).integers(6, 60)), seed=seed, mutation=1e-4)
    alone, against = measured(settings)
    margins = settings.margins()
    np.testing.assert_allclose(alone, margins, atol=2e-6)
    for own, other in np.ndindex(against.shape):
        taken = 1.0 if own < other else 0.5 if own == other else 0.0
        assert against[own, other] == pytest.approx(margins[own] * taken, abs=2e-6)


@pytest.mark.parametrize("seed", range(3))
def test_large_populations_go_the_way_of_the_replicator_and_drift_without_selection(seed):
    generator = np.random.default_rng(seed)
    kinds = int(generator.integers(2, 7))
    payoffs, start = generator.random((kinds, kinds)), generator.dirichlet(np.ones(kinds))
    path = finite_populations(payoffs, start, 10**7, 30, 1.5, 0.0, runs=3, seed=seed)
    known = replicate(meeting(payoffs), start, 30, strength=1.5)
    assert np.abs(path - known[:, None]).max() < 0.02
    drift = finite_populations(payoffs, start, 100, 40, 0.0, 0.0, runs=4000, seed=seed)
    kept = (1 - 1 / 100) ** np.arange(41) * dispersion(start)
    np.testing.assert_allclose(dispersion(drift).mean(axis=1), kept, atol=0.02)
    mutants = finite_populations(payoffs, start, 10**7, 1, 0.0, 0.5, runs=1, seed=seed)[-1, 0]
    np.testing.assert_allclose(mutants, 0.5 * start + 0.5 / kinds, atol=1e-3)


def test_what_populations_cannot_be_is_refused():
    with pytest.raises(ValueError, match="square table"):
        finite_populations([[1.0]], [0.5, 0.5], 10, 1, 1.0, 0.0, runs=1, seed=0)
    with pytest.raises(ValueError, match="mutants alone"):
        read_study("price_dispersion", ["mutation=0.05"])


@pytest.mark.parametrize("seed", range(2))
def test_sellers_of_random_grids_disperse_above_the_threshold_alone(seed):
    """Not the settings of the page: the order parameter to either side of the law, and without its cause."""
    generator = np.random.default_rng(seed)
    prices, strength = int(generator.integers(8, 16)), float(generator.uniform(3, 8))
    settings = DispersionSettings(
        prices=prices, strength=strength, population=5000, generations=300, seed=seed, mutation=5e-4
    )
    run, threshold = Dispersion(settings), settings.threshold
    low, high = (run.order(share * threshold, "claimed", 20) for share in (0.85, 1.2))
    assert low.mean() < 0.06
    assert high.mean() > 0.15
    for condition in (NULL, ABLATED):
        assert run.order(1.5 * threshold, condition, 20).mean() < 0.06


def test_what_is_predicted_of_the_push_is_the_replicators_step():
    settings = DispersionSettings(prices=12, mutation=1e-3)
    run, prediction = Dispersion(settings), prediction_of(settings)
    assert run.intervened(prediction.strong, 40).mean() == pytest.approx(prediction.change, abs=0.002)
    assert abs(prediction.change) > 0.02


@pytest.mark.slow
def test_all_six_obligations_are_met(tmp_path):
    all_hold(found("price_dispersion", f"folder={tmp_path}"))

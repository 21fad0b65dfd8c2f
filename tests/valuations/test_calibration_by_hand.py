"""Small figures of a calibration beside those of a library or of a pencil."""

import numpy as np
import pytest
from scipy.stats import kstest

from econo_env.valuations.calibration.fit import goodness_of_fit
from econo_env.valuations.calibration.inversion import equilibrium_bids
from econo_env.valuations.calibration.reserve import CutBids, misfit_of_numbers
from econo_env.valuations.calibration.smoothing import CANDIDATES, choose, fitted_range


@pytest.mark.parametrize("moved", [-0.1, 0.1])
def test_the_distance_of_a_fit_is_that_of_kolmogorov_and_smirnov(moved):
    values = np.linspace(1.0, 2.0, 401)
    bids = np.random.default_rng(0).uniform(1.1, 1.4, (60, 2)) + moved
    fit = goodness_of_fit(bids, bids, values)
    model, share = equilibrium_bids(values, 2), np.linspace(0.0, 1.0, 401)
    assert fit.bid_distance == pytest.approx(kstest(bids.ravel(), lambda b: np.interp(b, model, share)).statistic)
    winning = kstest(bids.max(axis=1), lambda b: np.interp(b, model, share) ** 2).statistic
    assert fit.winning_bid_distance == pytest.approx(winning)


def test_the_test_of_numbers_of_bids_keeps_its_level():
    """Numbers that a reserve did make: p is uniform, up to the noise of 400 tables."""
    rng, share, p = np.random.default_rng(0), 0.6, []
    for _ in range(400):
        counts = rng.binomial(6, 1.0 - share, 500)
        counts = counts[counts > 0]
        cut = CutBids(np.zeros(counts.sum()), np.repeat(np.arange(len(counts)), counts), counts, 1.0, 6, False)
        # the share is estimated from the same numbers, which costs the degree of freedom
        mean = np.mean(counts)
        grid = np.linspace(0.4, 0.8, 4001)
        p.append(misfit_of_numbers(cut, grid[np.argmin(np.abs(6 * (1 - grid) / (1 - grid**6) - mean))]))
    assert np.mean(p) == pytest.approx(0.5, abs=0.05)
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.03)


def test_the_range_that_is_fitted():
    """Under 10 bids, a knot, or a tenth at each end; the trim at the top alone."""
    assert fitted_range(200, 0.0) == (0.05, 0.95)
    assert fitted_range(200, 0.2) == (0.05, 0.8)
    assert fitted_range(20, 0.0) == (0.1, 0.9)
    assert fitted_range(10**6, 0.0) == (1 / 400, 1.0 - 1 / 400)


def test_lognormal_bids_are_mostly_taken_for_what_they_are():
    """One standard error spares the flexible fits: of 30 lognormal tables most are a straight line."""
    rng = np.random.default_rng(1)
    chosen = [choose(rng.normal(0.0, 0.5, (150, 3)), 3, rng) for _ in range(30)]
    assert sum(smoothing == CANDIDATES[0] for smoothing in chosen) >= 20

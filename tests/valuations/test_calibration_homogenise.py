"""The regression of log bids: estimates and standard errors beside those of other means."""

import numpy as np
import pandas as pd
import pytest

from econo_env.valuations.calibration import TableOptions
from econo_env.valuations.calibration.cleaning import table_from_frame
from econo_env.valuations.calibration.homogenise import homogenise


def auctions(sizes, seed=0, effect=0.4):
    """Log bids with a part common to the auction, a covariate, and an effect of the number of bidders."""
    rng = np.random.default_rng(seed)
    size = rng.lognormal(0.0, 1.0, len(sizes))
    rows = np.repeat(np.arange(len(sizes)), sizes)
    logs = 0.7 * np.log(size)[rows] + 0.1 * np.asarray(sizes)[rows]
    logs += effect * rng.standard_normal(len(sizes))[rows] + 0.3 * rng.standard_normal(len(rows))
    return pd.DataFrame({"auction": rows, "bid": np.exp(logs), "size": size[rows]})


def regression(frame):
    """Elasticity and effect of 4 bidders beside 2, by least squares on single bids."""
    count = np.asarray(SIZES)[frame["auction"]]
    design = np.stack([np.ones(len(frame)), np.log(frame["size"]), count == 4], axis=1).astype(float)
    return np.linalg.lstsq(design, np.log(frame["bid"].to_numpy()), rcond=None)[0][1:]


SIZES = [2] * 150 + [4] * 90


def test_estimates_and_standard_errors_are_those_of_a_bootstrap_over_auctions():
    frame = auctions(SIZES)
    found = homogenise(table_from_frame(frame, TableOptions(continuous=("size",))), outliers=0.0).coefficients
    assert [c.name for c in found] == ["log size", "4 bidders, not 2"]
    assert [c.estimate for c in found] == pytest.approx(regression(frame), rel=1e-8)
    rng = np.random.default_rng(1)
    start = np.concatenate([[0], np.cumsum(SIZES)])
    draws = []
    for _ in range(600):
        drawn = rng.integers(0, len(SIZES), len(SIZES))
        draws.append(regression(frame.iloc[np.concatenate([np.arange(start[k], start[k + 1]) for k in drawn])]))
    errors = np.std(draws, axis=0, ddof=1)
    assert [c.standard_error for c in found] == pytest.approx(errors, rel=0.12)
    # bids of an auction share its luck: as if independent, the errors would come out well below
    rest = np.log(frame["bid"]) - 0.7 * np.log(frame["size"]) - 0.1 * np.asarray(SIZES)[frame["auction"]]
    assert found[1].standard_error > 1.3 * np.sqrt(np.var(rest) * (1.0 / 300.0 + 1.0 / 360.0))


def test_the_error_of_an_effect_of_the_number_of_bidders_is_the_known_one():
    # without covariates the effect is a difference of means, and the two groups of auctions are independent
    frame = auctions(SIZES, seed=2)
    frame["log"] = np.log(frame["bid"])
    (effect,) = homogenise(table_from_frame(frame, TableOptions()), outliers=0.0).coefficients
    count = frame.groupby("auction")["bid"].transform("size")
    means, variances = {}, {}
    for n in (2, 4):
        group = frame[count == n]
        means[n] = group["log"].mean()
        sums = (group["log"] - means[n]).groupby(group["auction"]).sum()
        variances[n] = float((sums**2).sum()) / len(group) ** 2
    assert effect.estimate == pytest.approx(means[4] - means[2])
    assert effect.standard_error == pytest.approx(np.sqrt(variances[2] + variances[4]), rel=1e-9)


def test_standard_errors_have_the_size_of_what_repetition_shows():
    estimates, errors = [], []
    for seed in range(200):
        found = homogenise(table_from_frame(auctions(SIZES, seed), TableOptions(continuous=("size",))), outliers=0.0)
        estimates.append([c.estimate for c in found.coefficients])
        errors.append([c.standard_error for c in found.coefficients])
    assert np.mean(estimates, axis=0) == pytest.approx([0.7, 0.2], abs=0.01)
    assert np.mean(errors, axis=0) == pytest.approx(np.std(estimates, axis=0, ddof=1), rel=0.15)

"""The estimate for one number of bidders: values, bands, and how well the model fits the bids."""

from dataclasses import dataclass, field

import numpy as np

from econo_env.valuations.calibration.bootstrap import resampled_quantiles
from econo_env.valuations.calibration.inversion import equilibrium_bids, invert, sample_quantiles
from econo_env.valuations.calibration.smoothing import PROBABILITIES, Smoothing, choose, fitted_range
from econo_env.valuations.calibration.tables import Floats


@dataclass(frozen=True)
class Fit:
    """Equilibrium play with the estimated values beside the homogenised bids people made.

    The first distance tests that the bids are an increasing function of some values; the other figures test that
    the values of an auction are independent, which the inversion assumes.
    """

    bid_distance: float
    """Kolmogorov-Smirnov distance between all bids and the equilibrium bids."""
    winning_bid_distance: float
    """The same for the highest bid of each auction."""
    mean_winning_bid: float
    """Of the observed auctions, in credits."""
    model_mean_winning_bid: float
    money_on_table: float
    """Mean log ratio of the two highest bids observed."""
    model_money_on_table: float


@dataclass(frozen=True)
class ValueEstimate:
    """Values behind the bids of auctions with one number of bidders; tables at 0, 1/400, ..., 1, in credits."""

    num_bidders: int
    auctions: int
    smoothing: Smoothing
    bids: Floats
    values: Floats
    values_low: Floats
    """2.5 % bootstrap quantile of each entry of `values`."""
    values_high: Floats
    highest: float
    """Probability up to which the values are estimated; above it the relative markup is held."""
    rearranged: float
    fit: Fit
    samples: Floats = field(repr=False)
    """Value tables of the bootstrap samples, shape (samples, 401)."""
    observed: Floats = field(repr=False)
    """Homogenised log bids, shape (auctions, num_bidders)."""

    def value_at(self, probability: float) -> tuple[float, float, float]:
        """Value quantile with its 95 % band: estimate, low, high."""
        value, low, high = (
            float(np.interp(probability, PROBABILITIES, table))
            for table in (self.values, self.values_low, self.values_high)
        )
        return value, low, high


def estimate_values(
    log_bids: Floats, weights: Floats, shift: Floats, trim: float, rng: np.random.Generator
) -> ValueEstimate:
    """Estimates the values behind auctions with the same number of bidders.

    Args:
        log_bids: Homogenised log bids, shape (auctions, num_bidders).
        weights: Bootstrap weights, shape (auctions, samples).
        shift: Bootstrap moves of the log bids, shape (auctions, samples).
        trim: Share of the highest bids whose relative markup is not estimated.
        rng: Deals auctions to the folds of the cross-validation.
    """
    auctions, num_bidders = log_bids.shape
    smoothing = choose(log_bids, num_bidders, rng)
    found = invert(sample_quantiles(log_bids.ravel()), num_bidders, log_bids.size, smoothing, trim)
    drawn = invert(resampled_quantiles(log_bids, weights, shift), num_bidders, log_bids.size, smoothing, trim)
    low, high = np.quantile(drawn.values, [0.025, 0.975], axis=1)
    return ValueEstimate(
        num_bidders=num_bidders,
        auctions=auctions,
        smoothing=smoothing,
        bids=found.bids,
        values=found.values,
        values_low=low,
        values_high=high,
        highest=fitted_range(log_bids.size, trim)[1],
        rearranged=found.rearranged,
        fit=goodness_of_fit(np.exp(log_bids), found.values),
        samples=drawn.values.T,
        observed=log_bids,
    )


def goodness_of_fit(bids: Floats, values: Floats) -> Fit:
    """Compares observed bids with the equilibrium of independent private values.

    Args:
        bids: Homogenised bids, shape (auctions, num_bidders), in credits.
        values: Quantile table of values, in credits.
    """
    auctions, num_bidders = bids.shape
    model = equilibrium_bids(values, num_bidders)
    ranked = np.sort(bids, axis=1)
    share = np.interp(np.sort(bids, axis=None), model, PROBABILITIES)
    winning = np.interp(np.sort(ranked[:, -1]), model, PROBABILITIES) ** num_bidders
    # the two highest of n: F1 = u^n, F2 = n u^(n-1) - (n-1) u^n
    fine = np.linspace(0.0, 1.0, 40_001)
    middle = (fine[1:] + fine[:-1]) / 2.0
    highest = np.diff(fine**num_bidders)
    second = np.diff(num_bidders * fine ** (num_bidders - 1) - (num_bidders - 1) * fine**num_bidders)
    at_middle = np.interp(middle, PROBABILITIES, model)
    logs = np.log(np.maximum(at_middle, 1e-12))
    return Fit(
        bid_distance=_distance(share),
        winning_bid_distance=_distance(winning),
        mean_winning_bid=float(ranked[:, -1].mean()),
        model_mean_winning_bid=float(highest @ at_middle),
        money_on_table=float(np.log(ranked[:, -1] / ranked[:, -2]).mean()),
        model_money_on_table=float((highest - second) @ logs),
    )


def _distance(model_share: Floats) -> float:
    """Kolmogorov-Smirnov distance of a sorted sample whose model probabilities are given."""
    size = len(model_share)
    steps = np.arange(size + 1) / size
    return float(max(np.max(steps[1:] - model_share), np.max(model_share - steps[:-1])))

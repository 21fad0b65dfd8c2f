"""The estimate for one number of bidders: values, bands, and how well the model fits the bids."""

from dataclasses import dataclass, field

import numpy as np

from econo_env.valuations.calibration.bootstrap import resampled_quantiles
from econo_env.valuations.calibration.inversion import equilibrium_bids, invert, sample_quantiles
from econo_env.valuations.calibration.options import EstimateOptions
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
    log_bids: Floats, weights: Floats, shift: Floats, options: EstimateOptions, rng: np.random.Generator
) -> ValueEstimate:
    """Estimates the values behind auctions with the same number of bidders.

    Args:
        log_bids: Homogenised log bids, shape (auctions, num_bidders).
        weights: Bootstrap weights, shape (auctions, samples).
        shift: Bootstrap moves of the log bids, shape (auctions, samples).
        options: Trimming, and whether auction effects are taken out.
        rng: Deals auctions to the folds of the cross-validation.
    """
    auctions, num_bidders = log_bids.shape
    used, of_auction = log_bids, log_bids
    if options.auction_effects:
        used, of_auction, shift = without_auction_effects(log_bids, weights, shift)
    smoothing = choose(used, num_bidders, rng)
    found = invert(sample_quantiles(used.ravel()), num_bidders, used.size, smoothing, options.trim)
    quantiles = resampled_quantiles(used, weights, shift)
    drawn = invert(quantiles, num_bidders, used.size, smoothing, options.trim)
    low, high = np.quantile(drawn.values, [0.025, 0.975], axis=1)
    return ValueEstimate(
        num_bidders=num_bidders,
        auctions=auctions,
        smoothing=smoothing,
        bids=found.bids,
        values=found.values,
        values_low=low,
        values_high=high,
        highest=fitted_range(used.size, options.trim)[1],
        rearranged=found.rearranged,
        fit=goodness_of_fit(np.exp(used), np.exp(of_auction), found.values),
        samples=drawn.values.T,
        observed=used,
    )


def without_auction_effects(log_bids: Floats, weights: Floats, shift: Floats) -> tuple[Floats, Floats, Floats]:
    """Takes out of homogenised bids what is common to the bids of an auction but not in its covariates.

    The deviation from the auction's mean, stretched by sqrt(n / (n - 1)) so that its variance is that of one bid's
    own part, stands in for that part: an approximation that keeps mean and variance, while skewness shrinks and with
    two bidders is lost. (The deconvolution of Krasnokutskaya 2011 keeps it, and is far noisier.)

    Args:
        log_bids: Shape (auctions, num_bidders).
        weights: Bootstrap weights, shape (auctions, samples).
        shift: Bootstrap moves of the log bids, shape (auctions, samples).

    Returns:
        The bids' own parts around the mean; the same unstretched, as they stand in one auction; and the moves of that
        mean in each bootstrap sample.
    """
    mean = log_bids.mean(axis=1)
    bidders = log_bids.shape[1]
    deviation = log_bids - mean[:, None]
    moved = (weights * (mean[:, None] + shift)).sum(axis=0) / weights.sum(axis=0) - mean.mean()
    own = mean.mean() + np.sqrt(bidders / (bidders - 1)) * deviation
    return own, mean.mean() + deviation, np.broadcast_to(moved, shift.shape)


def goodness_of_fit(bids: Floats, of_auction: Floats, values: Floats) -> Fit:
    """Compares observed bids with the equilibrium of independent private values.

    Args:
        bids: The bids whose distribution was inverted, shape (auctions, num_bidders), in credits.
        of_auction: The bids as they compete within an auction, the same shape.
        values: Quantile table of values, in credits.
    """
    num_bidders = bids.shape[1]
    model = equilibrium_bids(values, num_bidders)
    ranked = np.sort(of_auction, axis=1)
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

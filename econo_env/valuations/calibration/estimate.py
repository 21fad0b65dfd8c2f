"""The estimate for one number of bidders: values, bands, and how well the model fits the bids."""

from dataclasses import dataclass, field

import numpy as np

from econo_env.valuations.calibration.bootstrap import resampled_quantiles
from econo_env.valuations.calibration.fit import Fit, goodness_of_fit
from econo_env.valuations.calibration.inversion import invert, sample_quantiles
from econo_env.valuations.calibration.options import EstimateOptions
from econo_env.valuations.calibration.smoothing import PROBABILITIES, Smoothing, choose, fitted_range
from econo_env.valuations.calibration.tables import Floats


@dataclass(frozen=True)
class ValueEstimate:
    """Values behind the bids of auctions with one number of bidders; tables at 0, 1/400, ..., 1, in credits.

    In procurement the values are costs. With a binding reserve they are those of all potential bidders; the share
    `excluded` that it keeps away is not identified, and spread evenly (values from 0 to the reserve, costs from the
    ceiling up to as far above it as the lowest cost lies below).
    """

    num_bidders: int
    """With a reserve the potential bidders."""
    auctions: int
    smoothing: Smoothing
    bids: Floats
    values: Floats
    values_low: Floats
    """2.5 % bootstrap quantile of each entry of `values`."""
    values_high: Floats
    highest: float
    """Probability up to which the values are estimated; above it (for costs below 1 minus it) the markup is held."""
    rearranged: float
    fit: Fit
    samples: Floats = field(repr=False)
    """Value tables of the bootstrap samples, shape (samples, 401)."""
    observed: Floats = field(repr=False)
    """Homogenised log bids, shape (auctions, num_bidders); nan where a potential bidder placed none."""
    procurement: bool = False
    reserve: float | None = None
    """The binding reserve, in procurement the ceiling, in credits."""
    excluded: float = 0.0
    """Share of potential bidders whom the reserve keeps away."""
    excluded_low: float = 0.0
    excluded_high: float = 0.0
    """Its 95 % bootstrap band."""

    @property
    def single_bids(self) -> Floats:
        """Every homogenised bid in credits, shape (bids,)."""
        return np.exp(self.observed[~np.isnan(self.observed)])

    @property
    def winning_bids(self) -> Floats:
        """The best homogenised bid of each auction in credits, shape (auctions,)."""
        best = np.nanmin if self.procurement else np.nanmax
        return np.asarray(np.exp(best(self.observed, axis=1)))

    def is_identified(self, probability: float) -> bool:
        """Whether the quantile is among those that the reserve lets bid."""
        return (1.0 - probability if self.procurement else probability) >= self.excluded

    def value_at(self, probability: float) -> tuple[float, float, float]:
        """Value quantile with its 95 % band: estimate, low, high."""
        value, low, high = (
            float(np.interp(probability, PROBABILITIES, table))
            for table in (self.values, self.values_low, self.values_high)
        )
        return value, low, high


def estimate_values(
    log_bids: Floats,
    weights: Floats,
    shift: Floats,
    options: EstimateOptions,
    rng: np.random.Generator,
    *,
    procurement: bool = False,
) -> ValueEstimate:
    """Estimates the values behind auctions with the same number of bidders.

    Args:
        log_bids: Homogenised log bids, shape (auctions, num_bidders).
        weights: Bootstrap weights, shape (auctions, samples).
        shift: Bootstrap moves of the log bids, shape (auctions, samples).
        options: Trimming, and whether auction effects are taken out.
        rng: Deals auctions to the folds of the cross-validation.
        procurement: Whether the lowest bid wins; the values are costs then.
    """
    auctions, num_bidders = log_bids.shape
    used, of_auction = log_bids, log_bids
    if options.auction_effects:
        used, of_auction, shift = without_auction_effects(log_bids, weights, shift)
    # turned so that the largest wins
    sign = -1.0 if procurement else 1.0
    turned = sign * used
    smoothing = choose(turned, num_bidders, rng)
    settings = (num_bidders, used.size, smoothing, options.trim)
    found = invert(sample_quantiles(turned.ravel()), *settings, procurement=procurement)
    drawn = invert(resampled_quantiles(turned, weights, sign * shift), *settings, procurement=procurement)
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
        fit=goodness_of_fit(np.exp(used), np.exp(of_auction), found.values, procurement=procurement),
        samples=drawn.values.T,
        observed=used,
        procurement=procurement,
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

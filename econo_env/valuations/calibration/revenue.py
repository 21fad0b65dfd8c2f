"""What other rules would have earned in a calibrated market, by quadrature over order statistics."""

from dataclasses import dataclass

import numpy as np

from econo_env.valuations.calibration.estimate import ValueEstimate
from econo_env.valuations.calibration.smoothing import PROBABILITIES
from econo_env.valuations.calibration.tables import Floats

CELLS_OF_RESERVE = 4000


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class WhatIf:
    """Expected revenue of one auction in the calibrated market, in credits; the seller values the good at 0.

    First price and second price earn the same in equilibrium (revenue equivalence, Myerson 1981), so one figure
    without and one with a reserve stand for both rules.
    """

    num_bidders: int
    observed_revenue: float
    """Mean highest homogenised bid of the observed auctions."""
    revenue: Interval
    """Second highest value on average: equilibrium revenue without a reserve."""
    best_reserve: Interval
    """Searched among the values that are estimated, not extrapolated."""
    best_revenue: Interval
    """With the reserve that is best for the estimate."""
    best_gain: Interval
    """Relative gain of that same reserve over none; the interval judges it on the bootstrap samples."""
    unsold: Interval
    """Probability that no value reaches that reserve."""


def revenue_by_reserve(values: Floats, num_bidders: int) -> tuple[Floats, Floats]:
    """Expected revenue for every reserve.

    `R(r) = n r F(r)^(n-1) (1 - F(r)) + int_r v dF_2(v)`, F_2 the distribution of the second highest value.

    Args:
        values: Quantile tables, shape (..., 401), in credits.
        num_bidders: Bidders, at least 2.

    Returns:
        Reserves and revenues, each (..., 4001); entry j excludes a bidder with probability j / 4000.
    """
    share = np.linspace(0.0, 1.0, CELLS_OF_RESERVE + 1)
    position = share * (len(PROBABILITIES) - 1)
    left = np.minimum(position.astype(np.int64), len(PROBABILITIES) - 2)
    part = position - left
    reserves = values[..., left] * (1.0 - part) + values[..., left + 1] * part
    second = np.diff(num_bidders * share ** (num_bidders - 1) - (num_bidders - 1) * share**num_bidders)
    paid = second * (reserves[..., 1:] + reserves[..., :-1]) / 2.0
    above = np.zeros_like(reserves)
    above[..., :-1] = np.cumsum(paid[..., ::-1], axis=-1)[..., ::-1]
    return reserves, above + num_bidders * reserves * share ** (num_bidders - 1) * (1.0 - share)


def what_if(estimate: ValueEstimate) -> WhatIf:
    """Revenue without a reserve and with the best one, for the values and bidders of `estimate`."""
    n = estimate.num_bidders
    reserves, revenues = revenue_by_reserve(estimate.values, n)
    drawn_reserves, drawn_revenues = revenue_by_reserve(estimate.samples, n)
    # beyond the last estimated value a reserve would rest on extrapolation
    searched = int(estimate.highest * CELLS_OF_RESERVE) + 1
    best = int(np.argmax(revenues[:searched]))
    reserve = float(reserves[best])
    with_reserve = np.array(
        [np.interp(reserve, r, earned) for r, earned in zip(drawn_reserves, drawn_revenues, strict=True)]
    )
    excluded = np.array([np.interp(reserve, r, np.linspace(0.0, 1.0, len(r))) for r in drawn_reserves])
    own_best = np.take_along_axis(drawn_reserves, drawn_revenues[:, :searched].argmax(axis=1)[:, None], axis=1)[:, 0]
    without = drawn_revenues[:, 0]
    return WhatIf(
        num_bidders=n,
        observed_revenue=estimate.fit.mean_winning_bid,
        revenue=_interval(float(revenues[0]), without),
        best_reserve=_interval(reserve, own_best),
        best_revenue=_interval(float(revenues[best]), with_reserve),
        best_gain=_interval(float(revenues[best] / revenues[0] - 1.0), with_reserve / without - 1.0),
        unsold=_interval((best / CELLS_OF_RESERVE) ** n, excluded**n),
    )


def _interval(mean: float, samples: Floats) -> Interval:
    low, high = np.quantile(samples, [0.025, 0.975])
    return Interval(mean, float(low), float(high))

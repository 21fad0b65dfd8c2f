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

    With a binding reserve the figures without a reserve are those with the one observed: below it nothing is known.

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
    present = int(np.ceil(estimate.excluded * CELLS_OF_RESERVE))
    best = present + int(np.argmax(revenues[present:searched]))
    reserve = float(reserves[best])
    with_reserve = np.array(
        [np.interp(reserve, r, earned) for r, earned in zip(drawn_reserves, drawn_revenues, strict=True)]
    )
    excluded = np.array([np.interp(reserve, r, np.linspace(0.0, 1.0, len(r))) for r in drawn_reserves])
    own = present + drawn_revenues[:, present:searched].argmax(axis=1)
    own_best = np.take_along_axis(drawn_reserves, own[:, None], axis=1)[:, 0]
    if estimate.reserve is None:
        revenue, without = float(revenues[0]), drawn_revenues[:, 0]
    else:
        pairs = zip(drawn_reserves, drawn_revenues, strict=True)
        without = np.array([np.interp(estimate.reserve, r, earned) for r, earned in pairs])
        revenue = float(np.interp(estimate.reserve, reserves, revenues))
    return WhatIf(
        num_bidders=n,
        observed_revenue=estimate.fit.mean_winning_bid,
        revenue=_interval(revenue, without),
        best_reserve=_interval(reserve, own_best),
        best_revenue=_interval(float(revenues[best]), with_reserve),
        best_gain=_interval(float(revenues[best] / revenue - 1.0), with_reserve / without - 1.0),
        unsold=_interval((best / CELLS_OF_RESERVE) ** n, excluded**n),
    )


@dataclass(frozen=True)
class Price:
    """What a buyer pays in procurement where it buys, in credits."""

    num_bidders: int
    observed_price: float
    """Mean lowest homogenised bid of the observed auctions."""
    price: Interval
    """In equilibrium, first or second price alike: the second lowest cost, and no more than the ceiling."""
    unserved: Interval
    """Probability that no cost lies below the ceiling."""


def expected_price(estimate: ValueEstimate) -> Price:
    """The price that equilibrium bids make, for the costs and suppliers of `estimate`.

    Raises:
        ValueError: It is an estimate of sales.
    """
    if not estimate.procurement:
        raise ValueError("price is of procurement: in sales ask what_if() for the revenue")
    n = estimate.num_bidders
    # what costs leave of an amount are values, and a sale among such values is the same game
    top = float(max(estimate.values.max(), estimate.samples.max())) if estimate.reserve is None else estimate.reserve

    def priced(costs: Floats, excluded: float) -> float:
        _, revenues = revenue_by_reserve(np.maximum(top - costs[::-1], 0.0), n)
        return top - float(revenues[0]) / (1.0 - excluded**n)

    shares = np.array([np.mean(sample > top) for sample in estimate.samples])
    drawn = np.array([priced(sample, float(share)) for sample, share in zip(estimate.samples, shares, strict=True)])
    return Price(
        num_bidders=n,
        observed_price=estimate.fit.mean_winning_bid,
        price=_interval(priced(estimate.values, estimate.excluded), drawn),
        unserved=_interval(estimate.excluded**n, shares**n),
    )


def _interval(mean: float, samples: Floats) -> Interval:
    low, high = np.quantile(samples, [0.025, 0.975])
    return Interval(mean, float(low), float(high))

"""How well equilibrium play with the estimated values fits the bids people made."""

from dataclasses import dataclass

import numpy as np

from econo_env.valuations.calibration.inversion import model_bids
from econo_env.valuations.calibration.smoothing import PROBABILITIES
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
    """The same for the winning bid of each auction."""
    mean_winning_bid: float
    """Of the observed auctions, in credits."""
    model_mean_winning_bid: float
    money_on_table: float
    """Mean log ratio of the two best bids observed, the better over the worse in a sale, the other way round in
    procurement; nan where every auction has one bid."""
    model_money_on_table: float


def goodness_of_fit(
    bids: Floats,
    of_auction: Floats,
    values: Floats,
    *,
    procurement: bool = False,
    reserve: float | None = None,
    excluded: float = 0.0,
) -> Fit:
    """Compares observed bids with the equilibrium of independent private values.

    Args:
        bids: The bids whose distribution was inverted, shape (auctions, num_bidders), in credits; nan is no bid.
        of_auction: The bids as they compete within an auction, the same shape.
        values: Quantile table of values, in procurement of costs, in credits.
        procurement: Whether the lowest bid wins.
        reserve: The binding reserve, in procurement the ceiling, in credits.
        excluded: Share of potential bidders whom it keeps away.
    """
    num_bidders = bids.shape[1]
    # turned so that the largest wins
    sign = -1.0 if procurement else 1.0
    model = np.sort(sign * model_bids(values, num_bidders, procurement=procurement, reserve=reserve))
    ranked = np.sort(np.where(np.isnan(of_auction), -np.inf, sign * of_auction), axis=1)
    contested = ranked[np.isfinite(ranked[:, -2])]
    single = np.sort(sign * bids[~np.isnan(bids)])
    share = (np.interp(single, model, PROBABILITIES) - excluded) / (1.0 - excluded)
    none = excluded**num_bidders
    winning = (np.interp(np.sort(ranked[:, -1]), model, PROBABILITIES) ** num_bidders - none) / (1.0 - none)
    ratio = np.log(contested[:, -1] / contested[:, -2]) if len(contested) else np.array([np.nan])
    revenue, gap = _model_moments(model, num_bidders, excluded)
    return Fit(
        bid_distance=_distance(share),
        winning_bid_distance=_distance(winning),
        mean_winning_bid=float(sign * ranked[:, -1].mean()),
        model_mean_winning_bid=sign * revenue,
        money_on_table=float(sign * ratio.mean()),
        model_money_on_table=sign * gap,
    )


def _model_moments(model: Floats, num_bidders: int, excluded: float) -> tuple[float, float]:
    """Mean best bid of an auction with a sale, and mean log ratio of the two best bids where there are two.

    The best of n has distribution u^n and the second n u^(n-1) - (n-1) u^n; given the second at u the best is uniform
    above it.
    """
    fine = np.linspace(excluded, 1.0, 40_001)
    middle = (fine[1:] + fine[:-1]) / 2.0
    at_middle = np.interp(middle, PROBABILITIES, model)
    best = np.diff(fine**num_bidders)
    second = np.diff(num_bidders * fine ** (num_bidders - 1) - (num_bidders - 1) * fine**num_bidders)
    logs = np.log(np.maximum(np.abs(at_middle), 1e-12))
    above = np.cumsum(logs[::-1])[::-1] / np.arange(len(logs), 0, -1)
    return float(best @ at_middle / best.sum()), float(second @ (above - logs) / second.sum())


def _distance(model_share: Floats) -> float:
    """Kolmogorov-Smirnov distance of a sorted sample whose model probabilities are given."""
    size = len(model_share)
    steps = np.arange(size + 1) / size
    return float(max(np.max(steps[1:] - model_share), np.max(model_share - steps[:-1])))

"""Values behind bids that a binding reserve has cut off (Guerre, Perrigne and Vuong 2000, section 4).

Of N potential bidders only those whose value reaches the reserve r bid, in procurement those whose cost lies below the
ceiling. With F0 the share kept away, G and g the distribution and density of the bids that are made,

    v = b + (F0 / (1 - F0) + G(b)) / ((N - 1) g(b)).

At the reserve the bid function is flat, so g has a pole there; the transformed bid sqrt(b - r) has none, and its log
is smoothed on the normal quantile plot like any other sample. F0 comes from the number of bids: among auctions with a
bid its mean is N (1 - F0) / (1 - F0^N). In procurement r - b takes the place of b - r and cost is r less what is found.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from econo_env.valuations.calibration.bootstrap import resampled_quantiles
from econo_env.valuations.calibration.estimate import ValueEstimate
from econo_env.valuations.calibration.fit import goodness_of_fit
from econo_env.valuations.calibration.inversion import sample_quantiles
from econo_env.valuations.calibration.options import EstimateOptions
from econo_env.valuations.calibration.smoothing import (
    CELLS,
    PROBABILITIES,
    Smoothing,
    choose,
    fitted_range,
    operators,
)
from econo_env.valuations.calibration.tables import Floats, Ints

_AT_ONCE = 20
"""Bootstrap samples drawn together: every bid holds a weight in each."""
_SHARES = np.concatenate([[0.0], np.geomspace(1e-6, 0.5, 20_000), 1.0 - np.geomspace(0.5, 1e-6, 20_000)[1:]])


@dataclass(frozen=True)
class CutBids:
    """Homogenised bids of auctions with one reserve.

    Attributes:
        log_bids: Shape (bids,), log credits.
        auction: Auction of each bid, 0 .. auctions - 1, ascending.
        num_bids: Bids of each auction.
        reserve: In credits.
        potential: Potential bidders.
        procurement: Whether the reserve is a ceiling and the lowest bid wins.
    """

    log_bids: Floats
    auction: Ints
    num_bids: Ints
    reserve: float
    potential: int
    procurement: bool


def share_excluded(mean_bids: Floats, potential: int) -> Floats:
    """The share of potential bidders kept away that explains the mean number of bids of auctions with at least one.

    Args:
        mean_bids: Any shape, from 1 to `potential`.
        potential: Potential bidders.
    """
    # N (1 - F) / (1 - F^N) = N / (1 + F + ... + F^(N-1)), falling from N to 1
    expected = potential / np.polyval(np.ones(potential), _SHARES)
    return np.asarray(np.interp(np.asarray(mean_bids), expected[::-1], _SHARES[::-1]))


def estimate_with_reserve(
    cut: CutBids, weights: Floats, options: EstimateOptions, rng: np.random.Generator
) -> ValueEstimate:
    """Estimates the values of all potential bidders.

    Args:
        cut: The bids.
        weights: Bootstrap weights, shape (auctions, samples).
        options: Trimming.
        rng: Deals bids to the folds of the cross-validation.
    """
    sign = -1.0 if cut.procurement else 1.0
    excess = sign * (np.exp(cut.log_bids) - cut.reserve)
    # bids at the reserve, or a rounding below, are a hair above it
    hair = max(float(excess[excess > 0.0].min(initial=cut.reserve)) / 2.0, 1e-9 * cut.reserve)
    root = 0.5 * np.log(np.maximum(excess, hair))
    smoothing = choose(root[:, None], cut.potential, rng)
    share = share_excluded(cut.num_bids.mean(), cut.potential)
    surplus, above = _surplus(sample_quantiles(root), share, cut.potential, len(root), smoothing, options.trim)
    drawn_share = share_excluded(cut.num_bids @ weights / weights.sum(axis=0), cut.potential)
    quantiles = np.concatenate(
        [
            resampled_quantiles(root[:, None], weights[cut.auction, k : k + _AT_ONCE], np.zeros((len(root), _AT_ONCE)))
            for k in range(0, weights.shape[1], _AT_ONCE)
        ],
        axis=1,
    )
    drawn, _ = _surplus(quantiles, drawn_share, cut.potential, len(root), smoothing, options.trim)
    samples = np.stack([_whole(column, float(f), cut) for column, f in zip(drawn.T, drawn_share, strict=True)])
    values, raw = _whole(np.sort(surplus), float(share), cut), _whole(surplus, float(share), cut)
    low, high = np.quantile(samples, [0.025, 0.975], axis=0)
    observed = np.full((len(cut.num_bids), cut.potential), np.nan)
    starts = np.concatenate([[0], np.cumsum(cut.num_bids)[:-1]])
    observed[cut.auction, np.arange(len(root)) - starts[cut.auction]] = cut.log_bids
    fit = goodness_of_fit(
        np.exp(observed),
        np.exp(observed),
        values,
        procurement=cut.procurement,
        reserve=cut.reserve,
        excluded=float(share),
    )
    excluded_low, excluded_high = np.quantile(drawn_share, [0.025, 0.975])
    return ValueEstimate(
        num_bidders=cut.potential,
        auctions=len(cut.num_bids),
        smoothing=smoothing,
        bids=_whole(above, float(share), cut),
        values=values,
        values_low=low,
        values_high=high,
        highest=float(share + (1.0 - share) * fitted_range(len(root), options.trim)[1]),
        rearranged=float(np.max(np.abs(raw - values) / np.maximum(values, 1e-300))),
        fit=fit,
        samples=samples,
        observed=observed,
        procurement=cut.procurement,
        reserve=cut.reserve,
        excluded=float(share),
        excluded_low=float(excluded_low),
        excluded_high=float(excluded_high),
    )


def _surplus(
    quantiles: Floats, share: Floats, potential: int, num_bids: int, smoothing: Smoothing, trim: float
) -> tuple[Floats, Floats]:
    """How far values and bids lie beyond the reserve, at the quantiles 0, 1/400, ..., 1 of the bids made; credits."""
    lowest, highest = fitted_range(num_bids, trim)
    level, slope = operators(smoothing, lowest, highest)
    inside = np.clip(PROBABILITIES, lowest, highest)
    scores = ndtri(inside)
    column = (slice(None), *(None,) * (quantiles.ndim - 1))
    rent = (share / (1.0 - share) + ndtr(scores)[column]) * (np.sqrt(2.0 * np.pi) * np.exp(scores**2 / 2.0))[column]
    markup = 2.0 * rent * np.maximum(slope @ quantiles[: len(CELLS)], 0.0) / (potential - 1)
    above = np.exp(2.0 * (level @ quantiles[: len(CELLS)]))
    outside = (lowest - 1e-12 > PROBABILITIES) | (highest + 1e-12 < PROBABILITIES)
    above[outside] = np.exp(2.0 * quantiles[len(CELLS) : len(CELLS) + len(PROBABILITIES)][outside])
    found = above * (1.0 + markup)
    # the lowest value that bids is the reserve itself, and the bid there is the value: values start in a straight line
    start = int(np.ceil(lowest * (len(PROBABILITIES) - 1)))
    line = found[start] * (PROBABILITIES[: start + 1] / PROBABILITIES[start])[column]
    found[: start + 1] = np.where(np.asarray(share) > 0.0, line, found[: start + 1])
    return found, above


def _whole(surplus: Floats, share: float, cut: CutBids) -> Floats:
    """Ascending quantile table of all potential bidders from that of those who bid; see `ValueEstimate`."""
    bid = np.interp((PROBABILITIES - share) / (1.0 - share), PROBABILITIES, np.sort(surplus))
    below = surplus.max() if cut.procurement else cut.reserve
    away = below * (PROBABILITIES / share - 1.0) if share > 0.0 else bid
    table = np.where(share > PROBABILITIES, away, bid)
    return np.asarray(np.maximum(cut.reserve - table[::-1], 0.0) if cut.procurement else cut.reserve + table)


def misfit_of_numbers(cut: CutBids, share: float) -> float | None:
    """p-value of a binomial number of bids, by chi square with cells of 5 or more; None where too few can be compared.

    Args:
        cut: The bids.
        share: Share of potential bidders kept away.
    """
    from scipy.stats import binom, chi2

    numbers = np.arange(1, cut.potential + 1)
    chance = binom.pmf(numbers, cut.potential, 1.0 - share)
    expected = len(cut.num_bids) * chance / chance.sum()
    seen = np.bincount(cut.num_bids, minlength=cut.potential + 1)[1:].astype(np.float64)
    cells: list[list[float]] = [[0.0, 0.0]]
    for e, s in zip(expected, seen, strict=True):
        if cells[-1][0] >= 5.0:
            cells.append([0.0, 0.0])
        cells[-1][0] += float(e)
        cells[-1][1] += float(s)
    if len(cells) > 1 and cells[-1][0] < 5.0:
        last = cells.pop()
        cells[-1] = [cells[-1][0] + last[0], cells[-1][1] + last[1]]
    if len(cells) < 3:
        return None
    statistic = sum((s - e) ** 2 / e for e, s in cells)
    return float(chi2.sf(statistic, len(cells) - 2))


def piled_at_the_edge(estimates: list[ValueEstimate]) -> tuple[float, int] | None:
    """Whether bids pile up at the weakest one as if a reserve bound: the share of bids there, and how many bids.

    Below a reserve nobody bids, and above it bids stand thick, because the bid function is flat there: within a
    hundredth of the way to the median lie about 5 % of bids, while a density that is finite has under 1.5 %.
    """
    from scipy.stats import binomtest

    if not estimates:
        return None
    bids = np.concatenate([e.single_bids for e in estimates])
    middle = float(np.median(bids))
    edge = float(bids.max() if estimates[0].procurement else bids.min())
    if edge < 0.05 * middle or edge == middle:
        return None
    near = int(np.sum(np.abs(bids - edge) < 0.01 * abs(middle - edge)))
    if near < 5 or binomtest(near, len(bids), 0.015, alternative="greater").pvalue > 1e-4:
        return None
    return near / len(bids), near

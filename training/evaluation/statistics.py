"""Intervals and comparisons over named seeds.

Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice" (NeurIPS 2021) for the
interquartile mean and the probability of improvement; Efron and Tibshirani (1993) for the bootstrap.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval.

    Attributes:
        mean: The point estimate; NaN where it is not defined.
        low: Lower end of the interval; NaN where there is none, e.g. from a single seed.
        high: Upper end.
    """

    mean: float
    low: float
    high: float


def _finite_samples(samples: ArrayLike) -> Floats:
    array = np.asarray(samples, dtype=np.float64).ravel()
    if array.size == 0:
        raise ValueError("no samples: give at least one")
    return array


def t_interval(samples: ArrayLike, level: float = LEVEL) -> Estimate:
    """The mean with its Student t interval.

    Args:
        samples: One figure a seed, shape (seeds,). A NaN among them makes the whole estimate NaN.
        level: Coverage, in (0, 1).
    """
    from scipy.stats import t

    array = _finite_samples(samples)
    mean = float(array.mean())
    if array.size == 1:
        return Estimate(mean, np.nan, np.nan)
    half = float(t.ppf((1.0 + level) / 2.0, array.size - 1) * array.std(ddof=1) / np.sqrt(array.size))
    return Estimate(mean, mean - half, mean + half)


def bca_interval(
    samples: ArrayLike,
    statistic: Callable[..., Any] = np.mean,
    level: float = LEVEL,
    *,
    resamples: int = 9999,
    seed: int = 0,
) -> Estimate:
    """A statistic with its bias-corrected and accelerated bootstrap interval (Efron 1987), by `scipy.stats.bootstrap`.

    Args:
        samples: One figure a seed, shape (seeds,).
        statistic: Of a sample, with an `axis` argument, e.g. `numpy.mean`.
        level: Coverage, in (0, 1).
        resamples: Bootstrap samples.
        seed: Of the resampling.
    """
    from scipy.stats import bootstrap

    array = _finite_samples(samples)
    point = float(statistic(array, axis=0))
    if array.size == 1 or np.isnan(point):
        return Estimate(point, np.nan, np.nan)
    if np.all(array == array[0]):
        return Estimate(point, point, point)  # without spread the acceleration is 0 / 0
    interval = bootstrap(
        (array,),
        statistic,
        confidence_level=level,
        n_resamples=resamples,
        method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Estimate(point, float(interval.low), float(interval.high))


def interquartile_mean(samples: ArrayLike, axis: int | None = None) -> Any:
    """The mean of the middle half of the samples, over `axis` or all of them."""
    from scipy.stats import trim_mean

    return trim_mean(np.asarray(samples, dtype=np.float64), 0.25, axis=axis)


def zero_events_bound(trials: int, level: float = LEVEL) -> float:
    """The upper bound on a probability after no event in `trials`, about 3 / trials (the rule of three).

    Solves (1 - p)^trials = 1 - level; Hanley and Lippman-Hand (JAMA 1983).
    """
    if trials < 1:
        raise ValueError(f"trials={trials}: a bound needs at least one trial")
    return float(-np.expm1(np.log1p(-level) / trials))


def share_interval(events: int, trials: int, level: float = LEVEL) -> Estimate:
    """A share with its Clopper-Pearson interval; no event gives [0, the rule-of-three bound]."""
    from scipy.stats import beta

    if not 0 <= events <= trials or trials < 1:
        raise ValueError(f"{events} events in {trials} trials: give 0 <= events <= trials, and at least one trial")
    if events == 0:
        return Estimate(0.0, 0.0, zero_events_bound(trials, level))
    if events == trials:
        return Estimate(1.0, 1.0 - zero_events_bound(trials, level), 1.0)
    tail = (1.0 - level) / 2.0
    low = float(beta.ppf(tail, events, trials - events + 1))
    high = float(beta.ppf(1.0 - tail, events + 1, trials - events))
    return Estimate(events / trials, low, high)


def paired_difference(ours: ArrayLike, theirs: ArrayLike, level: float = LEVEL) -> Estimate:
    """The mean of `ours - theirs` over the same seeds, with its t interval.

    Raises:
        ValueError: The two do not have one figure for each of the same seeds.
    """
    mine, other = _finite_samples(ours), _finite_samples(theirs)
    if mine.shape != other.shape:
        raise ValueError(f"{mine.size} and {other.size} samples cannot be paired: give both for the same seeds")
    return t_interval(mine - other, level)


def probability_of_improvement(ours: ArrayLike, theirs: ArrayLike) -> float:
    """The chance that a run of ours beats a run of theirs, ties counting half (Mann-Whitney U over the product)."""
    mine, other = _finite_samples(ours), _finite_samples(theirs)
    above = np.sign(mine[:, None] - other[None, :])
    return float((above.mean() + 1.0) / 2.0)

"""Are the values the same whatever the number of bidders?

With independent private values and a number of bidders unrelated to them, the value distributions found for each
number agree; with a common value they fall as it grows, the winner's curse (Haile, Hong and Shum 2003, section 3).
Values that rise with it say that better goods draw more bidders, which the covariates did not take out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from econo_env.valuations.calibration.estimate import ValueEstimate
from econo_env.valuations.calibration.smoothing import PROBABILITIES

COMPARED = (0.1, 0.25, 0.5, 0.75, 0.9)
"""Probabilities at which value quantiles are compared."""


@dataclass(frozen=True)
class QuantileDifference:
    """Log of the value quantile for `num_bidders` over the same quantile for the base, with a 95 % band."""

    num_bidders: int
    base: int
    probability: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Value quantiles across numbers of bidders."""

    differences: tuple[QuantileDifference, ...]
    p_value: float
    """Of equal value distributions: the largest difference over its standard error, against the bootstrap."""
    median_trend: float
    """Slope of the log median value in the log number of bidders, weighted by auctions."""

    @property
    def verdict(self) -> str:
        """One sentence for a table or a report."""
        if self.p_value >= 0.05:
            return f"value distributions agree across numbers of bidders (p = {self.p_value:.2f})"
        way = "rise with" if self.median_trend > 0 else "fall with"
        p = f"p < {0.005:g}" if self.p_value < 0.005 else f"p = {self.p_value:.3f}"
        return f"value distributions differ: median values {way} the number of bidders ({p})"


def compare(estimates: Mapping[int, ValueEstimate]) -> Comparison | None:
    """Compares the estimates with that of the most auctions; None if there is only one."""
    if len(estimates) < 2:
        return None
    base = max(estimates, key=lambda n: estimates[n].auctions)
    at = [int(round(p * (len(PROBABILITIES) - 1))) for p in COMPARED]
    logs = {n: np.log(np.maximum(e.values[at], 1e-12)) for n, e in estimates.items()}
    drawn = {n: np.log(np.maximum(e.samples[:, at], 1e-12)) for n, e in estimates.items()}
    differences, ratio, centred = [], [], []
    for n in sorted(set(estimates) - {base}):
        gap, samples = logs[n] - logs[base], drawn[n] - drawn[base]
        error = np.maximum(samples.std(axis=0, ddof=1), 1e-12)
        low, high = np.quantile(samples, [0.025, 0.975], axis=0)
        for j, p in enumerate(COMPARED):
            differences.append(QuantileDifference(n, base, p, float(gap[j]), float(low[j]), float(high[j])))
        ratio.append(np.abs(gap) / error)
        centred.append(np.abs(samples - gap) / error)
    exceeds = np.max(np.concatenate(centred, axis=1), axis=1) >= np.max(np.concatenate(ratio))
    numbers = np.array(sorted(estimates))
    trend = np.polyfit(
        np.log(numbers),
        [logs[n][COMPARED.index(0.5)] for n in numbers],
        1,
        w=np.sqrt([estimates[n].auctions for n in numbers]),
    )[0]
    return Comparison(tuple(differences), float(exceeds.mean()), float(trend))

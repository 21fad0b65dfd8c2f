"""One figure of what several training seeds learned: training varies more than evaluation does.

Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice" (NeurIPS 2021).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from econo_env.training.evaluation.metrics import Metric, number
from econo_env.training.evaluation.statistics import (
    bca_interval,
    interquartile_mean,
    paired_difference,
    probability_of_improvement,
    t_interval,
)

Figures = Mapping[str, Metric]

_MORE_IS_BETTER = (
    "efficiency",
    "normalised_efficiency",
    "welfare",
    "interim_rational_share",
    "jain_index",
    "satisfaction",
)
_LESS_IS_BETTER = (
    "regret_mean",
    "regret_worst",
    "relative_gain",
    "utility_loss",
    "episode_regret_mean",
    "episode_relative_gain",
    "ex_post_loss_share",
    "worst_ex_post_loss",
    "deficit_share",
    "imbalance",
    "invalid_action_share",
    "gini_index",
    "largest_share",
)


def pooled(by_training_seed: Sequence[Figures]) -> dict[str, Metric]:
    """The mean over training seeds and, by evaluation seed, their mean.

    The interval is Student's t over training seeds or over draws, which all training seeds share, whichever is wider;
    where there is no spread at all, as in shares of 0, it reaches as far as those of the training seeds.
    """
    return {name: _pooled([figures[name] for figures in by_training_seed]) for name in by_training_seed[0]}


def _pooled(metrics: Sequence[Metric]) -> Metric:
    if len(metrics) == 1:
        return metrics[0]
    means = np.array([metric.mean for metric in metrics])
    by_seed = np.mean([metric.by_seed for metric in metrics], axis=0)
    low, high = max(
        ((found.low, found.high) for found in (t_interval(means), t_interval(by_seed))),
        key=lambda ends: np.nan_to_num(ends[1] - ends[0]),
    )
    if low == high:
        ends = np.array([metric.ci95 for metric in metrics])
        low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    return Metric(float(means.mean()), (low, high), metrics[0].unit, by_seed)


def difference(ours: Sequence[Metric], theirs: Metric) -> dict[str, Any]:
    """Ours minus theirs on the same draws; with several training seeds its t interval is over these."""
    mine = np.stack([metric.by_seed for metric in ours])
    if len(ours) == 1:
        estimate = paired_difference(mine[0], theirs.by_seed)
    else:
        estimate = paired_difference(mine.mean(axis=1), np.full(len(mine), theirs.by_seed.mean()))
    return {"mean": number(estimate.mean), "ci95": [number(estimate.low), number(estimate.high)], "unit": theirs.unit}


def improvement(name: str, ours: Sequence[Metric], theirs: Metric) -> float | None:
    """The chance that what a training seed learned does better on the same draws, ties counting half.

    None where the figure has no better side, as revenue, or is not defined.
    """
    base = name.split("_of_", maxsplit=1)[0]
    if base not in _MORE_IS_BETTER + _LESS_IS_BETTER:
        return None
    sign = 1.0 if base in _MORE_IS_BETTER else -1.0
    mine = sign * np.stack([metric.by_seed for metric in ours])
    if np.isnan(mine).any() or np.isnan(theirs.by_seed).any():
        return None
    by_draw = [probability_of_improvement(mine[:, k], [sign * figure]) for k, figure in enumerate(theirs.by_seed)]
    return float(np.mean(by_draw))


def interquartile_means(by_training_seed: Sequence[Figures]) -> dict[str, dict[str, Any]]:
    """The mean of the middle half of the training seeds, with its BCa bootstrap interval over them."""
    found = {}
    for name, first in by_training_seed[0].items():
        estimate = bca_interval([figures[name].mean for figures in by_training_seed], interquartile_mean)
        ends = [number(estimate.low), number(estimate.high)]
        found[name] = {"mean": number(estimate.mean), "ci95": ends, "unit": first.unit}
    return found

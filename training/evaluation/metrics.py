"""The figures of an evaluation: definitions, units and intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.markets.judging import PRIMARY
from training.evaluation.fairness import gini_index, jain_index, largest_share
from training.evaluation.play import Record
from training.evaluation.regret import Regret
from training.evaluation.statistics import Estimate, share_interval, t_interval

Floats = NDArray[np.float64]

_CLEAR = 0.999  # one-sided level at which a mean utility below 0 is no noise
_RATIONAL = -1e-9  # credits: an interim utility of 0 may come out as its rounding


@dataclass(frozen=True)
class Metric:
    """One figure.

    Attributes:
        mean: Mean over seeds; NaN where it is not defined.
        ci95: 95 % interval; NaN ends where there is none.
        unit: `share`, `credits` or `credits per round`.
        by_seed: The figure of each seed, shape (seeds,).
    """

    mean: float
    ci95: tuple[float, float]
    unit: str
    by_seed: Floats

    def to_json(self) -> dict[str, Any]:
        """Mean, interval and unit; null where not defined."""
        return {"mean": number(self.mean), "ci95": [number(end) for end in self.ci95], "unit": self.unit}


def number(figure: float) -> float | None:
    """The figure as JSON knows it: NaN and infinity become null."""
    return float(figure) if np.isfinite(figure) else None


def _metric(estimate: Estimate, unit: str, by_seed: Floats) -> Metric:
    return Metric(estimate.mean, (estimate.low, estimate.high), unit, by_seed)


def over_seeds(by_seed: Sequence[float] | Floats, unit: str) -> Metric:
    """The mean over seeds with its Student t interval."""
    array = np.asarray(by_seed, dtype=np.float64)
    return _metric(t_interval(array), unit, array)


def _pooled_share(events: Sequence[int], trials: Sequence[int]) -> Metric:
    """A share of rare events, pooled over seeds: Clopper-Pearson, the rule of three when there was none."""
    by_seed = np.asarray(events) / np.asarray(trials)
    return _metric(share_interval(sum(events), sum(trials)), "share", by_seed)


def ratio(part: float, whole: float) -> float:
    """The quotient, NaN where the whole is 0."""
    return part / whole if whole != 0 else float("nan")


PER_RECORD: Mapping[str, tuple[str, Callable[[Record], float]]] = {
    "welfare": ("credits per round", lambda r: r.realised[PRIMARY] / r.rounds),
    "revenue": ("credits per round", lambda r: r.revenue / r.rounds),
    "bidder_surplus": ("credits per round", lambda r: float(r.utility.sum()) / r.rounds),
    "seller_share": ("share", lambda r: ratio(r.revenue, r.revenue + float(r.utility.sum()))),
    "worst_ex_post_loss": ("credits", lambda r: r.worst_loss),
    "imbalance": ("credits", lambda r: r.imbalance),
    "jain_index": ("share", lambda r: jain_index(r.utility)),
    "gini_index": ("share", lambda r: gini_index(r.utility)),
    "largest_share": ("share", lambda r: largest_share(r.utility)),
}
"""Figures that one seed's record gives by itself: unit and definition."""


def efficiency(record: Record, measure: str) -> float:
    """Welfare as a share of the optimum."""
    return ratio(record.realised[measure], record.optimal[measure])


def _normalised(record: Record, base: Record, measure: str) -> float:
    """(W - W_base) / (W_optimal - W_base), each welfare as a share of the optimum of its own path of play.

    With one round the optima are the same and cancel. In longer play they differ: what agents did before decides who is
    eligible and what there is to gain.
    """
    reached, baseline = efficiency(record, measure), efficiency(base, measure)
    return ratio(reached - baseline, 1.0 - baseline)


def market_metrics(records: Sequence[Record], base: Sequence[Record]) -> dict[str, Metric]:
    """What play was worth.

    Args:
        records: One for each seed.
        base: For each seed, the better of random and zero-intelligence play on the same draws.
    """
    metrics: dict[str, Metric] = {}
    pairs = list(zip(records, base, strict=True))
    for measure in records[0].realised:
        suffix = "" if measure == PRIMARY else f"_of_{measure}"
        shares = [efficiency(record, measure) for record in records]
        normalised = [_normalised(r, b, measure) for r, b in pairs]
        metrics[f"efficiency{suffix}"] = over_seeds(shares, "share")
        metrics[f"normalised_efficiency{suffix}"] = over_seeds(normalised, "share")
    for name, (unit, of) in PER_RECORD.items():
        metrics[name] = over_seeds([of(record) for record in records], unit)
    best = [(r.revenue, r.revenue_at_best_reserve, r.rounds) for r in records if r.revenue_at_best_reserve is not None]
    if best:
        metrics["revenue_at_best_reserve"] = over_seeds(
            [most / rounds for _, most, rounds in best], "credits per round"
        )
        metrics["revenue_over_best_reserve"] = over_seeds([ratio(now, most) for now, most, _ in best], "share")
    moves, rounds = [r.moves for r in records], [r.rounds for r in records]
    metrics["ex_post_loss_share"] = _pooled_share([r.losses for r in records], moves)
    metrics["deficit_share"] = _pooled_share([r.deficits for r in records], rounds)
    decisions = [r.decisions for r in records]
    metrics["invalid_action_share"] = _pooled_share([r.invalid_actions for r in records], decisions)
    return metrics


def _rational_share(regret: Regret) -> Floats:
    """The share of types at which taking part is worth it, the same for each seed, shape (seeds,).

    A type counts as losing only where its mean utility over seeds is clear of noise, for many types earn nearly 0.
    """
    from scipy.stats import t

    seeds = len(regret.own_utility)
    mean, noise = regret.own_utility.mean(axis=0), np.zeros(len(regret.types))
    if seeds > 1:
        noise = t.ppf(_CLEAR, seeds - 1) * regret.own_utility.std(axis=0, ddof=1) / np.sqrt(seeds)
    return np.full(seeds, float((mean + noise >= _RATIONAL).mean()))


def regret_metrics(regrets: Sequence[Regret]) -> dict[str, Metric]:
    """What deviating would gain, and whether taking part is worth it, over all agents and types.

    `relative_gain` is the mean gain over the strategy's own mean utility, `utility_loss` 1 - u / u(best response).
    Every agent counts once: a role stands for its members.
    """
    sizes = np.array([len(regret.members) for regret in regrets], dtype=np.float64)

    def mean_over_agents(of: Callable[[Regret], Floats]) -> Floats:
        return np.asarray(np.average([of(regret) for regret in regrets], axis=0, weights=sizes))

    gain = mean_over_agents(lambda regret: regret.mean_gain)
    utility = mean_over_agents(lambda regret: regret.mean_utility)
    worst = max(regrets, key=lambda regret: float(regret.selected_gain.max()))
    rational = mean_over_agents(_rational_share)
    positive = utility > 0
    loss = np.where(utility + gain > 0, gain / np.where(utility + gain > 0, utility + gain, 1.0), 0.0)
    return {
        "interim_rational_share": over_seeds(rational, "share"),
        "regret_mean": over_seeds(gain, "credits"),
        "regret_worst": over_seeds(worst.worst_gain, "credits"),
        "relative_gain": over_seeds(np.where(positive, gain / np.where(positive, utility, 1.0), np.nan), "share"),
        "utility_loss": over_seeds(loss, "share"),
    }

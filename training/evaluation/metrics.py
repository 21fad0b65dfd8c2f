"""The figures of an evaluation: definitions, units and intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.games.welfare import PRIMARY
from econo_env.training.evaluation.fairness import gini_index, jain_index, largest_share
from econo_env.training.evaluation.play import Record
from econo_env.training.evaluation.statistics import share_interval, t_interval

Floats = NDArray[np.float64]

_HEADROOM = 1e-3  # of the optimum: a floor nearer to it leaves nothing to be normalised by
_OFF_THE_SCALE = -1.0  # normalised efficiency below it is no place between floor and optimum


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


def over_seeds(by_seed: Sequence[float] | Floats, unit: str, least: float = -np.inf, most: float = np.inf) -> Metric:
    """The mean over seeds with its Student t interval, within what the figure can be if every seed's figure is."""
    array = np.asarray(by_seed, dtype=np.float64)
    estimate = t_interval(array)
    low, high = estimate.low, estimate.high
    if np.all(array >= least) and np.all(array <= most):
        low, high = max(low, least), min(high, most)  # NaN first: it stays
    return Metric(estimate.mean, (low, high), unit, array)


def pooled_share(events: Sequence[int], trials: Sequence[int]) -> Metric:
    """A share of rare events, pooled over seeds: Clopper-Pearson, the rule of three when there was none.

    Events of one market come together, so the interval is at least as wide as Student's t over seeds.
    """
    by_seed = np.asarray(events) / np.asarray(trials)
    exact, spread = share_interval(sum(events), sum(trials)), over_seeds(by_seed, "share", 0.0, 1.0)
    low, high = np.fmin(exact.low, spread.ci95[0]), np.fmax(exact.high, spread.ci95[1])
    return Metric(exact.mean, (float(low), float(high)), "share", by_seed)


def ratio(part: float, whole: float) -> float:
    """The quotient, NaN where the whole is 0."""
    return part / whole if whole != 0 else float("nan")


_ANY, _LOSS, _SHARE = (-np.inf, np.inf), (0.0, np.inf), (0.0, 1.0)

PER_RECORD: Mapping[str, tuple[str, tuple[float, float], Callable[[Record], float]]] = {
    "welfare": ("credits per round", _ANY, lambda r: r.realised[PRIMARY] / r.rounds),
    "revenue": ("credits per round", _ANY, lambda r: r.revenue / r.rounds),
    "bidder_surplus": ("credits per round", _ANY, lambda r: float(r.utility.sum()) / r.rounds),
    "seller_share": ("share", _ANY, lambda r: ratio(r.revenue, r.revenue + float(r.utility.sum()))),
    "worst_ex_post_loss": ("credits", _LOSS, lambda r: r.worst_loss),
    "imbalance": ("credits", _LOSS, lambda r: r.imbalance),
    "jain_index": ("share", _SHARE, lambda r: jain_index(r.utility)),
    "gini_index": ("share", _SHARE, lambda r: gini_index(r.utility)),
    "largest_share": ("share", _SHARE, lambda r: largest_share(r.utility)),
}
"""Figures that one seed's record gives by itself: unit, what they can be, and definition."""


def efficiency(record: Record, measure: str) -> float:
    """Welfare as a share of the optimum."""
    return ratio(record.realised[measure], record.optimal[measure])


def _normalised(records: Sequence[Record], base: Sequence[Record], measure: str) -> Floats:
    """(W - W_base) / (W_optimal - W_base) by seed, each welfare as a share of the optimum of its own path of play.

    With one round the optima are the same and cancel. In longer play they differ: what agents did before decides who is
    eligible and what there is to gain. NaN where the floor reaches the optimum, or play lies further below the floor
    than the optimum lies above: then the quotient says how near floor and optimum are, not how play does.
    """
    reached = np.array([efficiency(record, measure) for record in records])
    floor = np.array([efficiency(record, measure) for record in base])
    headroom = 1.0 - floor
    if not headroom.mean() > _HEADROOM:
        return np.full(len(records), np.nan)
    # one headroom for all seeds: seeds whose floor happens to lie near the optimum must not outweigh the others
    scaled = (reached - floor) / headroom.mean()
    return scaled if scaled.mean() >= _OFF_THE_SCALE else np.full(len(records), np.nan)


def market_metrics(records: Sequence[Record], base: Sequence[Record]) -> dict[str, Metric]:
    """What play was worth.

    Args:
        records: One for each seed.
        base: For each seed, the better of random and zero-intelligence play on the same draws.
    """
    metrics: dict[str, Metric] = {}
    for measure in records[0].realised:
        suffix = "" if measure == PRIMARY else f"_of_{measure}"
        shares = [efficiency(record, measure) for record in records]
        normalised = _normalised(records, base, measure)
        metrics[f"efficiency{suffix}"] = over_seeds(shares, "share", most=1.0)
        metrics[f"normalised_efficiency{suffix}"] = over_seeds(normalised, "share", most=1.0)
    for name, (unit, (least, most), of) in PER_RECORD.items():
        metrics[name] = over_seeds([of(record) for record in records], unit, least, most)
    best = [(r.revenue, r.revenue_at_best_reserve, r.rounds) for r in records if r.revenue_at_best_reserve is not None]
    if best:
        metrics["revenue_at_best_reserve"] = over_seeds(
            [most / rounds for _, most, rounds in best], "credits per round"
        )
        metrics["revenue_over_best_reserve"] = over_seeds([ratio(now, most) for now, most, _ in best], "share")
    moves, rounds = [r.moves for r in records], [r.rounds for r in records]
    metrics["ex_post_loss_share"] = pooled_share([r.losses for r in records], moves)
    metrics["deficit_share"] = pooled_share([r.deficits for r in records], rounds)
    decisions = [r.decisions for r in records]
    metrics["invalid_action_share"] = pooled_share([r.invalid_actions for r in records], decisions)
    return metrics

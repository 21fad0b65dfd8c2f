"""The figures of a search for profitable splits into identities."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from econo_env.training.evaluation.identities import Identities, IdentityCost, break_even_bond
from econo_env.training.evaluation.metrics import Metric, over_seeds, pooled_share

_NOTHING = 1e-5  # credits a round: two names have twice the luck in a tie, which saves outbidding by a micro-credit


def identity_metrics(found: Sequence[Identities], cost: IdentityCost | None = None) -> dict[str, Metric]:
    """The curve Pi(k), and what deters.

    The curve and the shares are over all agents, a role counting once for each of its members. What an identity must
    cost is that of the role which gains most by a further one, as the samples of the choice tell.

    Args:
        found: One for each role.
        cost: What a bond costs.
    """
    sizes = [float(len(one.members)) for one in found]
    curve = np.average([one.gain for one in found], axis=0, weights=sizes)
    metrics = {
        f"identities_profit_{names}": over_seeds(curve[:, names - 1], "credits per round")
        for names in range(1, curve.shape[1] + 1)
    }
    if curve.shape[1] == 1:
        return metrics
    hardest = max(found, key=_selected_break_even)
    terms = cost or IdentityCost()
    cost_of_one = over_seeds(hardest.break_even, "credits per identity and round")
    metrics["identities_break_even_cost"] = _through(lambda gain: np.maximum(gain, 0.0), cost_of_one, cost_of_one.unit)
    metrics["identities_break_even_bond"] = _through(
        lambda gain: break_even_bond(gain, terms), cost_of_one, "credits per identity"
    )
    known = [one.instance_break_even for one in found]
    seeds = len(known[0])
    split = [sum(int((one[seed] > _NOTHING).sum()) for one in known) for seed in range(seeds)]
    met = [sum(one[seed].size for one in known) for seed in range(seeds)]
    metrics["identities_known_rivals_share"] = pooled_share(split, met)
    last = [one.instance_gain[..., -1] - one.instance_gain[..., 0] for one in found]
    metrics["identities_known_rivals_profit"] = over_seeds(
        np.average([one.mean(axis=1) for one in last], axis=0, weights=sizes), "credits per round", least=0.0
    )
    metrics["identities_known_rivals_worst_cost"] = over_seeds(
        np.max([one.max(axis=1) for one in known], axis=0), "credits per identity and round", least=0.0
    )
    return metrics


def _through(rising: Callable[[Any], Any], metric: Metric, unit: str) -> Metric:
    """A rising function of a figure: of its mean and of the ends of its interval."""
    low, high = (float(rising(end)) for end in metric.ci95)
    return Metric(float(rising(metric.mean)), (low, high), unit, rising(metric.by_seed))


def _selected_break_even(one: Identities) -> float:
    gains = one.selected.mean(axis=0)
    return float(np.max((gains[1:] - gains[0]) / np.arange(1, len(gains))))

"""Learners that hear what their own choice earned, and nothing of the others.

EXP3 and EXP3.S (Auer, Cesa-Bianchi, Freund and Schapire, SIAM J. Comput. 32, 2002), upper confidence bounds that
forget (Garivier and Moulines, ALT 2011), and Q-learning (Watkins and Dayan 1992) as in the literature on pricing.
"""

import math
from typing import NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.exponential import exp_of
from econo_env.engine.state import Float64s
from econo_env.policies.adaptive.memory import Memory, best_of, drawn, largest_of, place_of, sum_of

_LARGE = 1e100
_UNKNOWN = 1e-9
"""Below it an arm has been forgotten, or was never tried."""


class Exp3Params(NamedTuple):
    """Constants of EXP3 and EXP3.S."""

    exploration: float  # gamma in (0, 1]
    share: float  # alpha of EXP3.S: what every arm gets of all weight in a step; 0 is EXP3
    lowest: float  # credits, the least reward
    scale: float  # 1 / (largest reward - least)


@compiled
def exp3_learn(k: int, i: int, now: int, memory: Memory, params: Exp3Params, gains: Float64s, row: Float64s) -> None:
    """W <- w exp(gamma x / (p K)) for the arm played, x in [0, 1]; with a share, every w gains e alpha / K of all."""
    weights, arm = memory.values[k, i, memory.place[k, i]], memory.played[k, i]
    arms, total = weights.shape[0], sum_of(weights) if params.share > 0.0 else 0.0
    gain = (memory.earned[k, i] - params.lowest) * params.scale / memory.chance[k, i]
    weights[arm] *= math.exp(params.exploration * gain / arms)
    if params.share > 0.0:
        for one in range(arms):
            weights[one] += math.e * params.share / arms * total
    if weights[arm] > _LARGE:
        for one in range(arms):
            weights[one] /= _LARGE


@compiled
def exp3_choose(
    k: int, i: int, now: int, memory: Memory, params: Exp3Params, luck: float, detail: float, row: Float64s
) -> int:
    """P = (1 - gamma) w / W + gamma / K."""
    weights = memory.values[k, i, now]
    arms, total = weights.shape[0], sum_of(weights)
    arm = min(arms - 1, int(luck * arms)) if detail < params.exploration else drawn(weights, total, luck)
    memory.chance[k, i] = (1.0 - params.exploration) * weights[arm] / total + params.exploration / arms
    return arm


class BoundParams(NamedTuple):
    """Constants of the discounted upper confidence bound."""

    forgetting: float  # what a choice counts after one more, in (0, 1]
    width: float  # xi: the bonus is 2 sqrt(xi ln(N) / N_a)
    lowest: float  # credits
    scale: float


@compiled
def bound_learn(k: int, i: int, now: int, memory: Memory, params: BoundParams, gains: Float64s, row: Float64s) -> None:
    """Counts and sums of rewards fade by `forgetting`; the arm played gains one."""
    place, arm = memory.place[k, i], memory.played[k, i]
    sums, counts = memory.values[k, i, place], memory.counts[k, i, place]
    if params.forgetting < 1.0:
        for one in range(sums.shape[0]):
            sums[one] *= params.forgetting
            counts[one] *= params.forgetting
    sums[arm] += (memory.earned[k, i] - params.lowest) * params.scale
    counts[arm] += 1.0


@compiled
def bound_choose(
    k: int, i: int, now: int, memory: Memory, params: BoundParams, luck: float, detail: float, row: Float64s
) -> int:
    """The arm of the largest mean plus bonus; arms that were forgotten, or never tried, first."""
    sums, counts = memory.values[k, i, now], memory.counts[k, i, now]
    memory.chance[k, i] = 1.0
    unknown = 0
    for one in range(sums.shape[0]):
        unknown += 1 if counts[one] < _UNKNOWN else 0
    if unknown > 0:
        return _first_unknown(counts)
    spread, bounds = params.width * math.log(max(1.0, sum_of(counts))), row[: sums.shape[0]]
    for one in range(sums.shape[0]):
        bounds[one] = sums[one] / counts[one] + 2.0 * math.sqrt(spread / counts[one])
    return best_of(bounds)


@compiled
def _first_unknown(counts: Float64s) -> int:
    first = 0
    while counts[first] >= _UNKNOWN:
        first += 1
    return first


class QParams(NamedTuple):
    """Constants of Q-learning."""

    rate: float  # alpha
    discount: float  # gamma, delta
    exploration: float  # chance to explore at first
    decay: float  # beta: it is exploration * exp(-decay * t)


@compiled
def q_learn(k: int, i: int, now: int, memory: Memory, params: QParams, gains: Float64s, row: Float64s) -> None:
    """Q(s, a) += alpha (r + gamma max Q(s', .) - Q(s, a)), with the maximum from before."""
    place, arm = memory.place[k, i], memory.played[k, i]
    after, before = memory.values[k, i, now], memory.values[k, i, place]
    most = largest_of(after)
    target = memory.earned[k, i] + params.discount * most
    was = place_of(most, before) if now == place else best_of(before)
    best, worth = was, before[was]
    before[arm] += params.rate * (target - before[arm])
    if arm == was and before[arm] < worth:
        best = best_of(before)
    elif before[arm] > worth or (before[arm] == worth and arm < was):
        best = arm
    memory.steady[k, i] = memory.steady[k, i] + 1 if best == was else 0


@compiled
def q_learn_all(k: int, i: int, now: int, memory: Memory, params: QParams, gains: Float64s, row: Float64s) -> None:
    """The same for every arm, with what it would have earned, all with the maximum from before."""
    place = memory.place[k, i]
    after, before = memory.values[k, i, now], memory.values[k, i, place]
    later, was = params.discount * largest_of(after), best_of(before)
    for arm in range(before.shape[0]):
        before[arm] += params.rate * (gains[arm] + later - before[arm])
    memory.steady[k, i] = memory.steady[k, i] + 1 if best_of(before) == was else 0


@compiled
def q_choose(
    k: int, i: int, now: int, memory: Memory, params: QParams, luck: float, detail: float, row: Float64s
) -> int:
    """Any arm with the chance to explore, else the best, by lot among several."""
    values: Float64s = memory.values[k, i, now]
    arms, chance = values.shape[0], params.exploration * exp_of(-params.decay * memory.made[k, i])
    memory.chance[k, i] = 1.0
    if luck < chance:
        return int(min(arms - 1, detail * arms))
    best, alike = int(best_of(values)), 0
    for one in range(arms):
        alike += values[one] == values[best]
    if alike == 1:
        return best
    left = min(alike - 1, int(detail * alike))
    for one in range(arms):
        if values[one] == values[best]:
            if left == 0:
                return one
            left -= 1
    return best

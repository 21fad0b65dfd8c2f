"""A learner with a sensor: it notices that what it earns has changed, and begins anew.

CUSUM-UCB (Liu, Lee and Shroff, "A change-detection based framework for piecewise-stationary multi-armed bandit
problem", AAAI 2018): each arm has two sums, of how far its payoffs lie above its mean and of how far below; where one
passes the limit the market has changed, and all arms are forgotten. Choices by lot find changes in arms that are not
played. Arms that are known to earn less than a floor are not played while there are others.
"""

import math
from typing import NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s
from econo_env.policies.adaptive.memory import Memory, largest_of, sum_of

ABOVE, BELOW = 0, 1
"""Rows of `Memory.recent`: the two sums of each arm."""
KNOWN = 3.0
"""Payoffs after which a mean is one to compare payoffs with."""
SURE = 10.0
"""Payoffs after which an arm can be found to earn less than the floor."""


class SensingParams(NamedTuple):
    """Constants of the learner; payoffs are scaled to [0, 1]."""

    exploration: float  # share of choices by lot
    width: float  # xi: the bonus is 2 sqrt(xi ln(N) / N_a)
    drift: float  # what a payoff may lie off its mean at no charge
    limit: float  # of the sums
    floor: float  # the least mean of an arm that is played
    lowest: float  # credits
    scale: float  # 1 / (largest reward - least)


@compiled
def sensing_learn(
    k: int, i: int, now: int, memory: Memory, params: SensingParams, gains: Float64s, row: Float64s
) -> None:
    """Adds the payoff to its arm; where its sums pass the limit all arms of the situation are forgotten.

    `memory.steady` counts the alarms.
    """
    place, arm = memory.place[k, i], memory.played[k, i]
    sums, counts, off = memory.values[k, i, place], memory.counts[k, i, place], memory.recent[k, i]
    payoff = (memory.earned[k, i] - params.lowest) * params.scale
    if counts[arm] >= KNOWN:
        mean = sums[arm] / counts[arm]
        off[ABOVE, arm] = max(0.0, off[ABOVE, arm] + payoff - mean - params.drift)
        off[BELOW, arm] = max(0.0, off[BELOW, arm] + mean - payoff - params.drift)
        if max(off[ABOVE, arm], off[BELOW, arm]) > params.limit:
            memory.steady[k, i] += 1
            for one in range(sums.shape[0]):
                sums[one] = counts[one] = off[ABOVE, one] = off[BELOW, one] = 0.0
    sums[arm] += payoff
    counts[arm] += 1.0


@compiled
def sensing_choose(
    k: int, i: int, now: int, memory: Memory, params: SensingParams, luck: float, detail: float, row: Float64s
) -> int:
    """An arm by lot with the chance to explore, else that of the largest mean plus bonus; below the floor none.

    Where all are below the floor the one of the largest mean.
    """
    sums, counts = memory.values[k, i, now], memory.counts[k, i, now]
    arms, explores, worth = sums.shape[0], luck < params.exploration, row[: sums.shape[0]]
    memory.chance[k, i] = 1.0
    start, spread = int(detail * arms), params.width * math.log(max(1.0, sum_of(counts)))
    for one in range(arms):
        mean = sums[one] / max(1.0, counts[one])
        bound = mean + 2.0 * math.sqrt(spread / counts[one]) if counts[one] >= 1.0 else math.inf
        step = one - start if one >= start else one - start + arms
        free = -float(step) if explores else bound  # explored: the first from a place drawn by lot
        poor = counts[one] >= SURE and mean < params.floor
        worth[one] = mean - params.floor - 1e9 if poor else free
    return first_from(start, largest_of(worth), worth)


@compiled
def first_from(start: int, number: float, row: Float64s) -> int:
    """The first place, counted from `start` on and round, at which a number stands that is in the row."""
    arms = row.shape[0]
    steps = arms
    for one in range(arms):
        step = one - start if one >= start else one - start + arms
        steps = min(steps, step) if row[one] == number else steps
    return int((start + steps) % arms)

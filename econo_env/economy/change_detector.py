"""A change detector beside the reputation: cumulative sums notice in a few contracts that an agent has changed.

A reputation that forgets 2 % of what it knows with each contract needs 87 contracts to fall below 0.3 after a
reliability drops from 0.9 to 0.3. Page's cumulative sum of log-likelihood ratios, floored at 0, needs about 7.
"""

import math
from typing import NamedTuple

from econo_env.engine.compiled import compiled


class Detector(NamedTuple):
    """Constants of a detector: what a failure adds, what a success takes away, and where it alarms."""

    failure: float
    success: float
    limit: float


def detector(before: float, after: float, limit: float) -> Detector:
    """A detector of a reliability that falls.

    Args:
        before: Reliability that is as it should be, in (0, 1).
        after: Reliability to be noticed, in (0, before).
        limit: h, the sum at which it alarms, above 0; see `limit_for`.

    Raises:
        ValueError: A number is out of its range.
    """
    if not 0.0 < after < before < 1.0 or not limit > 0.0:
        raise ValueError(
            f"reliability from {before:g} to {after:g} with limit {limit:g}: it must fall inside (0, 1), and the limit "
            f"be above 0"
        )
    return Detector(math.log((1.0 - after) / (1.0 - before)), math.log(after / before), limit)


@compiled
def watch(total: float, good: bool, weight: float, rule: Detector) -> float:
    """The sum after one more contract; it alarms where this reaches the limit.

    Args:
        total: The sum before, 0 at the start and after an alarm was dealt with.
        good: Whether the contract was kept.
        weight: From 0 to 1, as in the reputation: tiny contracts can wipe out what is known no faster than large ones.
        rule: The detector.
    """
    return max(0.0, total + weight * (rule.success if good else rule.failure))


@compiled
def alarms(total: float, rule: Detector) -> bool:
    """Whether the sum has reached the limit."""
    return total >= rule.limit


Sums = dict[tuple[int, int], float]
"""Probability of each sum, known by the successes and failures since it was last 0: there are finitely many."""


def _step(now: Sums, reliability: float, rule: Detector) -> tuple[Sums, float]:
    """The sums after one more contract among those without an alarm, and the probability of an alarm at it."""
    following: Sums = {}
    alarmed = 0.0
    for (good, bad), probability in now.items():
        for succeeds, chance in ((1, reliability), (0, 1.0 - reliability)):
            counts = (good + succeeds, bad + 1 - succeeds)
            total = counts[0] * rule.success + counts[1] * rule.failure
            if total >= rule.limit:
                alarmed += probability * chance
                continue
            key = counts if total > 0.0 else (0, 0)
            following[key] = following.get(key, 0.0) + probability * chance
    return following, alarmed


def false_alarms(reliability: float, rule: Detector, contracts: int = 50) -> float:
    """Probability of an alarm within that many contracts, although nothing changed; exact, weights all 1."""
    now, total = {(0, 0): 1.0}, 0.0
    for _ in range(contracts):
        now, alarmed = _step(now, reliability, rule)
        total += alarmed
    return total


def mean_delay(before: float, after: float, rule: Detector, quiet: int = 50, longest: int = 400) -> float:
    """Contracts from a change until the alarm on average; exact, weights all 1, truncated at `longest`.

    Args:
        before: Reliability before the change.
        after: Reliability from then on.
        rule: The detector.
        quiet: Contracts before the change, in which there was no alarm; with 0 the change finds the sum at 0, the
            longest delay.
        longest: Contracts after the change that are looked at.
    """
    now: Sums = {(0, 0): 1.0}
    for _ in range(quiet):
        now, _ = _step(now, before, rule)
    quietly, delay = sum(now.values()), 0.0
    for at in range(1, longest + 1):
        now, alarmed = _step(now, after, rule)
        delay += at * alarmed
    return delay / quietly


def limit_for(before: float, after: float, share: float, contracts: int = 50) -> float:
    """The least limit h with at most that share of false alarms in so many contracts, to 0.001.

    Raises:
        ValueError: `share` is not in (0, 1), or see `detector`.
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"a share of false alarms of {share:g}: give a number in (0, 1)")
    low, high = 0.0, 1.0
    while false_alarms(before, detector(before, after, high), contracts) > share:
        low, high = high, 2.0 * high
    while high - low > 1e-3:
        middle = 0.5 * (low + high)
        if false_alarms(before, detector(before, after, middle), contracts) > share:
            low = middle
        else:
            high = middle
    return high

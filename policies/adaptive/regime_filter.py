"""A learner that remembers regimes, and believes in the one that explains what it earns.

A market of regimes that come back is a hidden Markov chain. For each regime the learner keeps what every arm paid, as a
histogram; its belief in each follows from them by Bayes' rule (the filter of Hamilton, Econometrica 57, 1989), and it
plays a regime drawn by its belief (Thompson sampling in switching environments: Mellor and Shapiro, AISTATS 2013). An
arm that pays alike in all regimes tells nothing, so belief drifts towards the others until one of their arms is tried.
One regime is always empty: what nothing known explains is a new one, and is learned from the beginning.
"""

import math
from typing import NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s
from econo_env.policies.adaptive.memory import Memory, drawn

BINS = 10
"""Of a histogram of payoffs, from the least reward to the largest."""
AGES = 8
HELD, ARM, PLACE, BIN, PAYOFF, AGAIN, CALM, NEW = range(8)
ALL = NEW + AGES
NOTES = ALL + AGES
"""Places of `Memory.notes`: the payoff that is held back (if any, its arm, row of situation, bin, amount), whether its
arm is tried again, and by age of a histogram how many payoffs were in bins not seen before, and of how many."""
SURE = 10.0
"""Payoffs after which an arm can be found to earn less than the floor."""


class FilterParams(NamedTuple):
    """Constants of the learner; payoffs are scaled to [0, 1]."""

    regimes: int  # places for regimes, one of them empty
    hazard: float  # chance in a choice that another known regime begins
    novelty: float  # chance in a choice that an unknown one begins
    surprise: float  # an arm is tried again whose payoff had less than this times the chance of any bin
    most: float  # payoffs of an arm that count: beyond them all are halved
    exploration: float  # share of choices by lot as a regime is found, ...
    patience: float  # ... and half of it after so many choices without another new one
    width: float  # xi: the bonus is 2 sqrt(xi ln(N) / N_a)
    floor: float  # the least mean of an arm that is played
    lowest: float  # credits
    scale: float  # 1 / (largest reward - least)


@compiled
def _tries(k: int, i: int, regime: int, memory: Memory, params: FilterParams) -> float:
    """Payoffs that a regime has been credited with, over all its situations."""
    total, counts = 0.0, memory.counts[k, i]
    for row in range(regime, counts.shape[0], params.regimes):
        for arm in range(counts.shape[1]):
            total += counts[row, arm]
    return total


@compiled
def _empty(k: int, i: int, memory: Memory, params: FilterParams) -> int:
    """The regime of which nothing is known; where there is none the one of the fewest payoffs is forgotten for it.

    Never the likeliest.
    """
    least, fewest, likeliest = -1, math.inf, _likeliest(memory.belief[k, i])
    for regime in range(params.regimes):
        tries = _tries(k, i, regime, memory, params)
        if regime != likeliest and tries < fewest:
            least, fewest = regime, tries
    if fewest > 0.0:
        for row in range(least, memory.counts.shape[2], params.regimes):
            for arm in range(memory.counts.shape[3]):
                memory.values[k, i, row, arm] = memory.counts[k, i, row, arm] = 0.0
                for one in range(BINS):
                    memory.bins[k, i, row, arm, one] = 0.0
        memory.belief[k, i, least] = 0.0
    return least


@compiled
def _likeliest(belief: Float64s) -> int:
    """The regime of the largest belief, the first of several."""
    best = 0
    for regime in range(1, belief.shape[0]):
        if belief[regime] > belief[best]:
            best = regime
    return best


@compiled
def filter_learn(
    k: int, i: int, now: int, memory: Memory, params: FilterParams, gains: Float64s, row: Float64s
) -> None:
    """Moves the belief by what the arm paid; what the one before it paid is credited to the regime now likeliest.

    `memory.steady` counts how often another became the likeliest.
    """
    belief, arm, at = memory.belief[k, i], memory.played[k, i], memory.place[k, i] * params.regimes
    payoff, before = (memory.earned[k, i] - params.lowest) * params.scale, _likeliest(belief)
    seen = int(min(BINS - 1.0, max(0.0, payoff * BINS)))
    empty, total = _empty(k, i, memory, params), 0.0
    notes, expected = memory.notes[k, i], 1.0
    for regime in range(params.regimes):
        comes = params.novelty if regime == empty else params.hazard / max(1, params.regimes - 2)
        likely = belief[regime] + comes * (1.0 - belief[regime])
        if regime not in (empty, before) and _tries(k, i, regime, memory, params) == 0.0:
            likely = 0.0  # of those without a payoff one is enough
        chance = _likelihood(k, i, at + regime, arm, seen, memory)
        expected = chance if regime == before else expected
        belief[regime] = likely * chance
        total += belief[regime]
    for regime in range(params.regimes):
        belief[regime] /= total
    best = _likeliest(belief)
    if best != before:
        memory.steady[k, i] += 1
    notes[CALM] = 0.0 if best == empty else notes[CALM] + 1.0
    _credit(k, i, best, memory, params)
    surprised = best == before and expected * BINS < params.surprise and notes[AGAIN] == 0.0
    notes[AGAIN] = 1.0 if surprised else 0.0
    notes[ARM], notes[PLACE], notes[BIN], notes[PAYOFF], notes[HELD] = arm, at, seen, payoff, 1.0


@compiled
def _age(count: float) -> int:
    """After how many payoffs, in powers of two up to AGES - 1."""
    return min(AGES - 1, int(math.log2(max(1.0, count)) + 1e-9))


@compiled
def _likelihood(k: int, i: int, row: int, arm: int, seen: int, memory: Memory) -> float:
    """Of a payoff in a bin: by the share of the payoffs there, or of those that fell into bins not seen before.

    How often that happens after so many payoffs of an arm is learned, over all arms and regimes (as PPM estimates
    escapes); before anything is known all bins are alike.
    """
    kept, count, notes = memory.bins[k, i, row, arm], memory.counts[k, i, row, arm], memory.notes[k, i]
    if count == 0.0:
        return 1.0 / BINS
    known = 0
    for one in range(BINS):
        known += 1 if kept[one] > 0.0 else 0
    age = _age(count)
    escapes = (notes[NEW + age] + 0.5) / (notes[ALL + age] + 1.0)
    if known == BINS:
        escapes = 0.0
    return float((1.0 - escapes) * kept[seen] / count) if kept[seen] > 0.0 else escapes / (BINS - known)


@compiled
def _credit(k: int, i: int, regime: int, memory: Memory, params: FilterParams) -> None:
    """Adds the payoff that is held back to the histogram of its arm in a regime; of too many all count half."""
    notes = memory.notes[k, i]
    if notes[HELD] == 0.0:
        return
    row, arm, seen = int(notes[PLACE]) + regime, int(notes[ARM]), int(notes[BIN])
    kept, count = memory.bins[k, i, row, arm], memory.counts[k, i, row, arm]
    if count > 0.0:
        age = _age(count)
        notes[ALL + age] += 1.0
        notes[NEW + age] += 1.0 if kept[seen] == 0.0 else 0.0
    if count >= params.most:
        memory.values[k, i, row, arm] *= 0.5
        memory.counts[k, i, row, arm] *= 0.5
        for one in range(BINS):
            kept[one] *= 0.5
    memory.values[k, i, row, arm] += notes[PAYOFF]
    memory.counts[k, i, row, arm] += 1.0
    kept[seen] += 1.0


@compiled
def filter_choose(
    k: int, i: int, now: int, memory: Memory, params: FilterParams, luck: float, detail: float, row: Float64s
) -> int:
    """An arm by lot with the chance to explore, else that of the largest mean plus bonus in a regime drawn by belief.

    Below the floor none, while there are others; where all are below it the one of the largest mean.
    """
    belief = memory.belief[k, i]
    if memory.notes[k, i, AGAIN] > 0.0:
        memory.chance[k, i] = 1.0
        return int(memory.notes[k, i, ARM])
    lot = params.exploration / (1.0 + memory.notes[k, i, CALM] / params.patience)
    explores, start = luck < lot, int(detail * memory.counts.shape[3])
    chance = (luck - lot) / (1.0 - lot)
    regime = _likeliest(belief) if explores else drawn(belief, 1.0, chance)
    sums = memory.values[k, i, now * params.regimes + regime]
    counts, total = memory.counts[k, i, now * params.regimes + regime], 0.0
    arms = sums.shape[0]
    for one in range(arms):
        total += counts[one]
    memory.chance[k, i] = 1.0
    best, most = start, -math.inf
    for step in range(arms):
        one = (start + step) % arms
        mean = sums[one] / max(1.0, counts[one])
        if counts[one] >= SURE and mean < params.floor:
            worth = mean - params.floor - 1e9
        elif explores:
            worth = float(-step)  # the first from a place drawn by lot
        elif counts[one] < 1.0:
            worth = math.inf
        else:
            worth = mean + 2.0 * math.sqrt(params.width * math.log(max(1.0, total)) / counts[one])
        if worth > most:
            best, most = one, worth
    return best

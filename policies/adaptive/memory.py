"""What a learner remembers, by market and agent, and the loop that learns from one choice and makes the next."""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import LEARNING, two_uniforms
from econo_env.engine.state import Bools, Column, Float32s, Float64s, Int64s, UInt64s

NOTHING = -1
"""The arm of those who have chosen none."""


class Memory(NamedTuple):
    """What learners remember; the first two axes of all arrays are markets and agents."""

    values: Annotated[Float64s, Column(np.float64, ("agents", "situations", "arms"), "what an arm is held to be worth")]
    counts: Annotated[Float64s, Column(np.float64, ("agents", "situations", "arms"), "how often it was chosen")]
    bins: Annotated[
        Float64s, Column(np.float64, ("agents", "situations", "arms", "bins"), "how often it paid about so much")
    ]
    belief: Annotated[Float64s, Column(np.float64, ("agents", "regimes"), "chance that the market is in a regime")]
    notes: Annotated[Float64s, Column(np.float64, ("agents", "notes"), "what else a learner writes down")]
    recent: Annotated[Float64s, Column(np.float64, ("agents", "window", "arms"), "payoffs of the last choices")]
    chance: Annotated[Float64s, Column(np.float64, ("agents",), "with which the last arm was chosen")]
    earned: Annotated[Float64s, Column(np.float64, ("agents",), "credits since the last choice")]
    made: Annotated[Int64s, Column(np.int64, ("agents",), "choices learned from")]
    played: Annotated[Int64s, Column(np.int64, ("agents",), "the last arm, -1 for none")]
    place: Annotated[Int64s, Column(np.int64, ("agents",), "the situation in which it was chosen")]
    steady: Annotated[Int64s, Column(np.int64, ("agents",), "choices since the best arm of a situation last changed")]
    seen: Annotated[Float32s, Column(np.float32, ("agents", "features"), "what was observed then, where it is needed")]
    waits: Annotated[Bools, Column(np.bool_, ("agents",), "there is something to learn from")]


class Luck(NamedTuple):
    """What draws follow from."""

    keys: UInt64s  # (markets,)
    call: int  # number of the call, which tells draws apart


@compiled
def best_of(row: Float64s) -> int:
    """The place of the largest entry, the first of several."""
    best = 0
    for arm in range(1, row.shape[0]):
        if row[arm] > row[best]:
            best = arm
    return best


@compiled
def sum_of(row: Float64s) -> float:
    """The sum of the entries, every fourth by itself: one long chain of additions would take four times as long."""
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    whole = row.shape[0] - row.shape[0] % 4
    for arm in range(0, whole, 4):
        first += row[arm]
        second += row[arm + 1]
        third += row[arm + 2]
        fourth += row[arm + 3]
    for arm in range(whole, row.shape[0]):
        first += row[arm]
    return (first + second) + (third + fourth)


@compiled
def drawn(row: Float64s, total: float, luck: float) -> int:
    """A place with chances in proportion to a row of weights that add up to `total`; `luck` in [0, 1)."""
    left = luck * total
    for arm in range(row.shape[0]):
        left -= row[arm]
        if left < 0.0:
            return arm
    last = int(row.shape[0]) - 1  # rounding has left a little: the last that has any chance
    while row[last] <= 0.0 and last > 0:
        last -= 1
    return last


@compiled
def learn_and_choose(
    learn: Any,
    choose: Any,
    first: int,
    last: int,
    memory: Memory,
    params: Any,
    payoffs: Float64s,
    luck: Luck,
    situation: Int64s,
    fresh: Bools,
    mask: Bools,
    rows: Float64s,
) -> None:
    """One choice of every agent in the markets of a range.

    Args:
        learn: `(k, i, memory, params, payoffs)`: takes in what came of the last choice.
        choose: `(k, i, situation, memory, params, luck, detail, row)`: an arm; writes its chance into the memory.
        first: The first market.
        last: The one after the last.
        memory: What is remembered.
        params: Constants of the learner.
        payoffs: Of each arm in the last choice, credits (markets, agents, arms); no entries where nobody knows.
        luck: Of this call.
        situation: What each agent is in, (markets, agents).
        fresh: Where choices are made, (markets,); elsewhere the last ones stand.
        mask: False where an agent may only do nothing, (markets, agents).
        rows: Room for a number an arm, (markets, arms); that of the first market is used.
    """
    row = rows[first]
    for k in range(first, last):
        if not fresh[k]:
            continue
        for i in range(mask.shape[1]):
            now = situation[k, i]
            if memory.waits[k, i]:
                learn(k, i, now, memory, params, payoffs, row)
                memory.made[k, i] += 1
            memory.earned[k, i] = 0.0
            memory.waits[k, i] = mask[k, i]
            memory.played[k, i] = NOTHING
            if mask[k, i]:
                first_draw, detail = two_uniforms(luck.keys[k], 0, luck.call, LEARNING, i)
                memory.played[k, i] = choose(k, i, now, memory, params, first_draw, detail, row)
                memory.place[k, i] = now

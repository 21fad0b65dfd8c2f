"""What a learner remembers, by market and agent, and the loop that learns from one choice and makes the next."""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.exponential import LANES
from econo_env.engine.rng import LEARNING, TWO_TO_MINUS_53, fill_with_pairs
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
    seen: Annotated[Float32s, Column(np.float32, ("agents", "features"), "what was observed then, as far as needed")]
    waits: Annotated[Bools, Column(np.bool_, ("agents",), "there is something to learn from")]


class Luck(NamedTuple):
    """What draws follow from."""

    keys: UInt64s  # (markets,)
    call: int  # number of the call, which tells draws apart


class Room(NamedTuple):
    """Room to work in, for one market; as arrays of a batch each has the market as first axis.

    Rows of arms are filled up to whole lanes.
    """

    rows: Annotated[Float64s, Column(np.float64, ("agents", "lanes"), "a number an arm, of each agent")]
    gains: Annotated[Float64s, Column(np.float64, ("lanes",), "credits that each arm would have earned")]
    draws: Annotated[Int64s, Column(np.int64, ("agents",), "luck of each agent, 2^53 is 1")]
    details: Annotated[Int64s, Column(np.int64, ("agents",), "more of it")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "of the last round, micro-credits")]
    units: Annotated[Int64s, Column(np.int64, ("agents",), "of one clearing")]
    pays: Annotated[Int64s, Column(np.int64, ("agents",), "of one clearing")]
    order: Annotated[Int64s, Column(np.int64, ("places",), "who has the first places of the ranking")]


@compiled
def room_of(rooms: Room, k: int) -> Room:
    """The room of one market."""
    return Room(
        rooms.rows[k],
        rooms.gains[k],
        rooms.draws[k],
        rooms.details[k],
        rooms.bids[k],
        rooms.units[k],
        rooms.pays[k],
        rooms.order[k],
    )


@compiled
def largest_of(row: Float64s) -> float:
    """The largest entry, every fourth by itself as in `sum_of`; no entry is NaN."""
    first, second, third, fourth = row[0], row[0], row[0], row[0]
    whole = row.shape[0] - row.shape[0] % 4
    for arm in range(0, whole, 4):
        first = row[arm] if row[arm] > first else first
        second = row[arm + 1] if row[arm + 1] > second else second
        third = row[arm + 2] if row[arm + 2] > third else third
        fourth = row[arm + 3] if row[arm + 3] > fourth else fourth
    for arm in range(whole, row.shape[0]):
        first = row[arm] if row[arm] > first else first
    first, third = first if first > second else second, third if third > fourth else fourth
    return float(first if first > third else third)


@compiled
def place_of(number: float, row: Float64s) -> int:
    """The first place at which a number stands that is in the row."""
    place = row.shape[0] - 1
    for arm in range(row.shape[0] - 1, -1, -1):
        place = arm if row[arm] == number else place
    return int(place)


@compiled
def best_of(row: Float64s) -> int:
    """The place of the largest entry, the first of several."""
    return place_of(largest_of(row), row)


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
    """A place with chances in proportion to a row of weights from 0 on that add up to `total`; `luck` in [0, 1)."""
    left, place = luck * total, 0
    for arm in range(row.shape[0]):  # without a way out, so that the next agent's work goes on beside it
        left -= row[arm]
        place += 1 if left >= 0.0 else 0
    if place < row.shape[0]:
        return place
    return last_with_a_chance(int(row.shape[0]) - 1, row)  # rounding has left a little


@compiled
def lanes_sum(lanes: int, row: Float64s) -> float:
    """The sum of `LANES` entries, the first of them `lanes` times as many from the start of a row."""
    at = np.uint64(lanes * LANES)
    one, two = row[at] + row[at + np.uint64(4)], row[at + np.uint64(1)] + row[at + np.uint64(5)]
    three, four = row[at + np.uint64(2)] + row[at + np.uint64(6)], row[at + np.uint64(3)] + row[at + np.uint64(7)]
    return float((one + three) + (two + four))


@compiled
def sum_in_lanes(row: Float64s) -> float:
    """The sum of a row of whole lanes, as `drawn_in_lanes` adds it up."""
    total = 0.0
    for lanes in range(row.shape[0] // LANES):
        total += lanes_sum(lanes, row)
    return total


@compiled
def drawn_in_lanes(row: Float64s, total: float, luck: float) -> int:
    """The same as `drawn` of a row of whole lanes: first which `LANES` entries, then which of them."""
    left, here = luck * total, 0
    for lanes in range(row.shape[0] // LANES - 1):
        weight = lanes_sum(lanes, row)
        beyond = here == lanes and left >= weight
        left -= weight if beyond else 0.0
        here += 1 if beyond else 0
    place = here * LANES
    at = np.uint64(place)
    for lane in range(LANES):
        left -= row[at + np.uint64(lane)]
        place += 1 if left >= 0.0 else 0
    return last_with_a_chance(min(place, row.shape[0] - 1), row)


@compiled
def last_with_a_chance(place: int, row: Float64s) -> int:
    """A place, or where rounding has led to one of no weight the last of some before it."""
    while row[place] <= 0.0 and place > 0:
        place -= 1
    return place


@compiled
def weigh_nothing(k: int, situation: Int64s, memory: Memory, params: Any, rows: Float64s) -> None:
    """For learners that work out all they need as they choose."""


@compiled
def learn_and_choose(  # noqa: PLR0917
    learn: Any,
    weigh: Any,
    choose: Any,
    action_of: Any,
    meet: Any,
    hear: Any,
    rule: Any,
    first: int,
    last: int,
    memory: Memory,
    params: Any,
    arms: Any,
    rounds: Any,
    seen: Float32s,
    luck: Luck,
    situation: Int64s,
    fresh: Bools,
    mask: Bools,
    rooms: Room,
    actions: Float32s,
) -> None:
    """One choice of every agent in the markets of a range.

    What agents of a market do alike stands in loops of its own: what one has to wait for, the next has no need of.

    Args:
        learn: `(k, i, situation, memory, params, gains, row)`: takes in what came of the last choice.
        weigh: `(k, situations, memory, params, rows)`: works out what `choose` finds in its row, for all agents.
        choose: `(k, i, situation, memory, params, luck, detail, row)`: an arm; writes its chance into the memory.
        action_of: `(arms, seen, arm)`: the action of an arm for what one agent sees; see `Arms.compiled`.
        meet: `(k, rounds, seen, luck, room)`: takes in what a market shows of the last round.
        hear: `(rule, action_of, k, i, memory, arms, rounds, luck, room)`: fills in what each arm would have earned.
        rule: What `hear` calls.
        first: The first market.
        last: The one after the last.
        memory: What is remembered.
        params: Constants of the learner.
        arms: Constants of `action_of`.
        rounds: Constants of `meet` and `hear`.
        seen: Observations, (markets, agents, features).
        luck: Of this call.
        situation: What each agent is in, (markets, agents).
        fresh: Where choices are made, (markets,); elsewhere the last ones stand.
        mask: False where an agent may only do nothing, (markets, agents).
        rooms: Room to work in; that of the first market is used.
        actions: Filled in, (markets, agents, 1): 0 where one may only do nothing, or has chosen no arm. No entries
            where somebody else works them out.
    """
    room = room_of(rooms, first)
    for k in range(first, last):
        if fresh[k]:
            fill_with_pairs(luck.keys[k], 0, luck.call, LEARNING, room.draws, room.details)
            meet(k, rounds, seen, luck, room)
            for i in range(mask.shape[1]):
                now = situation[k, i]
                if memory.waits[k, i]:
                    hear(rule, action_of, k, i, memory, arms, rounds, luck, room)
                    learn(k, i, now, memory, params, room.gains, room.rows[i])
                    memory.made[k, i] += 1
                memory.earned[k, i] = 0.0
                memory.waits[k, i] = mask[k, i]
                for feature in range(memory.seen.shape[2]):
                    memory.seen[k, i, feature] = seen[k, i, feature]
            weigh(k, situation, memory, params, room.rows)
            for i in range(mask.shape[1]):
                memory.played[k, i] = NOTHING
                if mask[k, i]:
                    now = situation[k, i]
                    draw, detail = room.draws[i] * TWO_TO_MINUS_53, room.details[i] * TWO_TO_MINUS_53
                    memory.played[k, i] = choose(k, i, now, memory, params, draw, detail, room.rows[i])
                    memory.place[k, i] = now
        if actions.shape[0] > 0:
            for i in range(mask.shape[1]):
                arm = memory.played[k, i]
                actions[k, i, 0] = action_of(arms, seen[k, i], arm) if mask[k, i] and arm != NOTHING else 0.0

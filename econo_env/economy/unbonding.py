"""Stake that leaves, and evidence that may still reach it.

Stake that an agent takes back waits in a queue for `delay` ticks. Evidence of an offence is accepted up to `age` ticks
after it, settled `dispute` ticks after it was submitted, and reaches the bonded stake and what began to leave at the
offence or later; what began before it was no longer at stake (Cosmos: `CreationHeight < infractionHeight`).

Maturities come before submissions and settlements in a tick. So nothing escapes iff delay > age + dispute, or, where a
submission freezes what it could reach, iff delay > age.
"""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Column, Int64s

EMPTY = 0
PENDING = 1
SETTLED = 2

ACCEPTED = 0
TOO_OLD = 1
NOT_YET = 2
KNOWN = 3
NO_ROOM = 4


class Queue(NamedTuple):
    """Stake on its way out in a batch of markets; a slot of amount 0 is free."""

    amount: Annotated[Int64s, Column(np.int64, ("agents", "leaving"), "micro-credits on the way out")]
    began: Annotated[Int64s, Column(np.int64, ("agents", "leaving"), "tick in which it began to leave")]


class Docket(NamedTuple):
    """Evidence in a batch of markets; one infraction has one number and one settlement."""

    status: Annotated[Int64s, Column(np.int64, ("cases",), "EMPTY, PENDING or SETTLED")]
    operation: Annotated[Int64s, Column(np.int64, ("cases",), "the infraction's own number")]
    accused: Annotated[Int64s, Column(np.int64, ("cases",), "agent")]
    offence: Annotated[Int64s, Column(np.int64, ("cases",), "tick of the offence")]
    submitted: Annotated[Int64s, Column(np.int64, ("cases",), "tick of the submission")]
    liable: Annotated[Int64s, Column(np.int64, ("cases",), "micro-credits that the accused had at stake then")]


def check_delays(delay: int, age: int, dispute: int, freeze: bool) -> None:
    """Refuses delays under which an offender's stake is gone before its evidence is settled.

    Args:
        delay: Ticks that stake waits on its way out.
        age: Ticks after an offence in which evidence is accepted.
        dispute: Ticks from the submission of evidence to its settlement.
        freeze: Whether a submission keeps what it could reach from leaving.

    Raises:
        ValueError: The delay is too short, or a number is negative.
    """
    if min(delay, age, dispute) < 0:
        raise ValueError(f"delay {delay}, age {age}, dispute {dispute}: ticks are whole numbers from 0 up")
    least = age if freeze else age + dispute
    if delay <= least:
        held = f"the age limit {age}" if freeze else f"age limit and dispute window together, {age} + {dispute}"
        cure = "" if freeze else f", or freeze on submission with a delay of at least {age + 1}"
        raise ValueError(
            f"an unbonding delay of {delay} ticks is not longer than {held}: stake would be gone before evidence is "
            f"settled; give at least {least + 1}{cure}"
        )


@compiled
def begin_unbonding(k: int, i: int, amount: int, tick: int, queue: Queue) -> bool:
    """Puts stake of agent i in the queue; false where the amount is not positive or no slot is free."""
    if amount <= 0:
        return False
    for slot in range(queue.amount.shape[2]):
        if queue.amount[k, i, slot] == 0:
            queue.amount[k, i, slot] = amount
            queue.began[k, i, slot] = tick
            return True
    return False


@compiled
def is_frozen(k: int, i: int, began: int, docket: Docket) -> bool:
    """Whether pending evidence against agent i reaches stake that began to leave at that tick."""
    for at in range(docket.status.shape[1]):
        if docket.status[k, at] == PENDING and docket.accused[k, at] == i and docket.offence[k, at] <= began:
            return True
    return False


@compiled
def _is_held(k: int, i: int, began: int, freeze: bool, docket: Docket | None) -> bool:
    if docket is None:
        return False
    return freeze and is_frozen(k, i, began, docket)


@compiled
def mature(k: int, i: int, tick: int, delay: int, freeze: bool, queue: Queue, docket: Docket | None) -> int:
    """Takes out of the queue what has waited long enough, and returns how much it is, micro-credits.

    Args:
        k: The market.
        i: The agent.
        tick: The tick.
        delay: Ticks that stake waits on its way out.
        freeze: Whether pending evidence keeps what it could reach from leaving.
        queue: Stake on its way out.
        docket: The evidence; None where nobody accuses.
    """
    total = 0
    for slot in range(queue.amount.shape[2]):
        amount, began = queue.amount[k, i, slot], queue.began[k, i, slot]
        if amount > 0 and tick - began >= delay and not _is_held(k, i, began, freeze, docket):
            total += amount
            queue.amount[k, i, slot] = 0
    return total


@compiled
def leaving(k: int, i: int, queue: Queue) -> int:
    """All that agent i has in the queue, micro-credits."""
    total = 0
    for slot in range(queue.amount.shape[2]):
        total += queue.amount[k, i, slot]
    return total


@compiled
def reachable(k: int, i: int, offence: int, bonded: int, queue: Queue) -> int:
    """What evidence of an offence at that tick reaches: the bonded stake, and what began to leave at it or later."""
    total = bonded
    for slot in range(queue.amount.shape[2]):
        if queue.began[k, i, slot] >= offence:
            total += queue.amount[k, i, slot]
    return total


@compiled
def record_stake(k: int, i: int, tick: int, bonded: int, queue: Queue, history: Int64s) -> None:
    """Notes what agent i has at stake in a tick, bonded or begun to leave in it; before the tick's submissions.

    Args:
        k: The market.
        i: The agent.
        tick: The tick.
        bonded: Its bonded stake, micro-credits.
        queue: Stake on its way out.
        history: (markets, age + 1, agents), a ring over ticks: those of a tick lie together.
    """
    total = bonded
    for slot in range(queue.amount.shape[2]):
        if queue.began[k, i, slot] == tick:
            total += queue.amount[k, i, slot]
    history[k, tick % history.shape[1], i] = total


@compiled
def submit(
    k: int, operation: int, accused: int, offence: int, tick: int, age: int, docket: Docket, history: Int64s
) -> int:
    """Takes up evidence, once for an infraction.

    Ids are kept until their offence is too old to be submitted again, so a settled infraction is never settled twice;
    the tick of the offence must be part of what the evidence proves.

    Args:
        k: The market.
        operation: The infraction's own number.
        accused: The agent.
        offence: Tick of the offence.
        tick: Tick of the submission, after the maturities.
        age: Ticks after an offence in which evidence is accepted.
        docket: Where it goes.
        history: What agents had at stake up to this tick, see `record_stake`.

    Returns:
        `ACCEPTED`, or why not: `TOO_OLD`, `NOT_YET` for an offence of a later tick, `KNOWN`, `NO_ROOM`.
    """
    if offence > tick:
        return NOT_YET
    if tick - offence > age:
        return TOO_OLD
    free = -1
    for at in range(docket.status.shape[1]):
        if docket.status[k, at] == SETTLED and tick - docket.offence[k, at] > age:
            docket.status[k, at] = EMPTY
        if docket.status[k, at] == EMPTY:
            free = at if free < 0 else free
        elif docket.operation[k, at] == operation:
            return KNOWN
    if free < 0:
        return NO_ROOM
    docket.status[k, free] = PENDING
    docket.operation[k, free] = operation
    docket.accused[k, free] = accused
    docket.offence[k, free] = offence
    docket.submitted[k, free] = tick
    docket.liable[k, free] = history[k, offence % history.shape[1], accused]
    return ACCEPTED


@compiled
def is_due(k: int, at: int, tick: int, dispute: int, docket: Docket) -> bool:
    """Whether evidence is to be settled in this tick."""
    return bool(docket.status[k, at] == PENDING and tick - docket.submitted[k, at] >= dispute)


@compiled
def take_leaving(k: int, i: int, offence: int, due: int, queue: Queue) -> int:
    """Takes a slash out of the queue as far as it goes, what began first first, and returns what it took.

    What began first is reached by the fewest later offences, so this order leaves the most for them; what the queue
    lacks is taken from the bonded stake.
    """
    taken = 0
    while taken < due:
        first = -1
        for slot in range(queue.amount.shape[2]):
            reached = queue.amount[k, i, slot] > 0 and queue.began[k, i, slot] >= offence
            if reached and (first < 0 or queue.began[k, i, slot] < queue.began[k, i, first]):
                first = slot
        if first < 0:
            break
        part = min(due - taken, queue.amount[k, i, first])
        queue.amount[k, i, first] -= part
        taken += part
    return taken

"""Running contracts: slots of agents, each with the work that is owed and the stake that answers for it.

The stake behind a contract is a pending transfer: it stays in the holder's bond until it is posted in part or in full,
voided, or times out, once. Its number is that of the contract in the episode.
"""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.economy.contracts import BYZANTINE, NO_GRADE, ValueSchedule, payout
from econo_env.economy.work import Work
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Float64s, Int64s

EMPTY = 0
RUNNING = 1
POSTED = 2
VOIDED = 3
TIMED_OUT = 4
"""What becomes of the stake behind a contract; the last three are final, and their slots are free in the next tick."""

NOT_YET = 0
ON_TIME = 1
LATE = 2
NEVER = 3
ABANDONED = 4
DELIVERIES = ("-", "on time", "late", "never", "abandoned")
"""How a contract is delivered, in words."""

NO_SLOT = -1
_SLACK = 1e-6  # of the least progress: efforts are float32, and what is meant to reach it does


class Running(NamedTuple):
    """Contracts by agent and slot; all is 0 in empty ones."""

    busy: Annotated[Int64s, Column(np.int64, ("agents",), "slots that are not empty")]
    status: Annotated[
        Int64s, Column(np.int64, ("agents", "slots"), "0 empty, 1 running, 2 posted, 3 voided, 4 timed out")
    ]
    transfer: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "number of the pending transfer, from 1 on")]
    opened: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "tick of the award")]
    due: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "last tick in which delivery is on time")]
    span: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "ticks of work")]
    value: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "micro-credits, V(satisfactory)")]
    owes: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "micro-credits owed, whatever the work is worth")]
    cost: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "micro-credits of the work at full effort")]
    reliability: Annotated[Float64s, Column(np.float64, ("agents", "slots"), "chance of success at full effort")]
    effort: Annotated[Float64s, Column(np.float64, ("agents", "slots"), "0 to 1 a tick, as the holder set out")]
    done: Annotated[Float64s, Column(np.float64, ("agents", "slots"), "sum of efforts, the span for all of the work")]
    forges: Annotated[Bools, Column(np.bool_, ("agents", "slots"), "does no work and submits a forged proof")]
    lock: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "micro-credits of the pending transfer")]
    delivery: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "0 not yet, see DELIVERIES")]
    grade: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "0 for none yet")]
    quality: Annotated[Float64s, Column(np.float64, ("agents", "slots"), "of the work as it is, 0 to 1")]
    judged: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "tick in which it was graded")]
    posted: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "micro-credits of the lock that the holder lost")]


@compiled
def clear_slot(k: int, i: int, j: int, running: Running) -> None:
    """Empties a slot."""
    running.status[k, i, j] = EMPTY
    running.transfer[k, i, j] = 0
    running.opened[k, i, j] = 0
    running.due[k, i, j] = 0
    running.span[k, i, j] = 0
    running.value[k, i, j] = 0
    running.owes[k, i, j] = 0
    running.cost[k, i, j] = 0
    running.reliability[k, i, j] = 0.0
    running.effort[k, i, j] = 0.0
    running.done[k, i, j] = 0.0
    running.forges[k, i, j] = False
    running.lock[k, i, j] = 0
    running.delivery[k, i, j] = NOT_YET
    running.grade[k, i, j] = NO_GRADE
    running.quality[k, i, j] = 0.0
    running.judged[k, i, j] = 0
    running.posted[k, i, j] = 0


@compiled
def clear_finished(k: int, i: int, tick: int, window: int, running: Running) -> None:
    """Empties the slots of agent i that are done with: settled before this tick, their grades beyond appeal."""
    for j in range(running.status.shape[2]):
        if running.status[k, i, j] > RUNNING and running.judged[k, i, j] + window < tick:
            clear_slot(k, i, j, running)
            running.busy[k, i] -= 1


@compiled
def slots_in_use(k: int, i: int, running: Running) -> int:
    """How many contracts agent i has running."""
    number = 0
    if running.busy[k, i] == 0:
        return number
    for j in range(running.status.shape[2]):
        number += running.status[k, i, j] == RUNNING
    return number


@compiled
def open_slot(k: int, i: int, tick: int, span: int, transfer: int, work: Work, running: Running) -> int:
    """Puts the work of agent i into its first empty slot and returns which that is, `NO_SLOT` for none."""
    for j in range(running.status.shape[2]):
        if running.status[k, i, j] != EMPTY:
            continue
        running.busy[k, i] += 1
        running.status[k, i, j] = RUNNING
        running.transfer[k, i, j] = transfer
        running.opened[k, i, j] = tick
        running.due[k, i, j] = tick + span - 1
        running.span[k, i, j] = span
        running.value[k, i, j] = work.value[k, i]
        running.owes[k, i, j] = work.owes[k, i]
        running.cost[k, i, j] = work.cost[k, i]
        running.reliability[k, i, j] = work.reliability[k, i]
        running.effort[k, i, j] = work.effort[k, i]
        running.forges[k, i, j] = work.forges[k, i]
        running.done[k, i, j] = 0.0
        return j
    return NO_SLOT


@compiled
def slot_of(k: int, i: int, transfer: int, running: Running) -> int:
    """The slot in which agent i has the contract of that number, `NO_SLOT` for none."""
    for j in range(running.status.shape[2]):
        if running.status[k, i, j] != EMPTY and running.transfer[k, i, j] == transfer:
            return j
    return NO_SLOT


@compiled
def bind_slot(k: int, i: int, tick: int, bond: int, award: Award, running: Running) -> int:
    """Locks what the contract opened in this tick can cost, as far as the bond goes; returns it, 0 without one."""
    for j in range(running.status.shape[2]):
        if running.status[k, i, j] == RUNNING and running.opened[k, i, j] == tick:
            running.lock[k, i, j] = min(award.exposure[k, i], bond)
            return int(running.lock[k, i, j])
    return 0


@compiled
def exerted(effort: float, exertion: float) -> float:
    """The effort of a tick: as set out at 0, none at -1, full at 1."""
    if exertion <= 0.0:
        return effort * (1.0 + exertion)
    return effort + exertion * (1.0 - effort)


@compiled
def progress_of(done: float, span: int) -> float:
    """The share of the work that is done, 0 to 1."""
    return min(1.0, done / span)


@compiled
def work_on(
    k: int, i: int, j: int, tick: int, exertion: float, least: float, grace: int, ends: bool, running: Running
) -> float:
    """Works a tick on a contract, and notes whether it is delivered.

    Args:
        k: The market.
        i: The agent.
        j: Its slot.
        tick: The tick.
        exertion: -1 to 1, see `exerted`.
        least: Least share of the work that can be delivered.
        grace: Ticks after the due one in which delivery may follow.
        ends: Whether no tick follows.
        running: The contracts.

    Returns:
        What the effort cost, micro-credits: cost e^2 over the span.
    """
    forges, due = running.forges[k, i, j], running.due[k, i, j]
    effort = 0.0 if forges else exerted(running.effort[k, i, j], exertion)
    running.done[k, i, j] += effort
    if tick >= due:
        if forges or running.done[k, i, j] >= (least - _SLACK) * running.span[k, i, j]:
            running.delivery[k, i, j] = ON_TIME if tick == due else LATE
        elif ends or tick >= due + grace:
            running.delivery[k, i, j] = NEVER
    return float(running.cost[k, i, j] * effort * effort / running.span[k, i, j])


@compiled
def due_first(k: int, i: int, finished: bool, running: Running) -> int:
    """The slot of the running contract of agent i that is due first, the older of two; of the finished ones or others.

    Those that have their grade already do not count.
    """
    first = NO_SLOT
    if running.busy[k, i] == 0:
        return first
    for j in range(running.status.shape[2]):
        if running.status[k, i, j] != RUNNING or running.grade[k, i, j] != NO_GRADE:
            continue
        if (running.delivery[k, i, j] != NOT_YET) != finished:
            continue
        due, transfer = running.due[k, i, j], running.transfer[k, i, j]
        if first == NO_SLOT or (due, transfer) < (running.due[k, i, first], running.transfer[k, i, first]):
            first = j
    return first


@compiled
def beyond_appeal(k: int, i: int, j: int, tick: int, window: int, ends: bool, running: Running) -> bool:
    """Whether the grade of a contract becomes final in this tick; self-verifying evidence does at once."""
    judged = running.judged[k, i, j]
    if running.grade[k, i, j] == BYZANTINE:
        return bool(judged == tick)
    return bool(judged + window == tick or (ends and judged + window > tick))


@compiled
def settlement(
    graded: int, delivery: int, value: int, owes: int, lock: int, forfeit: float, schedule: ValueSchedule
) -> int:
    """What a contract pays in the end, micro-credits, never below minus the lock.

    V(grade) less what is owed; who delivers nothing loses at least a share of the lock, and never does better than poor
    work would.
    """
    due = payout(graded, value, owes, lock, schedule)
    if delivery in (NEVER, ABANDONED):
        return min(due, -int(forfeit * lock))
    return due


@compiled
def resolve(k: int, i: int, j: int, paid: int, running: Running) -> int:
    """Ends the pending transfer of a contract, and returns what is no longer locked."""
    if running.delivery[k, i, j] == NEVER:
        running.status[k, i, j] = TIMED_OUT
    else:
        running.status[k, i, j] = POSTED if paid < 0 else VOIDED
    running.posted[k, i, j] = max(0, -paid)
    return int(running.lock[k, i, j])

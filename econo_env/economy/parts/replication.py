"""Replication: several agents do the same task, and the house takes one result, the best or that of the majority.

For markets that give the tasks of a request to several agents at once, such as a coordination market with an
`available_supply` of r: the r best bids hold a contract each, and each owes the best losing one, so truth stays best
for everybody. Each replica is graded, paid and remembered for itself. What the house has of them is one result, once
the last of them is judged. That replicas disagree is no evidence that proves itself: nobody is byzantine for it.
"""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from econo_env.economy.contracts import BYZANTINE, EXCELLENT, grade_of, money, true_grade, value_of
from econo_env.economy.lasting.running import EMPTY, ON_TIME, RUNNING, Running
from econo_env.economy.lasting.section import Params as Contracts
from econo_env.economy.lasting.settling import worth_of
from econo_env.economy.part import Part, Section
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Column, Int64s, StepBuffers
from econo_env.scenario import Scenario


class ReplicationSection(Section):
    """Which result counts.

    Attributes:
        result: The `best` of the replicas, or that of the `majority`: the median, the worse one of an even number.
    """

    result: Literal["best", "majority"] = "best"


class State(NamedTuple):
    """Replicas in a batch of markets."""

    results: Annotated[
        Int64s, Column(np.int64, ("agents", "slots", "grades"), "earlier replicas of the task, by what they are worth")
    ]
    complete: Annotated[Int64s, Column(np.int64, (), "tasks of which the last replica was judged in the last tick")]
    worth: Annotated[Int64s, Column(np.int64, (), "micro-credits that their results are worth")]


class Params(NamedTuple):
    """Constants of the part."""

    majority: bool


@compiled
def begin(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing has been done twice at the start of an episode."""
    forget_last(k, world, params, buffers)


@compiled
def forget_last(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Empty slots hold no replica."""
    replication, running = world.replication, world.lasting_contracts.running
    replication.complete[k], replication.worth[k] = 0, 0
    for i in range(running.status.shape[1]):
        for j in range(running.status.shape[2]):
            if running.status[k, i, j] == EMPTY:
                for graded in range(replication.results.shape[3]):
                    replication.results[k, i, j, graded] = 0


@compiled
def grade_in_truth(k: int, i: int, j: int, running: Running, contracts: Contracts) -> int:
    """The grade that the work of a replica is worth, whatever was measured."""
    if running.delivery[k, i, j] == ON_TIME and not running.forges[k, i, j]:
        return grade_of(running.quality[k, i, j], False, contracts.schedule)
    return true_grade(running.grade[k, i, j], running.forges[k, i, j])


@compiled
def ranked(results: Int64s, rank: int) -> int:
    """The grade of the replica that so many, itself included, are at least as good as, of counts by grade."""
    seen = 0
    for graded in range(EXCELLENT, BYZANTINE):
        seen += results[graded]
        if seen >= rank:
            return graded
    return BYZANTINE


@compiled
def hand_on(k: int, i: int, j: int, tick: int, last: bool, replication: State, running: Running) -> bool:
    """Tells a replica that is judged later what has come of those before it; False where there is none.

    Where this one is `last` in its tick, of the others only those that still run are judged later.
    """
    for other in range(running.status.shape[1]):
        for slot in range(running.status.shape[2]):
            now = running.status[k, other, slot] > RUNNING and running.judged[k, other, slot] == tick
            after = now and not last and (other, slot) > (i, j)
            runs = running.status[k, other, slot] == RUNNING
            if (runs or after) and running.opened[k, other, slot] == running.opened[k, i, j]:
                for graded in range(replication.results.shape[3]):
                    replication.results[k, other, slot, graded] += replication.results[k, i, j, graded]
                return True
    return False


@compiled
def combine(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """What the house has of the replicas of a task is one result, when the last of them is judged."""
    running, tick = world.lasting_contracts.running, world.market.tick[k]
    for i in range(running.status.shape[1]):
        for j in range(running.status.shape[2]):
            if running.status[k, i, j] > RUNNING and running.judged[k, i, j] == tick:
                combine_one(k, i, j, False, world, params)


@compiled
def combine_one(k: int, i: int, j: int, last: bool, world: Any, params: Any) -> None:
    """Adds a replica that was judged in this tick to its task; `last` as `hand_on` takes it."""
    lasting, replication, contracts = world.lasting_contracts, world.replication, params.lasting_contracts
    running, tick = lasting.running, world.market.tick[k]
    alone = worth_of(k, i, j, running, contracts.schedule, contracts.measurement)
    lasting.delivered[k, i] -= money(alone)
    results = replication.results[k, i, j]
    results[grade_in_truth(k, i, j, running, contracts)] += 1
    if hand_on(k, i, j, tick, last, replication, running):
        return
    rank = results.sum() // 2 + 1 if params.replication.majority else 1
    value = float(running.value[k, i, j])
    worth = money(value_of(ranked(results, rank), value, contracts.schedule))
    lasting.delivered[k, i] += worth
    replication.worth[k] += worth
    replication.complete[k] += 1


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    complete = world.replication.complete
    return {"replicated": complete.astype(np.float64)}


def _check(scenario: Scenario, section: ReplicationSection) -> str | None:
    if scenario.sells_bundles:
        return "bundles of a combinatorial auction are not the same task: choose another auction_type, or leave it out"
    return None


PART = Part(
    name="replication",
    summary="The tasks of a request are one task done by several agents; the best result counts, or the majority's.",
    config=ReplicationSection,
    state=State,
    accounts=(),
    params=lambda scenario, section: Params(section.result == "majority"),
    stages={"open": begin, "maturities": forget_last, "settle": combine},
    needs=("lasting_contracts",),
    series=_series,
    check=_check,
    axes=lambda scenario, section: {"grades": BYZANTINE + 1},
)

"""Work: all that a contract needs to know of who holds it. A market that offers `engage` writes it for its awards."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.contracts import ValueSchedule, expected_surplus
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Float64s, Int64s


class Work(NamedTuple):
    """What holders of awards have to do, and how they go about it; entries of agents without an award mean nothing.

    A holder is an agent with units in the award of the tick. It is paid V(grade) of `value` less what it `owes`.
    """

    value: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, V(satisfactory) of the contract held")]
    owes: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits owed for it, whatever the work is worth")]
    cost: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits of the work at full effort")]
    reliability: Annotated[Float64s, Column(np.float64, ("agents",), "chance of success at full effort")]
    effort: Annotated[Float64s, Column(np.float64, ("agents",), "0 to 1, what the holder does")]
    forges: Annotated[Bools, Column(np.bool_, ("agents",), "does no work and submits a forged proof")]


@compiled
def expected_outcome(k: int, i: int, schedule: ValueSchedule, detection: float, work: Work) -> float:
    """Expected value of a holder's true work minus its cost, micro-credits; a forger does harm and no work."""
    task_value = float(work.value[k, i])
    if work.forges[k, i]:
        return float((detection * schedule.byzantine + (1.0 - detection) * schedule.poor) * task_value)
    cost, reliability = float(work.cost[k, i]), work.reliability[k, i]
    return expected_surplus(cost, reliability, work.effort[k, i], task_value, schedule)


@compiled
def forget_work(k: int, i: int, work: Work) -> None:
    """Agent i has no work, and has had none in the episode."""
    work.value[k, i], work.owes[k, i], work.cost[k, i] = 0, 0, 0
    work.reliability[k, i], work.effort[k, i], work.forges[k, i] = 0.0, 0.0, False

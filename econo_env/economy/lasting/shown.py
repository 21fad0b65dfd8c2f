"""What agents see of contracts that last, and what people and logs are told."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.lasting.running import (
    ABANDONED,
    DELIVERIES,
    EMPTY,
    NO_SLOT,
    NOT_YET,
    ON_TIME,
    RUNNING,
    due_first,
    progress_of,
    slots_in_use,
)
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s
from econo_env.money import to_credits
from econo_env.scenario import Scenario


@compiled
def free_slots(k: int, i: int, world: Any, params: Any) -> float:
    """The share of the own slots that are free."""
    running = world.lasting_contracts.running
    return float(1.0 - slots_in_use(k, i, running) / params.lasting_contracts.capacity)


@compiled
def time_left(k: int, i: int, world: Any, params: Any) -> float:
    """Ticks of work left of the contract that is due first, over the longest duration."""
    running = world.lasting_contracts.running
    j = due_first(k, i, False, running)
    if j == NO_SLOT:
        return 0.0
    left = running.due[k, i, j] - world.market.tick[k] + 1
    return float(max(0.0, left / params.lasting_contracts.longest))


@compiled
def progress(k: int, i: int, world: Any, params: Any) -> float:
    """The share of the work on the contract due first that is done."""
    running = world.lasting_contracts.running
    j = due_first(k, i, False, running)
    return 0.0 if j == NO_SLOT else progress_of(running.done[k, i, j], running.span[k, i, j])


@compiled
def coming_duration(k: int, world: Any, params: Any) -> float:
    """Ticks of work of the coming contract, over the longest duration."""
    return float(world.lasting_contracts.coming[k] / params.lasting_contracts.longest)


def delivered(scenario: Scenario, world: Any) -> Float64s:
    """What the house has of the work judged in the last tick, credits (markets,)."""
    return to_credits(world.lasting_contracts.delivered.sum(axis=1))


def graded(scenario: Scenario, world: Any) -> NDArray[np.int64]:
    """Grades of the last tick, (markets, agents)."""
    grades: NDArray[np.int64] = world.conduct.grade
    return grades


def effort(scenario: Scenario, world: Any) -> Float64s:
    """Mean effort of the last tick's work, 0 for none, (markets, agents)."""
    efforts: Float64s = world.lasting_contracts.effort
    return efforts


def deliveries(scenario: Scenario, world: Any) -> NDArray[np.int64]:
    """How the contracts judged in the last tick were delivered, (markets, agents)."""
    found: NDArray[np.int64] = world.lasting_contracts.delivery
    return found


def running_now(world: Any) -> NDArray[np.int64]:
    """How many contracts each agent has running, (markets, agents)."""
    return np.asarray((world.lasting_contracts.running.status == RUNNING).sum(axis=-1))


def series(scenario: Scenario, world: Any) -> dict[str, Any]:
    """Of holders effort, grade and how they delivered; contracts that run, worth of work and banned, one a market."""
    lasting, grades = world.lasting_contracts, world.conduct.grade
    judged = lasting.delivery != NOT_YET
    shares = {
        f"delivered_{DELIVERIES[number].replace(' ', '_')}": np.where(judged, lasting.delivery == number, np.nan)
        for number in range(ON_TIME, ABANDONED + 1)
    }
    return {
        "effort": np.where((lasting.running.status != EMPTY).any(axis=-1), lasting.effort, np.nan),
        "grade": np.where(grades > 0, grades, np.nan),
        "delivered": delivered(scenario, world),
        "banned": world.conduct.banned.sum(axis=1).astype(np.float64),
        "running": running_now(world).astype(np.float64),
        "bonded": to_credits(world.staking.held),
        **shares,
    }

"""Downtime: who keeps too few of its last awards is slashed and jailed, once, and starts to count anew after it.

The rule of `econo_env.economy.downtime`: an award is a duty, served where its grade passes.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.conduct import is_kept
from econo_env.economy.contracts import BYZANTINE, NO_GRADE
from econo_env.economy.downtime import Duties, DutySchedule, note_duty, start_count
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.convictions import at_stake, forfeit
from econo_env.economy.proportions import MILLION
from econo_env.economy.slashing import slash
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, StepBuffers
from econo_env.scenario import Scenario


class DowntimeSection(Section):
    """When an agent is down, and what that costs.

    Attributes:
        window: Awards that are looked back on.
        served: Least share of them that must be kept.
        slash: Share of what is at stake that being down costs, to the millionth.
        jail: Ticks in which an agent that was down may not bid.
    """

    window: int = Field(100, ge=1, le=10_000)
    served: float = Field(0.5, ge=0.0, le=1.0)
    slash: float = Field(0.01, ge=0.0, le=1.0)
    jail: int = Field(10, ge=0, le=1_000_000)


class State(NamedTuple):
    """The last duties in a batch of markets."""

    duties: Duties
    down: Annotated[Bools, Column(np.bool_, ("agents",), "was found down in the last tick")]


class Params(NamedTuple):
    """Constants of the part."""

    schedule: DutySchedule
    rate: int  # parts per million


def _params(scenario: Scenario, section: DowntimeSection) -> Params:
    least = int(np.ceil(section.served * section.window - 1e-9))
    return Params(DutySchedule(section.window, least, section.jail), round(section.slash * MILLION))


@compiled
def open_count(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody has had a duty at the start of an episode."""
    start_count(k, i, world.downtime.duties)
    world.downtime.duties.free_again[k, i] = 0
    world.downtime.down[k, i] = False


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """A newcomer has had no duty."""
    open_count(k, newcomer, world, params, buffers)


@compiled
def count_duties(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Counts the awards of the tick; who is down loses a share of its stake and goes to jail."""
    downtime, enforcement, tick = world.downtime, world.enforcement, world.market.tick[k]
    for i in range(downtime.down.shape[1]):
        downtime.down[k, i] = False
    for i in range(world.conduct.first[k], world.conduct.past[k]):
        grade = world.conduct.grade[k, i]
        if grade in (NO_GRADE, BYZANTINE):  # the byzantine have lost everything
            continue
        if note_duty(k, i, is_kept(grade), tick, params.downtime.schedule, downtime.duties):
            downtime.down[k, i] = True
            amount = slash(at_stake(k, i, tick, world), params.downtime.rate)
            forfeit(k, i, amount, tick, 0, -1, 0, world, params.enforcement)
            enforcement.free_again[k, i] = max(enforcement.free_again[k, i], downtime.duties.free_again[k, i])


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"down": world.downtime.down.sum(axis=1).astype(np.float64)}


PART = Part(
    name="downtime",
    summary="Who keeps too few of its last awards is slashed and jailed, and starts to count anew.",
    config=DowntimeSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": open_count, "reputation": count_duties, "renew": renew},
    needs=("ledger", "conduct", "enforcement"),
    series=_series,
    axes=lambda scenario, section: {"duties": section.window},
    audited={"down": "it has kept too few of its last awards"},
)

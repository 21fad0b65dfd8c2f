"""A journal of every transfer of a tick, for a log that cannot be changed unseen (`econo_env.audit`).

The one door through which money moves writes each transfer down with the operation that made it. The journal holds
the last tick only: `econo_env.audit.Recorder` reads it after each tick. A journal that was too short says so.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.part import Part, Section
from econo_env.economy.parts.ledger import WithJournal, note
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Column, Int64s, StepBuffers
from econo_env.scenario import Scenario

TRANSFERS_AN_AGENT = 16
TRANSFERS_OF_THE_HOUSE = 64


class AuditSection(Section):
    """How much of a tick is written down.

    Attributes:
        journal: Transfers of one tick for which there is room in each market; by default 16 for each agent and 64.
    """

    journal: int | None = Field(None, ge=1, le=100_000_000)


class State(NamedTuple):
    """What did not fit in a batch of markets."""

    unwritten: Annotated[Int64s, Column(np.int64, (), "transfers of the episode for which there was no room")]


class Params(NamedTuple):
    """Room in the journal."""

    transfers: int


def room(scenario: Scenario, section: AuditSection) -> int:
    """Transfers of a tick for which there is room in a market."""
    default = TRANSFERS_AN_AGENT * scenario.num_agents + TRANSFERS_OF_THE_HOUSE
    return default if section.journal is None else section.journal


@compiled
def clear_journal(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing is written of the coming tick yet."""
    world.ledger.journal.made[k] = 0


@compiled
def open_journal(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """An episode begins with an empty journal."""
    world.ledger.journal.made[k] = 0
    world.audit.unwritten[k] = 0


@compiled
def count_unwritten(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Counts the transfers for which there was no room."""
    world.audit.unwritten[k] += max(0, world.ledger.journal.made[k] - params.audit.transfers)


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"transfers": world.ledger.journal.made.astype(np.float64)}


PART = Part(
    name="audit",
    summary="A journal of every transfer of a tick, with what made it.",
    config=AuditSection,
    state=State,
    accounts=(),
    params=lambda scenario, section: Params(room(scenario, section)),
    stages={"open": open_journal, "faults": clear_journal, "audit": count_unwritten},
    needs=("ledger",),
    series=_series,
    axes=lambda scenario, section: {"transfers": room(scenario, section)},
    widens={"ledger": WithJournal},
    before="world.ledger.journal.operation[k] = {operation}",
    watches=(note,),
)

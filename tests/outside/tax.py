"""A part of the economy as a package outside would write it: whoever pays for an award pays a tax on it too."""

from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.ledger import FREE, TREASURY, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.ledger import move
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Column, Int64s, StepBuffers
from econo_env.scenario import Scenario


class TaxSection(Section):
    """A tax on what is paid.

    Attributes:
        rate: Share of the payment.
    """

    rate: float = Field(0.1, ge=0.0, le=1.0)


class State(NamedTuple):
    """Taxes of a batch of markets."""

    taken: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits taxed in the last tick")]


class Params(NamedTuple):
    """Constants of the part."""

    rate: float


def _params(scenario: Scenario, section: TaxSection) -> Params:
    return Params(section.rate)


@compiled
def collect(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Moves the tax from free money to the treasury, as far as there is any."""
    agents = world.tax.taken.shape[1]
    for i in range(agents):
        due = int(params.tax.rate * max(world.market.award.pays[k, i], 0))
        free = account(i, FREE, agents)
        world.tax.taken[k, i] = min(due, world.ledger.balances[k, free])
        move(k, world.ledger, free, TREASURY, world.tax.taken[k, i])


@compiled
def forget(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing has been taxed at the start of an episode."""
    for i in range(world.tax.taken.shape[1]):
        world.tax.taken[k, i] = 0


@compiled
def tax_taken(k: int, i: int, world: Any, params: Any) -> float:
    """Whether the agent paid tax in the last tick."""
    return 1.0 if world.tax.taken[k, i] > 0 else 0.0


PART = Part(
    name="tax",
    summary="A tax on every award that is paid for.",
    config=TaxSection,
    state=State,
    params=_params,
    stages={"open": forget, "post": collect},
    needs=("ledger",),
    features=(Feature("tax_taken", "1 where the agent paid tax in the last tick", tax_taken),),
)

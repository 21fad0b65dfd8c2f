"""A part with actions: agents put free money aside and take it back, and may give some away."""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.economy.action import Action
from econo_env.economy.ledger import FREE, PLEDGED, PRINCIPAL, TREASURY, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.ledger import move
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Column, Float64s, StepBuffers
from econo_env.scenario import Scenario


class SavingsSection(Section):
    """Savings have no options."""


class State(NamedTuple):
    """What agents sent in a batch of markets."""

    last: Annotated[Float64s, Column(np.float64, ("agents",), "what was sent as `save`")]


class Params(NamedTuple):
    """No constants."""


def _params(scenario: Scenario, section: SavingsSection) -> Params:
    return Params()


@compiled
def open_savings(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing has been sent at the start of an episode."""
    world.savings.last[k, i] = 0.0


@compiled
def put_aside(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, give: float, save: float) -> None:
    """Moves a share of free money into the pledge or of the pledge back, which bears interest, and gives some away."""
    ledger, agents = world.ledger, world.savings.last.shape[1]
    free, pledged = account(i, FREE, agents), account(i, PLEDGED, agents)
    source, target = (free, pledged) if save >= 0.0 else (pledged, free)
    move(k, ledger, source, target, int(abs(save) * ledger.balances[k, source]))
    world.savings.last[k, i] = save
    move(k, ledger, PRINCIPAL, free, ledger.balances[k, pledged] // 64)
    move(k, ledger, free, TREASURY, int(max(0.0, give) * ledger.balances[k, free]))


@compiled
def saved(k: int, i: int, world: Any, params: Any) -> float:
    """What was sent last."""
    return float(world.savings.last[k, i])


PART = Part(
    name="savings",
    summary="Money that agents put aside, at interest.",
    config=SavingsSection,
    state=State,
    params=_params,
    stages={"open": open_savings, "maturities": put_aside},
    needs=("ledger",),
    actions=(
        Action("save", "above 0 that share of the free money is put aside, below 0 that share comes back"),
        Action("give", "above 0 that share of the free money is given away, below 0 nothing"),
    ),
    features=(Feature("saved", "what was sent last", saved, low=-1.0),),
)

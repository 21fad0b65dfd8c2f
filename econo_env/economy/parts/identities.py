"""Identities: what it costs to come in, when one has to leave, and when one may.

Each slot of a market is an identity. It pays dues when an episode begins, is bankrupt when what it has in all its
accounts is less than any bid needs, and may leave by an action once nothing of its own is at stake: stake comes out of
its queue first, so nobody escapes a report by leaving. Whoever is out stays out for the rest of the episode, unless
`newcomers` lets somebody come in by its slot.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.action import Action
from econo_env.economy.lasting.running import slots_in_use
from econo_env.economy.ledger import AGENT_ACCOUNTS, BONDED, ESCROW, FREE, TREASURY, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.ledger import move
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Int64s, StepBuffers
from econo_env.money import LARGEST_CREDITS, Credits, to_money
from econo_env.scenario import Scenario

IN, BANKRUPT, LEFT, BANNED = 0, 1, 2, 3
"""States of an identity; the last one only where its slot waits for a newcomer."""
LEAVES_ABOVE = 0.5


class IdentitiesSection(Section):
    """What an identity costs and needs.

    Attributes:
        dues: Credits that an identity pays the treasury when an episode begins; they come out of its first reward.
        least: Credits below which an identity that has nothing under contract is bankrupt.
    """

    dues: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e3)
    least: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e3)


class State(NamedTuple):
    """Who is in a batch of markets."""

    status: Annotated[
        Int64s, Column(np.int64, ("agents",), "0 in the market or banned for good, 1 bankrupt, 2 left, 3 banned")
    ]
    asks: Annotated[Bools, Column(np.bool_, ("agents",), "wants to leave with this tick")]


class Params(NamedTuple):
    """Constants of the part."""

    dues: int  # micro-credits
    least: int  # micro-credits
    lasting: int | None  # of no use; None where no contract lasts


def _params(scenario: Scenario, section: IdentitiesSection) -> Params:
    lasting = 1 if "lasting_contracts" in (scenario.economy or {}) else None
    return Params(int(to_money(section.dues)), int(to_money(section.least)), lasting)


@compiled
def enter(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Agent i comes in and pays its dues."""
    world.identities.status[k, i] = IN
    world.identities.asks[k, i] = False
    free = account(i, FREE, world.identities.status.shape[1])
    move(k, world.ledger, free, TREASURY, params.identities.dues)


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """A newcomer pays its dues."""
    enter(k, newcomer, world, params, buffers)


@compiled
def listen(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, leave: float) -> None:
    """Notes whether agent i wants to leave."""
    world.identities.asks[k, i] = leave > LEAVES_ABOVE


@compiled
def owns(k: int, i: int, world: Any, first: int) -> int:
    """What agent i has in its accounts of the kinds from `first` on, micro-credits."""
    total, agents = 0, world.identities.status.shape[1]
    for kind in range(first, AGENT_ACCOUNTS):
        total += world.ledger.balances[k, account(i, kind, agents)]
    return total


@compiled
def _under_contract(lasting: int | None, k: int, i: int, world: Any) -> bool:
    """Whether agent i has a contract running, with or without stake behind it."""
    if lasting is None:
        return False
    return slots_in_use(k, i, world.lasting_contracts.running) > 0


@compiled
def leave_or_fail(k: int, world: Any, params: Any, buffers: StepBuffers, expel: Any) -> None:
    """Lets those go who want to and have nothing at stake, and those who have too little to go on."""
    identities, agents = world.identities, world.identities.status.shape[1]
    for i in range(agents):
        if not (identities.asks[k, i] or params.identities.least > 0):  # nobody owns less than nothing
            continue
        if world.conduct.banned[k, i] or identities.status[k, i] != IN:
            continue
        if _under_contract(params.identities.lasting, k, i, world):
            continue
        bound = 0
        for kind in (ESCROW, BONDED):
            bound += world.ledger.balances[k, account(i, kind, agents)]
        if identities.asks[k, i] and owns(k, i, world, FREE + 1) == 0:
            identities.status[k, i] = LEFT
        elif bound == 0 and owns(k, i, world, FREE) < params.identities.least:
            identities.status[k, i] = BANKRUPT
        else:
            continue
        world.conduct.banned[k, i] = True
        expel(k, i, world.market)


def _series(scenario: Scenario, world: Any) -> Mapping[str, Any]:
    status = world.identities.status
    return {
        "bankrupt": (status == BANKRUPT).sum(axis=1).astype(np.float64),
        "left": (status == LEFT).sum(axis=1).astype(np.float64),
    }


def _check(scenario: Scenario, section: IdentitiesSection) -> str | None:
    if scenario.kind.kernels.expel is None:
        return f"nobody can leave a {scenario.market} market before its end: leave it out"
    endowment = dict((scenario.economy or {})["ledger"])["endowment"]
    if section.dues + section.least > endowment:
        return (
            f"an endowment of {endowment:g} credits does not pay dues of {section.dues:g} and leave the "
            f"{section.least:g} that an identity needs: raise it, or lower one of the two"
        )
    enforcement = (scenario.economy or {}).get("enforcement")
    pledge = 0.0 if enforcement is None else dict(enforcement)["pledge"]
    if section.dues + pledge > endowment:
        return (
            f"an endowment of {endowment:g} credits does not pay dues of {section.dues:g} and the pledge of "
            f"{pledge:g}: raise it, or lower one of the two"
        )
    return None


PART = Part(
    name="identities",
    summary="What it costs to come in, who is bankrupt, and who may leave.",
    config=IdentitiesSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": enter, "maturities": listen, "reputation": leave_or_fail, "renew": renew},
    needs=("ledger", "conduct"),
    actions=(
        Action("leave", "above 0.5 the agent leaves for the rest of the episode if nothing of its own is at stake"),
    ),
    series=_series,
    check=_check,
    audited={"status": "it is out of the market: {value}, 1 bankrupt, 2 left, 3 banned, 0 none of them"},
)

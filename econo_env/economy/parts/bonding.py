"""Stake that agents move: they add to their pledge, and take it back after a delay in which it still answers for them.

What is taken back waits `delay` ticks in a queue (`econo_env.economy.unbonding`): a slash for an offence reaches it if
it began to leave at the offence or later. So nobody's stake is gone before a surcharge for what it did, or before
evidence of it is settled. Each micro-credit stands in one account: behind a bid, behind a contract, pledged, or on its
way out.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.action import Action
from econo_env.economy.ledger import FREE, PLEDGED, UNBONDING, account, balances_of
from econo_env.economy.part import Fact, Part, Section
from econo_env.economy.parts.enforcement import WithQueue
from econo_env.economy.parts.ledger import move
from econo_env.economy.slashing import NEVER
from econo_env.economy.unbonding import begin_unbonding, mature
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Bools, Column, Int64s, StepBuffers
from econo_env.money import LARGEST_CREDITS, MICRO, Credits, to_credits, to_money
from econo_env.scenario import Scenario


class BondingSection(Section):
    """How agents move their pledge.

    Attributes:
        delay: Ticks that stake waits on its way out.
        queue: Withdrawals of an agent that can be on their way at a time; more wait for a free place.
        minimum: Credits that must be pledged for a bid to count.
    """

    delay: int = Field(64, ge=1, le=1_000_000)
    queue: int = Field(4, ge=1, le=64)
    minimum: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e3)


class State(NamedTuple):
    """Stake that moved in a batch of markets."""

    added: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits added to the pledge in the last tick")]
    withdrawn: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits that began to leave in the last tick")]
    matured: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits that came out in the last tick")]
    short: Annotated[Bools, Column(np.bool_, ("agents",), "the last bid was struck for want of a pledge")]
    moved: Annotated[Int64s, Column(np.int64, (), "tick in which any stake moved last, NEVER for none")]


class Params(NamedTuple):
    """Constants of the part."""

    delay: int
    minimum: int  # micro-credits
    freeze: bool


def _freezes(scenario: Scenario) -> bool:
    """Whether evidence keeps what it could reach from leaving."""
    section = (scenario.economy or {}).get("evidence")
    return section is not None and bool(dict(section)["freeze"])


def _params(scenario: Scenario, section: BondingSection) -> Params:
    return Params(section.delay, int(to_money(section.minimum)), _freezes(scenario))


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing of a newcomer is on its way out."""
    queue = world.enforcement.leaving
    for slot in range(queue.amount.shape[2]):
        queue.amount[k, newcomer, slot] = 0
        queue.began[k, newcomer, slot] = 0
    world.bonding.added[k, newcomer] = 0
    world.bonding.withdrawn[k, newcomer] = 0
    world.bonding.matured[k, newcomer] = 0
    world.bonding.short[k, newcomer] = False


@compiled
def open_queue(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing is on its way out at the start of an episode."""
    renew(k, i, world, params, buffers)
    world.bonding.moved[k] = NEVER


@compiled
def move_stake(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, bond: float) -> None:
    """Pays out what has waited long enough, then does as agent i says: adds free money, or begins to take back.

    Where it says nothing, nothing of it is leaving and nothing has moved that is to be forgotten, nothing is fetched.
    """
    ledger, bonding, agents = world.ledger, world.bonding, world.bonding.added.shape[1]
    queue, docket, tick = world.enforcement.leaving, world.enforcement.docket, world.market.tick[k]
    free, pledged, leaving = account(i, FREE, agents), account(i, PLEDGED, agents), account(i, UNBONDING, agents)
    if bond == 0.0 and ledger.balances[k, leaving] == 0 and bonding.moved[k] < tick - 1:
        return
    matured = mature(k, i, tick, params.bonding.delay, params.bonding.freeze, queue, docket)
    move(k, ledger, leaving, free, matured)
    bonding.matured[k, i] = matured
    bonding.added[k, i] = int(max(bond, 0.0) * ledger.balances[k, free])
    move(k, ledger, free, pledged, bonding.added[k, i])
    bonding.withdrawn[k, i] = 0
    wanted = int(max(-bond, 0.0) * ledger.balances[k, pledged])
    if begin_unbonding(k, i, wanted, tick, queue):
        move(k, ledger, pledged, leaving, wanted)
        bonding.withdrawn[k, i] = wanted
    if matured + bonding.added[k, i] + bonding.withdrawn[k, i] > 0:
        bonding.moved[k] = tick


@compiled
def require_pledge(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Strikes bids behind which too little is pledged."""
    pledged = world.ledger.balances[k, account(i, PLEDGED, world.bonding.added.shape[1])]
    world.bonding.short[k, i] = pledged < params.bonding.minimum
    if world.bonding.short[k, i]:
        withdraw(k, i, world.market)


@compiled
def _share(amount: int, endowment: int) -> float:
    """An amount x as x / (x + endowment), the latter at least a credit."""
    if amount == 0:
        return 0.0
    return float(amount) / (float(amount) + float(max(endowment, MICRO)))


@compiled
def bonded(k: int, i: int, world: Any, params: Any) -> float:
    """What the agent has pledged."""
    pledged = world.ledger.balances[k, account(i, PLEDGED, world.bonding.added.shape[1])]
    return _share(pledged, params.ledger.endowment)


@compiled
def unbonding(k: int, i: int, world: Any, params: Any) -> float:
    """What the agent has on its way out."""
    leaving = world.ledger.balances[k, account(i, UNBONDING, world.bonding.added.shape[1])]
    return _share(leaving, params.ledger.endowment)


def _pledged(scenario: Scenario, world: Any) -> Any:
    return to_credits(balances_of(world.ledger.balances, PLEDGED))


def _leaving(scenario: Scenario, world: Any) -> Any:
    return to_credits(balances_of(world.ledger.balances, UNBONDING))


def _series(scenario: Scenario, world: Any) -> Mapping[str, Any]:
    return {
        "bonded": _pledged(scenario, world),
        "unbonding": _leaving(scenario, world),
        "bond_added": to_credits(world.bonding.added),
        "bond_withdrawn": to_credits(world.bonding.withdrawn),
        "short_of_bond": world.bonding.short.sum(axis=1).astype(np.float64),
    }


def _check(scenario: Scenario, section: BondingSection) -> str | None:
    wait = dict((scenario.economy or {})["enforcement"])["correlation"] // 2
    if section.delay <= wait:
        return (
            f"delay={section.delay}: surcharges are due {wait} ticks after a fault, when the stake would be gone: give "
            f"at least {wait + 1}, or a shorter enforcement.correlation"
        )
    return None


PART = Part(
    name="bonding",
    summary="Agents add to their pledge and take it back, after a delay in which it still answers for them.",
    config=BondingSection,
    state=State,
    params=_params,
    stages={"open": open_queue, "maturities": move_stake, "strike": require_pledge, "renew": renew},
    needs=("ledger", "enforcement"),
    accounts=(PLEDGED, UNBONDING),
    actions=(
        Action(
            "bond",
            "above 0 that share of the free money joins the pledge, below 0 that share of the pledge begins to leave",
        ),
    ),
    features=(
        Feature("bonded", "the own pledge p as p / (p + endowment), the latter at least 1", bonded),
        Feature("unbonding", "what is on its way out of it, u as u / (u + endowment)", unbonding),
    ),
    facts=(Fact("bonded", "credits", _pledged), Fact("unbonding", "credits", _leaving)),
    series=_series,
    check=_check,
    axes=lambda scenario, section: {"leaving": section.queue},
    widens={"enforcement": WithQueue},
    audited={
        "added": "it adds {value} micro-credits to its pledge",
        "withdrawn": "{value} micro-credits of its pledge begin to leave",
        "matured": "{value} micro-credits of its pledge are free again",
        "short": "its bid is struck for want of a pledge",
    },
)

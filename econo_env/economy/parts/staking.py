"""Stake locked behind every bid, in proportion to the most that it can cost, and bound to what is won until it is done.

A bid without enough free money for its stake, or for its own worst outcome, is struck. Losers get their stake back
within the tick, winners after settlement; what a winner that walks away loses, `default` says.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.ledger import BONDED, BURN, ESCROW, FREE, PRINCIPAL, TREASURY, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.ledger import move
from econo_env.engine.compiled import compiled
from econo_env.engine.levers import Lever
from econo_env.engine.state import Column, Int64s, StepBuffers
from econo_env.money import to_credits
from econo_env.scenario import Scenario

DESTINATIONS = {"house": PRINCIPAL, "treasury": TREASURY, "burn": BURN}


class StakingSection(Section):
    """How much stands behind a bid.

    Attributes:
        requirement: Stake in multiples of the most that the bid can cost, rounded down to the micro-credit.
        slashed_to: Who gets what is slashed: `house`, `treasury` or `burn`.
    """

    requirement: float = Field(1.0, ge=0.0, le=100.0)
    slashed_to: str = Field("house", pattern="^(house|treasury|burn)$")


class State(NamedTuple):
    """Stake of a batch of markets."""

    locked: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits behind the last bid")]
    slashed: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits slashed in the last tick")]


class Params(NamedTuple):
    """Constants of the part."""

    requirement: float
    slashed_to: int  # account


def _params(scenario: Scenario, section: StakingSection) -> Params:
    return Params(section.requirement, DESTINATIONS[section.slashed_to])


@compiled
def lock(k: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Locks the stake of every bid, and strikes bids without enough of it."""
    ledger, staking, agents = world.ledger, world.staking, world.staking.locked.shape[1]
    for i in range(agents):
        staking.slashed[k, i] = 0
        stake = int(params.staking.requirement * world.market.award.exposure[k, i])
        if stake > ledger.balances[k, account(i, FREE, agents)]:
            withdraw(k, i, world.market)
            ledger.struck[k, i] = 1
            left = int(params.staking.requirement * world.market.award.exposure[k, i])
            stake = min(left, ledger.balances[k, account(i, FREE, agents)])
        staking.locked[k, i] = stake
        move(k, ledger, account(i, FREE, agents), account(i, ESCROW, agents), stake)


@compiled
def bind(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Binds the stake of those who won or owe something, and gives the others theirs back."""
    ledger, agents = world.ledger, world.staking.locked.shape[1]
    for i in range(agents):
        escrow = account(i, ESCROW, agents)
        bound = world.market.award.units[k, i] != 0 or world.market.award.pays[k, i] > 0
        target = account(i, BONDED if bound else FREE, agents)
        move(k, ledger, escrow, target, ledger.balances[k, escrow])


@compiled
def release(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Gives back what is still bonded when the tick is settled."""
    ledger, agents = world.ledger, world.staking.locked.shape[1]
    for i in range(agents):
        bonded = account(i, BONDED, agents)
        move(k, ledger, bonded, account(i, FREE, agents), ledger.balances[k, bonded])


@compiled
def open_stakes(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing is locked at the start of an episode."""
    for i in range(world.staking.locked.shape[1]):
        world.staking.locked[k, i] = 0
        world.staking.slashed[k, i] = 0


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"stake_locked": to_credits(world.staking.locked), "slashed": to_credits(world.staking.slashed)}


PART = Part(
    name="staking",
    summary="Stake behind every bid, in proportion to the most that it can cost.",
    config=StakingSection,
    state=State,
    params=_params,
    stages={"open": open_stakes, "lock": lock, "bind": bind, "release": release},
    needs=("ledger",),
    series=_series,
    levers=(
        Lever(
            "requirement",
            ("requirement",),
            "the stake behind a bid over the most that it can cost",
            money=False,
            high=100.0,
        ),
    ),
)

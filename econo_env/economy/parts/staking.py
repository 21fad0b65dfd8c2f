"""Stake locked behind every bid, and bound to what is won until it is done.

Who may have to pay stakes in proportion to the most that its bid can cost; who may have to deliver stakes a fixed
liability, the performance bond of its contract. No bid moves the liability: a bond in proportion to the own offer would
make suppliers shade it. A bid without enough free money for its stake is struck. Losers get their stake back within the
tick, winners after settlement; what a winner that walks away loses, `default` says.

A stake goes into escrow and back within a tick, so only a journal sees it there, and parts that take free money before
the clearing, as with contracts that last. Elsewhere it waits among its owner's free money, and what is bound goes to
the bond at once: balances after the tick are the same.
"""

from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
from pydantic import Field

from econo_env.agents import SUPPLIER, role_of
from econo_env.economy.award import WITHDRAWALS, Award
from econo_env.economy.ledger import BONDED, BURN, ESCROW, FREE, PRINCIPAL, TREASURY, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.ledger import Journal, move
from econo_env.engine.compiled import compiled
from econo_env.engine.levers import Lever
from econo_env.engine.state import Column, Int64s, StepBuffers
from econo_env.money import LARGEST_CREDITS, Credits, to_credits, to_money
from econo_env.scenario import Scenario

DESTINATIONS = {"house": PRINCIPAL, "treasury": TREASURY, "burn": BURN}


class StakingSection(Section):
    """How much stands behind a bid.

    Attributes:
        requirement: Stake in multiples of the most that the bid can cost, rounded down to the micro-credit.
        least: Credits staked at least behind a bid that can cost something, whatever its amount. A stake of the largest
            shock of `default` or more leaves nothing to gain by bidding too much and walking away.
        liability: Credits that a supplier stakes behind its offer, whatever it asks: what it loses by walking away.
        slashed_to: Who gets what is slashed: `house`, `treasury` or `burn`.
    """

    requirement: float = Field(1.0, ge=0.0, le=100.0)
    least: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e3)
    liability: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e3)
    slashed_to: str = Field("house", pattern="^(house|treasury|burn)$")


class State(NamedTuple):
    """Stake of a batch of markets."""

    locked: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits behind the last bid")]
    slashed: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits slashed in the last tick")]
    held: None  # see `WithHeld`


_Held = Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits of the bond that stay bound after the tick")]
_WITH_HELD = [*list(get_type_hints(State, include_extras=True).items())[:-1], ("held", _Held)]
WithHeld = NamedTuple("WithHeld", _WITH_HELD)  # type: ignore[misc]  # the same columns, said once
"""The columns where bonds answer for more than a tick; without that nothing of it is in the loop."""


class Params(NamedTuple):
    """Constants of the part."""

    requirement: float
    least: int | None  # micro-credits, None for none
    liability: int | None  # micro-credits, None for none
    slashed_to: int  # account


def _params(scenario: Scenario, section: StakingSection) -> Params:
    least, liability = (int(to_money(amount)) or None for amount in (section.least, section.liability))
    return Params(section.requirement, least, liability, DESTINATIONS[section.slashed_to])


@compiled
def _bond(liability: int | None, k: int, i: int, award: Award) -> int:
    """The performance bond of an agent that offers to deliver."""
    if liability is None:
        return 0
    return liability if award.supplies[k, i] else 0


@compiled
def share_of(exposure: int, params: Params) -> int:
    """The stake behind the most that a bid can cost, micro-credits."""
    share = exposure if params.requirement == 1.0 else int(params.requirement * exposure)
    return _at_least(params.least, share, exposure)


@compiled
def _at_least(least: int | None, share: int, exposure: int) -> int:
    if least is None:
        return share
    return max(share, least) if exposure > 0 else share


@compiled
def stake_of(k: int, i: int, award: Award, params: Params) -> int:
    """What agent i has to stake behind its bid, micro-credits."""
    return share_of(award.exposure[k, i], params) + _bond(params.liability, k, i, award)


@compiled
def waits_in(journal: Journal | None, held: Int64s | None) -> int:
    """The account in which a stake waits for the clearing."""
    if journal is not None:
        return ESCROW
    if held is not None:
        return ESCROW
    return FREE


@compiled
def lock(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Locks the stake of every bid, and strikes bids without enough of it."""
    ledger, staking, agents = world.ledger, world.staking, world.staking.locked.shape[1]
    free = ledger.balances[k, account(i, FREE, agents)]
    stake = stake_of(k, i, world.market.award, params.staking)
    if stake > free:
        ledger.struck[k, i] = 1
        for _ in range(WITHDRAWALS):
            if stake > free:
                withdraw(k, i, world.market)
                stake = stake_of(k, i, world.market.award, params.staking)
        stake = min(stake, free)  # what was accepted before binds, with as much behind it as there is
    staking.locked[k, i] = stake
    if stake > 0 and waits_in(ledger.journal, staking.held) == ESCROW:
        move(k, ledger, account(i, FREE, agents), account(i, ESCROW, agents), stake)


@compiled
def bind(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Binds the stake of one who won or owes something, as far as it can still lose it, and frees the rest."""
    ledger, agents = world.ledger, world.staking.locked.shape[1]
    waits = waits_in(ledger.journal, world.staking.held)
    held, source = world.staking.locked[k, winner], account(winner, waits, agents)
    bond = min(held, stake_of(k, winner, world.market.award, params.staking))
    move(k, ledger, source, account(winner, BONDED, agents), bond)
    if waits == ESCROW:
        move(k, ledger, source, account(winner, FREE, agents), held - bond)


@compiled
def held_of(k: int, i: int, held: Int64s | None) -> int:
    """What of the bond of agent i stays bound after the tick, micro-credits."""
    if held is None:
        return 0
    return int(held[k, i])


@compiled
def spare_bond(later: int | None, k: int, i: int, world: Any) -> int:
    """What of the bond of agent i stands behind nothing that goes on, micro-credits; `later` is None where all does."""
    bond = world.ledger.balances[k, account(i, BONDED, world.ledger.wealth.shape[1])]
    if later is None:
        return int(bond)
    return int(bond - world.staking.held[k, i])


@compiled
def release(k: int, world: Any, params: Any, buffers: StepBuffers, winners: Any) -> None:
    """Gives back what nothing is left to answer for when the tick is settled: the stake of losers, and bonds."""
    ledger, agents = world.ledger, world.staking.locked.shape[1]
    waits, (begin, past) = waits_in(ledger.journal, world.staking.held), winners(k, world.market)
    if waits == ESCROW:
        begin, past = 0, agents
    for i in range(begin, past):
        if waits == ESCROW:
            _give_back(k, i, ESCROW, ledger.balances[k, account(i, ESCROW, agents)], ledger)
        bond = ledger.balances[k, account(i, BONDED, agents)]
        _give_back(k, i, BONDED, bond - held_of(k, i, world.staking.held), ledger)


@compiled
def _give_back(k: int, i: int, kind: int, amount: int, ledger: Any) -> None:
    agents = ledger.wealth.shape[1]
    if amount > 0:
        move(k, ledger, account(i, kind, agents), account(i, FREE, agents), amount)


@compiled
def open_stakes(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing is locked at the start of an episode."""
    for i in range(world.staking.locked.shape[1]):
        world.staking.locked[k, i] = 0
        world.staking.slashed[k, i] = 0


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"stake_locked": to_credits(world.staking.locked), "slashed": to_credits(world.staking.slashed)}


def _check(scenario: Scenario, section: StakingSection) -> str | None:
    if not section.liability:
        return None
    if scenario.kind.two_sided:
        return "liability is lost by walking away, and where agents trade with each other nobody can: leave it out"
    if all(role_of(agent) != SUPPLIER for agent in scenario.kind.agents(scenario)):
        return "liability is the bond of suppliers, and nobody delivers here: `requirement` backs what bidders pay"
    return None


PART = Part(
    name="staking",
    summary="Stake behind every bid: in proportion to the most that it can cost, and a bond behind every delivery.",
    config=StakingSection,
    state=State,
    params=_params,
    stages={"open": open_stakes, "lock": lock, "bind": bind, "release": release},
    needs=("ledger",),
    accounts=(ESCROW, BONDED),
    series=_series,
    check=_check,
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

"""Newcomers: who is out of a market leaves a free slot, and somebody comes in by it under a new name.

A slot is a seat at the market, an identity is who sits there. When its identity leaves, fails or is banned, the slot
stays vacant for `vacancy` ticks and until nothing waits for the old identity any more: no report of it or about it, no
debt. Then a newcomer takes it: with the stake of the slot, which the house pays for what the old one takes along, a
pledge and entry dues of its own, a type of its own, the prior's reputation, and no past. Whoever plays a slot plays all
its identities one after the other, so what throwing a name away is worth shows in what the slot earns.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.ledger import AGENT_ACCOUNTS, BONDED, ESCROW, FREE, PENDING, PRINCIPAL, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.identities import BANNED, IN
from econo_env.economy.parts.ledger import move, starts_with
from econo_env.economy.unbonding import PENDING as UNDECIDED
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Bools, Column, Int64s, StepBuffers
from econo_env.population import stakes_of
from econo_env.scenario import Scenario


class NewcomersSection(Section):
    """Who comes in for those who are out.

    Attributes:
        most: Newcomers of an episode in a market; whoever is out beyond them is not replaced.
        vacancy: Ticks that a slot stays vacant at least.
    """

    most: int = Field(8, ge=1, le=100_000)
    vacancy: int = Field(0, ge=0, le=1_000_000)


class State(NamedTuple):
    """Slots in a batch of markets."""

    vacant: Annotated[Bools, Column(np.bool_, ("agents",), "nobody is in the slot: it waits for a newcomer")]
    since: Annotated[Int64s, Column(np.int64, ("agents",), "tick in which it became vacant, or its identity came in")]
    born: Annotated[Bools, Column(np.bool_, ("agents",), "a newcomer has come in with the last tick")]
    identity: Annotated[Int64s, Column(np.int64, ("agents",), "newcomers that the slot has had in the episode")]
    brought: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits that a newcomer of the last tick has more "
                                                             "than who was there before")]  # fmt: skip
    barred: Annotated[Bools, Column(np.bool_, ("agents",), "may not act for being vacant alone")]
    expected: Annotated[Int64s, Column(np.int64, (), "newcomers of the episode, those to come for vacant slots too")]


class Params(NamedTuple):
    """Constants of the part."""

    most: int
    vacancy: int
    judged: int | None  # of no use; None where nobody reports
    lent: int | None  # of no use; None where nobody owes


def _params(scenario: Scenario, section: NewcomersSection) -> Params:
    sections = scenario.economy or {}
    judged, lent = (1 if name in sections else None for name in ("evidence", "credit"))
    return Params(section.most, section.vacancy, judged, lent)


@compiled
def begin(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """All slots have their first identity at the start of an episode."""
    slots = world.newcomers
    slots.expected[k] = 0
    for i in range(slots.vacant.shape[1]):
        slots.vacant[k, i], slots.born[k, i], slots.barred[k, i] = False, False, False
        slots.since[k, i], slots.identity[k, i], slots.brought[k, i] = 0, 0, 0


@compiled
def vacate(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """The slot of an identity that is out is free; it goes on, as the market sees it, and nobody acts in it."""
    slots, identities = world.newcomers, world.identities
    world.conduct.banned[k, i] = False
    buffers.action_mask[k, i] = True
    if slots.vacant[k, i]:
        return
    slots.vacant[k, i], slots.since[k, i] = True, world.market.tick[k]
    slots.expected[k] += 1
    if identities.status[k, i] == IN:
        identities.status[k, i] = BANNED


@compiled
def _is_judged(judged: int | None, k: int, i: int, world: Any) -> bool:
    """Whether a report by or about agent i waits for its settlement."""
    if judged is None:
        return False
    docket = world.enforcement.docket
    for at in range(docket.status.shape[1]):
        if docket.status[k, at] == UNDECIDED and (docket.accused[k, at] == i or world.evidence.reporter[k, at] == i):
            return True
    return False


@compiled
def _owes(lent: int | None, k: int, i: int, world: Any) -> bool:
    if lent is None:
        return False
    return bool(world.credit.debt[k, i] > 0)


@compiled
def is_free(k: int, i: int, world: Any, params: Params) -> bool:
    """Whether a newcomer may take the slot: it has been vacant for long enough, and nothing waits for the old one."""
    agents, bound = world.newcomers.vacant.shape[1], 0
    for kind in (ESCROW, BONDED, PENDING):
        bound += world.ledger.balances[k, account(i, kind, agents)]
    waited = world.market.tick[k] - world.newcomers.since[k, i] >= params.vacancy
    return waited and bound == 0 and not _is_judged(params.judged, k, i, world) and not _owes(params.lent, k, i, world)


@compiled
def come_in(k: int, i: int, world: Any, params: Any) -> None:
    """The old identity takes along what it has, and a newcomer brings an endowment: neither is a gain of the slot."""
    slots, ledger, agents = world.newcomers, world.ledger, world.newcomers.vacant.shape[1]
    taken, endowment = 0, starts_with(i, params.ledger.stakes, params.ledger.endowment)
    for kind in range(AGENT_ACCOUNTS):
        own = account(i, kind, agents)
        taken += ledger.balances[k, own]
        move(k, ledger, own, PRINCIPAL, ledger.balances[k, own])
    move(k, ledger, PRINCIPAL, account(i, FREE, agents), endowment)
    slots.brought[k, i] = endowment - taken
    ledger.wealth[k, i] += slots.brought[k, i]
    slots.vacant[k, i], slots.born[k, i], slots.since[k, i] = False, True, world.market.tick[k] + 1
    slots.identity[k, i] += 1


@compiled
def turn_over(k: int, world: Any, params: Any, buffers: StepBuffers, admit: Any) -> None:
    """Frees the slots of those who are out, and lets newcomers into those that are free for long enough."""
    slots, constants = world.newcomers, params.newcomers
    for i in range(slots.vacant.shape[1]):
        if slots.born[k, i]:
            slots.born[k, i], slots.brought[k, i] = False, 0
        if world.conduct.banned[k, i] and (slots.vacant[k, i] or slots.expected[k] < constants.most):
            vacate(k, i, world, params, buffers)
            admit(k, i, world.market, params.market)
        if slots.vacant[k, i] and is_free(k, i, world, constants):
            come_in(k, i, world, params)


@compiled
def strike(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Nobody bids from a vacant slot."""
    if world.newcomers.vacant[k, i]:
        withdraw(k, i, world.market)


@compiled
def lift(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes back the last bars: a market need not write the whole mask at every tick."""
    if world.newcomers.barred[k, i]:
        buffers.action_mask[k, i] = True


@compiled
def gate(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Masks vacant slots."""
    slots = world.newcomers
    slots.barred[k, i] = buffers.action_mask[k, i] and slots.vacant[k, i]
    buffers.action_mask[k, i] = buffers.action_mask[k, i] and not slots.vacant[k, i]


@compiled
def is_vacant(k: int, i: int, world: Any, params: Any) -> float:
    """1 where the own slot waits for a newcomer."""
    return 1.0 if world.newcomers.vacant[k, i] else 0.0


@compiled
def age(k: int, i: int, world: Any, params: Any) -> float:
    """Ticks t since the own identity came in, or the slot became vacant, as t / (t + 16)."""
    ticks = float(max(0, world.market.tick[k] - world.newcomers.since[k, i]))
    return ticks / (ticks + 16.0)


def _series(scenario: Scenario, world: Any) -> Mapping[str, Any]:
    return {
        "vacant": world.newcomers.vacant.sum(axis=1).astype(np.float64),
        "newcomers": world.newcomers.born.sum(axis=1).astype(np.float64),
    }


def _check(scenario: Scenario, section: NewcomersSection) -> str | None:
    if scenario.kind.kernels.admit is None:
        return f"nobody comes into a {scenario.market} market before its end: leave it out"
    return None


def _draws_on(scenario: Scenario, section: NewcomersSection) -> float:
    endowment = dict((scenario.economy or {})["ledger"])["endowment"]
    stakes = stakes_of(scenario.population or (), scenario.kind.agents(scenario), endowment) or (endowment,)
    return float(section.most * max(stakes))


PART = Part(
    name="newcomers",
    summary="Who is out leaves a free slot, by which a newcomer comes in with stake, dues and reputation of its own.",
    config=NewcomersSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": begin, "strike": strike, "reputation": turn_over, "reckon": lift, "gate": gate},
    needs=("identities",),
    admits=True,
    features=(
        Feature("vacant", "1 where the own slot waits for a newcomer: nobody acts in it", is_vacant),
        Feature("age", "ticks t since the own identity came in or the slot fell vacant, as t / (t + 16)", age),
    ),
    series=_series,
    check=_check,
    draws_on=_draws_on,
    audited={
        "vacant": "its slot is vacant",
        "born": "a newcomer has come into its slot",
        "identity": "it is newcomer number {value} of its slot, 0 the first identity",
    },
)

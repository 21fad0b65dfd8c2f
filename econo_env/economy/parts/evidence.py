"""Evidence: broken promises and forged proofs are punished if somebody who saw them reports them.

Each other agent sees a fault with some chance, and may report it, by an action, up to `age` ticks later. A report
stakes a bond, waits `dispute` ticks, and is then settled once: the house gets back what it lost, of the rest the
reporter gets less than what is burned, so that nobody recycles its own slash through a partner. Who reports what it has
not seen loses its bond. A forged proof is evidence by itself: it takes the whole stake and bans for the rest of the
episode; a broken promise costs a share that grows with each repeat, and time in jail.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.action import Action
from econo_env.economy.ledger import FREE, PENDING, PLEDGED, TREASURY, UNBONDING, account, balances_of
from econo_env.economy.part import Fact, Part, Section
from econo_env.economy.parts.convictions import convict
from econo_env.economy.parts.enforcement import WithDocket, rate_now
from econo_env.economy.parts.ledger import move
from econo_env.economy.parts.offences import NO_FAULT, end_contracts, fault_of, harm_of
from econo_env.economy.proportions import MILLION
from econo_env.economy.slashing import BYZANTINE_FAULT, NEVER, check_split, note_violation
from econo_env.economy.unbonding import (
    ACCEPTED,
    EMPTY,
    KNOWN,
    SETTLED,
    check_delays,
    is_due,
    record_stake,
    submit,
)
from econo_env.economy.unbonding import PENDING as UNDECIDED
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.rng import REPORTS, WITNESSES, uniform
from econo_env.engine.state import Bools, Column, Int64s, StepBuffers
from econo_env.money import LARGEST_CREDITS, Credits, to_credits, to_money
from econo_env.scenario import Scenario

NOBODY = -1
REPORTS_ABOVE = 0.5


class EvidenceSection(Section):
    """Who sees a fault, and what a report costs and earns.

    Attributes:
        seen: Chance that an agent sees a fault of another one, for each by itself.
        age: Ticks after a fault in which it can be reported.
        dispute: Ticks from a report to its settlement.
        freeze: Whether a report keeps stake that it could reach from leaving until it is settled.
        bond: Credits that a reporter stakes, and loses where it has seen nothing.
        reward: Share of what the house leaves of a slash that the reporter gets.
        cases: Reports for which there is room at a time; more are turned away and cost nothing.
        damages: What the house gets back first for a forged proof: what it `paid` beyond what the work was worth, or
            that and what the holder owed, so that it has what it was `promised`.
    """

    seen: float = Field(0.5, ge=0.0, le=1.0)
    age: int = Field(32, ge=1, le=100_000)
    dispute: int = Field(16, ge=0, le=100_000)
    freeze: bool = True
    bond: Credits = Field(0.1, ge=0.0, le=LARGEST_CREDITS / 1e3)
    reward: float = Field(0.1, ge=0.0, le=0.1)
    cases: int = Field(16, ge=1, le=10_000)
    damages: Literal["paid", "promised"] = "paid"


class State(NamedTuple):
    """What agents have seen and reported in a batch of markets."""

    culprit: Annotated[Int64s, Column(np.int64, ("agents",), "agent whose fault it saw last, -1 for none")]
    when: Annotated[Int64s, Column(np.int64, ("agents",), "tick of that fault")]
    what: Annotated[Int64s, Column(np.int64, ("agents",), "its number among economy.slashing.VIOLATIONS")]
    harm: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits that the house lost by it")]
    asks: Annotated[Bools, Column(np.bool_, ("agents",), "wants to report in this tick")]
    accuses: Annotated[Int64s, Column(np.int64, ("agents",), "agent that it reported in the last tick, -1 for none")]
    fined: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits lost in the last tick for a false report")]
    convicted: Annotated[Bools, Column(np.bool_, ("agents",), "was convicted in the last tick")]
    stakes: Annotated[Int64s, Column(np.int64, ("stakes", "agents"), "micro-credits at stake by tick, a ring")]
    reporter: Annotated[Int64s, Column(np.int64, ("cases",), "agent that reported")]
    violation: Annotated[Int64s, Column(np.int64, ("cases",), "number among economy.slashing.VIOLATIONS")]
    loss: Annotated[Int64s, Column(np.int64, ("cases",), "micro-credits that the house lost")]
    undecided: Annotated[Int64s, Column(np.int64, (), "cases that wait for their settlement")]
    against: Annotated[Int64s, Column(np.int64, ("agents",), "of them those against an agent")]
    due: Annotated[Int64s, Column(np.int64, (), "tick in which the first of them is settled")]
    stirred: Annotated[Int64s, Column(np.int64, (), "tick of the last report or conviction, NEVER for none")]


class Params(NamedTuple):
    """Constants of the part."""

    seen: float
    age: int
    dispute: int
    bond: int  # micro-credits
    reward: int  # parts per million
    at_once: int | None  # of no use; None where nobody can forge work that is settled in the tick of its award
    later: int | None  # of no use; None where no contract lasts
    replicated: int | None  # of no use; None where no task is done by several
    promised: int | None  # of no use; None where the house gets back only what it paid


def _params(scenario: Scenario, section: EvidenceSection) -> Params:
    sections = scenario.economy or {}
    return Params(
        seen=section.seen,
        age=section.age,
        dispute=section.dispute,
        bond=int(to_money(section.bond)),
        reward=round(section.reward * MILLION),
        at_once=1 if "contracts" in sections else None,
        later=1 if "lasting_contracts" in sections else None,
        replicated=1 if "replication" in sections else None,
        promised=1 if section.damages == "promised" else None,
    )


@compiled
def open_docket(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody has seen or reported anything at the start of an episode."""
    evidence, docket = world.evidence, world.enforcement.docket
    for at in range(docket.status.shape[1]):
        docket.status[k, at] = EMPTY
    evidence.undecided[k], evidence.due[k] = 0, 0
    evidence.stirred[k] = NEVER
    for i in range(evidence.culprit.shape[1]):
        evidence.against[k, i] = 0
        evidence.culprit[k, i] = NOBODY
        evidence.accuses[k, i] = NOBODY
        evidence.asks[k, i] = False
        evidence.fined[k, i] = 0
        evidence.convicted[k, i] = False


@compiled
def listen(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, report: float) -> None:
    """Notes whether agent i wants to report."""
    world.evidence.asks[k, i] = report > REPORTS_ABOVE


@compiled
def holds_evidence(k: int, i: int, world: Any, age: int) -> bool:
    """Whether agent i has seen a fault that can still be reported."""
    if world.evidence.culprit[k, i] == NOBODY:
        return False
    return bool(world.market.tick[k] - world.evidence.when[k, i] <= age)


@compiled
def _file(k: int, operation: int, i: int, world: Any) -> None:
    """Writes beside an accepted case who reported it, and what it is."""
    docket, evidence = world.enforcement.docket, world.evidence
    for at in range(docket.status.shape[1]):
        if docket.status[k, at] == UNDECIDED and docket.operation[k, at] == operation:
            evidence.reporter[k, at] = i
            evidence.violation[k, at] = evidence.what[k, i]
            evidence.loss[k, at] = evidence.harm[k, i]


@compiled
def report_one(k: int, i: int, world: Any, params: Any) -> None:
    """Takes up the report of agent i, which stakes its bond; who cannot stake it is not heard."""
    evidence, ledger, agents = world.evidence, world.ledger, world.evidence.culprit.shape[1]
    free, bond = account(i, FREE, agents), params.evidence.bond
    if ledger.balances[k, free] < bond:
        return
    evidence.stirred[k] = world.market.tick[k]
    if not holds_evidence(k, i, world, params.evidence.age):
        move(k, ledger, free, TREASURY, bond)
        evidence.fined[k, i] = bond
        return
    accused, offence = evidence.culprit[k, i], evidence.when[k, i]
    operation = offence * agents + accused
    docket, tick = world.enforcement.docket, world.market.tick[k]
    taken = submit(k, operation, accused, offence, tick, params.evidence.age, docket, evidence.stakes)
    if taken == ACCEPTED:
        move(k, ledger, free, account(i, PENDING, agents), bond)
        _file(k, operation, i, world)
        if evidence.undecided[k] == 0:
            evidence.due[k] = tick + params.evidence.dispute
        evidence.undecided[k] += 1
        evidence.against[k, accused] += 1
        evidence.accuses[k, i] = accused
    if taken in (ACCEPTED, KNOWN):
        evidence.culprit[k, i] = NOBODY


@compiled
def note_stake(k: int, i: int, tick: int, at: int, world: Any) -> None:
    """Notes what agent i has at stake in a tick, at its place in the ring; looks at the queue where it is in use."""
    stakes, agents = world.evidence.stakes, world.evidence.culprit.shape[1]
    bonded = world.ledger.balances[k, account(i, PLEDGED, agents)]
    if world.ledger.balances[k, account(i, UNBONDING, agents)] == 0:
        stakes[k, at, i] = bonded
    else:
        record_stake(k, i, tick, bonded, world.enforcement.leaving, stakes)


@compiled
def hear(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Notes everybody's stake, then takes up reports; of several about one fault the first is drawn by lot."""
    market, evidence, agents = world.market, world.evidence, world.evidence.culprit.shape[1]
    waiting, tick = 0, market.tick[k]
    if evidence.stirred[k] >= tick - 1:
        for i in range(agents):
            evidence.accuses[k, i] = NOBODY
            evidence.fined[k, i] = 0
            evidence.convicted[k, i] = False
    at = tick % evidence.stakes.shape[1]
    for i in range(agents):
        note_stake(k, i, tick, at, world)
        waiting += evidence.asks[k, i]
    for _ in range(waiting):
        first, luckiest = NOBODY, -1.0
        for i in range(agents):
            if evidence.asks[k, i]:
                drawn = uniform(market.key[k], market.episode[k], market.tick[k], REPORTS, i)
                if drawn > luckiest:
                    first, luckiest = i, drawn
        evidence.asks[k, first] = False
        report_one(k, first, world, params)


@compiled
def settle_case(k: int, at: int, world: Any, params: Any, expel: Any) -> None:
    """Gives the reporter its bond back, and convicts the accused unless it is banned already."""
    evidence, docket, agents = world.evidence, world.enforcement.docket, world.evidence.culprit.shape[1]
    docket.status[k, at] = SETTLED
    evidence.undecided[k] -= 1
    accused, reporter, tick = docket.accused[k, at], evidence.reporter[k, at], world.market.tick[k]
    evidence.against[k, accused] -= 1
    held = account(reporter, PENDING, agents)
    move(k, world.ledger, held, account(reporter, FREE, agents), params.evidence.bond)
    if world.conduct.banned[k, accused]:
        return
    proved = evidence.violation[k, at] == BYZANTINE_FAULT
    rate = MILLION if proved else rate_now(k, accused, world, params.enforcement)
    note_violation(world.enforcement.repeats[k, accused], tick)
    evidence.convicted[k, accused] = True
    evidence.stirred[k] = tick
    rewarded = NOBODY if world.conduct.banned[k, reporter] else reporter
    if rate > 0:
        staked, offence, loss = docket.liable[k, at], docket.offence[k, at], evidence.loss[k, at]
        convict(k, accused, rate, staked, offence, loss, rewarded, params.evidence.reward, world, params)
    if proved:
        end_contracts(params.evidence.later, k, accused, world, params)
        world.conduct.banned[k, accused] = True
        expel(k, accused, world.market)


@compiled
def witness(k: int, i: int, fault: int, world: Any, params: Any) -> None:
    """Draws who sees the fault of agent i; each remembers the last one that it saw."""
    market, evidence, agents = world.market, world.evidence, world.evidence.culprit.shape[1]
    harm = harm_of(k, i, world, params) if fault == BYZANTINE_FAULT else 0
    for j in range(agents):
        drawn = uniform(market.key[k], market.episode[k], market.tick[k], WITNESSES, i * agents + j)
        if j != i and drawn < params.evidence.seen:
            evidence.culprit[k, j] = i
            evidence.when[k, j] = market.tick[k]
            evidence.what[k, j] = fault
            evidence.harm[k, j] = harm


@compiled
def _may_have_faults(later: int | None, k: int, world: Any) -> tuple[int, int]:
    """Between which agents faults are: those graded, or all where contracts last, whose grade may come later."""
    if later is None:
        return world.conduct.first[k], world.conduct.past[k]
    return 0, world.evidence.culprit.shape[1]


@compiled
def settle_cases(k: int, world: Any, params: Any, expel: Any) -> None:
    """Settles the cases that are due; of the others the first tells when to look again."""
    docket, tick, dispute = world.enforcement.docket, world.market.tick[k], params.evidence.dispute
    due = NEVER
    for at in range(docket.status.shape[1]):
        if is_due(k, at, tick, dispute, docket):
            settle_case(k, at, world, params, expel)
        elif docket.status[k, at] == UNDECIDED:
            left = docket.submitted[k, at] + dispute
            due = left if due == NEVER else min(due, left)
    world.evidence.due[k] = due


@compiled
def judge(k: int, world: Any, params: Any, buffers: StepBuffers, expel: Any) -> None:
    """Settles what is due, then shows new faults to those who see them."""
    first, past = _may_have_faults(params.evidence.later, k, world)
    if world.evidence.undecided[k] > 0 and world.market.tick[k] >= world.evidence.due[k]:
        settle_cases(k, world, params, expel)
    for i in range(first, past):
        fault = fault_of(k, i, world, params.evidence)
        if fault != NO_FAULT:
            witness(k, i, fault, world, params)


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """A newcomer has seen nothing, and nobody has seen anything of it."""
    evidence = world.evidence
    evidence.culprit[k, newcomer] = NOBODY
    for j in range(evidence.culprit.shape[1]):
        if evidence.culprit[k, j] == newcomer:
            evidence.culprit[k, j] = NOBODY


@compiled
def has_evidence(k: int, i: int, world: Any, params: Any) -> float:
    """1 where the agent has seen what it can still report."""
    return 1.0 if holds_evidence(k, i, world, params.evidence.age) else 0.0


@compiled
def stands_accused(k: int, i: int, world: Any, params: Any) -> float:
    """1 where a report of the agent waits for its settlement."""
    if world.evidence.undecided[k] == 0:
        return 0.0
    return 1.0 if world.evidence.against[k, i] > 0 else 0.0


def _pending(scenario: Scenario, world: Any) -> Any:
    return to_credits(balances_of(world.ledger.balances, PENDING))


def _series(scenario: Scenario, world: Any) -> Mapping[str, Any]:
    return {
        "reports": (world.evidence.accuses != NOBODY).sum(axis=1).astype(np.float64),
        "convictions": world.evidence.convicted.sum(axis=1).astype(np.float64),
        "fined": to_credits(world.evidence.fined),
        "cases": (world.enforcement.docket.status == UNDECIDED).sum(axis=1).astype(np.float64),
    }


def _check(scenario: Scenario, section: EvidenceSection) -> str | None:
    sections = scenario.economy or {}
    try:
        check_delays(dict(sections["bonding"])["delay"], section.age, section.dispute, section.freeze)
        check_split(round(section.reward * MILLION), round(dict(sections["enforcement"])["burned"] * MILLION))
    except ValueError as error:
        return str(error)
    return None


PART = Part(
    name="evidence",
    summary="Faults are punished if somebody who saw them reports them, at a bond, and waits for a reward.",
    config=EvidenceSection,
    state=State,
    params=_params,
    stages={"open": open_docket, "maturities": listen, "eligibility": hear, "reputation": judge, "renew": renew},
    needs=("ledger", "conduct", "enforcement", "bonding"),
    accounts=(PENDING,),
    actions=(
        Action(
            "report",
            "above 0.5 it reports the fault that it saw last, or loses its bond if it saw none",
            follows="witness",
        ),
    ),
    features=(
        Feature("witness", "1 where the agent has seen a fault that it can still report", has_evidence),
        Feature("accused", "1 where a report of the agent waits for its settlement", stands_accused),
    ),
    facts=(Fact("pending", "credits", _pending),),
    series=_series,
    check=_check,
    axes=lambda scenario, section: {"stakes": section.age + 1, "cases": section.cases},
    widens={"enforcement": WithDocket},
    audited={
        "accuses": "it reports what agent {value} did, -1 for nobody",
        "fined": "it loses {value} micro-credits for a false report",
        "convicted": "it is convicted on evidence",
    },
)

"""Contracts that last: an award is work over several ticks, several of them at a time for an agent.

In place of `contracts`, by the same value schedule. A contract takes one of its holder's slots, and its stake is locked
until it is settled, the same unit never behind two. Each tick the holder works on all it has; at the due tick the work
is delivered and graded, or it is late, which is poor, or never comes. Who walks away has delivered nothing.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from econo_env.economy.action import Action
from econo_env.economy.award import rounded_mean
from econo_env.economy.conduct import forget_conduct, forget_tick, note_conduct
from econo_env.economy.contracts import (
    BYZANTINE,
    NO_GRADE,
    POOR,
    SATISFACTORY,
    ValueSchedule,
    expected_payout,
    grade_of,
    money,
    true_grade,
    value_of,
)
from econo_env.economy.ledger import BONDED, account
from econo_env.economy.part import Fact, Part, Verdict
from econo_env.economy.parts.contracts import (
    GRADES,
    ContractsSection,
    last_grade,
    leaves_evidence,
    narrow_exposure,
    quality_drawn,
)
from econo_env.economy.parts.staking import WithHeld
from econo_env.economy.running import (
    ABANDONED,
    DELIVERIES,
    EMPTY,
    NEVER,
    NO_SLOT,
    NOT_YET,
    ON_TIME,
    RUNNING,
    Running,
    bind_slot,
    clear_slots,
    due_first,
    open_slot,
    progress_of,
    resolve,
    settlement,
    slots_in_use,
    work_on,
)
from econo_env.economy.work import Work
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.rng import DURATION, Lottery, uniform
from econo_env.engine.state import Bools, Column, Float64s, Int64s, StepBuffers
from econo_env.money import to_credits
from econo_env.scenario import Scenario


class LastingContractsSection(ContractsSection):
    """The value schedule and grades of `contracts`, and how long contracts run.

    Attributes:
        capacity: Contracts that an agent can have running at a time; without a free slot it may not bid.
        duration: Ticks of work, the tick of the award among them; fewer where the episode ends before.
        longest_duration: The duration is drawn from `duration` up to this, each alike, and known before the bids; none
            for always `duration`.
        least_progress: Share of the work at full effort that has to be done to deliver; with less at the due tick the
            contract is late, and poor.
        grace: Ticks after the due one in which late work may follow; after them nothing was delivered.
        forfeit: Share of the lock that those lose at least who walk away or never deliver; it is never less than what
            poor work loses.
    """

    capacity: int = Field(1, ge=1, le=64)
    duration: int = Field(1, ge=1, le=1_000_000)
    longest_duration: int | None = Field(None, ge=1, le=1_000_000)
    least_progress: float = Field(0.0, ge=0.0, le=1.0)
    grace: int = Field(0, ge=0, le=1_000_000)
    forfeit: float = Field(1.0, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _durations_are_a_range(self) -> Self:
        if self.longest < self.duration:
            raise ValueError(f"longest_duration={self.longest_duration} must be at least duration={self.duration}")
        return self

    @property
    def longest(self) -> int:
        """The longest duration, ticks."""
        return self.duration if self.longest_duration is None else self.longest_duration


ABANDONS = 0.5
"""The level of `abandon` above which an agent walks away."""


class State(NamedTuple):
    """Contracts that run in a batch of markets, and what the last tick made of them."""

    work: Work
    running: Running
    opened: Annotated[Int64s, Column(np.int64, (), "contracts of the episode so far, the number of the last transfer")]
    coming: Annotated[Int64s, Column(np.int64, (), "ticks of work of the coming contract")]
    effort: Annotated[Float64s, Column(np.float64, ("agents",), "mean effort of the last tick's work, 0 for none")]
    spent: Annotated[Float64s, Column(np.float64, ("agents",), "micro-credits of the last tick's work")]
    delivery: Annotated[Int64s, Column(np.int64, ("agents",), "of the contract judged in the last tick, 0 for none")]
    delivered: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, worth of what was judged to the house")]
    luck: Annotated[Float64s, Column(np.float64, ("agents",), "micro-credits, payments of the last tick less expected")]
    exertion: Annotated[Float64s, Column(np.float64, ("agents",), "-1 to 1, of the tick, see economy.running")]
    wronged: Annotated[Bools, Column(np.bool_, ("agents",), "judged byzantine in the last tick without a forgery")]
    barred: Annotated[Bools, Column(np.bool_, ("agents",), "may not act for want of a free slot alone")]


class Params(NamedTuple):
    """Constants of the part."""

    schedule: ValueSchedule
    detection: float
    shortest: int
    longest: int
    least_progress: float
    grace: int
    forfeit: float
    max_cycles: int


def _params(scenario: Scenario, section: LastingContractsSection) -> Params:
    return Params(
        schedule=section.schedule,
        detection=section.detection,
        shortest=section.duration,
        longest=section.longest,
        least_progress=section.least_progress,
        grace=section.grace,
        forfeit=section.forfeit,
        max_cycles=scenario.max_cycles,
    )


@compiled
def begin(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody has a contract or is banned at the start of an episode."""
    lasting = world.lasting_contracts
    forget_conduct(k, world.conduct)
    lasting.opened[k] = 0
    for i in range(lasting.effort.shape[1]):
        clear_slots(k, i, False, lasting.running)
        forget(k, i, lasting)
        world.staking.held[k, i] = 0
        lasting.barred[k, i] = False


@compiled
def forget(k: int, i: int, lasting: State) -> None:
    """Agent i has done nothing in the tick yet."""
    lasting.effort[k, i] = 0.0
    lasting.spent[k, i] = 0.0
    lasting.delivery[k, i] = NOT_YET
    lasting.delivered[k, i] = 0
    lasting.luck[k, i] = 0.0
    lasting.exertion[k, i] = 0.0
    lasting.wronged[k, i] = False


@compiled
def forget_last(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Slots of settled contracts are free, and what was paid in the last tick is past."""
    award = world.market.award
    for i in range(award.units.shape[1]):
        clear_slots(k, i, True, world.lasting_contracts.running)
        forget(k, i, world.lasting_contracts)
        award.pays[k, i] = 0
        award.worth[k, i] = 0.0
    forget_tick(k, world.conduct)


@compiled
def strike(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Strikes bids of those who have no free slot."""
    running = world.lasting_contracts.running
    if slots_in_use(k, i, running) == running.status.shape[2]:
        withdraw(k, i, world.market)


@compiled
def listen(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, exertion: float, abandon: float) -> None:
    """Takes in how hard agent i works in the tick, and whether it walks away from the contract that is due first."""
    lasting, running = world.lasting_contracts, world.lasting_contracts.running
    lasting.exertion[k, i] = exertion
    j = due_first(k, i, False, running)
    if abandon > ABANDONS and j != NO_SLOT:
        running.delivery[k, i, j] = ABANDONED


@compiled
def execute(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers, engage: Any) -> None:
    """Opens the contract of a winner; its exposure falls to what it can still cost."""
    market, lasting = world.market, world.lasting_contracts
    engage(k, winner, market, params.market, buffers, lasting.work)
    narrow_exposure(k, winner, lasting.work, market.award, params.lasting_contracts.schedule)
    lasting.opened[k] += 1
    if not open_slot(k, winner, market.tick[k], lasting.coming[k], lasting.opened[k], lasting.work, lasting.running):
        world.ledger.refused[k] += 1


@compiled
def work(k: int, i: int, world: Any, params: Params) -> None:
    """Agent i works a tick on all that it has running and has not delivered."""
    lasting, number, total = world.lasting_contracts, 0, 0.0
    running, tick = lasting.running, world.market.tick[k]
    for j in range(running.status.shape[2]):
        if running.status[k, i, j] != RUNNING or running.delivery[k, i, j] != NOT_YET:
            continue
        before, ends, exertion = running.done[k, i, j], tick == params.max_cycles - 1, lasting.exertion[k, i]
        lasting.spent[k, i] += work_on(k, i, j, tick, exertion, params.least_progress, params.grace, ends, running)
        total += running.done[k, i, j] - before
        number += 1
    lasting.effort[k, i] = total / max(1, number)


@compiled
def judge(k: int, i: int, j: int, world: Any, params: Params) -> int:
    """The grade of a contract that is delivered, or will not be."""
    running, market = world.lasting_contracts.running, world.market
    delivery, forges = running.delivery[k, i, j], running.forges[k, i, j]
    if delivery in (NEVER, ABANDONED):
        return POOR
    draws = Lottery(market.key[k], market.episode[k], running.opened[k, i, j])
    if forges:
        return BYZANTINE if leaves_evidence(i, draws, params.detection) else SATISFACTORY
    chance = running.reliability[k, i, j] * progress_of(running.done[k, i, j], running.span[k, i, j])
    quality = quality_drawn(i, chance, draws, params.schedule)
    return grade_of(quality, False, params.schedule) if delivery == ON_TIME else POOR


@compiled
def grade(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Works a tick, and grades for each agent the finished contract that is due first; in the last tick all.

    One a tick, so that each is a piece of evidence of its own; of those of the last tick the worst is.
    """
    lasting, constants = world.lasting_contracts, params.lasting_contracts
    running, ends = lasting.running, world.market.tick[k] == constants.max_cycles - 1
    for i in range(lasting.effort.shape[1]):
        work(k, i, world, constants)
        worst, value = NO_GRADE, 0.0
        j = due_first(k, i, True, running)
        while j != NO_SLOT:
            graded = judge(k, i, j, world, constants)
            running.grade[k, i, j] = graded
            if graded > worst:
                worst, value = graded, float(running.value[k, i, j])
                lasting.delivery[k, i] = running.delivery[k, i, j]
            j = due_first(k, i, True, running) if ends else NO_SLOT
        if worst != NO_GRADE:
            note_conduct(k, i, worst, value, world.conduct)


@compiled
def bind(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Locks the stake behind a contract of this tick until it is settled."""
    held, agents = world.staking.held, world.staking.held.shape[1]
    bond = world.ledger.balances[k, account(i, BONDED, agents)] - held[k, i]
    held[k, i] += bind_slot(k, i, world.market.tick[k], bond, world.market.award, world.lasting_contracts.running)


@compiled
def expected_of(k: int, i: int, j: int, running: Running, params: Params) -> float:
    """What was to be expected of a contract delivered on time, given the work that was done."""
    chance = running.reliability[k, i, j] * progress_of(running.done[k, i, j], running.span[k, i, j])
    value, owes, lock = running.value[k, i, j], running.owes[k, i, j], running.lock[k, i, j]
    return expected_payout(value, owes, lock, chance, running.forges[k, i, j], params.detection, params.schedule)


@compiled
def settle_slot(k: int, i: int, j: int, world: Any, params: Params) -> None:
    """Writes into the award what a graded contract pays, and ends its pending transfer."""
    lasting, running = world.lasting_contracts, world.lasting_contracts.running
    graded, delivery, value = running.grade[k, i, j], running.delivery[k, i, j], running.value[k, i, j]
    paid = settlement(
        graded, delivery, value, running.owes[k, i, j], running.lock[k, i, j], params.forfeit, params.schedule
    )
    world.market.award.pays[k, i] -= paid
    world.staking.held[k, i] -= resolve(k, i, j, paid, running)
    if delivery == ON_TIME:
        lasting.luck[k, i] += paid - expected_of(k, i, j, running, params)
    worth = value_of(true_grade(graded, running.forges[k, i, j]), float(value), params.schedule)
    lasting.delivered[k, i] += money(worth)


@compiled
def settle(k: int, world: Any, params: Any, buffers: StepBuffers, expel: Any) -> None:
    """Settles what was graded; the byzantine are banned, and leave everything else that they have running."""
    lasting, constants = world.lasting_contracts, params.lasting_contracts
    running = lasting.running
    for i in range(lasting.effort.shape[1]):
        if lasting.spent[k, i] != 0.0:
            world.market.award.worth[k, i] = -lasting.spent[k, i]
        out = False
        for j in range(running.status.shape[2]):
            if running.status[k, i, j] == RUNNING and running.grade[k, i, j] != NO_GRADE:
                settle_slot(k, i, j, world, constants)
                if running.grade[k, i, j] == BYZANTINE:
                    out = True
                    lasting.wronged[k, i] = lasting.wronged[k, i] or not running.forges[k, i, j]
        if not out:
            continue
        world.conduct.banned[k, i] = True
        expel(k, i, world.market)
        for j in range(running.status.shape[2]):
            if running.status[k, i, j] == RUNNING:
                running.delivery[k, i, j], running.grade[k, i, j] = ABANDONED, POOR
                settle_slot(k, i, j, world, constants)


@compiled
def quote(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """The reference price of the tick is what the contracts that it settled were paid on average."""
    award, running, total, number = world.market.award, world.lasting_contracts.running, 0, 0
    for i in range(award.pays.shape[1]):
        total -= award.pays[k, i]
        for j in range(running.status.shape[2]):
            number += running.status[k, i, j] > RUNNING
    award.price[k] = rounded_mean(total, number)


@compiled
def lift(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes back the last bars: a market need not write the whole mask at every tick."""
    if world.lasting_contracts.barred[k, i]:
        buffers.action_mask[k, i] = True


@compiled
def gate(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Says how long the coming contract is, and masks those who have no free slot for it."""
    market, lasting, constants = world.market, world.lasting_contracts, params.lasting_contracts
    running = lasting.running
    luck = uniform(market.key[k], market.episode[k], market.tick[k], DURATION, 0)
    span = constants.shortest + int(luck * (constants.longest - constants.shortest + 1))
    lasting.coming[k] = max(1, min(span, constants.max_cycles - market.tick[k]))
    for i in range(lasting.barred.shape[1]):
        full = slots_in_use(k, i, running) == running.status.shape[2]
        lasting.barred[k, i] = buffers.action_mask[k, i] and full
        buffers.action_mask[k, i] = buffers.action_mask[k, i] and not full


@compiled
def free_slots(k: int, i: int, world: Any, params: Any) -> float:
    """The share of the own slots that are free."""
    running = world.lasting_contracts.running
    return float(1.0 - slots_in_use(k, i, running) / running.status.shape[2])


@compiled
def time_left(k: int, i: int, world: Any, params: Any) -> float:
    """Ticks of work left of the contract that is due first, over the longest duration."""
    running = world.lasting_contracts.running
    j = due_first(k, i, False, running)
    if j == NO_SLOT:
        return 0.0
    left = running.due[k, i, j] - world.market.tick[k] + 1
    return float(max(0.0, left / params.lasting_contracts.longest))


@compiled
def progress(k: int, i: int, world: Any, params: Any) -> float:
    """The share of the work on the contract due first that is done."""
    running = world.lasting_contracts.running
    j = due_first(k, i, False, running)
    return 0.0 if j == NO_SLOT else progress_of(running.done[k, i, j], running.span[k, i, j])


@compiled
def coming_duration(k: int, world: Any, params: Any) -> float:
    """Ticks of work of the coming contract, over the longest duration."""
    return float(world.lasting_contracts.coming[k] / params.lasting_contracts.longest)


def _delivered(scenario: Scenario, world: Any) -> Float64s:
    return to_credits(world.lasting_contracts.delivered.sum(axis=1))


def _graded(scenario: Scenario, world: Any) -> NDArray[np.int64]:
    grades: NDArray[np.int64] = world.conduct.grade
    return grades


def _effort(scenario: Scenario, world: Any) -> Float64s:
    effort: Float64s = world.lasting_contracts.effort
    return effort


def _deliveries(scenario: Scenario, world: Any) -> NDArray[np.int64]:
    deliveries: NDArray[np.int64] = world.lasting_contracts.delivery
    return deliveries


def _running(world: Any) -> NDArray[np.int64]:
    return np.asarray((world.lasting_contracts.running.status == RUNNING).sum(axis=-1))


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    """Of holders effort, grade and how they delivered; contracts that run, worth of work and banned, one a market."""
    lasting, grades = world.lasting_contracts, world.conduct.grade
    judged = lasting.delivery != NOT_YET
    shares = {
        f"delivered_{DELIVERIES[number].replace(' ', '_')}": np.where(judged, lasting.delivery == number, np.nan)
        for number in range(ON_TIME, ABANDONED + 1)
    }
    return {
        "effort": np.where((lasting.running.status != EMPTY).any(axis=-1), lasting.effort, np.nan),
        "grade": np.where(grades > 0, grades, np.nan),
        "delivered": _delivered(scenario, world),
        "banned": world.conduct.banned.sum(axis=1).astype(np.float64),
        "running": _running(world).astype(np.float64),
        "bonded": to_credits(world.staking.held),
        **shares,
    }


def _draws_on(scenario: Scenario, section: LastingContractsSection) -> float:
    return scenario.max_cycles * section.excellent * scenario.kind.largest_contract(scenario)


def _check(scenario: Scenario, section: LastingContractsSection) -> str | None:
    if not scenario.kind.carries_contracts:
        return f"awards of a {scenario.market} market are no work that could be done, graded and paid: leave it out"
    if scenario.kind.one_sale:
        return "an episode is one sale, so no contract can outlast it: use `contracts`"
    if section.longest > scenario.max_cycles:
        return f"contracts of {section.longest} ticks are longer than an episode of {scenario.max_cycles}: shorten them"
    return None


def _axes(scenario: Scenario, section: LastingContractsSection) -> Mapping[str, int]:
    return {"slots": section.capacity}


PART = Part(
    name="lasting_contracts",
    summary="An award is work over several ticks: several contracts at a time, late, left, or graded and paid.",
    config=LastingContractsSection,
    state=State,
    params=_params,
    stages={
        "open": begin,
        "maturities": forget_last,
        "strike": strike,
        "lock": listen,
        "execute": execute,
        "grade": grade,
        "bind": bind,
        "settle": settle,
        "quote": quote,
        "release": lift,
        "gate": gate,
    },
    needs=("ledger", "staking"),
    judges=True,
    pays_anybody=True,
    actions=(
        Action(
            "exertion",
            "effort of the tick on the contracts held: 0 as set out when they were won, -1 none, 1 full",
            unmasked=True,
        ),
        Action("abandon", "above 0.5, walks away from the contract held that is due first", unmasked=True),
    ),
    features=(
        Feature(
            "grade",
            "grade of the own work judged last tick over 4 (1 excellent to 4 byzantine), 0 for none",
            last_grade,
            rare=True,
        ),
        Feature("free_slots", "share of the own slots that hold no contract", free_slots),
        Feature("time_left", "ticks of work left of the own contract due first, over the longest duration", time_left),
        Feature("progress", "share of the work on the own contract due first that is done", progress),
        Feature("duration", "ticks of work of the coming contract, over the longest", coming_duration, shared=True),
    ),
    facts=(
        Fact("grade", "text", _graded, GRADES),
        Fact("delivery", "text", _deliveries, DELIVERIES),
        Fact("effort", "share", _effort),
    ),
    shuts=lambda world: _running(world) == world.lasting_contracts.running.status.shape[-1],
    series=_series,
    verdict=Verdict(
        delivered=_delivered,
        luck=lambda scenario, world: to_credits(world.lasting_contracts.luck),
        wronged=lambda scenario, world: world.lasting_contracts.wronged,
    ),
    draws_on=_draws_on,
    check=_check,
    axes=_axes,
    widens={"staking": WithHeld},
)

"""What a broken promise costs beyond the bond of its own contract: a standing pledge, and time in jail.

Every agent pledges money when an episode begins. Whoever breaks a promise, by walking away or by poor work, more often
in the window than the grace allows, loses a share of its pledge that grows with each repeat, and may not bid for a
while. Half a correlation window later it loses more the more was slashed around it: faults that come together are
dearer. What is slashed is burned and goes to the insurance account; the house, whose loss the contract's own bond
answers for, gains nothing by accusing. `bonding` lets agents move their pledge, `evidence` slashes only who is accused.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple, get_type_hints

import numpy as np
from pydantic import Field

from econo_env.economy.contracts import BYZANTINE, POOR
from econo_env.economy.ledger import FREE, PLEDGED, UNBONDING, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.convictions import at_stake, convict, forfeit
from econo_env.economy.parts.default import WithPenalty
from econo_env.economy.parts.ledger import move
from econo_env.economy.proportions import MILLION
from econo_env.economy.slashing import (
    EXACT,
    NEVER,
    TIMEOUT,
    SlashSchedule,
    correlated_slash,
    count_recent,
    note_violation,
    open_window,
    slash,
    slash_rate,
    slots_needed,
    sum_of_window,
)
from econo_env.economy.unbonding import Docket, Queue
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Bools, Column, Int64s, StepBuffers
from econo_env.money import LARGEST_CREDITS, Credits, to_credits, to_money
from econo_env.scenario import Scenario


class EnforcementSection(Section):
    """What breaking a promise costs.

    Attributes:
        pledge: Credits of its endowment that each agent pledges for the episode.
        poor: Share of the pledge that the first broken promise beyond the grace costs, to the millionth.
        growth: What each repeat in the window multiplies that share by.
        cap: The largest share.
        grace: Broken promises in the window that cost nothing.
        window: Ticks in which repeats count.
        jail: Ticks in which an agent that was slashed may not bid.
        multiplier: How much more joint faults cost; 0 for no surcharge.
        correlation: Ticks in which faults count as joint; the surcharge is due half of them later.
        burned: Share of what is slashed that is burned; the rest goes to the insurance account.
    """

    pledge: Credits = Field(1.0, gt=0.0, le=LARGEST_CREDITS / 1e3)
    poor: float = Field(0.1, gt=0.0, le=1.0)
    growth: float = Field(1.5, ge=1.0, le=100.0)
    cap: float = Field(0.5, gt=0.0, le=1.0)
    grace: int = Field(1, ge=0, le=100)
    window: int = Field(64, ge=1, le=1_000_000)
    jail: int = Field(10, ge=0, le=1_000_000)
    multiplier: int = Field(3, ge=0, le=1000)
    correlation: int = Field(64, ge=2, le=10_000)
    burned: float = Field(0.5, ge=0.5, le=1.0)

    @property
    def schedule(self) -> SlashSchedule:
        """The rates, in parts per million."""
        poor, growth, cap = (round(share * MILLION) for share in (self.poor, self.growth, self.cap))
        return SlashSchedule(poor=poor, growth=growth, cap=cap, timeout_grace=self.grace)


class State(NamedTuple):
    """Enforcement in a batch of markets."""

    repeats: Annotated[
        Int64s, Column(np.int64, ("agents", "repeats"), "ticks of the last broken promises, -1 for none")
    ]
    window: Annotated[Int64s, Column(np.int64, ("correlation",), "micro-credits slashed by tick, a ring")]
    joint: Annotated[Bools, Column(np.bool_, ("surcharges", "agents"), "has a surcharge coming, by tick, a ring")]
    free_again: Annotated[Int64s, Column(np.int64, ("agents",), "first tick out of jail")]
    barred: Annotated[Bools, Column(np.bool_, ("agents",), "may not act for being in jail alone")]
    forfeited: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits of the pledge slashed in the last tick")]
    stirred: Annotated[Int64s, Column(np.int64, (), "tick in which anybody was slashed last, NEVER for none")]
    leaving: None  # see `WithQueue`
    docket: None  # see `WithDocket`


_OWN = list(get_type_hints(State, include_extras=True).items())[:-2]
WithQueue = NamedTuple("WithQueue", [*_OWN, ("leaving", Queue), ("docket", None)])  # type: ignore[misc]
"""The columns where agents may take their pledge back: what is on its way out still answers for what came before."""
WithDocket = NamedTuple("WithDocket", [*_OWN, ("leaving", Queue), ("docket", Docket)])  # type: ignore[misc]
"""The columns where agents are slashed on evidence."""


class Params(NamedTuple):
    """Constants of the part."""

    pledge: int  # micro-credits
    schedule: SlashSchedule
    window: int
    jail: int
    multiplier: int
    wait: int  # ticks from a fault to its surcharge
    burned: int  # parts per million
    chosen: int | None  # of no use; None where nobody chooses whether to walk away
    certainty: float | None  # chance that a fault is slashed; None where all are, at once


def _certainty(scenario: Scenario) -> float | None:
    """The chance that a broken promise is punished where it takes a witness, all of whom report; else None."""
    section = (scenario.economy or {}).get("evidence")
    return None if section is None else 1.0 - (1.0 - dict(section)["seen"]) ** (scenario.num_agents - 1)


def _params(scenario: Scenario, section: EnforcementSection) -> Params:
    return Params(
        pledge=int(to_money(section.pledge)),
        schedule=section.schedule,
        window=section.window,
        jail=section.jail,
        multiplier=section.multiplier,
        wait=section.correlation // 2,
        burned=round(section.burned * MILLION),
        chosen=1 if "default" in (scenario.economy or {}) else None,
        certainty=_certainty(scenario),
    )


def _axes(scenario: Scenario, section: EnforcementSection) -> Mapping[str, int]:
    return {
        "repeats": max(1, slots_needed(section.schedule)),
        "correlation": section.correlation,
        "surcharges": section.correlation // 2 + 1,
    }


@compiled
def _threaten_with(chosen: int | None, k: int, i: int, penalty: int, world: Any) -> None:
    if chosen is None:
        return
    world.default.penalty[k, i] = penalty


@compiled
def _expected(amount: int, certainty: float | None) -> int:
    if certainty is None:
        return amount
    return int(certainty * amount)


@compiled
def take_pledges(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Everybody pledges at the start of an episode, and nobody has broken anything."""
    enforcement = world.enforcement
    enforcement.stirred[k] = NEVER
    for at in range(enforcement.window.shape[1]):
        enforcement.window[k, at] = 0
    for i in range(enforcement.barred.shape[1]):
        renew(k, i, world, params, buffers)
        enforcement.barred[k, i] = False
        enforcement.forfeited[k, i] = 0
        _threaten_with(params.enforcement.chosen, k, i, 0, world)


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """A newcomer pledges, and has broken nothing."""
    enforcement, agents = world.enforcement, world.enforcement.barred.shape[1]
    free, pledged = account(newcomer, FREE, agents), account(newcomer, PLEDGED, agents)
    move(k, world.ledger, free, pledged, params.enforcement.pledge)
    enforcement.free_again[k, newcomer] = 0
    for at in range(enforcement.repeats.shape[2]):
        enforcement.repeats[k, newcomer, at] = NEVER
    for at in range(enforcement.joint.shape[1]):
        enforcement.joint[k, at, newcomer] = False


@compiled
def rate_now(k: int, i: int, world: Any, params: Params) -> int:
    """Parts per million of the pledge that one more broken promise costs agent i in this tick."""
    earlier = count_recent(world.enforcement.repeats[k, i], world.market.tick[k], params.window)
    return slash_rate(TIMEOUT, earlier, params.schedule)


@compiled
def fault_costs(k: int, i: int, world: Any, params: Params) -> int:
    """What one more broken promise of agent i in this tick costs of its pledge, on average, micro-credits."""
    loss = slash(at_stake(k, i, world.market.tick[k], world), rate_now(k, i, world, params))
    return _expected(loss, params.certainty)


@compiled
def threaten(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Tells those who have won something what walking away would cost them beyond their bond."""
    for i in range(world.enforcement.barred.shape[1]):
        if world.market.award.units[k, i] == 0:
            continue
        _threaten_with(params.enforcement.chosen, k, i, fault_costs(k, i, world, params.enforcement), world)


@compiled
def _punish_at_once(certainty: float | None, k: int, world: Any, params: Any) -> None:
    """Convicts those who broke a promise in this tick, where that takes no witness."""
    if certainty is not None:
        return
    enforcement, tick = world.enforcement, world.market.tick[k]
    for i in range(world.conduct.first[k], world.conduct.past[k]):
        if world.conduct.grade[k, i] != POOR:
            continue
        rate = rate_now(k, i, world, params.enforcement)
        note_violation(enforcement.repeats[k, i], tick)
        if rate > 0:
            convict(k, i, rate, at_stake(k, i, tick, world), tick, 0, -1, 0, world, params)


@compiled
def _stirred_within(ticks: int, k: int, tick: int, world: Any) -> bool:
    """Whether anybody was slashed in one of so many last ticks: else nothing of it is left, and nothing is fetched."""
    last = world.enforcement.stirred[k]
    return bool(last != NEVER and tick - last <= ticks)


@compiled
def punish(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Begins a tick's sums, and punishes what needs no accuser."""
    tick = world.market.tick[k]
    if _stirred_within(world.enforcement.window.shape[1], k, tick, world):
        open_window(world.enforcement.window[k], tick)
    if _stirred_within(1, k, tick, world):
        for i in range(world.enforcement.barred.shape[1]):
            world.enforcement.forfeited[k, i] = 0
    for i in range(world.conduct.first[k], world.conduct.past[k]):
        if world.conduct.grade[k, i] == BYZANTINE:  # proved by itself, and banned by whoever judges
            convict(k, i, MILLION, at_stake(k, i, tick, world), tick, 0, -1, 0, world, params)
    _punish_at_once(params.enforcement.certainty, k, world, params)


@compiled
def punish_together(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes the surcharges that are due; they count for no later surcharge, or one fault would ruin everybody."""
    enforcement, constants = world.enforcement, params.enforcement
    agents = world.enforcement.barred.shape[1]
    at = world.market.tick[k] % enforcement.joint.shape[1]
    if not enforcement.joint[k, at].any():
        return
    slashed, offence = sum_of_window(enforcement.window[k]), world.market.tick[k] - constants.wait
    bonded = slashed
    for i in range(agents):
        for kind in (PLEDGED, UNBONDING):
            bonded += world.ledger.balances[k, account(i, kind, agents)]
    for i in range(agents):
        if enforcement.joint[k, at, i]:
            enforcement.joint[k, at, i] = False
            staked = at_stake(k, i, offence, world)
            extra = correlated_slash(staked, slashed, bonded, constants.multiplier, EXACT, 1)
            forfeit(k, i, extra, offence, 0, -1, 0, world, constants)


@compiled
def enforce(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Faults of this tick, then the surcharges of earlier ones."""
    punish(k, world, params, buffers)
    if params.enforcement.multiplier > 0 and _stirred_within(params.enforcement.wait, k, world.market.tick[k], world):
        punish_together(k, world, params, buffers)


@compiled
def gate(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Masks those who are in jail in the coming tick."""
    for i in range(world.enforcement.barred.shape[1]):
        jailed = world.market.tick[k] < world.enforcement.free_again[k, i]
        world.enforcement.barred[k, i] = buffers.action_mask[k, i] and jailed
        buffers.action_mask[k, i] = buffers.action_mask[k, i] and not jailed


@compiled
def strike(k: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Strikes bids out of jail."""
    for i in range(world.enforcement.barred.shape[1]):
        if world.market.tick[k] < world.enforcement.free_again[k, i]:
            withdraw(k, i, world.market)


@compiled
def lift(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes back the last bars: a market need not write the whole mask at every tick."""
    for i in range(world.enforcement.barred.shape[1]):
        if world.enforcement.barred[k, i]:
            buffers.action_mask[k, i] = True


@compiled
def pledge_left(k: int, i: int, world: Any, params: Any) -> float:
    """The share of the own pledge that is left."""
    agents = world.enforcement.barred.shape[1]
    return min(1.0, float(world.ledger.balances[k, account(i, PLEDGED, agents)]) / float(params.enforcement.pledge))


@compiled
def jailed(k: int, i: int, world: Any, params: Any) -> float:
    """1 where the agent is in jail in the coming tick."""
    return 1.0 if world.market.tick[k] < world.enforcement.free_again[k, i] else 0.0


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {
        "forfeited": to_credits(world.enforcement.forfeited),
        "jailed": (world.market.tick[:, None] < world.enforcement.free_again).astype(np.float64),
    }


def _check(scenario: Scenario, section: EnforcementSection) -> str | None:
    if scenario.kind.one_sale:
        return "an episode is one sale, so no promise is broken again and nobody comes back from jail: leave it out"
    endowment = dict((scenario.economy or {})["ledger"])["endowment"]
    if section.pledge > endowment:
        return (
            f"a pledge of {section.pledge:g} credits is more than the endowment of {endowment:g}: lower one of the two"
        )
    if section.schedule.poor < 1 or section.schedule.cap < section.schedule.poor:
        return f"the cap {section.cap:g} must be at least the share of the first fault, {section.poor:g}"
    if section.poor < section.cap and section.schedule.growth == MILLION:
        return (
            f"growth 1 never brings {section.poor:g} to the cap {section.cap:g}: give a larger growth, or an equal cap"
        )
    return None


PART = Part(
    name="enforcement",
    summary="A standing pledge that broken promises cost more of with each repeat, and time in jail.",
    config=EnforcementSection,
    state=State,
    params=_params,
    stages={
        "open": take_pledges,
        "bind": threaten,
        "reputation": enforce,
        "gate": gate,
        "strike": strike,
        "reckon": lift,
        "renew": renew,
    },
    needs=("ledger", "conduct"),
    accounts=(PLEDGED,),
    features=(
        Feature("pledge", "share of the own pledge that is left", pledge_left),
        Feature("jailed", "1 where the agent is in jail in the coming tick", jailed),
    ),
    series=_series,
    check=_check,
    axes=_axes,
    widens={"default": WithPenalty},
    audited={"free_again": "it may not bid before tick {value} of the episode"},
)

"""Testimony: what agents say of each other's work moves a reputation, by their stake and the trust in them at most.

Whoever sees how another agent's work was graded may say, by an action, how satisfied it is. Trust in raters starts from
pledged stake and follows who is satisfied with whom (EigenTrust, `econo_env.economy.trust`), with the cap that keeps
rings small. The house's own record stands, and each rater moves it by its influence times a leeway at most
(`econo_env.economy.testimony`): whatever a ring says, and under however many names.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.action import Action
from econo_env.economy.conduct import grade_heard
from econo_env.economy.contracts import NO_GRADE
from econo_env.economy.ledger import PLEDGED, account
from econo_env.economy.part import Part, Section
from econo_env.economy.reputation import reputation_mean
from econo_env.economy.standing import with_evidence
from econo_env.economy.testimony import LEEWAY, heard_reputation
from econo_env.economy.trust import REACH, RETURN, TOLERANCE, Ratings, iterate_trust, normalise, steps_needed
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.rng import AUDIENCE, uniform
from econo_env.engine.state import Bools, Column, Float64s, Int64s, StepBuffers
from econo_env.scenario import Scenario

NOBODY = -1
LEAST, MOST = 1e-6, 1.0 - 1e-6
"""A bound stays within these."""
MOST_AGENTS = 256


class TestimonySection(Section):
    """Who is heard, and how far.

    Attributes:
        seen: Chance that an agent sees how the work of another one was graded, for each by itself.
        leeway: How far all the stake together can move a reputation from what the house has seen.
        back: Share of trust that goes back to the stake at each step, a.
        reach: Trust that an agent passes on, in multiples of its share of the stake.
        every: Ticks after which trust is worked out anew.
        forgetting: Share of what a rater has said of an agent that is kept when it says more.
    """

    seen: float = Field(0.5, ge=0.0, le=1.0)
    leeway: float = Field(LEEWAY, ge=0.0, le=1.0)
    back: float = Field(RETURN, ge=0.01, le=1.0)
    reach: float = Field(REACH, ge=0.0, le=1e6)
    every: int = Field(8, ge=1, le=1_000_000)
    forgetting: float = Field(0.98, gt=0.0, le=1.0)


class State(NamedTuple):
    """What agents say of each other in a batch of markets."""

    saw: Annotated[Int64s, Column(np.int64, ("agents",), "agent whose graded work it saw last, -1 for none")]
    grade: Annotated[Int64s, Column(np.int64, ("agents",), "the grade of that work")]
    praise: Annotated[Float64s, Column(np.float64, ("agents", "raters"), "what is said for an agent, by rater")]
    blame: Annotated[Float64s, Column(np.float64, ("agents", "raters"), "what is said against it, by rater")]
    spoken: Annotated[Bools, Column(np.bool_, ("agents",), "something has been said of it: else nobody asks who has")]
    trust: Annotated[Float64s, Column(np.float64, ("agents",), "trust in a rater, sums to 1 where anybody has pledged")]
    stake: Annotated[Float64s, Column(np.float64, ("agents",), "its share of what is pledged")]
    record: Annotated[Float64s, Column(np.float64, ("agents",), "bound of its reputation by what the house has seen")]
    moved: Annotated[Float64s, Column(np.float64, ("agents",), "how far testimony moves it")]
    says: Annotated[Float64s, Column(np.float64, ("raters",), "room: what each says of one agent")]
    knows: Annotated[Bools, Column(np.bool_, ("raters",), "room: who says anything")]
    first: Annotated[Int64s, Column(np.int64, ("subjects",), "room: where the ratings of each agent begin")]
    rater: Annotated[Int64s, Column(np.int64, ("ratings",), "room: who gave a rating")]
    satisfied: Annotated[Float64s, Column(np.float64, ("ratings",), "room: praise less blame")]
    share: Annotated[Float64s, Column(np.float64, ("ratings",), "room: its share of the rater's praise")]
    rates: Annotated[Float64s, Column(np.float64, ("raters",), "room: who is satisfied with anybody")]
    passed: Annotated[Float64s, Column(np.float64, ("raters",), "room: trust passed on")]


class Params(NamedTuple):
    """Constants of the part."""

    seen: float
    leeway: float
    back: float
    reach: float
    every: int
    forgetting: float
    steps: int


def _params(scenario: Scenario, section: TestimonySection) -> Params:
    steps = steps_needed(section.back, TOLERANCE)
    return Params(section.seen, section.leeway, section.back, section.reach, section.every, section.forgetting, steps)


def _axes(scenario: Scenario, section: TestimonySection) -> dict[str, int]:
    agents = scenario.num_agents
    return {"raters": agents, "subjects": agents + 1, "ratings": agents * agents}


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """A newcomer has said nothing, and nothing has been said of it."""
    own, agents = world.testimony, world.testimony.saw.shape[1]
    own.saw[k, newcomer], own.grade[k, newcomer] = NOBODY, NO_GRADE
    own.record[k, newcomer], own.moved[k, newcomer] = world.reputation.bound[k, newcomer], 0.0
    own.spoken[k, newcomer] = False
    for other in range(agents):
        own.praise[k, newcomer, other], own.blame[k, newcomer, other] = 0.0, 0.0
        own.praise[k, other, newcomer], own.blame[k, other, newcomer] = 0.0, 0.0
        if own.saw[k, other] == newcomer:
            own.saw[k, other] = NOBODY


@compiled
def begin(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody has said anything at the start of an episode."""
    own, agents = world.testimony, world.testimony.saw.shape[1]
    for i in range(agents):
        renew(k, i, world, params, buffers)
        own.trust[k, i], own.stake[k, i] = 0.0, 0.0


@compiled
def listen(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, rate: float) -> None:
    """Takes in what agent i says of the work that it saw last, once."""
    own, of = world.testimony, world.testimony.saw[k, i]
    if rate == 0.0 or of == NOBODY:
        return
    known, quality = (own.praise[k, of, i], own.blame[k, of, i]), 1.0 if rate > 0.0 else 0.0
    said = with_evidence(known[0], known[1], quality, abs(rate), params.testimony.forgetting)
    own.praise[k, of, i], own.blame[k, of, i] = said
    own.spoken[k, of] = True
    own.saw[k, i] = NOBODY


@compiled
def restore(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Puts the house's own record back, to which the tick's evidence is added."""
    world.reputation.bound[k, i] = world.testimony.record[k, i]


@compiled
def share_stake(k: int, world: Any) -> bool:
    """Works out the shares of what is pledged; whether anybody has pledged anything."""
    own, agents, total = world.testimony, world.testimony.saw.shape[1], 0
    for i in range(agents):
        pledged = 0 if world.conduct.banned[k, i] else world.ledger.balances[k, account(i, PLEDGED, agents)]
        own.stake[k, i] = float(pledged)
        total += pledged
    for i in range(agents):
        own.stake[k, i] = own.stake[k, i] / total if total > 0 else 0.0
    return bool(total > 0)


@compiled
def gather_ratings(k: int, own: State) -> None:
    """Lists what raters say, agent by agent; of whom nobody has said anything there are no ratings."""
    at = 0
    for i in range(own.saw.shape[1]):
        own.first[k, i] = at
        if own.spoken[k, i]:
            for rater in range(own.saw.shape[1]):
                own.rater[k, at] = rater
                own.satisfied[k, at] = own.praise[k, i, rater] - own.blame[k, i, rater]
                at += 1
    own.first[k, own.saw.shape[1]] = at


@compiled
def work_out_trust(k: int, world: Any, params: Params) -> None:
    """Trust from the shares of stake on, by who is satisfied with whom."""
    own, agents = world.testimony, world.testimony.saw.shape[1]
    if not share_stake(k, world):
        for i in range(agents):
            own.trust[k, i] = 0.0
        return
    for i in range(agents):
        own.trust[k, i] = own.stake[k, i]
    gather_ratings(k, own)
    normalise(own.first[k], own.rater[k], own.satisfied[k], own.share[k], own.rates[k])
    ratings = Ratings(own.first[k], own.rater[k], own.share[k], own.rates[k])
    iterate_trust(
        ratings, own.stake[k], params.back, params.reach, TOLERANCE, params.steps, own.trust[k], own.passed[k]
    )


@compiled
def move_by_testimony(k: int, i: int, world: Any, params: Params) -> None:
    """Moves what is known of agent i by what raters say of it."""
    own, known, agents = world.testimony, world.reputation, world.testimony.saw.shape[1]
    mean = reputation_mean(known.positive[k, i], known.negative[k, i])
    heard, record = mean, known.bound[k, i]
    if own.spoken[k, i]:
        for rater in range(agents):
            own.says[k, rater] = reputation_mean(own.praise[k, i, rater], own.blame[k, i, rater])
            own.knows[k, rater] = own.praise[k, i, rater] + own.blame[k, i, rater] > 0.0
        heard = heard_reputation(mean, own.says[k], own.knows[k], own.trust[k], own.stake[k], params.leeway)
        own.moved[k, i] = heard - mean
    if own.record[k, i] != record:  # what stays as it is goes back to no memory
        own.record[k, i] = record
    known.bound[k, i] = min(MOST, max(LEAST, record + heard - mean))


@compiled
def hear(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Shows the tick's graded work to those who see it, and moves reputations by what was said until now."""
    own, market, agents = world.testimony, world.market, world.testimony.saw.shape[1]
    if market.tick[k] % params.testimony.every == 0:
        work_out_trust(k, world, params.testimony)
    for i in range(agents):
        move_by_testimony(k, i, world, params.testimony)
        graded = grade_heard(k, i, world.conduct)
        if graded == NO_GRADE:
            continue
        for rater in range(agents):
            if rater == i:
                continue
            drawn = uniform(market.key[k], market.episode[k], market.tick[k], AUDIENCE, i * agents + rater)
            if drawn < params.testimony.seen:
                own.saw[k, rater], own.grade[k, rater] = i, graded


@compiled
def has_opinion(k: int, i: int, world: Any, params: Any) -> float:
    """1 where the agent has seen work of which it may say something."""
    return 1.0 if world.testimony.saw[k, i] != NOBODY else 0.0


@compiled
def grade_seen(k: int, i: int, world: Any, params: Any) -> float:
    """The grade of that work over 4."""
    return float(world.testimony.grade[k, i] / 4.0) if world.testimony.saw[k, i] != NOBODY else 0.0


@compiled
def trusted(k: int, i: int, world: Any, params: Any) -> float:
    """The trust in what the agent says."""
    return float(world.testimony.trust[k, i])


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"trust": world.testimony.trust, "moved_by_testimony": world.testimony.moved}


def _check(scenario: Scenario, section: TestimonySection) -> str | None:
    if scenario.num_agents > MOST_AGENTS:
        return f"{scenario.num_agents} agents would keep a rating of each by each: have at most {MOST_AGENTS}"
    return None


PART = Part(
    name="testimony",
    summary="What agents say of each other's work moves reputations, by their stake and the trust in them at most.",
    config=TestimonySection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": begin, "maturities": listen, "release": restore, "reputation": hear, "renew": renew},
    needs=("ledger", "reputation", "enforcement"),
    actions=(Action("rate", "above 0 satisfied with the work that it saw last, below 0 not, at 0 silent"),),
    features=(
        Feature("opinion", "1 where the agent has seen graded work and said nothing of it yet", has_opinion),
        Feature("grade_seen", "grade of that work over 4", grade_seen),
        Feature("trust", "trust in what the agent says of others", trusted),
    ),
    series=_series,
    check=_check,
    axes=_axes,
    audited={
        "trust": "trust in what it says stands at {value}",
        "moved": "what others say of it moves its reputation by {value}",
    },
)

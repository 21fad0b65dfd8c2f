"""Contracts: an award is work, which is done, graded, and paid, bonded stake answering for it.

One value schedule V(grade) pays and slashes: the holder gets V(grade) less what it owes, as far down as its bond goes
(`econo_env.economy.contracts`). Proven forgery is byzantine and ends in a ban. Any market that says what its winners
have to do (`engage`, see `econo_env.economy.work`) and can let an agent go (`expel`) carries contracts.
"""

import math
from typing import Annotated, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from econo_env.economy.award import Award
from econo_env.economy.conduct import forget_conduct, forget_tick, note_conduct
from econo_env.economy.contracts import (
    BYZANTINE,
    SATISFACTORY,
    ValueSchedule,
    expected_payout,
    grade_of,
    money,
    payout,
    quality_of_work,
    true_grade,
    value_of,
    value_schedule,
)
from econo_env.economy.deterrence import detection_within
from econo_env.economy.ledger import BONDED, account
from econo_env.economy.part import Fact, Part, Section, Verdict
from econo_env.economy.staking import contract_lock
from econo_env.economy.work import Work
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.rng import EVIDENCE, EXECUTION, Lottery, two_uniforms, uniform
from econo_env.engine.state import Bools, Column, Float64s, Int64s, StepBuffers
from econo_env.money import MICRO, to_credits
from econo_env.scenario import Scenario

GRADES = ("-", "excellent", "satisfactory", "poor", "byzantine")
"""Grades in words, from none on, the best first."""


class ContractsSection(Section):
    """The value schedule in multiples of a contract's value, grades, and how forgery comes out.

    Attributes:
        excellent: V(excellent); over V(satisfactory) = 1 it is the performance bonus multiplier.
        poor: V(poor).
        byzantine: V(byzantine), the damage of a forged proof.
        excellent_quality: Least quality in [0, 1] graded excellent.
        satisfactory_quality: Least quality graded satisfactory.
        detection: Chance that one look at a forged proof finds self-verifying evidence; found by none it passes for
            satisfactory.
        inspections: Looks at a proof, each by itself, before the bond behind it is released.
        stake_cap: Liability in multiples of the contract's value; none for full liability, 0 for no stake at all.
    """

    excellent: float = Field(1.25, le=100.0)
    poor: float = Field(-0.5, le=0.0)
    byzantine: float = Field(-1.0, ge=-100.0, le=0.0)
    excellent_quality: float = Field(0.9, gt=0.0, lt=1.0)
    satisfactory_quality: float = Field(0.6, gt=0.0, lt=1.0)
    detection: float = Field(0.9, ge=0.0, le=1.0)
    inspections: int = Field(1, ge=1, le=64)
    stake_cap: float | None = Field(None, ge=0.0)

    @model_validator(mode="after")
    def _falls_with_the_grade(self) -> Self:
        if self.excellent < 1.0 or self.poor < self.byzantine:
            raise ValueError(
                f"excellent={self.excellent} >= 1 >= 0 >= poor={self.poor} >= byzantine={self.byzantine} must hold"
            )
        if not self.satisfactory_quality < self.excellent_quality:
            raise ValueError(
                f"satisfactory_quality={self.satisfactory_quality} must lie below {self.excellent_quality=}"
            )
        return self

    @property
    def schedule(self) -> ValueSchedule:
        """V(grade) in multiples of a contract's value."""
        return value_schedule(
            self.excellent, self.poor, self.byzantine, self.excellent_quality, self.satisfactory_quality
        )

    @property
    def detected(self) -> float:
        """Chance that a forged proof comes to light in any of its inspections."""
        return self.detection if self.inspections == 1 else detection_within(self.detection, self.inspections)

    @property
    def cap(self) -> float:
        """Liability in multiples of a contract's value, infinite for full liability."""
        return math.inf if self.stake_cap is None else self.stake_cap


class State(NamedTuple):
    """Contracts in a batch of markets, each done and settled in the tick that awards it."""

    work: Work
    quality: Annotated[Float64s, Column(np.float64, ("agents",), "of the last work, 0 to 1")]
    proven: Annotated[Bools, Column(np.bool_, ("agents",), "self-verifying evidence of a forgery came out")]
    delivered: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, worth of the last work to the house")]
    expected: Annotated[Float64s, Column(np.float64, ("agents",), "micro-credits, reward of the last tick over luck")]


class Params(NamedTuple):
    """Constants of the part."""

    schedule: ValueSchedule
    detection: float  # by any of the inspections


def _params(scenario: Scenario, section: ContractsSection) -> Params:
    return Params(section.schedule, section.detected)


@compiled
def forget(k: int, i: int, contracts: State) -> None:
    """Agent i holds no contract."""
    contracts.work.effort[k, i] = 0.0
    contracts.work.forges[k, i] = False
    contracts.quality[k, i] = 0.0
    contracts.proven[k, i] = False
    contracts.delivered[k, i] = 0
    contracts.expected[k, i] = 0.0


@compiled
def begin(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody holds a contract or is banned at the start of an episode."""
    forget_conduct(k, world.conduct)
    for i in range(world.contracts.quality.shape[1]):
        forget(k, i, world.contracts)


@compiled
def forget_last(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Those who held contracts in the last tick hold none any more."""
    for i in range(world.conduct.first[k], world.conduct.past[k]):
        forget(k, i, world.contracts)
    forget_tick(k, world.conduct)


@compiled
def narrow_exposure(k: int, i: int, work: Work, award: Award, schedule: ValueSchedule) -> None:
    """What a holder can still lose by its contract, now that what it owes is known."""
    worst = money(value_of(BYZANTINE, float(work.value[k, i]), schedule))
    award.exposure[k, i] = contract_lock(work.owes[k, i], worst, award.exposure[k, i])


@compiled
def quality_drawn(i: int, chance: float, draws: Lottery, schedule: ValueSchedule) -> float:
    """How the work of agent i turns out that succeeds with this chance; its luck is that of the tick of the award."""
    luck, detail = two_uniforms(draws.key, draws.episode, draws.tick, EXECUTION, i)
    return quality_of_work(luck < chance, detail, schedule)


@compiled
def luck_of_work(i: int, draws: Lottery) -> float:
    """The luck that decides whether the work of agent i succeeds, below its chance, in [0, 1)."""
    return two_uniforms(draws.key, draws.episode, draws.tick, EXECUTION, i)[0]


@compiled
def leaves_evidence(i: int, draws: Lottery, detection: float) -> bool:
    """Whether a forgery of agent i would leave self-verifying evidence."""
    return uniform(draws.key, draws.episode, draws.tick, EVIDENCE, i) < detection


@compiled
def execute(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers, engage: Any) -> None:
    """Draws how the work of a holder turns out; its exposure falls to what it can still cost."""
    state, contracts, work, schedule = world.market, world.contracts, world.contracts.work, params.contracts.schedule
    engage(k, winner, state, params.market, buffers, work)
    narrow_exposure(k, winner, work, state.award, schedule)
    draws = Lottery(state.key[k], state.episode[k], state.tick[k])
    chance = work.reliability[k, winner] * work.effort[k, winner]
    contracts.quality[k, winner] = quality_drawn(winner, chance, draws, schedule)
    contracts.proven[k, winner] = work.forges[k, winner] and leaves_evidence(winner, draws, params.contracts.detection)


@compiled
def grade(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Grades the verified work; a forged proof that holds passes for satisfactory."""
    contracts, graded = world.contracts, SATISFACTORY
    if contracts.proven[k, winner] or not contracts.work.forges[k, winner]:
        graded = grade_of(contracts.quality[k, winner], contracts.proven[k, winner], params.contracts.schedule)
    note_conduct(k, winner, graded, float(contracts.work.value[k, winner]), world.conduct)


@compiled
def settle(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers, expel: Any) -> None:
    """Writes into the award what a holder is paid and what its work cost it; bans the byzantine."""
    contracts, award, agents = world.contracts, world.market.award, world.contracts.quality.shape[1]
    work, schedule = contracts.work, params.contracts.schedule
    graded, value = world.conduct.grade[k, winner], work.value[k, winner]
    lock = min(award.exposure[k, winner], world.ledger.balances[k, account(winner, BONDED, agents)])
    award.pays[k, winner] = -payout(graded, value, work.owes[k, winner], lock, schedule)
    effort_cost = work.cost[k, winner] * work.effort[k, winner] * work.effort[k, winner]
    award.worth[k, winner] = -effort_cost
    succeeds, forges = work.reliability[k, winner] * work.effort[k, winner], work.forges[k, winner]
    detection = params.contracts.detection
    expected = expected_payout(value, work.owes[k, winner], lock, succeeds, forges, detection, schedule)
    contracts.expected[k, winner] = expected - effort_cost
    contracts.delivered[k, winner] = money(value_of(true_grade(graded, forges), float(value), schedule))
    if graded == BYZANTINE:
        world.conduct.banned[k, winner] = True
        buffers.action_mask[k, winner] = False
        expel(k, winner, world.market)


@compiled
def last_grade(k: int, i: int, world: Any, params: Any) -> float:
    """The own grade of the last tick over 4."""
    return float(world.conduct.grade[k, i] / 4.0)


def _delivered(scenario: Scenario, world: Any) -> Float64s:
    return to_credits(world.contracts.delivered.sum(axis=1))


def _luck(scenario: Scenario, world: Any) -> Float64s:
    award, contracts = world.market.award, world.contracts
    luck: Float64s = np.where(world.conduct.grade > 0, award.worth - award.pays - contracts.expected, 0.0) / MICRO
    return luck


def _wronged(scenario: Scenario, world: Any) -> NDArray[np.bool_]:
    return np.asarray((world.conduct.grade == BYZANTINE) & ~world.contracts.work.forges)


def _graded(scenario: Scenario, world: Any) -> NDArray[np.int64]:
    grades: NDArray[np.int64] = world.conduct.grade
    return grades


def _effort(scenario: Scenario, world: Any) -> Float64s:
    effort: Float64s = world.contracts.work.effort  # 0 for those who hold nothing: NaN would equal nothing in infos
    return effort


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    """Effort of holders; grade and banned agents, one a market."""
    grades = world.conduct.grade
    return {
        "effort": np.where(grades > 0, world.contracts.work.effort, np.nan),
        "grade": np.where(grades > 0, grades, np.nan),
        "delivered": _delivered(scenario, world),
        "banned": world.conduct.banned.sum(axis=1).astype(np.float64),
    }


def _draws_on(scenario: Scenario, section: ContractsSection) -> float:
    return scenario.max_cycles * section.excellent * scenario.kind.largest_contract(scenario)


def _check(scenario: Scenario, section: ContractsSection) -> str | None:
    if not scenario.kind.carries_contracts:
        return f"awards of a {scenario.market} market are no work that could be done, graded and paid: leave it out"
    return None


PART = Part(
    name="contracts",
    summary="An award is work: done or forged, graded, paid by one value schedule; the byzantine are banned.",
    config=ContractsSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": begin, "maturities": forget_last, "execute": execute, "grade": grade, "settle": settle},
    needs=("ledger", "staking"),
    judges=True,
    features=(
        Feature(
            "grade", "grade of the own last work over 4 (1 excellent to 4 byzantine), 0 for none", last_grade, rare=True
        ),
    ),
    facts=(Fact("grade", "text", _graded, GRADES), Fact("effort", "share", _effort)),
    series=_series,
    verdict=Verdict(delivered=_delivered, luck=_luck, wronged=_wronged),
    draws_on=_draws_on,
    check=_check,
)

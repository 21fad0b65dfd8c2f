"""Contracts: one value schedule V(grade) that selects the winner, pays, and slashes.

The execution-contingent scoring auction: an agent that reports cost and reliability is scored by the value its work is
worth in expectation, minus the cost; the winner is paid `V(realised grade) - S2`, S2 the best losing score. Truth is
dominant in cost and reliability, the efficient effort is the winner's own best choice, and the principal keeps exactly
S2 whatever happens (Porter, Ronen, Shoham and Tennenholtz 2008; Dash, Ramchurn and Jennings 2004).

An agent of cost c and reliability p that works with effort e succeeds with probability p e, at a cost of c e^2.
"""

import math
from typing import NamedTuple

from econo_env.economy.measurement import Measurement, crafted_effort, crafted_surplus
from econo_env.engine.compiled import compiled

NO_GRADE = 0
EXCELLENT = 1
SATISFACTORY = 2
POOR = 3
BYZANTINE = 4


class GradeChances(NamedTuple):
    """How work that succeeds or fails is graded, over its quality and how that is measured."""

    excellent_if_success: float
    passes_if_success: float  # satisfactory or excellent
    excellent_if_failure: float
    passes_if_failure: float


class ValueSchedule(NamedTuple):
    """V(grade) in multiples of the task's value, falling from excellent to byzantine, and where the grades divide."""

    excellent: float
    satisfactory: float
    poor: float
    byzantine: float
    success: float  # E[V | success]
    failure: float  # E[V | failure], V(poor) where quality is measured without error
    excellent_quality: float  # least quality graded excellent
    satisfactory_quality: float  # least quality graded satisfactory; failed work lies below
    chances: "GradeChances"
    craft: Measurement | None  # where effort is the quality of work; None where it is the chance of success


def value_schedule(
    excellent: float, poor: float, byzantine: float, excellent_quality: float, satisfactory_quality: float
) -> ValueSchedule:
    """The schedule with V(satisfactory) = 1; completed work has quality uniform from the satisfactory mark to 1."""
    excellent_share = (1.0 - excellent_quality) / (1.0 - satisfactory_quality)
    return ValueSchedule(
        excellent=excellent,
        satisfactory=1.0,
        poor=poor,
        byzantine=byzantine,
        success=excellent_share * excellent + (1.0 - excellent_share),
        failure=poor,
        excellent_quality=excellent_quality,
        satisfactory_quality=satisfactory_quality,
        chances=GradeChances(excellent_share, 1.0, 0.0, 0.0),
        craft=None,
    )


@compiled
def value_of(grade: int, task_value: float, schedule: ValueSchedule) -> float:
    """V(grade) for a task, in the unit of `task_value`."""
    if grade == EXCELLENT:
        return schedule.excellent * task_value
    if grade == SATISFACTORY:
        return schedule.satisfactory * task_value
    if grade == POOR:
        return schedule.poor * task_value
    if grade == BYZANTINE:
        return schedule.byzantine * task_value
    return 0.0


@compiled
def efficient_effort(cost: float, reliability: float, task_value: float, schedule: ValueSchedule) -> float:
    """Argmax over e in [0, 1] of `expected_surplus`: of p e V(success) + (1 - p e) V(failure) - c e^2."""
    return _efficient(cost, reliability, task_value, schedule, schedule.craft)


@compiled
def _efficient(
    cost: float, reliability: float, task_value: float, schedule: ValueSchedule, craft: Measurement | None
) -> float:
    if craft is not None:
        return crafted_effort(cost, reliability, task_value, schedule, craft)
    gain = reliability * (schedule.success - schedule.failure) * task_value
    if gain >= 2.0 * cost:
        return 1.0
    return gain / (2.0 * cost)


@compiled
def expected_surplus(
    cost: float, reliability: float, effort: float, task_value: float, schedule: ValueSchedule
) -> float:
    """Expected value of honest work minus its cost, in the unit of `cost` and `task_value`."""
    return _surplus(cost, reliability, effort, task_value, schedule, schedule.craft)


@compiled
def _surplus(
    cost: float,
    reliability: float,
    effort: float,
    task_value: float,
    schedule: ValueSchedule,
    craft: Measurement | None,
) -> float:
    if craft is not None:
        return crafted_surplus(cost, reliability, effort, task_value, schedule, craft)
    succeeds = reliability * effort
    value = (succeeds * schedule.success + (1.0 - succeeds) * schedule.failure) * task_value
    return value - cost * effort * effort


@compiled
def score(cost: float, reliability: float, task_value: float, schedule: ValueSchedule) -> float:
    """The expected surplus of a reported type at its efficient effort: what the auction ranks."""
    effort = efficient_effort(cost, reliability, task_value, schedule)
    return expected_surplus(cost, reliability, effort, task_value, schedule)


@compiled
def quality_of_work(succeeds: bool, uniform: float, schedule: ValueSchedule) -> float:
    """Quality in [0, 1]: uniform above the satisfactory mark after success, uniform below it after failure."""
    if succeeds:
        return schedule.satisfactory_quality + (1.0 - schedule.satisfactory_quality) * uniform
    return schedule.satisfactory_quality * uniform


@compiled
def grade_of(quality: float, proven_forgery: bool, schedule: ValueSchedule) -> int:
    """The grade of verified work; byzantine only on self-verifying evidence, never on quality."""
    if proven_forgery:
        return BYZANTINE
    if quality >= schedule.excellent_quality:
        return EXCELLENT
    if quality >= schedule.satisfactory_quality:
        return SATISFACTORY
    return POOR


@compiled
def money(amount: float) -> int:
    """An amount to the nearest micro-credit."""
    return int(math.floor(amount + 0.5))


@compiled
def payout(graded: int, value: int, owes: int, lock: int, schedule: ValueSchedule) -> int:
    """V(grade) less what is owed, as far down as the locked stake goes, in micro-credits."""
    return max(money(value_of(graded, float(value), schedule)) - owes, -lock)


@compiled
def expected_payout(
    value: int, owes: int, lock: int, succeeds: float, forges: bool, detection: float, schedule: ValueSchedule
) -> float:
    """`payout` in expectation over the luck of execution and evidence, of work that succeeds with this chance."""
    if forges:
        caught = payout(BYZANTINE, value, owes, lock, schedule)
        return detection * caught + (1.0 - detection) * payout(SATISFACTORY, value, owes, lock, schedule)
    chances = schedule.chances
    success = graded_payout(chances.excellent_if_success, chances.passes_if_success, value, owes, lock, schedule)
    failure = graded_payout(chances.excellent_if_failure, chances.passes_if_failure, value, owes, lock, schedule)
    return succeeds * success + (1.0 - succeeds) * failure


@compiled
def graded_payout(excellent: float, passes: float, value: int, owes: int, lock: int, schedule: ValueSchedule) -> float:
    """`payout` in expectation over the grade: excellent and at least satisfactory with these chances."""
    best = excellent * payout(EXCELLENT, value, owes, lock, schedule)
    good = (passes - excellent) * payout(SATISFACTORY, value, owes, lock, schedule)
    return best + good + (1.0 - passes) * payout(POOR, value, owes, lock, schedule)


@compiled
def true_grade(graded: int, forges: bool) -> int:
    """The grade that work is worth: a forgery that passes is worth what poor work is worth."""
    return POOR if forges and graded != BYZANTINE else graded

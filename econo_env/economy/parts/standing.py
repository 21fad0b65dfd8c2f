"""Standing in four respects: reliability, performance, honesty and cooperation, in the place of one reputation.

Each respect has evidence of its own of the same conduct (`evidence_in`), which fades as that of a reputation does. The
bound that the others act on is then the weighted mean of the four bounds (`econo_env.economy.standing`). A false report
speaks against the honesty of an agent, whatever its work is like.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.economy.conduct import grade_heard
from econo_env.economy.contracts import EXCELLENT, NO_GRADE, POOR
from econo_env.economy.lasting.running import ABANDONED, NEVER, RUNNING
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.reputation import first_to_fade
from econo_env.economy.reputation import CONFIDENCE, EXCELLENT_WEIGHT
from econo_env.economy.standing import (
    COMPONENTS,
    COOPERATION,
    HONESTY,
    PERFORMANCE,
    RELIABILITY,
    WEIGHTS,
    added,
    evidence_weight,
    faded,
    overall_bound,
    overall_mean,
)
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Bools, Column, Float64s, StepBuffers
from econo_env.scenario import Scenario


class StandingSection(Section):
    """What a piece of evidence says in each respect.

    How it weighs and fades is what `reputation` says.
    """


class State(NamedTuple):
    """What is known of agents in a batch of markets, in four respects."""

    positive: Annotated[Float64s, Column(np.float64, ("agents", "respects"), "evidence r in each respect")]
    negative: Annotated[Float64s, Column(np.float64, ("agents", "respects"), "evidence s in each respect")]
    bounds: Annotated[Float64s, Column(np.float64, ("agents", "respects"), "5 % quantile of Beta(r + 1, s + 1)")]
    overall: Annotated[Float64s, Column(np.float64, ("agents",), "weighted mean of the four bounds")]
    mean: Annotated[Float64s, Column(np.float64, ("agents",), "weighted mean of the four means")]
    changed: Annotated[Bools, Column(np.bool_, ("agents",), "something has been learned or forgotten in the tick")]


class Params(NamedTuple):
    """Constants of the part."""

    judged: int | None  # of no use; None where nobody reports
    lasting: int | None  # of no use; None where no contract lasts
    watched: int | None  # of no use; None where no alarm is raised


def _params(scenario: Scenario, section: StandingSection) -> Params:
    sections = scenario.economy or {}
    return Params(*(1 if name in sections else None for name in ("evidence", "lasting_contracts", "change_detection")))


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing is known of a newcomer in any respect."""
    standing, total = world.standing, 0.0
    for respect in range(4):
        standing.positive[k, newcomer, respect], standing.negative[k, newcomer, respect] = 0.0, 0.0
        standing.bounds[k, newcomer, respect] = CONFIDENCE
        total += WEIGHTS[respect] * CONFIDENCE
    standing.overall[k, newcomer], standing.changed[k, newcomer] = total, False
    standing.mean[k, newcomer] = overall_mean(k, newcomer, standing.positive, standing.negative)
    world.reputation.bound[k, newcomer] = total


@compiled
def meet(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Everybody is a newcomer at the start of an episode."""
    for i in range(world.standing.overall.shape[1]):
        renew(k, i, world, params, buffers)


@compiled
def evidence_in(respect: int, grade: int, handed_over: bool) -> float:
    """What graded work says of its author in a respect, quality in [0, 1].

    Reliability: whether it passes. Performance: how good it is, 1 excellent, 1/2 satisfactory. Honesty: it was work.
    Cooperation: it was handed over, good or not, and not walked away from.

    Args:
        respect: See `econo_env.economy.standing`.
        grade: Not byzantine, which ends in a ban.
        handed_over: Whether anything was delivered.
    """
    if respect == RELIABILITY:
        return 1.0 if grade < POOR else 0.0
    if respect == PERFORMANCE:
        return 1.0 if grade == EXCELLENT else 0.5 * (grade < POOR)
    if respect == HONESTY:
        return 1.0
    return 1.0 if handed_over else 0.0


@compiled
def _handed_over(lasting: int | None, k: int, i: int, world: Any, params: Any) -> bool:
    """Whether agent i has handed over what its grade is of; where contracts last, that of those beyond appeal now."""
    if lasting is None:
        return bool(world.market.award.units[k, i] != 0)
    running, over = world.lasting_contracts.running, False
    for j in range(running.status.shape[2]):
        judged = running.judged[k, i, j] + params.lasting_contracts.window
        if running.status[k, i, j] > RUNNING and judged == world.market.tick[k]:
            over = True
            if running.delivery[k, i, j] in (NEVER, ABANDONED):
                return False
    return over


@compiled
def learn(k: int, i: int, respect: int, quality: float, weight: float, world: Any, kept: float) -> None:
    """Adds a piece of evidence in one respect, of what was known the share `kept`."""
    standing = world.standing
    known = added(standing.positive[k, i, respect], standing.negative[k, i, respect], quality, weight, kept)
    standing.positive[k, i, respect], standing.negative[k, i, respect] = known
    standing.changed[k, i] = True


@compiled
def _hear_of_reports(judged: int | None, k: int, i: int, world: Any, forgetting: float) -> None:
    """A false report is a whole piece of evidence against honesty."""
    if judged is None:
        return
    if world.evidence.stirred[k] == world.market.tick[k] and world.evidence.fined[k, i] > 0:
        learn(k, i, HONESTY, 0.0, 1.0, world, forgetting)


@compiled
def _hear_of_alarms(watched: int | None, k: int, i: int, world: Any) -> None:
    """At an alarm what spoke for an agent is forgotten in every respect."""
    if watched is None:
        return
    if world.change_detection.alarmed[k, i]:
        world.standing.changed[k, i] = True
        for respect in range(4):
            world.standing.positive[k, i, respect] = 0.0


@compiled
def judge(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Adds what the tick shows of agents in each respect, and fades the others at their own tick of an epoch."""
    standing, conduct, own, known = world.standing, world.conduct, params.standing, params.reputation
    agents = standing.overall.shape[1]
    for i in range(agents):
        standing.changed[k, i] = False
        graded = grade_heard(k, i, conduct)
        if graded != NO_GRADE and not conduct.banned[k, i]:
            weight = evidence_weight(conduct.value[k, i], known.reference_value, 1.0)
            weight *= EXCELLENT_WEIGHT if graded == EXCELLENT else 1.0
            over, kept = _handed_over(own.lasting, k, i, world, params), known.forgetting**weight
            for respect in range(4):
                learn(k, i, respect, evidence_in(respect, graded, over), weight, world, kept)
        _hear_of_reports(own.judged, k, i, world, known.forgetting)
        _hear_of_alarms(own.watched, k, i, world)
    for i in range(first_to_fade(world.market.tick[k], known.epoch), agents, known.epoch):
        if not standing.changed[k, i] and not conduct.banned[k, i]:
            standing.changed[k, i] = True
            for respect in range(4):
                standing.positive[k, i, respect], standing.negative[k, i, respect] = faded(
                    standing.positive[k, i, respect], standing.negative[k, i, respect], known.forgetting
                )
    for i in range(agents):
        if standing.changed[k, i]:
            standing.overall[k, i] = overall_bound(k, i, standing.positive, standing.negative, standing.bounds)
            standing.mean[k, i] = overall_mean(k, i, standing.positive, standing.negative)
        world.reputation.bound[k, i] = standing.overall[k, i]


@compiled
def mean(k: int, i: int, world: Any, params: Any) -> float:
    """The weighted mean of the own four means."""
    return float(world.standing.mean[k, i])


@compiled
def _reliability(k: int, i: int, world: Any, params: Any) -> float:
    return float(world.standing.bounds[k, i, RELIABILITY])


@compiled
def _performance(k: int, i: int, world: Any, params: Any) -> float:
    return float(world.standing.bounds[k, i, PERFORMANCE])


@compiled
def _honesty(k: int, i: int, world: Any, params: Any) -> float:
    return float(world.standing.bounds[k, i, HONESTY])


@compiled
def _cooperation(k: int, i: int, world: Any, params: Any) -> float:
    return float(world.standing.bounds[k, i, COOPERATION])


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    bounds = world.standing.bounds
    return {f"standing_{name}": np.where(world.conduct.banned, np.nan, bounds[..., at])
            for at, name in enumerate(COMPONENTS)}  # fmt: skip


def _check(scenario: Scenario, section: StandingSection) -> str | None:
    if dict((scenario.economy or {})["reputation"])["weight"] != "linear":
        return "evidence of four respects weighs by its value: leave reputation.weight out, or at `linear`"
    return None


PART = Part(
    name="standing",
    summary="Reputation in four respects: reliability, performance, honesty, cooperation.",
    config=StandingSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": meet, "reputation": judge, "renew": renew},
    needs=("reputation",),
    features=(
        Feature("standing", "the weighted mean of the own standing in four respects", mean),
        Feature("standing_reliability", "lower bound of how often the own work passes", _reliability),
        Feature("standing_performance", "lower bound of how good the own work is", _performance),
        Feature("standing_honesty", "lower bound of how seldom it reports falsely", _honesty),
        Feature("standing_cooperation", "lower bound of how often it hands over what it has won", _cooperation),
    ),
    series=_series,
    check=_check,
    axes=lambda scenario, section: {"respects": len(COMPONENTS)},
    audited={"overall": "its standing in four respects is {value}"},
)

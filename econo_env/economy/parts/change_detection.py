"""Notices in a few awards that an agent's conduct has changed for the worse, where forgetting alone takes dozens.

Each award broken raises a sum, each one kept lowers it (`econo_env.economy.change_detector`). At the limit what spoke
for the agent is forgotten and what spoke against it is kept, so that its reputation never gains by an alarm.
"""

from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.change_detector import Detector, alarms, detector, limit_for, watch
from econo_env.economy.conduct import grade_heard, is_kept
from econo_env.economy.contracts import NO_GRADE
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.reputation import bind
from econo_env.economy.standing import evidence_weight
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Bools, Column, Float64s, StepBuffers
from econo_env.scenario import Scenario


class ChangeDetectionSection(Section):
    """What counts as a change.

    Attributes:
        before: Share of awards kept by an agent as it should be.
        after: Share kept by one that is to be noticed, below `before`.
        false_alarms: Probability of an alarm within 50 awards of an agent as it should be.
    """

    before: float = Field(0.9, gt=0.0, lt=1.0)
    after: float = Field(0.3, gt=0.0, lt=1.0)
    false_alarms: float = Field(0.01, ge=1e-6, le=0.5)


class State(NamedTuple):
    """Suspicion in a batch of markets."""

    total: Annotated[Float64s, Column(np.float64, ("agents",), "sum of log-likelihood ratios since it was last 0")]
    alarmed: Annotated[Bools, Column(np.bool_, ("agents",), "there was an alarm in the last tick")]


class Params(NamedTuple):
    """Constants of the part."""

    rule: Detector


@lru_cache(maxsize=64)
def _detector(before: float, after: float, share: float) -> Detector:
    return detector(before, after, limit_for(before, after, share))


def _params(scenario: Scenario, section: ChangeDetectionSection) -> Params:
    return Params(_detector(section.before, section.after, section.false_alarms))


@compiled
def start(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody is suspected at the start of an episode."""
    for i in range(world.change_detection.total.shape[1]):
        world.change_detection.total[k, i] = 0.0
        world.change_detection.alarmed[k, i] = False


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody suspects a newcomer."""
    world.change_detection.total[k, newcomer] = 0.0
    world.change_detection.alarmed[k, newcomer] = False


@compiled
def forget_the_good(k: int, i: int, reputation: Any, bounded: int | None) -> None:
    """Leaves of what is known of an agent only what speaks against it."""
    reputation.positive[k, i] = 0.0
    bind(bounded, k, i, reputation)


@compiled
def suspect(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Adds the tick's conduct to the sums, and acts on alarms."""
    change, conduct = world.change_detection, world.conduct
    for i in range(change.total.shape[1]):
        change.alarmed[k, i] = False
    for i in range(conduct.first[k], conduct.past[k]):
        graded = grade_heard(k, i, conduct)
        if graded == NO_GRADE or conduct.banned[k, i]:
            continue
        weight = evidence_weight(conduct.value[k, i], params.reputation.reference_value, 1.0)
        total = watch(change.total[k, i], is_kept(graded), weight, params.change_detection.rule)
        if alarms(total, params.change_detection.rule):
            change.alarmed[k, i] = True
            forget_the_good(k, i, world.reputation, params.reputation.bounded)
            total = 0.0
        change.total[k, i] = total


@compiled
def suspicion(k: int, i: int, world: Any, params: Any) -> float:
    """The own sum, in shares of the limit."""
    return float(world.change_detection.total[k, i] / params.change_detection.rule.limit)


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"alarmed": world.change_detection.alarmed.astype(np.float64)}


def _check(scenario: Scenario, section: ChangeDetectionSection) -> str | None:
    if section.after >= section.before:
        return f"after {section.after:g} must be below before {section.before:g}: it is a change for the worse"
    return None


PART = Part(
    name="change_detection",
    summary="Alarms where an agent breaks more than it did, and forgets then what spoke for it.",
    config=ChangeDetectionSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": start, "reputation": suspect, "renew": renew},
    needs=("reputation",),
    features=(Feature("suspicion", "how near the own conduct is to an alarm, 1 at it", suspicion),),
    series=_series,
    check=_check,
    audited={
        "total": "suspicion that it breaks more than it did stands at {value}",
        "alarmed": "an alarm: it breaks more than it did, and what spoke for it is forgotten",
    },
)

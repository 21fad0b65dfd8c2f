"""Beta reputation from what agents keep and break.

A kept award is positive evidence, one broken negative, byzantine conduct none, for it ends in a ban; both fade (see
`econo_env.economy.reputation`). What a reputation opens, `eligibility` says.
"""

import math
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.economy.conduct import grade_heard
from econo_env.economy.contracts import NO_GRADE
from econo_env.economy.part import Fact, Part, Section
from econo_env.economy.reputation import CONFIDENCE, evidence_of, lower_bound, reputation_mean
from econo_env.economy.standing import added, evidence_weight, faded
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Column, Float64s, StepBuffers
from econo_env.money import MICRO
from econo_env.scenario import Scenario

_NEVER = 2**62


class ReputationSection(Section):
    """How conduct becomes a reputation.

    Attributes:
        forgetting: lambda in (0, 1], applied to what is known with each new piece of evidence, to the power of its
            weight, and each epoch without.
        epoch: Ticks of an epoch, in which each agent has a tick of its own; none where nothing is forgotten without
            new evidence.
        reference_value: Credits at stake from which evidence has full weight.
        weight: How evidence of less weighs: `linear` in what is at stake, so that many small contracts are worth one of
            their sum; or by its square root, `sqrt`, whatever the weight forgetting once with each piece, which makes
            1,000 contracts of a thousandth each worth 31.6 whole ones where nothing is forgotten.
    """

    forgetting: float = Field(0.98, gt=0.0, le=1.0)
    epoch: int | None = Field(None, ge=1, le=_NEVER)
    reference_value: float = Field(1.0, gt=0.0)
    weight: Literal["linear", "sqrt"] = "linear"


class State(NamedTuple):
    """Reputation in a batch of markets."""

    positive: Annotated[Float64s, Column(np.float64, ("agents",), "evidence r")]
    negative: Annotated[Float64s, Column(np.float64, ("agents",), "evidence s")]
    bound: Annotated[Float64s, Column(np.float64, ("agents",), "5 % quantile of Beta(r + 1, s + 1)")]


class Params(NamedTuple):
    """Constants of the part."""

    forgetting: float
    epoch: int
    reference_value: float  # micro-credits
    linear: bool
    bounded: (
        int | None
    )  # of no use; None where `standing` puts its own bound in the place of this one in the same stage


def _params(scenario: Scenario, section: ReputationSection) -> Params:
    epoch = _NEVER if section.epoch is None else section.epoch
    bounded = None if "standing" in (scenario.economy or {}) else 1
    return Params(section.forgetting, epoch, section.reference_value * MICRO, section.weight == "linear", bounded)


@compiled
def bind(bounded: int | None, k: int, i: int, reputation: State) -> None:
    """Writes the bound of what is known of agent i, where it is that one which counts."""
    if bounded is None:
        return
    reputation.bound[k, i] = lower_bound(reputation.positive[k, i], reputation.negative[k, i], reputation.bound[k, i])


@compiled
def know(k: int, i: int, known: tuple[float, float], reputation: State, params: Params) -> None:
    """Writes what is known of agent i, and the bound of it."""
    positive, negative = known
    reputation.positive[k, i], reputation.negative[k, i] = positive, negative
    if positive + negative > 0.0:
        bind(params.bounded, k, i, reputation)


@compiled
def hear(k: int, i: int, grade: int, value: float, reputation: State, params: Params) -> None:
    """Forgets a little of what was known of agent i, and adds the evidence of one graded contract."""
    weight = evidence_weight(value, params.reference_value, 1.0)
    quality, weight = evidence_of(grade, weight if params.linear else math.sqrt(weight))
    kept = params.forgetting**weight if params.linear else params.forgetting
    know(k, i, added(reputation.positive[k, i], reputation.negative[k, i], quality, weight, kept), reputation, params)


@compiled
def first_to_fade(tick: int, epoch: int) -> int:
    """The first agent whose own tick of an epoch this is; every `epoch`-th one after it has the same."""
    return epoch - 1 - tick % epoch


@compiled
def remember(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Adds what the tick shows of agents' conduct; forgets a little of the others, each at its own tick of an epoch."""
    reputation, conduct, constants = world.reputation, world.conduct, params.reputation
    agents = reputation.bound.shape[1]
    for i in range(conduct.first[k], conduct.past[k]):
        graded = grade_heard(k, i, conduct)
        if graded != NO_GRADE and not conduct.banned[k, i]:
            hear(k, i, graded, conduct.value[k, i], reputation, constants)
    for i in range(first_to_fade(world.market.tick[k], constants.epoch), agents, constants.epoch):
        if grade_heard(k, i, conduct) == NO_GRADE and not conduct.banned[k, i]:
            known = faded(reputation.positive[k, i], reputation.negative[k, i], constants.forgetting)
            know(k, i, known, reputation, constants)


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing is known of a newcomer."""
    reputation = world.reputation
    reputation.positive[k, newcomer] = 0.0
    reputation.negative[k, newcomer] = 0.0
    reputation.bound[k, newcomer] = CONFIDENCE


@compiled
def meet(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Everybody is a newcomer at the start of an episode."""
    for i in range(world.reputation.bound.shape[1]):
        renew(k, i, world, params, buffers)


@compiled
def mean(k: int, i: int, world: Any, params: Any) -> float:
    """The own mean reputation."""
    return reputation_mean(world.reputation.positive[k, i], world.reputation.negative[k, i])


@compiled
def lower(k: int, i: int, world: Any, params: Any) -> float:
    """The lower confidence bound of the own reputation."""
    return float(world.reputation.bound[k, i])


def _bound(scenario: Scenario, world: Any) -> NDArray[Any]:
    return np.where(world.conduct.banned, np.nan, world.reputation.bound)


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"reputation_bound": _bound(scenario, world)}


PART = Part(
    name="reputation",
    summary="Beta reputation from what agents keep and break.",
    config=ReputationSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": meet, "reputation": remember, "renew": renew},
    needs=("conduct",),
    features=(
        Feature("reputation", "the own mean reputation", mean),
        Feature("reputation_bound", "lower confidence bound of the own reputation", lower, asked=True),
    ),
    facts=(Fact("reputation", "share", lambda scenario, world: world.reputation.bound),),
    series=_series,
    audited={
        "positive": "evidence for it stands at {value}",
        "negative": "evidence against it stands at {value}",
        "bound": "the lower bound of its reputation is {value}",
    },
)

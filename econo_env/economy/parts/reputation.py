"""Beta reputation from what agents keep and break, and who may bid by it.

A kept award is positive evidence, one walked away from negative; both fade (see `econo_env.economy.reputation`). A
share of ticks is open to all; for the others an agent's lower confidence bound must reach the threshold.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.contracts import POOR, SATISFACTORY
from econo_env.economy.part import Part, Section
from econo_env.economy.reputation import CONFIDENCE, evidence_of, lower_bound, reputation_mean
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.rng import TASKS, uniform
from econo_env.engine.state import Bools, Column, Float64s, StepBuffers
from econo_env.money import MICRO
from econo_env.scenario import Scenario


class ReputationSection(Section):
    """How conduct becomes a reputation, and what it opens.

    Attributes:
        threshold: Least lower confidence bound that may bid in a tick that is not open.
        open_share: Share of ticks that any reputation may bid in.
        forgetting: lambda in (0, 1], applied to what is known with each new piece of evidence.
        reference_value: Credits at stake from which evidence has full weight.
    """

    threshold: float = Field(0.3, ge=0.0, le=1.0)
    open_share: float = Field(0.25, ge=0.0, le=1.0)
    forgetting: float = Field(0.98, gt=0.0, le=1.0)
    reference_value: float = Field(1.0, gt=0.0)


class State(NamedTuple):
    """Reputation in a batch of markets."""

    positive: Annotated[Float64s, Column(np.float64, ("agents",), "evidence r")]
    negative: Annotated[Float64s, Column(np.float64, ("agents",), "evidence s")]
    bound: Annotated[Float64s, Column(np.float64, ("agents",), "5 % quantile of Beta(r + 1, s + 1)")]
    barred: Annotated[Bools, Column(np.bool_, ("agents",), "may not act for want of reputation alone")]
    eligible: Annotated[Bools, Column(np.bool_, ("agents",), "may bid in the coming tick")]


class Params(NamedTuple):
    """Constants of the part."""

    threshold: float
    open_share: float
    forgetting: float
    reference_value: float  # micro-credits
    by_sale: bool  # an episode is one sale, which is open or not as a whole


def _params(scenario: Scenario, section: ReputationSection) -> Params:
    return Params(
        section.threshold,
        section.open_share,
        section.forgetting,
        section.reference_value * MICRO,
        scenario.kind.one_sale,
    )


@compiled
def gate(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Marks who may bid in the coming tick; a sale that goes through several ticks is open or not as a whole."""
    state, reputation = world.market, world.reputation
    tick = 0 if params.reputation.by_sale else state.tick[k]
    is_open = uniform(state.key[k], state.episode[k], tick, TASKS, 0) < params.reputation.open_share
    for i in range(reputation.bound.shape[1]):
        may = is_open or reputation.bound[k, i] >= params.reputation.threshold
        reputation.eligible[k, i] = may
        reputation.barred[k, i] = buffers.action_mask[k, i] and not may
        buffers.action_mask[k, i] = buffers.action_mask[k, i] and may


@compiled
def strike(k: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Strikes the bids of those who may not bid."""
    for i in range(world.reputation.bound.shape[1]):
        if not world.reputation.eligible[k, i]:
            withdraw(k, i, world.market)


@compiled
def lift(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes back the last bars: a market need not write the whole mask at every tick."""
    for i in range(world.reputation.bound.shape[1]):
        if world.reputation.barred[k, i]:
            buffers.action_mask[k, i] = True


@compiled
def remember(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Adds what the tick shows of each agent's conduct."""
    reputation, default = world.reputation, world.default
    for i in range(reputation.bound.shape[1]):
        if not (default.kept[k, i] or default.walked[k, i]):
            continue
        award = world.market.award
        stake = max(float(award.exposure[k, i]), float(abs(award.pays[k, i])), 1.0)
        grade = SATISFACTORY if default.kept[k, i] else POOR
        good, bad = evidence_of(grade, stake, params.reputation.reference_value)
        positive = params.reputation.forgetting * reputation.positive[k, i] + good
        negative = params.reputation.forgetting * reputation.negative[k, i] + bad
        reputation.positive[k, i], reputation.negative[k, i] = positive, negative
        reputation.bound[k, i] = lower_bound(positive, negative, reputation.bound[k, i])


@compiled
def meet(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Everybody is a newcomer at the start of an episode."""
    reputation = world.reputation
    for i in range(reputation.bound.shape[1]):
        reputation.positive[k, i] = 0.0
        reputation.negative[k, i] = 0.0
        reputation.bound[k, i] = CONFIDENCE


@compiled
def mean(k: int, i: int, world: Any, params: Any) -> float:
    """The own mean reputation."""
    return reputation_mean(world.reputation.positive[k, i], world.reputation.negative[k, i])


@compiled
def may_bid(k: int, i: int, world: Any, params: Any) -> float:
    """1 where the agent may bid in the coming tick."""
    return 1.0 if world.reputation.eligible[k, i] else 0.0


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"reputation_bound": world.reputation.bound.copy(), "eligible": world.reputation.eligible.astype(np.float64)}


PART = Part(
    name="reputation",
    summary="Beta reputation from what agents keep and break, and who may bid by it.",
    config=ReputationSection,
    state=State,
    params=_params,
    stages={"open": meet, "gate": gate, "strike": strike, "reputation": remember, "reckon": lift},
    needs=("default",),
    features=(
        Feature("reputation", "the own mean reputation", mean),
        Feature("eligible", "1 where the agent may bid in the coming tick", may_bid),
    ),
    series=_series,
    audited={
        "positive": "evidence for it stands at {value}",
        "negative": "evidence against it stands at {value}",
        "bound": "the lower bound of its reputation is {value}",
        "eligible": "its reputation lets it bid in the coming tick",
    },
)

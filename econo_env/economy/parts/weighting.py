"""Reputation in the ranking: bids are ranked by weight times bid, the weight a line of the own lower bound.

The weights are public before the bids and no bid moves them. A winner that pays its critical value, the best losing
weighted bid over its own weight, has no reason to bid anything but what the award is worth to it (`payment: critical`
of `econo_env.mechanisms.weighted_price`). A weight costs efficiency all the same, unless what is weighed is worth it.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.part import Part, Section
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import Column, Int64s, StepBuffers
from econo_env.scenario import Scenario

_UNIT = 1000
"""Weights are whole thousandths, as mechanisms take them."""
_NEUTRAL = 0.5


class WeightingSection(Section):
    """How much a reputation weighs.

    Attributes:
        reputation_weight: The weight of a bid is 1 + this times (lower bound - 1/2); 0 for the same weight for all.
    """

    reputation_weight: float = Field(1.0, ge=0.0, lt=2.0)


class State(NamedTuple):
    """Weights in a batch of markets."""

    weight: Annotated[Int64s, Column(np.int64, ("agents",), "thousandths, what a bid of the coming tick weighs")]


class Params(NamedTuple):
    """Constants of the part."""

    reputation_weight: float


@compiled
def weight_of(bound: float, reputation_weight: float) -> int:
    """The weight of a bid whose bidder has this lower bound, in thousandths, at least 1."""
    return max(1, int(math.floor(_UNIT * (1.0 + reputation_weight * (bound - _NEUTRAL)) + 0.5)))


@compiled
def weigh_bids(k: int, world: Any, params: Any, buffers: StepBuffers, weigh: Any) -> None:
    """Sets what the bids of the coming tick weigh."""
    for i in range(world.reputation.bound.shape[1]):
        weight = weight_of(world.reputation.bound[k, i], params.weighting.reputation_weight)
        world.weighting.weight[k, i] = weight
        weigh(k, i, weight, world.market)


@compiled
def own_weight(k: int, i: int, world: Any, params: Any) -> float:
    """What the own bid of the coming tick weighs, over 2."""
    return float(world.weighting.weight[k, i] / (2.0 * _UNIT))


def _check(scenario: Scenario, section: WeightingSection) -> str | None:
    if scenario.kind.kernels.weigh is None:
        return f"a {scenario.market} market ranks no bids by weights that move: leave it out"
    return None


PART = Part(
    name="weighting",
    summary="Bids are ranked by weight times bid, and a better reputation weighs more.",
    config=WeightingSection,
    state=State,
    accounts=(),
    params=lambda scenario, section: Params(section.reputation_weight),
    stages={"gate": weigh_bids},
    needs=("reputation",),
    features=(Feature("weight", "what the own bid of the coming tick weighs in the ranking, over 2", own_weight),),
    check=_check,
    audited={"weight": "its next bid weighs {value} thousandths"},
)

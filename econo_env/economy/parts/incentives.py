"""What conduct earns: a bonus for every award that is kept, the same whatever was bid.

The bonus is (performance_bonus_multiplier - 1) times a base in credits that no bid changes, so it moves nobody's bid
for a given chance to win; the house pays it.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.conduct import is_kept
from econo_env.economy.ledger import FREE, PRINCIPAL, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.ledger import move
from econo_env.engine.compiled import compiled
from econo_env.engine.levers import Lever
from econo_env.engine.state import Column, Int64s, StepBuffers
from econo_env.money import LARGEST_CREDITS, Credits, to_money
from econo_env.scenario import Scenario


class IncentivesSection(Section):
    """What conduct earns.

    Attributes:
        performance_bonus_multiplier: From 1 up: an award that is kept earns (this - 1) times the base, to
            the next micro-credit.
        bonus_base: Credits; no bid changes it.
    """

    performance_bonus_multiplier: float = Field(1.25, ge=1.0, le=100.0)
    bonus_base: Credits = Field(0.1, ge=0.0, le=LARGEST_CREDITS / 1e6)


class State(NamedTuple):
    """Bonuses in a batch of markets."""

    bonus: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits of bonus in the last tick")]


class Params(NamedTuple):
    """Constants of the part."""

    multiplier: float
    base: float  # micro-credits


def _params(scenario: Scenario, section: IncentivesSection) -> Params:
    return Params(section.performance_bonus_multiplier, float(to_money(section.bonus_base)))


@compiled
def bonus_of(multiplier: float, base: float) -> int:
    """What an award that is kept earns, to the next micro-credit."""
    return int(math.floor((multiplier - 1.0) * base + 0.5))


@compiled
def reward_conduct(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Pays the bonus of those who kept their award."""
    agents, earned = world.incentives.bonus.shape[1], bonus_of(params.incentives.multiplier, params.incentives.base)
    for i in range(agents):
        bonus = earned if is_kept(world.conduct.grade[k, i]) else 0
        if world.incentives.bonus[k, i] != bonus:
            world.incentives.bonus[k, i] = bonus
        if bonus > 0:
            move(k, world.ledger, PRINCIPAL, account(i, FREE, agents), bonus)


@compiled
def forget(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """No bonus has been paid at the start of an episode."""
    for i in range(world.incentives.bonus.shape[1]):
        world.incentives.bonus[k, i] = 0


def _check(scenario: Scenario, section: IncentivesSection) -> str | None:
    promised = (section.performance_bonus_multiplier - 1.0) * section.bonus_base
    if promised > 0.0 and bonus_of(*_params(scenario, section)) == 0:
        return f"a bonus of {promised:g} credits is less than half a micro-credit: choose a larger bonus_base"
    return None


PART = Part(
    name="incentives",
    summary="A bonus for every award that is kept, the same whatever was bid.",
    config=IncentivesSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": forget, "post": reward_conduct},
    needs=("ledger", "conduct"),
    check=_check,
    levers=(
        Lever(
            "performance_bonus_multiplier",
            ("multiplier",),
            "the multiplier of the bonus for an award that is kept",
            money=False,
            low=1.0,
            high=100.0,
        ),
    ),
)

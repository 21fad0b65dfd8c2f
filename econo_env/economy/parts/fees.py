"""Market fees: whoever gets or gives something pays the treasury for it.

A fee is a flat amount and a share of what was paid or received. It is part of the most that a bid can cost, so it is
covered before the clearing; who is paid pays at most what it receives. Of contracts that last the fee is due when they
are settled, and no bond pays it that stands behind another.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.ledger import BONDED, FREE, TREASURY, account
from econo_env.economy.part import Part, Section
from econo_env.economy.parts.ledger import move
from econo_env.economy.parts.staking import spare_bond
from econo_env.engine.compiled import compiled
from econo_env.engine.levers import Lever
from econo_env.engine.state import Column, Int64s, StepBuffers
from econo_env.money import LARGEST_CREDITS, Credits, to_credits, to_money
from econo_env.scenario import Scenario


class FeesSection(Section):
    """What an award costs beside its price.

    Attributes:
        flat: Credits for each award.
        rate: Share of what is paid or received, rounded up to the micro-credit.
    """

    flat: Credits = Field(0.0, ge=0.0, le=LARGEST_CREDITS / 1e6)
    rate: float = Field(0.01, ge=0.0, le=1.0)


class State(NamedTuple):
    """Fees in a batch of markets."""

    charged: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits of fees in the last tick")]


class Params(NamedTuple):
    """Constants of the part."""

    flat: int  # micro-credits
    rate: float
    later: int | None  # of no use; None where no contract lasts


def _params(scenario: Scenario, section: FeesSection) -> Params:
    later = 1 if "lasting_contracts" in (scenario.economy or {}) else None
    return Params(int(to_money(section.flat)), section.rate, later)


@compiled
def fee_on(amount: int, params: Params) -> int:
    """The fee on a payment of so much, micro-credits, rounded up."""
    return params.flat + int(math.ceil(params.rate * amount))


@compiled
def open_fees(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nothing has been charged at the start of an episode."""
    world.fees.charged[k, i] = 0


@compiled
def expose_to_fee(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Adds the fee to the most that a bid can cost, where it can cost anything."""
    if world.fees.charged[k, i] != 0:
        world.fees.charged[k, i] = 0
    most = world.market.award.exposure[k, i]
    if most > 0:
        world.market.award.exposure[k, i] = most + fee_on(most, params.fees)


@compiled
def charge(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes the fee of an award, from free money first, then from what is bonded behind it."""
    ledger, agents, pays = world.ledger, world.fees.charged.shape[1], world.market.award.pays[k, winner]
    free, bonded = account(winner, FREE, agents), account(winner, BONDED, agents)
    due = fee_on(abs(pays), params.fees)
    if pays < 0:
        due = min(due, -pays)
    due = min(due, ledger.balances[k, free] + spare_bond(params.fees.later, k, winner, world))
    at_hand = min(due, ledger.balances[k, free])
    move(k, ledger, free, TREASURY, at_hand)
    move(k, ledger, bonded, TREASURY, due - at_hand)
    world.fees.charged[k, winner] = due


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"fees": to_credits(world.fees.charged).sum(axis=1)}


PART = Part(
    name="fees",
    summary="Whoever gets or gives something pays the treasury a fee for it.",
    config=FeesSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": open_fees, "expose": expose_to_fee, "post": charge},
    needs=("ledger",),
    series=_series,
    audited={"charged": "it pays a fee of {value} micro-credits"},
    levers=(Lever("rate", ("rate",), "the market's fee over what is paid or received", money=False, high=1.0),),
)

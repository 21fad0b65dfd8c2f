"""A reserve that follows what is sold: up where more is sold than aimed at, down where less.

The rule is that of Ethereum's base fee (EIP-1559), in integers: a reserve r becomes r (1 + (u - t) / (t d)), with u the
units sold in the tick (up to 1000 t), t the target and d the denominator; it rises by at least one micro-credit. It
counts what was sold and is paid for, not bids, so bids that buy nothing never raise it. What is paid goes to the seller
as ever: unlike the base fee nothing is burned.

With one unit, sold with chance s at each tick, the reserve does not drift where s ln(1 + (1 - t) / (t d)) =
-(1 - s) ln(1 - 1 / d): s = 0.531 for t = 1/2 and d = 8, and towards t itself for larger d.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.economy.part import Part, Section
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Column, Int64s, StepBuffers
from econo_env.levers import slots
from econo_env.money import MICRO, Credits, to_money
from econo_env.scenario import Scenario

LEVER = "mechanism.reserve"
_UNIT = 1000
"""Units and targets are counted in thousandths."""
_MOST = 1000
"""Units sold count up to this many times the target."""
_LARGEST = 2**62
"""Products of the rule stay below it."""


class PricingSection(Section):
    """How the reserve follows what is sold.

    Attributes:
        target: Units to be sold in a tick, or of a request where requests are on offer, in steps of 0.001; where one is
            for sale the share of ticks with a sale.
        denominator: How slowly: a tick, or a request, without a sale lowers the reserve by this part of it.
        floor: The least reserve, credits.
        ceiling: The largest reserve, credits.
    """

    target: float = Field(0.5, ge=0.001, le=1e6)
    denominator: int = Field(8, ge=1, le=1_000_000)
    floor: Credits = Field(0.01, gt=0.0)
    ceiling: Credits = Field(1.0, gt=0.0)


class State(NamedTuple):
    """Sales in a batch of markets."""

    sold: Annotated[Int64s, Column(np.int64, (), "units sold in the last tick")]
    so_far: Annotated[Int64s, Column(np.int64, (), "units sold of what is on offer still")]


class Params(NamedTuple):
    """Constants of the part."""

    lever: int  # place among the levers that are money
    start: int  # micro-credits
    floor: int  # micro-credits
    ceiling: int  # micro-credits
    target: int  # thousandths of a unit
    denominator: int


def _params(scenario: Scenario, section: PricingSection) -> Params:
    slot = next(slot for slot in slots(scenario) if slot.lever.name == lever_of(scenario))
    return Params(
        slot.at,
        int(to_money(slot.start)),
        int(to_money(section.floor)),
        int(to_money(section.ceiling)),
        round(section.target * _UNIT),
        section.denominator,
    )


@compiled
def next_price(price: int, used: int, target: int, denominator: int) -> int:
    """What a price becomes, in integers (EIP-1559, `base fee per gas`).

    Args:
        price: Micro-credits, at least 0.
        used: What was sold, at least 0.
        target: What was to be sold, in the same measure, above 0.
        denominator: At least 1.
    """
    if used > target:
        return price + max(1, price * (used - target) // target // denominator)
    return price - price * (target - used) // target // denominator


@compiled
def follow(k: int, world: Any, params: Any, buffers: StepBuffers, decided: Any) -> None:
    """Moves the reserve of what comes on offer next by what was sold of what has come to an end."""
    pricing, got, given = params.pricing, 0, 0
    for i in range(world.market.award.units.shape[1]):
        units = world.market.award.units[k, i]
        got += max(units, 0)
        given += max(-units, 0)
    sold = max(got, given)  # in procurement suppliers give
    world.pricing.sold[k] = sold
    world.pricing.so_far[k] += sold
    if not decided(k, world.market):
        return
    sold = world.pricing.so_far[k]
    world.pricing.so_far[k] = 0
    used = min(sold * _UNIT, pricing.target * _MOST)
    price = next_price(world.levers.money[k, pricing.lever], used, pricing.target, pricing.denominator)
    world.levers.money[k, pricing.lever] = min(max(price, pricing.floor), pricing.ceiling)


@compiled
def start_over(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """An episode starts at the configured reserve, with nothing sold."""
    world.pricing.sold[k] = 0
    world.pricing.so_far[k] = 0
    world.levers.money[k, params.pricing.lever] = params.pricing.start


def lever_of(scenario: Scenario) -> str:
    """The name of the market's reserve among its levers; that of most markets where it has none."""
    return next((lever.name for lever in scenario.kind.levers(scenario) if lever.name.endswith(".reserve")), LEVER)


def _moves(scenario: Scenario, section: PricingSection) -> Mapping[str, tuple[float, float]]:
    return {lever_of(scenario): (section.floor, section.ceiling)}


def _check(scenario: Scenario, section: PricingSection) -> str | None:
    if scenario.max_cycles == 1 or scenario.kind.one_sale:
        return "an episode of one sale leaves the reserve no tick to follow: choose a market of several (max_cycles)"
    if abs(section.target * _UNIT - round(section.target * _UNIT)) > 1e-6:
        return f"target = {section.target:g}: give units in steps of {1 / _UNIT:g}"
    highest = _LARGEST / (MICRO * _UNIT * _MOST * section.target)
    if section.ceiling > highest:
        return f"ceiling = {section.ceiling:g}: for a target of {section.target:g} units give at most {highest:g}"
    return None


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    return {"sold": world.pricing.sold.astype(np.float64)}


PART = Part(
    name="pricing",
    summary="A reserve that follows what is sold, up where it is more than the target, down where it is less.",
    config=PricingSection,
    state=State,
    accounts=(),
    params=_params,
    stages={"open": start_over, "adjust": follow},
    series=_series,
    check=_check,
    moves=_moves,
)

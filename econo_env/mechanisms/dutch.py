"""Dutch clock auction: the price falls until somebody takes it."""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.clock_rule import Clock, ClockMechanism, drawn_among_willing, steps_between
from econo_env.mechanisms.first_price import equilibrium
from econo_env.mechanisms.parameters import Increment, Reserve
from econo_env.mechanisms.ranking import NOBODY
from econo_env.mechanisms.sources import clocks as equals
from econo_env.money import Credits


class Dutch(NamedTuple):
    """Parameters in credits: the reserve, at which the clock ends, its step, and the price at which it starts.

    A `start` of 0 is the highest possible value, rounded up to a whole number of steps above the reserve.
    """

    reserve: Reserve = 0.0
    increment: Increment = 0.01
    start: Annotated[Credits, Field(ge=0.0)] = 0.0


@compiled
def tick(limits: NDArray[Any], standing: NDArray[Any], lottery: Lottery, params: Dutch, clock: Clock) -> Clock:
    """The first to take the price buys at it; several at once draw lots; refused at the reserve, it is not sold."""
    price, closes = clock.price, clock.closes
    winner = drawn_among_willing(limits, price, NOBODY, lottery)
    sold = winner != NOBODY
    best = price if sold else clock.best
    if not sold:
        if price <= params.reserve:
            closes = clock.tick + 1
        price = max(params.reserve, price - params.increment)
    return Clock(clock.tick, clock.horizon, closes, price, best, winner, sold)


def opening(parameters: Dutch, highest: float) -> float:
    """The first price in credits, at least the reserve; `highest` is the highest possible value."""
    if parameters.start > 0.0:
        return max(parameters.start, parameters.reserve)
    steps = math.ceil(round((highest - parameters.reserve) / parameters.increment, 6))
    return parameters.reserve + max(0, steps) * parameters.increment


def duration(parameters: Dutch, opening: float, limits: NDArray[np.float64]) -> float:
    """Down to the highest limit, or to the reserve."""
    return steps_between(np.nanmax(limits, initial=parameters.reserve), opening, parameters.increment) + 2


MECHANISM = ClockMechanism(
    name="dutch",
    summary="The price falls step by step until the first bidder takes it and pays it.",
    market="clock",
    rule=tick,
    parameters=Dutch,
    claims=(
        claims.NOT_TRUTHFUL,
        claims.EFFICIENT_IN_EQUILIBRIUM.within("increment"),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
    ),
    known_answer="as first price, within one step: U[0,1], n bidders: take the price at (n - 1) v / n, "
    "revenue (n - 1) / (n + 1)",
    sources=(equals.first_price_taken,),
    reference="Vickrey (1961); Krishna, Auction Theory (2009), section 1.2",
    equilibrium=equilibrium,
    sealed_form="first_price",
    opening=opening,
    falling=True,
    step=lambda parameters: float(parameters.increment),
    duration=duration,
)

"""English clock auction, the button form: the price rises, a bidder who lets go is out, the last one buys."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery, ticket
from econo_env.mechanisms import claims
from econo_env.mechanisms.clock_rule import Clock, ClockMechanism, drawn_among_standing, steps_between
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.parameters import Increment, Reserve
from econo_env.mechanisms.ranking import NOBODY
from econo_env.mechanisms.sources import clocks as equals

_ABOVE_ALL = 2**62
"""A price that everybody refuses, micro-credits."""


class English(NamedTuple):
    """Parameters: the reserve, from which the clock rises, and its step, both in credits."""

    reserve: Reserve = 0.0
    increment: Increment = 0.01


@compiled
def tick(limits: NDArray[Any], standing: NDArray[Any], lottery: Lottery, params: English, clock: Clock) -> Clock:
    """Those who refuse the price are out for good; one who is left alone buys at it.

    Bidders who let go together, with nobody left, draw lots at the last price that all of them accepted, as do those
    still in when the clock stops: nobody pays a price that it refused. If all refuse the reserve there is no sale.
    """
    return rise(limits, standing, lottery, params, clock, 1)


@compiled
def rise(
    limits: NDArray[Any], standing: NDArray[Any], lottery: Lottery, params: English, clock: Clock, units: int
) -> Clock:
    """A tick of the clock with several units, one a bidder: those left buy where they are as many as the units.

    Where fewer are left than units, those who have just let go draw lots for the others, all at the last price that
    all accepted; at the reserve nobody who refuses buys. At a sale of several units those who buy stay `standing`;
    of one unit the leader buys.
    """
    price, best, leader, sold = clock.price, clock.best, clock.leader, False
    closes = clock.closes
    staying, last = 0, NOBODY
    for i in range(limits.shape[0]):
        if standing[i] != 0 and not _refuses(limits[i], price):
            staying += 1
            last = i
    if staying == 0 and clock.tick == 0:
        closes = 1
    elif staying < units and clock.tick > 0:
        sold = True
        if units == 1:
            leader = drawn_among_standing(standing, lottery)
        else:
            _draw_the_rest(limits, standing, lottery, price, units - staying)
    else:
        best = price
        for i in range(limits.shape[0]):
            if _refuses(limits[i], price):
                standing[i] = 0
        if staying <= units:
            leader, sold = last, True
        elif clock.tick + 1 >= closes:
            sold = True
            if units == 1:
                leader = drawn_among_standing(standing, lottery)
            else:
                _draw_the_rest(limits, standing, lottery, np.int64(_ABOVE_ALL), units)
        else:
            price += params.increment
    return Clock(clock.tick, clock.horizon, closes, price, best, leader, sold)


@compiled
def _refuses(limit: Any, price: Any) -> bool:
    """Whether a limit, negative for never, is below the price."""
    return bool(limit < 0 or limit < price)


@compiled
def _draw_the_rest(limits: NDArray[Any], standing: NDArray[Any], lottery: Lottery, price: Any, places: int) -> None:
    """Of the standing who refuse the price only so many stay as there are places, by lot."""
    refusing = 0
    for i in range(limits.shape[0]):
        refusing += standing[i] != 0 and _refuses(limits[i], price)
    for _ in range(max(0, refusing - places)):
        unlucky, least = NOBODY, np.uint64(0)
        for i in range(limits.shape[0]):
            if standing[i] != 0 and _refuses(limits[i], price):
                drawn = ticket(lottery, i)
                if unlucky == NOBODY or drawn < least:
                    unlucky, least = i, drawn
        standing[unlucky] = 0


def duration(parameters: English, opening: float, limits: NDArray[np.float64]) -> float:
    """Up to the first price above the second highest limit."""
    limits = np.sort(limits[~np.isnan(limits)])
    return steps_between(opening, limits[-2], parameters.increment) + 2 if len(limits) > 1 else 1


MECHANISM = ClockMechanism(
    name="english",
    summary="The price rises step by step; who lets go of the button is out for good; the last one in buys at the "
    "price at which the last rival left.",
    market="clock",
    rule=tick,
    parameters=English,
    claims=(
        claims.TRUTHFUL.within("increment"),
        claims.EFFICIENT.within("increment"),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
    ),
    known_answer="staying in up to the own value; the price is the second highest value within one step: above it "
    "where one bidder is left, not above it where the last ones leave together",
    sources=(equals.last_rival_left, equals.nobody_else, equals.last_accepted),
    reference="Milgrom and Weber (1982), section 5; Krishna, Auction Theory (2009), section 1.2; Li (2017)",
    equilibrium=truth,
    truth_is_dominant=lambda _: True,
    sealed_form="second_price",
    sees=("still_in",),
    step=lambda parameters: float(parameters.increment),
    duration=duration,
)

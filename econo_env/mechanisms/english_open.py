"""English open outcry: bidders call ever higher bids; the sale closes when the calls end."""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.mechanisms import claims
from econo_env.mechanisms.clock_rule import Clock, ClockMechanism, drawn_among_willing, steps_between
from econo_env.mechanisms.conditions import truth
from econo_env.mechanisms.parameters import Closing, Extension, Increment, Reserve
from econo_env.mechanisms.ranking import NOBODY
from econo_env.mechanisms.sources import clocks as equals


class EnglishOpen(NamedTuple):
    """Parameters: where bids start, by how much they rise, and when the sale closes.

    `reserve` is the least first bid in credits. A new bid is above the best one by `increment` credits or by
    `increment_share` of it, whichever is more. The sale closes after `closing` ticks; a bid in the last `extension`
    ticks puts the close off to `extension` ticks after it (soft close), and 0 is a hard close.
    """

    reserve: Reserve = 0.0
    increment: Increment = 0.01
    increment_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.01
    closing: Closing = 20
    extension: Extension = 3


@compiled
def tick(limits: NDArray[Any], standing: NDArray[Any], lottery: Lottery, params: EnglishOpen, clock: Clock) -> Clock:
    """One of those who would outbid the leader gets the floor, by lottery, and bids the least that is allowed."""
    price, best, leader, closes = clock.price, clock.best, clock.leader, clock.closes
    after = clock.tick + 1
    caller = drawn_among_willing(limits, price, leader, lottery)
    if caller != NOBODY:
        leader, best = caller, price
        price = best + max(params.increment, int(params.increment_share * best))
        closes = min(clock.horizon, max(closes, after + params.extension))
    sold = leader != NOBODY and after >= closes
    return Clock(clock.tick, clock.horizon, closes, price, best, leader, sold)


def duration(parameters: EnglishOpen, opening: float, limits: NDArray[np.float64]) -> float:
    """Until the close, which calls put off: they rise by the increment, later by their share, to the second limit."""
    limits = np.sort(limits[~np.isnan(limits)])
    if parameters.extension == 0 or len(limits) < 2:
        return parameters.closing + parameters.extension
    share, highest = parameters.increment_share, limits[-2]
    in_steps = min(highest, max(opening, parameters.increment / share)) if share > 0.0 else highest
    calls = 2.0 + steps_between(opening, in_steps, parameters.increment)
    if highest > in_steps:
        calls += math.log(highest / in_steps) / math.log1p(share) + 1
    return max(parameters.closing, calls) + parameters.extension


MECHANISM = ClockMechanism(
    name="english_open",
    summary="Bidders outbid one another by at least the increment, one call a tick; the highest bid buys at the close, "
    "which late bids put off.",
    market="clock",
    rule=tick,
    parameters=EnglishOpen,
    claims=(
        claims.denied(claims.TRUTHFUL),
        claims.EFFICIENT_IN_EQUILIBRIUM.within("increment"),
        claims.EX_POST_RATIONAL,
        claims.NO_DEFICIT,
    ),
    known_answer="outbidding up to the own value: the price is the second highest value within one increment; "
    "with a soft close waiting for the last ticks gains nothing",
    sources=(equals.standing_bid,),
    reference="Krishna, Auction Theory (2009), section 1.2; Roth and Ockenfels (2002) on hard and soft closes",
    equilibrium=truth,
    sealed_form="second_price",
    sees=("leading",),
    closing=lambda parameters: int(parameters.closing),
    step=lambda parameters: None if parameters.increment_share > 0.0 else float(parameters.increment),
    duration=duration,
    cycles=256,
)

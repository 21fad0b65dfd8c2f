"""What clock auctions share: the clock that a rule moves tick by tick, and the row of the table that describes one."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery, ticket
from econo_env.mechanisms.base import Mechanism, mechanism
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.ranking import NOBODY


class Clock(NamedTuple):
    """A sale in progress, as a rule receives it and gives it back.

    Attributes:
        tick: Ticks played before this one.
        horizon: The last tick that can be played is `horizon - 1`.
        closes: Ticks after which the sale ends; a rule may move it up to `horizon`.
        price: What is asked for at this tick: a bidder whose limit is at least that says yes.
        best: What the leader pays if the sale ends now.
        leader: The bidder who holds the best offer, `NOBODY` where there is none.
        sold: Whether the leader has bought.
    """

    tick: int
    horizon: int
    closes: int
    price: Any
    best: Any
    leader: int
    sold: bool


def at_the_reserve(parameters: Any, highest: float) -> float:
    """A clock that rises from the reserve."""
    return reserve_of(parameters)


@dataclass(frozen=True)
class ClockMechanism(Mechanism):
    """A row of the table for a rule that is played tick by tick.

    Its rule is `rule(limits, standing, lottery, params, clock) -> Clock`: `limits` (n,) is the price up to which each
    bidder says yes at this tick, negative for never; `standing` (n,) is nonzero for those still in the auction, and the
    rule clears it for those who leave.

    Attributes:
        sealed_form: The sealed-bid mechanism with the same outcome, up to one step of the clock, for bidders who keep
            to a limit: it gives the reference strategies.
        opening: The price in credits at which the clock starts, given the parameters and the highest possible value.
        falling: Whether the price comes down until somebody says yes, not up until they say no.
        sees: What a bidder sees of its own standing: `still_in` where bidders leave, `leading` where one holds a bid.
        cycles: Ticks of the scenario that carries the mechanism's name.
        step: The step in credits between the prices that can be asked, given the parameters; None where it varies.
        closing: Ticks after which the sale closes as planned, given the parameters; None for a clock that runs. Who
            plans it has the parameters `Closing` and `Extension`, ticks by which a late call puts it off.
        duration: The most ticks a sale takes from an opening price, among bidders who keep to limits (n,), credits, NaN
            for none; None where that is not known.
    """

    rule: Callable[..., Clock]
    sealed_form: str = "second_price"
    opening: Callable[[Any, float], float] = at_the_reserve
    falling: bool = False
    sees: tuple[str, ...] = field(default=())
    cycles: int = 101
    step: Callable[[Any], float | None] = lambda parameters: None
    closing: Callable[[Any], int] | None = None
    duration: Callable[[Any, float, NDArray[np.float64]], float] | None = None


def clock_mechanism(name: str) -> ClockMechanism:
    """The clock mechanism of that name.

    Raises:
        ValueError: There is none, or it is no clock.
    """
    row = mechanism(name)
    if not isinstance(row, ClockMechanism):
        raise ValueError(f"{name!r} is played in a {row.market} market, not tick by tick")
    return row


def steps_between(low: float, high: float, increment: float) -> int:
    """Whole steps from one amount up to another, 0 where it is not above; credits."""
    return max(0, math.floor((high - low) / increment + 1e-6))


@compiled
def drawn_among_standing(standing: NDArray[Any], lottery: Lottery) -> int:
    """One of those whose entry is nonzero, by lottery; `NOBODY` where there is none."""
    winner, best = NOBODY, np.uint64(0)
    for i in range(standing.shape[0]):
        if standing[i] != 0:
            drawn = ticket(lottery, i)
            if winner == NOBODY or drawn > best:
                winner, best = i, drawn
    return winner


@compiled
def drawn_among_willing(limits: NDArray[Any], price: Any, excluded: int, lottery: Lottery) -> int:
    """One of those whose limit reaches the price, by lottery, `excluded` aside; `NOBODY` where there is none."""
    winner, best = NOBODY, np.uint64(0)
    for i in range(limits.shape[0]):
        if i != excluded and limits[i] >= 0 and limits[i] >= price:
            drawn = ticket(lottery, i)
            if winner == NOBODY or drawn > best:
                winner, best = i, drawn
    return winner

"""The award: what a tick of a market gives to each agent and takes from it, with one meaning in every market."""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Float64s, Int64s

WITHDRAWALS = 2
"""How often a market is asked to withdraw what an agent cannot back: its bid, then what it has standing from before."""


class Award(NamedTuple):
    """What the last tick decided; zero where nothing happened in it.

    An agent's reward is `worth` less `pays`, or with accounts `worth` and what its own accounts gained.
    `exposure`, `supplies` and `price` are written where there is an economy; without one the first two have no entries
    and `price` stays 0.
    """

    units: Annotated[Int64s, Column(np.int64, ("agents",), "units got in the last tick, < 0 given")]
    pays: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits paid in the last tick, < 0 received")]
    worth: Annotated[Float64s, Column(np.float64, ("agents",), "micro-credits, private gain of the goods, no money")]
    exposure: Annotated[Int64s, Column(np.int64, ("exposed",), "micro-credits, the most the bid can cost")]
    supplies: Annotated[Bools, Column(np.bool_, ("exposed",), "the bid may bind its bidder to deliver something")]
    price: Annotated[Int64s, Column(np.int64, (), "micro-credits a unit, reference price, 0 for none")]


@compiled
def forget_award(k: int, award: Award) -> None:
    """Nothing has happened yet in market `k`."""
    award.price[k] = 0
    for i in range(award.units.shape[1]):
        award.units[k, i] = 0
        award.pays[k, i] = 0
        award.worth[k, i] = 0.0
    for i in range(award.exposure.shape[1]):
        award.exposure[k, i] = 0
        award.supplies[k, i] = False


@compiled
def rounded_mean(total: int, units: int) -> int:
    """Total / units to the next whole number, halves up; 0 where there is no unit or nothing was paid on balance."""
    if units <= 0 or total <= 0:
        return 0
    return (2 * total + units) // (2 * units)


@compiled
def mean_price(k: int, award: Award, fee: int) -> int:
    """What a unit that changed hands cost, micro-credits: the mean over the units of all who got or gave any.

    The price of a single sale, the mean of a discriminatory one; where buyers pay more than sellers receive, the
    middle between their means.

    Args:
        k: The market.
        award: What happened.
        fee: What each of them paid beside the price, micro-credits.
    """
    total, units = 0, 0
    for i in range(award.units.shape[1]):
        if award.units[k, i] > 0:
            total += award.pays[k, i] - fee
            units += award.units[k, i]
        elif award.units[k, i] < 0:
            total += fee - award.pays[k, i]
            units -= award.units[k, i]
    return rounded_mean(total, units)


@compiled
def quote(k: int, state: Any, params: Any, buffers: Any) -> None:
    """The reference price of the tick, of what was kept: how a market quotes it that has no rule of its own."""
    state.award.price[k] = mean_price(k, state.award, 0)

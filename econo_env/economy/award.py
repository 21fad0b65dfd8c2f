"""The award: what a tick of a market gives to each agent and takes from it, with one meaning in every market."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Column, Float64s, Int64s


class Award(NamedTuple):
    """What the last tick decided; zero where nothing happened in it.

    An agent's reward is `worth` less `pays`, or with accounts `worth` and what its own accounts gained.
    `exposure` and `price` are written where an economy asks for them, see `econo_env.economy.part`; without one
    `exposure` has no entries.
    """

    units: Annotated[Int64s, Column(np.int64, ("agents",), "units got in the last tick, < 0 given")]
    pays: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits paid in the last tick, < 0 received")]
    worth: Annotated[Float64s, Column(np.float64, ("agents",), "micro-credits, private gain of the goods, no money")]
    exposure: Annotated[Int64s, Column(np.int64, ("exposed",), "micro-credits, the most the bid can cost")]
    price: Annotated[Int64s, Column(np.int64, (), "micro-credits, reference price of the last tick, 0 for none")]


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

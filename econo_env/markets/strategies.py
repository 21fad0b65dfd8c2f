"""Baselines of markets in which an action is a bid: the truth, and multiples of it."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from econo_env.baselines import Baselines, BidActions, Equilibrium
from econo_env.engine.state import Float32s, Float64s
from econo_env.scenario import Scenario

S = TypeVar("S", bound=Scenario)


def bidding_baselines(
    values: Callable[[S, ArrayLike], Float64s],
    place: Callable[[S, ArrayLike, ArrayLike], Float32s],
    equilibrium: Equilibrium[S],
) -> Baselines[S]:
    """Baselines that bid the own values, or a multiple of them.

    Args:
        values: The own values that observations show, credits, one a bid.
        place: The actions that place given bids: (scenario, observations, bids).
        equilibrium: The equilibrium.
    """

    def scaled(scenario: S, observations: ArrayLike, factor: ArrayLike) -> Float32s:
        """Actions that bid `factor`, a number or one an agent, times the own values."""
        own, times = values(scenario, observations), np.asarray(factor, dtype=np.float64)
        several = own.ndim == np.ndim(observations)  # bids of an agent, in the place of its features
        return place(scenario, observations, (times[..., None] if several else times) * own)

    def truthful(scenario: S, observations: ArrayLike) -> Float32s:
        """Actions that bid the own values."""
        return place(scenario, observations, values(scenario, observations))

    return Baselines(truthful, scaled, equilibrium, BidActions(values, place))

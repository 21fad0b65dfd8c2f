"""Baselines of markets in which an action is a bid: the truth, and multiples of it."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from econo_env.baselines import Baselines, BidActions, Equilibrium
from econo_env.engine.state import Float32s, Float64s
from econo_env.scenario import Scenario

S = TypeVar("S", bound=Scenario)


def _scaled(bids: BidActions[S], scenario: S, observations: ArrayLike, factor: ArrayLike) -> Float32s:
    """Actions that bid `factor`, a number or one an agent, times the own values."""
    own, times = bids.values(scenario, observations), np.asarray(factor, dtype=np.float64)
    several = own.ndim == np.ndim(observations)  # bids of an agent, in the place of its features
    return bids.place(scenario, observations, (times[..., None] if several else times) * own)


def _truthful(bids: BidActions[S], scenario: S, observations: ArrayLike) -> Float32s:
    """Actions that bid the own values."""
    return bids.place(scenario, observations, bids.values(scenario, observations))


def bidding_baselines(
    values: Callable[[S, ArrayLike], Float64s],
    place: Callable[[S, ArrayLike, ArrayLike], Float32s],
    equilibrium: Equilibrium[S],
) -> Baselines[S]:
    """Baselines that bid the own values, or a multiple of them; policies that hold them can be pickled.

    Args:
        values: The own values that observations show, credits, one a bid.
        place: The actions that place given bids: (scenario, observations, bids).
        equilibrium: The equilibrium.
    """
    bids = BidActions(values, place)
    return Baselines(partial(_truthful, bids), partial(_scaled, bids), equilibrium, bids)

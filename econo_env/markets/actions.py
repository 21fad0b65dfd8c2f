"""Bids as actions: what has to be done in [-1, 1] to place a given bid; the truth and its multiples as baselines.

Actions are float32: near -1 and 1 they come in steps of 2^-24, towards 0 in finer ones. So a bid is placed to within
6e-8 times what action 0 bids, which is more than a micro-credit from about 17 credits on. What an action cannot say is
rounded to the cautious side, unless the bid was meant to reach a threshold: then it reaches it.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from econo_env.baselines import Baselines, BidActions, CompiledActions, Equilibrium
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float32s, Float64s
from econo_env.money import MICRO
from econo_env.scenario import Scenario

AS_SEEN = 2.0**-24
"""The largest relative error of an amount that is read from a float32 observation."""

_HALF_A_MICRO = 0.5 / MICRO
S = TypeVar("S", bound=Scenario)


def actions_for(
    bids: ArrayLike,
    bid_of_zero: ArrayLike,
    *,
    up: bool = False,
    reach: ArrayLike | None = None,
    error: ArrayLike = 0.0,
) -> Float32s:
    """Actions a with (1 + a) times the bid of action 0 as bids, any shape, cut to [-1, 1].

    Args:
        bids: Credits.
        bid_of_zero: The bid of action 0 in credits, one or the shape of `bids`; where it is 0, so is the action.
        up: What float32 cannot say is rounded up, so that nobody asks for less than was meant; else down, so that
            nobody bids more.
        reach: A threshold in credits, one or one a bid, such as a reserve. A bid that is meant to be there or above, to
            the micro-credit, is placed there or above; with `up`, there or below.
        error: Relative error of `bid_of_zero`, one or one a bid; the threshold is reached all the same.
    """
    amounts, unit = np.asarray(bids, dtype=np.float64), np.asarray(bid_of_zero, dtype=np.float64)
    some = unit > 0.0
    per_unit = np.where(some, unit, 1.0)
    actions = rounded_actions(np.where(some, amounts / per_unit - 1.0, 0.0), up=up)
    if reach is None or (not up and np.ndim(reach) == 0 and np.max(reach) <= 0.0):
        return actions  # no action bids below 0
    threshold = np.asarray(reach, dtype=np.float64)
    meant = amounts <= threshold + _HALF_A_MICRO if up else amounts >= threshold - _HALF_A_MICRO
    off = np.asarray(error, dtype=np.float64)
    safe = per_unit * (1.0 + off if up else 1.0 - off)
    enough = rounded_actions(threshold / safe - 1.0, up=not up)
    eager = np.minimum(actions, enough) if up else np.maximum(actions, enough)
    return np.where(meant & some, eager, actions)


def rounded_actions(actions: ArrayLike, *, up: bool = False) -> Float32s:
    """Actions cut to [-1, 1] as float32, never above what was meant, or with `up` never below."""
    meant = np.clip(np.asarray(actions, dtype=np.float64), -1.0, 1.0)
    rounded = np.asarray(meant.astype(np.float32))
    beyond = np.asarray(rounded < meant if up else rounded > meant)
    np.nextafter(rounded, np.float32(1.0 if up else -1.0), out=rounded, where=beyond)
    return rounded


@compiled
def not_above(meant: float) -> float:
    """An action cut to [-1, 1] as the largest float32 not above it, as `rounded_actions`."""
    cut = -1.0 if meant < -1.0 else (1.0 if meant > 1.0 else meant)
    near = np.float32(cut)
    bits = near.view(np.int32)
    next_below = np.int32(bits - 1 if near > 0.0 else bits + 1)
    return float(np.int32(next_below if float(near) > cut else bits).view(np.float32))


@compiled
def not_below(meant: float) -> float:
    """The same with the smallest float32 not below it."""
    return -not_above(-meant)


@compiled
def action_for(bid: float, bid_of_zero: float, reach: float, error: float) -> float:
    """One action as `actions_for` has it, rounded down; amounts in credits."""
    some = bid_of_zero > 0.0
    unit = bid_of_zero if some else 1.0
    action = not_above(bid / unit - 1.0 if some else 0.0)
    enough = not_below(reach / (unit * (1.0 - error)) - 1.0)
    return max(action, enough) if some and bid >= reach - _HALF_A_MICRO else action


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
    multiples: Callable[[S, Float64s], CompiledActions | None] | None = None,
) -> Baselines[S]:
    """Baselines that bid the own values, or a multiple of them; policies that hold them can be pickled.

    Args:
        values: The own values that observations show, credits, one a bid.
        place: The actions that place given bids: (scenario, observations, bids).
        equilibrium: The equilibrium.
        multiples: Multiples of the own values for compiled loops, see `Baselines`.
    """
    bids = BidActions(values, place)
    return Baselines(partial(_truthful, bids), partial(_scaled, bids), equilibrium, bids, multiples)

"""Bids as actions: what has to be done in [-1, 1] to place a given bid."""

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Float32s


def actions_for(bids: ArrayLike, bid_of_zero: ArrayLike, *, up: bool = False) -> Float32s:
    """Actions a with (1 + a) times the bid of action 0 as bids, any shape, cut to [-1, 1].

    Args:
        bids: Credits.
        bid_of_zero: The bid of action 0 in credits, one or the shape of `bids`; where it is 0, so is the action.
        up: What float32 cannot say is rounded up, so that nobody asks for less than was meant; else down, so that
            nobody bids more.
    """
    amounts, unit = np.asarray(bids, dtype=np.float64), np.asarray(bid_of_zero, dtype=np.float64)
    return rounded_actions(np.where(unit > 0.0, amounts / np.where(unit > 0.0, unit, 1.0) - 1.0, 0.0), up=up)


def rounded_actions(actions: ArrayLike, *, up: bool = False) -> Float32s:
    """Actions cut to [-1, 1] as float32, never above what was meant, or with `up` never below."""
    meant = np.clip(np.asarray(actions, dtype=np.float64), -1.0, 1.0)
    rounded = meant.astype(np.float32)
    beyond = rounded < meant if up else rounded > meant
    return np.where(beyond, np.nextafter(rounded, np.float32(1.0 if up else -1.0)), rounded)

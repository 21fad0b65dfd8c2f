"""What judges ask of several kinds of market: bids as they were made, welfare of one measure."""

from typing import Any

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.state import Float64s
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.money import to_credits


def bids_made(scenario: Any, state: Any) -> Float64s:
    """The bids of the last tick in credits, shape (markets, agents), for any state with `bids`; NaN is no bid."""
    return np.where(state.bids < 0, np.nan, to_credits(state.bids))


def welfare_of(award: Award, realised: Float64s, optimal: Float64s) -> Welfare:
    """Welfare of one measure, all of which is there to divide; what is paid is the revenue.

    Args:
        award: What the last tick decided.
        realised: The welfare reached, credits (markets,).
        optimal: The most that any allocation reaches, credits (markets,).
    """
    return Welfare({PRIMARY: realised}, {PRIMARY: optimal}, to_credits(award.pays.sum(axis=1)), realised)

"""Bids in credits, where an action is a bid: what a bid of so many credits is as an action, and which there are."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from econo_env.baselines import BidActions
from econo_env.engine.state import Float32s
from econo_env.market import market_of
from econo_env.money import LARGEST_CREDITS
from econo_env.scenario import Scenario

Floats = NDArray[np.float64]

_DECIMALS = 6  # a micro-credit
_HALVINGS = 40
"""Of a range of bids: to below a micro-credit from any that fits into money."""


class CreditsForm:
    """Bids of one agent in credits, one for each of the first components of its action.

    Attributes:
        keys: Component by the name of its amount: `bid_credits` is the amount of `bid`.
    """

    def __init__(self, scenario: Scenario, bids: BidActions[Scenario]) -> None:
        market = market_of(scenario)
        self._scenario, self._bids = scenario, bids
        probe = np.zeros((1, len(market.seen(scenario))), dtype=np.float32)
        self._several = np.ndim(bids.values(scenario, probe)) > 1
        count = np.shape(bids.values(scenario, probe))[-1] if self._several else 1
        self.keys = {f"{name}_credits": name for name in market.actions(scenario)[:count]}

    def values(self, observation: Float32s) -> Floats:
        """The own values that an observation (features,) shows: credits (bids,)."""
        return np.asarray(self._bids.values(self._scenario, observation[None]), dtype=np.float64).reshape(-1)

    def place(self, observation: Float32s, amounts: Sequence[float] | Floats) -> Float32s:
        """The components, float32 (bids,), that bid amounts of credits; the nearest where they cannot."""
        given = np.asarray(amounts, dtype=np.float64)
        bids = given[None] if self._several else given
        placed = self._bids.place(self._scenario, observation[None], bids)
        return np.asarray(placed, dtype=np.float32)[0, : len(self.keys)]

    def ranges(self, observation: Float32s) -> list[tuple[float, float]]:
        """The least and the largest amount, credits, that each component can bid."""
        found = (self._range(observation, j) for j in range(len(self.keys)))
        return [(round(low, _DECIMALS), round(high, _DECIMALS)) for low, high in found]

    def _range(self, observation: Float32s, j: int) -> tuple[float, float]:
        amounts = self.values(observation)

        def action(amount: float) -> float:
            amounts[j] = amount
            return float(self.place(observation, amounts)[j])

        top = 1.0
        while top < LARGEST_CREDITS and action(top) != action(2.0 * top):
            top *= 2.0
        least, most = action(0.0), action(top)
        if least == most:  # every amount is the same action, as with a value of 0
            return 0.0, 0.0
        high = _edge(lambda amount: action(amount) == most, 0.0, top)
        return _edge(lambda amount: action(amount) != least, 0.0, high, below=True), high


def _edge(beyond: Callable[[float], bool], low: float, high: float, *, below: bool = False) -> float:
    """The amount from which on a condition holds that does not hold at `low`; with `below` the last before it."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return low if below else high

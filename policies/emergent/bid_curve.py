"""Bid functions with few parameters, such as an evolution varies: linear between given values."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from econo_env.engine.state import Float64s
from econo_env.market import market_of, offered
from econo_env.policy import Actions, Mask, Observations, masked
from econo_env.scenario import Scenario


class BidCurve:
    """Bids a share of the own value that depends on the value: linear between knots at equal distances.

    Attributes:
        name: What tables call it.
        scenario: The market.
        shares: Of the value that is bid at 0, ..., the highest value, (knots,), from 0 on; one alone holds everywhere.
    """

    def __init__(self, scenario: Scenario, shares: ArrayLike, *, name: str = "bid_curve") -> None:
        """Takes the shares.

        Raises:
            ValueError: One is negative or no number, or the market has no bids in credits.
        """
        self.name, self.scenario = name, scenario
        self.shares = np.atleast_1d(np.asarray(shares, dtype=np.float64))
        if self.shares.ndim != 1 or not np.isfinite(self.shares).all() or (self.shares < 0.0).any():
            raise ValueError(f"shares={shares!r}: numbers from 0 on, one a knot")
        market = market_of(scenario)
        self._bids: Any = offered(market.baselines.bids, "bids in credits", scenario)
        ones = np.ones((1, len(market.observations(scenario))))
        self._highest = float(np.max(self._bids.values(scenario, ones)))

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The bids of every agent."""
        values = self._bids.values(self.scenario, observations)
        return masked(self._bids.place(self.scenario, observations, self.at(values)), mask)

    def at(self, values: ArrayLike) -> Float64s:
        """The bids at values, both in credits."""
        own = np.asarray(values, dtype=np.float64)
        knots = np.linspace(0.0, self._highest, len(self.shares)) if len(self.shares) > 1 else np.array([0.0])
        return np.asarray(own * np.interp(own, knots, self.shares))

"""Discrete types and bids: cells, finer towards both ends, and the choices of one role."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.market import market_of
from econo_env.scenario import Scenario
from econo_env.valuations.quantile_table import QuantileTable

Floats = NDArray[np.float64]

_CLUSTERING = 0.8  # 0 is an even grid, 1 the cosine of an even one


def edges(low: float, high: float, cells: int, clustering: float = _CLUSTERING) -> Floats:
    """Ends of cells that cover [low, high], shape (cells + 1,), narrower at both ends of it."""
    even = np.linspace(0.0, 1.0, cells + 1)
    share = (1.0 - clustering) * even + clustering * (1.0 - np.cos(np.pi * even)) / 2.0
    return low + (high - low) * share


@dataclass(frozen=True, eq=False)
class Choices:
    """What one role can be and do; a mass of bids in a cell is spread evenly over it.

    Attributes:
        types: A type for each type cell, credits, shape (types,).
        mass: The chance of each cell, shape (types,).
        ends: Ends of the bid cells in credits, shape (bids + 1,).
        may_stay_out: Whether the first choice is to place no bid.
    """

    types: Floats
    mass: Floats
    ends: Floats
    may_stay_out: bool = False

    @property
    def bids(self) -> Floats:
        """The middle of each bid cell in credits, shape (bids,)."""
        return (self.ends[1:] + self.ends[:-1]) / 2.0

    @property
    def log_width(self) -> Floats:
        """Logarithm of the width of each choice, relative to the range; staying out counts as one even cell."""
        width = np.diff(self.ends) / (self.ends[-1] - self.ends[0])
        every = np.concatenate([[1.0 / len(width)], width]) if self.may_stay_out else width
        return np.asarray(np.log(every))

    def share_below(self, bids: Floats) -> Floats:
        """How much of each choice lies below each bid in credits, in [0, 1], shape (bids, choices)."""
        inside = (bids[:, None] - self.ends[:-1]) / np.diff(self.ends)
        below = np.clip(inside, 0.0, 1.0)
        return np.hstack([np.ones((len(bids), 1)), below]) if self.may_stay_out else below

    def quantiles(self, chances: Floats, shares: Floats) -> Floats:
        """The bid, in credits, below which the given shares of bids fall; NaN for those who stay out.

        Args:
            chances: Of each choice, shape (choices,).
            shares: In [0, 1], any shape.
        """
        out = float(chances[0]) if self.may_stay_out else 0.0
        upto = out + np.concatenate([[0.0], np.cumsum(chances[int(self.may_stay_out) :])])
        last = int(np.searchsorted(upto, upto[-1] - 1e-7)) + 1
        rising = upto[:last] + 1e-14 * np.arange(last)
        return np.where(shares < out, np.nan, np.interp(shares, rising, self.ends[:last]))


def type_law(scenario: Scenario, agent: int) -> QuantileTable:
    """The law of an agent's first type in credits, as the engine draws it."""
    market: Any = market_of(scenario)
    return QuantileTable.refined(lambda shares: market.types.at(scenario, agent, shares[:, None])[:, 0])


def type_cells(quantiles: QuantileTable, cells: int) -> tuple[Floats, Floats]:
    """Types in the middle, by chance, of cells that are smaller at both ends, and the chance of each cell."""
    ends = edges(0.0, 1.0, cells)
    middle = (ends[1:] + ends[:-1]) / 2.0
    return quantiles.quantile(middle), np.diff(ends)

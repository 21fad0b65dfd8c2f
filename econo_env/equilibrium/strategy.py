"""A monotone bid function, and the distribution of the bids that it makes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.valuations.quantile_table import QuantileTable

Floats = NDArray[np.float64]

_SLOPE = 1e-12  # a flat piece rises by so much a point, so that the bid of a type is defined both ways


@dataclass(frozen=True, eq=False)
class BidFunction:
    """Bids of one role, linear between the points of a table.

    Attributes:
        types: Increasing private types in credits, shape (points,).
        bids: What they bid in credits, not decreasing, NaN where they place no bid, same shape.
        quantiles: The law of types in credits, as the engine draws them.
    """

    types: Floats
    bids: Floats
    quantiles: QuantileTable

    def __call__(self, types: ArrayLike) -> Floats:
        """The bids of types in credits, any shape; a type that stays out bids 0."""
        types = np.asarray(types, dtype=np.float64)
        bids = np.interp(types, self.types, np.nan_to_num(self.bids, nan=0.0))
        return np.where(types < self._first_serious, 0.0, bids)

    @cached_property
    def _first_serious(self) -> float:
        serious = self.types[~np.isnan(self.bids)]
        return float(serious[0]) if serious.size else np.inf

    @cached_property
    def _bids_of_quantiles(self) -> tuple[Floats, Floats]:
        """Increasing bids of those who take part, and the share of all draws below each."""
        law = self.quantiles
        types = np.union1d(law.values, self.types)
        serious = types[types >= self._first_serious]
        if not serious.size:
            return np.array([np.inf]), np.ones(1)
        bids = np.maximum.accumulate(self(serious))
        # over an atom of the prior the quantile table rises at one type: its upper end counts
        below = np.interp(serious, law.values + _SLOPE * np.arange(len(law.values)), law.probabilities)
        below[-1] = 1.0
        return bids + _SLOPE * np.arange(len(bids)), below

    def share_below(self, bids: ArrayLike) -> Floats:
        """The chance that a draw from the prior bids less than each of `bids` (credits, any shape), or not at all."""
        points, shares = self._bids_of_quantiles
        return np.interp(np.asarray(bids, dtype=np.float64), points, shares)

    @property
    def knots(self) -> Floats:
        """The bids at which `share_below` changes its slope, shape (knots,)."""
        return self._bids_of_quantiles[0]

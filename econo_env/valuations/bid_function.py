"""A bid function by value and place, mixed where a prior has an atom, and the distribution of its bids."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.money import MICRO

Floats = NDArray[np.float64]

_SLOPE = 1e-12  # a flat piece rises by so much a point, so that the bid of a type is defined both ways
_HALF = 0.5 / MICRO  # credits: types are whole micro-credits
LEAST_ATOM = 2e-5  # a smaller share of draws at one type is not worth a mixture
SEEN = 6e-8
"""How far an observed type, which is float32, may lie from the true one, relative to it."""

MIDDLE = 0.5
"""The luck of those who ask for one bid of a mixture: the middle one."""


class Strategy(Protocol):
    """Bids of private types."""

    def __call__(self, types: ArrayLike, /, luck: ArrayLike = MIDDLE) -> Floats:
        """Bids in credits of types in credits of the same shape.

        Args:
            types: Any shape.
            luck: Draws uniform in [0, 1), same shape, for bids that are mixed.
        """
        ...


@dataclass(frozen=True, eq=False)
class BidFunction:
    """Bids of one role, linear between the points of a table.

    A type with a share of draws of its own, in an atom of the prior, stands at several points: its place among them is
    drawn, and the bid is that of the place.

    Attributes:
        shares: Increasing places in [0, 1]: the share of all draws below, shape (points,).
        types: Private types there in credits, not decreasing, same shape.
        bids: What they bid in credits, not decreasing, NaN where they place no bid, same shape.
        blur: How far in credits an observed type may lie from the true one, beside what float32 makes of it.
    """

    shares: Floats
    types: Floats
    bids: Floats
    blur: float = 0.0

    def __call__(self, types: ArrayLike, luck: ArrayLike = MIDDLE) -> Floats:
        """The bids of types in credits, any shape; a type that stays out bids 0."""
        return np.nan_to_num(self.placed(types, luck), nan=0.0)

    def placed(self, types: ArrayLike, luck: ArrayLike = MIDDLE) -> Floats:
        """The bids of types in credits, NaN where no bid is placed.

        Args:
            types: Credits, any shape.
            luck: Draws uniform in [0, 1) of the same shape: where in its atom a type stands.
        """
        types = np.asarray(types, dtype=np.float64)
        near = _HALF + SEEN * types + self.blur
        first = np.searchsorted(self.types, types - near)
        last = np.searchsorted(self.types, types + near, side="right") - 1
        low, high = self.shares[np.minimum(first, len(self.types) - 1)], self.shares[np.maximum(last, 0)]
        place = low + np.asarray(luck, dtype=np.float64) * (high - low)
        shares, values, bids = self._serious
        if not len(shares):
            return np.full(types.shape, np.nan)
        mixed = np.interp(place, shares, bids)
        alone = np.interp(types, values, bids)
        drawn = high - low > LEAST_ATOM
        out = np.where(drawn, place < shares[0], types < values[0] - near)
        return np.where(out, np.nan, np.where(drawn, mixed, alone))

    @cached_property
    def _serious(self) -> tuple[Floats, Floats, Floats]:
        """Shares, types and bids of those who take part: from some place on."""
        serious = np.flatnonzero(~np.isnan(self.bids))
        rest = slice(int(serious[0]), None) if serious.size else slice(0, 0)
        return self.shares[rest], self.types[rest], self.bids[rest]

    @cached_property
    def knots(self) -> Floats:
        """The increasing bids of those who take part: where `share_below` changes its slope, shape (knots,)."""
        _, _, bids = self._serious
        return np.maximum.accumulate(bids) + _SLOPE * np.arange(len(bids)) if len(bids) else np.array([np.inf])

    def share_below(self, bids: ArrayLike) -> Floats:
        """The chance that a draw from the prior bids less than each of `bids` (credits, any shape), or not at all."""
        shares, _, _ = self._serious
        asked = np.asarray(bids, dtype=np.float64)
        if not len(shares):
            return np.ones_like(asked)
        return np.interp(asked, self.knots, shares)

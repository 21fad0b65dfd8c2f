"""Quantile tables: a distribution as a piecewise linear quantile function, the law that is drawn and judged by.

The layout of most tables is `REFINED`: 4,096 cells of equal probability, of which the outer 32 on each side are
replaced by octaves, each half as likely as the one before it and cut into 32 cells, down to the least probability
that a draw of 53 bits can tell from 0. A cell is then nowhere wider than a 32nd of its distance from the nearer end,
so means and far quantiles are right where tails are heavy and supports end far beyond them. What is linear between
equally spaced quantiles needs no refinement and is kept in cells of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CELLS = 4096
"""Cells of equal probability."""

SKIPPED = 32
"""How many of them, on each side, are cut up."""

STEPS = 32
"""Cells of an octave."""

LEAST_EXPONENT = -53
"""Draws are multiples of 2 to this power."""

_LAST_EXPONENT = -7  # 2^-7 is what the outer 32 of 4,096 cells hold
TAIL = (_LAST_EXPONENT - LEAST_EXPONENT) * STEPS + 1
"""Cells on each side within the octaves, the one from 0 to the least probability among them."""


def _refined() -> Floats:
    octaves = 2.0 ** np.arange(LEAST_EXPONENT, _LAST_EXPONENT)
    lower = np.concatenate([[0.0], (octaves[:, None] * (1.0 + np.arange(STEPS) / STEPS)).ravel()])
    middle = np.arange(SKIPPED, CELLS - SKIPPED + 1) / CELLS
    probabilities = np.concatenate([lower, middle, 1.0 - lower[::-1]])
    probabilities.setflags(write=False)
    return probabilities


REFINED = _refined()
"""Probabilities of a refined table's knots, symmetric, not decreasing: close to 1 some are equal."""


@dataclass(frozen=True, eq=False)
class QuantileTable:
    """A quantile function that is linear between knots.

    Attributes:
        probabilities: From 0 to 1, not decreasing, shape (knots,).
        values: The quantiles there, not decreasing, same shape.
        pieces: Of how many straight pieces of equal probability it is; None for one whose knots are `REFINED`.
    """

    probabilities: Floats
    values: Floats
    pieces: int | None = None

    @classmethod
    def refined(cls, quantile: Callable[[Floats], Floats]) -> Self:
        """The table of a quantile function, finer towards both ends."""
        return cls(REFINED, np.maximum.accumulate(quantile(REFINED)))

    @classmethod
    def even(cls, quantile: Callable[[Floats], Floats], pieces: int = 1) -> Self:
        """The table of a quantile function of so many straight pieces of equal probability, cut into 4,096 or more."""
        probabilities = np.linspace(0.0, 1.0, pieces * -(-CELLS // pieces) + 1)
        return cls(probabilities, np.maximum.accumulate(quantile(probabilities)), pieces)

    def reversed(self, turned: Callable[[Floats], Floats]) -> Self:
        """The table of a falling function of a draw; `turned` takes and gives values, shape (knots,)."""
        values = np.maximum.accumulate(turned(self.values)[::-1])  # the knots are symmetric
        return type(self)(self.probabilities, values, None if self.pieces is None else len(values) - 1)

    def of_pieces(self) -> Floats:
        """The quantiles at the ends of its straight pieces, shape (pieces + 1,)."""
        assert self.pieces is not None, "a refined table has none"
        return self.values[:: (len(self.values) - 1) // self.pieces]

    def quantile(self, probabilities: ArrayLike) -> Floats:
        """The value below which the given share of draws falls; any shape, probabilities in [0, 1]."""
        return np.interp(np.asarray(probabilities, dtype=np.float64), self.probabilities, self.values)

    def cdf(self, values: ArrayLike) -> Floats:
        """The chance of a draw at or below each value, any shape."""
        at = np.asarray(values, dtype=np.float64)
        return np.interp(at, self.values, self.probabilities, left=0.0, right=1.0)

    def mean(self) -> float:
        """The mean of the draws."""
        return float(((self.values[1:] + self.values[:-1]) / 2.0) @ np.diff(self.probabilities))

"""Cells of an agent's types: where deviations are chosen, and from where each seed draws types afresh.

A sum over fixed points leaves out what lies between and beyond them, and no interval over seeds would tell. Here each
seed draws one type from every cell, so that its weighted sum is unbiased and its error is part of the interval. On a
line the cells get narrower towards the upper end, for a tail can hold most of a mean (the lower end is bounded, for
values and costs are not negative), and two neighbours of the same width draw mirrored (stratified antithetic sampling,
e.g. Owen, "Monte Carlo theory, methods and examples" (2013), ch. 8).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from econo_env.training.evaluation.sampling import points

Floats = NDArray[np.float64]

_LAST_CELL = 1e-7  # probability of the outermost pair of cells
_TAIL_SHARE = 0.45  # of the pairs lie in the tail


@dataclass(frozen=True)
class TypeCells:
    """Boxes of the unit cube.

    Attributes:
        low: Lower corners, shape (cells, components).
        high: Upper corners, same shape.
        weights: Probability that a cell stands for, shape (cells,); they add up to 1.
        paired: Whether cells 2 i and 2 i + 1 are neighbours of the same width that draw mirrored.
    """

    low: Floats
    high: Floats
    weights: Floats
    paired: bool

    @property
    def middles(self) -> Floats:
        """The middle of each cell, shape (cells, components)."""
        return (self.low + self.high) / 2.0

    def spread(self, times: int) -> Floats:
        """`times` points of each cell, evenly spaced between its corners, shape (cells * times, components)."""
        shares = (np.arange(times)[None, :, None] + 0.5) / times
        at = self.low[:, None, :] + shares * (self.high - self.low)[:, None, :]
        return np.asarray(at.reshape(-1, self.low.shape[1]))

    def draw(self, seed: int) -> Floats:
        """One point of each cell, shape (cells, components), uniform within it."""
        rng = np.random.default_rng(seed)
        if self.paired:
            half = rng.random((len(self.low) // 2, self.low.shape[1]))
            shares = np.stack([half, 1.0 - half], axis=1).reshape(self.low.shape)
        else:
            shares = rng.random(self.low.shape)
        return self.low + shares * (self.high - self.low)


def type_cells(count: int, components: int) -> TypeCells:
    """About `count` cells for types of so many components.

    On a line they fill [0, 1]. In more dimensions each is a small box about a low-discrepancy point: averages over
    single components are unbiased, what components do together is only sampled at these points.
    """
    if components == 1:
        return _on_a_line(max(2, count // 2))
    at = np.floor(points(count, components, seed=0) * count)
    return TypeCells(at / count, (at + 1.0) / count, np.full(count, 1.0 / count), paired=False)


def _on_a_line(pairs: int) -> TypeCells:
    tail = int(pairs * _TAIL_SHARE)
    inner = pairs - tail  # pairs of the same width, the uppermost of which is cut into the tail
    shares = np.geomspace(1.0 / inner, _LAST_CELL, tail + 1)  # what lies above the ends of the tail's cells
    ends = np.concatenate([np.arange(inner - 1) / inner, 1.0 - shares, [1.0]])
    edges = np.concatenate([np.stack([ends[:-1], (ends[:-1] + ends[1:]) / 2.0], axis=1).ravel(), [1.0]])
    low, high = edges[:-1, None], edges[1:, None]
    return TypeCells(low, high, (high - low)[:, 0], paired=True)

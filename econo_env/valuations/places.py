"""A prior by place: the share of all draws that lie below, which tells values apart where a prior has an atom.

Bids of a symmetric equilibrium depend on the place u, uniform in [0, 1], of the own value q(u) among all draws. Where q
is flat, at an atom, its places are drawn: bidders of that value mix, and all of their bids earn the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from econo_env.valuations.priors import Prior, Uniform
from econo_env.valuations.quantile_table import QuantileTable

Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)
_EVEN = 1024  # places at even steps of value
_HALVINGS = 60


@dataclass(frozen=True, eq=False)
class Places:
    """A quantile function on cells of places, with nodes for integrals over them.

    Attributes:
        quantile: Values in credits at places in [0, 1], any shape, not decreasing.
        shares: Ends of the cells, increasing from 0 to 1, shape (knots,).
        prior: Whose quantile function it is; None where it is that of something derived.
        pdf: The density at values in credits, where it is known.
    """

    quantile: Callable[[Floats], Floats]
    shares: Floats
    prior: Prior | None = None
    pdf: Callable[[Floats], Floats] | None = None

    @cached_property
    def nodes(self) -> Floats:
        """Gauss nodes of each cell, shape (knots - 1, 5)."""
        return np.asarray(self.shares[:-1, None] + np.diff(self.shares)[:, None] * (_NODES + 1.0) / 2.0)

    @cached_property
    def node_values(self) -> Floats:
        """Values at `nodes`, credits."""
        return np.asarray(self.quantile(self.nodes))

    @cached_property
    def values(self) -> Floats:
        """Values at `shares`, credits."""
        return np.asarray(self.quantile(self.shares))

    @property
    def lowest(self) -> float:
        """The lowest value, credits."""
        return float(self.values[0])

    @property
    def highest(self) -> float:
        """The highest value, credits."""
        return float(self.values[-1])

    def of(self, value: float) -> float:
        """The first place whose value is at least `value` (credits); 1 where none is."""
        return self.first(lambda place: float(self.quantile(np.array(place))) >= value)

    def first(self, holds: Callable[[float], bool]) -> float:
        """The first place at which a condition that does not cease to hold holds; 1 where it never does."""
        if holds(0.0):
            return 0.0
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            low, high = (low, middle) if holds(middle) else (middle, high)
        return high

    def cut_at(self, place: float) -> "Places":
        """The same with a cell that ends at the place."""
        if np.any(self.shares == place):
            return self
        return Places(self.quantile, np.union1d(self.shares, [place]), self.prior, self.pdf)

    def integral(self, at_nodes: Floats, start: float = 0.0) -> Floats:
        """The integral over places from `start`, one of `shares`, to each of `shares`, shape (knots,).

        Args:
            at_nodes: What is integrated, at `nodes`.
            start: Lower end; below it the integral is 0.
        """
        cells = at_nodes @ _WEIGHTS / 2.0 * np.diff(self.shares)
        cells = np.where(self.shares[:-1] >= start, cells, 0.0)
        return np.concatenate([[0.0], np.cumsum(cells)])


@lru_cache(maxsize=32)
def places_of(prior: Prior) -> Places:
    """The places of a prior."""
    return of_table(prior.quantile_table(), prior, prior.pdf)


def of_table(table: QuantileTable, prior: Prior | None = None, pdf: Callable[[Floats], Floats] | None = None) -> Places:
    """The places of a law as it is drawn: its own knots, and more where values lie far apart."""
    shares, values = table.probabilities, table.values
    # an increasing copy, so that values at even steps have a place each
    rising = values + (values[-1] - values[0] + 1e-12) * 1e-12 * np.arange(len(values))
    by_value = np.interp(np.linspace(rising[0], rising[-1], _EVEN + 1), rising, shares)
    return Places(table.quantile, np.unique(np.concatenate([shares, by_value])), prior, pdf)


@lru_cache(maxsize=32)
def left_of(ceiling: float, prior: Prior) -> Places:
    """The places of what a cost from the prior leaves of the ceiling, 0 where it is above; credits."""
    if isinstance(prior, Uniform) and prior.high <= ceiling:
        return places_of(Uniform(low=ceiling - prior.high, high=ceiling - prior.low))
    table = prior.quantile_table().reversed(lambda costs: np.maximum(ceiling - costs, 0.0))
    return of_table(table, pdf=lambda left: prior.pdf(ceiling - left))

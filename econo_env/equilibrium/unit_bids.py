"""Two bids of one bidder for two units: the game in distributions of bids, and bids as tables of both values.

Of two bidders who want both of two units under pay-as-bid, one wins its first unit where its first bid beats the
rival's second, and its second unit where its second bid beats the rival's first. So (v1 - b1) G2(b1) + (v2 - b2) G1(b2)
is what b1 >= b2 earn against the distributions G1 and G2 of the rival's bids, and no more than these two is solved for.
Where each part alone would have b1 < b2, the two bids are one (Engelbrecht-Wiggans and Kahn 1998).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.equilibrium.grids import Choices
from econo_env.valuations.bid_function import MIDDLE
from econo_env.valuations.quantile_table import QuantileTable

Floats = NDArray[np.float64]

_LARGEST_EXPONENT = 340.0  # of two such factors the product is still a number
_LATTICE = (121_393, 75_025)  # two Fibonacci numbers: points of the unit square, even along each axis


class Pairs(NamedTuple):
    """Sorted pairs of values.

    Attributes:
        values: Credits, the higher one first, shape (pairs, 2).
        mass: The chance of each, shape (pairs,).
    """

    values: Floats
    mass: Floats


def sorted_pairs(types: Floats, mass: Floats) -> Pairs:
    """Two independent draws from the same cells, sorted."""
    low, high = np.triu_indices(len(types))
    weight = mass[low] * mass[high] * np.where(low == high, 1.0, 2.0)
    return Pairs(np.stack([types[high], types[low]], axis=1), weight)


class _Picked(NamedTuple):
    """Logit choices of both bids by pair of values: chances of each bid, and the factors of their joint chance."""

    chances: tuple[Floats, Floats]
    factors: tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class UnitBidsGame:
    """Two bidders, of one role or of two, who place two bids each.

    Distributions come as a list: of the first role's first bids, of its second bids, and so on.

    Attributes:
        roles: What one draw of each role can be, and its bids: the same ones for all.
    """

    roles: tuple[Choices, ...]

    @property
    def choices(self) -> Choices:
        """The bids of everybody."""
        return self.roles[0]

    @cached_property
    def pairs(self) -> tuple[Pairs, ...]:
        """Values of each role."""
        return tuple(sorted_pairs(one.types, one.mass) for one in self.roles)

    @property
    def even(self) -> list[Floats]:
        """Distributions in which every bid is as likely as another."""
        widths = np.exp(self.choices.log_width)
        return [widths / widths.sum()] * (2 * len(self.roles))

    def response(self, chances: list[Floats], noise: float, slopes: bool) -> tuple[Floats, Floats]:
        """Everybody's logit response, concatenated, and its derivative with respect to the chances."""
        size = len(chances[0])
        response, jacobian = np.zeros(2 * size * len(self.pairs)), np.zeros((0, 0))
        if slopes:
            jacobian = np.zeros((len(response), len(response)))
        for role, pairs in enumerate(self.pairs):
            picked = self._picked(pairs, self._wins(role, chances), noise)
            for unit in (0, 1):
                row = (2 * role + unit) * size
                response[row : row + size] = pairs.mass @ picked.chances[unit]
                if not slopes:
                    continue
                for moved in (0, 1):
                    # what a choice for one unit earns moves with the rival's chances for the other
                    column = (2 * self._rival(role) + 1 - moved) * size
                    by_wins = self._by_wins(pairs, picked, unit, moved) / noise
                    jacobian[row : row + size, column : column + size] = by_wins @ self._below
        return response, jacobian

    def mean_bids(self, role: int, chances: list[Floats], values: Floats, noise: float) -> Floats:
        """Mean bids in credits, of those that are placed, of values (pairs, 2) in the logit response, same shape."""
        picked = self._picked(Pairs(values, np.ones(len(values))), self._wins(role, chances), noise)
        out = int(self.choices.may_stay_out)
        placed = [one[:, out:] for one in picked.chances]
        return np.stack([one @ self.choices.bids / np.maximum(one.sum(axis=1), 1e-300) for one in placed], axis=1)

    @cached_property
    def _bids(self) -> Floats:
        """What is paid by choice; nothing where a bidder stays out."""
        return np.concatenate([[0.0], self.choices.bids]) if self.choices.may_stay_out else self.choices.bids

    @cached_property
    def _below(self) -> Floats:
        """How much of each choice each choice beats; one that stays out beats nothing."""
        shares = self.choices.share_below(self.choices.bids)
        return np.vstack([np.zeros(shares.shape[1]), shares]) if self.choices.may_stay_out else shares

    def _rival(self, role: int) -> int:
        return len(self.pairs) - 1 - role

    def _wins(self, role: int, chances: list[Floats]) -> tuple[Floats, Floats]:
        """The chance of each choice to win the first unit, and the second."""
        first, second = chances[2 * self._rival(role) : 2 * self._rival(role) + 2]
        return self._below @ second, self._below @ first

    def _picked(self, pairs: Pairs, wins: tuple[Floats, Floats], noise: float) -> _Picked:
        """A pair of bids is picked with a chance in proportion to its widths times exp(utility / noise)."""
        first, second = (
            (pairs.values[:, [unit]] - self._bids) * wins[unit] / noise + self.choices.log_width for unit in (0, 1)
        )
        upto = first + _log_sums(second)
        above = second + _log_sums(first[:, ::-1])[:, ::-1]
        chances = _normal(upto), _normal(above)
        # joint chances exp(first + second) over their sum, as products that stay finite near the choices that are made
        top = upto.max(axis=1, keepdims=True)
        total = top + np.log(np.exp(upto - top).sum(axis=1, keepdims=True))
        middle = np.take_along_axis(first, upto.argmax(axis=1)[:, None], axis=1)
        factors = first - middle, second + middle - total
        return _Picked(chances, (_bounded(factors[0]), _bounded(factors[1])))

    def _by_wins(self, pairs: Pairs, picked: _Picked, unit: int, moved: int) -> Floats:
        """Derivatives of the chances of one bid by the other's, or its own, chances to win, times the noise."""
        by_value = self._covariance(picked, pairs.mass * pairs.values[:, moved], unit, moved)
        by_one = self._covariance(picked, pairs.mass, unit, moved)
        return by_value - by_one * self._bids

    def _covariance(self, picked: _Picked, weight: Floats, unit: int, other: int) -> Floats:
        """Sum over pairs of weight times the covariance of choices of two bids, shape (choices, choices)."""
        weighted = picked.chances[unit] * weight[:, None]
        apart = weighted.T @ picked.chances[other]
        if unit == other:
            return np.asarray(np.diag(weighted.sum(axis=0)) - apart)
        joint = np.tril((picked.factors[0] * weight[:, None]).T @ picked.factors[1])
        return np.asarray((joint if unit == 0 else joint.T) - apart)


def _log_sums(exponents: Floats) -> Floats:
    """Logarithms of the sums of exp over all entries up to each one, along rows; faster than `np.logaddexp`."""
    columns = np.ascontiguousarray(exponents.T)
    highest = np.maximum.accumulate(columns, axis=0)
    sums = np.exp(columns - highest)
    fading = np.exp(highest[:-1] - highest[1:])
    for column in range(1, len(sums)):
        sums[column] += sums[column - 1] * fading[column - 1]
    return np.asarray((highest + np.log(sums)).T)


def _normal(logarithms: Floats) -> Floats:
    chances = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def _bounded(exponents: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(exponents, -np.inf, _LARGEST_EXPONENT)))


@dataclass(frozen=True, eq=False)
class UnitBids:
    """Bids of one role for two units, linear on the triangles between the points of a table.

    Attributes:
        points: Increasing values in credits, shape (points,).
        bids: Both bids in credits at each pair of points, whichever is the higher, shape (points, points, 2).
        reserve: A value below it places no bid, credits.
        quantiles: The law of values in credits, as the engine draws them.
    """

    points: Floats
    bids: Floats
    reserve: float
    quantiles: QuantileTable

    def __call__(self, types: ArrayLike, luck: ArrayLike = MIDDLE) -> Floats:
        """Bids in credits of values (..., 2), the higher one first, same shape; a bid of 0 is for a value left out.

        Nothing is mixed.
        """
        values = np.asarray(types, dtype=np.float64)
        places = np.interp(values, self.points, np.arange(len(self.points)))
        low = np.minimum(places.astype(np.int64), len(self.points) - 2)
        (i, j), (x, y) = np.moveaxis(low, -1, 0), np.moveaxis(places - low, -1, 0)[..., None]
        # three corners a point: half of a cell on the diagonal has no sorted pairs
        side = np.where(x >= y, self.bids[i + 1, j], self.bids[i, j + 1])
        far, near = np.maximum(x, y), np.minimum(x, y)
        made = (1.0 - far) * self.bids[i, j] + (far - near) * side + near * self.bids[i + 1, j + 1]
        # noise also picks bids above the value
        made = np.minimum(np.maximum(made, self.reserve), values)
        return np.asarray(np.where(values < self.reserve, 0.0, made))

    @cached_property
    def _sample(self) -> tuple[Floats, Floats]:
        """Increasing first and second bids on a lattice of draws."""
        count, step = _LATTICE
        index = np.arange(count)
        shares = np.stack([(index + 0.5) / count, (index * step % count + 0.5) / count], axis=1)
        drawn = self.quantiles.quantile(shares)
        bids = np.sort(self(np.sort(drawn, axis=1)[:, ::-1]), axis=0)
        return bids[:, 0].copy(), bids[:, 1].copy()

    @property
    def highest_bid(self) -> float:
        """The highest bid that is made, credits."""
        return float(self._sample[0][-1])

    def share_below(self, unit: int, bids: ArrayLike) -> Floats:
        """The chance that the bid for a unit (0 or 1) is below each of `bids` (credits, any shape), or not placed."""
        made = self._sample[unit]
        shares = (np.arange(len(made)) + 0.5) / len(made)
        return np.interp(np.asarray(bids, dtype=np.float64), made, shares, left=0.0, right=1.0)

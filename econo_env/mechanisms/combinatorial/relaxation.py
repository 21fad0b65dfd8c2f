"""The linear programme of a large auction on the bids that matter, tightened by cliques, with bounds in whole numbers.

Only bids near the prices of a subgradient descent are columns; others join when the prices would let them gain. Rows
are items and cliques of colliding bids, which take in the bidders. What bids still gain at the prices rounded up to
whole units, the most gainful of each bidder, is added to their sum: the bound holds whatever the solver returned.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from econo_env.engine.state import Bools, Float64s, Int64s
from econo_env.mechanisms.combinatorial.packing import Packing, clique_from, descended_prices
from econo_env.mechanisms.combinatorial.solver import add_columns, add_rows, amount_unit, new_solver, run
from econo_env.valuations.xor_bids import XorBids

_NEAR = 0.004
_MOST_JOINING = 3
_FRACTION, _VIOLATION = 1e-5, 1e-3
_MOST_CUTS = 100


@dataclass(frozen=True)
class Prices:
    """Prices that bound every allocation.

    Attributes:
        bound: No allocation is worth more, whole units.
        loss: What each bid's items, cliques and bidder cost beyond its amount, from 0, shape (bids,).
        primal: The fractional allocation, shape (bids,).
        rows: The bids of each clique that binds.
        basis: Status of each bid's column and of each row, items first; none before a linear programme is solved.
    """

    bound: int
    loss: Int64s
    primal: Float64s
    rows: list[Int64s]
    basis: tuple[list[Any], list[Any]] | None


class Relaxation:
    """One auction's linear programme, which grows by bids and cliques."""

    def __init__(self, bids: XorBids, packing: Packing, known: int) -> None:
        """Finds first prices and the bids near them; `known` is the worth of some allocation."""
        from scipy.sparse import csr_array

        self.bids, self.packing = bids, packing
        self.unit = amount_unit(bids.amount)
        ones = np.ones(len(packing.items), dtype=np.int64)
        shape = (len(bids.owner), bids.num_items)
        self._holds = csr_array((ones, packing.items, packing.first), shape=shape)
        self._cliques: list[Int64s] = []
        self._member: Bools = np.zeros((len(bids.owner), 0), dtype=np.bool_)
        descended = descended_prices(packing, bids.amount, bids.num_items, bids.num_bidders, known)
        self.prices = self._priced(np.ceil(descended).astype(np.int64), np.zeros(len(bids.owner)))
        self._column = np.full(len(bids.owner), -1, dtype=np.int64)
        self._inside = np.zeros(0, dtype=np.int64)
        self._solver = new_solver(bids.num_items)
        self._join(np.flatnonzero(self.prices.loss <= int(_NEAR * self.prices.bound)))

    def _priced(self, price: Int64s, primal: Float64s, basis: Any = None) -> Prices:
        """The bound of whole prices of items, then of cliques."""
        item_price, clique_price = price[: self.bids.num_items], price[self.bids.num_items :]
        loss = self._holds @ item_price - self.bids.amount
        for k in np.flatnonzero(clique_price):
            loss[self._cliques[k]] += clique_price[k]
        gain = np.zeros(self.bids.num_bidders, dtype=np.int64)
        np.maximum.at(gain, self.bids.owner, -loss)
        bound = int(price.sum()) + int(gain.sum())
        return Prices(bound, loss + gain[self.bids.owner], primal, *self._binding(basis))

    def _binding(self, basis: Any) -> tuple[list[Int64s], tuple[list[Any], list[Any]] | None]:
        """Cliques without slack, and the basis without the others."""
        from highspy import HighsBasisStatus

        if basis is None:
            return [], None
        bids = [HighsBasisStatus.kLower] * len(self.bids.owner)
        for j, status in zip(self._inside, basis.col_status, strict=True):
            bids[j] = status
        items, cliques = basis.row_status[: self.bids.num_items], basis.row_status[self.bids.num_items :]
        binding = [k for k, status in enumerate(cliques) if status != HighsBasisStatus.kBasic]
        return [self._cliques[k] for k in binding], (bids, items + [cliques[k] for k in binding])

    def _join(self, numbers: Int64s) -> None:
        """Makes bids columns, with their items and cliques."""
        self._column[numbers] = len(self._inside) + np.arange(len(numbers))
        self._inside = np.concatenate([self._inside, numbers])
        packing = self.packing
        index = [packing.items[packing.first[j] : packing.first[j + 1]] for j in numbers]
        if self._member.shape[1]:
            cut = [self.bids.num_items + np.flatnonzero(self._member[j]) for j in numbers]
            index = [np.concatenate(pair) for pair in zip(index, cut, strict=True)]
        add_columns(self._solver, self.bids.amount[numbers] / self.unit, index)

    def solve(self, deadline: float) -> bool:
        """Solves until no bid outside would gain and keeps the prices, or says that time was up before."""
        for _ in range(_MOST_JOINING):
            solution, solved = run(self._solver, deadline)
            if not solved:
                return False
            price = np.ceil(np.maximum(np.asarray(solution.row_dual), 0.0) * self.unit - 1e-6).astype(np.int64)
            primal = np.zeros(len(self.bids.owner))
            primal[self._inside] = solution.col_value
            self.prices = self._priced(price, primal, self._solver.getBasis())
            # no loss is left to the bid of a bidder that gains most
            gains = np.flatnonzero((self._column < 0) & (self.prices.loss == 0))
            if not len(gains):
                break
            self._join(gains)
        return True

    def cut(self) -> int:
        """Adds cliques that the fractional allocation oversteps; how many."""
        cliques = _violated(self.packing, self.prices.primal, self.prices.loss)
        if cliques:
            member = np.zeros((len(self.bids.owner), len(cliques)), dtype=np.bool_)
            for row, clique in enumerate(cliques):
                member[clique, row] = True
            self._member = np.concatenate([self._member, member], axis=1)
            self._cliques += cliques
            add_rows(self._solver, [column[column >= 0] for column in (self._column[c] for c in cliques)])
        return len(cliques)


def _violated(packing: Packing, primal: Float64s, loss: Int64s) -> list[Int64s]:
    """Cliques grown from each fractional bid, then by the bids of least loss; the most violated first."""
    support = np.flatnonzero((primal > _FRACTION) & (primal < 1.0 - _FRACTION))
    support = support[np.argsort(-primal[support], kind="stable")]
    by_loss = np.argsort(loss, kind="stable")
    order = np.concatenate([support, by_loss])
    found: dict[bytes, tuple[float, int]] = {}
    for start in support:
        clique = clique_from(packing, int(start), support)
        weight = float(primal[clique].sum())
        if weight > 1.0 + _VIOLATION:
            found.setdefault(np.sort(clique).tobytes(), (weight, int(start)))
    ranked = sorted(found.values(), key=lambda pair: -pair[0])[:_MOST_CUTS]
    return [clique_from(packing, start, order) for _, start in ranked]

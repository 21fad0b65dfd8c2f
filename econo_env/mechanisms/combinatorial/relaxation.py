"""The linear programme of a large auction on the bids that matter, tightened by cliques, with bounds in whole numbers.

Only bids near the prices of a subgradient descent are columns; others join when the prices would let them gain. Rows
are items and cliques of colliding bids, which take in the bidders. What bids still gain at the prices rounded up to
whole units, the most gainful of each bidder, is added to their sum: the bound holds whatever the solver returned.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from econo_env.engine.state import Bools, Float64s, Int64s
from econo_env.mechanisms.combinatorial.integer_program import amount_unit, highs
from econo_env.mechanisms.combinatorial.packing import Packing, clique_from, descended_prices
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
        cliques: The bids of each clique that has a price.
        solved: Whether the linear programme was solved to its end.
    """

    bound: int
    loss: Int64s
    primal: Float64s
    cliques: list[Int64s]
    solved: bool


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
        self.prices = self._priced(np.ceil(descended).astype(np.int64), np.zeros(0, dtype=np.int64))
        self._column = np.full(len(bids.owner), -1, dtype=np.int64)
        self._inside = np.zeros(0, dtype=np.int64)
        self._solver = new_solver(bids.num_items)
        self._join(np.flatnonzero(self.prices.loss <= int(_NEAR * self.prices.bound)))

    def _priced(
        self, item_price: Int64s, clique_price: Int64s, primal: Float64s | None = None, solved: bool = False
    ) -> Prices:
        loss = self._holds @ item_price - self.bids.amount
        dear = np.flatnonzero(clique_price)
        for k in dear:
            loss[self._cliques[k]] += clique_price[k]
        gain = np.zeros(self.bids.num_bidders, dtype=np.int64)
        np.maximum.at(gain, self.bids.owner, -loss)
        bound = int(item_price.sum()) + int(clique_price.sum()) + int(gain.sum())
        fractions = np.zeros(len(loss)) if primal is None else primal
        return Prices(bound, loss + gain[self.bids.owner], fractions, [self._cliques[k] for k in dear], solved)

    def _join(self, numbers: Int64s) -> None:
        """Makes bids columns, with their items and cliques."""
        self._column[numbers] = len(self._inside) + np.arange(len(numbers))
        self._inside = np.concatenate([self._inside, numbers])
        packing, rows = self.packing, self.bids.num_items + self._member.shape[1]
        index = [packing.items[packing.first[j] : packing.first[j + 1]] for j in numbers]
        if self._member.shape[1]:
            cut = [self.bids.num_items + np.flatnonzero(self._member[j]) for j in numbers]
            index = [np.concatenate(pair) for pair in zip(index, cut, strict=True)]
        assert rows == self._solver.getNumRow()
        add_columns(self._solver, self.bids.amount[numbers] / self.unit, index)

    def solve(self, deadline: float) -> Prices:
        """Solves until no bid outside would gain, or until time is up; keeps and returns the prices."""
        for _ in range(_MOST_JOINING):
            solution, solved = run(self._solver, deadline)
            if not solved:
                return self.prices
            price = np.ceil(np.maximum(np.asarray(solution.row_dual), 0.0) * self.unit - 1e-6).astype(np.int64)
            primal = np.zeros(len(self.bids.owner))
            primal[self._inside] = solution.col_value
            # a hidden bidder price would hide a bid that should join
            priced = self._priced(price[: self.bids.num_items], price[self.bids.num_items :], primal, True)
            self.prices = priced
            gains = np.flatnonzero((self._column < 0) & (priced.loss == 0))
            if not len(gains):
                break
            self._join(gains)
        return self.prices

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
        clique, weight = clique_from(packing, int(start), support, primal)
        if weight > 1.0 + _VIOLATION:
            found.setdefault(np.sort(clique).tobytes(), (weight, int(start)))
    ranked = sorted(found.values(), key=lambda pair: -pair[0])[:_MOST_CUTS]
    return [clique_from(packing, start, order, primal)[0] for _, start in ranked]


def new_solver(num_rows: int) -> Any:
    """A solver with rows of at most 1 and no columns yet."""
    from highspy import ObjSense

    solver = highs()
    solver.setOptionValue("presolve", "off")
    solver.changeObjectiveSense(ObjSense.kMaximize)
    add_rows(solver, [np.zeros(0, dtype=np.int64)] * num_rows)
    return solver


def add_rows(solver: Any, rows: list[Int64s]) -> None:
    """Adds rows of at most 1, each given by its columns."""
    starts = np.cumsum([0] + [len(row) for row in rows])
    index = np.concatenate([*rows, np.zeros(0, dtype=np.int64)]).astype(np.int32)
    low, high = np.full(len(rows), -np.inf), np.ones(len(rows))
    solver.addRows(len(rows), low, high, len(index), starts[:-1].astype(np.int32), index, np.ones(len(index)))


def add_columns(solver: Any, worth: Float64s, columns: list[Int64s]) -> None:
    """Adds columns from 0 to 1, each given by its rows."""
    starts = np.cumsum([0] + [len(column) for column in columns])
    index = np.concatenate([*columns, np.zeros(0, dtype=np.int64)]).astype(np.int32)
    low, high = np.zeros(len(columns)), np.ones(len(columns))
    solver.addCols(len(columns), worth, low, high, len(index), starts[:-1].astype(np.int32), index, np.ones(len(index)))


def run(solver: Any, deadline: float) -> tuple[Any, bool]:
    """Runs the solver until the deadline; its solution and whether it came to an end."""
    from highspy import HighsModelStatus

    left = deadline - time.perf_counter()
    if left <= 0:
        return None, False
    solver.setOptionValue("time_limit", solver.getRunTime() + left)
    solver.run()
    return solver.getSolution(), solver.getModelStatus() == HighsModelStatus.kOptimal

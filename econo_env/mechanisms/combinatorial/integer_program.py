"""Winner determination for many items and bids: linear programme, reduced-cost fixing, exact search, else HiGHS.

The linear programme gives prices; bids that lose more than the distance to a known allocation are ruled out, and those
that remain are searched to the end in whole numbers. HiGHS branches and cuts only where that search grows too large.
"""

import math
import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.state import Bools, Float64s, Int64s
from econo_env.mechanisms.combinatorial.cliques import violated_cliques
from econo_env.mechanisms.combinatorial.dual_search import least_loss
from econo_env.mechanisms.combinatorial.packing import collisions, packing_of
from econo_env.mechanisms.combinatorial.solver import amount_unit, highs, run
from econo_env.valuations.xor_bids import XorBids

_MOST_BIDS_SEARCHED = 1500
_NODES_A_SECOND = 200_000
_MOST_NODES = 100_000
_FIRST_LIMIT, _LIMIT_GROWTH = 0.002, 2
_MOST_ROUNDS = 30
_PROGRESS = 1e-4


@dataclass(frozen=True)
class Allocation:
    """Bids that win together.

    Attributes:
        chosen: Numbers of the winning bids.
        welfare: Sum of their amounts, whole units.
        bound: No allocation is worth more.
    """

    chosen: Int64s
    welfare: int
    bound: int

    @property
    def optimal(self) -> bool:
        """Whether no better allocation exists, proved."""
        return self.bound <= self.welfare

    @property
    def gap(self) -> float:
        """How far the bound lies above the welfare, as a share of the bound."""
        return (self.bound - self.welfare) / self.bound if self.bound > 0 else 0.0


class IntegerProgram:
    """Winner determination over one set of bundles, for changing amounts and coalitions."""

    def __init__(self, bids: XorBids) -> None:
        """Builds the model once; later calls start from the last basis."""
        self.bids = bids
        counts = np.bincount(bids.owner, minlength=bids.num_bidders)
        several = np.flatnonzero(counts > 1)
        self.covers: Bools = np.concatenate([bids.contains, bids.owner[:, None] == several[None, :]], axis=1)
        self._as_floats = self.covers.astype(np.float64)
        self._solver = highs()
        self._solver.setOptionValue("presolve", "off")
        self._solver.passModel(self._model(bids.amount.astype(np.float64), np.arange(len(bids.owner))))

    def _model(self, cost: Float64s, which: Int64s) -> Any:
        from highspy import HighsLp, MatrixFormat, ObjSense

        columns = self.covers[which]
        bid, row = np.nonzero(columns)
        model = HighsLp()
        model.num_col_, model.num_row_ = len(which), columns.shape[1]
        model.sense_ = ObjSense.kMaximize
        model.col_cost_ = cost
        model.col_lower_, model.col_upper_ = np.zeros(len(which)), np.ones(len(which))
        model.row_lower_, model.row_upper_ = np.full(columns.shape[1], -np.inf), np.ones(columns.shape[1])
        model.a_matrix_.format_ = MatrixFormat.kColwise
        model.a_matrix_.start_ = np.searchsorted(bid, np.arange(len(which) + 1)).astype(np.int32)
        model.a_matrix_.index_ = row.astype(np.int32)
        model.a_matrix_.value_ = np.ones(len(row))
        return model

    def best(
        self,
        amount: Int64s,
        allowed: Bools,
        known: Int64s,
        deadline: float,
        indifference: int = 0,
        enough: int | None = None,
    ) -> Allocation:
        """The best allocation of the allowed bids, or one that falls short of it by no more than `indifference`.

        Args:
            amount: Whole units of each bid, shape (bids,), together below 2^53; those of 0 or less are left out.
            allowed: Bids that may win, shape (bids,).
            known: Numbers of bids that can win together, to start from.
            deadline: `time.perf_counter()` at which to stop with what is known.
            indifference: Whole units that are not worth searching for; the bound is then too low by as much.
            enough: An allocation worth more than this will do, best or not.
        """
        allowed = allowed & (amount > 0)
        known = known[allowed[known]]
        found = Allocation(known, int(amount[known].sum()), int(amount[allowed].sum()))
        for _ in range(_MOST_ROUNDS):
            price, primal = self._prices(amount, allowed, deadline)
            loss = self._cost(price) - amount
            found, progress = self._better(found, int(price.sum()) - indifference, amount, allowed, primal)
            if enough is not None and found.welfare > enough:
                return found
            if found.optimal or not progress or time.perf_counter() > deadline or not self._cut(primal, loss):
                break
        return found if found.optimal else self._search(found, amount, allowed, price, loss, deadline, indifference)

    def _cost(self, price: Int64s) -> Int64s:
        """What the rows of each bid cost together; floats are exact below 2^53, and much faster."""
        return np.rint(self._as_floats @ price.astype(np.float64)).astype(np.int64)

    def _better(
        self, found: Allocation, bound: int, amount: Int64s, allowed: Bools, primal: Float64s
    ) -> tuple[Allocation, bool]:
        """Takes up a new bound and what the fractional allocation suggests; whether the bound fell noticeably."""
        progress = bound < found.bound - _PROGRESS * found.bound
        starts = (found.chosen, np.flatnonzero(primal > 0.999), np.zeros(0, dtype=np.int64))
        tries = [self._complete(start, amount, allowed, primal) for start in starts]
        chosen = max(tries, key=lambda bids: int(amount[bids].sum()))
        return Allocation(chosen, int(amount[chosen].sum()), min(bound, found.bound)), progress

    def _cut(self, primal: Float64s, loss: Int64s) -> bool:
        """Adds violated cliques as rows; they hold for all amounts and coalitions to come. Whether there were any."""
        cliques = violated_cliques(self._collide, primal, loss)
        for members in cliques:
            self._solver.addRow(-np.inf, 1.0, len(members), members.astype(np.int32), np.ones(len(members)))
        if cliques:
            rows = np.zeros((len(primal), len(cliques)), dtype=np.bool_)
            for row, members in enumerate(cliques):
                rows[members, row] = True
            self.covers = np.concatenate([self.covers, rows], axis=1)
            self._as_floats = self.covers.astype(np.float64)
        return bool(cliques)

    @cached_property
    def _collide(self) -> Bools:
        collide = collisions(packing_of(self.bids), np.arange(len(self.bids.owner)))
        np.fill_diagonal(collide, False)
        return collide

    def _prices(self, amount: Int64s, allowed: Bools, deadline: float) -> tuple[Int64s, Float64s]:
        """Whole prices of the rows that cover every allowed bid, and the fractional allocation."""
        solver, numbers = self._solver, np.arange(len(amount), dtype=np.int32)
        unit = amount_unit(amount)
        solver.changeColsCost(len(amount), numbers, amount / unit)
        solver.changeColsBounds(len(amount), numbers, np.zeros(len(amount)), allowed.astype(np.float64))
        solution, solved = run(solver, max(deadline, time.perf_counter() + 0.05))
        dual = np.asarray(solution.row_dual) if solution.dual_valid else np.zeros(self.covers.shape[1])
        # what a solver that was stopped holds may sell an item twice
        primal = np.asarray(solution.col_value) if solved else np.zeros(len(amount))
        price = np.ceil(np.maximum(dual, 0.0) * unit - 1e-6).astype(np.int64)
        for j in np.flatnonzero(allowed & (self._cost(price) < amount)):
            short = int(amount[j] - price[self.covers[j]].sum())
            if short > 0:  # rounding, or a linear programme that was stopped: the bid's first item makes it good
                price[np.argmax(self.covers[j])] += short
        return price, np.where(allowed, primal, 0.0)

    def _complete(self, chosen: Int64s, amount: Int64s, allowed: Bools, primal: Float64s) -> Int64s:
        """Adds bids that still fit, the most fractional and worthy first."""
        collide, added = self._collide, []
        fits = allowed & ~collide[chosen].any(axis=0)
        fits[chosen] = False
        worth = (primal + 1e-3) * amount / self._root_size
        order = np.argsort(-worth, kind="stable")
        order = order[fits[order]]
        while len(order):
            j = order[0]
            added.append(j)
            order = order[1:]
            order = order[~collide[j, order]]
        return np.concatenate([chosen, np.array(added, dtype=np.int64)])

    @cached_property
    def _root_size(self) -> Float64s:
        root: Float64s = np.sqrt(self.bids.contains.sum(axis=1), dtype=np.float64)
        return root

    def _search(
        self,
        found: Allocation,
        amount: Int64s,
        allowed: Bools,
        price: Int64s,
        loss: Int64s,
        deadline: float,
        indifference: int,
    ) -> Allocation:
        """Searches for a loss below a limit that grows until something is found; HiGHS where that grows too large."""
        prices_bound = int(price.sum())
        whole = prices_bound - indifference - found.welfare
        limit = max(1, int(_FIRST_LIMIT * prices_bound))
        while True:
            if whole <= 0:
                return Allocation(found.chosen, found.welfare, found.welfare)
            limit = min(limit, whole)
            near = np.flatnonzero(allowed & (loss < limit))
            left = deadline - time.perf_counter()
            if left <= 0 or len(near) > _MOST_BIDS_SEARCHED:
                break
            nodes = int(min(_MOST_NODES, left * _NODES_A_SECOND))
            better, chosen, finished = self._by_parts(near, price, loss, limit, nodes)
            if better < limit:
                found = Allocation(near[chosen], prices_bound - better, found.bound)
                whole = better - indifference
            if not finished:
                break
            if better < limit or limit >= whole:
                return Allocation(found.chosen, found.welfare, found.welfare)
            found = Allocation(found.chosen, found.welfare, min(found.bound, prices_bound - limit))
            limit *= _LIMIT_GROWTH
        near = np.flatnonzero(allowed & (loss <= whole))
        return self._branch_and_cut(found, amount, near, deadline)

    def _by_parts(
        self, near: Int64s, price: Int64s, loss: Int64s, limit: int, most_nodes: int
    ) -> tuple[int, Int64s, bool]:
        """Least loss over independent parts of the market; whether it was searched to the end."""
        covers = self.covers[near]
        total = int(price[~covers.any(axis=0)].sum())
        chosen: list[Int64s] = []
        parts = independent_parts(covers)
        for part in parts:
            if total >= limit:
                return limit, near[:0], True
            rows = covers[part].any(axis=0)
            lost, bids, nodes = least_loss(
                price[rows],
                loss[near[part]],
                covers[part][:, rows],
                self._collide[np.ix_(near[part], near[part])],
                limit - total,
                most_nodes,
            )
            if nodes > most_nodes:
                complete = lost < limit - total and len(parts) == 1
                return (total + lost, part[bids], False) if complete else (limit, near[:0], False)
            total += lost
            chosen.append(part[bids])
        return (total, np.concatenate([near[:0], *chosen]), True) if total < limit else (limit, near[:0], True)

    def _branch_and_cut(self, found: Allocation, amount: Int64s, near: Int64s, deadline: float) -> Allocation:
        """HiGHS on the bids that are left, started from the best known allocation."""
        left = deadline - time.perf_counter()
        if left <= 0.005:
            return found
        from highspy import HighsVarType

        solver = highs()
        unit = amount_unit(amount)
        model = self._model(amount[near] / unit, near)
        model.integrality_ = [HighsVarType.kInteger] * len(near)
        solver.setOptionValue("time_limit", left)
        solver.setOptionValue("mip_abs_gap", 0.5 / unit)
        solver.passModel(model)
        start = np.isin(near, found.chosen)
        if start.sum() == len(found.chosen):
            numbers = np.arange(len(near), dtype=np.int32)
            solver.setSolution(len(near), numbers, start.astype(np.float64))
        solver.run()
        values = np.asarray(solver.getSolution().col_value)
        chosen = near[values > 0.5] if len(values) else found.chosen
        welfare = int(amount[chosen].sum())
        if welfare < found.welfare or self.covers[chosen].sum(axis=0).max(initial=0) > 1:
            chosen, welfare = found.chosen, found.welfare
        claimed = solver.getInfo().mip_dual_bound * unit
        # integer amounts: a bound less than one unit above the welfare proves it
        bound = math.floor(claimed + 0.01) if math.isfinite(claimed) else found.bound
        return Allocation(chosen, welfare, max(welfare, min(found.bound, bound)))


def independent_parts(covers: Bools) -> list[NDArray[np.intp]]:
    """Groups of bids that share no row with other groups, for `covers` of shape (bids, rows)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if not len(covers):
        return []
    links = csr_array(covers)
    count, label = connected_components(links @ links.T, directed=False)
    return [np.flatnonzero(label == part) for part in range(count)]

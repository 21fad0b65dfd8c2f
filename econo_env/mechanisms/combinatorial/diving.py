"""Good allocations of large auctions: dives of the linear programme, and the best of two allocations part by part.

A dive chooses the bid with the greatest fraction, a little at random, rules out what collides with it, solves again,
and goes on until nothing is fractional (guide: Berthold, "Primal heuristics for mixed integer programs", 2006).
"""

import numpy as np

from econo_env.engine.state import Bools, Int64s
from econo_env.mechanisms.combinatorial.packing import Packing, collisions, filled_up
from econo_env.mechanisms.combinatorial.relaxation import Prices, add_columns, new_solver, run
from econo_env.valuations.xor_bids import XorBids

_CERTAIN = 0.7
_NEAR, _FEWEST = 0.0025, 200
_FRACTION = 1e-6
_NOISE = 0.3


def dive(
    bids: XorBids, packing: Packing, prices: Prices, known: Int64s, dives: int, seed: tuple[int, ...], deadline: float
) -> Int64s:
    """The best allocation of some dives among bids of little loss, or the known one; numbers of the winning bids."""
    ranked = np.argsort(prices.loss, kind="stable")
    enough = max(_FEWEST, int(np.searchsorted(prices.loss[ranked], int(_NEAR * prices.bound), side="right")))
    near = np.sort(ranked[:enough])
    inside = np.full(len(bids.owner), -1, dtype=np.int64)
    inside[near] = np.arange(len(near))
    rows = [packing.items[packing.first[j] : packing.first[j + 1]] for j in near]
    cliques = [inside[clique[inside[clique] >= 0]] for clique in prices.cliques]
    return _Dives(bids, packing, near, rows, cliques).best(prices, known, dives, seed, deadline)


class _Dives:
    """A linear programme on a few bids, to be fixed bid by bid."""

    def __init__(
        self, bids: XorBids, packing: Packing, near: Int64s, rows: list[Int64s], cliques: list[Int64s]
    ) -> None:
        self.bids, self.packing, self.near = bids, packing, near
        self.collide = collisions(packing, near)
        self.amount = bids.amount[near]
        self.unit = float(max(1, self.amount.max(initial=1) >> 20))
        member = np.zeros((len(near), len(cliques)), dtype=np.bool_)
        for k, clique in enumerate(cliques):
            member[clique, k] = True
        columns = [np.append(row, bids.num_items + np.flatnonzero(of)) for row, of in zip(rows, member, strict=True)]
        self.solver = new_solver(bids.num_items + len(cliques))
        add_columns(self.solver, self.amount / self.unit, columns)

    def best(self, prices: Prices, known: Int64s, dives: int, seed: tuple[int, ...], deadline: float) -> Int64s:
        _, solved = run(self.solver, deadline)
        root = self.solver.getBasis()
        by_loss = np.argsort(prices.loss, kind="stable")
        for number in range(dives if solved else 0):
            if number:
                self.solver.setBasis(root)
            chosen = self._dive(int(self.bids.amount[known].sum()), np.random.default_rng([*seed, number]), deadline)
            if len(chosen):
                known = better_parts(self.packing, self.bids.amount, known, filled_up(self.packing, chosen, by_loss))
        return known

    def _dive(self, known: int, random: np.random.Generator, deadline: float) -> Int64s:
        """Bids chosen by one dive, none where it was given up as no better than what is known."""
        free, fixed = np.ones(len(self.near), dtype=np.bool_), np.zeros(len(self.near), dtype=np.bool_)
        numbers = np.arange(len(self.near), dtype=np.int32)
        while True:
            self.solver.changeColsBounds(
                len(numbers), numbers, fixed.astype(np.float64), (free | fixed).astype(np.float64)
            )
            solution, solved = run(self.solver, deadline)
            if not solved:
                return self.near[:0]
            if self.solver.getInfo().objective_function_value * self.unit < known:
                return self.near[:0]
            fraction = np.asarray(solution.col_value)
            open_bids = np.flatnonzero(free & (fraction > _FRACTION))
            if not len(open_bids):
                return self.near[fixed]
            self._fix(fraction, open_bids, random, free, fixed)

    def _fix(
        self, fraction: np.ndarray, open_bids: Int64s, random: np.random.Generator, free: Bools, fixed: Bools
    ) -> None:
        """Fixes the bid that comes first and those that are nearly certain."""
        score = fraction[open_bids] + _NOISE * random.random(len(open_bids))
        first = open_bids[np.argmax(score)]
        certain = open_bids[fraction[open_bids] >= _CERTAIN]
        for j in (first, *certain[np.argsort(-fraction[certain], kind="stable")]):
            if free[j]:
                fixed[j] = True
                free &= ~self.collide[j]
                free[j] = False


def better_parts(packing: Packing, amount: Int64s, one: Int64s, other: Int64s) -> Int64s:
    """Of each group of bids that collide with each other, those of the allocation that offer more for it."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    union = np.unique(np.concatenate([one, other]))
    _, part = connected_components(csr_array(collisions(packing, union)), directed=False)
    worth = np.zeros((2, part.max(initial=0) + 1), dtype=np.int64)
    in_one, in_other = np.isin(union, one), np.isin(union, other)
    np.add.at(worth[0], part[in_one], amount[union[in_one]])
    np.add.at(worth[1], part[in_other], amount[union[in_other]])
    first = (worth[0] >= worth[1])[part]
    return union[(in_one & first) | (in_other & ~first)]

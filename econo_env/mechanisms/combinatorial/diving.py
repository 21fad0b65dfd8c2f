"""Good allocations of large auctions: dives of the linear programme, and the best of two allocations part by part.

A dive chooses the bid with the greatest fraction, a little at random, rules out what collides with it, solves again,
and goes on until nothing is fractional (guide: Berthold, "Primal heuristics for mixed integer programs", 2006).
"""

from typing import Any

import numpy as np

from econo_env.engine.state import Bools, Float64s, Int64s
from econo_env.mechanisms.combinatorial.packing import Packing, collisions, filled_up
from econo_env.mechanisms.combinatorial.relaxation import Prices
from econo_env.mechanisms.combinatorial.solver import add_columns, add_rows, amount_unit, new_solver, run, start_from
from econo_env.valuations.xor_bids import XorBids

_CERTAIN = 0.7
_NEAR, _FEWEST = 0.0025, 200
_FRACTION = 1e-6
_NOISE = 0.3


def dive(
    bids: XorBids, packing: Packing, prices: Prices, known: Int64s, seed: tuple[int, ...], deadline: float
) -> Int64s:
    """An allocation by a dive among bids of little loss, joined with the known one; numbers of the winning bids."""
    ranked = np.argsort(prices.loss, kind="stable")
    enough = max(_FEWEST, int(np.searchsorted(prices.loss[ranked], int(_NEAR * prices.bound), side="right")))
    near = np.sort(ranked[:enough])
    inside = np.full(len(bids.owner), -1, dtype=np.int64)
    inside[near] = np.arange(len(near))
    columns = [packing.items[packing.first[j] : packing.first[j + 1]] for j in near]
    cliques = [inside[clique[inside[clique] >= 0]] for clique in prices.rows]
    solver = new_solver(bids.num_items)
    unit = amount_unit(bids.amount)
    add_columns(solver, bids.amount[near] / unit, columns)
    add_rows(solver, cliques)
    if prices.basis is not None:
        start_from(solver, [prices.basis[0][j] for j in near], prices.basis[1])
    enough_for = int(bids.amount[known].sum()) / unit
    fixed = _dived(solver, collisions(packing, near), enough_for, np.random.default_rng(seed), deadline)
    return better_parts(packing, bids.amount, known, filled_up(packing, near[fixed], ranked))


def _dived(solver: Any, collide: Bools, known: float, random: np.random.Generator, deadline: float) -> Bools:
    """Columns chosen by one dive; none where it was given up as no better than what is known."""
    numbers = np.arange(len(collide), dtype=np.int32)
    free, fixed = np.ones(len(numbers), dtype=np.bool_), np.zeros(len(numbers), dtype=np.bool_)
    while True:
        solution, solved = run(solver, deadline)
        if not solved or solver.getInfo().objective_function_value < known:
            return np.zeros_like(fixed)
        fraction = np.asarray(solution.col_value)
        open_bids = np.flatnonzero(free & (fraction > _FRACTION))
        if not len(open_bids):
            return fixed
        _fix(fraction, open_bids, collide, random, free, fixed)
        low, high = fixed.astype(np.float64), (free | fixed).astype(np.float64)
        solver.changeColsBounds(len(numbers), numbers, low, high)


def _fix(
    fraction: Float64s, open_bids: Int64s, collide: Bools, random: np.random.Generator, free: Bools, fixed: Bools
) -> None:
    """Fixes the bid that comes first and those that are nearly certain."""
    first = open_bids[np.argmax(fraction[open_bids] + _NOISE * random.random(len(open_bids)))]
    certain = open_bids[fraction[open_bids] >= _CERTAIN]
    for j in (first, *certain[np.argsort(-fraction[certain], kind="stable")]):
        if free[j]:
            fixed[j] = True
            free &= ~collide[j]


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
    better: Int64s = union[(in_one & first) | (in_other & ~first)]
    return better

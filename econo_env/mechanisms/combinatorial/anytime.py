"""A good allocation of a large auction and a bound on the best, as close as the time allows.

The work goes in rounds. In each, one thread tightens the linear programme by cliques, which lowers the bound, while
another dives for allocations from the prices of the round before; both meet before the next. What a number of rounds
finds depends on nothing but the bids and the seed. A deadline stops within a round, so that what was reached then
depends on the machine; what is stated about it holds all the same.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from econo_env.engine.state import Bools, Int64s
from econo_env.mechanisms.combinatorial.diving import better_parts, dive
from econo_env.mechanisms.combinatorial.integer_program import Allocation, IntegerProgram
from econo_env.mechanisms.combinatorial.packing import Packing, filled_up, packing_of
from econo_env.mechanisms.combinatorial.relaxation import Prices, Relaxation
from econo_env.valuations.xor_bids import XorBids

_CUTS_A_ROUND = 2
_FEW = 400
_MOST_ROUNDS = 40
_SMALL_GAP, _IDLE_AT_SMALL_GAP, _IDLE_AT_LARGE_GAP = 0.004, 2, 8
_TIME_TO_SEARCH, _TIME_TO_STOP = 0.1, 0.03


@dataclass(frozen=True)
class Approach:
    """What the rounds came to.

    Attributes:
        chosen: Numbers of the winning bids, increasing.
        welfare: Sum of their amounts, whole units.
        bound: No allocation is worth more.
        worthwhile: Bids that an allocation of more than `welfare` may hold, shape (bids,).
        rounds: Rounds played.
    """

    chosen: Int64s
    welfare: int
    bound: int
    worthwhile: Bools
    rounds: int


def best_in_time(bids: XorBids, deadline: float, seed: int) -> Allocation:
    """The best allocation, or one with a bound by `time.perf_counter()` = `deadline`.

    Where the rounds leave few bids, or come to rest with time left, those bids are searched to the end.
    """
    offers = np.flatnonzero(bids.amount > 0)
    market = bids.keep(bids.amount > 0)
    found = approach(market, _MOST_ROUNDS, deadline, seed)
    best = Allocation(found.chosen, found.welfare, found.bound)
    if not best.optimal and deadline - time.perf_counter() > _TIME_TO_SEARCH:
        best = _searched(market, found, deadline - _TIME_TO_STOP)
    return Allocation(offers[best.chosen], best.welfare, best.bound)


def _searched(bids: XorBids, found: Approach, deadline: float) -> Allocation:
    """The exact search among bids that an allocation better than the one found may hold."""
    left = found.worthwhile.copy()
    left[found.chosen] = True
    numbers = np.flatnonzero(left)
    rest = bids.keep(left)
    everybody = np.ones(len(numbers), dtype=np.bool_)
    known = np.searchsorted(numbers, found.chosen)
    best = IntegerProgram(rest).best(rest.amount, everybody, known, deadline)
    return Allocation(numbers[best.chosen], best.welfare, max(best.welfare, min(best.bound, found.bound)))


def approach(bids: XorBids, rounds: int, deadline: float = np.inf, seed: int = 0) -> Approach:
    """Closes in on the best allocation from both sides.

    Args:
        bids: Bids of more than zero, together below 2^53.
        rounds: At most so many; fewer where the allocation is proved to be the best, where few bids are left to
            search, or where the last rounds brought nothing.
        deadline: `time.perf_counter()` at which to stop; without it the result is the same on every machine.
        seed: Of the dives.
    """
    packing = packing_of(bids)
    chosen = _first_allocation(bids, packing)
    relaxation = Relaxation(bids, packing, int(bids.amount[chosen].sum()))
    reached = Approach(chosen, 0, int(bids.amount.sum()), np.ones(len(bids.owner), dtype=np.bool_), -1)
    cutting, idle = True, 0
    with ThreadPoolExecutor(1) as beside:
        while True:
            prices, before = relaxation.prices, reached
            reached = _reached(bids, before, chosen, prices)
            better = reached.welfare > before.welfare or reached.bound < before.bound
            idle = 0 if better else idle + 1
            played = reached.rounds
            if _at_rest(reached, idle, cutting) or played >= rounds or time.perf_counter() >= deadline:
                return reached
            below = beside.submit(dive, bids, packing, prices, chosen, (seed, played, 0), deadline)
            if cutting:
                cutting = _tighten(relaxation, deadline)
            else:
                aside = dive(bids, packing, prices, chosen, (seed, played, 1), deadline)
                chosen = better_parts(packing, bids.amount, chosen, aside)
            chosen = better_parts(packing, bids.amount, chosen, below.result())


def _at_rest(reached: Approach, idle: int, cutting: bool) -> bool:
    """Whether nothing is left to do, or an exact search has better prospects than more rounds."""
    if reached.welfare >= reached.bound or reached.worthwhile.sum() <= _FEW:
        return True
    small = reached.bound - reached.welfare <= _SMALL_GAP * reached.bound
    return not cutting and idle >= (_IDLE_AT_SMALL_GAP if small else _IDLE_AT_LARGE_GAP)


def _reached(bids: XorBids, before: Approach, chosen: Int64s, prices: Prices) -> Approach:
    welfare = int(bids.amount[chosen].sum())
    worthwhile = before.worthwhile & (prices.loss < prices.bound - welfare)
    return Approach(chosen, welfare, max(welfare, min(before.bound, prices.bound)), worthwhile, before.rounds + 1)


def _first_allocation(bids: XorBids, packing: Packing) -> Int64s:
    by_density = np.argsort(-bids.amount / np.sqrt(bids.contains.sum(axis=1)), kind="stable")
    return filled_up(packing, np.zeros(0, dtype=np.int64), by_density)


def _tighten(relaxation: Relaxation, deadline: float) -> bool:
    """Some rounds of cliques; whether there are more."""
    return all(relaxation.solve(deadline) and relaxation.cut() for _ in range(_CUTS_A_ROUND))

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
from econo_env.mechanisms.combinatorial.packing import filled_up, packing_of
from econo_env.mechanisms.combinatorial.relaxation import Relaxation
from econo_env.valuations.xor_bids import XorBids

_CUTS_A_ROUND = 2
_FEWEST_BIDS = 500


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


def approach(bids: XorBids, rounds: int, deadline: float = np.inf, seed: int = 0) -> Approach:
    """Closes in on the best allocation from both sides.

    Args:
        bids: Bids of more than zero, together below 2^53.
        rounds: At most so many; fewer where the allocation is proved to be the best.
        deadline: `time.perf_counter()` at which to stop; without it the result is the same on every machine.
        seed: Of the dives.
    """
    packing = packing_of(bids)
    chosen = _first_allocation(bids, packing)
    relaxation = Relaxation(bids, packing, int(bids.amount[chosen].sum()))
    bound, worthwhile = relaxation.prices.bound, np.ones(len(bids.owner), dtype=np.bool_)
    played, cutting = 0, True
    with ThreadPoolExecutor(1) as beside:
        while True:
            prices = relaxation.prices
            welfare = int(bids.amount[chosen].sum())
            bound = min(bound, prices.bound)
            worthwhile &= prices.loss <= prices.bound - welfare
            if played >= rounds or welfare >= bound or time.perf_counter() >= deadline:
                return Approach(chosen, welfare, max(bound, welfare), worthwhile, played)
            below = beside.submit(dive, bids, packing, prices, chosen, 1, (seed, played, 0), deadline)
            if cutting:
                cutting = _tighten(relaxation, deadline)
            else:
                aside = dive(bids, packing, prices, chosen, 1, (seed, played, 1), deadline)
                chosen = better_parts(packing, bids.amount, chosen, aside)
            chosen = better_parts(packing, bids.amount, chosen, below.result())
            played += 1


def _first_allocation(bids: XorBids, packing):
    by_density = np.argsort(-bids.amount / np.sqrt(bids.contains.sum(axis=1)), kind="stable")
    return filled_up(packing, np.zeros(0, dtype=np.int64), by_density)


def _tighten(relaxation: Relaxation, deadline: float) -> bool:
    """Some rounds of cliques; whether there are more."""
    for _ in range(_CUTS_A_ROUND):
        before = relaxation.prices.bound
        relaxation.solve(deadline)
        if not relaxation.cut():
            return False
    return True

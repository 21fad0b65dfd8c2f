"""The point nearest to a target that satisfies coalition constraints: a dual active-set method in compiled code.

Goldfarb and Idnani, "A numerically stable dual method for solving strictly convex quadratic programs" (1983), for the
unit Hessian and constraints that are sums over sets of winners.
"""

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s
from econo_env.mechanisms.combinatorial.small import Scratch

_INDEPENDENT = 1e-9
_MOST_STEPS = 1000


@compiled
def _sum_over(mask: int, numbers: Float64s) -> float:
    total, i = 0.0, 0
    while mask >> i:
        if (mask >> i) & 1:
            total += numbers[i]
        i += 1
    return total


@compiled
def _members(mask: int) -> int:
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@compiled
def _solve_gram(scratch: Scratch, size: int) -> None:
    """Gauss elimination in place; the right-hand side is the last column and becomes the solution."""
    gram = scratch.gram
    for a in range(size):
        pivot = 1.0 / gram[a, a]
        for c in range(a, size + 1):
            gram[a, c] *= pivot
        for b in range(size):
            factor = gram[b, a]
            if b != a and factor != 0.0:
                for c in range(a, size + 1):
                    gram[b, c] -= factor * gram[a, c]


@compiled
def _step_direction(scratch: Scratch, entering: int, num_active: int, num_winners: int) -> float:
    """Primal direction into `direction`, dual one into the last column of `gram`; returns the squared length."""
    mask, sign, gram = scratch.mask, scratch.sign, scratch.gram
    for a in range(num_active):
        row = scratch.active[a]
        for b in range(num_active):
            other = scratch.active[b]
            gram[a, b] = sign[row] * sign[other] * _members(mask[row] & mask[other])
        gram[a, num_active] = sign[row] * sign[entering] * _members(mask[row] & mask[entering])
    _solve_gram(scratch, num_active)
    squared = 0.0
    for i in range(num_winners):
        along = sign[entering] * ((mask[entering] >> i) & 1)
        for a in range(num_active):
            row = scratch.active[a]
            along -= gram[a, num_active] * sign[row] * ((mask[row] >> i) & 1)
        scratch.direction[i] = along
        squared += along * along
    return squared


@compiled
def _drop(scratch: Scratch, position: int, num_active: int) -> None:
    for a in range(position, num_active - 1):
        scratch.active[a] = scratch.active[a + 1]
        scratch.multiplier[a] = scratch.multiplier[a + 1]


@compiled
def _most_violated(scratch: Scratch, num_constraints: int, tolerance: float) -> int:
    worst, entering = -tolerance, -1
    for q in range(num_constraints):
        slack = scratch.sign[q] * _sum_over(scratch.mask[q], scratch.price) - scratch.bound[q]
        if slack < worst:
            worst, entering = slack, q
    return entering


@compiled
def _add(scratch: Scratch, entering: int, num_active: int, num_winners: int) -> int:
    """Moves until the entering constraint holds; returns how many are active then, -1 where none can hold it."""
    own = 0.0
    for _ in range(_MOST_STEPS):
        squared = _step_direction(scratch, entering, num_active, num_winners)
        slack = scratch.sign[entering] * _sum_over(scratch.mask[entering], scratch.price) - scratch.bound[entering]
        full = -slack / squared if squared > _INDEPENDENT else -1.0
        step, leaving = full, -1
        for a in range(num_active):
            rate = scratch.gram[a, num_active]
            if rate > _INDEPENDENT and (step < 0.0 or scratch.multiplier[a] / rate < step):
                step, leaving = scratch.multiplier[a] / rate, a
        if step < 0.0:
            return -1
        for a in range(num_active):
            scratch.multiplier[a] -= step * scratch.gram[a, num_active]
        own += step
        if full >= 0.0:
            for i in range(num_winners):
                scratch.price[i] += step * scratch.direction[i]
        if leaving < 0:
            scratch.active[num_active], scratch.multiplier[num_active] = entering, own
            return num_active + 1
        _drop(scratch, leaving, num_active)
        num_active -= 1
    return -1


@compiled
def project(scratch: Scratch, num_winners: int, num_constraints: int, tolerance: float) -> bool:
    """Writes into `price` the point nearest to `target` that satisfies the first constraints.

    Args:
        scratch: Holds the constraints (`mask`, `sign`, `bound`) and the target.
        num_winners: Length of the point.
        num_constraints: Constraints that count.
        tolerance: Micro-credits by which a constraint may be missed.

    Returns:
        Whether it was found: the constraints have a common point and the method ended.
    """
    for i in range(num_winners):
        scratch.price[i] = scratch.target[i]
    num_active = 0
    for _ in range(_MOST_STEPS):
        entering = _most_violated(scratch, num_constraints, tolerance)
        if entering < 0:
            return True
        num_active = _add(scratch, entering, num_active, num_winners)
        if num_active < 0:
            return False
    return False

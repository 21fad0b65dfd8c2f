"""Core payments of large auctions: constraints by exact coalition values, the nearest point by quadprog."""

from typing import Any, Protocol

import numpy as np

from econo_env.engine.state import Float64s, Int64s
from econo_env.mechanisms.combinatorial.integer_program import Allocation, IntegerProgram
from econo_env.mechanisms.combinatorial.rule import LEAST_REVENUE, PARTS, Payment
from econo_env.valuations.xor_bids import XorBids

_FINE = 52
"""Bits that amounts may take while coalitions are valued in parts of a micro-credit."""


_RELAXED = (0.0, 1e-13, 1e-12, 1e-11)
"""Shares of the highest bid by which constraints give way where the solver finds no point."""


class NotProvedError(Exception):
    """An optimum was not proved in time."""


class _QuadraticSolver(Protocol):
    def __call__(self, *arguments: Any) -> Any: ...


def _solve_qp() -> _QuadraticSolver:
    try:
        from quadprog import solve_qp
    except ImportError:
        raise ValueError(
            "core payments of more than 10 items need quadprog: pip install 'econo-env[combinatorial]'"
        ) from None
    solver: _QuadraticSolver = solve_qp
    return solver


def harm_payments(program: IntegerProgram, bids: XorBids, best: Allocation, deadline: float) -> Int64s:
    """Clarke payments of the winners in the order of `best.chosen`, micro-credits; only they are re-solved.

    Raises:
        NotProvedError: The best allocation without one of them was not proved in time.
    """
    payments = np.zeros(len(best.chosen), dtype=np.int64)
    for w, j in enumerate(best.chosen):
        without = program.best(bids.amount, bids.owner != bids.owner[j], best.chosen, deadline)
        if not without.optimal:
            raise NotProvedError
        payments[w] = without.welfare - (best.welfare - int(bids.amount[j]))
    return payments


def nearest(harm: Int64s, offers: Int64s, masks: Float64s, needed: Float64s, payment: int) -> Float64s:
    """Least-revenue payments nearest to the rule's reference, in micro-credits, shape (winners,).

    Args:
        harm: Clarke payments, shape (winners,).
        offers: Winning bids, shape (winners,).
        masks: 1 where a constraint binds a winner, shape (constraints, winners).
        needed: What those winners have to pay together, shape (constraints,).
        payment: `nearest_vcg`, `nearest_zero` or `nearest_bid`.

    Raises:
        NotProvedError: Rounding defeats the solver.
    """
    scale = float(offers.max(initial=1))
    reference = {Payment.nearest_vcg: harm, Payment.nearest_bid: offers}.get(Payment(payment), np.zeros_like(harm))
    target = reference / scale - LEAST_REVENUE
    one = np.eye(len(harm))
    normals = np.concatenate([one, -one, masks])
    bounds = np.concatenate([harm, -offers, needed]) / scale
    solve = _solve_qp()
    for relaxed in _RELAXED:
        try:
            point: Float64s = solve(one, target, normals.T, bounds - relaxed)[0]
        except ValueError:  # rounding makes nearly parallel constraints look inconsistent
            continue
        return point * scale
    raise NotProvedError


def core_payments(
    program: IntegerProgram, bids: XorBids, best: Allocation, harm: Int64s, payment: int, deadline: float
) -> Int64s:
    """Core payments of the winners in the order of `best.chosen`, rounded up to whole micro-credits.

    Constraints are generated for a coalition that gains at the present payments (Day and Raghavan 2007), until it is
    proved that none gains as much as a micro-credit.

    Raises:
        NotProvedError: The value of a coalition was not proved in time.
    """
    winners, offers = bids.owner[best.chosen], bids.amount[best.chosen]
    price = harm.astype(np.float64)
    masks, needed = np.zeros((0, len(winners))), np.zeros(0)
    fine = 1 << max(0, _FINE - 1 - max(1, best.bound).bit_length())
    everybody = np.ones(len(bids.owner), dtype=np.bool_)
    while True:
        surplus = np.rint((offers - price) * fine).astype(np.int64)
        left = bids.amount * fine
        for winner, kept in zip(winners, surplus, strict=True):
            left[bids.owner == winner] -= kept
        # at core payments many coalitions are as good as the winners: what gains next to nothing is not sought
        indifference = max(len(winners) + 1, int(fine * PARTS / 10))
        total = int(left[best.chosen].sum())
        rivals = program.best(left, everybody, best.chosen, deadline, indifference, enough=total + indifference)
        if rivals.welfare <= total + indifference:
            if rivals.bound > total + fine:
                raise NotProvedError
            break
        inside = np.isin(winners, bids.owner[rivals.chosen])
        bound = float(bids.amount[rivals.chosen].sum() - offers[inside].sum())
        row = (~inside).astype(np.float64)
        if bound <= row @ price + PARTS / 10:
            break
        masks, needed = np.concatenate([masks, row[None]]), np.append(needed, bound)
        price = nearest(harm, offers, masks, needed, payment)
    return np.minimum(offers, np.ceil(price - PARTS).astype(np.int64))

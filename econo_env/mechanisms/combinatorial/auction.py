"""One combinatorial auction of any size: allocation, payments, and what was proved."""

import time
from dataclasses import dataclass

import numpy as np

from econo_env.engine.state import Int64s
from econo_env.mechanisms.combinatorial.anytime import best_in_time
from econo_env.mechanisms.combinatorial.batch import clear_many, game_of
from econo_env.mechanisms.combinatorial.core import NotProvedError, core_payments, harm_payments
from econo_env.mechanisms.combinatorial.greedy import greedy_with_critical_payments
from econo_env.mechanisms.combinatorial.integer_program import Allocation, IntegerProgram
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.mechanisms.combinatorial.small import LARGEST_SMALL_GAME
from econo_env.valuations.xor_bids import XorBids, undominated

FALLBACK = "greedy_critical"
_MOST_WORK = 1 << 22  # sets times bids up to which the dynamic programme is the faster road


@dataclass(frozen=True)
class AuctionOutcome:
    """What an auction decided, in micro-credits.

    Attributes:
        won: Number of the bid that each bidder wins, -1 for none, shape (bidders,).
        payments: Shape (bidders,).
        welfare: Sum of the winning bids.
        bound: No allocation is worth more.
        mode: The payment rule's name, or `greedy_critical` where no optimum was proved in time.
    """

    won: Int64s
    payments: Int64s
    welfare: int
    bound: int
    mode: str

    @property
    def optimal(self) -> bool:
        """Whether the allocation was proved to be the best."""
        return self.welfare >= self.bound

    @property
    def gap(self) -> float:
        """How far the bound lies above the welfare, as a share of the bound."""
        return (self.bound - self.welfare) / self.bound if self.bound > 0 else 0.0


def clear_auction(
    bids: XorBids,
    payment: Payment = Payment.vcg,
    *,
    time_limit: float = 10.0,
    seed: int = 0,
    compiled: bool | None = None,
) -> AuctionOutcome:
    """Clears one auction exactly, or says that it did not.

    Args:
        bids: XOR bids.
        payment: The payment rule.
        time_limit: Seconds. Where the optima that a payment rule needs are not proved by then, the outcome is that of
            `greedy_with_critical_payments` and says so in `mode`; pay-as-bid keeps the best allocation found.
        seed: Of the lottery among equal allocations.
        compiled: Whether to use the dynamic programme (up to 10 items); by default where it is the faster road.

    Raises:
        ValueError: The road chosen cannot take this auction or this payment rule, or needs a package not installed.
    """
    payment = Payment(payment)
    small = bids.num_items <= LARGEST_SMALL_GAME and len(bids.owner) << bids.num_items <= _MOST_WORK
    if compiled or (compiled is None and small):
        outcome = _clear_small(bids, payment, seed)
    elif payment == Payment.grand_bundle:
        outcome = _sell_all_to_one(bids, seed)
    elif payment == Payment.proxy:
        raise ValueError(
            f"the proxy auction is played for up to {LARGEST_SMALL_GAME} items, not {bids.num_items}: "
            "choose nearest_zero, whose payments are close to it"
        )
    else:
        outcome = _clear_large(bids, payment, time_limit, seed)
    verify(bids, outcome)
    return outcome


def verify(bids: XorBids, outcome: AuctionOutcome) -> None:
    """Checks in whole numbers that the outcome is one: items once, welfare as said, nobody pays more than the bid.

    Raises:
        RuntimeError: It is not.
    """
    chosen = outcome.won[outcome.won >= 0]
    held = bids.contains[chosen].sum(axis=0)
    owners_match = np.array_equal(bids.owner[chosen], np.flatnonzero(outcome.won >= 0))
    offers = np.zeros(bids.num_bidders, dtype=np.int64)
    offers[bids.owner[chosen]] = bids.amount[chosen]
    faults = {
        "an item is sold twice": held.max(initial=0) > 1,
        "a bidder wins another's bid": not owners_match,
        "the welfare is not that of the winning bids": int(offers.sum()) != outcome.welfare,
        "the welfare exceeds its bound": outcome.welfare > outcome.bound,
        "a payment is negative or above the bid": bool(np.any((outcome.payments < 0) | (outcome.payments > offers))),
    }
    wrong = [fault for fault, found in faults.items() if found]
    if wrong:
        raise RuntimeError(f"the clearing failed its own check: {'; '.join(wrong)}")


def _clear_small(bids: XorBids, payment: Payment, seed: int) -> AuctionOutcome:
    game = game_of(bids)
    won, payments = clear_many(game, bids.amount[None, :], payment, seed=seed)
    welfare = bound = int(bids.amount[won[0][won[0] >= 0]].sum())
    if payment == Payment.grand_bundle:
        best, _ = clear_many(game, bids.amount[None, :], Payment.first_price, seed=seed)
        bound = int(bids.amount[best[0][best[0] >= 0]].sum())
    return AuctionOutcome(won[0], payments[0], welfare, bound, payment.name)


def _outcome(bids: XorBids, chosen: Int64s, paid: Int64s, bound: int, mode: str) -> AuctionOutcome:
    won = np.full(bids.num_bidders, -1, dtype=np.int64)
    payments = np.zeros(bids.num_bidders, dtype=np.int64)
    won[bids.owner[chosen]], payments[bids.owner[chosen]] = chosen, paid
    welfare = int(bids.amount[chosen].sum())
    return AuctionOutcome(won, payments, welfare, max(bound, welfare), mode)


def _sell_all_to_one(bids: XorBids, seed: int) -> AuctionOutcome:
    """Second price on the grand bundle, with a bound on welfare from the linear programme."""
    lot = np.random.default_rng(seed).permutation(len(bids.owner))
    ranked = np.lexsort((lot, -bids.amount))
    first = ranked[:1]
    rivals = bids.amount[bids.owner != bids.owner[first[0]]] if len(first) else bids.amount
    paid = np.full(len(first), rivals.max(initial=0), dtype=np.int64)
    everybody = np.ones(len(bids.owner), dtype=np.bool_)
    best = IntegerProgram(bids).best(bids.amount, everybody, first, time.perf_counter() + 1.0)
    return _outcome(bids, first, paid, best.bound, Payment.grand_bundle.name)


def _clear_large(bids: XorBids, payment: Payment, time_limit: float, seed: int) -> AuctionOutcome:
    deadline = time.perf_counter() + time_limit
    kept = np.flatnonzero(undominated(bids))
    # the order of bids decides among equal allocations: it is drawn by lot
    kept = np.random.default_rng(seed).permutation(kept)
    market = XorBids(bids.owner[kept], bids.contains[kept], bids.amount[kept], bids.num_bidders)
    if payment == Payment.first_price:
        best = best_in_time(market, deadline, seed)
        paid = market.amount[best.chosen]
    else:
        program = IntegerProgram(market)
        everybody, nothing = np.ones(len(kept), dtype=np.bool_), np.zeros(0, dtype=np.int64)
        best = program.best(market.amount, everybody, nothing, deadline)
        try:
            paid = _payments(program, market, best, payment, deadline)
        except NotProvedError:
            chosen, paid = greedy_with_critical_payments(bids, seed)
            return _outcome(bids, chosen, paid, best.bound, FALLBACK)
    chosen = kept[best.chosen]
    free = _free_bids(bids, chosen)
    return _outcome(
        bids, np.append(chosen, free), np.append(paid, np.zeros(len(free), dtype=np.int64)), best.bound, payment.name
    )


def _payments(program: IntegerProgram, market: XorBids, best: Allocation, payment: Payment, deadline: float) -> Int64s:
    if not best.optimal:
        raise NotProvedError
    harm = harm_payments(program, market, best, deadline)
    if payment == Payment.vcg or not len(harm):
        return harm
    return core_payments(program, market, best, harm, payment, deadline)


def _free_bids(bids: XorBids, chosen: Int64s) -> Int64s:
    """Bids of zero that still fit, for free."""
    taken = bids.contains[chosen].any(axis=0)
    served = set(bids.owner[chosen].tolist())
    added = []
    for j in np.flatnonzero(bids.amount == 0):
        if int(bids.owner[j]) not in served and not (bids.contains[j] & taken).any():
            taken = taken | bids.contains[j]
            served.add(int(bids.owner[j]))
            added.append(j)
    return np.array(added, dtype=np.int64)

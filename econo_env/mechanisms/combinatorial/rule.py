"""Clearing of a small combinatorial auction in compiled code: exact allocation, VCG and core payments."""

import math
from enum import IntEnum
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Int64s
from econo_env.mechanisms.combinatorial.projection import project
from econo_env.mechanisms.combinatorial.small import NO_BID, Game, Scratch, draw_order, take_bundles, value_sets


class Payment(IntEnum):
    """What winners pay.

    `vcg`: their harm to others (Clarke). `nearest_vcg`, `nearest_zero`, `nearest_bid`: of the core payments with the
    least revenue, those nearest to VCG, to zero, to the bids. `first_price`: their bids. `grand_bundle`: everything
    goes to the highest offer for it, at the second highest; no gain from bidding under two names. `proxy`: the
    ascending proxy auction, in steps of 1 / 4096 of the highest bid.
    """

    vcg = 0
    nearest_vcg = 1
    nearest_zero = 2
    nearest_bid = 3
    first_price = 4
    grand_bundle = 5
    proxy = 6


def _payment(choice: object) -> object:
    if isinstance(choice, str):
        if choice not in Payment.__members__:
            raise ValueError(f"payment {choice!r} is unknown: choose one of {', '.join(Payment.__members__)}")
        return Payment[choice]
    return choice


PaymentRule = Annotated[
    Payment,
    BeforeValidator(_payment),
    PlainSerializer(lambda choice: Payment(choice).name, return_type=str),
    WithJsonSchema({"enum": list(Payment.__members__), "type": "string"}),
]
"""A payment rule by its name, as files have it."""

VCG, NEAREST_VCG, NEAREST_ZERO = int(Payment.vcg), int(Payment.nearest_vcg), int(Payment.nearest_zero)
NEAREST_BID, FIRST_PRICE, GRAND_BUNDLE = int(Payment.nearest_bid), int(Payment.first_price), int(Payment.grand_bundle)
PROXY = int(Payment.proxy)

LEAST_REVENUE = 256.0
"""Times the highest bid: how far below its reference the target lies, so that the nearest point has least revenue."""

PROXY_STEPS = 4096

PARTS = 1e-3
"""Micro-credits of rounding error that are forgiven before a payment is rounded up."""


class Combinatorial(NamedTuple):
    """Parameters: the payment rule."""

    payment: PaymentRule = Payment.vcg


@compiled
def clear(
    game: Game,
    bids: Int64s,
    lottery: Lottery,
    params: Combinatorial,
    allocation: Int64s,
    payments: Int64s,
    scratch: Scratch,
) -> None:
    """Allocates to the most that XOR bids offer together, and charges by the payment rule.

    Args:
        game: Bundles and who bids on them.
        bids: Micro-credits, shape (bids,); negative is no bid.
        lottery: Tells equal allocations apart.
        params: Parameters.
        allocation: The bid that each bidder wins, shape (bidders,); -1 for none.
        payments: Micro-credits, shape (bidders,), each at most the winning bid. Core payments are rounded up to whole
            micro-credits, so that they stay in the core.
        scratch: Space to work in.
    """
    for i in range(allocation.shape[0]):
        payments[i], scratch.out[i] = 0, False
    draw_order(lottery, scratch.order)
    if params.payment == GRAND_BUNDLE:
        _sell_all_to_one(game, bids, allocation, payments, scratch)
        return
    if params.payment == PROXY:
        _ascend(game, bids, allocation, payments, scratch)
        return
    worth = value_sets(game, bids, scratch.order, scratch.out, scratch.best)
    take_bundles(game, bids, scratch.order, scratch.out, scratch.best, allocation)
    if params.payment == FIRST_PRICE:
        for i in range(allocation.shape[0]):
            payments[i] = bids[allocation[i]] if allocation[i] != NO_BID else 0
        return
    num_winners = _charge_harm(game, bids, worth, allocation, payments, scratch)
    if params.payment == VCG or num_winners < 2:
        return
    if num_winners == 2:
        _charge_two(game, bids, params.payment, allocation, payments, scratch)
    else:
        _charge_core(game, bids, params.payment, num_winners, allocation, payments, scratch)


@compiled
def _sell_all_to_one(game: Game, bids: Int64s, allocation: Int64s, payments: Int64s, scratch: Scratch) -> None:
    """Second price on the grand bundle, which is worth to a bidder its highest bid."""
    first, second = -1, np.int64(0)
    for k in range(allocation.shape[0]):
        i = scratch.order[k]
        allocation[i] = NO_BID
        for j in range(game.first[i], game.first[i + 1]):
            if bids[j] >= 0 and (allocation[i] == NO_BID or bids[j] > bids[allocation[i]]):
                allocation[i] = j
        if allocation[i] == NO_BID:
            continue
        if first < 0 or bids[allocation[i]] > bids[allocation[first]]:
            if first >= 0:
                second = bids[allocation[first]]
                allocation[first] = NO_BID
            first = i
        else:
            second = max(second, bids[allocation[i]])
            allocation[i] = NO_BID
    if first >= 0:
        payments[first] = second


@compiled
def _ascend(game: Game, bids: Int64s, allocation: Int64s, payments: Int64s, scratch: Scratch) -> None:
    """Ascending proxy auction (Ausubel and Milgrom 2002): those outside the leading coalition ask for less profit."""
    highest = np.int64(0)
    for i in range(allocation.shape[0]):
        payments[i] = 0  # holds the profit asked for until the auction ends
        for j in range(game.first[i], game.first[i + 1]):
            payments[i] = max(payments[i], bids[j])
        highest = max(highest, payments[i])
    step = max(np.int64(1), highest // PROXY_STEPS)
    moved = True
    while moved:
        for i in range(allocation.shape[0]):
            for j in range(game.first[i], game.first[i + 1]):
                scratch.left[j] = float(bids[j] - payments[i])
        value_sets(game, scratch.left, scratch.order, scratch.out, scratch.best_left)
        take_bundles(game, scratch.left, scratch.order, scratch.out, scratch.best_left, allocation)
        moved = False
        for i in range(allocation.shape[0]):
            if allocation[i] == NO_BID and payments[i] > 0:
                payments[i] = max(np.int64(0), payments[i] - step)
                moved = True
    for i in range(allocation.shape[0]):
        payments[i] = bids[allocation[i]] - payments[i] if allocation[i] != NO_BID else 0


@compiled
def _charge_harm(game: Game, bids: Int64s, worth: int, allocation: Int64s, payments: Int64s, scratch: Scratch) -> int:
    """Clarke payments: what the others lose by a winner's presence. Returns the number of winners."""
    num_winners = 0
    for i in range(allocation.shape[0]):
        if allocation[i] != NO_BID:
            scratch.out[i] = True
            without = value_sets(game, bids, scratch.order, scratch.out, scratch.best)
            scratch.out[i] = False
            payments[i] = without - (worth - bids[allocation[i]])
            scratch.seat[num_winners] = i
            num_winners += 1
    return num_winners


@compiled
def _charge_two(game: Game, bids: Int64s, payment: int, allocation: Int64s, payments: Int64s, scratch: Scratch) -> None:
    """Core payments of two winners in closed form: what the losers offer, split about the reference."""
    one, other = scratch.seat[0], scratch.seat[1]
    scratch.out[one], scratch.out[other] = True, True
    needed = value_sets(game, bids, scratch.order, scratch.out, scratch.best)
    if payments[one] + payments[other] >= needed:
        return
    bid_one, bid_other = bids[allocation[one]], bids[allocation[other]]
    double = needed
    if payment == NEAREST_VCG:
        double += payments[one] - payments[other]
    elif payment == NEAREST_BID:
        double += bid_one - bid_other
    double = max(double, 2 * max(payments[one], needed - bid_other))
    double = min(double, 2 * min(bid_one, needed - payments[other]))
    payments[one] = (double + 1) // 2
    payments[other] = (2 * needed - double + 1) // 2


@compiled
def _charge_core(
    game: Game, bids: Int64s, payment: int, num_winners: int, allocation: Int64s, payments: Int64s, scratch: Scratch
) -> None:
    """Core payments by constraint generation (Day and Raghavan 2007; Day and Cramton 2012)."""
    highest = 0.0
    for w in range(num_winners):
        highest = max(highest, float(bids[allocation[scratch.seat[w]]]))
    for w in range(num_winners):
        i = scratch.seat[w]
        bid, harm = float(bids[allocation[i]]), float(payments[i])
        reference = harm if payment == NEAREST_VCG else bid if payment == NEAREST_BID else 0.0
        scratch.target[w] = reference - LEAST_REVENUE * highest
        scratch.mask[2 * w], scratch.sign[2 * w], scratch.bound[2 * w] = 1 << w, 1.0, harm
        scratch.mask[2 * w + 1], scratch.sign[2 * w + 1], scratch.bound[2 * w + 1] = 1 << w, -1.0, -bid
        scratch.price[w] = harm
    tolerance = 1e-4 + 1e-12 * highest
    num_constraints = 2 * num_winners
    while num_constraints < scratch.mask.shape[0]:
        if not _blocked(game, bids, num_winners, num_constraints, allocation, scratch, tolerance):
            break
        num_constraints += 1
        project(scratch, num_winners, num_constraints, tolerance * 1e-2)
    for w in range(num_winners):
        i = scratch.seat[w]
        payments[i] = min(bids[allocation[i]], int(math.ceil(scratch.price[w] - PARTS)))


@compiled
def _blocked(
    game: Game,
    bids: Int64s,
    num_winners: int,
    row: int,
    allocation: Int64s,
    scratch: Scratch,
    tolerance: float,
) -> bool:
    """Finds the coalition that gains most over the present prices and writes its constraint into `row`."""
    for j in range(bids.shape[0]):
        scratch.left[j] = float(bids[j])
    total = 0.0
    for w in range(num_winners):
        i = scratch.seat[w]
        surplus = float(bids[allocation[i]]) - scratch.price[w]
        total += scratch.price[w]
        for j in range(game.first[i], game.first[i + 1]):
            scratch.left[j] -= surplus
    for i in range(allocation.shape[0]):
        scratch.out[i] = False
    offered = value_sets(game, scratch.left, scratch.order, scratch.out, scratch.best_left)
    if offered <= total + tolerance:
        return False
    take_bundles(game, scratch.left, scratch.order, scratch.out, scratch.best_left, scratch.chosen)
    needed, mask = np.int64(0), 0
    for i in range(allocation.shape[0]):
        if scratch.chosen[i] != NO_BID:
            needed += bids[scratch.chosen[i]]
    for w in range(num_winners):
        i = scratch.seat[w]
        if scratch.chosen[i] == NO_BID:
            mask |= 1 << w
        else:
            needed -= bids[allocation[i]]
    scratch.mask[row], scratch.sign[row], scratch.bound[row] = mask, 1.0, float(needed)
    return True

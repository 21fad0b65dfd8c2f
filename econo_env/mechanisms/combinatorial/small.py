"""Exact winner determination in compiled code: a dynamic programme over sets of items, bidder by bidder.

For games of up to about ten items. Amounts are int64 micro-credits, or float64 where payments in the making are
tested against coalitions.
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery, ticket
from econo_env.engine.state import Bools, Float64s, Int64s

NO_BID = -1

LARGEST_SMALL_GAME = 10
"""Up to this many items the compiled dynamic programme over sets of items is used."""


class Game(NamedTuple):
    """Who may bid on what; the same in every round of a market."""

    first: Int64s  # (bidders + 1,) number of the first bid of each bidder
    bundle: Int64s  # (bids,) items as bits
    num_items: int


class Scratch(NamedTuple):
    """Space that one clearing works in."""

    order: Int64s  # (bidders,) bidders in the order drawn by lot
    out: Bools  # (bidders,) left out of the coalition that is valued
    best: Int64s  # (bidders + 1, 2^items) micro-credits: the first bidders' best from a set of items
    best_left: Float64s  # the same on what bids leave once winners keep their surplus
    left: Float64s  # (bids,) micro-credits
    chosen: Int64s  # (bidders,) the bid that a coalition takes, -1 for none
    seat: Int64s  # (bidders,) bidder of each winner
    mask: Int64s  # (constraints,) winners bound by a core constraint, as bits
    sign: Float64s  # (constraints,) 1: they pay at least `bound` together, -1: one pays at most `-bound`
    bound: Float64s  # (constraints,)
    price: Float64s  # (bidders,) payments of winners
    target: Float64s  # (bidders,) what payments come near to
    active: Int64s  # (bidders + 1,) constraints that bind
    multiplier: Float64s  # (bidders + 1,)
    direction: Float64s  # (bidders,)
    gram: Float64s  # (bidders + 1, bidders + 2)


@compiled
def draw_order(lottery: Lottery, order: Int64s) -> None:
    """Bidders in the order of their lottery tickets: equal allocations are told apart by it, not by index."""
    for i in range(order.shape[0]):
        mine, at = ticket(lottery, i), i
        while at > 0 and ticket(lottery, order[at - 1]) > mine:
            order[at] = order[at - 1]
            at -= 1
        order[at] = i


@compiled
def value_sets(game: Game, amount: NDArray[Any], order: Int64s, out: Bools, best: NDArray[Any]) -> Any:
    """Fills `best` and returns the worth of all items to the coalition of those not `out`.

    `best[k + 1, s]` is the most that the first k + 1 bidders of `order` offer for items of the set s. A bid of zero
    takes what is free; a negative amount is no bid.
    """
    sets = 1 << game.num_items
    for s in range(sets):
        best[0, s] = 0
    for k in range(order.shape[0]):
        i = order[k]
        for s in range(sets):
            best[k + 1, s] = best[k, s]
        if out[i]:
            continue
        for j in range(game.first[i], game.first[i + 1]):
            offer, bundle = amount[j], game.bundle[j]
            if offer < 0:
                continue
            for s in range(bundle, sets):
                if s & bundle == bundle:
                    worth = offer + best[k, s ^ bundle]
                    best[k + 1, s] = max(best[k + 1, s], worth)
    return best[order.shape[0], sets - 1]


@compiled
def take_bundles(
    game: Game, amount: NDArray[Any], order: Int64s, out: Bools, best: NDArray[Any], chosen: Int64s
) -> None:
    """Writes the bid that each bidder takes in the allocation behind `best`, -1 for none."""
    s = (1 << game.num_items) - 1
    for k in range(order.shape[0] - 1, -1, -1):
        i = order[k]
        chosen[i] = NO_BID
        if out[i]:
            continue
        for j in range(game.first[i], game.first[i + 1]):
            bundle = game.bundle[j]
            if amount[j] >= 0 and s & bundle == bundle and amount[j] + best[k, s ^ bundle] == best[k + 1, s]:
                chosen[i] = j
                s ^= bundle
                break

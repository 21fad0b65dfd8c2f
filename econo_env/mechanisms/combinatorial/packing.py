"""Compiled parts of the search in large auctions: who collides with whom, prices by subgradients, cliques, filling up.

Bids that collide share an item or a bidder. Sets of bids are rows of 64-bit words, lowest bit first.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import load_generated
from econo_env.engine.state import Bools, Float64s, Int64s, UInt64s
from econo_env.mechanisms.combinatorial.dual_search import as_bits
from econo_env.valuations.xor_bids import XorBids

_ONE, _ZERO = np.uint64(1), np.uint64(0)
_WORD = 64
_STEPS, _PATIENCE, _PROGRESS = 400, 8, 1e-4
_SHRINK, _MEMORY = 0.7, 0.6


class Packing(NamedTuple):
    """The bids of an auction as lists and bits; bidders with one bid have a group of one."""

    owner: Int64s  # (bids,)
    first: Int64s  # (bids + 1,) where the items of a bid begin in `items`
    items: Int64s  # (items held by all bids together,)
    collide: UInt64s  # (bids, words) bids that share an item or a bidder with a bid, itself included


@compiled
def _fill_collisions(owner: Int64s, first: Int64s, items: Int64s, rows: UInt64s, own: UInt64s, out: UInt64s) -> None:
    for j in range(owner.shape[0]):
        own[owner[j], j // _WORD] |= _ONE << np.uint64(j % _WORD)
    for j in range(owner.shape[0]):
        for w in range(out.shape[1]):
            out[j, w] = own[owner[j], w]
        for k in range(first[j], first[j + 1]):
            for w in range(out.shape[1]):
                out[j, w] |= rows[items[k], w]


@compiled
def _dearest_bids(
    amount: Float64s, owner: Int64s, first: Int64s, items: Int64s, price: Float64s, best: Int64s, gain: Float64s
) -> float:
    """The bid of each bidder that gains most at these item prices, if any gains, and the bound that they give."""
    for i in range(best.shape[0]):
        best[i], gain[i] = -1, 0.0
    for j in range(owner.shape[0]):
        left = amount[j]
        for k in range(first[j], first[j + 1]):
            left -= price[items[k]]
        if left > gain[owner[j]]:
            best[owner[j]], gain[owner[j]] = j, left
    bound = np.float64(0.0)
    for r in range(price.shape[0]):
        bound += price[r]
    for i in range(best.shape[0]):
        bound += gain[i]
    return bound


@compiled
def _lean(first: Int64s, items: Int64s, best: Int64s, slope: Float64s) -> float:
    """Turns the direction towards the items left over and away from those sold twice; its length squared."""
    for r in range(slope.shape[0]):
        slope[r] = _MEMORY * slope[r] + 1.0
    for i in range(best.shape[0]):
        if best[i] >= 0:
            for k in range(first[best[i]], first[best[i] + 1]):
                slope[items[k]] -= 1.0
    squared = 0.0
    for r in range(slope.shape[0]):
        squared += slope[r] * slope[r]
    return squared


@compiled
def _descend_prices(
    amount: Float64s,
    owner: Int64s,
    first: Int64s,
    items: Int64s,
    known: float,
    steps: int,
    price: Float64s,
    least: Float64s,
    slope: Float64s,
    best: Int64s,
    gain: Float64s,
) -> float:
    """Item prices of a low bound, in `least`: subgradient steps towards the worth of a known allocation (Polyak)."""
    lowest, length, stalled = np.inf, 1.0, 0
    for _ in range(steps):
        bound = _dearest_bids(amount, owner, first, items, price, best, gain)
        stalled += 1
        if bound < lowest:
            stalled = 0 if bound < lowest * (1.0 - _PROGRESS) else stalled
            lowest = bound
            for r in range(price.shape[0]):
                least[r] = price[r]
        if stalled > _PATIENCE:
            length, stalled = length * _SHRINK, 0
        squared = _lean(first, items, best, slope)
        if squared == 0.0:
            break
        step = length * (bound - known) / squared
        for r in range(price.shape[0]):
            price[r] = max(0.0, price[r] - step * slope[r])
    return lowest


@compiled
def _grow_clique(collide: UInt64s, start: int, order: Int64s, common: UInt64s, members: Int64s) -> int:
    """Bids of which any two collide: `start`, then those of the order given that still fit; how many there are."""
    for w in range(common.shape[0]):
        common[w] = collide[start, w]
    common[start // _WORD] &= ~(_ONE << np.uint64(start % _WORD))
    members[0], size = start, 1
    for k in range(order.shape[0]):
        j = order[k]
        if common[j // _WORD] >> np.uint64(j % _WORD) & _ONE:
            for w in range(common.shape[0]):
                common[w] &= collide[j, w]
            common[j // _WORD] &= ~(_ONE << np.uint64(j % _WORD))
            members[size] = j
            size += 1
    return size


@compiled
def _fill_up(collide: UInt64s, order: Int64s, taken: UInt64s, chosen: Bools) -> None:
    """Chooses bids that collide with none chosen so far, in the order given."""
    for k in range(order.shape[0]):
        j = order[k]
        if not taken[j // _WORD] >> np.uint64(j % _WORD) & _ONE:
            chosen[j] = True
            for w in range(taken.shape[0]):
                taken[w] |= collide[j, w]


@cache
def _code() -> Any:
    """The compiled functions, from the cache on disk where they are there already."""
    names = ("_fill_collisions", "_descend_prices", "_grow_clique", "_fill_up")
    arguments = {
        "_fill_collisions": "owner, first, items, rows, own, out",
        "_descend_prices": "amount, owner, first, items, known, steps, price, least, slope, best, gain",
        "_grow_clique": "collide, start, order, common, members",
        "_fill_up": "collide, order, taken, chosen",
    }
    functions = "\n\n".join(f"@cached\ndef run{n}({arguments[n]}):\n    return {n}({arguments[n]})\n" for n in names)
    text = f'''"""Generated by econo_env.mechanisms.combinatorial.packing."""

from econo_env.engine.kernels import cached
from econo_env.mechanisms.combinatorial.packing import {", ".join(names)}

{functions}'''
    return load_generated(text, "combinatorial_packing")


def packing_of(bids: XorBids) -> Packing:
    """Lists and bits of the bids."""
    bid, item = np.nonzero(bids.contains)
    first = np.searchsorted(bid, np.arange(len(bids.owner) + 1)).astype(np.int64)
    rows = as_bits(bids.contains.T)
    collide = np.empty((len(bids.owner), rows.shape[1]), dtype=np.uint64)
    own = np.zeros((bids.num_bidders, rows.shape[1]), dtype=np.uint64)
    _code().run_fill_collisions(bids.owner, first, item.astype(np.int64), rows, own, collide)
    return Packing(bids.owner, first, item.astype(np.int64), collide)


def descended_prices(packing: Packing, amount: Int64s, num_items: int, num_bidders: int, known: int) -> Float64s:
    """Item prices whose bound lies near the linear programme's, shape (items,); `known` is an allocation's worth."""
    least, slope = np.zeros(num_items), np.zeros(num_items)
    sizes = np.diff(packing.first)
    held = np.bincount(packing.items, weights=np.repeat(amount / np.maximum(sizes, 1), sizes), minlength=num_items)
    price = held / np.maximum(1, np.bincount(packing.items, minlength=num_items))
    best, gain = np.zeros(num_bidders, dtype=np.int64), np.zeros(num_bidders)
    _code().run_descend_prices(
        amount.astype(np.float64), packing.owner, packing.first, packing.items, float(known), _STEPS,
        price, least, slope, best, gain,
    )  # fmt: skip
    return least


def clique_from(packing: Packing, start: int, order: Int64s) -> Int64s:
    """A clique grown from a bid by the bids of `order`."""
    members = np.empty(len(order) + 1, dtype=np.int64)
    common = np.empty(packing.collide.shape[1], dtype=np.uint64)
    size: int = _code().run_grow_clique(packing.collide, start, order, common, members)
    return members[:size]


def filled_up(packing: Packing, chosen: Int64s, order: Int64s) -> Int64s:
    """The chosen bids and those that still fit, in the order given."""
    taken = np.bitwise_or.reduce(packing.collide[chosen], axis=0, initial=0).astype(np.uint64)
    flags = np.zeros(len(packing.owner), dtype=np.bool_)
    flags[chosen] = True
    _code().run_fill_up(packing.collide, order, taken, flags)
    return np.flatnonzero(flags)


def collisions(packing: Packing, which: Int64s) -> Bools:
    """Whether two of these bids collide, a bid with itself included, shape (which, which)."""
    bits = np.unpackbits(packing.collide[which].view(np.uint8), axis=1, bitorder="little")
    return np.take(bits, which, axis=1).view(np.bool_)

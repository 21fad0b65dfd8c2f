"""Exhaustive search of a set packing among bids that a dual price vector cannot rule out, in whole numbers.

With whole prices y >= 0 on rows (items and bidders) under which no bid is worth more than its rows cost, the welfare of
any allocation is sum(y) - sum(y of rows left over) - sum(losses of chosen bids), a bid's loss being what its rows cost
beyond its amount. The best allocation is the one of least loss. Nothing is rounded: what is proved here is proved.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import load_generated
from econo_env.engine.state import Bools, Int64s, UInt64s

Bits = NDArray[np.uint64]

_ONE, _ZERO = np.uint64(1), np.uint64(0)
_WORD = 64

ALL_CLOSED, TOO_DEAR = -1, -2


def as_bits(flags: Bools) -> Bits:
    """Rows of flags packed into 64-bit words, lowest bit first."""
    words = max(1, -(-flags.shape[1] // _WORD))
    padded = np.zeros((flags.shape[0], words * _WORD), dtype=np.bool_)
    padded[:, : flags.shape[1]] = flags
    return np.packbits(padded, axis=1, bitorder="little").view(np.uint64)


@compiled
def lowest_bit(word: np.uint64) -> int:
    """Position of the lowest bit that is set, of a word that is not 0."""
    position, width = 0, 32
    while width:
        low = word & ((_ONE << np.uint64(width)) - _ONE)
        if low == _ZERO:
            word >>= np.uint64(width)
            position += width
        else:
            word = low
        width //= 2
    return position


@compiled
def _first_of(available: UInt64s, row: UInt64s) -> int:
    """The first bid that is available and covers the row, -1 for none: bids are sorted by loss."""
    for w in range(available.shape[0]):
        both = available[w] & row[w]
        if both != _ZERO:
            return w * _WORD + lowest_bit(both)
    return -1


@compiled
def _open_level(
    depth: int,
    price: Int64s,
    loss: Int64s,
    rows: UInt64s,
    available: UInt64s,
    is_open: Bools,
    lost: Int64s,
    limit: int,
) -> int:
    """Closes rows that nothing can cover, and picks the row that costs most, or says `ALL_CLOSED` or `TOO_DEAR`."""
    dearest, picked = np.int64(-1), ALL_CLOSED
    for r in range(price.shape[0]):
        if not is_open[depth, r]:
            continue
        j = _first_of(available, rows[r])
        if j < 0:
            lost[depth] += price[r]
            is_open[depth, r] = False
            continue
        cost = min(price[r], loss[j])
        if cost > dearest or (cost == dearest and price[r] > price[picked]):
            dearest, picked = cost, r
    if lost[depth] + max(dearest, 0) >= limit:
        return TOO_DEAR
    return picked


class Search(NamedTuple):
    """What is searched, and the space for it; levels are rows decided on the way down, at most one more than rows."""

    price: Int64s  # (rows,) positive
    loss: Int64s  # (bids,) from 0, not decreasing
    rows: UInt64s  # (rows, words) bids that cover a row, as bits
    conflict: UInt64s  # (bids, words) bids that share a row with a bid, itself included, as bits
    covers: Bools  # (bids, rows)
    available: UInt64s  # (levels, words) bids that may still be chosen
    todo: UInt64s  # (levels, words) those that cover the level's row and are still to be tried
    is_open: Bools  # (levels, rows) rows not yet decided
    lost: Int64s  # (levels,)
    row_at: Int64s  # (levels,) the row that is decided
    may_leave: Bools  # (levels,) leaving the row uncovered is still to be tried
    taken: Int64s  # (levels,) the bid tried, -1 for none
    best: Int64s  # (levels,) bids of the best packing, -1 for none


@compiled
def _enter(space: Search, depth: int, limit: int) -> int:
    row = _open_level(
        depth, space.price, space.loss, space.rows, space.available[depth], space.is_open, space.lost, limit
    )
    space.row_at[depth], space.may_leave[depth], space.taken[depth] = row, True, -1
    if row >= 0:
        for w in range(space.todo.shape[1]):
            space.todo[depth, w] = space.available[depth, w] & space.rows[row, w]
    return row


@compiled
def _descend(space: Search, depth: int, j: int, added: int) -> None:
    """Prepares the level below for bid `j` on this level's row, or for nothing if `j` is -1."""
    row, below = space.row_at[depth], depth + 1
    for r in range(space.price.shape[0]):
        space.is_open[below, r] = space.is_open[depth, r] and r != row and not (j >= 0 and space.covers[j, r])
    for w in range(space.todo.shape[1]):
        blocked = space.rows[row, w] if j < 0 else space.conflict[j, w]
        space.available[below, w] = space.available[depth, w] & ~blocked
    space.taken[depth], space.lost[below] = j, space.lost[depth] + added


@compiled
def _keep_best(space: Search, depth: int) -> None:
    for d in range(space.best.shape[0]):
        space.best[d] = space.taken[d] if d <= depth else -1


@compiled
def search(space: Search, limit: int, most_nodes: int) -> tuple[int, int]:
    """Least loss below `limit` over all packings, its bids in `space.best`.

    Returns:
        The least loss, or `limit` where there is none below it, and the nodes visited; more than `most_nodes` of them
        mean that the search was given up.
    """
    nodes, depth = 1, 0
    top = _enter(space, 0, limit)
    if top < 0:
        if top == ALL_CLOSED:
            limit = space.lost[0]
        return limit, nodes
    while depth >= 0:
        row = space.row_at[depth]
        j = _first_of(space.todo[depth], space.rows[row])
        if j >= 0:
            space.todo[depth, j // _WORD] &= ~(_ONE << np.uint64(j % _WORD))
            added = space.loss[j]
        elif space.may_leave[depth]:
            space.may_leave[depth] = False
            added = space.price[row]
        else:
            depth -= 1
            continue
        if space.lost[depth] + added >= limit:
            if j >= 0:  # the bids after it lose no less
                for w in range(space.todo.shape[1]):
                    space.todo[depth, w] = _ZERO
            continue
        nodes += 1
        if nodes > most_nodes:
            return limit, nodes
        _descend(space, depth, j, added)
        next_row = _enter(space, depth + 1, limit)
        if next_row == ALL_CLOSED:
            limit = space.lost[depth + 1]
            _keep_best(space, depth)
        elif next_row != TOO_DEAR:
            depth += 1
    return limit, nodes


@cache
def _search() -> Callable[[Search, int, int], tuple[int, int]]:
    """`search`, from the cache on disk where it is there already."""
    module = load_generated(
        '''"""Generated by econo_env.mechanisms.combinatorial.dual_search."""

from econo_env.engine.kernels import cached
from econo_env.mechanisms.combinatorial.dual_search import search


@cached
def run(space, limit, most_nodes):
    return search(space, limit, most_nodes)
''',
        "combinatorial_search",
    )
    run: Callable[[Search, int, int], tuple[int, int]] = module.run
    return run


def least_loss(
    price: Int64s, loss: Int64s, covers: Bools, collide: Bools, limit: int, most_nodes: int
) -> tuple[int, Int64s, int]:
    """The packing of least loss below `limit`.

    Args:
        price: Of each row in whole units, shape (rows,), from 0.
        loss: Of each bid in whole units, shape (bids,), from 0: the prices of its rows less its amount.
        covers: Whether the bid covers the row, shape (bids, rows).
        collide: Whether two bids share a row, priced or free, shape (bids, bids).
        limit: Only losses below it are of interest.
        most_nodes: When to give up.

    Returns:
        The least loss (or `limit` if none lies below), the bids of that packing, and the nodes visited; beyond
        `most_nodes` the loss may not be the least.
    """
    by_loss = np.argsort(loss, kind="stable")
    rows = np.flatnonzero(price > 0)
    rows = rows[np.argsort(-price[rows], kind="stable")]
    covers = np.ascontiguousarray(covers[by_loss][:, rows])
    levels, bits = len(rows) + 1, as_bits(covers.T)
    blocked = collide[np.ix_(by_loss, by_loss)] | np.eye(len(loss), dtype=np.bool_)
    space = Search(
        price=price[rows],
        loss=loss[by_loss],
        rows=bits,
        conflict=as_bits(blocked),
        covers=covers,
        available=np.zeros((levels, bits.shape[1]), dtype=np.uint64),
        todo=np.zeros((levels, bits.shape[1]), dtype=np.uint64),
        is_open=np.ones((levels, len(rows)), dtype=np.bool_),
        lost=np.zeros(levels, dtype=np.int64),
        row_at=np.zeros(levels, dtype=np.int64),
        may_leave=np.ones(levels, dtype=np.bool_),
        taken=np.full(levels, -1, dtype=np.int64),
        best=np.full(levels, -1, dtype=np.int64),
    )
    space.available[0] = as_bits(np.ones((1, len(loss)), dtype=np.bool_))[0]
    found, nodes = _search()(space, limit, most_nodes)
    chosen = space.best[space.best >= 0]
    return int(found), by_loss[chosen], int(nodes)

"""Continuous double auction: a limit order book with price-time priority; trades at the resting order's price."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.mechanisms import claims
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.parameters import Tick
from econo_env.mechanisms.sources import offers as equals

NOBODY = -1
NO_ORDER = 0
BID, ASK = 0, 1

Int32s = NDArray[np.int32]


class ContinuousDoubleAuction(NamedTuple):
    """Parameters: the tick, the step between prices in credits."""

    tick_size: Tick = 0.01


class Book(NamedTuple):
    """One market's orders: at each price level a queue, first come first; one order of one unit a trader.

    Prices are levels from 1 up, in ticks; level 0 is no order. Traders in a queue are numbered from 1, 0 is nobody, so
    that a book of zeros is an empty one. A level holds either bids or asks, for the book is never crossed.
    """

    first: Int32s  # (levels + 1,) trader at the front of a level's queue
    last: Int32s  # (levels + 1,) trader at its end
    ahead: Int32s  # (traders,) next in front of a trader
    behind: Int32s  # (traders,) next behind it
    level: Int32s  # (traders,) level of its order
    best: Int32s  # (2,) highest bid and lowest ask, levels
    depth: Int32s  # (2,) orders on each side


@compiled
def remove(book: Book, trader: int, side: int) -> None:
    """Takes a trader's order out of its queue; the others keep their places."""
    level, ahead, behind = book.level[trader], book.ahead[trader], book.behind[trader]
    if ahead > 0:
        book.behind[ahead - 1] = behind
    else:
        book.first[level] = behind
    if behind > 0:
        book.ahead[behind - 1] = ahead
    else:
        book.last[level] = ahead
    book.level[trader] = NO_ORDER
    book.depth[side] -= 1
    if book.depth[side] == 0:
        book.best[side] = NO_ORDER
    elif book.best[side] == level:
        step = -1 if side == BID else 1
        best = int(level)
        while book.first[best] == 0:
            best += step
        book.best[side] = best


@compiled
def _append(book: Book, trader: int, side: int, level: int) -> None:
    end = book.last[level]
    book.ahead[trader], book.behind[trader], book.level[trader] = end, 0, level
    if end > 0:
        book.behind[end - 1] = trader + 1
    else:
        book.first[level] = trader + 1
    book.last[level] = trader + 1
    best = book.best[side]
    if best == NO_ORDER or (level > best if side == BID else level < best):
        book.best[side] = level
    book.depth[side] += 1


@compiled
def clear(book: Book, trader: int, side: int, level: int) -> tuple[int, int]:
    """Places one limit order of one unit.

    It replaces the trader's resting order; at the same level that one stays where it is in the queue. An order that
    meets the best one of the other side trades with the trader first in that queue, at that level; else it joins the
    end of its own level's queue.

    Args:
        book: The orders; changed.
        trader: Who orders, from 0. A trader keeps to one side while it has an order, so nobody trades with itself.
        side: `BID` or `ASK`.
        level: The limit; 0 only takes the resting order back.

    Returns:
        The trader of the resting order that is matched, or `NOBODY`, and the level of the trade.
    """
    resting = book.level[trader]
    if resting != NO_ORDER:
        if resting == level:
            return NOBODY, NO_ORDER
        remove(book, trader, side)
    if level == NO_ORDER:
        return NOBODY, NO_ORDER
    other = 1 - side
    best = int(book.best[other])
    if best != NO_ORDER and (best <= level if side == BID else best >= level):
        matched = int(book.first[best]) - 1
        remove(book, matched, other)
        return matched, best
    _append(book, trader, side, level)
    return NOBODY, NO_ORDER


MECHANISM = Mechanism(
    name="continuous_double_auction",
    summary="Orders meet the best resting order of the other side at its price; equal prices are served in turn.",
    market="order_book",
    rule=clear,
    parameters=ContinuousDoubleAuction,
    claims=(
        claims.denied(claims.TRUTHFUL),
        claims.denied(claims.EFFICIENT, claims.BILATERAL_TRADE),
        claims.EX_POST_RATIONAL,
        claims.BUDGET_BALANCED,
        claims.PRICE_TIME_PRIORITY,
    ),
    known_answer="zero-intelligence traders with a budget, 20 buyers and 20 sellers, U[0,1]: about 95.5 % of the gains",
    sources=(equals.resting_limit,),
    reference="Smith (1962); Gode and Sunder, Journal of Political Economy 101 (1993)",
)


def empty_book(traders: int, levels: int) -> Book:
    """An empty book for so many traders and price levels."""
    sizes: Any = (levels + 1, levels + 1, traders, traders, traders, 2, 2)
    return Book(*(np.zeros(size, dtype=np.int32) for size in sizes))

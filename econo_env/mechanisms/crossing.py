"""Demand meets supply: the order of bids and asks, and the trades between them, that the two-sided rules share."""

from typing import Any

from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery, ticket

HIGHEST_FIRST = 1
LOWEST_FIRST = -1
BY_LOT = 0


@compiled
def _precedes(offers: NDArray[Any], one: int, other: int, direction: int, lottery: Lottery, first: int) -> bool:
    lead = direction * (offers[one] - offers[other])
    if lead != 0:
        return bool(lead > 0)
    return bool(ticket(lottery, first + one) > ticket(lottery, first + other))


@compiled
def sort_offers(
    offers: NDArray[Any], direction: int, lottery: Lottery, first: int, order: NDArray[Any], count: int
) -> None:
    """Sorts the first `count` traders of `order` by their offers, ties by lottery; a shell sort in place.

    Args:
        offers: Amounts of one side, shape (traders,).
        direction: `HIGHEST_FIRST`, `LOWEST_FIRST` or `BY_LOT`.
        lottery: Breaks ties.
        first: Number of the side's first trader in the market, for the lottery.
        order: Indices into `offers`, shape (at least count,); changed.
        count: How many of them to sort.
    """
    gap = 1
    while 3 * gap + 1 < count:
        gap = 3 * gap + 1
    while gap > 0:
        for start in range(gap, count):
            trader, at = order[start], start
            while at >= gap and _precedes(offers, trader, order[at - gap], direction, lottery, first):
                order[at] = order[at - gap]
                at -= gap
            order[at] = trader
        gap //= 3


@compiled
def rank_offers(offers: NDArray[Any], direction: int, lottery: Lottery, first: int, order: NDArray[Any]) -> int:
    """Ranks one side, best offer first; a negative offer is none.

    Returns:
        How many offers there are; their traders stand at the front of `order`.
    """
    count = 0
    for trader in range(offers.shape[0]):
        if offers[trader] >= 0:
            order[count] = trader
            count += 1
    sort_offers(offers, direction, lottery, first, order, count)
    return count


@compiled
def cross(bids: NDArray[Any], asks: NDArray[Any], lottery: Lottery, order: NDArray[Any]) -> tuple[int, int, int]:
    """Ranks both sides and counts the efficient trades: the most pairs whose bid reaches the ask.

    Args:
        bids: Buyers' offers, shape (m,); negative for none.
        asks: Sellers' offers, shape (n,); negative for none.
        lottery: Breaks ties; buyers are traders 0 to m - 1 of it, sellers m to m + n - 1.
        order: Shape (m + n,); filled with buyers by falling bid, then from m on with sellers by rising ask.

    Returns:
        The efficient trades, the bids and the asks.
    """
    buyers = bids.shape[0]
    num_bids = rank_offers(bids, HIGHEST_FIRST, lottery, 0, order[:buyers])
    num_asks = rank_offers(asks, LOWEST_FIRST, lottery, buyers, order[buyers:])
    trades = 0
    while trades < min(num_bids, num_asks) and bids[order[trades]] >= asks[order[buyers + trades]]:
        trades += 1
    return trades, num_bids, num_asks


@compiled
def trade(
    order: NDArray[Any],
    num_buyers: int,
    trades: int,
    buyers_pay: Any,
    sellers_get: Any,
    allocation: NDArray[Any],
    payments: NDArray[Any],
) -> None:
    """The best `trades` of both sides exchange a unit each: buyers get 1, sellers -1, and are paid.

    Whole payments drop a price's fraction, the same on both sides. Shapes: `order`, `allocation`, `payments` (m + n,).
    """
    allocation[:] = 0
    payments[:] = 0
    for rank in range(trades):
        buyer, seller = order[rank], num_buyers + order[num_buyers + rank]
        allocation[buyer] = 1
        payments[buyer] = buyers_pay
        allocation[seller] = -1
        payments[seller] = -sellers_get

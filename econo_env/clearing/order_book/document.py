"""One session of an order book from a file: orders in time order in, trades and the book that is left out.

{mechanism: {name: continuous_double_auction, tick_size: 0.5},
 orders: [{trader: Ann, side: buy, price: 10.0}, {trader: Bob, side: sell, price: 9.5}]}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from econo_env.clearing.document import Amount, Document, Ints, Name, gap_between, read_document
from econo_env.clearing.double_auction.document import best_gains
from econo_env.markets.order_book.scenario import MOST_LEVELS
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.continuous_double_auction import ASK, BID, NO_ORDER, NOBODY, Book, empty_book
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.mechanisms.reasons import reason
from econo_env.mechanisms.rounds import BookTrade
from econo_env.money import LARGEST_CREDITS, MICRO, to_credits, to_money, written

_SIDES = {"buy": BID, "sell": ASK}


class Order(BaseModel):
    """One limit order for one unit.

    Attributes:
        trader: Who orders. A new order replaces the trader's resting one, of either side, so nobody meets itself.
        side: `buy` or `sell`.
        price: The limit in credits, a whole number of ticks; null takes the resting order of that side back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    trader: Name
    side: Literal["buy", "sell"]
    price: Annotated[Amount, Field(gt=0.0, le=LARGEST_CREDITS)] | None


class OrderBookDocument(Document):
    """The keys of a file.

    Attributes:
        orders: The orders in the order of their arrival.
    """

    orders: list[Order] = Field(validation_alias=AliasChoices("orders", "bids"))

    def traders(self) -> list[int | str]:
        """Traders in the order of their first order."""
        return list(dict.fromkeys(order.trader for order in self.orders))


@dataclass
class Session:
    """What happens as the orders come in; amounts in micro-credits, arrays (traders,).

    Attributes:
        book: The resting orders.
        sides: The side of each trader's last order.
        allocation: Units bought less units sold.
        payments: Paid less received.
        trades: `{order, buyer, seller, price}`, the order counted from 1.
        filled: Limits of the orders that traded, by side.
        lines: The same in words, a line an order.
    """

    book: Book
    sides: list[int]
    allocation: Ints
    payments: Ints
    trades: list[dict[str, Any]] = field(default_factory=list)
    filled: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))
    lines: list[str] = field(default_factory=list)

    def traded(self) -> set[int | str]:
        """Who bought or sold."""
        return {trade[side] for trade in self.trades for side in ("buyer", "seller")}


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Runs the orders of a mapping through the book; see `econo_env.mechanisms.document.clear_document`.

    Winners are those who traded, as named in the file; `allocation` (bought less sold) and `payments` (paid less
    received) come in order of first appearance. Welfare is what buyers' limits exceed sellers' by in the trades, the
    optimum what the orders that were filled or still rest could have gained. `details` are `trades` and `book`. Time
    decides, so there is no lottery.
    """
    parsed, row, options = read_document(OrderBookDocument, document, rounding)
    traders = parsed.traders()
    tick = int(to_money(options.tick_size))
    session = _played(parsed, row, tick)
    limits = session.book.level.astype(np.int64) * tick
    left = [resting(session.book, session.sides, side) for side in (BID, ASK)]
    offered = [np.array([*session.filled[side], *limits[left[side]]]) for side in (BID, ASK)]
    welfare, optimal = float(to_credits(sum(session.filled[BID]) - sum(session.filled[ASK]))), best_gains(*offered)
    book = {
        name: [{"trader": traders[i], "price": float(to_credits(limits[i]))} for i in left[side]]
        for name, side in (("bids", BID), ("asks", ASK))
    }
    return Cleared(
        winners=[trader for trader in traders if trader in session.traded()],
        allocation=session.allocation.tolist(),
        payments=to_credits(session.payments).tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=gap_between(welfare, optimal),
        explanation=[*session.lines, *_summary(session, book)],
        details={"trades": session.trades, "book": book},
    )


def _levels(parsed: OrderBookDocument, tick: int) -> list[int]:
    """Each order's price in ticks, 0 for none.

    Raises:
        ValueError: A price is no whole number of ticks, or there are too many levels.
    """
    levels = []
    for number, order in enumerate(parsed.orders, 1):
        price = order.price or 0.0
        money = int(to_money(price))
        if money % tick:
            raise ValueError(
                f"order {number}: a price of {written(price)} is no whole number of ticks of {written(tick / MICRO)}: "
                "round it, or choose a smaller tick_size"
            )
        levels.append(money // tick)
    if max(levels, default=0) > MOST_LEVELS:
        raise ValueError(
            f"{max(levels):,} price levels: at most {MOST_LEVELS:,} are possible, choose a larger tick_size"
        )
    return levels


def _played(parsed: OrderBookDocument, row: Mechanism, tick: int) -> Session:
    """Every order in turn by the rule that the engine compiles."""
    traders, levels = parsed.traders(), _levels(parsed, tick)
    number = {trader: i for i, trader in enumerate(traders)}
    units, paid = np.zeros(len(traders), dtype=np.int64), np.zeros(len(traders), dtype=np.int64)
    session = Session(empty_book(len(traders), max(levels, default=0)), [BID] * len(traders), units, paid)
    for place, (order, level) in enumerate(zip(parsed.orders, levels, strict=True), 1):
        trader, side = number[order.trader], _SIDES[order.side]
        had = int(session.book.level[trader])
        turns = had != NO_ORDER and session.sides[trader] != side
        said = f"{place}. {order.trader} {_wish(order, had * tick, turns)}"
        if turns and level == NO_ORDER:
            session.lines.append(said)
            continue
        if turns:  # its order of the other side goes first, so that it cannot meet it
            row.rule(session.book, trader, 1 - side, NO_ORDER)
            had = NO_ORDER
        session.sides[trader] = side
        rested, queues = session.book.level.copy(), session.book.first.copy()
        matched, at = row.rule(session.book, trader, side, level)
        if matched == NOBODY:
            session.lines.append(said + _rests(session.book, trader, side, level, had))
            continue
        price, other = at * tick, traders[matched]
        buyer, seller = (trader, matched) if side == BID else (matched, trader)
        session.filled[side].append(level * tick)
        session.filled[1 - side].append(int(rested[matched]) * tick)
        session.allocation[buyer] += 1
        session.allocation[seller] -= 1
        session.payments[buyer] += price
        session.payments[seller] -= price
        session.trades.append(
            {"order": place, "buyer": traders[buyer], "seller": traders[seller], "price": float(to_credits(price))}
        )
        met = BookTrade(str(other), int(rested[matched]) * tick / MICRO, queues[rested[matched]] == matched + 1)
        source = reason(row.sources, met, trader, price / MICRO)
        session.lines.append(f"{said}: trades with {other} at {written(price / MICRO)}, {source}")
    return session


def _wish(order: Order, had: int, turns: bool) -> str:
    """What an order asks for; `had` micro-credits is the limit of the resting one, on the other side if it `turns`."""
    if order.price is None:
        takes_back = had and not turns
        return f"takes back its order to {order.side}" if takes_back else f"has no order to {order.side} to take back"
    other = "sell" if order.side == "buy" else "buy"
    before = f"its order to {other} at {written(had / MICRO)}" if turns else written(had / MICRO)
    replaces = f" in place of {before}" if had else ""
    return f"would {order.side} at {written(order.price)}{replaces}"


def _rests(book: Book, trader: int, side: int, level: int, had: int) -> str:
    """Why an order does not trade, and where it stands."""
    if level == NO_ORDER:
        return ""
    if level == had:
        return ": keeps its place"
    ahead, count = int(book.ahead[trader]), 0
    while ahead > 0:
        ahead, count = int(book.ahead[ahead - 1]), count + 1
    best = int(book.best[side]) == level
    place = f"{count} ahead of it at this price" if count else "first at this price"
    return f": meets no order, rests{' as the best' if best else ''}, {place}"


def resting(book: Book, sides: Sequence[int], side: int) -> list[int]:
    """Traders with a resting order on a side, the best price first, at each price in turn."""
    placed = {int(level) for level, at in zip(book.level, sides, strict=True) if at == side and level != NO_ORDER}
    found = []
    for level in sorted(placed, reverse=side == BID):
        trader = int(book.first[level])
        while trader > 0:
            found.append(trader - 1)
            trader = int(book.behind[trader - 1])
    return found


def _summary(session: Session, book: Mapping[str, Any]) -> list[str]:
    """How many trades there were, and what the book holds."""
    sides = [
        f"{name}: " + (", ".join(f"{order['trader']} {written(order['price'])}" for order in orders) or "none")
        for name, orders in book.items()
    ]
    trades = len(session.trades)
    return [f"{trades} {'trade' if trades == 1 else 'trades'}; left in the book, best first: {'; '.join(sides)}"]

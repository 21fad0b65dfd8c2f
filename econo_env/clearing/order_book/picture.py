"""One tick of a market with an order book as people see it."""

from collections.abc import Sequence

import numpy as np

from econo_env.clearing.document import Floats, Ints
from econo_env.clearing.picture import Chart, Column, Curve, Picture, told
from econo_env.market import agents_of
from econo_env.markets.double_auction.strategies import best_gains
from econo_env.markets.order_book.kernels import State
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.reasons import BY_ITS_RULE, SAME, reason
from econo_env.mechanisms.rounds import BookTrade
from econo_env.money import MICRO, to_credits

_MOST_TRADES = 8
"""Traders that the story of a tick tells of."""


def picture(scenario: OrderBookScenario, before: State, after: State, k: int) -> Picture:
    """Next units, limits and trades of market `k` in the tick between the two states, and the book it leaves."""
    agents = np.arange(scenario.num_agents)
    left = scenario.units - before.traded[k]
    following = before.values[k, agents, np.minimum(before.traded[k], scenario.units - 1)]
    values = np.where(left > 0, to_credits(following), np.nan)
    orders = np.where(after.orders[k] >= 0, to_credits(after.orders[k]), np.nan)
    units, paid = after.award.units[k], to_credits(after.award.pays[k])
    sides = np.where(agents < scenario.num_buyers, "buyer", "seller")
    rests = np.where(after.level[k] > 0, "rests", np.where(units > 0, "bought", np.where(units < 0, "sold", "-")))
    columns = [
        Column("side", sides, "text"),
        Column("value", values),
        Column("limit", orders),
        Column("order", rests, "text"),
        Column("paid", paid),
        Column("surplus", np.where(units != 0, units * np.nan_to_num(values) - paid, 0.0)),
        Column("units", (scenario.units - after.traded[k]).astype(str), "text"),
    ]
    bid, ask = (int(level) * scenario.tick_size for level in after.best[k])
    levels = {name: price for name, price in (("best bid", bid), ("best ask", ask)) if price > 0.0}
    trades, best = int((units > 0).sum()), float(best_gains(scenario, to_credits(after.values[k])[None])[0])
    facts = ["1 trade" if trades == 1 else f"{trades} trades" if trades else "no trade"]
    if after.last_price[k] > 0:
        levels["last price"] = after.last_price[k] / MICRO
    if best > 0.0:
        facts.append(f"{after.gains[k] / MICRO / best:.0%} of the day's gains")
    return Picture(
        columns,
        units != 0,
        ("value", "limit"),
        ("side", "order", "paid", "units"),
        levels,
        facts,
        frozenset(np.flatnonzero(left <= 0).tolist()),
        _story(agents_of(scenario), scenario.row(), units, paid, orders),
        _depth(scenario, after, k),
    )


def _story(names: Sequence[str], row: Mechanism, units: Ints, paid: Floats, orders: Floats) -> list[str]:
    """Who traded at which price, and whose order was there first."""
    lines = []
    for i in told(units != 0, _MOST_TRADES):
        if units[i] == 0:
            continue
        verb, price = ("buys", paid[i]) if units[i] > 0 else ("sells", -paid[i])
        why = _why(i, row, units, price, orders)
        lines.append(f"{names[i]} {verb} a unit at {price:.3f}, {why}")
    return lines or ["no order met one of the other side: all of them rest, the best price first, equal prices in turn"]


def _why(i: int, row: Mechanism, units: Ints, price: float, orders: Floats) -> str:
    """Where the price of a trade comes from: of its own order, or of one of the other side that was there first."""
    own = bool(abs(orders[i] - price) <= SAME)
    met = np.flatnonzero((units * units[i] < 0) & (np.abs(orders - price) <= SAME))
    trade = BookTrade("", price if own or met.size else np.nan, first=True)
    if reason(row.sources, trade, i, price) == BY_ITS_RULE:
        return BY_ITS_RULE
    return (
        "its own limit" if own else f"better than its limit of {orders[i]:.3f}: the price of the order that was there"
    )


def _depth(scenario: OrderBookScenario, after: State, k: int) -> Chart:
    """The book that is left: resting bids from the best down, resting asks from the best up."""
    resting = after.level[k] > 0
    prices = to_credits(after.level[k] * round(scenario.tick_size * MICRO))
    buys = np.arange(scenario.num_agents) < scenario.num_buyers
    sides = (("orders to buy", -1.0, prices[resting & buys]), ("orders to sell", 1.0, prices[resting & ~buys]))
    curves = [
        Curve(name, np.arange(1.0, len(side) + 1.0).tolist(), (sign * np.sort(sign * side)).tolist())
        for name, sign, side in sides
        if side.size
    ]
    return Chart("the book that is left" if curves else "nothing is left in the book", "units", curves)

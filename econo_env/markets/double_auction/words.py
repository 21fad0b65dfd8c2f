"""One two-sided clearing in words: who trades, who does not, where each price comes from, whose books balance."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.markets.form import BY_ITS_RULE, SAME, Floats
from econo_env.money import written

Ints = NDArray[np.int64]


def trader_names(num_buyers: int, num_traders: int) -> list[str]:
    """What the traders of a file are called: buyers first, each side counted from 0."""
    return [f"buyer_{i}" for i in range(num_buyers)] + [f"seller_{i}" for i in range(num_traders - num_buyers)]


def explained(
    mechanism: Any,
    num_buyers: int,
    offers: Floats,
    allocation: Ints,
    payments: Floats,
    names: Sequence[str],
    only: Sequence[int] | None = None,
) -> list[str]:
    """One line a trader, and one about the market maker's books.

    Args:
        mechanism: The section with the rule's name and parameters.
        num_buyers: The first so many are buyers.
        offers: Bids, then asks, in credits, NaN for none, shape (traders,).
        allocation: 1 for a unit bought, -1 for one sold, shape (traders,).
        payments: Credits, negative for sellers, shape (traders,).
        names: What the traders are called.
        only: The traders to tell of, all by default.
    """
    lines = []
    for i in range(len(names)) if only is None else only:
        name = names[i]
        side = 1 if i < num_buyers else -1
        verb, gets = ("bids", "pays") if side == 1 else ("asks", "gets")
        last = _last(offers, allocation, side)
        if np.isnan(offers[i]):
            lines.append(f"{name} makes no offer")
        elif allocation[i]:
            price = side * float(payments[i])
            source = _source(mechanism, num_buyers, offers, side, i, price, names)
            lines.append(f"{name} {verb} {written(offers[i])} and trades: {gets} {written(price)}{source}")
        elif side * offers[i] < side * getattr(mechanism, "price", -side * np.inf):
            beside = "below" if side == 1 else "above"
            lines.append(f"{name} {verb} {written(offers[i])}, {beside} the posted price, and does not trade")
        elif last is None:
            lines.append(f"{name} {verb} {written(offers[i])}: there is no trade")
        else:
            by_lot = "by lot, " if offers[last] == offers[i] or mechanism.name == "posted_price" else ""
            lines.append(
                f"{name} {verb} {written(offers[i])} and does not trade: {by_lot}the last to trade is {names[last]} at "
                f"its offer of {written(offers[last])}"
            )
    return [*lines, _books(allocation, payments)]


def _books(allocation: Ints, payments: Floats) -> str:
    left, trades = float(payments.sum()), int((allocation > 0).sum())
    kept = f"the market maker keeps {written(left)}" if left > SAME else f"a deficit of {written(-left)} is left to pay"
    return f"{trades} {'trade' if trades == 1 else 'trades'}; {'the books balance' if abs(left) <= SAME else kept}"


def _last(offers: Floats, allocation: Ints, side: int) -> int | None:
    """The trader of a side with the worst offer among those who trade."""
    traders = np.flatnonzero(allocation == side)
    return int(traders[np.argmin(side * offers[traders])]) if traders.size else None


def _source(
    mechanism: Any, num_buyers: int, offers: Floats, side: int, trader: int, price: float, names: Sequence[str]
) -> str:
    """Where a price comes from: only what indeed gives that price is said."""
    found = [said for said, amount in _candidates(mechanism, num_buyers, offers, side) if abs(amount - price) <= 1e-6]
    if found:
        return f", {found[0]}"
    others = [name for j, name in enumerate(names) if j != trader and abs(offers[j] - price) <= SAME]
    own = ", its own offer" if abs(offers[trader] - price) <= SAME else ""
    return own or (f", the offer of {others[0]}" if others else f", {BY_ITS_RULE}")


def _candidates(mechanism: Any, num_buyers: int, offers: Floats, side: int) -> list[tuple[str, float]]:
    """What a rule's prices may be: said in words, and in credits."""
    demand, supply = np.sort(_given(offers[:num_buyers]))[::-1], np.sort(_given(offers[num_buyers:]))
    pairs = min(len(demand), len(supply))
    trades = int(np.sum(demand[:pairs] >= supply[:pairs]))
    if mechanism.name == "posted_price":
        return [("the posted price", float(mechanism.price))]
    if trades == 0 or mechanism.name not in ("double_auction", "mcafee", "vcg_double_auction"):
        return []
    bid, ask = float(demand[trades - 1]), float(supply[trades - 1])
    next_bid = float(demand[trades]) if trades < len(demand) else -np.inf
    next_ask = float(supply[trades]) if trades < len(supply) else np.inf
    if mechanism.name == "vcg_double_auction":
        if side == 1:
            said = f"the higher of the last ask that trades, {written(ask)},{_beside('bid', next_bid)}"
            return [(said, max(ask, next_bid))]
        return [
            (f"the lower of the last bid that trades, {written(bid)},{_beside('ask', next_ask)}", min(bid, next_ask))
        ]
    if mechanism.name == "mcafee":
        low = min(next_bid, next_ask) if np.isfinite(next_bid) else min(mechanism.lowest_bid, next_ask)
        high = next_ask if np.isfinite(next_ask) else max(mechanism.highest_ask, low)
        offer = f"bid {written(bid)}" if side == 1 else f"ask {written(ask)}"
        return [
            (f"halfway between the next bid {written(low)} and the next ask {written(high)}", (low + high) / 2),
            (f"the {offer} of the least valuable pair, which is left out", bid if side == 1 else ask),
        ]
    if getattr(mechanism.between, "name", "") == "clearing_prices":
        bid, ask = min(bid, next_ask), max(ask, next_bid)
    k = float(mechanism.k)
    said = f"{k:.12g} x {written(ask)} + {1 - k:.12g} x {written(bid)}, between the ends of the price range"
    return [(said, k * ask + (1 - k) * bid)]


def _given(offers: Floats) -> Floats:
    return offers[~np.isnan(offers)]


def _beside(kind: str, amount: float) -> str:
    return f" and the next {kind}, {written(amount)}" if np.isfinite(amount) else f" for there is no next {kind}"

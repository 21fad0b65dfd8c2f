"""One clock sale in words: who bought at which price and why, who left where."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from econo_env.markets.form import BY_ITS_RULE, Floats
from econo_env.money import written


@dataclass(frozen=True)
class ClockSale:
    """A sale that is over.

    Attributes:
        rule: The clock mechanism's name.
        limits: The price up to which each bidder said yes, credits, NaN for never, shape (n,).
        left_at: The price at which each bidder left, NaN for those who did not, shape (n,).
        buyer: Who bought, or None.
        price: What it pays, credits.
        ticks: Ticks played.
    """

    rule: str
    limits: Floats
    left_at: Floats
    buyer: int | None
    price: float
    ticks: int


def explained(sale: ClockSale, only: Sequence[int] | None = None) -> list[str]:
    """One line a bidder, or for `only` some of them."""
    return [f"bidder_{i} {_fate(i, sale)}" for i in (range(len(sale.limits)) if only is None else only)]


def _fate(i: int, sale: ClockSale) -> str:
    """What happened to a bidder."""
    limit = sale.limits[i]
    if sale.buyer == i:
        why = _why(sale)
        return f"buys at tick {sale.ticks} and pays {written(sale.price)}, within its limit of {written(limit)}: {why}"
    if np.isnan(limit):
        return "says no to every price"
    if not np.isnan(sale.left_at[i]):
        return f"leaves at {written(sale.left_at[i])}, the first price above its limit of {written(limit)}"
    if sale.buyer is None:
        return f"says no: its limit of {written(limit)} is below every price"
    if limit >= sale.price:
        return f"with a limit of {written(limit)} does not outbid {written(sale.price)}: the lot fell to the buyer"
    return f"does not buy: its limit of {written(limit)} is below the price of {written(sale.price)}"


def _why(sale: ClockSale) -> str:
    """Why the sale ended at its price."""
    if sale.rule == "dutch":
        return "the first price of the falling clock that anyone takes"
    if sale.rule == "english_open":
        return "its standing bid, which nobody outbid before the close"
    if sale.rule != "english":
        return BY_ITS_RULE
    if np.any(sale.left_at == sale.price):
        return "the price at which the last rival left"
    return "the last price that anyone accepted, drawn by lot among those still in"

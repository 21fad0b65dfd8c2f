"""One two-sided clearing from a file, with its explanation.

{mechanism: {name: mcafee}, buyers: [9, 8, 7], sellers: [2, 3, 4]}
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from econo_env.engine.rng import Lottery, market_keys
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.form import Cleared
from econo_env.money import to_credits, to_money
from econo_env.scenario import describe_errors

Ints = NDArray[np.int64]


class DoubleAuctionForm(BaseModel):
    """The keys of a file.

    Attributes:
        mechanism: Name and parameters, amounts in credits.
        buyers: Bids in credits, one a buyer; null or .nan is no bid.
        sellers: Asks in credits, one a seller; null or .nan is no ask.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mechanism: dict[str, Any]
    buyers: list[float | None]
    sellers: list[float | None]


def _as_money(offers: list[float | None], side: str) -> Ints:
    amounts = np.array([np.nan if offer is None else offer for offer in offers], dtype=np.float64)
    none = np.isnan(amounts)
    if np.any(amounts < 0) or np.any(np.isinf(amounts)):
        bad = amounts[(amounts < 0) | np.isinf(amounts)][0]
        raise ValueError(f"{side}: an offer of {bad} is not allowed: give finite amounts from 0, or null for none")
    return np.where(none, -1, to_money(np.where(none, 0.0, amounts)))


def clear_form(document: Mapping[str, Any], seed: int = 0) -> Cleared:
    """Clears a two-sided market from a mapping; see `econo_env.mechanisms.form.clear_form`.

    Traders are listed buyers first, then sellers, and counted through: the first of n sellers beside m buyers is m. The
    allocation is 1 for a unit bought and -1 for one sold; sellers' payments are negative.
    """
    try:
        form = DoubleAuctionForm.model_validate(document)
    except ValidationError as error:
        raise ValueError(describe_errors(error, DoubleAuctionForm)) from None
    row = mechanism(str(form.mechanism["name"]))
    try:
        options = row.options.model_validate(form.mechanism)
    except ValidationError as error:
        raise ValueError(f"mechanism {row.name}: {describe_errors(error, row.options)}") from None
    bids, asks = _as_money(form.buyers, "buyers"), _as_money(form.sellers, "sellers")
    order, allocation, payments = (np.zeros(len(bids) + len(asks), dtype=np.int64) for _ in range(3))
    row.rule(bids, asks, Lottery(market_keys(seed, 1)[0], 0, 0), row.terms(options), order, allocation, payments)
    offers = np.concatenate([bids, asks])
    demand, supply = np.sort(bids[bids >= 0])[::-1], np.sort(asks[asks >= 0])
    pairs = min(len(demand), len(supply))
    optimal = float(to_credits(np.maximum(demand[:pairs] - supply[:pairs], 0).sum()))
    welfare = float(to_credits((allocation * offers).sum()))
    return Cleared(
        winners=np.flatnonzero(allocation).tolist(),
        allocation=allocation.tolist(),
        payments=to_credits(payments).tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=(optimal - welfare) / optimal if optimal > 0 else 0.0,
        explanation=_explanation(len(bids), offers, allocation, payments),
    )


def _explanation(num_buyers: int, offers: Ints, allocation: Ints, payments: Ints) -> list[str]:
    """One line a trader, and one about the market maker's books."""
    names = [f"buyer_{i}" for i in range(num_buyers)] + [f"seller_{i}" for i in range(len(offers) - num_buyers)]
    marginal = {1: _last(offers, allocation, 1), -1: _last(offers, allocation, -1)}
    lines = []
    for i, name in enumerate(names):
        side = 1 if i < num_buyers else -1
        verb, amount = ("bids", "pays") if side == 1 else ("asks", "gets")
        if offers[i] < 0:
            lines.append(f"{name} makes no offer")
            continue
        line = f"{name} {verb} {_written(offers[i])}"
        if allocation[i]:
            paid = side * payments[i]
            source = ", its own offer" if paid == offers[i] else _source(paid, i, names, offers)
            lines.append(f"{line} and trades: {amount} {_written(paid)}{source}")
        elif marginal[side] < 0:
            lines.append(f"{line}: there is no trade")
        else:
            last = marginal[side]
            better = "by lot, " if offers[last] == offers[i] else ""
            lines.append(
                f"{line} and does not trade: {better}the last to trade is {names[last]} at its offer of "
                f"{_written(offers[last])}"
            )
    books = int(payments.sum())
    kept = (
        "the market maker's books balance"
        if books == 0
        else (
            f"the market maker keeps {_written(books)}"
            if books > 0
            else f"a deficit of {_written(-books)} is left to pay"
        )
    )
    return [*lines, f"{int((allocation > 0).sum())} trade(s); {kept}"]


def _written(money: int) -> str:
    return f"{float(to_credits(money)):.6g}"


def _last(offers: Ints, allocation: Ints, side: int) -> int:
    """The trader of a side with the worst offer among those who trade, -1 for none."""
    traders = np.flatnonzero(allocation == side)
    return int(traders[np.argmin(side * offers[traders])]) if traders.size else -1


def _source(paid: int, trader: int, names: list[str], offers: Ints) -> str:
    """Whose offer a price equals, if anyone's."""
    others = [name for j, name in enumerate(names) if j != trader and offers[j] == paid]
    return f", the offer of {others[0]}" if others else ""

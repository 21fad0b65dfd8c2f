"""One clock auction from a file, among bidders who keep to a limit, with its explanation.

{mechanism: {name: dutch, increment: 0.1}, bids: [0.4, 0.9, 0.7]}
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from econo_env.engine.rng import Lottery, market_keys
from econo_env.mechanisms.base import Options
from econo_env.mechanisms.clock_rule import Clock, ClockMechanism, clock_mechanism
from econo_env.mechanisms.form import Cleared
from econo_env.mechanisms.ranking import NOBODY
from econo_env.money import to_credits, to_money
from econo_env.scenario import describe_errors

Floats = NDArray[np.float64]

_LONGEST = 1_000_000  # ticks
_NEVER = -1


class Sale(NamedTuple):
    """The clock at the end of a sale, and the price in credits at which each bidder left (n,), NaN for the others."""

    clock: Clock
    left_at: Floats


class ClockForm(BaseModel):
    """The keys of a file.

    Attributes:
        mechanism: Name and parameters in credits.
        bids: Limits in credits, one a bidder, kept from the first tick to the last; null or .nan says no to every
            price.
        values: True values in credits, one a bidder: welfare is then counted on them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mechanism: dict[str, Any]
    bids: list[float | None] = Field(min_length=1)
    values: list[float] | None = None

    @model_validator(mode="after")
    def _one_for_each_bidder(self) -> Self:
        if self.values is not None and len(self.values) != len(self.bids):
            raise ValueError(f"values lists {len(self.values)} entries for {len(self.bids)} bids: give one each")
        for amount in (*(self.values or ()), *(bid for bid in self.bids if bid is not None)):
            if amount < 0 or np.isinf(amount):
                raise ValueError(f"an amount of {amount}: bids and values are finite amounts from 0")
        return self


def clear_form(document: Mapping[str, Any], seed: int = 0) -> Cleared:
    """Plays a clock auction from a mapping; see `econo_env.mechanisms.form.clear_form`."""
    try:
        form = ClockForm.model_validate(document)
    except ValidationError as error:
        raise ValueError(describe_errors(error, ClockForm)) from None
    row = clock_mechanism(str(form.mechanism["name"]))
    try:
        options = row.options.model_validate(form.mechanism)
    except ValidationError as error:
        raise ValueError(f"mechanism {row.name}: {describe_errors(error, row.options)}") from None
    limits = np.array([np.nan if bid is None else bid for bid in form.bids], dtype=np.float64)
    sale = _played(row, options, limits, seed)
    worth = np.nan_to_num(limits) if form.values is None else np.asarray(form.values, dtype=np.float64)
    allocation = np.zeros(len(limits), dtype=np.int64)
    payments = np.zeros(len(limits))
    if sale.clock.sold:
        allocation[sale.clock.leader] = 1
        payments[sale.clock.leader] = to_credits(sale.clock.best)
    welfare, optimal = float(allocation @ worth), float(worth.max())
    return Cleared(
        winners=np.flatnonzero(allocation).tolist(),
        allocation=allocation.tolist(),
        payments=payments.tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=(optimal - welfare) / optimal if optimal > 0 else 0.0,
        explanation=[_line(i, limits, sale) for i in range(len(limits))],
    )


def _played(row: ClockMechanism, options: Options, limits: Floats, seed: int) -> Sale:
    """The sale among bidders who keep to their limits, by the rule that the engine compiles."""
    never = np.isnan(limits)
    money = np.where(never, _NEVER, to_money(np.where(never, 0.0, limits)))
    standing, left_at = np.ones_like(money), np.full(len(money), np.nan)
    key = market_keys(seed, 1)[0]
    opening = int(to_money(row.opening(options, float(np.max(limits, initial=0.0, where=~never)))))
    closes = int(getattr(options, "closing", _LONGEST))
    clock = Clock(0, _LONGEST, closes, opening, 0, NOBODY, False)
    terms: Any = row.terms(options)
    while not clock.sold and clock.tick < clock.closes:
        asked, was_in = clock.price, standing.copy()
        moved = row.rule(money, standing, Lottery(key, 0, clock.tick), terms, clock)
        clock = Clock(*moved)._replace(tick=clock.tick + 1)
        left_at[(was_in > 0) & (standing == 0)] = to_credits(asked)
    return Sale(clock, left_at)


def _line(bidder: int, limits: Floats, sale: Sale) -> str:
    """What happened to this bidder, in words."""
    name, limit, price = f"bidder_{bidder}", limits[bidder], float(to_credits(sale.clock.best))
    if sale.clock.sold and sale.clock.leader == bidder:
        return f"{name} buys at tick {sale.clock.tick} and pays {price:.6g}, within its limit of {limit:.6g}"
    if np.isnan(limit):
        return f"{name} says no to every price"
    if not np.isnan(sale.left_at[bidder]):
        return f"{name} leaves at {sale.left_at[bidder]:.6g}, the first price above its limit of {limit:.6g}"
    if not sale.clock.sold:
        return f"{name} says no: its limit of {limit:.6g} is below every price"
    if limit >= price:
        return f"{name} with a limit of {limit:.6g} does not outbid {price:.6g}: the lot fell to the buyer"
    return f"{name} does not buy: its limit of {limit:.6g} is below the price of {price:.6g}"

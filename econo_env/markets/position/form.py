"""One position auction from a file, with its explanation.

{mechanism: {name: gsp}, click_rates: [1.0, 0.5], bids: [10, 4, 2]}
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from econo_env.engine.rng import Lottery, market_keys
from econo_env.markets.position.scenario import check_click_rates
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.clearing import Outcome
from econo_env.mechanisms.form import Cleared
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.mechanisms.slots import Slots
from econo_env.money import to_credits, to_money
from econo_env.scenario import describe_errors

Floats = NDArray[np.float64]

_NO_BID = -1


class PositionForm(BaseModel):
    """The keys of a file.

    Attributes:
        mechanism: Name and parameters in credits.
        click_rates: Expected clicks of each slot, from the best one down, above 0 and at most 1.
        bids: Amounts per click in credits, one a bidder; null or .nan is no bid.
        weights: Quality scores, one a bidder.
        values: True values of a click in credits, one a bidder: welfare is then counted on them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mechanism: dict[str, Any]
    click_rates: tuple[float, ...] = Field(min_length=1)
    bids: list[float | None] = Field(min_length=1)
    weights: list[float] | None = None
    values: list[float] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_click_rates(self.click_rates)
        for name in ("weights", "values"):
            given = getattr(self, name)
            if given is not None and len(given) != len(self.bids):
                raise ValueError(f"{name} lists {len(given)} entries for {len(self.bids)} bids: give one each")
        for value in self.values or ():
            if not 0.0 <= value < np.inf:
                raise ValueError(f"a value of {value}: values are finite amounts from 0")
        for weight in self.weights or ():
            if not 1 / WEIGHT_UNIT <= weight <= 1000:
                raise ValueError(f"a weight of {weight}: weights run from 0.001 to 1000")
        return self


def clear_slots(
    name: str,
    bids: ArrayLike,
    click_rates: tuple[float, ...] | list[float] | Floats,
    *,
    weights: ArrayLike | None = None,
    seed: int = 0,
    **parameters: Any,
) -> Outcome:
    """Clears one position auction by the rule that the engine compiles.

    Args:
        name: A position auction's name, e.g. "gsp".
        bids: Amounts per click in credits, shape (n,); NaN is no bid.
        click_rates: Expected clicks of each slot, not increasing, shape (slots,).
        weights: Quality scores, shape (n,); all 1 by default.
        seed: Of the tie lottery.
        **parameters: The mechanism's parameters in credits, e.g. `reserve=0.5`.

    Returns:
        The outcome; `allocation` is the slot from 1, 0 for none, and payments are for its expected clicks.

    Raises:
        ValueError: A bid is negative or infinite, a rate is off, or a parameter is unknown or out of range.
    """
    row, amounts = mechanism(name), np.asarray(bids, dtype=np.float64)
    bad = amounts[(amounts < 0) | np.isinf(amounts)]
    if bad.size:
        raise ValueError(f"a bid of {bad[0]} is not allowed: bids are finite amounts from 0, or null for no bid")
    none = np.isnan(amounts)
    money = np.where(none, _NO_BID, to_money(np.where(none, 0.0, amounts)))
    factors = np.ones_like(amounts) if weights is None else np.asarray(weights, dtype=np.float64)
    rates = np.array(click_rates, dtype=np.float64)
    check_click_rates(tuple(float(rate) for rate in rates))
    options: Any = row.options(**parameters)
    terms = Slots(int(to_money(options.reserve)), rates)
    allocation, payments = np.zeros_like(money), np.zeros_like(money)
    lottery = Lottery(market_keys(seed, 1)[0], 0, 0)
    row.rule(money, np.rint(factors * WEIGHT_UNIT).astype(np.int64), lottery, terms, allocation, payments)
    seated = np.append(0.0, rates)[allocation]
    return Outcome(
        allocation=allocation,
        payments=to_credits(payments),
        winners=[int(i) for i in np.argsort(allocation) if allocation[i] > 0],
        welfare=float((seated * np.nan_to_num(amounts)).sum()),
    )


def clear_one(name: str, bids: ArrayLike, *, click_rates: Any = None, **options: Any) -> Outcome:
    """Clears one position auction; see `econo_env.mechanisms.clear` and `clear_slots`.

    Raises:
        ValueError: There are no click rates, or as `clear_slots`.
    """
    if click_rates is None:
        raise ValueError(f"{name!r} sells slots: give their click_rates, such as [1.0, 0.5]")
    return clear_slots(name, bids, click_rates, **options)


def clear_form(document: Mapping[str, Any], seed: int = 0) -> Cleared:
    """Clears a position auction from a mapping; see `econo_env.mechanisms.form.clear_form`.

    Winners come in the order of the slots.
    """
    try:
        form = PositionForm.model_validate(document)
    except ValidationError as error:
        raise ValueError(describe_errors(error, PositionForm)) from None
    row = mechanism(str(form.mechanism["name"]))
    try:
        options: Any = row.options.model_validate(form.mechanism)
    except ValidationError as error:
        raise ValueError(f"mechanism {row.name}: {describe_errors(error, row.options)}") from None
    bids = np.array([np.nan if bid is None else bid for bid in form.bids], dtype=np.float64)
    outcome = clear_slots(row.name, bids, form.click_rates, weights=form.weights, reserve=options.reserve, seed=seed)
    true = np.nan_to_num(bids) if form.values is None else np.asarray(form.values, dtype=np.float64)
    rates = np.array(form.click_rates)
    seated = np.append(0.0, rates)[outcome.allocation]
    slots = min(len(rates), len(true))
    welfare = float((seated * true).sum())
    optimal = float(np.sort(true)[::-1][:slots] @ rates[:slots])
    return Cleared(
        winners=outcome.winners,
        allocation=outcome.allocation.tolist(),
        payments=outcome.payments.tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=max(0.0, 1.0 - welfare / optimal) if optimal > 0 else 0.0,
        explanation=[_line(i, bids, row.name, float(options.reserve), seated, outcome) for i in range(len(bids))],
    )


_REASONS = {
    "gsp": "the least bid that keeps the slot",
    "position_first_price": "its own bid",
    "position_vcg": "on average over its clicks, what those below lose by its presence",
}


def _line(bidder: int, bids: Floats, name: str, reserve: float, seated: Floats, outcome: Outcome) -> str:
    """Which slot this bidder gets, and what a click costs."""
    if np.isnan(bids[bidder]):
        return f"bidder_{bidder} made no bid"
    slot = int(outcome.allocation[bidder])
    if slot == 0:
        reason = f"is below the reserve {reserve:.6g}" if bids[bidder] < reserve else "ranks below the last slot"
        return f"bidder_{bidder} gets no slot: {bids[bidder]:.6g} {reason}"
    paid, clicks = float(outcome.payments[bidder]), float(seated[bidder])
    return (
        f"bidder_{bidder} gets slot {slot} with a bid of {bids[bidder]:.6g}; pays {paid:.6g} for {clicks:.6g} clicks, "
        f"{paid / clicks:.6g} each, {_REASONS.get(name, 'by the rule')}"
    )

"""One position auction from a file, with its explanation.

{mechanism: {name: gsp}, click_rates: [1.0, 0.5], bids: [10, 4, 2]}
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from econo_env.markets.form import (
    Amount,
    Form,
    Weight,
    amounts,
    as_money,
    gap_between,
    in_thousandths,
    lottery_of,
    one_each,
    read_form,
    weights_of,
)
from econo_env.markets.position.scenario import check_click_rates
from econo_env.markets.position.words import explained
from econo_env.mechanisms.form import Cleared, Rounding
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.rounds import SlotRound
from econo_env.mechanisms.slots import Slots
from econo_env.money import to_credits, to_money


class PositionForm(Form):
    """The keys of a file.

    Attributes:
        click_rates: Expected clicks of each slot, from the best one down, above 0 and at most 1.
        bids: Amounts per click in credits, one a bidder; null or .nan is no bid.
        weights: Quality scores, one a bidder.
        values: True values of a click in credits, one a bidder: welfare is then counted on them.
    """

    click_rates: tuple[float, ...] = Field(min_length=1)
    bids: list[Amount | None] = Field(min_length=1)
    weights: list[Weight] | None = None
    values: list[Amount] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_click_rates(self.click_rates)
        one_each("weights", self.weights, self.bids)
        one_each("values", self.values, self.bids)
        return self


def clear_form(document: Mapping[str, Any], seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Clears a position auction from a mapping; see `econo_env.mechanisms.form.clear_form`.

    Winners come in the order of the slots.
    """
    form, row, options = read_form(PositionForm, document, rounding)
    bids, rates = amounts("bids", form.bids), np.array(form.click_rates)
    weights, money = weights_of(form.weights, bids), as_money(bids)
    true = np.nan_to_num(bids) if form.values is None else amounts("values", form.values)
    allocation, payments = np.zeros_like(money), np.zeros_like(money)
    terms = Slots(int(to_money(reserve_of(options))), rates)
    row.rule(money, in_thousandths(weights), lottery_of(seed), terms, allocation, payments)
    seated, slots = np.append(0.0, rates)[allocation], min(len(rates), len(true))
    welfare, optimal = float((seated * true).sum()), float(np.sort(true)[::-1][:slots] @ rates[:slots])
    return Cleared(
        winners=[int(i) for i in np.argsort(allocation) if allocation[i] > 0],
        allocation=allocation.tolist(),
        payments=to_credits(payments).tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=gap_between(welfare, optimal),
        explanation=explained(row, SlotRound(options, bids, weights, rates, allocation, to_credits(payments))),
    )

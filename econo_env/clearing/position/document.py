"""One position auction from a file, with its explanation.

{mechanism: {name: gsp}, click_rates: [1.0, 0.5], bids: [10, 4, 2]}
"""

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from econo_env.clearing.document import (
    Amount,
    Document,
    Weight,
    amounts,
    as_money,
    gap_between,
    in_thousandths,
    lottery_of,
    one_each,
    read_document,
    weights_of,
)
from econo_env.clearing.position.explain import explained
from econo_env.markets.position.scenario import check_click_rates
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.rounds import SlotRound
from econo_env.mechanisms.slots import Slots
from econo_env.money import to_credits, to_money


class PositionDocument(Document):
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


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Clears a position auction from a mapping; see `econo_env.mechanisms.document.clear_document`.

    Winners come in the order of the slots.
    """
    parsed, row, options = read_document(PositionDocument, document, rounding)
    bids, rates = amounts("bids", parsed.bids), np.array(parsed.click_rates)
    weights, money = weights_of(parsed.weights, bids), as_money(bids)
    true = np.nan_to_num(bids) if parsed.values is None else amounts("values", parsed.values)
    allocation, payments = np.zeros_like(money), np.zeros_like(money)
    params = Slots(int(to_money(reserve_of(options))), rates)
    row.rule(money, in_thousandths(weights), lottery_of(seed), params, allocation, payments)
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

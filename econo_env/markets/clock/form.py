"""One clock auction from a file, among bidders who keep to a limit, with its explanation.

{mechanism: {name: dutch, increment: 0.1}, bids: [0.4, 0.9, 0.7]}
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from econo_env.markets.clock.words import ClockSale, explained
from econo_env.markets.form import Floats, Form, amounts, as_money, gap_between, lottery_of, one_each, read_form
from econo_env.mechanisms.clock_rule import Clock, ClockMechanism, clock_mechanism
from econo_env.mechanisms.form import Cleared
from econo_env.mechanisms.ranking import NOBODY
from econo_env.money import to_credits, to_money

_LONGEST = 1_000_000  # ticks


class ClockForm(Form):
    """The keys of a file.

    Attributes:
        bids: Limits in credits, one a bidder, kept from the first tick to the last; null or .nan says no to every
            price.
        values: True values in credits, one a bidder: welfare is then counted on them.
    """

    bids: list[float | None] = Field(min_length=1)
    values: list[float] | None = None

    @model_validator(mode="after")
    def _one_for_each_bidder(self) -> Self:
        one_each("values", self.values, self.bids)
        return self


def clear_form(document: Mapping[str, Any], seed: int = 0) -> Cleared:
    """Plays a clock auction from a mapping; see `econo_env.mechanisms.form.clear_form`.

    Its `details` are the standing bids of an open outcry or the prices of the clock, `path`, tick by tick.
    """
    form, row, options = read_form(ClockForm, document)
    limits = amounts("bids", form.bids)
    clock, left_at, path = _played(clock_mechanism(row.name), options, limits, seed)
    worth = np.nan_to_num(limits) if form.values is None else amounts("values", form.values)
    allocation, payments = np.zeros(len(limits), dtype=np.int64), np.zeros(len(limits))
    if clock.sold:
        allocation[clock.leader] = 1
        payments[clock.leader] = to_credits(clock.best)
    welfare, optimal = float(allocation @ worth), float(worth.max())
    buyer = int(clock.leader) if clock.sold else None
    return Cleared(
        winners=np.flatnonzero(allocation).tolist(),
        allocation=allocation.tolist(),
        payments=payments.tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=gap_between(welfare, optimal),
        explanation=explained(
            ClockSale(row.name, limits, left_at, buyer, float(to_credits(clock.best)), int(clock.tick))
        ),
        details={"path": path},
    )


def _played(row: ClockMechanism, options: Any, limits: Floats, seed: int) -> tuple[Clock, Floats, list[float]]:
    """The sale among bidders who keep to their limits, by the rule that the engine compiles.

    Returns:
        The clock at the end, the price in credits at which each bidder left (n,), NaN for the others, and the price
        asked at each tick.
    """
    money = as_money(limits)
    standing, left_at, path = np.ones_like(money), np.full(len(money), np.nan), []
    opening = int(to_money(row.opening(options, float(np.nanmax(limits, initial=0.0)))))
    closes = int(getattr(options, "closing", _LONGEST))
    clock = Clock(0, _LONGEST, closes, opening, 0, NOBODY, False)
    lottery, terms = lottery_of(seed), row.terms(options)
    while not clock.sold and clock.tick < clock.closes:
        asked, was_in = float(to_credits(clock.price)), standing.copy()
        moved = row.rule(money, standing, lottery._replace(tick=clock.tick), terms, clock)
        clock = Clock(*moved)._replace(tick=clock.tick + 1)
        left_at[(was_in > 0) & (standing == 0)] = asked
        path.append(asked)
    return clock, left_at, path

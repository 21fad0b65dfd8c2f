"""One multi-unit clearing from a file, with its explanation.

{mechanism: {name: uniform_price}, units: 2, bids: [[0.9, 0.4], [0.8, 0.1]]}
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from econo_env.markets.form import (
    Floats,
    Form,
    as_credits,
    as_money,
    check_amounts,
    gap_between,
    lottery_of,
    read_form,
)
from econo_env.markets.multi_unit.strategies import best_worth, worth
from econo_env.markets.multi_unit.words import explained
from econo_env.mechanisms.form import Cleared
from econo_env.mechanisms.marginal_bids import MOST_UNITS, make_non_increasing
from econo_env.money import to_credits


class MultiUnitForm(Form):
    """The keys of a file.

    Attributes:
        units: Units for sale, here or among the mechanism's parameters.
        bids: Marginal bids in credits, one row a bidder, rows of any length; null or .nan is no bid. A bid above the
            one before it is lowered to it.
        values: True marginal values in credits, one row a bidder: welfare is then counted on them.
    """

    units: int | None = Field(None, ge=1, le=MOST_UNITS)
    bids: list[list[float | None]]
    values: list[list[float | None]] | None = None

    def section(self) -> dict[str, Any]:
        """The mechanism with the units for sale."""
        if self.units is None:
            return self.mechanism
        if self.mechanism.get("units", self.units) != self.units:
            raise ValueError(f"units = {self.units}, but the mechanism says {self.mechanism['units']}: give them once")
        return self.mechanism | {"units": self.units}


def _table(name: str, rows: Sequence[Sequence[float | None]]) -> Floats:
    """Rows of amounts as one array (n, longest row), NaN where there is none.

    Raises:
        ValueError: There is no amount at all, or one is negative or infinite.
    """
    width = max((len(row) for row in rows), default=0)
    if width == 0:
        raise ValueError(f"{name} = {list(rows)}: give a row of at least one amount, one row a bidder")
    table = np.full((len(rows), width), np.nan)
    for row, given in zip(table, rows, strict=True):
        row[: len(given)] = [np.nan if amount is None else amount for amount in given]
    check_amounts(name, table)
    return table


def clear_form(document: Mapping[str, Any], seed: int = 0) -> Cleared:
    """Clears a sale of identical units from a mapping; see `econo_env.mechanisms.form.clear_form`."""
    form, row, options = read_form(MultiUnitForm, document)
    if form.values is not None and len(form.values) != len(form.bids):
        raise ValueError(f"values lists {len(form.values)} rows for {len(form.bids)} bidders: give one each")
    money = as_money(_table("bids", form.bids))
    make_non_increasing(money)
    allocation, payments = np.zeros(len(money), dtype=np.int64), np.zeros(len(money), dtype=np.int64)
    row.rule(money, lottery_of(seed), row.terms(options), allocation, payments)
    bids = as_credits(money)
    true = np.nan_to_num(bids if form.values is None else _table("values", form.values))
    welfare, optimal = float(worth(true, allocation).sum()), float(best_worth(true[None], options.units)[0])
    return Cleared(
        winners=np.flatnonzero(allocation).tolist(),
        allocation=allocation.tolist(),
        payments=to_credits(payments).tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=gap_between(welfare, optimal),
        explanation=explained(options, bids, allocation, to_credits(payments)),
    )

"""One multi-unit clearing from a file, with its explanation.

{mechanism: {name: uniform_price}, units: 2, bids: [[0.9, 0.4], [0.8, 0.1]]}
{mechanism: {name: vickrey}, units: 2, procurement: {ceiling: 1.0}, bids: [[0.1, 0.6], [0.2, 0.9]]}
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
from pydantic import Field, model_validator

from econo_env.clearing.document import (
    Amount,
    Document,
    Floats,
    ProcurementDocument,
    as_credits,
    as_money,
    check_amounts,
    cleared_as,
    lottery_of,
    mirrored,
    read_document,
)
from econo_env.clearing.multi_unit.explain import explained
from econo_env.markets.multi_unit.strategies import best_worth, worth
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.mechanisms.marginal_bids import MOST_UNITS
from econo_env.mechanisms.parameters import units_of
from econo_env.mechanisms.rounds import UnitRound
from econo_env.money import to_credits, to_money, written


class MultiUnitDocument(Document):
    """The keys of a file.

    Attributes:
        units: Units for sale, here or among the mechanism's parameters.
        bids: Marginal bids in credits, one row a bidder, rows of any length; null or .nan is no bid, and nothing may
            stand behind it. The next unit is worth no more than the one before it; in procurement it costs no less, and
            a bid above the ceiling is no bid.
        values: True marginal values in credits, one row a bidder, in the same order: welfare is then counted on them.
        procurement: The reverse form: the lowest bids win and are paid.
        costs: In procurement true marginal costs in credits, one row a bidder: welfare is then counted on them.
    """

    units: int | None = Field(None, ge=1, le=MOST_UNITS)
    bids: list[list[Amount | None]]
    values: list[list[Amount | None]] | None = None
    procurement: ProcurementDocument | None = None
    costs: list[list[Amount | None]] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong, name = (self.costs, "costs") if self.procurement is None else (self.values, "values")
        if wrong is not None:
            raise ValueError(f"{name}: procurement goes with costs, a sale with values")
        for name, rows in (("values", self.values), ("costs", self.costs)):
            if rows is not None and len(rows) != len(self.bids):
                raise ValueError(f"{name} lists {len(rows)} rows for {len(self.bids)} bidders: give one each")
        self._check_order()
        return self

    def _check_order(self) -> None:
        """Raises a ValueError where a further unit is worth more, or costs less, than the one before it."""
        for name, rows in (("bids", self.bids), ("values", self.values), ("costs", self.costs)):
            for bidder, row in enumerate(rows or ()):
                for unit, (one, other) in enumerate(pairwise(row), 2):
                    _check_step(
                        f"{name} of bidder_{bidder}: unit {unit}", one, other, rises=self.procurement is not None
                    )

    def section(self) -> dict[str, Any]:
        """The mechanism with the units for sale."""
        if self.units is None:
            return self.mechanism
        if self.mechanism.get("units", self.units) != self.units:
            raise ValueError(f"units = {self.units}, but the mechanism says {self.mechanism['units']}: give them once")
        return self.mechanism | {"units": self.units}


def _check_step(where: str, before: float | None, amount: float | None, rises: bool) -> None:
    """Raises a ValueError if an amount for a further unit is on the wrong side of the one before it."""
    if amount is None or np.isnan(amount):
        return
    if before is None or np.isnan(before):
        raise ValueError(f"{where} at {written(amount)} comes after a unit without an amount: close the gap")
    if amount < before if rises else amount > before:
        wrong, right = ("less", "fall") if rises else ("more", "rise")
        raise ValueError(
            f"{where} at {written(amount)} is {wrong} than the one before it, {written(before)}: amounts for further "
            f"units may not {right}"
        )


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


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Clears a sale, or procurement, of identical units; see `econo_env.mechanisms.document.clear_document`."""
    parsed, row, options = read_document(MultiUnitDocument, document, rounding)
    money, ceiling = (
        as_money(_table("bids", parsed.bids)),
        None if parsed.procurement is None else parsed.procurement.ceiling,
    )
    most = int(to_money(ceiling or 0.0))
    money = mirrored(money, most) if ceiling else money
    allocation, payments = np.zeros(len(money), dtype=np.int64), np.zeros(len(money), dtype=np.int64)
    row.rule(money, lottery_of(seed), row.params(options), allocation, payments)
    payments -= most * allocation
    bids = as_credits(mirrored(money, most) if ceiling else money)
    known, given = ("values", parsed.values) if ceiling is None else ("costs", parsed.costs)
    true = bids if given is None else _table(known, given)
    gains = np.nan_to_num(true if ceiling is None else ceiling - true)
    welfare, optimal = float(worth(gains, allocation).sum()), float(best_worth(gains[None], units_of(options))[0])
    return cleared_as(
        allocation,
        to_credits(payments),
        welfare,
        optimal,
        explained(row, UnitRound(options, ceiling, bids, allocation, to_credits(payments))),
    )

"""One multi-unit clearing from a file, with its explanation.

{mechanism: {name: uniform_price}, units: 2, bids: [[0.9, 0.4], [0.8, 0.1]]}
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from econo_env.engine.rng import Lottery, market_keys
from econo_env.markets.multi_unit.strategies import best_worth, worth
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.clearing import Outcome
from econo_env.mechanisms.form import Cleared
from econo_env.mechanisms.marginal_bids import MOST_UNITS, make_non_increasing
from econo_env.money import to_credits, to_money
from econo_env.scenario import describe_errors

Floats = NDArray[np.float64]
Rows = Sequence[Sequence[float | None]]

_NO_BID = -1


class MultiUnitForm(BaseModel):
    """The keys of a file.

    Attributes:
        mechanism: Name and parameters in credits.
        units: Units for sale, here or among the mechanism's parameters.
        bids: Marginal bids in credits, one row a bidder, rows of any length; null or .nan is no bid. A bid above the
            one before it is lowered to it.
        values: True marginal values in credits, one row a bidder: welfare is then counted on them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mechanism: dict[str, Any]
    units: int | None = Field(None, ge=1, le=MOST_UNITS)
    bids: list[list[float | None]]
    values: list[list[float | None]] | None = None


def _table(name: str, rows: Rows | Floats) -> Floats:
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
    bad = table[(table < 0) | np.isinf(table)]
    if bad.size:
        raise ValueError(f"{bad[0]} among the {name}: they are finite amounts from 0, or null for none")
    return table


def clear_units(name: str, bids: Rows | Floats, *, seed: int = 0, **parameters: Any) -> Outcome:
    """Clears one sale of identical units by the rule that the engine compiles.

    Args:
        name: A multi-unit mechanism's name, e.g. "vickrey".
        bids: Marginal bids in credits, (n, units wanted) or rows of different lengths; NaN is no bid. A bid above the
            one before it is lowered to it.
        seed: Of the tie lottery.
        **parameters: The mechanism's parameters in credits, e.g. `units=3, reserve=0.5`.

    Returns:
        The outcome, amounts in credits; its welfare is the sum of the winning bids.

    Raises:
        ValueError: A bid is negative or infinite, or a parameter is unknown or out of range.
    """
    row = mechanism(name)
    money = _lowered(_table("bids", bids))
    allocation, payments = np.zeros(len(money), dtype=np.int64), np.zeros(len(money), dtype=np.int64)
    lottery = Lottery(market_keys(seed, 1)[0], 0, 0)
    row.rule(money, lottery, row.terms(row.options(**parameters)), allocation, payments)
    return Outcome(
        allocation=allocation,
        payments=to_credits(payments),
        winners=np.flatnonzero(allocation).tolist(),
        welfare=float(to_credits(worth(money, allocation).sum())),
    )


def clear_one(name: str, bids: Any, *, weights: None = None, **options: Any) -> Outcome:
    """Clears one sale of identical units; see `econo_env.mechanisms.clear` and `clear_units`.

    Raises:
        ValueError: Weights are given, or as `clear_units`.
    """
    if weights is not None:
        raise ValueError(f"{name!r} takes no weights: bids are ranked as they are")
    if any(np.ndim(row) != 1 for row in bids):
        raise ValueError(
            f"bids = {bids}: give a row of marginal bids for each bidder, such as [[0.9, 0.4], [0.8, 0.1]]"
        )
    return clear_units(name, bids, **options)


def _lowered(table: Floats) -> NDArray[np.int64]:
    none = np.isnan(table)
    money = np.where(none, _NO_BID, to_money(np.where(none, 0.0, table)))
    make_non_increasing(money)
    return money


def clear_form(document: Mapping[str, Any], seed: int = 0) -> Cleared:
    """Clears a sale of identical units from a mapping; see `econo_env.mechanisms.form.clear_form`."""
    try:
        form = MultiUnitForm.model_validate(document)
    except ValidationError as error:
        raise ValueError(describe_errors(error, MultiUnitForm)) from None
    row = mechanism(str(form.mechanism["name"]))
    section = dict(form.mechanism)
    if form.units is not None and section.setdefault("units", form.units) != form.units:
        raise ValueError(f"units = {form.units}, but the mechanism says {section['units']}: give them once")
    try:
        options: Any = row.options.model_validate(section)
    except ValidationError as error:
        raise ValueError(f"mechanism {row.name}: {describe_errors(error, row.options)}") from None
    if form.values is not None and len(form.values) != len(form.bids):
        raise ValueError(f"values lists {len(form.values)} rows for {len(form.bids)} bidders: give one each")
    table = _table("bids", form.bids)
    parameters = {name: getattr(options, name) for name in row.parameters._fields}
    outcome = clear_units(row.name, table, seed=seed, **parameters)
    bids = np.where(_lowered(table) < 0, np.nan, to_credits(_lowered(table)))
    true = np.nan_to_num(bids if form.values is None else _table("values", form.values))
    welfare = float(worth(true, outcome.allocation).sum())
    optimal = float(best_worth(true[None], options.units)[0])
    return Cleared(
        winners=outcome.winners,
        allocation=outcome.allocation.tolist(),
        payments=outcome.payments.tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=max(0.0, 1.0 - welfare / optimal) if optimal > 0 else 0.0,
        explanation=[_line(i, bids, row.name, float(options.reserve), outcome) for i in range(len(bids))],
    )


def _listed(amounts: Floats) -> str:
    return " + ".join(f"{amount:.6g}" for amount in amounts)


def _line(bidder: int, bids: Floats, name: str, reserve: float, outcome: Outcome) -> str:
    """What this bidder wins, and where its payment comes from."""
    won = int(outcome.allocation[bidder])
    own = bids[bidder][~np.isnan(bids[bidder])]
    if own.size == 0:
        return f"bidder_{bidder} made no bid"
    if won == 0:
        limit = f"the reserve {reserve:.6g}" if own[0] < reserve else "the winning bids"
        tied = any(own[0] == bids[w, outcome.allocation[w] - 1] for w in outcome.winners)
        reason = "the lot fell to an equal bid" if tied and own[0] >= reserve else f"below {limit}"
        return f"bidder_{bidder} wins nothing: its bid {own[0]:.6g}, {reason}"
    paid = outcome.payments[bidder]
    units = "1 unit" if won == 1 else f"{won} units"
    return f"bidder_{bidder} wins {units}: bids {_listed(own[:won])}; pays {paid:.6g}, " + _source(
        bidder, bids, name, reserve, outcome
    )


def _source(bidder: int, bids: Floats, name: str, reserve: float, outcome: Outcome) -> str:
    """The reason of a winner's payment in words."""
    won = int(outcome.allocation[bidder])
    losing = np.where(np.arange(bids.shape[1]) >= outcome.allocation[:, None], bids, np.nan)
    if name == "discriminatory":
        return "its own bids"
    if name == "vickrey":
        losing[bidder] = np.nan
        rivals = np.sort(losing[~np.isnan(losing) & (losing >= reserve)])[::-1][:won]
        prices = np.concatenate([rivals, np.full(won - len(rivals), reserve)])
        return f"the rivals' bids (or the reserve) that its units displace: {_listed(prices)}"
    price = outcome.payments[bidder] / won
    if np.isnan(losing).all() or not np.nanmax(losing) >= reserve:
        return f"{price:.6g} a unit, the reserve, for no bid above it lost"
    owner = int(np.nanargmax(np.nanmax(np.where(np.isnan(losing), -1.0, losing), axis=1)))
    return f"{price:.6g} a unit, the highest losing bid (bidder_{owner})"

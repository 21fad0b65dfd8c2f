"""One sealed-bid clearing from a file, with its explanation.

{mechanism: {name: second_price, reserve: 0.0}, bids: [0.4, 0.9, 0.7]}
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.clearing import Outcome, clear
from econo_env.mechanisms.form import Cleared
from econo_env.scenario import describe_errors

Floats = NDArray[np.float64]

_SAME = 1e-9  # credits; payments are whole micro-credits


class SealedBidForm(BaseModel):
    """The keys of a file.

    Attributes:
        mechanism: Name and parameters in credits.
        bids: Amounts in credits, one a bidder; null or .nan is no bid.
        weights: Ranking factors, one a bidder.
        values: True values in credits, one a bidder: welfare is then counted on them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mechanism: dict[str, Any]
    bids: list[float | None]
    weights: list[float] | None = None
    values: list[float] | None = None

    @model_validator(mode="after")
    def _one_for_each_bidder(self) -> Self:
        for name in ("weights", "values"):
            given = getattr(self, name)
            if given is not None and len(given) != len(self.bids):
                raise ValueError(f"{name} lists {len(given)} entries for {len(self.bids)} bids: give one each")
        for value in self.values or ():
            if not 0.0 <= value < np.inf:
                raise ValueError(f"a value of {value}: values are finite amounts from 0")
        return self


def clear_form(document: Mapping[str, Any], seed: int = 0) -> Cleared:
    """Clears a sealed-bid auction from a mapping; see `econo_env.mechanisms.form.clear_form`."""
    try:
        form = SealedBidForm.model_validate(document)
    except ValidationError as error:
        raise ValueError(describe_errors(error, SealedBidForm)) from None
    row = mechanism(str(form.mechanism["name"]))
    try:
        options = row.options.model_validate(form.mechanism)
    except ValidationError as error:
        raise ValueError(f"mechanism {row.name}: {describe_errors(error, row.options)}") from None
    bids = np.array([np.nan if bid is None else bid for bid in form.bids], dtype=np.float64)
    parameters = {name: getattr(options, name) for name in row.parameters._fields}
    outcome = clear(row.name, bids, weights=form.weights, seed=seed, **parameters)
    worth = np.nan_to_num(bids) if form.values is None else np.asarray(form.values, dtype=np.float64)
    units = min(parameters.get("units", 1), len(bids))
    welfare, optimal = float(outcome.allocation @ worth), float(np.sort(worth)[-units:].sum())
    weights = np.ones_like(bids) if form.weights is None else np.asarray(form.weights)
    reserve = float(parameters.get("reserve", 0.0))
    return Cleared(
        winners=outcome.winners,
        allocation=outcome.allocation.tolist(),
        payments=outcome.payments.tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=(optimal - welfare) / optimal if optimal > 0 else 0.0,
        explanation=[_line(i, bids, weights, reserve, outcome) for i in range(len(bids))],
    )


def _line(bidder: int, bids: Floats, weights: Floats, reserve: float, outcome: Outcome) -> str:
    """Why this bidder won or lost, and where its payment comes from."""
    if np.isnan(bids[bidder]):
        line = f"bidder_{bidder} made no bid"
    elif outcome.allocation[bidder]:
        line = f"bidder_{bidder} wins: {_standing(bidder, bids, weights, outcome)}"
    else:
        line = f"bidder_{bidder} loses: {_reason(bidder, bids, weights, reserve, outcome)}"
    paid = float(outcome.payments[bidder])
    if outcome.allocation[bidder] or paid:
        sources = _sources(bidder, bids, weights, reserve, outcome)
        matching = " and ".join(name for name, amount in sources if abs(amount - paid) <= _SAME)
        line += f"; pays {paid:.6g}{f', {matching}' if matching else ''}"
    return line


def _scores(bids: Floats, weights: Floats) -> Floats:
    return np.where(np.isnan(bids), -np.inf, bids * weights)


def _standing(bidder: int, bids: Floats, weights: Floats, outcome: Outcome) -> str:
    scores = _scores(bids, weights)
    rank = int(np.sum(scores > scores[bidder] + _SAME)) + 1
    weighted = "" if np.all(weights == 1.0) else "weighted "
    place = f"highest {weighted}bid" if rank == 1 else f"rank {rank}, {weighted}bid"
    tied = np.abs(scores - scores[bidder]) <= _SAME
    lottery = ", drawn by lot among equals" if np.any(tied & (outcome.allocation == 0)) else ""
    return f"{place} {_amount(bidder, bids, weights)}{lottery}"


def _amount(bidder: int, bids: Floats, weights: Floats) -> str:
    if np.all(weights == 1.0):
        return f"{bids[bidder]:.6g}"
    return f"{weights[bidder]:.6g} x {bids[bidder]:.6g} = {weights[bidder] * bids[bidder]:.6g}"


def _reason(bidder: int, bids: Floats, weights: Floats, reserve: float, outcome: Outcome) -> str:
    if bids[bidder] < reserve:
        return f"{bids[bidder]:.6g} is below the reserve {reserve:.6g}"
    if not outcome.winners:
        return "there was no sale"
    scores = _scores(bids, weights)
    last = min(outcome.winners, key=lambda winner: float(scores[winner]))
    if abs(scores[last] - scores[bidder]) <= _SAME:
        return f"{_amount(bidder, bids, weights)} equals bidder_{last}'s, and the lot fell to that one"
    return f"{_amount(bidder, bids, weights)} is below bidder_{last}'s {_amount(last, bids, weights)}"


def _sources(bidder: int, bids: Floats, weights: Floats, reserve: float, outcome: Outcome) -> list[tuple[str, float]]:
    """What a payment may equal: name and amount in credits."""
    sources = [("its own bid", float(bids[bidder]))]
    if reserve > 0:
        sources.append(("the reserve", reserve))
    scores = np.where((outcome.allocation > 0) | (bids < reserve), -np.inf, _scores(bids, weights))
    loser = int(np.argmax(scores))
    if np.isinf(scores[loser]):
        return [*sources, ("for there is no losing bid", 0.0)]
    if np.all(weights == 1.0):
        return [*sources, (f"the best losing bid (bidder_{loser})", float(bids[loser]))]
    least = np.ceil(round(scores[loser] / weights[bidder] * 1e6, 3)) / 1e6
    return [
        *sources,
        (f"the least bid that still beats bidder_{loser}: {scores[loser]:.6g} / {weights[bidder]:.6g}", float(least)),
        (f"bidder_{loser}'s weighted bid, undivided", float(scores[loser])),
    ]

"""One sealed-bid clearing from a file, with its explanation.

{mechanism: {name: second_price, reserve: 0.0}, bids: [0.4, 0.9, 0.7]}
{mechanism: {name: second_price}, procurement: {ceiling: 10.0}, bids: [7.0, 4.0, 5.5]}
"""

from typing import Self

import numpy as np
from pydantic import model_validator

from econo_env.clearing.document import (
    Amount,
    Document,
    Floats,
    ProcurementDocument,
    Weight,
    amounts,
    as_money,
    cleared_as,
    in_thousandths,
    lottery_of,
    mirrored,
    one_each,
    read_document,
    weights_of,
)
from econo_env.clearing.sealed_bid.explain import explained
from econo_env.mechanisms.base import Mechanism, Options, reversible_names
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.mechanisms.parameters import units_of
from econo_env.mechanisms.rounds import SealedRound
from econo_env.money import to_credits, to_money


class SealedBidDocument(Document):
    """The keys of a file.

    Attributes:
        bids: Amounts in credits, one a bidder; null or .nan is no bid. In procurement the true costs by default.
        weights: Ranking factors, one a bidder.
        values: True values in credits, one a bidder: welfare is then counted on them.
        procurement: The reverse form, for rules where only winners pay.
        costs: In procurement true costs in credits, one a bidder: welfare is then counted on them.
    """

    bids: list[Amount | None] | None = None
    weights: list[Weight] | None = None
    values: list[Amount] | None = None
    procurement: ProcurementDocument | None = None
    costs: list[Amount] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.procurement is None and self.costs is not None:
            raise ValueError("costs are for procurement: give procurement: {ceiling: ...} beside them, or values")
        if self.procurement is not None and (self.values is not None or self.weights is not None):
            raise ValueError("procurement goes with costs, and without values and weights")
        if self.bids is None and self.costs is None:
            raise ValueError("the key 'bids' is missing")
        for name, given in (("weights", self.weights), ("values", self.values), ("costs", self.costs)):
            one_each(name, given, self.offers)
        return self

    @property
    def offers(self) -> list[float | None]:
        """The bids, or costs that are bid truthfully."""
        return list(self.costs or []) if self.bids is None else self.bids


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Clears a sealed-bid auction from a mapping; see `econo_env.mechanisms.document.clear_document`."""
    parsed, row, options = read_document(SealedBidDocument, document, rounding)
    if parsed.procurement is not None and not row.reversible:
        allowed, why = reversible_names(row.market), ", for losers pay" if row.losers_pay else ""
        raise ValueError(f"{row.name!r} has no procurement form{why}: choose one of {allowed}")
    bids, true = amounts("bids", parsed.offers), parsed.values or parsed.costs
    known = bids if true is None else amounts("values" if parsed.values else "costs", true)
    ceiling = None if parsed.procurement is None else parsed.procurement.ceiling
    cleared = _cleared(row, options, bids, weights_of(parsed.weights, bids), ceiling, seed)
    worth = np.nan_to_num(known if ceiling is None else np.maximum(ceiling - known, 0.0))
    units = min(units_of(options), len(bids))
    welfare, optimal = float(cleared.allocation @ worth), float(np.sort(worth)[-units:].sum())
    return cleared_as(cleared.allocation, cleared.payments, welfare, optimal, explained(row, cleared))


def _cleared(
    row: Mechanism, options: Options, bids: Floats, weights: Floats, ceiling: float | None, seed: int
) -> SealedRound:
    """The round by the rule that the engine compiles; in procurement it sees what the bids leave of the ceiling."""
    money = as_money(bids)
    most = 0 if ceiling is None else int(to_money(ceiling))
    if ceiling is not None:
        money = mirrored(money, most)
    allocation, payments = np.zeros_like(money), np.zeros_like(money)
    row.rule(money, in_thousandths(weights), lottery_of(seed), row.params(options), allocation, payments)
    return SealedRound(options, ceiling, bids, weights, allocation, to_credits(payments - most * allocation))

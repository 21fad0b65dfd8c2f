"""One scoring auction from a file, with its explanation.

{mechanism: {name: second_score}, bids: [{price: 1.5, quality: 2.25}, {price: 1.0, quality: 1.0}]}
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from econo_env.engine.rng import Lottery, market_keys
from econo_env.markets.scoring.layout import NO_OFFER
from econo_env.markets.scoring.menu import best_surplus
from econo_env.markets.scoring.scenario import MARKET, Buyer, Scoring, ScoringScenario
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.clearing import Outcome
from econo_env.mechanisms.form import Cleared
from econo_env.money import LARGEST_CREDITS, to_credits, to_money
from econo_env.scenario import describe_errors, from_mapping

Floats = NDArray[np.float64]


class Offer(BaseModel):
    """One supplier's offer.

    Attributes:
        price: What it asks, credits.
        quality: What it will deliver, from 0 to the buyer's highest quality.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    price: float = Field(ge=0.0, le=LARGEST_CREDITS)
    quality: float = Field(ge=0.0)


class ScoringForm(BaseModel):
    """The keys of a file.

    Attributes:
        mechanism: Name and parameters in credits.
        bids: Offers, one a supplier; null is no offer.
        buyer: What quality is worth, as in a scenario.
        scoring: What the buyer announces, as in a scenario.
        costs: True cost parameters theta in credits, one a supplier: welfare is then counted on them.
        cost_exponent: k of the cost theta q^k / k.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    mechanism: dict[str, Any]
    bids: list[Offer | None] = Field(min_length=1)
    buyer: Buyer = Buyer()
    scoring: Scoring = Scoring()
    costs: list[float] | None = None
    cost_exponent: float = 1.0

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for offer in self.bids:
            if offer is not None and offer.quality > self.buyer.highest_quality:
                raise ValueError(
                    f"a quality of {offer.quality:g}: the buyer's highest_quality is {self.buyer.highest_quality:g}"
                )
        if self.costs is not None and len(self.costs) != len(self.bids):
            raise ValueError(f"costs lists {len(self.costs)} entries for {len(self.bids)} bids: give one each")
        for cost in self.costs or ():
            if not 0.0 <= cost <= LARGEST_CREDITS:
                raise ValueError(f"a cost of {cost}: costs are finite amounts from 0")
        self.scenario()
        return self

    def scenario(self) -> ScoringScenario:
        """The scenario in which such offers are made.

        Raises:
            ValueError: Buyer, scoring, mechanism and costs do not go together.
        """
        sections = self.model_dump(mode="json", include={"mechanism", "buyer", "scoring", "cost_exponent"})
        made = from_mapping({"market": MARKET, "id": "clear_v0", "num_agents": len(self.bids), **sections})
        assert isinstance(made, ScoringScenario)
        return made


def clear_offers(
    name: str,
    offers: ArrayLike,
    *,
    buyer: Buyer | None = None,
    scoring: Scoring | None = None,
    seed: int = 0,
    **parameters: Any,
) -> Outcome:
    """Clears one scoring auction by the rule that the engine compiles.

    Args:
        name: A scoring auction's name, e.g. "second_score".
        offers: Price in credits and quality of each supplier, shape (n, 2); a row with NaN is no offer.
        buyer: What quality is worth, 2 sqrt(q) by default.
        scoring: What the buyer announces, the true worth by default.
        seed: Of the tie lottery.
        **parameters: The mechanism's parameters in credits, e.g. `reserve=0.5`.

    Returns:
        The outcome; payments are what the buyer pays, welfare is the true worth of the winning offer minus its price.

    Raises:
        ValueError: The shape is off, an amount is negative or infinite, a quality is beyond the highest one, or a
            parameter is unknown or out of range.
    """
    row, pairs = mechanism(name), np.asarray(offers, dtype=np.float64)
    buyer, scoring = buyer or Buyer(), scoring or Scoring()
    if pairs.ndim != 2 or pairs.shape[1] != 2 or len(pairs) == 0:
        raise ValueError(f"offers of shape {pairs.shape}: give a row (price, quality) for each supplier")
    bad = pairs[(pairs < 0.0) | np.isinf(pairs)]
    if bad.size:
        raise ValueError(f"{bad[0]} among the offers: prices and qualities are finite amounts from 0")
    if np.nanmax(pairs[:, 1], initial=0.0) > buyer.highest_quality:
        raise ValueError(f"a quality of {np.nanmax(pairs[:, 1]):g}: the highest_quality is {buyer.highest_quality:g}")
    none: NDArray[np.bool_] = np.asarray(np.isnan(pairs).any(axis=1))
    known = np.where(none[:, None], 0.0, pairs)
    prices = np.where(none, NO_OFFER, to_money(known[:, 0]))
    scores = np.where(none, NO_OFFER, to_money(scoring.scale * buyer.value(known[:, 1])) - prices)
    allocation, payments = np.zeros_like(prices), np.zeros_like(prices)
    lottery = Lottery(market_keys(seed, 1)[0], 0, 0)
    row.rule(scores, prices, lottery, row.terms(row.options(**parameters)), allocation, payments)
    gains = to_money(buyer.value(known[:, 1])) - prices
    return Outcome(
        allocation=allocation,
        payments=to_credits(payments),
        winners=np.flatnonzero(allocation).tolist(),
        welfare=float(to_credits((allocation * gains).sum())),
    )


def clear_one(name: str, bids: ArrayLike, *, weights: Any = None, **options: Any) -> Outcome:
    """Clears one scoring auction; see `econo_env.mechanisms.clear` and `clear_offers`.

    Raises:
        ValueError: There are weights, or as `clear_offers`.
    """
    if weights is not None:
        raise ValueError(f"{name!r} takes no weights: quality is what the score weighs")
    return clear_offers(name, bids, **options)


def clear_form(document: Mapping[str, Any], seed: int = 0) -> Cleared:
    """Clears a scoring auction from a mapping; see `econo_env.mechanisms.form.clear_form`."""
    try:
        form = ScoringForm.model_validate(document)
    except ValidationError as error:
        raise ValueError(describe_errors(error, ScoringForm)) from None
    options: Any = form.scenario().mechanism
    row = mechanism(options.name)
    offers = np.array([(np.nan, np.nan) if bid is None else (bid.price, bid.quality) for bid in form.bids])
    outcome = clear_offers(row.name, offers, buyer=form.buyer, scoring=form.scoring, reserve=options.reserve, seed=seed)
    welfare, optimal = _welfare(form, offers, outcome)
    return Cleared(
        winners=outcome.winners,
        allocation=outcome.allocation.tolist(),
        payments=outcome.payments.tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=max(0.0, 1.0 - welfare / optimal) if optimal > 0 else 0.0,
        explanation=[_line(i, form, offers, float(options.reserve), outcome) for i in range(len(offers))],
    )


def _welfare(form: ScoringForm, offers: Floats, outcome: Outcome) -> tuple[float, float]:
    """True worth minus cost, reached and best; without costs, offers are taken at their price."""
    if form.costs is None:
        gains = np.nan_to_num(form.buyer.value(offers[:, 1]) - offers[:, 0])
        return outcome.welfare, max(0.0, float(gains.max()))
    scenario, quality = form.scenario(), np.nan_to_num(offers[:, 1])
    created = form.buyer.value(quality) - np.asarray(form.costs) * scenario.work(quality)
    reached = float(outcome.allocation @ created)
    # the best is sought in steps of quality, which a file need not keep to
    return reached, max(reached, float(best_surplus(scenario, form.costs).max()))


def _line(bidder: int, form: ScoringForm, offers: Floats, reserve: float, outcome: Outcome) -> str:
    """What the offer scores, why it won or lost, and where the payment comes from."""
    price, quality = offers[bidder]
    if np.isnan(price):
        return f"bidder_{bidder} made no offer"
    counted = form.scoring.scale * form.buyer.value(offers[:, 1])
    scores = np.where(np.isnan(offers[:, 0]), -np.inf, np.round(counted - offers[:, 0], 6))
    said = f"quality {quality:.6g} at {price:.6g} scores {counted[bidder]:.6g} - {price:.6g} = {scores[bidder]:.6g}"
    if not outcome.allocation[bidder]:
        return f"bidder_{bidder} loses: {said}, {_reason(bidder, scores, reserve, outcome)}"
    others = np.delete(scores, bidder)
    accepted = others[others >= reserve]
    tied = ", drawn by lot among equals" if np.any(accepted == scores[bidder]) else ""
    paid = float(outcome.payments[bidder])
    line = f"bidder_{bidder} wins: {said}, the highest{tied}; delivers {quality:.6g} and is paid {paid:.6g}"
    if form.mechanism["name"] == "first_score":
        return f"{line}, its price"
    if accepted.size == 0:
        return f"{line}, so that its score falls to the reserve, {reserve:.6g}: no rival is accepted"
    rival = int(np.argmax(np.where(np.arange(len(scores)) == bidder, -np.inf, scores)))
    return f"{line}, so that its score falls to bidder_{rival}'s {scores[rival]:.6g}"


def _reason(bidder: int, scores: Floats, reserve: float, outcome: Outcome) -> str:
    if scores[bidder] < reserve:
        return f"below the reserve score {reserve:.6g}"
    winner = outcome.winners[0]
    if scores[winner] == scores[bidder]:
        return f"as much as bidder_{winner}, on whom the lot fell"
    return f"below bidder_{winner}'s {scores[winner]:.6g}"

"""One scoring auction from a file, with its explanation.

{mechanism: {name: second_score}, bids: [{price: 1.5, quality: 2.25}, {price: 1.0, quality: 1.0}]}
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from pydantic import ConfigDict, Field, field_validator, model_validator

from econo_env.clearing.document import NO_OFFER, Amount, Document, cleared_as, lottery_of, one_each, read_document
from econo_env.clearing.scoring.explain import explained
from econo_env.markets.scoring.menu import best_surplus
from econo_env.markets.scoring.scenario import Buyer, Scoring, ScoringScenario
from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.mechanisms.rounds import ScoredRound
from econo_env.money import LARGEST_CREDITS, to_credits, to_money
from econo_env.settings import Section, validated


class Offer(Section):
    """One supplier's offer.

    Attributes:
        price: What it asks, credits.
        quality: What it will deliver, from 0 to the buyer's highest quality.
    """

    price: Amount = Field(ge=0.0, le=LARGEST_CREDITS)
    quality: float = Field(ge=0.0)


class ScoringDocument(Document):
    """The keys of a file.

    Attributes:
        bids: Offers, one a supplier, each a section or a pair [price, quality]; null, or a pair with .nan, is none.
        buyer: What quality is worth, as in a scenario.
        scoring: What the buyer announces, as in a scenario.
        costs: True cost parameters theta in credits, one a supplier: welfare is then counted on them.
        cost_exponent: k of the cost theta q^k / k.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bids: list[Offer | None] = Field(min_length=1)
    buyer: Buyer = Buyer()
    scoring: Scoring = Scoring()
    costs: list[Amount] | None = None
    cost_exponent: float = 1.0

    @field_validator("bids", mode="before")
    @classmethod
    def _pairs_are_offers(cls, bids: Any) -> Any:
        return [_offer(bid) for bid in bids] if isinstance(bids, list | tuple) else bids

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for offer in self.bids:
            if offer is not None and offer.quality > self.buyer.highest_quality:
                raise ValueError(
                    f"a quality of {offer.quality:g}: the buyer's highest_quality is {self.buyer.highest_quality:g}"
                )
        one_each("costs", self.costs, self.bids)
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
        document = {"id": "clear_v0", "num_agents": len(self.bids), **sections}
        return validated(ScoringScenario, document, "clear_v0")


def _offer(bid: Any) -> Any:
    """A pair as a section; a section or null as it is."""
    if bid is None or isinstance(bid, Mapping | Offer):
        return bid
    if not isinstance(bid, Sequence) or len(bid) != 2 or isinstance(bid, str):
        raise ValueError(f"an offer of {bid!r}: give {{price: ..., quality: ...}}, [price, quality] or null")
    missing = any(part is None or (isinstance(part, float) and math.isnan(part)) for part in bid)
    return None if missing else {"price": bid[0], "quality": bid[1]}


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Clears a scoring auction from a mapping; see `econo_env.mechanisms.document.clear_document`."""
    parsed, row, options = read_document(ScoringDocument, document, rounding)
    bought = _bought(parsed, row, options, seed)
    welfare, optimal = _welfare(parsed, bought)
    return cleared_as(bought.allocation, bought.payments, welfare, optimal, explained(row, bought))


def _bought(parsed: ScoringDocument, row: Mechanism, options: Any, seed: int) -> ScoredRound:
    """The purchase by the rule that the engine compiles."""
    asked = np.array([np.nan if bid is None else bid.price for bid in parsed.bids])
    qualities = np.array([0.0 if bid is None else bid.quality for bid in parsed.bids])
    counted = to_credits(to_money(parsed.scoring.scale * parsed.buyer.value(qualities)))
    prices = np.where(np.isnan(asked), NO_OFFER, to_money(np.nan_to_num(asked)))
    scores = np.where(np.isnan(asked), NO_OFFER, to_money(counted) - prices)
    allocation, payments = np.zeros_like(prices), np.zeros_like(prices)
    row.rule(scores, prices, lottery_of(seed), row.params(options), allocation, payments)
    return ScoredRound(options, asked, qualities, counted, allocation, to_credits(payments))


def _welfare(parsed: ScoringDocument, bought: ScoredRound) -> tuple[float, float]:
    """True worth minus cost, reached and best; without costs, offers are taken at their price."""
    worth = parsed.buyer.value(bought.qualities)
    if parsed.costs is None:
        gains = np.nan_to_num(worth - bought.prices)
        return float(bought.allocation @ gains), max(0.0, float(gains.max()))
    scenario = parsed.scenario()
    reached = float(bought.allocation @ (worth - np.asarray(parsed.costs) * scenario.work(bought.qualities)))
    # the best is sought in steps of quality, which a file need not keep to
    return reached, max(reached, float(best_surplus(scenario, parsed.costs).max()))

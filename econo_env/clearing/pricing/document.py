"""One round of price competition from a file, with its explanation.

{mechanism: {name: logit_demand, cost: 1.0}, bids: [1.5, 1.6]}
"""

import numpy as np
from pydantic import Field

from econo_env.agents import named
from econo_env.clearing.document import Amount, Document, amounts, gap_between, read_document
from econo_env.clearing.pricing.explain import explained
from econo_env.markets.pricing import FIRM, payment_of, units_of, worth_of
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.mechanisms.logit_demand import monopoly_price, nash_price
from econo_env.mechanisms.rounds import PriceRound
from econo_env.money import MICRO


class PricingDocument(Document):
    """The keys of a file.

    Attributes:
        bids: The prices that firms ask, credits, one a firm; null or .nan asks none.
    """

    bids: list[Amount | None] = Field(min_length=1)


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Clears a round of price competition from a mapping; see `econo_env.mechanisms.document.clear_document`.

    Firms give: their allocation is the millionths of consumers that they sell to, below 0, as is what they are paid.
    """
    parsed, row, options = read_document(PricingDocument, document, rounding)
    demand, prices = row.params(options), amounts("bids", parsed.bids)
    asks, shares = ~np.isnan(prices), np.zeros(len(prices))
    asked = np.where(asks, prices, 0.0)
    row.rule(asked, asks, demand, shares)
    units = np.array([units_of(share) for share in shares])
    paid = np.array([payment_of(*sold) for sold in zip(shares, asked, strict=True)]) / MICRO
    names = named([FIRM] * len(prices))
    welfare, optimal = (float(w) for w in worth_of(asked, asks, shares, demand))
    count = len(prices)
    return Cleared(
        winners=np.flatnonzero(units).tolist(),
        allocation=units.tolist(),
        payments=paid.tolist(),
        welfare=welfare,
        optimal=optimal,
        gap=gap_between(welfare, optimal),
        explanation=explained(row, PriceRound(options, prices, shares, paid, demand.cost, names=names)),
        details={
            "shares": shares.tolist(),
            "nash_price": nash_price(count, demand),
            "monopoly_price": monopoly_price(count, demand),
        },
    )

"""One two-sided clearing from a file, with its explanation.

{mechanism: {name: mcafee}, buyers: [9, 8, 7], sellers: [2, 3, 4]}
"""

import numpy as np

from econo_env.clearing.document import (
    Amount,
    Document,
    Ints,
    amounts,
    as_credits,
    as_money,
    cleared_as,
    lottery_of,
    read_document,
)
from econo_env.clearing.double_auction.explain import explained
from econo_env.markets.double_auction.strategies import trader_names
from econo_env.mechanisms.document import Cleared, Contents, Rounding
from econo_env.mechanisms.rounds import TwoSidedRound
from econo_env.money import to_credits


class DoubleAuctionDocument(Document):
    """The keys of a file.

    Attributes:
        buyers: Bids in credits, one a buyer; null or .nan is no bid. A side may be empty: there is no trade then.
        sellers: Asks in credits, one a seller; null or .nan is no ask.
    """

    buyers: list[Amount | None]
    sellers: list[Amount | None]


def clear_document(document: Contents, seed: int = 0, rounding: Rounding | None = None) -> Cleared:
    """Clears a two-sided market from a mapping; see `econo_env.mechanisms.document.clear_document`.

    Traders are listed buyers first, then sellers, and counted through: the first of n sellers beside m buyers is m. The
    allocation is 1 for a unit bought and -1 for one sold; sellers' payments are negative.
    """
    parsed, row, options = read_document(DoubleAuctionDocument, document, rounding)
    sides = (("buyers", parsed.buyers), ("sellers", parsed.sellers))
    bids, asks = (as_money(amounts(name, offers, may_be_empty=True)) for name, offers in sides)
    order, allocation, payments = (np.zeros(len(bids) + len(asks), dtype=np.int64) for _ in range(3))
    row.rule(bids, asks, lottery_of(seed), row.params(options), order, allocation, payments)
    offers = np.concatenate([bids, asks])
    welfare, optimal = float(to_credits((allocation * offers).sum())), best_gains(bids, asks)
    cleared = TwoSidedRound(options, len(bids), as_credits(offers), allocation, to_credits(payments))
    return cleared_as(
        allocation, cleared.payments, welfare, optimal, explained(row, cleared, trader_names(len(bids), len(asks)))
    )


def best_gains(bids: Ints, asks: Ints) -> float:
    """The largest gains from trade on offers in micro-credits, negative for none; in credits."""
    demand, supply = np.sort(bids[bids >= 0])[::-1], np.sort(asks[asks >= 0])
    pairs = min(len(demand), len(supply))
    return float(to_credits(np.maximum(demand[:pairs] - supply[:pairs], 0).sum()))

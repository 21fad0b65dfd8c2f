"""What the prices of two-sided markets can be; those of one rule alone stand beside the rule."""

from econo_env.mechanisms.parameters import posted_price_of
from econo_env.mechanisms.reasons import Reason
from econo_env.mechanisms.rounds import BookTrade, TwoSidedRound


def posted_price(cleared: TwoSidedRound, trader: int) -> Reason | None:
    """The price that stood before the offers."""
    price = posted_price_of(cleared.options)
    return None if price is None else Reason("the posted price", cleared.side(trader) * price)


def resting_limit(trade: BookTrade, trader: int) -> Reason | None:
    """The limit of the order that was there first."""
    words = f"the price of {trade.other}'s resting order, first in its queue"
    return Reason(words, trade.resting) if trade.first else None

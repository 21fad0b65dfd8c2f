"""The reverse form of a sale: the rule sees what bids leave of the buyer's ceiling, and its payments likewise.

What suppliers' costs leave of the ceiling are values, and a sale among such values is the same game.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s
from econo_env.valuations.bid_function import MIDDLE, SEEN, BidFunction, Strategy

REVERSE = {"procurement": {}, "bids": "amount", "largest_bid": 1.0}
"""What makes the reverse form of a sale's built-in scenario: bids reach up to the ceiling."""


@compiled
def mirror(bids: Int64s, ceiling: int) -> None:
    """Turns bids (n,), at most the ceiling, into what they leave of it, and back; negative entries, no bids, stay."""
    for i in range(bids.shape[0]):
        if bids[i] >= 0:
            bids[i] = ceiling - bids[i]


def asked(ceiling: float, sale: BidFunction) -> Strategy:
    """The mirror of a sale's bid function: what to ask at each cost, credits, any shape.

    Costs above the ceiling ask for themselves and are not served; who stays out asks for more than the ceiling.
    """
    seen = replace(sale, blur=sale.blur + SEEN * ceiling)

    def ask(costs: ArrayLike, luck: ArrayLike = MIDDLE) -> NDArray[np.float64]:
        known = np.asarray(costs, dtype=np.float64)
        asks = ceiling - seen.placed(ceiling - known, luck)
        return np.where(known <= ceiling, np.where(np.isnan(asks), 2.0 * ceiling, asks), known)

    return ask

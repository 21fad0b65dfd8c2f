"""The outcome of a bidder's own bid, averaged over rivals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class BidClearing:
    """How a round of one bid an agent is cleared, for compiled loops that try own bids against the others'.

    An agent gains value times units less payment; who sells has negative units and payments.

    Attributes:
        rule: Compiled: the mechanism's rule, the first argument of `clear`.
        clear: Compiled, `(rule, bids, lottery, params, beside, order, allocation, payments)`: one round, bids whole
            micro-credits (agents,), -1 for none; `order` is room to work in.
        units_of: Compiled, `(i, bids, allocation, params, beside)`: the units of agent i, expected ones where a draw
            decides.
        params: The rule's parameters.
        beside: What else `clear` takes, such as weights.
    """

    rule: Callable[..., None]
    clear: Callable[..., None]
    units_of: Callable[..., float]
    params: Any
    beside: Any


@dataclass(frozen=True)
class BidCurves:
    """The outcome of one bidder's own bid, averaged over rivals.

    Attributes:
        bids: Own bids in credits, shape (bids,); NaN is no bid.
        allocation: Expected units won, shape (bids,).
        payment: Expected payment in credits, shape (bids,).
    """

    bids: Floats
    allocation: Floats
    payment: Floats

    def utility(self, values: Floats) -> Floats:
        """Expected utility in credits of each value (..., ) at each bid: shape (..., bids)."""
        return np.asarray(values)[..., None] * self.allocation - self.payment

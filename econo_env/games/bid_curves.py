"""The outcome of a bidder's own bid, averaged over rivals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


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

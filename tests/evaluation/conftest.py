"""Strategies small enough to be right by sight."""

import numpy as np
import pytest


class LinearBid:
    """Bids a fixed multiple of the own value, where an action is a share of the value."""

    def __init__(self, factor):
        self.name, self.factor = f"linear_{factor}", factor

    def reset(self, seed):
        """Nothing to restart."""

    def act(self, observations, mask):
        return np.full((*observations.shape[:-1], 1), self.factor - 1.0, dtype=np.float32)


@pytest.fixture
def linear_bid():
    """`linear_bid(factor)`: the strategy that bids `factor` times the value."""
    return LinearBid

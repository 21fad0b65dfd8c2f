"""How good a symmetric bid function is against itself in a first-price auction, on exact grids."""

from typing import NamedTuple

import numpy as np

from policies import make_policy

VALUES = (np.arange(2000) + 1.0) / 2000
RIVALS = (np.arange(100_000) + 0.5) / 100_000
BIDS = np.linspace(0.0, 1.0, 8001)


class Judgement(NamedTuple):
    """Relative utility loss, and the largest distance from equilibrium where winning is likelier than 5 %."""

    loss: float
    error: float


def judge(bid_function, n: int) -> Judgement:
    """Self-play on U[0, 1]: 1 - u(b) / u(best response), rivals' bids as a fine stratified sample of values."""
    bids, rivals = bid_function(VALUES), np.sort(bid_function(RIVALS))

    def wins(amounts):  # ties have no weight but at plateaus, where each of two sides wins half of them
        left, right = (np.searchsorted(rivals, amounts, side=side) for side in ("left", "right"))
        return ((left + right) / 2 / len(rivals)) ** (n - 1)

    utility = ((VALUES - bids) * wins(bids)).mean()
    grid = wins(BIDS)
    best = np.mean([np.max((value - BIDS) * grid) for value in VALUES])
    likely = VALUES ** (n - 1) > 0.05
    return Judgement(float(1 - utility / best), float(np.abs(bids - (n - 1) / n * VALUES)[likely].max()))


def bids_of(run, scenario):
    """The bid function of a run, values in [0, 1] to bids."""
    policy = make_policy(run, scenario)

    def bid(values):
        observations = np.stack([values, np.ones_like(values)], axis=1).astype(np.float32)[:, None]
        return (1.0 + policy.act(observations, np.ones((len(values), 1), bool))[:, 0, 0]) * values

    return bid

"""Suspicion: how unusual bids look, which raises how often they are audited and never slashes anybody."""

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s


@compiled
def spread(bids: Float64s) -> float:
    """Standard deviation over mean of a tender's bids, shape (bids,), whatever their scale; 0 where the mean is 0."""
    total, squares = 0.0, 0.0
    for bid in bids:
        total += bid
    mean = total / bids.shape[0]
    if mean == 0.0:
        return 0.0
    for bid in bids:
        squares += (bid - mean) * (bid - mean)
    return float(np.sqrt(squares / bids.shape[0]) / abs(mean))


@compiled
def suspicion(observed: float, honest: Float64s) -> float:
    """How rarely honest tenders are as close: (1 + how many are at most as spread) / (1 + how many), in (0, 1].

    A rank among tenders of the same kind known to be honest, so for an honest tender it is at most x with probability
    at most x, whatever the law of the bids.

    Args:
        observed: Spread of the tender.
        honest: Spreads of honest tenders of as many bids, shape (tenders,).
    """
    as_close = 1
    for other in honest:
        as_close += other <= observed
    return float(as_close / (1.0 + honest.shape[0]))


@compiled
def audit_rate(rarity: float, level: float, base: float, most: float) -> float:
    """Probability of an audit: `base`, and up to `most` in a straight line as the suspicion falls from `level` to 0.

    Args:
        rarity: From `suspicion`.
        level: Share of honest tenders that may be audited more than the others, in (0, 1).
        base: Probability where nothing is unusual.
        most: Probability at the most unusual.
    """
    if rarity >= level:
        return base
    return base + (most - base) * (1.0 - rarity / level)

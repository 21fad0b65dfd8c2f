"""What telemetry shows of the last round in every kind of market."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.state import Arrays, Int64s
from econo_env.money import to_credits

Floats = NDArray[np.float64]


def ratio(amounts: ArrayLike, over: ArrayLike, empty: float) -> Floats:
    """Amounts over others of the same shape, `empty` where those are not above 0."""
    parts, whole = np.asarray(amounts, dtype=np.float64), np.asarray(over, dtype=np.float64)
    return np.where(whole > 0, parts / np.where(whole > 0, whole, 1.0), empty)


def of_a_round(
    bids: Int64s,
    values: Floats,
    placed: NDArray[np.bool_],
    pays: Int64s,
    won: NDArray[np.bool_],
    welfare: Floats,
    best: Floats,
    no_welfare: float = 1.0,
) -> Arrays:
    """Series of one round; NaN where there is nothing to show.

    Args:
        bids: Micro-credits, shape (markets, agents).
        values: What they are compared with, in credits, the same shape.
        placed: Where there is a bid.
        pays: Micro-credits, the same shape.
        won: Whose payments are shown.
        welfare: Credits, shape (markets,).
        best: The largest welfare that was possible.
        no_welfare: The efficiency where none was.

    Returns:
        One an agent, shape (markets, agents): `bids` and `payments` of the winners in credits, `bid_value_ratio`. One a
        market, shape (markets,): `revenue` in credits, `efficiency`, the welfare over the largest possible one.
    """
    return {
        "bids": np.where(placed, to_credits(bids), np.nan),
        "bid_value_ratio": np.where(placed, ratio(to_credits(bids), values, np.nan), np.nan),
        "payments": np.where(won, to_credits(pays), np.nan),
        "revenue": to_credits(pays.sum(axis=1)),
        "efficiency": ratio(welfare, best, no_welfare),
    }

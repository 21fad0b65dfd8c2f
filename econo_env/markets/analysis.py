"""What several kinds of market tell judges and telemetry: bids as they were made, welfare of one measure, series."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.economy.award import Award
from econo_env.engine.state import Arrays, Float64s, Int64s
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.markets.records import Bids
from econo_env.money import to_credits
from econo_env.scenario import Scenario


def bids_made(scenario: Scenario, state: Bids) -> Float64s:
    """The bids of the last tick in credits, shape (markets, agents); NaN is no bid."""
    return np.where(state.bids < 0, np.nan, to_credits(state.bids))


def welfare_of(award: Award, realised: Float64s, optimal: Float64s) -> Welfare:
    """Welfare of one measure, all of which is there to divide; what is paid is the revenue.

    Args:
        award: What the last tick decided.
        realised: The welfare reached, credits (markets,).
        optimal: The most that any allocation reaches, credits (markets,).
    """
    return Welfare({PRIMARY: realised}, {PRIMARY: optimal}, to_credits(award.pays.sum(axis=1)), realised)


def ratio(amounts: ArrayLike, over: ArrayLike, empty: float) -> Float64s:
    """Amounts over others of the same shape, `empty` where those are not above 0."""
    parts, whole = np.asarray(amounts, dtype=np.float64), np.asarray(over, dtype=np.float64)
    return np.where(whole > 0, parts / np.where(whole > 0, whole, 1.0), empty)


def of_a_round(
    award: Award,
    bids: Int64s,
    values: Float64s,
    welfare: Float64s,
    best: Float64s,
    *,
    placed: NDArray[np.bool_] | None = None,
    no_welfare: float = 1.0,
) -> Arrays:
    """Series of one round; NaN where there is nothing to show.

    Args:
        award: What it decided.
        bids: Micro-credits, shape (markets, agents).
        values: What they are compared with, in credits, the same shape.
        welfare: Credits, shape (markets,).
        best: The largest welfare that was possible.
        placed: Where there is a bid; by default where it is not negative.
        no_welfare: The efficiency where none was possible.

    Returns:
        One an agent, shape (markets, agents): `bids`; `payments` of those who got or gave something, in credits;
        `bid_value_ratio`. One a market, shape (markets,): `revenue` in credits, `efficiency`, the welfare over the
        largest possible one.
    """
    made = bids >= 0 if placed is None else placed
    return {
        "bids": np.where(made, to_credits(bids), np.nan),
        "bid_value_ratio": np.where(made, ratio(to_credits(bids), values, np.nan), np.nan),
        "payments": np.where(award.units != 0, to_credits(award.pays), np.nan),
        "revenue": to_credits(award.pays.sum(axis=1)),
        "efficiency": ratio(welfare, best, no_welfare),
    }


def of_work(award: Award, bids: Int64s, worths: Float64s, surplus: Float64s, best: Float64s) -> Arrays:
    """Series of an auction whose winners work and are paid; NaN where there is nothing to show.

    Args:
        award: What it decided.
        bids: Micro-credits, shape (markets, agents), negative for none.
        worths: What the work of each is worth less its cost, the same shape.
        surplus: The expected surplus of who does it, shape (markets,).
        best: The largest one that was possible, 0 where nothing was on offer.

    Returns:
        One an agent: `bids` in credits, `bid_value_ratio`, `payments`, what winners received. One a market:
        `efficiency`.
    """
    return {
        "bids": np.where(bids >= 0, to_credits(bids), np.nan),
        "bid_value_ratio": np.where(bids >= 0, ratio(bids, worths, np.nan), np.nan),
        "payments": np.where(award.units != 0, to_credits(-award.pays), np.nan),
        "efficiency": ratio(surplus, best, np.nan),
    }

"""One clearing of a sealed-bid rule: bids in, allocation and payments out."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.rng import Lottery, market_keys
from econo_env.mechanisms.base import Mechanism, mechanism
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import to_credits, to_money

_NO_BID = -1


@dataclass(frozen=True)
class Outcome:
    """What an auction decided.

    Attributes:
        allocation: Units won by each bidder, shape (n,).
        payments: What each bidder pays in credits, shape (n,).
        winners: Indices of the winning bidders, in order.
        welfare: Sum of the winners' bids in credits: welfare if the bids are the values.
    """

    allocation: NDArray[np.int64]
    payments: NDArray[np.float64]
    winners: list[int]
    welfare: float

    @property
    def revenue(self) -> float:
        """Sum of the payments in credits."""
        return float(self.payments.sum())


def clear(
    name: str,
    bids: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    seed: int = 0,
    **parameters: Any,
) -> Outcome:
    """Clears one auction by the rule that the engine compiles.

    A market whose bids take another form, such as marginal bids or slots, offers `clear_one`, which takes over.

    Args:
        name: A mechanism's name, e.g. "second_price".
        bids: Amounts in credits, shape (n,), n at least 1; NaN is no bid.
        weights: Ranking factors, shape (n,), in steps of 0.001; all 1 by default.
        seed: Of the tie lottery.
        **parameters: The mechanism's parameters in credits, e.g. `reserve=0.5`.

    Returns:
        The outcome, amounts in credits.

    Raises:
        ValueError: A bid is negative or infinite, a weight is not positive, a shape is off, or a parameter is
            unknown or out of range.
    """
    row = mechanism(name)
    market = importlib.import_module(f"econo_env.markets.{row.market}")
    if hasattr(market, "clear_one"):
        cleared: Outcome = market.clear_one(name, bids, weights=weights, seed=seed, **parameters)
        return cleared
    row, money, factors, lottery, rule_terms = single_item_bids(name, bids, weights, seed, parameters)
    allocation, payments = np.zeros_like(money), np.zeros_like(money)
    row.rule(money, factors, lottery, rule_terms, allocation, payments)
    won = allocation > 0
    return Outcome(
        allocation=allocation,
        payments=to_credits(payments),
        winners=np.flatnonzero(won).tolist(),
        welfare=float(to_credits(np.where(won, money * allocation, 0)).sum()),
    )


def single_item_bids(
    name: str, bids: ArrayLike, weights: ArrayLike | None, seed: int, parameters: Mapping[str, Any]
) -> tuple[Mechanism, NDArray[np.int64], NDArray[np.int64], Lottery, Any]:
    """What a sealed-bid rule takes, from what people write; arguments and errors as for `clear`.

    Returns:
        The mechanism, bids in micro-credits (n,), -1 for none, weights in thousandths (n,), lottery, and parameters.
    """
    row = mechanism(name)
    if row.market != "sealed_bid":
        raise ValueError(f"{name!r} clears from a file: `econo-env clear` takes the form of a {row.market} market")
    amounts = np.asarray(bids, dtype=np.float64)
    if amounts.ndim != 1 or amounts.size == 0:
        raise ValueError(f"bids of shape {amounts.shape}: give a list of at least one amount, one per bidder")
    if np.any(amounts < 0) or np.any(np.isinf(amounts)):
        bad = amounts[(amounts < 0) | np.isinf(amounts)][0]
        raise ValueError(f"a bid of {bad} is not allowed: bids are finite amounts from 0, or NaN for no bid")
    factors = np.ones_like(amounts) if weights is None else np.asarray(weights, dtype=np.float64)
    if factors.shape != amounts.shape or not np.all(factors >= 1 / WEIGHT_UNIT):
        raise ValueError(f"weights {factors.tolist()}: give one of at least 0.001 for each of {len(amounts)} bidders")
    none = np.isnan(amounts)
    money = np.where(none, _NO_BID, to_money(np.where(none, 0.0, amounts)))
    thousandths = np.rint(factors * WEIGHT_UNIT).astype(np.int64)
    return row, money, thousandths, Lottery(market_keys(seed, 1)[0], 0, 0), row.terms(row.options(**parameters))

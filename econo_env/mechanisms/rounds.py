"""Rounds that have been cleared, as the reasons of payments and the explanations of markets see them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from econo_env.agents import BIDDER
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.reasons import SAME

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Margin(NamedTuple):
    """The offers about the last efficient trade, credits.

    Attributes:
        bid: The last bid that trades.
        ask: The last ask that trades.
        next_bid: The next bid, -inf for none.
        next_ask: The next ask, inf for none.
    """

    bid: float
    ask: float
    next_bid: float
    next_ask: float


@dataclass(frozen=True)
class Named:
    """What the bidders of a round are called.

    Attributes:
        names: Their names, length n; none where people gave none.
    """

    names: Sequence[str] = field(default=(), kw_only=True)

    def name_of(self, bidder: int) -> str:
        """The name of a bidder, `bidder_0` and so on where none was given."""
        return self.names[bidder] if self.names else f"{BIDDER}_{bidder}"


@dataclass(frozen=True)
class Sale(Named):
    """What sealed bids and marginal bids share.

    Attributes:
        options: The rule's parameters.
        ceiling: In procurement the most that the buyer pays for a unit, credits; None in a sale.
    """

    options: BaseModel
    ceiling: float | None

    @property
    def reverse(self) -> bool:
        """Whether the lowest bid wins and is paid."""
        return self.ceiling is not None

    @property
    def limit(self) -> float:
        """The worst bid that may win: the reserve, or in procurement the ceiling less the reserve."""
        reserve = reserve_of(self.options)
        return reserve if self.ceiling is None else self.ceiling - reserve

    @property
    def limit_name(self) -> str:
        """What that limit is called."""
        if self.ceiling is None:
            return "the reserve"
        return "the ceiling less the reserve" if reserve_of(self.options) else "the ceiling"

    def may_win(self, amounts: Floats) -> Bools:
        """Which amounts may win; NaN may not."""
        with np.errstate(invalid="ignore"):
            return amounts <= self.limit + SAME if self.reverse else amounts >= self.limit - SAME


@dataclass(frozen=True)
class SealedRound(Sale):
    """One sealed bid each.

    Attributes:
        bids: Credits, NaN for none, shape (n,).
        weights: Ranking factors, shape (n,).
        allocation: Units won, shape (n,).
        payments: Credits paid, shape (n,); negative where it is received.
        sellers_bid: A bid of the seller's own, credits; None for none.
        walked_away: Who won and lost its stake instead of buying, shape (n,); None where nobody may.
    """

    bids: Floats
    weights: Floats
    allocation: Ints
    payments: Floats
    sellers_bid: float | None = None
    walked_away: Bools | None = None

    @property
    def scores(self) -> Floats:
        """What bids are ranked by, the highest first; -inf for those that may not win."""
        ranked = -self.bids if self.reverse else self.bids * self.weights
        return np.where(self.accepted, ranked, -np.inf)

    @property
    def accepted(self) -> Bools:
        """Bids that may win."""
        return self.may_win(self.bids)

    @property
    def plain(self) -> bool:
        """Whether all weights are 1."""
        return bool(np.all(self.weights == 1.0))

    @property
    def best_loser(self) -> int | None:
        """Who is ranked first among accepted bids that won nothing."""
        scores = np.where(self.allocation != 0, -np.inf, self.scores)
        return None if np.isinf(scores.max(initial=-np.inf)) else int(np.argmax(scores))


@dataclass(frozen=True)
class UnitRound(Sale):
    """Marginal bids for identical units.

    Attributes:
        bids: Marginal bids in credits, not increasing along a row (in procurement not decreasing), NaN for none, shape
            (n, units wanted).
        allocation: Units won, shape (n,).
        payments: Credits paid, shape (n,); negative where it is received.
    """

    bids: Floats
    allocation: Ints
    payments: Floats

    @property
    def losing(self) -> Floats:
        """The marginal bids that won nothing, NaN for the others, the shape of `bids`."""
        return np.where(np.arange(self.bids.shape[1]) >= self.allocation[:, None], self.bids, np.nan)

    @property
    def accepted_losing(self) -> Floats:
        """Those of them that may win."""
        return np.where(self.may_win(self.losing), self.losing, np.nan)

    def best_first(self, amounts: Floats) -> Floats:
        """Amounts without NaN, sorted."""
        kept = np.sort(amounts[~np.isnan(amounts)])
        return kept if self.reverse else kept[::-1]


@dataclass(frozen=True)
class SlotRound(Named):
    """A page that has been sold.

    Attributes:
        options: The rule's parameters.
        bids: Credits per click, NaN for none, shape (n,).
        weights: Quality scores, shape (n,).
        click_rates: Expected clicks of each slot, shape (slots,).
        allocation: Slot from 1, 0 for none, shape (n,).
        payments: Credits for the expected clicks, shape (n,).
    """

    options: BaseModel
    bids: Floats
    weights: Floats
    click_rates: Floats
    allocation: Ints
    payments: Floats

    @property
    def scores(self) -> Floats:
        """Weighted bids, -inf for those below the reserve, shape (n,)."""
        with np.errstate(invalid="ignore"):
            return np.where(self.bids >= reserve_of(self.options), self.bids * self.weights, -np.inf)

    def follower(self, slot: int) -> int | None:
        """Who comes after a slot, counted from 1: the next slot's occupant, after the last one the best loser."""
        if slot < len(self.click_rates):
            below = np.flatnonzero(self.allocation == slot + 1)
            return int(below[0]) if below.size else None
        out = np.where(self.allocation == 0, self.scores, -np.inf)
        return int(np.argmax(out)) if out.max(initial=-np.inf) >= 0 else None


@dataclass(frozen=True)
class ScoredRound(Named):
    """A purchase by score.

    Attributes:
        options: The rule's parameters.
        prices: Credits, NaN for no offer, shape (n,).
        qualities: Shape (n,).
        counted: Credits that the announced score counts each quality for, shape (n,).
        allocation: 1 for the winner, shape (n,).
        payments: What suppliers are paid, credits, shape (n,).
    """

    options: BaseModel
    prices: Floats
    qualities: Floats
    counted: Floats
    allocation: Ints
    payments: Floats

    @property
    def scores(self) -> Floats:
        """What is counted less the price, credits to the micro-credit, -inf without an offer, shape (n,)."""
        return np.where(np.isnan(self.prices), -np.inf, np.round(self.counted - self.prices, 6))


@dataclass(frozen=True)
class TaskRound(Named):
    """A task given by score.

    Attributes:
        options: The rule's parameters.
        scores: Expected worth of the reported work less its cost, credits, NaN for none, shape (n,).
        winner: Who takes the task, or None.
        owed: What the winner owes whatever its work turns out to be, credits.
    """

    options: BaseModel
    scores: Floats
    winner: int | None
    owed: float


@dataclass(frozen=True)
class ClockSale(Named):
    """A clock at a tick, or a sale that is over.

    Attributes:
        limits: The price up to which each bidder says yes, credits, NaN for never, shape (n,).
        left_at: The price at which each bidder left, NaN for those who did not, shape (n,).
        still_in: Bidders still in after the last tick.
        buyer: Who bought, or None.
        price: What it pays, credits.
        ticks: Ticks played.
        asked: The price of the last tick, credits.
        accepted: The last price that anyone still in accepted, credits.
        called: The price at which the buyer came to lead, credits.
    """

    limits: Floats
    left_at: Floats
    still_in: int
    buyer: int | None
    price: float
    ticks: int
    asked: float
    accepted: float
    called: float


@dataclass(frozen=True)
class TwoSidedRound:
    """A clearing of bids and asks.

    Attributes:
        options: The rule's parameters; a rule's own sources read them.
        num_buyers: The first so many traders are buyers.
        offers: Bids, then asks, in credits, NaN for none, shape (traders,).
        allocation: 1 for a unit bought, -1 for one sold, shape (traders,).
        payments: Credits, negative for sellers, shape (traders,).
    """

    options: Any
    num_buyers: int
    offers: Floats
    allocation: Ints
    payments: Floats

    def side(self, trader: int) -> int:
        """1 for a buyer, -1 for a seller."""
        return 1 if trader < self.num_buyers else -1

    def margin(self) -> Margin | None:
        """The offers about the last efficient trade; None where there is none."""
        demand, supply = (np.sort(side[~np.isnan(side)]) for side in np.split(self.offers, [self.num_buyers]))
        demand, pairs = demand[::-1], min(len(demand), len(supply))
        trades = int(np.sum(demand[:pairs] >= supply[:pairs]))
        if trades == 0:
            return None
        return Margin(
            bid=float(demand[trades - 1]),
            ask=float(supply[trades - 1]),
            next_bid=float(demand[trades]) if trades < len(demand) else -np.inf,
            next_ask=float(supply[trades]) if trades < len(supply) else np.inf,
        )


@dataclass(frozen=True)
class BookTrade:
    """A trade of an order that has come in.

    Attributes:
        other: Whose resting order it met.
        resting: The limit of that order in credits, NaN where none rested there.
        first: Whether that order was the first in its queue.
    """

    other: str
    resting: float
    first: bool


@dataclass(frozen=True)
class PriceRound(Named):
    """A round in which consumers have chosen.

    Attributes:
        options: The rule's parameters.
        prices: That firms ask, credits, NaN for none, shape (n,).
        shares: Of consumers, that each sells to, shape (n,).
        payments: Credits, negative where received, shape (n,).
        cost: Of the goods for all consumers, credits.
    """

    options: BaseModel
    prices: Floats
    shares: Floats
    payments: Floats
    cost: float

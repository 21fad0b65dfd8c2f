"""What traders hear of a two-sided market: the shouts and trades of the last tick, as everybody is shown them.

A shout is a bid or an ask that stood in the tick. It was taken where somebody traded at it and in vain elsewhere.
Whoever accepts another's shout makes none. How much is heard depends on what a scenario shows:

* `double_auction` with `feedback: all_bids`, `order_book` with `feedback: all_orders`: every shout;
* `order_book` with `feedback: book`: the best bid and ask, and the last price where it has changed or a trade was
  one's own.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.state import Bools, Float64s, Int64s
from econo_env.market import market_of
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario, TwoSidedScenario
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.policy import Observations
from econo_env.scenario import Scenario

NOTHING, BID, ASK, BID_TAKEN, ASK_TAKEN, TRADE = range(6)
"""Kinds of entries. `TRADE` is one of which nobody knows whose shout it was."""


class Tape(NamedTuple):
    """The entries of the last tick; every array is (markets, entries)."""

    kind: Int64s
    limit: Float64s  # credits, of the shout
    price: Float64s  # credits at which it was taken; the limit where it was not


class Seen(NamedTuple):
    """What each trader sees now, in credits."""

    value: Float64s  # (markets, agents), value or cost of the next unit
    sells: Bools  # (markets, agents)
    free: Bools  # (markets, agents), who has units left and may act
    units: Int64s  # (markets, agents), own units left
    bid: Float64s  # (markets,), the best resting bid, 0 for none
    ask: Float64s  # (markets,), the best resting ask, the highest price for none
    ticks: Int64s  # (markets,), ticks left, this one included, in which the same units can be traded


Listening = Callable[[NDArray[np.float64], Float64s], Tape]
"""`(observations, last)`: the tape; `last`, (markets,), is the last price heard, and is moved on."""


def two_sided(scenario: Scenario, who: str) -> TwoSidedScenario:
    """The scenario as one of buyers and sellers.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(scenario, OrderBookScenario | DoubleAuctionScenario):
        raise ValueError(
            f"{scenario.id}: {who} trades among buyers and sellers, in a market order_book or double_auction, not "
            f"{scenario.market}"
        )
    return scenario


def coarseness(scenario: TwoSidedScenario) -> float:
    """Credits by which what is shouted may differ from what was meant: the tick of a book, and what float32 shows."""
    tick = scenario.tick_size if isinstance(scenario, OrderBookScenario) else 0.0
    return tick + 1e-6 * scenario.highest_value


class Ear:
    """Reads observations of one scenario.

    Attributes:
        scenario: The market.
        entries: Entries of a tape.
    """

    def __init__(self, scenario: Scenario, who: str) -> None:
        """Finds what there is to hear.

        Raises:
            ValueError: Nothing of the last tick is shown, or the market is not one of buyers and sellers.
        """
        self.scenario = two_sided(scenario, who)
        names = market_of(scenario).observations(scenario)
        self._at = {name: place for place, name in enumerate(names)}
        buyers = np.arange(scenario.num_agents) < self.scenario.num_buyers
        self._sides = np.where(buyers, BID, ASK)
        self._scale = self.scenario.highest_value * (1.0 if self.scenario.bids == "amount" else 2.0)
        self.entries, self._listen = self._listening(who)

    def _listening(self, who: str) -> tuple[int, Listening]:
        scenario = self.scenario
        if isinstance(scenario, OrderBookScenario):
            return (scenario.num_agents, self._orders) if "limit_of_0" in self._at else (3, self._book)
        if "offer_of_0" in self._at:
            return scenario.num_agents, self._offers
        raise ValueError(
            f"{scenario.id}: {who} learns from all offers of the last round, which are not shown: set "
            "feedback=all_bids and max_cycles of 2 or more"
        )

    def hear(self, observations: Observations, last: Float64s) -> Tape:
        """The tape; see `Listening`. Observations are (markets, agents, features)."""
        return self._listen(np.asarray(observations, dtype=np.float64), last)

    def see(self, observations: Observations, free: Bools) -> Seen:
        """What each trader sees now."""
        seen, highest = np.asarray(observations, dtype=np.float64), self.scenario.highest_value
        markets, at = len(seen), self._at
        value, sells = seen[..., 0] * highest, seen[..., 2] > 0.5
        left = np.rint(seen[:, 0, at["rounds_left"]] * self.scenario.max_cycles).astype(np.int64)
        if not isinstance(self.scenario, OrderBookScenario):
            one = np.ones(value.shape, dtype=np.int64)
            return Seen(value, sells, free, one, np.zeros(markets), np.full(markets, highest), one[:, 0].copy())
        units = np.rint(seen[..., at["units_left"]] * self.scenario.units).astype(np.int64)
        bid, ask = (seen[:, 0, at[name]] * highest for name in ("best_bid", "best_ask"))
        return Seen(value, sells, free, units, bid, ask, np.maximum(left, 1))

    def _columns(self, seen: NDArray[np.float64], name: str, scale: float) -> Float64s:
        """Features of all agents in credits, (markets, agents), as any of them sees them."""
        first = self._at[f"{name}_of_0"]
        step = self._at[f"{name}_of_1"] - first
        stop = first + step * self.scenario.num_agents
        return seen[:, 0, first:stop:step] * scale

    def _orders(self, seen: NDArray[np.float64], last: Float64s) -> Tape:
        highest = self.scenario.highest_value
        limits, prices = (self._columns(seen, name, highest) for name in ("limit", "price"))
        traded, near = prices > 0.0, 1e-6 * highest  # what float32 shows of one price in two ways
        own = np.abs(prices - limits) < near
        shouts = np.where(traded, np.where(own, self._sides + 2, NOTHING), self._sides)
        return Tape(np.where(limits > 0.0, shouts, NOTHING), limits, np.where(traded, prices, limits))

    def _book(self, seen: NDArray[np.float64], last: Float64s) -> Tape:
        at, highest = self._at, self.scenario.highest_value
        found = np.stack([seen[:, 0, at[name]] for name in ("best_bid", "best_ask", "last_price")], axis=1)
        prices = found * highest
        traded = (prices[:, 2] > 0.0) & ((prices[:, 2] != last) | (seen[..., at["traded"]] > 0.5).any(axis=1))
        last[:] = prices[:, 2]
        kinds = np.stack([(prices[:, 0] > 0.0) * BID, (found[:, 1] < 1.0) * ASK, traded * TRADE], axis=1)
        return Tape(kinds.astype(np.int64), prices, prices)

    def _offers(self, seen: NDArray[np.float64], last: Float64s) -> Tape:
        """Offers of the last sealed round; as many pairs trade as cross, at the middle of the last pair."""
        limits, buyers = self._columns(seen, "offer", self._scale), self.scenario.num_buyers
        bids, asks = -np.sort(-limits[:, :buyers], axis=1), np.sort(limits[:, buyers:], axis=1)
        pairs = min(bids.shape[1], asks.shape[1])
        cross = (bids[:, :pairs] >= asks[:, :pairs]).sum(axis=1)
        rows, marginal = np.arange(len(limits)), np.maximum(cross - 1, 0)
        middle = (bids[rows, marginal] + asks[rows, marginal]) / 2.0
        price = np.broadcast_to(middle[:, None], limits.shape)
        taken = np.concatenate([_rank(-limits[:, :buyers]), _rank(limits[:, buyers:])], axis=1) < cross[:, None]
        began = seen[:, 0, self._at["rounds_left"]] >= 1.0  # nobody has offered anything yet
        kinds = np.where(began[:, None], NOTHING, np.where(taken, self._sides + 2, self._sides))
        return Tape(kinds, limits, np.where(taken, price, limits))


def _rank(numbers: Float64s) -> Int64s:
    """The place of each number in its row from the least, 0 first; of equal ones the earlier first."""
    places: Int64s = np.argsort(np.argsort(numbers, axis=1, kind="stable"), axis=1, kind="stable")
    return places

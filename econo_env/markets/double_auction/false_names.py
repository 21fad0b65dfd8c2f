"""A trader under several names in a sealed two-sided market: a name stands on either side.

A report is (bid, ask), one of them no offer: a name that gives both stands on the trader's own side. A name that sells
what the trader does not have must deliver all the same: the missing unit costs the highest value of all.
"""

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Float64s, Int64s, UInt64s
from econo_env.games.false_names import FalseNames
from econo_env.markets.double_auction.kernels import State
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario
from econo_env.markets.false_names import NO_BID, SHARES, earned, stacked
from econo_env.markets.outcome_curves import Row
from econo_env.money import to_money


def reports(scenario: DoubleAuctionScenario, state: State) -> Int64s:
    """The offers of the last round, (markets, agents, 2): the bid of a buyer, the ask of a seller."""
    made = np.full((*state.bids.shape, 2), NO_BID, dtype=np.int64)
    made[:, : scenario.num_buyers, 0] = state.bids[:, : scenario.num_buyers]
    made[:, scenario.num_buyers :, 1] = state.bids[:, scenario.num_buyers :]
    return made


def splits(scenario: DoubleAuctionScenario, agent: int, type_: Float64s, report: Int64s, names: int) -> Int64s:
    """The own offer under one name, and under the others equal offers on one side, at parts of the highest value."""
    highest, found = int(to_money(scenario.highest_value)), []
    for amount in np.linspace(0.0, highest, 4 * len(SHARES) + 1).astype(np.int64):
        for side in (0, 1):
            offers = np.full((names, 2), NO_BID, dtype=np.int64)
            offers[1:, side] = amount
            offers[0] = report
            found.append(offers)
    return stacked(found, names, 2)


@compiled
def _clear_names(
    rule: Rule, params: object, own: Int64s, rivals: Int64s, keys: UInt64s, scratch: Row, held: Int64s, paid: Int64s
) -> None:
    """Units that the names buy less those that they sell, and what they pay, strategy by strategy."""
    bids, asks, order, allocation, payments = scratch
    others, names = rivals.shape[1], own.shape[1]
    buyers = others + names
    for r in range(rivals.shape[0]):
        for i in range(others):
            bids[i], asks[i] = rivals[r, i, 0], rivals[r, i, 1]
        lottery = Lottery(keys[r], 0, 0)
        for s in range(own.shape[0]):
            for name in range(names):
                bids[others + name], asks[others + name] = own[s, name, 0], own[s, name, 1]
            rule(bids, asks, lottery, params, order, allocation, payments)
            for name in range(names):
                for place in (others + name, buyers + others + name):
                    held[s, r] += allocation[place]
                    paid[s, r] += payments[place]


def play(
    scenario: DoubleAuctionScenario, agent: int, type_: Float64s, own: Int64s, rivals: Int64s, keys: UInt64s
) -> Float64s:
    """What the net of the names' trades is worth less payments; see `econo_env.games.false_names.PlayNames`."""
    traders, names = rivals.shape[1] + own.shape[1], own.shape[1]
    bids, asks = (np.zeros(traders, dtype=np.int64) for _ in range(2))
    order, allocation, payments = (np.zeros(2 * traders, dtype=np.int64) for _ in range(3))
    endowed = 0 if agent < scenario.num_buyers else 1
    stock = np.arange(-names, names + 1) + endowed
    one, missing = int(to_money(type_[0])), int(to_money(scenario.highest_value))
    worth = np.where(stock < 0, stock * missing, np.minimum(stock, 1) * one) - endowed * one
    offers = np.maximum(own, NO_BID)
    both = offers.min(axis=2) >= 0
    offers[..., 1 - endowed] = np.where(both, NO_BID, offers[..., 1 - endowed])
    scratch = bids, asks, order, allocation, payments
    return earned(_clear_names, scenario, (offers, rivals, keys), scratch, worth, offset=names)


FALSE_NAMES = FalseNames(reports, splits, play)

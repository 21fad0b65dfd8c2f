"""A bidder under several names in a sealed-bid market: one bid a name, and one unit is of use."""

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Float64s, Int64s, UInt64s
from econo_env.games.false_names import FalseNames
from econo_env.markets.false_names import SHARES, earned, scaled, stacked
from econo_env.markets.outcome_curves import Row
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.markets.sealed_bid.state import State
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import to_money


def misfit(scenario: SealedBidScenario) -> str | None:
    """Names are judged where values are private, bids count alike and money is utility."""
    if not scenario.is_plain or scenario.weights is not None:
        return "names are judged with independent private values, one weight for all and nothing beside the sale"
    return None


def reports(scenario: SealedBidScenario, state: State) -> Int64s:
    """The bids of the last round, (markets, agents, 1)."""
    return np.array(state.bids)[..., None]


def splits(scenario: SealedBidScenario, agent: int, type_: Float64s, report: Int64s, names: int) -> Int64s:
    """Equal bids, an equal part of a bid each, and one bid with lower ones beside it."""
    value = int(to_money(type_[0]))
    found = []
    for share in SHARES:
        each = np.full((names, 1), value * share)
        beside = np.full((names, 1), report[0] * share)
        beside[0] = report[0]
        found += [np.floor(each + 0.5), np.floor(each / names + 0.5), np.floor(beside + 0.5)]
    found.append(np.stack([report, *[scaled(report, 0.5**name) for name in range(1, names)]]))
    return stacked([one.astype(np.int64) for one in found], names, 1)


@compiled
def _clear_names(
    rule: Rule, params: object, own: Int64s, rivals: Int64s, keys: UInt64s, scratch: Row, held: Int64s, paid: Int64s
) -> None:
    """Units that the names win and what they pay, strategy by strategy against each profile."""
    bids, weights, allocation, payments = scratch
    others = rivals.shape[1]
    for r in range(rivals.shape[0]):
        for i in range(others):
            bids[i] = rivals[r, i, 0]
        lottery = Lottery(keys[r], 0, 0)
        for s in range(own.shape[0]):
            for name in range(own.shape[1]):
                bids[others + name] = own[s, name, 0]
            rule(bids, weights, lottery, params, allocation, payments)
            for name in range(own.shape[1]):
                held[s, r] += allocation[others + name]
                paid[s, r] += payments[others + name]


def play(
    scenario: SealedBidScenario, agent: int, type_: Float64s, own: Int64s, rivals: Int64s, keys: UInt64s
) -> Float64s:
    """The value of one unit, if any is won, less all payments; see `econo_env.games.false_names.PlayNames`."""
    bidders = rivals.shape[1] + own.shape[1]
    bids, allocation, payments = (np.zeros(bidders, dtype=np.int64) for _ in range(3))
    scratch = bids, np.full(bidders, WEIGHT_UNIT, dtype=np.int64), allocation, payments
    worth = np.full(own.shape[1] + 1, int(to_money(type_[0])), dtype=np.int64)
    worth[0] = 0
    return earned(_clear_names, scenario, (own, rivals, keys), scratch, worth)


FALSE_NAMES = FalseNames(reports, splits, play, misfit=misfit)

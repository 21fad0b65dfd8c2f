"""A bidder under several names in a multi-unit market: the names' units add up."""

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Float64s, Int64s, UInt64s
from econo_env.games.false_names import FalseNames
from econo_env.markets.false_names import NO_BID, SHARES, earned, scaled, stacked
from econo_env.markets.multi_unit.kernels import State
from econo_env.markets.multi_unit.scenario import MultiUnitScenario
from econo_env.markets.outcome_curves import Row
from econo_env.money import to_money


def misfit(scenario: MultiUnitScenario) -> str | None:
    """Names are judged in sales."""
    return None if scenario.procurement is None else "names are judged in sales, not in procurement"


def reports(scenario: MultiUnitScenario, state: State) -> Int64s:
    """The marginal bids of the last round, (markets, agents, demand)."""
    return np.array(state.bids)


def splits(scenario: MultiUnitScenario, agent: int, type_: Float64s, report: Int64s, names: int) -> Int64s:
    """The units dealt out to names in turn and in runs; the bids after the first as they are, shaded, or left out."""
    demand, found = scenario.demand, []
    for share in (0.0, *SHARES):
        shaded = np.concatenate([report[:1], scaled(report[1:], share)])
        for kept in range(1, demand + 1):
            for runs in (False, True):
                dealt = np.full((names, demand), NO_BID, dtype=np.int64)
                for unit in range(kept):
                    name, place = (unit * names // kept, unit) if runs else (unit % names, unit // names)
                    place = int((dealt[name] >= 0).sum())
                    dealt[name, place] = shaded[unit]
                found.append(dealt)
    return stacked(found, names, demand)


def merged(scenario: MultiUnitScenario, own: Int64s) -> Int64s:
    """The highest bids of all names under one, as many as it can make."""
    return np.asarray(-np.sort(-own, axis=None)[: scenario.demand])


@compiled
def _clear_names(
    rule: Rule, params: object, own: Int64s, rivals: Int64s, keys: UInt64s, scratch: Row, held: Int64s, paid: Int64s
) -> None:
    """Units that the names win and what they pay, strategy by strategy against each profile."""
    bids, allocation, payments = scratch
    others, demand = rivals.shape[1], rivals.shape[2]
    for r in range(rivals.shape[0]):
        for i in range(others):
            for unit in range(demand):
                bids[i, unit] = rivals[r, i, unit]
        lottery = Lottery(keys[r], 0, 0)
        for s in range(own.shape[0]):
            for name in range(own.shape[1]):
                for unit in range(demand):
                    bids[others + name, unit] = own[s, name, unit]
            rule(bids, lottery, params, allocation, payments)
            for name in range(own.shape[1]):
                held[s, r] += allocation[others + name]
                paid[s, r] += payments[others + name]


def play(
    scenario: MultiUnitScenario, agent: int, type_: Float64s, own: Int64s, rivals: Int64s, keys: UInt64s
) -> Float64s:
    """The marginal values of all units won, best uses first, less payments: `econo_env.games.false_names.PlayNames`."""
    names, demand = own.shape[1], scenario.demand
    bidders = rivals.shape[1] + names
    allocation, payments = (np.zeros(bidders, dtype=np.int64) for _ in range(2))
    scratch = np.zeros((bidders, demand), dtype=np.int64), allocation, payments
    worth = np.zeros(max(names, 1) * demand + 1, dtype=np.int64)
    worth[1 : demand + 1] = to_money(type_)
    falling = -np.sort(-np.maximum(own, NO_BID), axis=2)
    return earned(_clear_names, scenario, (falling, rivals, keys), scratch, np.cumsum(worth))


FALSE_NAMES = FalseNames(reports, splits, play, misfit=misfit, merged=merged)

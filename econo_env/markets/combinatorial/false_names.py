"""A bidder under several names in a combinatorial market: what the names win together is one bundle of the bidder's."""

from itertools import product

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Float64s, Int64s, UInt64s
from econo_env.games.false_names import FalseNames
from econo_env.markets.combinatorial.scenario import CombinatorialScenario
from econo_env.markets.combinatorial.state import State
from econo_env.markets.combinatorial.strategies import own_values
from econo_env.markets.false_names import NO_BID, earned, stacked
from econo_env.mechanisms.combinatorial.batch import scratch_for
from econo_env.mechanisms.combinatorial.known_rivals import partitions
from econo_env.mechanisms.combinatorial.small import Game, Scratch

MOST_ITEMS = 4
"""Up to so many items every way to split a bundle among names is tried."""

_SHARES = (0.5, 1.0, 2.0)
"""Bids of a name as multiples of what its part is worth, and of what the whole is worth."""


def misfit(scenario: CombinatorialScenario) -> str | None:
    """Every split is tried, so items are few."""
    items = scenario.offers.num_items
    return None if items <= MOST_ITEMS else f"{items} items: names are judged with up to {MOST_ITEMS}"


def reports(scenario: CombinatorialScenario, state: State) -> Int64s:
    """The bids of the last round by bundle, (markets, agents, bundles): component b - 1 is the bundle of bits b."""
    offers, agents = scenario.offers, scenario.num_agents
    made = np.full((len(state.bids), agents, (1 << offers.num_items) - 1), NO_BID, dtype=np.int64)
    drawn = scenario.bundle_values.random_bundles
    for offer, agent in enumerate(offers.owner):
        bundles = state.bundle[:, offer] if drawn else np.full(len(made), offers.masks[offer])
        made[np.arange(len(made)), agent, bundles - 1] = state.bids[:, offer]
    return made


def worth_of_sets(scenario: CombinatorialScenario, agent: int, type_: Float64s) -> Int64s:
    """What every set of items is worth to the agent, micro-credits (2^items,): its best wish within the set."""
    offers, each = scenario.offers, scenario.bundles_each
    wishes = offers.masks[agent * each : (agent + 1) * each]
    if scenario.bundle_values.random_bundles:
        wishes = np.array([int(type_[each])])
    values = own_values(scenario, agent, type_[None])[0]
    sets = np.arange(1 << offers.num_items)
    within = (sets[:, None] & wishes[None, :]) == wishes[None, :]
    return np.asarray(np.where(within, values[None, :], 0).max(axis=1), dtype=np.int64)


def splits(scenario: CombinatorialScenario, agent: int, type_: Float64s, report: Int64s, names: int) -> Int64s:
    """Every way to split items among names; each asks for its part at shares of its or the whole's worth, or beats all.

    With three names or more the amounts of all parts go up together.
    """
    worth, items, found = worth_of_sets(scenario, agent, type_), scenario.offers.num_items, []
    highest = int(scenario.offers.amount.max())
    for parts in partitions(items, names):
        whole = int(worth[sum(parts)])
        if whole == 0:
            continue
        levels = [
            sorted({highest, *(int(share * base) for share in _SHARES for base in (int(worth[part]), whole))})
            for part in parts
        ]
        for amounts in product(*levels) if names < 3 else zip(*_same_place(levels), strict=True):
            asked = np.full((names, len(report)), NO_BID, dtype=np.int64)
            asked[np.arange(names), np.array(parts) - 1] = amounts
            found.append(asked)
    return stacked(found, names, len(report))


def _same_place(levels: list[list[int]]) -> list[list[int]]:
    """Lists cut or filled up to the same length, so that parts of a split go up together."""
    longest = max(map(len, levels))
    return [level + [level[-1]] * (longest - len(level)) for level in levels]


Space = tuple[Game, Int64s, Int64s, Int64s, Scratch]
"""Room for one clearing: who bids on what, bids, allocation, payments, scratch."""


@compiled
def _clear_names(
    rule: Rule,
    params: object,
    own: Int64s,
    rivals: Int64s,
    keys: UInt64s,
    space: Space,
    held: Int64s,
    paid: Int64s,
) -> None:
    """The items that the names win, as bits, and what they pay, strategy by strategy against each profile."""
    game, bids, allocation, payments, scratch = space
    others, bundles = rivals.shape[1], rivals.shape[2]
    for r in range(rivals.shape[0]):
        for i in range(others):
            for b in range(bundles):
                bids[i * bundles + b] = rivals[r, i, b]
        lottery = Lottery(keys[r], 0, 0)
        for s in range(own.shape[0]):
            for name in range(own.shape[1]):
                for b in range(bundles):
                    bids[(others + name) * bundles + b] = own[s, name, b]
            rule(game, bids, lottery, params, allocation, payments, scratch)
            for name in range(own.shape[1]):
                won = allocation[others + name]
                if won >= 0:
                    held[s, r] |= game.bundle[won]
                paid[s, r] += payments[others + name]


def play(
    scenario: CombinatorialScenario, agent: int, type_: Float64s, own: Int64s, rivals: Int64s, keys: UInt64s
) -> Float64s:
    """What the items of all names are worth together less payments; see `econo_env.games.false_names.PlayNames`."""
    bidders, bundles, items = rivals.shape[1] + own.shape[1], own.shape[2], scenario.offers.num_items
    game = Game(
        np.arange(bidders + 1, dtype=np.int64) * bundles,
        np.tile(np.arange(1, bundles + 1, dtype=np.int64), bidders),
        items,
    )
    bids, allocation, payments = (np.zeros(size, dtype=np.int64) for size in (bidders * bundles, bidders, bidders))
    space = game, bids, allocation, payments, scratch_for(bidders, bidders * bundles, items)
    return earned(_clear_names, scenario, (own, rivals, keys), space, worth_of_sets(scenario, agent, type_))


FALSE_NAMES = FalseNames(reports, splits, play, misfit=misfit)

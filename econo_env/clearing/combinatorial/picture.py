"""One round of a combinatorial market as people see it."""

from dataclasses import replace

import numpy as np

from econo_env.clearing.combinatorial.explain import bundle_name, explained
from econo_env.clearing.picture import Column, Picture, credits_written
from econo_env.market import agents_of
from econo_env.markets.combinatorial.scenario import CombinatorialScenario
from econo_env.markets.combinatorial.state import State, offers_at
from econo_env.markets.combinatorial.strategies import best_worth, worth_won
from econo_env.mechanisms.combinatorial.auction import AuctionOutcome
from econo_env.mechanisms.combinatorial.row import mode_of
from econo_env.mechanisms.combinatorial.sources import BundleRound
from econo_env.money import to_credits


def picture(scenario: CombinatorialScenario, before: State, after: State, k: int) -> Picture:
    """The bundle that each bidder wins (or values most), its value, bid and payment in market `k`."""
    each, agents = scenario.bundles_each, np.arange(scenario.num_agents)
    values, offers = to_credits(before.values[k : k + 1]), offers_at(scenario, before, k)
    items = [chr(ord("A") + item) for item in range(offers.num_items)]
    names = np.array([bundle_name(offers, offer, items) for offer in range(len(after.bids[k]))])
    won = after.won[k]
    shown = np.where(won >= 0, won, agents * each + values[0].argmax(axis=1))
    value = values[0].reshape(-1)[shown]
    bids = after.bids[k][shown]
    played = bool(np.any(after.bids[k] >= 0))
    columns = [
        Column("bundle", names[shown], "text"),
        Column("holds", np.where(won >= 0, names[shown], "-"), "text"),
        Column("value", value),
        Column("bid", np.where(bids >= 0, to_credits(bids), np.nan)),
    ]
    if not played:
        return Picture(columns, won >= 0, ("value", "bid"), ("bundle",), {}, [])
    paid = to_credits(after.award.pays[k])
    worth = worth_won(after._replace(won=after.won[k : k + 1]), values)[0]
    columns += [Column("paid", paid), Column("surplus", worth - paid)]
    revenue, gain = credits_written(np.array([paid.sum(), (worth - paid).sum()]))
    facts = [f"revenue {revenue}", f"bidders' surplus {gain}"]
    best = float(best_worth(scenario, values, before.bundle[k : k + 1])[0])
    if best > 0.0:
        facts.append(f"efficiency {worth.sum() / best:.0%}")
    row = scenario.row()
    made = replace(offers, amount=np.maximum(after.bids[k], 0))
    welfare = int(made.amount[won[won >= 0]].sum())
    decided = AuctionOutcome(won, after.award.pays[k], welfare, welfare, mode_of(row, scenario.mechanism))
    return Picture(
        columns,
        won >= 0,
        ("value", "bid"),
        ("bundle", "holds", "paid", "surplus"),
        {},
        [f"payment rule {decided.mode}", *facts],
        story=explained(row, BundleRound(decided, made), items, agents_of(scenario)),
        track={"revenue": float(paid.sum())},
    )

"""One round of a sequential sale as people see it."""

import numpy as np

from econo_env.clearing.picture import Column, Picture, told
from econo_env.clearing.sealed_bid.explain import explained
from econo_env.market import agents_of
from econo_env.markets.sequential.kernels import State
from econo_env.markets.sequential.scenario import SequentialScenario
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.rounds import SealedRound
from econo_env.money import to_credits


def picture(scenario: SequentialScenario, before: State, after: State, k: int) -> Picture:
    """Values, bids and the price of market `k` in the round between the two states; who has left is grey."""
    played = bool(after.tick[k] > before.tick[k])
    values, paid = to_credits(before.values[k]), to_credits(after.award.pays[k])
    bids = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    won, there = after.award.units[k] > 0, before.active[k]
    status = np.where(won, "wins, leaves", np.where(there, "", "has left"))
    columns = [Column("value", values), Column("bid", bids)]
    facts = [f"{scenario.max_cycles - int(after.tick[k])} of {scenario.max_cycles} units left"]
    levels: dict[str, float] = {}
    names = agents_of(scenario)
    story: list[str] = []
    if played:
        columns += [Column("paid", paid), Column("surplus", won * values - paid), Column("status", status, "text")]
        weights = np.ones(len(bids))
        cleared = SealedRound(scenario.mechanism, None, bids, weights, after.award.units[k], paid, names=names)
        lines = explained(scenario.row(), cleared, told(won))
        story = [line for i, line in zip(told(won), lines, strict=True) if there[i]]
        if won.any():
            levels["price"] = float(paid[won].sum())
            if values[there].max() > values[won].max():
                facts.append("not to the highest value")
        else:
            facts.append("no sale")
    if reserve_of(scenario.mechanism) > 0.0:
        levels["reserve"] = reserve_of(scenario.mechanism)
    captions = ("status", "paid", "surplus") if played else ()
    idle = frozenset(np.flatnonzero(~there).tolist())
    track = {"price": levels["price"]} if "price" in levels else {}
    events = {names[i]: levels["price"] for i in np.flatnonzero(won)}
    return Picture(columns, won, ("value", "bid"), captions, levels, facts, idle, story, track=track, events=events)

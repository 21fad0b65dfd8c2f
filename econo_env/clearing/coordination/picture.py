"""One tick of a coordination market as people see it."""

import numpy as np

from econo_env.clearing.picture import Column, Picture, told
from econo_env.market import agents_of
from econo_env.markets.coordination.scenario import CoordinationScenario
from econo_env.markets.coordination.state import State
from econo_env.money import to_credits, written


def picture(scenario: CoordinationScenario, before: State, after: State, k: int) -> Picture:
    """Bids, what is owed and pay of market `k` for the tick between the two states; a bid of "-" is none."""
    each, tasks = scenario.sizes, -after.award.units[k]
    placed, paid, owed = after.bids[k, ::each], to_credits(-after.award.pays[k]), to_credits(after.owes[k])
    names, won = agents_of(scenario), told(tasks > 0)
    facts = ["no request on offer"]
    if before.offered[k]:
        facts = [
            f"request for {scenario.available_supply} x {scenario.resource_type}, "
            f"each worth {float(to_credits(before.task_value[k])):.3f}"
        ]
    facts += [f"{int(before.demand[k])} waiting", f"market price {float(to_credits(before.market_price[k])):.3f}"]
    story = [
        f"{names[i]} takes {int(tasks[i])} task{'s' * bool(tasks[i] > 1)}, owes {written(owed[i])}, "
        f"and is paid V(grade) less that, {written(paid[i])}"
        for i in won
    ]
    if before.offered[k] and after.over[k] and not len(won):
        story = ["nobody takes what is left of the request"]
    columns = [
        Column("cost", to_credits(before.cost[k])),
        Column("reliability", after.reliability[k], "share"),
        Column("bid", np.where(placed >= 0, to_credits(placed), np.nan)),
        Column("owes", owed),
        Column("paid", paid),
        Column("status", np.where(after.active[k], "", "banned"), "text"),
    ]
    return Picture(
        columns,
        tasks > 0,
        bars=("cost", "bid"),
        captions=("status",),
        levels={"price": float(to_credits(before.price[k]))} if before.offered[k] else {},
        facts=facts,
        story=story,
        track={"owed": float(owed.sum())} if len(won) else {},
    )

"""One round of a sealed-bid market as people see it."""

import numpy as np

from econo_env.markets.sealed_bid.layout import State
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.money import to_credits
from econo_env.telemetry.picture import Column, Picture, credits_written


def picture(scenario: SealedBidScenario, before: State, after: State, k: int) -> Picture:
    """Values, bids and payments of market `k` in the round between the two states."""
    played = bool(np.any(after.bids[k] >= 0))
    values = to_credits(before.values[k])
    bids = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    paid = to_credits(after.payments[k])
    won = after.allocation[k] > 0
    surplus = after.allocation[k] * values - paid
    columns = [Column("value", values), Column("bid", bids)]
    levels: dict[str, float] = {}
    facts: list[str] = []
    if played:
        columns += [Column("paid", paid), Column("surplus", surplus)]
        revenue, gain = credits_written(np.array([paid.sum(), surplus.sum()]))
        facts = [f"revenue {revenue}", f"bidders' surplus {gain}"]
        units = int(after.allocation[k].sum())
        best = float(np.sort(values)[::-1][:units].sum())
        if best > 0.0:
            facts.append(f"efficiency {float((after.allocation[k] * values).sum()) / best:.0%}")
        if units:
            prices = paid[won]
            levels["price" if prices.min() == prices.max() else "highest price"] = float(prices.max())
        else:
            facts.append("no sale")
    reserve = float(getattr(scenario.mechanism, "reserve", 0.0))
    if reserve > 0.0:
        levels["reserve"] = reserve
    captions = ("paid", "surplus") if played else ()
    return Picture(columns, won, ("value", "bid"), captions, levels, facts)

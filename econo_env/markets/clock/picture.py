"""One tick of a clock auction as people see it."""

import numpy as np
from numpy.typing import NDArray

from econo_env.markets.clock.layout import State, is_over
from econo_env.markets.clock.scenario import ClockScenario
from econo_env.money import to_credits
from econo_env.telemetry.picture import Column, Picture, credits_written


def picture(scenario: ClockScenario, before: State, after: State, k: int) -> Picture:
    """Values, limits and standings of market `k` at the tick between the two states, beside the price asked."""
    played = bool(after.tick[k] > before.tick[k])
    over = bool(is_over(after)[k])
    values = to_credits(after.values[k])
    limits = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    limits = np.where(before.standing[k] > 0, limits, np.nan)
    won = after.allocation[k] > 0
    status = _status(scenario, after, k)
    columns = [Column("value", values), Column("limit", limits), Column("status", status, "text")]
    asked = float(to_credits(before.price[k]))
    levels = {"price": asked}
    facts = [f"price {credits_written(np.array([asked]))[0]}"]
    if over and won.any():
        paid = to_credits(after.payments[k])
        columns += [Column("paid", paid), Column("surplus", after.allocation[k] * values - paid)]
        levels = {"sold at": float(paid.sum())}
        facts = [f"sold for {credits_written(paid[won])[0]}"]
        if values.max() > 0.0:
            facts.append(f"efficiency {float(values[won].sum() / values.max()):.0%}")
    elif over:
        facts.append("no sale")
    elif played and after.leader[k] >= 0:
        facts.append(f"best bid {credits_written(to_credits(after.best[k : k + 1]))[0]}")
    reserve = float(getattr(scenario.mechanism, "reserve", 0.0))
    if reserve > 0.0:
        levels["reserve"] = reserve
    captions = ("status", "paid", "surplus") if over and won.any() else ("status",)
    idle = frozenset(np.flatnonzero(before.standing[k] == 0).tolist())
    return Picture(columns, won, ("value", "limit"), captions, levels, facts, idle=idle)


def _status(scenario: ClockScenario, after: State, k: int) -> NDArray[np.str_]:
    """One word a bidder: whether it buys, leads, is in or is out."""
    status = np.full(scenario.num_agents, "", dtype="<U5")
    if "still_in" in scenario.row().sees:
        status[:] = np.where(after.standing[k] > 0, "in", "out")
    if after.sold_at[k] >= 0:
        status[status == "in"] = ""
    if after.leader[k] >= 0:
        status[after.leader[k]] = "buys" if after.sold_at[k] >= 0 else "leads"
    return status

"""One tick of a clock auction as people see it."""

import numpy as np
from numpy.typing import NDArray

from econo_env.clearing.clock.explain import explained
from econo_env.clearing.picture import Column, Picture, credits_written, told
from econo_env.market import agents_of
from econo_env.markets.clock.kernels import State, is_over
from econo_env.markets.clock.scenario import ClockScenario
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.rounds import ClockSale
from econo_env.money import to_credits

_MOST_LEAVING = 4
"""Bidders who leave at one tick that are marked by name."""


def picture(scenario: ClockScenario, before: State, after: State, k: int) -> Picture:
    """Values, limits and standings of market `k` at the tick between the two states, beside the price asked."""
    played = bool(after.tick[k] > before.tick[k])
    over = bool(is_over(after)[k])
    values = to_credits(after.values[k])
    limits = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    limits = np.where(before.standing[k] > 0, limits, np.nan)
    won = after.award.units[k] > 0
    status = _status(scenario, after, k)
    columns = [Column("value", values), Column("limit", limits), Column("status", status, "text")]
    asked = float(to_credits(before.price[k]))
    levels = {"price": asked}
    facts = [f"price {credits_written(np.array([asked]))[0]}"]
    if over and won.any():
        paid = to_credits(after.award.pays[k])
        columns += [Column("paid", paid), Column("surplus", after.award.units[k] * values - paid)]
        levels = {"sold at": float(paid.sum())}
        facts = [f"sold for {credits_written(paid[won])[0]}"]
        if values.max() > 0.0:
            facts.append(f"efficiency {float(values[won].sum() / values.max()):.0%}")
    elif over:
        facts.append("no sale")
    elif played and after.leader[k] >= 0:
        facts.append(f"best bid {credits_written(to_credits(after.best[k : k + 1]))[0]}")
    if reserve_of(scenario.mechanism) > 0.0:
        levels["reserve"] = reserve_of(scenario.mechanism)
    captions = ("status", "paid", "surplus") if over and won.any() else ("status",)
    idle = frozenset(np.flatnonzero(before.standing[k] == 0).tolist())
    leaves = (before.standing[k] > 0) & (after.standing[k] == 0)
    sold = over and bool(won.any())
    names = agents_of(scenario)
    events = {f"{names[i]} leaves": asked for i in np.flatnonzero(leaves)[:_MOST_LEAVING]}
    if sold and after.tick[k] == before.tick[k] + played:
        events[f"{names[after.leader[k]]} buys"] = float(to_credits(after.best[k]))
    return Picture(
        columns,
        won,
        ("value", "limit"),
        captions,
        levels,
        facts,
        idle,
        _story(scenario, before, after, k) if played else [],
        track={"price": asked} if played else {},
        events=events if played else {},
    )


def _story(scenario: ClockScenario, before: State, after: State, k: int) -> list[str]:
    """Who leaves or buys at this tick, and else what the clock waits for."""
    limits = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    asked, leaves = float(to_credits(before.price[k])), (before.standing[k] > 0) & (after.standing[k] == 0)
    buyer = int(after.leader[k]) if after.sold_at[k] >= 0 else None
    best_before = float(to_credits(before.best[k]))
    willing = bool(np.any(after.bids[k][before.standing[k] > 0] >= before.price[k]))
    names = agents_of(scenario)
    sale = ClockSale(
        limits=limits,
        left_at=np.where(leaves, asked, np.nan),
        still_in=int((after.standing[k] > 0).sum()),
        buyer=buyer,
        price=float(to_credits(after.best[k])),
        ticks=int(after.tick[k]),
        asked=asked,
        accepted=asked if willing else best_before,
        called=best_before if before.leader[k] == buyer else asked,
        names=names,
    )
    if buyer is not None:
        heard = [i for i in told(np.arange(len(limits)) == buyer) if before.standing[k, i] > 0 or i == buyer]
        return explained(scenario.row(), sale, heard)
    lines = explained(scenario.row(), sale, told(leaves)[: int(leaves.sum())]) if leaves.any() else []
    next_price = credits_written(to_credits(after.price[k : k + 1]))[0]
    if after.leader[k] >= 0:
        best = credits_written(to_credits(after.best[k : k + 1]))[0]
        return [f"{names[after.leader[k]]} leads with {best}; whoever outbids it must offer at least {next_price}"]
    if scenario.row().falling and after.price[k] < before.price[k]:
        return [f"nobody has taken the price of {credits_written(np.array([asked]))[0]}; it falls to {next_price}"]
    return [*lines, f"{int(after.standing[k].sum())} bidder(s) still in; the clock asks {next_price} next"]


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

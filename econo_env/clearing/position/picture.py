"""One round of a position auction as people see it."""

import numpy as np

from econo_env.clearing.picture import Chart, Column, Curve, Picture, credits_written, told
from econo_env.clearing.position.explain import explained
from econo_env.market import agents_of
from econo_env.markets.position.kernels import clicks
from econo_env.markets.position.scenario import PositionScenario
from econo_env.markets.position.strategies import best_worth
from econo_env.markets.sealed_bid.state import State
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.rounds import SlotRound
from econo_env.money import to_credits


def picture(scenario: PositionScenario, before: State, after: State, k: int) -> Picture:
    """Values, bids, slots and prices of a click of market `k` in the round between the two states."""
    played = bool(np.any(after.bids[k] >= 0))
    values = to_credits(before.values[k])
    bids = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    slot, seated = after.slots[k], clicks(scenario, after.slots[k])
    paid, won = to_credits(after.award.pays[k]), after.award.units[k] > 0
    columns = [Column("value", values)]
    bars: tuple[str, ...] = ("value", "bid")
    captions: tuple[str, ...] = ()
    story: list[str] = []
    chart = None
    rates = ", ".join(f"{rate:.3g}" for rate in scenario.click_rates)
    facts = [f"click rates {rates}"]
    if played:
        price = np.where(won, paid / np.where(won, seated, 1.0), np.nan)
        surplus = seated * values - paid
        weights, rates_of = np.array(scenario.weights or (1.0,) * len(values)), np.array(scenario.click_rates)
        sold = SlotRound(scenario.mechanism, bids, weights, rates_of, slot, paid, names=agents_of(scenario))
        story = explained(scenario.row(), sold, told(won))
        by_slot = np.argsort(np.where(won, slot, len(rates_of) + 1))[: int(won.sum())]
        ends = np.cumsum(seated[by_slot]).tolist()
        curves = [Curve("bid", ends, bids[by_slot].tolist()), Curve("price", ends, price[by_slot].tolist())]
        chart = Chart("slots from the best down", "clicks, so areas are payments", curves if ends else [])
        columns += [
            Column("price", price),
            Column("bid", bids),
            Column("slot", np.where(won, slot.astype(str), "-"), "text"),
            Column("clicks", np.where(won, seated, np.nan), "share"),
            Column("paid", paid),
            Column("surplus", surplus),
        ]
        bars, captions = ("value", "price", "bid"), ("slot", "paid", "surplus")
        revenue, gain = credits_written(np.array([paid.sum(), surplus.sum()]))
        facts += [f"revenue {revenue}", f"bidders' surplus {gain}"]
        best = float(best_worth(scenario, values[None])[0])
        if best > 0.0:
            facts.append(f"efficiency {float((seated * values).sum()) / best:.0%}")
        if not won.any():
            facts.append("no sale")
    else:
        columns.append(Column("bid", bids))
    reserve = reserve_of(scenario.mechanism)
    levels = {"reserve": reserve} if reserve > 0.0 else {}
    return Picture(columns, won, bars, captions, levels, facts, story=story, chart=chart)

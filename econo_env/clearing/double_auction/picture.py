"""One round of a sealed two-sided market as people see it."""

import numpy as np

from econo_env.clearing.document import Floats
from econo_env.clearing.double_auction.explain import explained
from econo_env.clearing.picture import Chart, Column, Curve, Picture, credits_written, told
from econo_env.market import agents_of
from econo_env.markets.double_auction.kernels import State
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario
from econo_env.markets.double_auction.strategies import best_gains
from econo_env.mechanisms.parameters import posted_price_of
from econo_env.mechanisms.rounds import TwoSidedRound
from econo_env.money import to_credits


def picture(scenario: DoubleAuctionScenario, before: State, after: State, k: int) -> Picture:
    """Values and costs, offers and prices of market `k` in the round between the two states; traders are marked."""
    played = bool(np.any(after.bids[k] >= 0))
    values = to_credits(before.values[k])
    offers = np.where(after.bids[k] >= 0, to_credits(after.bids[k]), np.nan)
    paid = to_credits(after.award.pays[k])
    units = after.award.units[k]
    sides = np.where(np.arange(scenario.num_agents) < scenario.num_buyers, "buyer", "seller")
    columns = [Column("side", sides, "text"), Column("value", values), Column("offer", offers)]
    levels: dict[str, float] = {}
    facts: list[str] = []
    story: list[str] = []
    if played:
        cleared = TwoSidedRound(scenario.mechanism, scenario.num_buyers, offers, units, paid)
        story = explained(scenario.row(), cleared, agents_of(scenario), told(units != 0))
        columns += [Column("paid", paid), Column("surplus", units * values - paid)]
        gains, best = float((units * values).sum()), float(best_gains(scenario, values[None])[0])
        trades = int((units > 0).sum())
        facts.append("1 trade" if trades == 1 else f"{trades} trades" if trades else "no trade")
        written = credits_written(np.array([gains, best, abs(paid.sum())]))
        facts.append(f"gains {written[0]} of {written[1]}")
        if paid.sum() != 0.0:
            facts.append(f"{'market maker keeps' if paid.sum() > 0.0 else 'deficit'} {written[2]}")
        if trades and (units < 0).any():
            buyers, sellers = float(paid[units > 0].mean()), float(-paid[units < 0].mean())
            levels = {"price": buyers} if buyers == sellers else {"buyers pay": buyers, "sellers get": sellers}
    posted = posted_price_of(scenario.mechanism)
    if posted is not None:
        levels["posted price" if levels and levels.get("price") != posted else "price"] = posted
    captions = ("side", "paid", "surplus") if played else ("side",)
    chart = _crossing(scenario.num_buyers, offers if played else values)
    track = dict(levels)
    return Picture(
        columns, units != 0, ("value", "offer"), captions, levels, facts, story=story, chart=chart, track=track
    )


def _crossing(num_buyers: int, offers: Floats) -> Chart:
    """Demand, bids from the highest down, and supply, asks from the lowest up."""
    sides = [side[~np.isnan(side)] for side in (offers[:num_buyers], offers[num_buyers:])]
    curves = [
        Curve(name, np.arange(1.0, len(side) + 1.0).tolist(), (sign * np.sort(sign * side)).tolist())
        for name, sign, side in (("demand", -1.0, sides[0]), ("supply", 1.0, sides[1]))
        if side.size
    ]
    return Chart("bids falling, asks rising", "units", curves)

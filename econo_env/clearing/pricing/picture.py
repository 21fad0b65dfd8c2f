"""One round of price competition as people see it."""

import numpy as np

from econo_env.clearing.picture import Column, Picture, told
from econo_env.clearing.pricing.explain import explained
from econo_env.market import agents_of
from econo_env.markets.pricing import Pricing, State
from econo_env.mechanisms.base import mechanism
from econo_env.mechanisms.logit_demand import monopoly_price, nash_price
from econo_env.mechanisms.rounds import PriceRound
from econo_env.money import MICRO


def picture(scenario: Pricing, before: State, after: State, k: int) -> Picture:
    """Prices, consumers and profits of a round of market `k`."""
    sold = after.shares[k] > 0.0
    columns, facts = [Column("price", after.prices[k].copy())], list[str]()
    captions: tuple[str, ...] = ()
    story: list[str] = []
    if sold.any():
        profits = (after.award.worth[k] - after.award.pays[k]) / MICRO
        columns += [Column("consumers", after.shares[k].copy(), "share"), Column("profit", profits)]
        captions = ("consumers", "profit")
        facts = [f"consumers who buy nothing {1.0 - after.shares[k].sum():.0%}"]
        story = explained(mechanism(scenario.mechanism.name), _cleared(scenario, after, k), told(sold))
    firms, demand = scenario.num_agents, scenario.demand
    levels = {"nash": nash_price(firms, demand), "monopoly": monopoly_price(firms, demand)}
    return Picture(columns, sold, ("price",), captions, levels, facts, story=story)


def _cleared(scenario: Pricing, after: State, k: int) -> PriceRound:
    """The round of market `k` as the reasons see it."""
    prices = np.where(after.asks[k], after.prices[k], np.nan)
    paid, cost = after.award.pays[k] / MICRO, scenario.demand.cost
    return PriceRound(scenario.mechanism, prices, after.shares[k], paid, cost, names=agents_of(scenario))

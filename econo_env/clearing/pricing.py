"""What is told of a round of price competition."""

from econo_env.clearing.base import Clearing
from econo_env.clearing.picture import Column, Picture
from econo_env.markets.pricing import Pricing, State
from econo_env.mechanisms.logit_demand import monopoly_price, nash_price
from econo_env.money import MICRO


def picture(scenario: Pricing, before: State, after: State, k: int) -> Picture:
    """Prices, consumers and profits of a round of market `k`."""
    sold = after.shares[k] > 0.0
    columns, facts = [Column("price", after.prices[k].copy())], list[str]()
    captions: tuple[str, ...] = ()
    if sold.any():
        profits = (after.award.worth[k] - after.award.pays[k]) / MICRO
        columns += [Column("consumers", after.shares[k].copy(), "share"), Column("profit", profits)]
        captions = ("consumers", "profit")
        facts = [f"consumers who buy nothing {1.0 - after.shares[k].sum():.0%}"]
    firms, demand = scenario.num_agents, scenario.demand
    levels = {"nash": nash_price(firms, demand), "monopoly": monopoly_price(firms, demand)}
    return Picture(columns, sold, ("price",), captions, levels, facts)


CLEARING = Clearing(market="pricing", picture=picture)

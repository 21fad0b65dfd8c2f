"""One round of a scoring auction as people see it."""

import numpy as np

from econo_env.clearing.picture import Column, Picture, credits_written, told
from econo_env.clearing.scoring.explain import explained
from econo_env.market import agents_of
from econo_env.markets.scoring.kernels import NO_OFFER, State
from econo_env.markets.scoring.menu import best_surplus, cost, menu
from econo_env.markets.scoring.scenario import ScoringScenario
from econo_env.mechanisms.parameters import reserve_of
from econo_env.mechanisms.rounds import ScoredRound
from econo_env.money import to_credits


def picture(scenario: ScoringScenario, before: State, after: State, k: int) -> Picture:
    """Qualities, costs, prices, scores and payment of market `k` in the round between the two states."""
    made, won = after.prices[k] != NO_OFFER, np.abs(after.award.units)[k] != 0
    theta, steps, tables = to_credits(before.values[k]), after.qualities[k], menu(scenario)
    costs = to_credits(cost(scenario, theta, steps))
    scores = to_credits(after.scores[k])
    paid = to_credits(-after.award.pays[k])
    profit = np.where(won, paid - costs, 0.0)
    quality = np.array([f"{tables.qualities[step]:.3f}" for step in steps])
    counted = "worth" if scenario.scoring.scale == 1.0 else "counted"
    columns = [
        Column("theta", theta),
        Column("quality", np.where(made, quality, "-"), "text"),
        Column(counted, np.where(made, to_credits(tables.scored[steps]), np.nan)),
        Column("cost", np.where(made, costs, np.nan)),
        Column("price", np.where(made, to_credits(after.prices[k]), np.nan)),
        Column("score", np.where(made, scores, np.nan)),
    ]
    facts = [f"score = {scenario.scoring.scale * scenario.buyer.worth:.4g} q^{scenario.buyer.exponent:.4g} - price"]
    reserve = reserve_of(scenario.mechanism)
    levels = {"reserve": reserve} if reserve > 0.0 else {}
    captions: tuple[str, ...] = ()
    story: list[str] = []
    if made.any():
        columns += [Column("paid", paid), Column("profit", profit)]
        captions = ("quality", "cost", "paid", "profit")
        worth = float(to_credits(tables.worth[steps])[won].sum())
        gain, suppliers = credits_written(np.array([worth - paid.sum(), profit.sum()]))
        facts += [f"the buyer gains {gain}", f"suppliers' profit {suppliers}"]
        best = float(best_surplus(scenario, theta).max())
        if best > 0.0:
            facts.append(f"efficiency {(worth - float(costs[won].sum())) / best:.0%}")
        losing = scores[made & ~won]
        if won.any() and losing.size and losing.max() >= reserve:
            levels["second score"] = float(losing.max())
        if not won.any():
            facts.append("no purchase")
        asked = np.where(made, to_credits(after.prices[k]), np.nan)
        counts = to_credits(tables.scored[steps])
        offers = (asked, tables.qualities[steps], counts, np.abs(after.award.units[k]), paid)
        bought = ScoredRound(scenario.mechanism, *offers, names=agents_of(scenario))
        story = explained(scenario.row(), bought, told(won))
    bars = (counted, "price", "score") if made.any() else ("theta",)
    return Picture(columns, won, bars, captions, levels, facts, story=story)

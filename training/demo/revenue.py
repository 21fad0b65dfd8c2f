"""What other rules would have earned: auctions played in the engine, beside the calibration's quadrature."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from econo_env.engine.engine import Engine
from econo_env.money import to_credits
from econo_env.player import Player
from econo_env.policies import make_policy
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.demo.human_bids import of_auction
from econo_env.training.evaluation.sampling import act, tick
from econo_env.training.evaluation.statistics import Estimate, t_interval
from econo_env.valuations.calibration import Calibration


@dataclass(frozen=True)
class Earned:
    """Mean revenue of an auction under one rule and one kind of bidder.

    Attributes:
        name: Rule and bidders.
        kind: Colour of the bidders in plots: `people`, `learned`, `equilibrium` or `truthful`.
        credits: With its 95 % interval over seeds (observed bids: over auctions).
        computed: The same by quadrature on the whole estimate, with its bootstrap interval; None where none is known.
        sold: Share of auctions in which the good is sold.
    """

    name: str
    kind: str
    credits: Estimate
    computed: Estimate | None
    sold: float

    def as_dict(self, money_per_credit: float) -> dict[str, Any]:
        """Credits, and the table's money in the reference auction."""
        return {
            "name": self.name,
            "credits": vars(self.credits),
            "money": {key: value * money_per_credit for key, value in vars(self.credits).items()},
            "by_quadrature_credits": None if self.computed is None else vars(self.computed),
            "sold": self.sold,
        }


def revenues(
    found: Calibration, scenario: Scenario, learned: Policy, *, seeds: tuple[int, ...], markets: int
) -> list[Earned]:
    """Revenue of the observed auctions, of first price with learned and equilibrium bids, and of second price.

    Every rule meets the same values: the draws depend on the seed alone.

    Args:
        found: The calibration.
        scenario: The first-price market that came of it.
        learned: Policy of the trained bidders.
        seeds: One sample of auctions each.
        markets: Auctions of a sample.
    """
    rules = found.what_if(scenario.num_agents)
    reserve = round(rules.best_reserve.mean, 6)
    second = scenario.replace(mechanism={"name": "second_price", "reserve": 0.0})
    with_reserve = scenario.replace(mechanism={"name": "second_price", "reserve": reserve})

    def estimate(interval: Any) -> Estimate:
        return Estimate(interval.mean, interval.low, interval.high)

    plays: tuple[tuple[str, str, Scenario, Callable[[Scenario], Policy], Estimate | None], ...] = (
        ("first price, learned bids", "learned", scenario, lambda _: learned, None),
        ("first price, equilibrium", "equilibrium", scenario, _named("equilibrium"), estimate(rules.revenue)),
        ("second price, truthful bids", "truthful", second, _named("truthful"), estimate(rules.revenue)),
        (
            f"second price, reserve {reserve:.3f}",
            "truthful",
            with_reserve,
            _named("truthful"),
            estimate(rules.best_revenue),
        ),
    )
    winning = np.exp(of_auction(found, scenario.num_agents)).max(axis=1)
    earned = [Earned("first price, bids people made", "people", t_interval(winning), None, 1.0)]
    for name, kind, market, policy, computed in plays:
        samples = [_play(market, policy(market), seed, markets) for seed in seeds]
        income, sold = np.array(samples).T
        earned.append(Earned(name, kind, t_interval(income), computed, float(sold.mean())))
    return earned


def _named(name: str) -> Callable[[Scenario], Policy]:
    return lambda scenario: make_policy(name, scenario)


def _play(scenario: Scenario, policy: Policy, seed: int, markets: int) -> tuple[float, float]:
    """Mean revenue of an auction in credits, and the share of auctions with a sale."""
    engine = Engine(scenario, markets)
    engine.reset(seed)
    player = Player(policy)
    player.reset(seed)
    tick(engine, player, act(player, engine))
    paid = to_credits(engine.state.award.pays.sum(axis=1))
    return float(paid.mean()), float((engine.state.award.units.sum(axis=1) > 0).mean())

"""Configuration of a scoring auction: what the buyer wants, what it announces, and what suppliers' work costs."""

from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from econo_env.markets.built_in import one_a_rule
from econo_env.markets.feedback import check_bids_shown
from econo_env.money import LARGEST_CREDITS, Credits
from econo_env.scenario import Scenario
from econo_env.settings import Section
from econo_env.valuations.priors import AnyPrior, Uniform

QUALITY_STEPS = 1000
"""Qualities are whole thousandths of the highest one, so that worth and cost come from tables of exact amounts."""

_LEAST_CURVATURE = 0.1


class Buyer(Section):
    """What quality is worth to the buyer: V(q) = worth q^exponent, credits.

    Attributes:
        worth: What the quality 1 is worth, credits.
        exponent: Above 0 and at most 1: further quality is worth less and less.
        highest_quality: The most that can be offered.
    """

    worth: Credits = Field(2.0, gt=0.0, le=LARGEST_CREDITS)
    exponent: float = Field(0.5, gt=0.0, le=1.0)
    highest_quality: float = Field(4.0, gt=0.0, le=1e6)

    def value(self, quality: ArrayLike) -> NDArray[np.float64]:
        """V(q) in credits, any shape."""
        return np.asarray(self.worth * np.asarray(quality, dtype=np.float64) ** self.exponent)


class Scoring(Section):
    """What the buyer announces: an offer scores scale V(q) - price.

    Attributes:
        scale: 1 scores the true worth; below 1 quality is rewarded less than it is worth, which lowers the rents of
            suppliers (Che 1993: from U[0, high] and costs theta q the buyer gains most at 1/2).
    """

    scale: float = Field(1.0, gt=0.0, le=10.0)


class ScoringScenario(Scenario):
    """A buyer announces how it scores offers of price and quality; suppliers with private costs make one each.

    Attributes:
        mechanism: `{name: first_score, reserve: 0.0}`: a mechanism of the table, the least accepted score in credits.
        costs: The prior of every supplier's cost parameter theta in credits, or a list of one for each supplier.
        cost_exponent: k of the cost theta q^k / k of delivering the quality q; 1 is theta a unit of quality.
        buyer: What quality is worth to the buyer, and the highest quality.
        scoring: What it announces: the share of that worth that counts in the score.
        feedback: What a supplier sees of the last round: `nothing`, its `own_result`, or also the `winning_bid`, the
            winner's score and quality, or its own result and `all_bids`, prices and qualities.
    """

    market: Literal["scoring"] = "scoring"
    costs: AnyPrior | tuple[AnyPrior, ...] = Uniform(low=0.5, high=1.0)
    cost_exponent: float = Field(1.0, ge=1.0, le=8.0)
    buyer: Buyer = Buyer()
    scoring: Scoring = Scoring()
    feedback: Literal["nothing", "own_result", "winning_bid", "all_bids"] = "own_result"

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if isinstance(self.costs, tuple) and len(self.costs) != self.num_agents:
            raise ValueError(f"costs lists {len(self.costs)} entries for {self.num_agents} suppliers: give one each")
        if self.cost_exponent - self.buyer.exponent < _LEAST_CURVATURE:
            raise ValueError(
                f"cost_exponent {self.cost_exponent:g} and buyer.exponent {self.buyer.exponent:g}: the first must be "
                f"larger by {_LEAST_CURVATURE:g}, else the best quality is none or the highest"
            )
        check_bids_shown(self.feedback, 2 * self.num_agents)
        top = self.buyer.highest_quality
        largest = max(float(self.scored(top)), float(self.buyer.value(top)), self.highest_cost * float(self.work(top)))
        if not largest <= LARGEST_CREDITS:
            raise ValueError(
                f"the highest quality is worth or costs {largest:g} credits, beyond the range of money: rescale"
            )
        return self

    def priors(self) -> tuple[AnyPrior, ...]:
        """The prior of each supplier's cost parameter, length num_agents."""
        return self.costs if isinstance(self.costs, tuple) else (self.costs,) * self.num_agents

    def scored(self, quality: ArrayLike) -> NDArray[np.float64]:
        """What a quality adds to the score, in credits, any shape."""
        return self.scoring.scale * self.buyer.value(quality)

    def work(self, quality: ArrayLike) -> NDArray[np.float64]:
        """q^k / k, by which theta is multiplied to give the cost, any shape."""
        return np.asarray(np.asarray(quality, dtype=np.float64) ** self.cost_exponent / self.cost_exponent)

    @property
    def ticks_hang_together(self) -> bool:
        """Only through what is shown of the last round: costs are drawn afresh in each."""
        return self.max_cycles > 1 and (self.feedback != "nothing" or self.economy is not None)

    @property
    def highest_cost(self) -> float:
        """The largest cost parameter theta, in credits; observations are scaled by it."""
        return max(prior.highest for prior in self.priors())


def built_in() -> list[Scenario]:
    """One scenario for each scoring auction: V = 2 sqrt(q), costs theta q, two suppliers with theta from U[1/2, 1]."""
    return one_a_rule(ScoringScenario, 1, num_agents=2)

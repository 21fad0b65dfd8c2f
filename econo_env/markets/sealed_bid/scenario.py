"""Configuration of a sealed-bid market."""

from typing import Any, ClassVar, Literal, Self

from pydantic import SerializeAsAny, field_validator, model_validator

from econo_env.mechanisms.base import Options, mechanisms, options_of
from econo_env.mechanisms.ranking import WEIGHT_UNIT
from econo_env.money import LARGEST_CREDITS
from econo_env.scenario import Scenario
from econo_env.valuations.priors import AnyPrior, Uniform

MARKET = "sealed_bid"


class SealedBidScenario(Scenario):
    """A sealed-bid auction among bidders with independent private values.

    Attributes:
        mechanism: `{name: first_price, reserve: 0.0, ...}`: a mechanism of the table and its parameters in credits.
        values: The prior of every bidder's value, or a list of one for each bidder.
        weights: Public reputation weights, one a bidder, in steps of 0.001; bids are ranked by weight times bid.
        bids: What the action means: `share_of_value`, (1 + a) times the own value, so that 0 is the truth; or
            `amount`, (1 + a) times the highest value, whatever the own value is.
        feedback: What a bidder sees of the last round: `nothing`, its `own_result`, or also the `winning_bid`.
    """

    module: ClassVar[str] = "econo_env.markets.sealed_bid"

    market: Literal["sealed_bid"] = "sealed_bid"
    mechanism: SerializeAsAny[Options]
    values: AnyPrior | tuple[AnyPrior, ...] = Uniform()
    weights: tuple[float, ...] | None = None
    bids: Literal["share_of_value", "amount"] = "share_of_value"
    feedback: Literal["nothing", "own_result", "winning_bid"] = "own_result"

    @field_validator("mechanism", mode="before")
    @classmethod
    def _of_the_table(cls, section: Any) -> Options:
        return options_of(section, MARKET)

    @field_validator("weights")
    @classmethod
    def _whole_thousandths(cls, weights: tuple[float, ...] | None) -> tuple[float, ...] | None:
        for weight in weights or ():
            if not 1 / WEIGHT_UNIT <= weight <= 1000 or abs(weight * WEIGHT_UNIT - round(weight * WEIGHT_UNIT)) > 1e-6:
                raise ValueError(f"a weight of {weight}: weights run from 0.001 to 1000 in steps of 0.001")
        return weights

    @model_validator(mode="after")
    def _one_for_each_bidder(self) -> Self:
        for name in ("values", "weights"):
            given = getattr(self, name)
            if isinstance(given, tuple) and len(given) != self.num_agents:
                raise ValueError(f"{name} lists {len(given)} entries for {self.num_agents} bidders: give one each")
        if self.weights and 2 * self.highest_value * max(self.weights) > LARGEST_CREDITS:
            raise ValueError("weighted bids would leave the range of money: rescale the values to smaller credits")
        return self

    def priors(self) -> tuple[AnyPrior, ...]:
        """The prior of each bidder, length num_agents."""
        return self.values if isinstance(self.values, tuple) else (self.values,) * self.num_agents

    @property
    def highest_value(self) -> float:
        """The largest value any bidder can have, in credits; observations are scaled by it."""
        return max(prior.highest for prior in self.priors())


SCENARIO = SealedBidScenario


def built_in() -> list[Scenario]:
    """One scenario for each sealed-bid mechanism, its name with `_v0`: two bidders, U[0, 1], one round."""
    rows = [row for row in mechanisms().values() if row.market == MARKET]
    return [
        SealedBidScenario(id=f"{row.name}_v0", num_agents=2, mechanism={"name": row.name, **row.example})
        for row in rows
    ]

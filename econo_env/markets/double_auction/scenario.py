"""Configuration of a sealed two-sided market."""

from typing import Literal, Self

from pydantic import Field, model_validator

from econo_env.markets.built_in import one_a_rule
from econo_env.markets.feedback import check_bids_shown
from econo_env.scenario import Scenario
from econo_env.valuations.priors import AnyPrior, Uniform


class TwoSidedScenario(Scenario):
    """What the markets of buyers and sellers share.

    Attributes:
        mechanism: `{name: double_auction, k: 0.5}`: a mechanism of this kind of market and its parameters.
        buyers: How many of the agents buy, the first ones; the others sell. None is half of them, rounded up.
        values: The prior of every buyer's value, or a list of one for each buyer.
        costs: The prior of every seller's cost, or a list of one for each seller.
        bids: What the action means: `share_of_value`, 0 is the truth, buyers bid (1 + a) times the value and sellers
            ask the cost less a times what is left up to the highest price; or `amount`, offers run from 0 to the
            highest price.
    """

    buyers: int | None = Field(None, ge=0)
    values: AnyPrior | tuple[AnyPrior, ...] = Uniform()
    costs: AnyPrior | tuple[AnyPrior, ...] = Uniform()
    bids: Literal["share_of_value", "amount"] = "share_of_value"

    @model_validator(mode="after")
    def _sides_add_up(self) -> Self:
        if self.buyers is not None and self.buyers > self.num_agents:
            raise ValueError(f"buyers={self.buyers} of num_agents={self.num_agents}: at most all agents buy")
        sides = (("values", self.values, self.num_buyers), ("costs", self.costs, self.num_sellers))
        for name, given, count in sides:
            if isinstance(given, tuple) and len(given) != count:
                raise ValueError(f"{name} lists {len(given)} priors for {count} traders of that side: give one each")
        return self

    @property
    def num_buyers(self) -> int:
        """Agents 0 to num_buyers - 1 buy."""
        return (self.num_agents + 1) // 2 if self.buyers is None else self.buyers

    @property
    def num_sellers(self) -> int:
        """The agents after the buyers sell."""
        return self.num_agents - self.num_buyers

    def priors(self) -> tuple[AnyPrior, ...]:
        """The prior of each agent's value or cost, length num_agents."""
        values = self.values if isinstance(self.values, tuple) else (self.values,) * self.num_buyers
        costs = self.costs if isinstance(self.costs, tuple) else (self.costs,) * self.num_sellers
        return values + costs

    @property
    def highest_value(self) -> float:
        """The largest value or cost that anyone can have, in credits: the highest price, the scale of observations."""
        return max(prior.highest for prior in self.priors())


class DoubleAuctionScenario(TwoSidedScenario):
    """Buyers with private values and sellers with private costs make one sealed offer each.

    Attributes:
        feedback: What a trader sees of the last round: `nothing`, its `own_result`, or also the market's `price`,
            or its own result and `all_bids`, the offers of both sides.
    """

    market: Literal["double_auction"] = "double_auction"
    feedback: Literal["nothing", "own_result", "price", "all_bids"] = "own_result"

    @model_validator(mode="after")
    def _few_enough_to_show(self) -> Self:
        check_bids_shown(self.feedback, self.num_agents)
        return self

    @property
    def ticks_hang_together(self) -> bool:
        """Only through what is shown of the last round: values and costs are drawn afresh in each."""
        return self.max_cycles > 1 and (self.feedback != "nothing" or self.economy is not None)


def built_in() -> list[Scenario]:
    """One scenario for each two-sided mechanism, its name with `_v1`: two buyers, two sellers, U[0, 1], one round."""
    return one_a_rule(DoubleAuctionScenario, 1, num_agents=4)

"""Configuration of a multi-unit market."""

from typing import Literal

from pydantic import Field

from econo_env.markets.built_in import one_a_rule
from econo_env.markets.sealed_bid.config import Procurement
from econo_env.markets.sealed_bid.scenario import PlainBidsScenario
from econo_env.mechanisms.parameters import units_of
from econo_env.scenario import Scenario


class MultiUnitScenario(PlainBidsScenario):
    """Identical units for sale at once to bidders with decreasing marginal values; or bought, at rising marginal costs.

    Attributes:
        mechanism: `{name: uniform_price, units: 2, reserve: 0.0}`: a mechanism of the table and its parameters in
            credits.
        demand: Units a bidder has a use for: so many draws from its prior, sorted, are its marginal values. In
            procurement units that a supplier can make, and its marginal costs.
        values: The prior of every marginal value (or cost), or a list of one for each bidder.
        procurement: The reverse form, with the most that the buyer pays for a unit; none by default.
        weights: None: bids are ranked as they are.
        bids: What an action component means: `share_of_value`, (1 + a) times the own marginal value, so that 0 is the
            truth; or `amount`, (1 + a) times the highest value. A bid above the one for the unit before is lowered
            to it; in procurement one below it is raised.
        largest_bid: The bid of action 1, as a multiple of the own or the highest value, as in a sealed-bid market.
        feedback: What a bidder sees of the last round: `nothing`, its `own_result`, or also the `winning_bid`, the
            best one, or its own result and `all_bids`.
    """

    market: Literal["multi_unit"] = "multi_unit"  # type: ignore[assignment]  # the sealed bid form, but its own kind
    demand: int = Field(2, ge=1, le=64)
    weights: None = None
    procurement: Procurement | None = None  # type: ignore[assignment]  # this market has the reverse form
    largest_bid: float = Field(2.0, gt=0.0, le=1000.0)

    @property
    def bids_each(self) -> int:
        """Bids that a bidder places in a round, one for each unit."""
        return self.demand

    @property
    def units(self) -> int:
        """Units for sale, or in procurement bought."""
        return units_of(self.mechanism)


def built_in() -> list[Scenario]:
    """One scenario for each multi-unit mechanism: two bidders who want both of two units, U[0, 1], one round.

    Also the procurement form: two suppliers who can make both of two units.
    """
    return one_a_rule(MultiUnitScenario, 0, reverse=1, num_agents=2)

"""Configuration of a multi-unit market."""

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from econo_env.markets.sealed_bid.scenario import PlainBidsScenario
from econo_env.mechanisms.base import Options, mechanisms, options_of
from econo_env.scenario import Scenario

MARKET = "multi_unit"


class MultiUnitScenario(PlainBidsScenario):
    """Identical units for sale at once to bidders with decreasing marginal values.

    Attributes:
        mechanism: `{name: uniform_price, units: 2, reserve: 0.0}`: a mechanism of the table and its parameters in
            credits.
        demand: Units a bidder has a use for: so many draws from its prior, sorted, are its marginal values.
        values: The prior of every marginal value, or a list of one for each bidder.
        weights: None: bids are ranked as they are.
        bids: What an action component means: `share_of_value`, (1 + a) times the own marginal value, so that 0 is the
            truth; or `amount`, (1 + a) times the highest value. A bid above the one for the unit before is lowered.
        feedback: What a bidder sees of the last round: `nothing`, its `own_result`, or also the `winning_bid`, the
            highest one.
    """

    module: ClassVar[str] = "econo_env.markets.multi_unit"

    market: Literal["multi_unit"] = "multi_unit"  # type: ignore[assignment]  # the sealed bid form, but its own kind
    demand: int = Field(2, ge=1, le=64)
    weights: None = None

    @field_validator("mechanism", mode="before")
    @classmethod
    def _of_the_table(cls, section: Any) -> Options:
        return options_of(section, MARKET)

    @property
    def units(self) -> int:
        """Units for sale."""
        section: Any = self.mechanism
        return int(section.units)


SCENARIO = MultiUnitScenario


def built_in() -> list[Scenario]:
    """One scenario for each multi-unit mechanism: two bidders who want both of two units, U[0, 1], one round."""
    rows = [row for row in mechanisms().values() if row.market == MARKET]
    return [
        MultiUnitScenario(id=f"{row.name}_v0", num_agents=2, mechanism={"name": row.name, **row.example})
        for row in rows
    ]

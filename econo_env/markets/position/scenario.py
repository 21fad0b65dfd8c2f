"""Configuration of a position auction."""

from typing import Literal

from pydantic import Field, field_validator

from econo_env.markets.built_in import one_a_rule
from econo_env.markets.sealed_bid.scenario import PlainBidsScenario
from econo_env.scenario import Scenario


def check_click_rates(rates: tuple[float, ...]) -> tuple[float, ...]:
    """The rates, if they are what a page of slots has.

    Raises:
        ValueError: A rate is not within (0, 1], or a slot has a higher rate than the one before it.
    """
    for slot, rate in enumerate(rates):
        if not 0.0 < rate <= 1.0:
            raise ValueError(f"a click rate of {rate}: rates lie above 0 and are at most 1")
        if slot and rate > rates[slot - 1]:
            raise ValueError(f"click rate {rate} after {rates[slot - 1]}: list the slots from the best one down")
    return rates


class PositionScenario(PlainBidsScenario):
    """Advertising slots sold at once; the value of a click is private, a slot is worth its expected clicks.

    Attributes:
        mechanism: `{name: gsp, reserve: 0.0}`: a mechanism of the table, the reserve in credits per click.
        click_rates: Expected clicks of each slot, from the best one down, above 0 and at most 1.
        values: The prior of every bidder's value of a click, or a list of one for each bidder.
        weights: Public quality scores, one a bidder, in steps of 0.001; bids are ranked by score times bid.
        bids: What the action means: `share_of_value`, (1 + a) times the own value of a click, so that 0 is the truth;
            or `amount`, (1 + a) times the highest value.
        feedback: What a bidder sees of the last round: `nothing`, its `own_result`, or also the `winning_bid`, the
            highest one, or its own result and `all_bids`.
    """

    market: Literal["position"] = "position"  # type: ignore[assignment]  # the sealed bid form, but its own kind
    click_rates: tuple[float, ...] = Field((1.0, 0.5), min_length=1)

    @field_validator("click_rates")
    @classmethod
    def _rates_fall(cls, rates: tuple[float, ...]) -> tuple[float, ...]:
        return check_click_rates(rates)


def built_in() -> list[Scenario]:
    """One scenario for each position auction: three bidders, U[0, 1], two slots, the second with half the clicks."""
    return one_a_rule(PositionScenario, 0, num_agents=3)

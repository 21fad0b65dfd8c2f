"""Configuration of a clock auction."""

from dataclasses import replace
from functools import lru_cache
from typing import Literal, Self

from pydantic import model_validator

from econo_env.economy.breakers.section import BreakersSection
from econo_env.engine.levers import Lever
from econo_env.markets.sealed_bid.scenario import SealedBidScenario
from econo_env.mechanisms.base import mechanism, mechanisms
from econo_env.mechanisms.clock_rule import ClockMechanism, at_the_reserve, clock_mechanism
from econo_env.scenario import Scenario
from econo_env.valuations.priors import AnyPrior, Uniform


class ClockScenario(Scenario):
    """One item sold by a clock that bidders with independent private values see move; an episode is one sale.

    Attributes:
        mechanism: `{name: english, increment: 0.01, ...}`: a clock mechanism and its parameters in credits.
        values: The prior of every bidder's value, or a list of one for each bidder.
        bids: What the action means: the limit up to which the bidder says yes to the clock, as `share_of_value`,
            (1 + a) times the own value, so that 0 is the truth, or as `amount`, (1 + a) times the highest value.
        feedback: What a bidder sees beside its own standing: the `price` alone, or also how many `bidders_in` there
            are where bidders leave one by one.
    """

    market: Literal["clock"] = "clock"
    values: AnyPrior | tuple[AnyPrior, ...] = Uniform()
    bids: Literal["share_of_value", "amount"] = "share_of_value"
    feedback: Literal["price", "bidders_in"] = "bidders_in"

    @model_validator(mode="after")
    def _one_for_each_bidder(self) -> Self:
        if isinstance(self.values, tuple) and len(self.values) != self.num_agents:
            raise ValueError(f"values lists {len(self.values)} entries for {self.num_agents} bidders: give one each")
        return self

    @model_validator(mode="after")
    def _levels_of_what_falls(self) -> Self:
        breakers = (self.economy or {}).get("breakers")
        if isinstance(breakers, BreakersSection) and breakers.levels is not None and not self.row().falling:
            raise ValueError(
                f"economy.breakers.levels are falls, and the price of {self.mechanism.name} rises until it is sold: "
                "leave levels out, or choose a clock that falls"
            )
        return self

    def priors(self) -> tuple[AnyPrior, ...]:
        """The prior of each bidder, length num_agents."""
        return self.values if isinstance(self.values, tuple) else (self.values,) * self.num_agents

    @property
    def highest_value(self) -> float:
        """The largest value any bidder can have, in credits; observations are scaled by it."""
        return max(prior.highest for prior in self.priors())

    @property
    def ticks_hang_together(self) -> bool:
        """They do, but a bidder keeps to its limit, and judges search over limits."""
        return self.economy is not None

    def row(self) -> ClockMechanism:
        """The mechanism's row of the table."""
        return clock_mechanism(self.mechanism.name)


@lru_cache(maxsize=64)
def sealed_form(scenario: ClockScenario) -> SealedBidScenario:
    """The sealed-bid auction with the same outcome, up to one step of the clock, for bidders who keep to a limit.

    Dutch and first price are the same game (Krishna 2009, section 1.3); with private values the English forms and
    second price have the same equilibrium. The same seed draws the same values in both.
    """
    name = scenario.row().sealed_form
    shared = set(mechanism(name).options.model_fields) - {"name"}
    parameters = {field: value for field, value in scenario.mechanism if field in shared}
    return SealedBidScenario(
        id=scenario.id,
        num_agents=scenario.num_agents,
        mechanism={"name": name, **parameters},
        values=scenario.values,
        bids=scenario.bids,
    )


def levers(scenario: ClockScenario) -> tuple[Lever, ...]:
    """What may be moved: a clock that rises opens its next sale at the reserve, one that falls stops at it."""
    row, start = scenario.row(), dict(scenario.mechanism).get("start", 0.0)
    found = []
    for lever in row.levers:
        if row.opening is at_the_reserve:
            found.append(replace(lever, paths=("opening", *lever.paths), meaning=f"{lever.meaning} in the next sale"))
        elif row.falling and start > 0.0:
            found.append(replace(lever, high=start))
        else:
            found.append(replace(lever, fixed="the price at which its clock opens is counted from it: give a start"))
    return tuple(found)


def built_in() -> list[Scenario]:
    """One scenario for each clock mechanism, its name with `_v0`: two bidders, U[0, 1], steps of 0.01."""
    return [
        ClockScenario(
            id=f"{row.name}_v0", num_agents=2, max_cycles=row.cycles, mechanism={"name": row.name, **row.example}
        )
        for row in mechanisms().values()
        if isinstance(row, ClockMechanism)
    ]

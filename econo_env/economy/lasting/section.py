"""What a scenario says of contracts that last, and the constants that it comes to."""

from typing import NamedTuple, Self

from pydantic import Field, model_validator

from econo_env.economy.contracts import (
    ValueSchedule,
)
from econo_env.economy.parts.contracts import (
    ContractsSection,
)
from econo_env.scenario import Scenario


class LastingContractsSection(ContractsSection):
    """The value schedule and grades of `contracts`, and how long contracts run.

    Attributes:
        capacity: Contracts that an agent can have running at a time; without a free slot it may not bid.
        duration: Ticks of work, the tick of the award among them; fewer where the episode ends before.
        longest_duration: The duration is drawn from `duration` up to this, each alike, and known before the bids; none
            for always `duration`.
        least_progress: Share of the work at full effort that has to be done to deliver; with less at the due tick the
            contract is late, and poor.
        grace: Ticks after the due one in which late work may follow; after them nothing was delivered.
        forfeit: Share of the lock that those lose at least who walk away or never deliver; it is never less than what
            poor work loses.
    """

    capacity: int = Field(1, ge=1, le=64)
    duration: int = Field(1, ge=1, le=1_000_000)
    longest_duration: int | None = Field(None, ge=1, le=1_000_000)
    least_progress: float = Field(0.0, ge=0.0, le=1.0)
    grace: int = Field(0, ge=0, le=1_000_000)
    forfeit: float = Field(1.0, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _durations_are_a_range(self) -> Self:
        if self.longest < self.duration:
            raise ValueError(f"longest_duration={self.longest_duration} must be at least duration={self.duration}")
        return self

    @property
    def longest(self) -> int:
        """The longest duration, ticks."""
        return self.duration if self.longest_duration is None else self.longest_duration


class Params(NamedTuple):
    """Constants of the part."""

    schedule: ValueSchedule
    detection: float
    shortest: int
    longest: int
    least_progress: float
    grace: int
    forfeit: float
    max_cycles: int


def params_of(scenario: Scenario, section: LastingContractsSection) -> Params:
    """The constants of a scenario."""
    return Params(
        schedule=section.schedule,
        detection=section.detection,
        shortest=section.duration,
        longest=section.longest,
        least_progress=section.least_progress,
        grace=section.grace,
        forfeit=section.forfeit,
        max_cycles=scenario.max_cycles,
    )

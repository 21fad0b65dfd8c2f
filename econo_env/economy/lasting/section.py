"""What a scenario says of contracts that last, and the constants that it comes to."""

from functools import lru_cache
from typing import Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from econo_env.economy.contracts import GradeChances, ValueSchedule
from econo_env.economy.measurement import Measurement, passing_chances
from econo_env.economy.part import Section
from econo_env.economy.parts.contracts import ContractsSection
from econo_env.money import LARGEST_CREDITS, Credits
from econo_env.scenario import Scenario

_QUALITIES = (np.arange(4_000) + 0.5) / 4_000


def _mean_chances(low: float, high: float, schedule: ValueSchedule, measurement: Measurement) -> tuple[float, float]:
    """The chances of being graded excellent and of passing, for quality uniform on [low, high]."""
    found = [passing_chances(float(low + (high - low) * at), schedule, measurement) for at in _QUALITIES]
    excellent, passes = np.mean(found, axis=0)
    return float(excellent), float(passes)


@lru_cache(maxsize=64)
def measured_schedule(
    plain: ValueSchedule, measurement: Measurement | None, craft: Measurement | None
) -> ValueSchedule:
    """The schedule with what success and failure are worth in expectation where quality is measured so."""
    if measurement is None:
        return plain._replace(craft=craft)
    mark = plain.satisfactory_quality
    chances = GradeChances(*_mean_chances(mark, 1.0, plain, measurement), *_mean_chances(0.0, mark, plain, measurement))
    above, below = plain.excellent - plain.satisfactory, plain.satisfactory - plain.poor
    success = plain.poor + chances.passes_if_success * below + chances.excellent_if_success * above
    failure = plain.poor + chances.passes_if_failure * below + chances.excellent_if_failure * above
    return plain._replace(success=success, failure=failure, chances=chances, craft=craft)


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
        noise: Quality is measured with an error that is uniform up to this.
        boundaries: Where grades divide: `fixed` at the two marks, or `randomised` for each contract, so that V(grade)
            is linear in quality on average and it does not pay to end just above a mark.
        quality: What effort buys: the chance of success, whose quality is then `luck`; or the quality itself, `effort`,
            of work that succeeds with the own reliability and is worth nothing else.
    """

    capacity: int = Field(1, ge=1, le=64)
    duration: int = Field(1, ge=1, le=1_000_000)
    longest_duration: int | None = Field(None, ge=1, le=1_000_000)
    least_progress: float = Field(0.0, ge=0.0, le=1.0)
    grace: int = Field(0, ge=0, le=1_000_000)
    forfeit: float = Field(1.0, ge=0.0, le=1.0)
    noise: float = Field(0.0, ge=0.0, le=0.5)
    boundaries: Literal["fixed", "randomised"] = "fixed"
    quality: Literal["luck", "effort"] = "luck"

    @model_validator(mode="after")
    def _durations_are_a_range(self) -> Self:
        if self.longest < self.duration:
            raise ValueError(f"longest_duration={self.longest_duration} must be at least duration={self.duration}")
        return self

    @property
    def measurement(self) -> Measurement | None:
        """How quality is measured; None for without error at the marks."""
        randomised = self.boundaries == "randomised"
        return Measurement(self.noise, randomised) if self.noise or randomised else None

    @property
    def schedule(self) -> ValueSchedule:
        """V(grade) in multiples of a contract's value, and what work is worth in expectation as it is measured."""
        plain = super().schedule
        craft = (self.measurement or Measurement(0.0, False)) if self.quality == "effort" else None
        return measured_schedule(plain, self.measurement, craft)

    @property
    def longest(self) -> int:
        """The longest duration, ticks."""
        return self.duration if self.longest_duration is None else self.longest_duration


class AppealsSection(Section):
    """How grades may be appealed.

    Attributes:
        window: Ticks after the one in which a contract is judged in which its holder may appeal; only then is the grade
            evidence.
        fee: Credits that an appeal costs, to the treasury, where it is not upheld.
    """

    window: int = Field(4, ge=1, le=1_000)
    fee: Credits = Field(0.05, ge=0.0, le=LARGEST_CREDITS / 1e6)


def window_of(scenario: Scenario) -> int:
    """Ticks in which a grade can be appealed, 0 where none can."""
    section = (scenario.economy or {}).get("appeals")
    return section.window if isinstance(section, AppealsSection) else 0


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
    capacity: int
    window: int  # ticks in which a grade can be appealed
    measurement: Measurement | None


def params_of(scenario: Scenario, section: LastingContractsSection) -> Params:
    """The constants of a scenario."""
    return Params(
        schedule=section.schedule,
        detection=section.detected,
        shortest=section.duration,
        longest=section.longest,
        least_progress=section.least_progress,
        grace=section.grace,
        forfeit=section.forfeit,
        max_cycles=scenario.max_cycles,
        capacity=section.capacity,
        window=window_of(scenario),
        measurement=section.measurement,
    )

"""Configuration of the task market: tasks, agents, contracts, stake and reputation."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from econo_env.money import LARGEST_CREDITS, Credits
from econo_env.scenario import Scenario
from econo_env.valuations.priors import AnyPrior, Uniform

MARKET = "task_market"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Tasks(_Section):
    """The stream of tasks.

    Attributes:
        value: Prior of a task's value, V(satisfactory), in credits.
        open_share: Share of tasks that any reputation may bid for; the others ask for `reputation.threshold`.
    """

    value: AnyPrior = Uniform(low=0.5, high=1.5)
    open_share: float = Field(0.25, ge=0.0, le=1.0)


class Agents(_Section):
    """The agents' private types.

    Attributes:
        cost: Prior of the cost of a task at full effort, as a share of the task's value, drawn for each task.
        reliability: Prior of the chance of success at full effort, drawn once an episode; within [0, 1].
        stake: Free stake at the start of an episode, in credits.
    """

    cost: AnyPrior = Uniform(low=0.0, high=0.5)
    reliability: AnyPrior = Uniform(low=0.3, high=1.0)
    stake: Credits = Field(10.0, ge=0.0, le=LARGEST_CREDITS)

    @model_validator(mode="after")
    def _reliability_is_a_chance(self) -> Self:
        if self.reliability.highest > 1.0:
            raise ValueError(f"reliability reaches {self.reliability.highest}: it is a probability, at most 1")
        return self


class Contract(_Section):
    """The value schedule in multiples of the task's value, grades, and how forgery comes out.

    Attributes:
        excellent: V(excellent); over V(satisfactory) = 1 it is the performance bonus multiplier.
        poor: V(poor).
        byzantine: V(byzantine), the damage of a forged proof.
        excellent_quality: Least quality in [0, 1] graded excellent.
        satisfactory_quality: Least quality graded satisfactory.
        detection: Chance that a forged proof leaves self-verifying evidence; undetected it passes for satisfactory.
        stake_cap: Liability in multiples of the task's value; none for full liability, 0 for no stake at all.
    """

    excellent: float = Field(1.25, le=100.0)
    poor: float = Field(-0.5, le=0.0)
    byzantine: float = Field(-1.0, ge=-100.0, le=0.0)
    excellent_quality: float = Field(0.9, gt=0.0, lt=1.0)
    satisfactory_quality: float = Field(0.6, gt=0.0, lt=1.0)
    detection: float = Field(0.9, ge=0.0, le=1.0)
    stake_cap: float | None = Field(None, ge=0.0)

    @model_validator(mode="after")
    def _falls_with_the_grade(self) -> Self:
        if self.excellent < 1.0 or self.poor < self.byzantine:
            raise ValueError(
                f"excellent={self.excellent} >= 1 >= 0 >= poor={self.poor} >= byzantine={self.byzantine} must hold"
            )
        if not self.satisfactory_quality < self.excellent_quality:
            raise ValueError(
                f"satisfactory_quality={self.satisfactory_quality} must lie below {self.excellent_quality=}"
            )
        return self


class Reputation(_Section):
    """Beta reputation.

    Attributes:
        threshold: Least lower confidence bound that may bid for a task that is not open.
        forgetting: lambda in (0, 1], applied with each piece of evidence and each epoch without.
        epoch: Ticks of an epoch.
        reference_value: Task value in credits from which evidence has full weight.
    """

    threshold: float = Field(0.3, ge=0.0, le=1.0)
    forgetting: float = Field(0.98, gt=0.0, le=1.0)
    epoch: int = Field(16, ge=1)
    reference_value: float = Field(1.0, gt=0.0)


class TaskMarketScenario(Scenario):
    """A stream of tasks for agents with private cost and reliability, stake, grades and reputation.

    Attributes:
        mechanism: The scoring rule, `{name: contingent_second_score, reserve: 0.0}`.
        tasks: The stream of tasks.
        agents: The private types and the stake they start with.
        contract: The value schedule, the grades, and liability.
        reputation: How evidence becomes a reputation, and what it opens.
    """

    market: Literal["task_market"] = "task_market"
    end_of_episode: Literal["termination", "truncation"] = "truncation"
    tasks: Tasks = Tasks()
    agents: Agents = Agents()
    contract: Contract = Contract()
    reputation: Reputation = Reputation()

    @model_validator(mode="after")
    def _principal_can_pay(self) -> Self:
        if self.principal_fund > LARGEST_CREDITS:
            raise ValueError(
                f"the principal would need {self.principal_fund:g} credits for {self.max_cycles} tasks: "
                f"keep max_cycles times the highest pay within {LARGEST_CREDITS:g}"
            )
        return self

    @property
    def principal_fund(self) -> float:
        """Credits the principal starts with: the highest pay for every task of the episode."""
        return self.max_cycles * self.contract.excellent * self.tasks.value.highest


def built_in() -> list[Scenario]:
    """The flagship: five agents, 64 tasks an episode, full liability."""
    rule = {"name": "contingent_second_score"}
    return [TaskMarketScenario(id="task_market_v0", num_agents=5, max_cycles=64, mechanism=rule)]

"""Configuration of the task market: tasks and agents, and the economy that it is played in."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from econo_env.economy.parts.contracts import ContractsSection
from econo_env.economy.parts.eligibility import EligibilitySection
from econo_env.economy.parts.ledger import LedgerSection
from econo_env.economy.parts.lottery import LotterySection
from econo_env.economy.parts.reputation import ReputationSection
from econo_env.economy.parts.staking import StakingSection
from econo_env.scenario import Parts, Scenario, Sections
from econo_env.settings import Section
from econo_env.valuations.priors import AnyPrior, Uniform

UNDER_CONTRACTS = ("contracts", "lasting_contracts")
"""The parts under which tasks can be done, graded and paid; the latter's section is the former's and more."""


class Tasks(Section):
    """The stream of tasks.

    Attributes:
        value: Prior of a task's value, V(satisfactory), in credits.
    """

    value: AnyPrior = Uniform(low=0.5, high=1.5)


class Agents(Section):
    """The agents' private types.

    Attributes:
        cost: Prior of the cost of a task at full effort, as a share of the task's value, drawn for each task.
        reliability: Prior of the chance of success at full effort, drawn once an episode; within [0, 1].
    """

    cost: AnyPrior = Uniform(low=0.0, high=0.5)
    reliability: AnyPrior = Uniform(low=0.3, high=1.0)

    @model_validator(mode="after")
    def _reliability_is_a_chance(self) -> Self:
        if self.reliability.highest > 1.0:
            raise ValueError(f"reliability reaches {self.reliability.highest}: it is a probability, at most 1")
        return self


def _economy() -> Sections:
    """The economy of the flagship: contracts that go by lot alone build the reputation that opens other tasks.

    Three looks at a proof of nine in ten each, so that one forgery in a thousand stays hidden.
    """
    return Sections(
        ledger=LedgerSection(),
        staking=StakingSection(),
        contracts=ContractsSection(inspections=3),
        reputation=ReputationSection(epoch=16),
        eligibility=EligibilitySection(threshold=0.1),
        lottery=LotterySection(share=0.25, owes=0.15),
    )


def _first_economy() -> Sections:
    """That of the flagship's first version: winning builds the reputation that opens later tasks."""
    return Sections(
        ledger=LedgerSection(),
        staking=StakingSection(),
        contracts=ContractsSection(),
        reputation=ReputationSection(epoch=16, weight="sqrt"),
        eligibility=EligibilitySection(threshold=0.3),
    )


class TaskMarketScenario(Scenario):
    """A stream of tasks for agents with private cost and reliability; contracts, stake and reputation are parts.

    Attributes:
        mechanism: The scoring rule, `{name: contingent_second_score, reserve: 0.0}`.
        tasks: The stream of tasks.
        agents: The private types.
        economy: The parts that tasks are done, graded and paid in; `contracts` or `lasting_contracts` is always one of
            them. All of the flagship's by default.
    """

    moved: ClassVar[Mapping[str, str]] = {
        **Scenario.moved,
        "contract": "economy.contracts",
        "reputation.threshold": "economy.eligibility.threshold",
        "reputation": "economy.reputation",
        "tasks.open_share": "economy.eligibility.open_share",
        "agents.stake": "economy.ledger.endowment",
    }

    market: Literal["task_market"] = "task_market"
    end_of_episode: Literal["termination", "truncation"] = "truncation"
    tasks: Tasks = Tasks()
    agents: Agents = Agents()
    economy: Parts | None = Field(default_factory=_economy)

    @model_validator(mode="after")
    def _is_played_under_contracts(self) -> Self:
        if not any(name in (self.economy or {}) for name in UNDER_CONTRACTS):
            raise ValueError("economy.contracts: tasks are done, graded and paid under contracts: add `contracts: {}`")
        return self

    @property
    def contracts(self) -> ContractsSection:
        """The value schedule, the grades, and liability."""
        assert self.economy is not None
        section = next(self.economy[name] for name in UNDER_CONTRACTS if name in self.economy)
        assert isinstance(section, ContractsSection)
        return section

    @property
    def opens_later_tasks(self) -> bool:
        """Whether reputation decides who may bid for some of the tasks."""
        assert self.economy is not None
        section = self.economy.get("eligibility")
        return isinstance(section, EligibilitySection) and section.open_share < 1.0 and section.threshold > 0.0

    @property
    def reports_change_later_ticks(self) -> bool:
        """Not where only tasks that go by lot build reputation, and all work is paid in its tick."""
        return self.lottery_share == 0.0 or self.pays_later

    @property
    def lottery_share(self) -> float:
        """Share of tasks that go by lot and alone build reputation; 0 where all are won by reports."""
        section = (self.economy or {}).get("lottery")
        return section.share if isinstance(section, LotterySection) else 0.0


def built_in() -> list[Scenario]:
    """The flagship: five agents, 64 tasks an episode, full liability; and its first version, in which lying pays."""
    common: dict[str, Any] = {"num_agents": 5, "max_cycles": 64, "mechanism": {"name": "contingent_second_score"}}
    return [
        TaskMarketScenario(id="task_market_v0", **common, economy=_first_economy()),
        TaskMarketScenario(id="task_market_v1", **common),
    ]

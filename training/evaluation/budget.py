"""How hard to search for deviations, and for whom."""

from dataclasses import dataclass

from econo_env.market import alike
from econo_env.scenario import Scenario


@dataclass(frozen=True)
class Budget:
    """How hard to search.

    Attributes:
        types: Cells of the own type.
        bids: Points of the bid grid, where payoffs are value times units minus payment.
        actions: Most deviations of the action grid, otherwise.
        selection: Most rival profiles on which deviations are chosen; a quarter of it, at the least, where many bid.
        evaluation: Rival profiles a seed on which their gain is measured.
        luck: Rival profiles a type in the search over actions; the evaluation takes as many for each seed.
        finals: Samples of `luck` profiles among which the finalists of the search over actions are decided.
        episodes: Episodes a seed on which a deviation over whole episodes is measured; a quarter of them screens.
    """

    types: int = 96
    bids: int = 768
    actions: int = 1024
    selection: int = 131072
    evaluation: int = 4096
    luck: int = 1024
    finals: int = 8
    episodes: int = 512


def groups_of(scenario: Scenario, agents: str) -> tuple[tuple[int, ...], ...]:
    """The agents to search for, each with those it stands for.

    Args:
        scenario: The market.
        agents: `roles`, one agent of each role under the rules and group of the population, or `all`.

    Raises:
        ValueError: An unknown choice.
    """
    if agents not in ("roles", "all"):
        raise ValueError(f"agents={agents!r} is unknown: choose roles or all")
    alone = tuple((agent,) for agent in range(scenario.num_agents))
    return alike(scenario) if agents == "roles" else alone

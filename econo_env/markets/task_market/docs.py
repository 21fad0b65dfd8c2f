"""What a task market says about itself."""

from dataclasses import replace

from econo_env.docs import Docs
from econo_env.markets.task_market.scenario import TaskMarketScenario
from econo_env.markets.task_market.state import ACTIONS
from econo_env.markets.wording import last_tick, page_of


def _over_an_episode(scenario: TaskMarketScenario) -> str:
    """What is said of one task, said of the whole episode."""
    if scenario.pays_later:
        return (
            "; that is of each contract by itself: one that is won takes a slot and stake that later ones would need, "
            "so over an episode reporting more than the own cost can pay"
        )
    if not scenario.ticks_hang_together:
        return ""
    if not scenario.opens_later_tasks:
        return "; that is in each task, and as every task is open to newcomers no gain over an episode is known"
    if "lottery" in (scenario.economy or {}):
        return (
            "; only tasks that go by lot build the reputation that opens later ones, so over an episode nothing is "
            "gained but by accepting them where the own score falls short of what is owed"
        )
    return (
        "; that is in each task, not over an episode: winning builds the reputation that opens later tasks, so "
        "reporting less than the own cost can pay"
    )


def docs(scenario: TaskMarketScenario) -> Docs:
    """The texts of the scenario's page."""
    last = last_tick(scenario)
    page = page_of(
        scenario,
        description=f"{scenario.num_agents} agents with private cost and reliability compete for a stream of tasks. "
        f"{scenario.row().summary} The winner's stake is locked, the work is graded, and one value schedule pays, "
        "slashes and bans; grades build the reputation that later tasks ask for.",
        actions=ACTIONS,
        rewards="Credits received for contracts that are settled minus the cost of the effort, for their holders."
        if scenario.pays_later
        else "Credits received for the task minus the cost of the effort, for the winner; 0 for everybody else.",
        start="Newcomers with fresh stake and no evidence, new reliabilities, the first task.",
        end=(
            "Termination of one agent: its forged proof is found out and it is banned. All its features are 0 then.",
            f"{last}, for everybody present at once, after {scenario.max_cycles} tasks.",
            "Termination, when nobody is left.",
        ),
    )
    return replace(page, equilibrium=f"{page.equilibrium}{_over_an_episode(scenario)}")

"""What a task market says about itself."""

from econo_env.docs import Docs
from econo_env.markets.task_market.scenario import TaskMarketScenario

_ACTIONS = {
    "cost_report": "reports (1 + a) times the own cost; 0 is the truth",
    "reliability_report": "reports p + a (1 - p) above 0 and p (1 + a) below; 0 is the truth",
    "effort": "works with effort (1 + a) / 2",
    "forgery": "above 0.5, does no work if it wins and submits a forged proof",
}


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
    rule = scenario.row()
    last = "Truncation" if scenario.end_of_episode == "truncation" else "Termination"
    return Docs(
        description=f"{scenario.num_agents} agents with private cost and reliability compete for a stream of tasks. "
        f"{rule.summary} The winner's stake is locked, the work is graded, and one value schedule pays, slashes and "
        f"bans; grades build the reputation that later tasks ask for. Properties: {rule.promises}.",
        actions=_ACTIONS,
        rewards="Credits received for contracts that are settled minus the cost of the effort, for their holders."
        if scenario.pays_later
        else "Credits received for the task minus the cost of the effort, for the winner; 0 for everybody else.",
        start="Newcomers with fresh stake and no evidence, new reliabilities, the first task.",
        end=(
            "Termination of one agent: its forged proof is found out and it is banned. All its features are 0 then.",
            f"{last}, for everybody present at once, after {scenario.max_cycles} tasks.",
            "Termination, when nobody is left.",
        ),
        equilibrium=f"{rule.known_answer}{_over_an_episode(scenario)}",
        references=rule.reference,
    )

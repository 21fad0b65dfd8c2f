"""What the pages of several kinds of market say alike."""

from collections.abc import Mapping

from econo_env.docs import Docs
from econo_env.scenario import Scenario


def page_of(
    scenario: Scenario,
    description: str,
    actions: Mapping[str, str],
    rewards: str,
    start: str,
    *,
    tick: str = "round",
    limits: str = "",
) -> Docs:
    """The texts of a page whose market ends for everybody at once, with what the rule's row says of theory.

    Args:
        scenario: The configuration.
        description: What is played; what is claimed of the rule follows.
        actions: Meaning of each action component, by its name.
        rewards: What an agent earns in a step, in credits.
        start: What a new episode starts from.
        tick: What a tick is called.
        limits: What the claims leave out, in words; nothing by default.
    """
    row = scenario.row()
    last = "Truncation: the economy would go on" if scenario.end_of_episode == "truncation" else "Termination"
    return Docs(
        description=f"{description} Properties{f' ({limits})' if limits else ''}: {row.promises}.",
        actions=actions,
        rewards=rewards,
        start=start,
        end=(f"{last}, for everybody at once, after {scenario.max_cycles} {tick}(s).",),
        equilibrium=row.known_answer,
        references=row.reference,
    )

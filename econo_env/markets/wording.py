"""What several kinds of market say alike: pages, names with numbers, that no equilibrium is known."""

from collections.abc import Mapping

from econo_env.docs import Docs
from econo_env.scenario import Scenario


def last_tick(scenario: Scenario) -> str:
    """What the last tick of an episode is to a learner."""
    return "Truncation" if scenario.end_of_episode == "truncation" else "Termination"


def numbered(word: str, count: int, first: int = 0) -> tuple[str, ...]:
    """`word_0`, `word_1`, ..., counted from `first`, or the word itself where there is only one."""
    return (word,) if count == 1 else tuple(f"{word}_{number}" for number in range(first, first + count))


def none_known(scenario: Scenario, why: str) -> ValueError:
    """What whoever asks for an equilibrium is told where none is known."""
    return ValueError(f"{scenario.id}: {why}; use truthful, shading or a trained run instead")


def page_of(
    scenario: Scenario,
    description: str,
    actions: Mapping[str, str],
    rewards: str,
    start: str,
    *,
    tick: str = "round",
    end: tuple[str, ...] | None = None,
    limits: str = "",
) -> Docs:
    """The texts of a page, with what the rule's row says of theory.

    Args:
        scenario: The configuration.
        description: What is played; what is claimed of the rule follows.
        actions: Meaning of each action component, by its name.
        rewards: What an agent earns in a step, in credits.
        start: What a new episode starts from.
        tick: What a tick is called.
        end: How an episode ends; by default for everybody after its last tick.
        limits: What the claims leave out, in words; nothing by default.
    """
    row = scenario.row()
    goes_on = ": the economy would go on" if scenario.end_of_episode == "truncation" else ""
    last = f"{last_tick(scenario)}{goes_on}, for everybody at once, after {scenario.max_cycles} {tick}(s)."
    return Docs(
        description=f"{description} Properties{f' ({limits})' if limits else ''}: {row.promises}.",
        actions=actions,
        rewards=rewards,
        start=start,
        end=end or (last,),
        equilibrium=row.known_answer,
        references=row.reference,
    )

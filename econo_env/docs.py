"""What a kind of market says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Docs:
    """The texts of a scenario's documentation page that its market knows.

    Attributes:
        description: What is played, in a few sentences.
        actions: Meaning of each action component, by its name.
        rewards: What an agent earns in a step, in credits.
        start: What a new episode starts from.
        end: How an episode ends for an agent or for all, one sentence each.
        equilibrium: What theory says about it.
        references: Where rules and answers come from.
    """

    description: str
    actions: Mapping[str, str]
    rewards: str
    start: str
    end: tuple[str, ...]
    equilibrium: str
    references: str

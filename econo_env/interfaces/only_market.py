"""What a batch of one market holds, as the dicts of the PettingZoo API want it: one call of NumPy for all agents."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from econo_env.engine.state import Bools, Float32s, Float64s, Int64s, StepBuffers


class OnlyMarket(NamedTuple):
    """The rows of the only market in step buffers, as views, for to index an array takes as long as to copy it.

    Attributes:
        source: The step buffers that they look into.
        actions: Shape (agents, components), as the others.
        observations: (agents, features).
        action_mask: (agents,).
        rewards: Credits (agents,).
        terminated: (agents,).
        truncated: (agents,).
    """

    source: StepBuffers
    actions: Float32s
    observations: Float32s
    action_mask: Bools
    rewards: Float64s
    terminated: Bools
    truncated: Bools

    def of(self, rows: Int64s) -> "OnlyMarket":
        """What it holds of some agents, copied."""
        return OnlyMarket(
            self.source,
            self.actions[rows],
            self.observations[rows],
            self.action_mask[rows],
            self.rewards[rows],
            self.terminated[rows],
            self.truncated[rows],
        )


def only_market(buffers: StepBuffers) -> OnlyMarket:
    """The views into the step buffers of one market."""
    return OnlyMarket(buffers, *(getattr(buffers, name)[0] for name in OnlyMarket._fields[1:]))


def facts_by_agent(agents: Sequence[str], columns: Mapping[str, Iterable[Any]]) -> dict[str, dict[str, Any]]:
    """One dict an agent from columns by name; the usual three are written out, which takes half the time."""
    names = tuple(columns)
    if len(names) == 3:
        first, second, third = names
        ones, twos, threes = columns.values()
        rows_of_three = zip(agents, ones, twos, threes)  # noqa: B905 - as in `by_agent`
        return {agent: {first: x, second: y, third: z} for agent, x, y, z in rows_of_three}
    rows: Iterable[tuple[Any, ...]] = zip(*columns.values(), strict=True) if names else repeat(())
    return {agent: by_agent(names, row) for agent, row in zip(agents, rows, strict=False)}


def by_agent(agents: Sequence[str], values: Iterable[Any]) -> dict[str, Any]:
    """A dict of one value for each agent."""
    return dict(zip(agents, values))  # noqa: B905 - as many by construction; to check it takes a third longer

"""Actions as agents give them: checked before anything in the market changes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def fits(rows: NDArray[Any], shape: tuple[int, ...]) -> bool:
    """Whether `rows` are real numbers of that shape, all in [-1, 1]; NaN is not."""
    return bool(rows.shape == shape and rows.dtype.kind in "fiu" and rows.min() >= -1.0 and rows.max() <= 1.0)


def check_action(agent: str, action: Any, names: Sequence[str]) -> None:
    """Raises a `ValueError` unless `action` is one number in [-1, 1] for each of the components `names`."""
    try:
        given = np.asarray(action)
    except ValueError:
        given = np.empty(0, dtype=object)
    if not fits(given, (len(names),)):
        raise ValueError(
            f"action of {agent} is {action!r}: give {len(names)} number{'s' * (len(names) > 1)} "
            f"({', '.join(names)}) from -1 to 1 as an array of shape ({len(names)},); np.clip mends a value outside"
        )


def action_rows(
    actions: Mapping[str, Any], agents: Sequence[str], known: Collection[str], names: Sequence[str]
) -> NDArray[Any]:
    """The actions of the agents present as one array, shape (agents, components).

    Args:
        actions: An action for each agent present; those of agents that have left are ignored.
        agents: The agents present, in order.
        known: All agents there can be.
        names: What each component means.

    Raises:
        ValueError: `actions` is no mapping, an action is missing, not within its space, or of an unknown agent.
    """
    try:
        rows = np.array([actions[agent] for agent in agents])
        if len(actions) == len(agents) and fits(rows, (len(agents), len(names))):
            return rows
    except (KeyError, TypeError, ValueError, IndexError):
        pass  # found and named below
    if not isinstance(actions, Mapping):
        raise ValueError(f"actions of type {type(actions).__name__}: give a dict with one action for each agent")
    for agent in agents:
        if agent not in actions:
            raise ValueError(f"action of {agent} is missing: give one for each of env.agents, zeros for no action")
        check_action(agent, actions[agent], names)
    for agent in actions:
        require_known(agent, known)
    return np.array([actions[agent] for agent in agents])


def require_known(agent: str, known: Collection[str]) -> None:
    """Raises a `ValueError` unless `agent` is one of the agents `known`."""
    if agent not in known:
        names = list(known)
        listed = ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]}"
        raise ValueError(f"{agent!r} is no agent of this market: agents are {listed}")

"""Actions of one market as a dict: checked before anything in the market changes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.interfaces.action_forms import ActionForm
from econo_env.interfaces.spaces import as_components


def checked_action(agent: str, action: Any, form: ActionForm) -> NDArray[Any]:
    """One agent's action as an array of the form's shape.

    Raises:
        ValueError: It is none of the form.
    """
    given = as_components(action, form.shape[0] if form.shape else 0)
    if not form.accepts(given, ()):
        raise ValueError(f"action of {agent} is {action!r}: {form.wanted}")
    return given


def action_rows(
    actions: Mapping[str, Any], agents: Sequence[str], known: Collection[str], form: ActionForm
) -> NDArray[Any]:
    """The actions of the agents present as one array, shape (agents, *form.shape).

    Args:
        actions: An action for each agent present; those of agents that have left are ignored.
        agents: The agents present, in order.
        known: All agents there can be.
        form: What an action is.

    Raises:
        ValueError: `actions` is no mapping, an action is missing, not of the form, or of an unknown agent.
    """
    try:
        rows = np.array([actions[agent] for agent in agents])
        if len(actions) == len(agents) and form.accepts(rows, (len(agents),)):
            return rows
    except (KeyError, TypeError, ValueError, IndexError):
        pass  # found and named below
    if not isinstance(actions, Mapping):
        raise ValueError(f"actions of type {type(actions).__name__}: give a dict with one action for each agent")
    for agent in agents:
        if agent not in actions:
            raise ValueError(f"action of {agent} is missing: give one for each of env.agents, zeros for no action")
    for agent in actions:
        require_known(agent, known)
    return np.array([checked_action(agent, actions[agent], form) for agent in agents])


def require_known(agent: str, known: Collection[str]) -> None:
    """Raises a `ValueError` unless `agent` is one of the agents `known`."""
    if agent not in known:
        names = list(known)
        listed = ", ".join(names) if len(names) <= 3 else f"{names[0]} to {names[-1]}"
        raise ValueError(f"{agent!r} is no agent of this market: agents are {listed}")

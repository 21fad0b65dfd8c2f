"""Where agents stand: the level that plays each, and what has moved it there so far."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from econo_env.engine.state import Int64s
from econo_env.policy import Policy

EVENTS = ("promotion", "demotion", "invalid", "late", "poor", "rollback")
"""What moves an agent: to the next level or the one below for good; for a while to the one below, because an action was
none, came too late or earned less than before; and what it has learned back to when it last stood well."""
PROMOTION, DEMOTION, INVALID, LATE, POOR, ROLLBACK = range(len(EVENTS))


class Standing(NamedTuple):
    """Where agents stand.

    Attributes:
        level: The level that plays, by its number in `LEVELS`, (markets, agents).
        counts: How often each of `EVENTS` has come, (markets, agents, events).
    """

    level: Int64s
    counts: Int64s


@runtime_checkable
class Leveled(Policy, Protocol):
    """A policy that knows of levels."""

    def stands(self, shape: tuple[int, int]) -> Standing:
        """Where its agents stand after the last `act` and `observe`, for (markets, agents)."""
        ...


def standing_of(policy: Policy, shape: tuple[int, int]) -> Standing:
    """Where the agents of a policy stand; one that knows of no levels is reactive.

    Args:
        policy: Any.
        shape: Markets and agents.
    """
    if isinstance(policy, Leveled):
        return policy.stands(shape)
    return Standing(np.zeros(shape, dtype=np.int64), np.zeros((*shape, len(EVENTS)), dtype=np.int64))

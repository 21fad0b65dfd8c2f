"""Downtime: who serves too few of its last duties is slashed and jailed, once, and starts to count anew after it.

The rule of Cosmos (`x/slashing`): a window of the last duties, a least share served, a jail, counters reset.
"""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Int64s

FOREVER = 2**62
"""The end of a tombstone: later than any tick."""


class DutySchedule(NamedTuple):
    """When an agent is down, and for how long it is jailed.

    Attributes:
        window: Duties that are looked back on.
        least_served: Least number of them that must be served.
        jail: Ticks in jail.
    """

    window: int = 100
    least_served: int = 50
    jail: int = 10


class Duties(NamedTuple):
    """The last duties of agents in a batch of markets."""

    missed: Annotated[Bools, Column(np.bool_, ("agents", "duties"), "the last duties that were missed, a ring")]
    seen: Annotated[Int64s, Column(np.int64, ("agents",), "duties since the count began")]
    misses: Annotated[Int64s, Column(np.int64, ("agents",), "missed ones in the window")]
    free_again: Annotated[Int64s, Column(np.int64, ("agents",), "first tick out of jail, 0 for never jailed")]


@compiled
def is_jailed(k: int, i: int, tick: int, duties: Duties) -> bool:
    """Whether agent i may not act in this tick."""
    return bool(tick < duties.free_again[k, i])


@compiled
def is_tombstoned(k: int, i: int, duties: Duties) -> bool:
    """Whether agent i never acts again."""
    return bool(duties.free_again[k, i] == FOREVER)


@compiled
def entomb(k: int, i: int, duties: Duties) -> None:
    """Bars agent i forever; nothing later shortens it."""
    duties.free_again[k, i] = FOREVER


@compiled
def start_count(k: int, i: int, duties: Duties) -> None:
    """Forgets the duties of agent i."""
    duties.seen[k, i] = 0
    duties.misses[k, i] = 0
    for at in range(duties.missed.shape[2]):
        duties.missed[k, i, at] = False


@compiled
def note_duty(k: int, i: int, served: bool, tick: int, schedule: DutySchedule, duties: Duties) -> bool:
    """Notes whether agent i served a duty; jails it where it is down.

    Args:
        k: The market.
        i: The agent.
        served: Whether the duty was served.
        tick: The tick of the duty; the jail begins with the next one.
        schedule: When an agent is down.
        duties: The last duties, a window of `schedule.window` of them.

    Returns:
        Whether it is down now, which is to be slashed. Duties in jail count for nothing.
    """
    if is_jailed(k, i, tick, duties):
        return False
    at = duties.seen[k, i] % schedule.window
    duties.misses[k, i] += (not served) - int(duties.missed[k, i, at])
    duties.missed[k, i, at] = not served
    duties.seen[k, i] += 1
    if duties.seen[k, i] < schedule.window or schedule.window - duties.misses[k, i] >= schedule.least_served:
        return False
    duties.free_again[k, i] = tick + 1 + schedule.jail
    start_count(k, i, duties)
    return True

"""Levels of degradation: what a market still does. A higher level never does more."""

from econo_env.engine.compiled import compiled

NORMAL = 0
LIMITED = 1
ESSENTIAL = 2
EMERGENCY = 3
SHUTDOWN = 4

BIDS_OF_ALL = NORMAL
BIDS_OF_PROBES = LIMITED
CHANGES_OF_REPUTATION = ESSENTIAL
SETTLEMENTS = EMERGENCY
WITHDRAWALS = SHUTDOWN
"""Each feature is the highest level that still has it."""


@compiled
def offers(level: int, feature: int) -> bool:
    """Whether a market at that level has the feature."""
    return level <= feature

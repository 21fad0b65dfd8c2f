"""What reputation multiplies: straight lines only, so that no step is worth gaming."""

from econo_env.engine.compiled import compiled

LOCK_OF_NONE = 1.5
LOCK_OF_FULL = 0.8
REWARD_OF_NONE = 0.1
REWARD_OF_FULL = 1.2
PREMIUM_OF_NONE = 1.5
PREMIUM_OF_FULL = 1.0
LINE_OF_NONE = 0.5
LINE_OF_FULL = 1.0


@compiled
def straight_line(reputation: float, at_none: float, at_full: float) -> float:
    """The value at a reputation, which is cut to [0, 1]; it changes by at most |at_full - at_none| of any change."""
    cut = min(1.0, max(0.0, reputation))
    return at_none + (at_full - at_none) * cut


@compiled
def lock_factor(reputation: float) -> float:
    """What the stake behind a contract is multiplied by: from 1.5 at reputation 0 to 0.8 at 1."""
    return straight_line(reputation, LOCK_OF_NONE, LOCK_OF_FULL)


@compiled
def reward_factor(reputation: float) -> float:
    """What a reward is multiplied by: from 0.1 at reputation 0 to 1.2 at 1."""
    return straight_line(reputation, REWARD_OF_NONE, REWARD_OF_FULL)


@compiled
def premium_factor(reputation: float) -> float:
    """What a premium is multiplied by: from 1.5 at reputation 0 to 1 at 1, never less than what is paid on average."""
    return straight_line(reputation, PREMIUM_OF_NONE, PREMIUM_OF_FULL)


@compiled
def line_factor(reputation: float) -> float:
    """What a credit line is multiplied by: from 0.5 at reputation 0 to 1 at 1, never more than the collateral bears."""
    return straight_line(reputation, LINE_OF_NONE, LINE_OF_FULL)

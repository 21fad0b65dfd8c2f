"""Market-wide levels: how far an index has fallen since the session began, in whole numbers, thresholds inclusive.

In floats 1000 * (1 - 0.07) is less than 930, so a naive test sees no fall of 7 % at 930.
"""

from typing import NamedTuple

from econo_env.economy.breakers.bands import PPM, share_down
from econo_env.engine.compiled import compiled


class Levels(NamedTuple):
    """Constants.

    Attributes:
        first: Fall that reaches level 1, parts per million.
        second: Level 2.
        third: Level 3, which ends the session.
        halt: Ticks that levels 1 and 2 halt the market for.
        until: The tick of the session from which they do not.
    """

    first: int
    second: int
    third: int
    halt: int
    until: int


@compiled
def level_of(opening: int, index: int, levels: Levels) -> int:
    """The level, 0 to 3, of an index that opened at `opening`; 0 where there is no index yet."""
    if opening <= 0 or index <= 0:
        return 0
    if index <= share_down(opening, 1, PPM - levels.third):
        return 3
    if index <= share_down(opening, 1, PPM - levels.second):
        return 2
    return 1 if index <= share_down(opening, 1, PPM - levels.first) else 0


@compiled
def halt_for(level: int, reached: int, tick: int, levels: Levels) -> int:
    """Ticks to halt for: 0 for none, -1 for the rest of the session.

    Args:
        level: The level now.
        reached: The highest level that has halted the session before.
        tick: Ticks of the session so far.
        levels: The constants.
    """
    if level <= reached:
        return 0
    if level == 3:
        return -1
    return levels.halt if tick < levels.until else 0

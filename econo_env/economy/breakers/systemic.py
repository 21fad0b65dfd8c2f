"""Systemic triggers: measures of a whole market that halt it once, and again only after they have come down.

A trigger fires when its measure exceeds it, and is armed again where the measure is at most 80 % of it, so a measure
that hovers around its trigger halts a market once. Shares are compared without a division, so nothing is rounded.
"""

from typing import NamedTuple

from econo_env.economy.breakers.bands import PPM, Mean, share_down
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s

_REARM = 800_000

HIGH = 1
BETWEEN = 0
LOW = -1


class Fired(NamedTuple):
    """Whether a trigger fires, and whether it is armed afterwards."""

    fires: bool
    armed: bool


@compiled
def fired(signal: int, armed: bool) -> Fired:
    """A trigger after one more look at its measure: `HIGH`, `BETWEEN` or `LOW`."""
    if signal == HIGH:
        return Fired(armed, False)
    return Fired(False, armed or signal == LOW)


@compiled
def of_rate(events: int, cases: int, trigger: int, least: int) -> int:
    """Whether events a case exceed the trigger, parts per million; fewer than `least` cases tell nothing."""
    if cases < max(least, 1):
        return BETWEEN
    if events * PPM > trigger * cases:
        return HIGH
    return LOW if events * PPM <= trigger * _REARM // PPM * cases else BETWEEN


@compiled
def of_spread(prices: Int64s, mean: Mean, trigger: int, least: int) -> int:
    """Whether the range of the prices in the ring exceeds the trigger, parts per million of their mean."""
    if mean.size < max(least, 2):
        return BETWEEN
    low = high = prices[0]
    for at in range(1, mean.size):
        low, high = min(low, prices[at]), max(high, prices[at])
    if high - low > share_down(mean.total, mean.size, trigger):
        return HIGH
    return LOW if high - low <= share_down(mean.total, mean.size, trigger * _REARM // PPM) else BETWEEN


@compiled
def of_shortfall(measure: int, trigger: int) -> int:
    """Whether a measure has fallen below the trigger; `LOW` is a measure of which 80 % reach it."""
    if measure < trigger:
        return HIGH
    return LOW if measure * _REARM >= trigger * PPM else BETWEEN

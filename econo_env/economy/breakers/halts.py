"""When a market halts for its prices, for how long, and how it reopens.

A price outside the band is rejected. So many rejections in a row halt the market; after the halt a call with a collar
around the last reference reopens it. The published rule (`CLIP`) restarts at the attempt clipped to the collar. Where
prices have moved further than the collar that is a stale price, so the next attempts are rejected and the market halts
again: `WIDEN` and `FOLLOW` are the cures. A market that nobody reopens is open without a band after `extensions` calls
more, so every halt ends.
"""

from typing import NamedTuple

from econo_env.economy.breakers.bands import MOVE, NO_BAND, NO_LIMIT, Mean, band, push, restart, tier_band
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s

OPEN = 0
HALTED = 1
REOPENING = 2
ENDED = 3
"""Halted for the rest of the session, or until somebody looks into it."""

NO_REASON = 0
PRICES = 1
LEVEL = 2
SYSTEMIC = 3
CALLS = 4
INTEGRITY = 5

CLIP = 0
WIDEN = 1
FOLLOW = 2


class Rules(NamedTuple):
    """Constants.

    Attributes:
        kind: `MOVE`, `TIER_1`, `TIER_2`, or `NO_BAND`.
        move: The largest move from the mean of the last prices, parts per million.
        limit: Rejections in a row that halt the market.
        halt: Ticks of such a halt.
        collar: The largest move from the reference in a reopening call, parts per million.
        reopening: `CLIP`, `WIDEN` (the collar grows by itself with every call) or `FOLLOW` (the reference moves to the
            end of the collar).
        extensions: Calls after the first until the market is open without a reference.
        least_open: Ticks that a market stays open at least, before prices halt it again.
    """

    kind: int
    move: int
    limit: int
    halt: int
    collar: int
    reopening: int
    extensions: int
    least_open: int


class Status(NamedTuple):
    """Where a market stands.

    Attributes:
        mode: `OPEN`, `HALTED`, `REOPENING` or `ENDED`.
        reason: Why it was halted last; `NO_REASON` for never.
        left: Ticks of the halt to come.
        rejections: Attempts rejected in a row.
        calls: Reopening calls that came to nothing.
        open_for: Ticks since it reopened, at most `least_open`.
    """

    mode: int
    reason: int
    left: int
    rejections: int
    calls: int
    open_for: int


@compiled
def fresh(rules: Rules) -> Status:
    """Open since long."""
    return Status(OPEN, NO_REASON, 0, 0, 0, rules.least_open)


@compiled
def limits(status: Status, rules: Rules, mean: Mean, wide: bool) -> tuple[int, int]:
    """The lowest and the highest price at which the coming tick can execute; none where the market is halted."""
    if status.mode in (HALTED, ENDED):
        return NO_LIMIT, 0
    if mean.size == 0 or rules.kind == NO_BAND:
        return 0, NO_LIMIT
    if status.mode == REOPENING:
        return band(mean.total, mean.size, rules.collar * (1 + status.calls if rules.reopening == WIDEN else 1))
    if rules.kind == MOVE:
        return band(mean.total, mean.size, 2 * rules.move if wide else rules.move)
    return tier_band(mean.total, mean.size, rules.kind, wide)


@compiled
def execution(status: Status, rules: Rules, low: int, high: int, attempt: int) -> int:
    """The price at which an attempt executes, 0 for not at all; `attempt` is 0 where there is none."""
    if attempt <= 0 or status.mode in (HALTED, ENDED):
        return 0
    if low <= attempt <= high:
        return attempt
    if status.mode == REOPENING and rules.reopening == CLIP and low <= high:
        return _clipped(attempt, low, high)
    return 0


@compiled
def _clipped(attempt: int, low: int, high: int) -> int:
    """The attempt, or the end of the band that it lies beyond; a band may be too narrow for any whole price."""
    if attempt < low:
        return low
    return min(attempt, high)


@compiled
def halted(ticks: int, reason: int) -> Status:
    """The market halts for that many ticks, or for good where they are negative."""
    if ticks < 0:
        return Status(ENDED, reason, 0, 0, 0, 0)
    return Status(HALTED, reason, ticks, 0, 0, 0)


@compiled
def after(status: Status, rules: Rules, attempt: int, in_band: bool, price: int) -> Status:
    """The status after a tick.

    Args:
        status: Before it.
        rules: The constants.
        attempt: The price at which trades would have been, 0 for none.
        in_band: Whether it was allowed to stand.
        price: The price of what stood and was kept, 0 for nothing.
    """
    if status.mode == OPEN:
        return _after_open(status, rules, attempt, in_band)
    if status.mode == HALTED:
        still = status.left > 1
        return Status(HALTED if still else REOPENING, status.reason, status.left - 1, 0, 0, 0)
    if status.mode == REOPENING:
        opens = price > 0 or status.calls >= rules.extensions
        return Status(OPEN if opens else REOPENING, status.reason, 0, 0, 0 if opens else status.calls + 1, 0)
    return status


@compiled
def _after_open(status: Status, rules: Rules, attempt: int, in_band: bool) -> Status:
    rejections = status.rejections
    if attempt > 0:
        rejections = 0 if in_band else rejections + 1
    open_for = min(status.open_for + 1, rules.least_open)
    if rejections >= rules.limit and open_for >= rules.least_open:
        return halted(rules.halt, PRICES)
    return Status(OPEN, status.reason, 0, rejections, 0, open_for)


@compiled
def remember(
    prices: Int64s, mean: Mean, status: Status, rules: Rules, low: int, high: int, attempt: int, price: int
) -> Mean:
    """The reference after a tick that began in `status`; `prices` (window,) is the ring it is the mean of.

    A call that reopens restarts it. Where the last call came to nothing it is forgotten.
    """
    if status.mode == OPEN:
        return push(prices, mean, price) if price > 0 else mean
    if status.mode != REOPENING:
        return mean
    if price > 0:
        return restart(prices, price)
    if status.calls >= rules.extensions:
        return restart(prices, 0)
    if rules.reopening == FOLLOW and attempt > 0 and mean.size > 0:
        return restart(prices, _clipped(attempt, low, high))
    return mean

"""The breaker of a service that is called: closed, open, half-open.

Failures in a row open it; after a while it lets a few calls through, and closes when enough of them succeed. A result
tells of the breaker as it was when its call was admitted: one that comes after the breaker has changed over tells
nothing of what is there now.
"""

from typing import NamedTuple

from econo_env.engine.compiled import compiled

CLOSED = 0
OPENED = 1
HALF_OPEN = 2


class CallRules(NamedTuple):
    """Constants.

    Attributes:
        failures: Failures in a row that open it.
        open: Ticks that it stays open.
        successes: Successes of probes that close it.
        probes: Calls under way at once while it is half-open.
    """

    failures: int
    open: int
    successes: int
    probes: int


class CallBreaker(NamedTuple):
    """A breaker.

    Attributes:
        phase: `CLOSED`, `OPENED` or `HALF_OPEN`.
        failures: Failures in a row while closed.
        successes: Successes while half-open.
        left: Ticks to come while open.
        under_way: Probes without a result.
        epoch: How often it has changed over; a call carries the one in which it was admitted.
    """

    phase: int
    failures: int
    successes: int
    left: int
    under_way: int
    epoch: int


class Admitted(NamedTuple):
    """Whether a call may go ahead, and the breaker afterwards."""

    allowed: bool
    breaker: CallBreaker


@compiled
def admit(breaker: CallBreaker, rules: CallRules) -> Admitted:
    """Asks to make a call: always while closed, never while open, so many at once while half-open."""
    if breaker.phase != HALF_OPEN:
        return Admitted(breaker.phase == CLOSED, breaker)
    if breaker.under_way >= rules.probes:
        return Admitted(False, breaker)
    probing = CallBreaker(HALF_OPEN, 0, breaker.successes, 0, breaker.under_way + 1, breaker.epoch)
    return Admitted(True, probing)


@compiled
def opened(breaker: CallBreaker, rules: CallRules) -> CallBreaker:
    """The breaker opens."""
    return CallBreaker(OPENED, 0, 0, rules.open, 0, breaker.epoch + 1)


@compiled
def result(breaker: CallBreaker, rules: CallRules, epoch: int, succeeded: bool) -> CallBreaker:
    """The breaker after a call that was admitted in `epoch` has succeeded or failed."""
    if epoch != breaker.epoch or breaker.phase == OPENED:
        return breaker
    if breaker.phase == CLOSED:
        failures = 0 if succeeded else breaker.failures + 1
        if failures >= rules.failures:
            return opened(breaker, rules)
        return CallBreaker(CLOSED, failures, 0, 0, 0, breaker.epoch)
    if not succeeded:
        return opened(breaker, rules)
    if breaker.successes + 1 >= rules.successes:
        return CallBreaker(CLOSED, 0, 0, 0, 0, breaker.epoch + 1)
    return CallBreaker(HALF_OPEN, 0, breaker.successes + 1, 0, breaker.under_way - 1, breaker.epoch)


@compiled
def given_up(breaker: CallBreaker, epoch: int) -> CallBreaker:
    """The breaker after a call admitted in `epoch` was not made after all."""
    if epoch != breaker.epoch or breaker.phase != HALF_OPEN:
        return breaker
    return CallBreaker(HALF_OPEN, 0, breaker.successes, 0, breaker.under_way - 1, breaker.epoch)


@compiled
def tick(breaker: CallBreaker) -> CallBreaker:
    """The breaker a tick later: one that was open long enough is half-open."""
    if breaker.phase != OPENED:
        return breaker
    if breaker.left > 1:
        return CallBreaker(OPENED, 0, 0, breaker.left - 1, 0, breaker.epoch)
    return CallBreaker(HALF_OPEN, 0, 0, 0, 0, breaker.epoch + 1)

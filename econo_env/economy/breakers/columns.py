"""The columns of breakers in a batch of markets, and how the rules read and write them."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.breakers import degradation, halts
from econo_env.economy.breakers.bands import Mean
from econo_env.economy.breakers.calls import HALF_OPEN, CallBreaker
from econo_env.economy.breakers.halts import ENDED, HALTED, REOPENING, Status
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Int64s

AWARDED, FAILED, TRIED, MISSED = range(4)
COUNTS = 4
VOLATILITY, REPUTATION = AWARDED, TRIED  # triggers that need no count of their own have its place


class State(NamedTuple):
    """Halts in a batch of markets; a status is one of `econo_env.economy.breakers.halts`."""

    mode: Annotated[Int64s, Column(np.int64, (), "0 open, 1 halted, 2 reopening, 3 ended")]
    reason: Annotated[Int64s, Column(np.int64, (), "of the last halt, see breakers.halts; 0 for none")]
    left: Annotated[Int64s, Column(np.int64, (), "ticks of the halt to come")]
    rejections: Annotated[Int64s, Column(np.int64, (), "attempts rejected in a row")]
    failed_calls: Annotated[Int64s, Column(np.int64, (), "reopening calls that came to nothing")]
    open_for: Annotated[Int64s, Column(np.int64, (), "ticks since it reopened, up to least_open")]
    prices: Annotated[Int64s, Column(np.int64, ("price_window",), "micro-credits, the last reference prices, a ring")]
    total: Annotated[Int64s, Column(np.int64, (), "micro-credits, their sum")]
    held: Annotated[Int64s, Column(np.int64, (), "how many there are")]
    at: Annotated[Int64s, Column(np.int64, (), "where the next one goes")]
    low: Annotated[Int64s, Column(np.int64, (), "micro-credits, lowest price at which the coming tick can execute")]
    high: Annotated[Int64s, Column(np.int64, (), "micro-credits, the highest")]
    attempt: Annotated[Int64s, Column(np.int64, (), "micro-credits, price tried in the last tick, 0 for none")]
    in_band: Annotated[Bools, Column(np.bool_, (), "it was allowed to stand")]
    voided: Annotated[Bools, Column(np.bool_, (), "the trades of the last tick were voided")]
    opening: Annotated[Int64s, Column(np.int64, (), "micro-credits, the session's first price, 0 for none yet")]
    latest: Annotated[Int64s, Column(np.int64, (), "micro-credits, its last price")]
    level: Annotated[Int64s, Column(np.int64, (), "highest market-wide level that has halted the session")]
    recent: Annotated[Int64s, Column(np.int64, ("trend", "counts"), "awards, failures, tries, misses of each tick")]
    sums: Annotated[Int64s, Column(np.int64, ("counts",), "of each over the ring")]
    next: Annotated[Int64s, Column(np.int64, (), "where the next tick goes in the ring")]
    disarmed: Annotated[Bools, Column(np.bool_, ("counts",), "triggers that wait for their measure to come down")]
    phase: Annotated[Int64s, Column(np.int64, (), "of the call breaker: 0 closed, 1 open, 2 half-open")]
    failures: Annotated[Int64s, Column(np.int64, (), "awards that failed in a row")]
    successes: Annotated[Int64s, Column(np.int64, (), "probes that succeeded")]
    waits: Annotated[Int64s, Column(np.int64, (), "ticks that the call breaker stays open")]
    probes: Annotated[Int64s, Column(np.int64, (), "probes under way")]
    epoch: Annotated[Int64s, Column(np.int64, (), "how often the call breaker has changed over")]
    admitted: Annotated[Bools, Column(np.bool_, ("agents",), "may bid in the coming tick, if anybody may")]
    barred: Annotated[Bools, Column(np.bool_, ("agents",), "may not act for a halt alone")]


@compiled
def status_of(k: int, breakers: State) -> Status:
    """The status of market k."""
    return Status(
        breakers.mode[k],
        breakers.reason[k],
        breakers.left[k],
        breakers.rejections[k],
        breakers.failed_calls[k],
        breakers.open_for[k],
    )


@compiled
def put(k: int, breakers: State, status: Status) -> None:
    """Writes the status of market k."""
    breakers.mode[k] = status.mode
    breakers.reason[k] = status.reason
    breakers.left[k] = status.left
    breakers.rejections[k] = status.rejections
    breakers.failed_calls[k] = status.calls
    breakers.open_for[k] = status.open_for


@compiled
def mean_of(k: int, breakers: State) -> Mean:
    """The reference of market k."""
    return Mean(breakers.total[k], breakers.held[k], breakers.at[k])


@compiled
def put_mean(k: int, breakers: State, mean: Mean) -> None:
    """Writes the reference of market k."""
    breakers.total[k] = mean.total
    breakers.held[k] = mean.size
    breakers.at[k] = mean.at


@compiled
def calls_of(k: int, breakers: State) -> CallBreaker:
    """The call breaker of market k."""
    return CallBreaker(
        breakers.phase[k],
        breakers.failures[k],
        breakers.successes[k],
        breakers.waits[k],
        breakers.probes[k],
        breakers.epoch[k],
    )


@compiled
def put_calls(k: int, breakers: State, breaker: CallBreaker) -> None:
    """Writes the call breaker of market k."""
    breakers.phase[k] = breaker.phase
    breakers.failures[k] = breaker.failures
    breakers.successes[k] = breaker.successes
    breakers.waits[k] = breaker.left
    breakers.probes[k] = breaker.under_way
    breakers.epoch[k] = breaker.epoch


@compiled
def degradation_of(k: int, breakers: State) -> int:
    """The level of degradation of market k, see `econo_env.economy.breakers.degradation`."""
    if breakers.mode[k] == ENDED:
        return degradation.SHUTDOWN
    if breakers.mode[k] == HALTED:
        systemic_halt = breakers.reason[k] == halts.SYSTEMIC or breakers.reason[k] == halts.CALLS
        return degradation.EMERGENCY if systemic_halt else degradation.ESSENTIAL
    limited = breakers.mode[k] == REOPENING or breakers.phase[k] == HALF_OPEN
    return degradation.LIMITED if limited else degradation.NORMAL


@compiled
def may_bid(k: int, i: int, level: int, breakers: State) -> bool:
    """Whether agent i may bid at that level of degradation, the market's own."""
    if degradation.offers(level, degradation.BIDS_OF_ALL):
        return True
    return bool(degradation.offers(level, degradation.BIDS_OF_PROBES) and breakers.admitted[k, i])


@compiled
def halt(k: int, breakers: State, ticks: int, reason: int) -> None:
    """Halts the market for the longer of what it is halted for and so many ticks; for good where they are negative."""
    if breakers.mode[k] == ENDED or (breakers.mode[k] == HALTED and 0 <= ticks <= breakers.left[k]):
        return
    put(k, breakers, halts.halted(ticks, reason))

"""What else than prices beyond the band halts a market: its level, the measures of it, awards that fail in a row."""

from typing import Any

from econo_env.economy.breakers import calls, halts, levels, systemic
from econo_env.economy.breakers.bands import PPM
from econo_env.economy.breakers.calls import HALF_OPEN, OPENED, CallRules
from econo_env.economy.breakers.columns import (
    AWARDED,
    FAILED,
    MISSED,
    REPUTATION,
    TRIED,
    VOLATILITY,
    State,
    calls_of,
    halt,
    mean_of,
    put_calls,
)
from econo_env.economy.breakers.halts import HALTED, OPEN
from econo_env.economy.breakers.levels import Levels
from econo_env.economy.breakers.section import Measures
from econo_env.economy.contracts import NO_GRADE, POOR
from econo_env.economy.reputation import reputation_mean
from econo_env.engine.compiled import compiled


@compiled
def _may_halt(k: int, breakers: State, least_open: int) -> bool:
    """Whether the market has been open for long enough to halt again; halted this very tick, it may halt for longer."""
    mode = breakers.mode[k]
    return bool(mode == HALTED or (mode == OPEN and breakers.open_for[k] >= least_open))


@compiled
def watch_levels(k: int, world: Any, rules: Levels | None, least_open: int, price: int) -> None:
    """Halts at a market-wide level that has not halted the session before; the third ends it at once."""
    breakers = world.breakers
    if price > 0:
        breakers.latest[k] = price
        if breakers.opening[k] == 0:
            breakers.opening[k] = price
    if rules is None:
        return
    level = levels.level_of(breakers.opening[k], breakers.latest[k], rules)
    ticks = levels.halt_for(level, breakers.level[k], world.market.tick[k] + 1, rules)
    if ticks < 0 or (ticks > 0 and _may_halt(k, breakers, least_open)):
        breakers.level[k] = level
        halt(k, breakers, ticks, halts.LEVEL)


@compiled
def _failed(k: int, world: Any) -> int:
    """Awards of the tick that failed: their winner walked away, or the work was poor or worse."""
    failed = 0
    for i in range(world.conduct.grade.shape[1]):
        failed += int(world.conduct.grade[k, i] >= POOR)
    return failed


@compiled
def _kept(k: int, world: Any) -> int:
    """Awards of the tick that were kept."""
    kept = 0
    for i in range(world.conduct.grade.shape[1]):
        kept += int(NO_GRADE < world.conduct.grade[k, i] < POOR)
    return kept


@compiled
def watch_calls(k: int, world: Any, rules: CallRules | None) -> None:
    """Tells the call breaker what came of the tick's awards, each a call of those who were admitted."""
    if rules is None:
        return
    breakers = world.breakers
    before = calls.tick(calls_of(k, breakers))
    epoch, phase, breaker = breakers.epoch[k], breakers.phase[k], before
    for i in range(breakers.admitted.shape[1]):
        if world.conduct.grade[k, i] != NO_GRADE:
            breaker = calls.result(breaker, rules, epoch, world.conduct.grade[k, i] < POOR)
        elif phase == HALF_OPEN and breakers.admitted[k, i]:
            breaker = calls.given_up(breaker, epoch)
    put_calls(k, breakers, breaker)
    if breaker.phase == OPENED and before.phase != OPENED:
        halt(k, breakers, rules.open, halts.CALLS)


@compiled
def _count(k: int, breakers: State, count: int, number: int) -> None:
    """Puts a number in the place of the oldest one in the ring."""
    at = breakers.next[k]
    breakers.sums[k, count] += number - breakers.recent[k, at, count]
    breakers.recent[k, at, count] = number


@compiled
def watch_measures(k: int, world: Any, rules: Measures | None, least_open: int, price: int, counts: bool) -> None:
    """Takes the measures of the tick, and halts where a trigger fires.

    Args:
        k: The market.
        world: The world.
        rules: Constants of the triggers, None for none.
        least_open: Ticks that it stays open at least.
        price: Of what was sold and kept, 0 for nothing.
        counts: Whether something on offer came to an end in the tick, so that it can have been missed.
    """
    if rules is None:
        return
    breakers = world.breakers
    _count_failures(k, world, rules.failures)
    _count_misses(k, world, rules.missed, price, counts)
    following = breakers.next[k] + 1
    breakers.next[k] = following if following < breakers.recent.shape[1] else 0
    if breakers.mode[k] != OPEN or breakers.open_for[k] < least_open:
        return
    fires = _rate_fires(k, breakers, FAILED, AWARDED, rules.failures, rules.least)
    fires = _rate_fires(k, breakers, MISSED, TRIED, rules.missed, rules.least) or fires
    fires = _volatility_fires(k, breakers, rules.volatility, rules.least) or fires
    fires = _reputation_fires(k, world, rules.reputation) or fires
    if fires:
        halt(k, breakers, rules.halt, halts.SYSTEMIC)


@compiled
def _count_failures(k: int, world: Any, trigger: int | None) -> None:
    if trigger is None:
        return
    failed = _failed(k, world)
    _count(k, world.breakers, FAILED, failed)
    _count(k, world.breakers, AWARDED, failed + _kept(k, world))


@compiled
def _count_misses(k: int, world: Any, trigger: int | None, price: int, counts: bool) -> None:
    if trigger is None:
        return
    award, tried = world.market.award, False
    for i in range(award.exposure.shape[1]):
        tried = tried or award.exposure[k, i] > 0 or award.supplies[k, i]
    tried = tried and counts
    _count(k, world.breakers, TRIED, 1 if tried else 0)
    _count(k, world.breakers, MISSED, 1 if tried and price == 0 else 0)


@compiled
def _fires(k: int, breakers: State, which: int, signal: int) -> bool:
    fired = systemic.fired(signal, not breakers.disarmed[k, which])
    breakers.disarmed[k, which] = not fired.armed
    return fired.fires


@compiled
def _rate_fires(k: int, breakers: State, events: int, cases: int, trigger: int | None, least: int) -> bool:
    if trigger is None:
        return False
    signal = systemic.of_rate(breakers.sums[k, events], breakers.sums[k, cases], trigger, least)
    return _fires(k, breakers, events, signal)


@compiled
def _volatility_fires(k: int, breakers: State, trigger: int | None, least: int) -> bool:
    if trigger is None:
        return False
    mean = mean_of(k, breakers)
    return _fires(k, breakers, VOLATILITY, systemic.of_spread(breakers.prices[k], mean, trigger, least))


@compiled
def _reputation_fires(k: int, world: Any, trigger: int | None) -> bool:
    if trigger is None:
        return False
    reputation, agents, total = world.reputation, world.breakers.barred.shape[1], 0.0
    for i in range(agents):
        total += reputation_mean(reputation.positive[k, i], reputation.negative[k, i])
    return _fires(k, world.breakers, REPUTATION, systemic.of_shortfall(int(total / agents * PPM), trigger))

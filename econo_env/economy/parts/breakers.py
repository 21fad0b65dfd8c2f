"""Circuit breakers: trades outside a band of prices are voided, and a market that is not itself halts for a while.

The band lies around the mean of the last reference prices. While a market is halted nobody may act, whatever is bid is
struck, and time passes. See `econo_env.economy.breakers` for the rules and docs/breakers.md for what they do.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.economy.award import WITHDRAWALS
from econo_env.economy.breakers import calls, degradation, halts, levels, section, systemic
from econo_env.economy.breakers.bands import NO_LIMIT, PPM, Mean, restart
from econo_env.economy.breakers.calls import CLOSED, HALF_OPEN, OPENED, CallBreaker, CallRules
from econo_env.economy.breakers.halts import CLIP, ENDED, HALTED, OPEN, REOPENING, Status
from econo_env.economy.breakers.integrity import in_order
from econo_env.economy.breakers.levels import Levels
from econo_env.economy.breakers.section import BreakersSection, Measures, Params
from econo_env.economy.ledger import BONDED, FREE, TREASURY, account
from econo_env.economy.part import Feature, Part
from econo_env.economy.parts.ledger import move
from econo_env.economy.reputation import reputation_mean
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Int64s, StepBuffers
from econo_env.money import to_credits
from econo_env.scenario import Scenario

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
    count: Annotated[Int64s, Column(np.int64, (), "how many there are")]
    at: Annotated[Int64s, Column(np.int64, (), "where the next one goes")]
    low: Annotated[Int64s, Column(np.int64, (), "micro-credits, lowest price at which the coming tick can execute")]
    high: Annotated[Int64s, Column(np.int64, (), "micro-credits, the highest")]
    attempt: Annotated[Int64s, Column(np.int64, (), "micro-credits, price tried in the last tick, 0 for none")]
    in_band: Annotated[Bools, Column(np.bool_, (), "it was allowed to stand")]
    voided: Annotated[Bools, Column(np.bool_, (), "the trades of the last tick were voided")]
    opening: Annotated[Int64s, Column(np.int64, (), "micro-credits, the session's first price, 0 for none yet")]
    index: Annotated[Int64s, Column(np.int64, (), "micro-credits, its last price")]
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
def _put(k: int, breakers: State, status: Status) -> None:
    breakers.mode[k] = status.mode
    breakers.reason[k] = status.reason
    breakers.left[k] = status.left
    breakers.rejections[k] = status.rejections
    breakers.failed_calls[k] = status.calls
    breakers.open_for[k] = status.open_for


@compiled
def _put_mean(k: int, breakers: State, mean: Mean) -> None:
    breakers.total[k] = mean.total
    breakers.count[k] = mean.count
    breakers.at[k] = mean.at


@compiled
def _calls_of(k: int, breakers: State) -> CallBreaker:
    return CallBreaker(
        breakers.phase[k],
        breakers.failures[k],
        breakers.successes[k],
        breakers.waits[k],
        breakers.probes[k],
        breakers.epoch[k],
    )


@compiled
def _put_calls(k: int, breakers: State, breaker: CallBreaker) -> None:
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
def _may_bid(k: int, i: int, breakers: State) -> bool:
    level = degradation_of(k, breakers)
    if degradation.offers(level, degradation.BIDS_OF_ALL):
        return True
    return degradation.offers(level, degradation.BIDS_OF_PROBES) and breakers.admitted[k, i]


@compiled
def _halt(k: int, breakers: State, ticks: int, reason: int) -> None:
    """Halts the market for the longer of what it is halted for and so many ticks; for good where they are negative."""
    if breakers.mode[k] == ENDED or (breakers.mode[k] == HALTED and 0 <= ticks <= breakers.left[k]):
        return
    _put(k, breakers, halts.halted(ticks, reason))


@compiled
def open_session(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """A session opens with no reference; one whose books are not in order stays halted until the engine is reset."""
    breakers = world.breakers
    if not (breakers.mode[k] == ENDED and breakers.reason[k] == halts.INTEGRITY):
        _put(k, breakers, halts.fresh(params.breakers.rules))
    _put_mean(k, breakers, restart(breakers.prices[k], 0))
    breakers.attempt[k] = 0
    breakers.in_band[k] = True
    breakers.voided[k] = False
    breakers.opening[k] = 0
    breakers.index[k] = 0
    breakers.level[k] = 0
    breakers.next[k] = 0
    for count in range(breakers.sums.shape[1]):
        breakers.sums[k, count] = 0
        breakers.disarmed[k, count] = False
        for tick in range(breakers.recent.shape[1]):
            breakers.recent[k, tick, count] = 0
    _put_calls(k, breakers, CallBreaker(CLOSED, 0, 0, 0, 0, 0))


@compiled
def check_books(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Halts a market whose books are not in order, before anybody bids in it."""
    ledger, breakers = world.ledger, world.breakers
    if params.breakers.books and not in_order(ledger.balances[k], ledger.minted[k], ledger.refused[k]):
        _put(k, breakers, halts.halted(-1, halts.INTEGRITY))
        breakers.low[k], breakers.high[k] = NO_LIMIT, 0


@compiled
def shut(k: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Strikes the bids of those who may not bid, with what they have standing from before."""
    for i in range(world.breakers.barred.shape[1]):
        if not _may_bid(k, i, world.breakers):
            for _ in range(WITHDRAWALS):
                withdraw(k, i, world.market)


@compiled
def void(k: int, world: Any, params: Any, buffers: StepBuffers, quote: Any) -> None:
    """Voids the trades of a tick whose price is outside the band: nothing is handed over or paid."""
    breakers, award, agents = world.breakers, world.market.award, world.breakers.barred.shape[1]
    quote(k, world.market, params.market, buffers)
    traded = False
    for i in range(agents):
        traded = traded or award.units[k, i] != 0
    price = award.price[k]
    breakers.attempt[k] = max(price, 1) if traded else 0  # what is sold for nothing has the least price
    breakers.in_band[k] = not traded or breakers.low[k] <= price <= breakers.high[k]
    breakers.voided[k] = not breakers.in_band[k]
    if breakers.in_band[k]:
        return
    award.price[k] = 0
    for i in range(agents):
        if award.units[k, i] != 0:
            _charge(k, i, world, params.breakers.charge)
        award.units[k, i] = 0
        award.pays[k, i] = 0
        award.worth[k, i] = 0.0


@compiled
def _charge(k: int, i: int, world: Any, charge: int) -> None:
    """What it costs to have tried, as far as the agent has it: from its free money, then from its bond."""
    ledger, agents = world.ledger, world.breakers.barred.shape[1]
    for kind in (FREE, BONDED):
        taken = min(charge, ledger.balances[k, account(i, kind, agents)])
        move(k, ledger, account(i, kind, agents), TREASURY, taken)
        charge -= taken


@compiled
def watch(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Decides from what happened in the tick whether the coming one is halted."""
    breakers, constants = world.breakers, params.breakers
    rules, status, price = constants.rules, status_of(k, breakers), world.market.award.price[k]
    low, high, attempt = breakers.low[k], breakers.high[k], breakers.attempt[k]
    mean = Mean(breakers.total[k], breakers.count[k], breakers.at[k])
    told = price
    if status.mode == REOPENING and rules.reopening == CLIP:
        told = halts.execution(status, rules, low, high, attempt)
    _put_mean(k, breakers, halts.remember(breakers.prices[k], mean, status, rules, low, high, attempt, told))
    _put(k, breakers, halts.after(status, rules, attempt, breakers.in_band[k], told))
    _watch_calls(k, world, constants.calls, status.mode)
    _watch_levels(k, world, constants.levels, rules.least_open, price)
    if status.mode in (OPEN, REOPENING):
        _watch_measures(k, world, constants.measures, rules.least_open, price)
    check_books(k, world, params, buffers)


@compiled
def _may_halt(k: int, breakers: State, least_open: int) -> bool:
    """Whether the market has been open for long enough to halt again; halted this very tick, it may halt for longer."""
    return breakers.mode[k] == HALTED or (breakers.mode[k] == OPEN and breakers.open_for[k] >= least_open)


@compiled
def _watch_levels(k: int, world: Any, rules: Levels | None, least_open: int, price: int) -> None:
    """Halts at a market-wide level that has not halted the session before; the third ends it at once."""
    breakers = world.breakers
    if price > 0:
        breakers.index[k] = price
        if breakers.opening[k] == 0:
            breakers.opening[k] = price
    if rules is None:
        return
    level = levels.level_of(breakers.opening[k], breakers.index[k], rules)
    ticks = levels.halt_for(level, breakers.level[k], world.market.tick[k] + 1, rules)
    if ticks < 0 or (ticks > 0 and _may_halt(k, breakers, least_open)):
        breakers.level[k] = level
        _halt(k, breakers, ticks, halts.LEVEL)


@compiled
def _failed(k: int, world: Any) -> int:
    """Awards of the tick from which their winner walked away."""
    failed = 0
    for i in range(world.default.walked.shape[1]):
        failed += int(world.default.walked[k, i])
    return failed


@compiled
def _kept(k: int, world: Any) -> int:
    """Awards of the tick that were kept."""
    kept = 0
    for i in range(world.default.kept.shape[1]):
        kept += int(world.default.kept[k, i])
    return kept


@compiled
def _watch_calls(k: int, world: Any, rules: CallRules | None, mode: int) -> None:
    """Tells the call breaker what came of the tick's awards, each a call of those who were admitted."""
    if rules is None:
        return
    breakers = world.breakers
    before = calls.tick(_calls_of(k, breakers))
    epoch, phase, breaker = breakers.epoch[k], breakers.phase[k], before
    for i in range(breakers.admitted.shape[1]):
        if world.default.walked[k, i] or world.default.kept[k, i]:
            breaker = calls.result(breaker, rules, epoch, world.default.kept[k, i])
        elif phase == HALF_OPEN and breakers.admitted[k, i]:
            breaker = calls.given_up(breaker, epoch)
    _put_calls(k, breakers, breaker)
    if breaker.phase == OPENED and before.phase != OPENED:
        _halt(k, breakers, rules.open, halts.CALLS)


@compiled
def _count(k: int, breakers: State, count: int, number: int) -> None:
    """Puts a number in the place of the oldest one in the ring."""
    at = breakers.next[k]
    breakers.sums[k, count] += number - breakers.recent[k, at, count]
    breakers.recent[k, at, count] = number


@compiled
def _watch_measures(k: int, world: Any, rules: Measures | None, least_open: int, price: int) -> None:
    """Takes the measures of the tick, and halts where a trigger fires."""
    if rules is None:
        return
    breakers, tried = world.breakers, False
    _count_failures(k, world, rules.failures)
    for i in range(breakers.barred.shape[1]):
        tried = tried or world.market.award.exposure[k, i] > 0 or world.market.award.supplies[k, i]
    _count(k, breakers, TRIED, 1 if tried else 0)
    _count(k, breakers, MISSED, 1 if tried and price == 0 else 0)
    breakers.next[k] = (breakers.next[k] + 1) % breakers.recent.shape[1]
    if breakers.mode[k] != OPEN or breakers.open_for[k] < least_open:
        return
    fires = _rate_fires(k, breakers, FAILED, AWARDED, rules.failures, rules.least)
    fires = _rate_fires(k, breakers, MISSED, TRIED, rules.missed, rules.least) or fires
    fires = _volatility_fires(k, breakers, rules.volatility, rules.least) or fires
    fires = _reputation_fires(k, world, rules.reputation) or fires
    if fires:
        _halt(k, breakers, rules.halt, halts.SYSTEMIC)


@compiled
def _count_failures(k: int, world: Any, trigger: int | None) -> None:
    if trigger is None:
        return
    failed = _failed(k, world)
    _count(k, world.breakers, FAILED, failed)
    _count(k, world.breakers, AWARDED, failed + _kept(k, world))


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
    mean = Mean(breakers.total[k], breakers.count[k], breakers.at[k])
    return _fires(k, breakers, VOLATILITY, systemic.of_spread(breakers.prices[k], mean, trigger, least))


@compiled
def _reputation_fires(k: int, world: Any, trigger: int | None) -> bool:
    if trigger is None:
        return False
    reputation, agents, total = world.reputation, world.breakers.barred.shape[1], 0.0
    for i in range(agents):
        total += reputation_mean(reputation.positive[k, i], reputation.negative[k, i])
    return _fires(k, world.breakers, REPUTATION, systemic.of_shortfall(int(total / agents * PPM), trigger))


@compiled
def lift(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes back the last bars: a market need not write the whole mask at every tick."""
    for i in range(world.breakers.barred.shape[1]):
        if world.breakers.barred[k, i]:
            buffers.action_mask[k, i] = True


@compiled
def gate(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Writes the band of the coming tick, and bars those who may not bid in it."""
    breakers, constants, tick = world.breakers, params.breakers, world.market.tick[k]
    mean = Mean(breakers.total[k], breakers.count[k], breakers.at[k])
    wide = tick < constants.double_first or tick >= constants.double_from
    low, high = halts.limits(status_of(k, breakers), constants.rules, mean, wide)
    breakers.low[k] = low
    breakers.high[k] = high
    _admit(k, breakers, constants.calls, tick)
    for i in range(breakers.barred.shape[1]):
        may = _may_bid(k, i, breakers)
        breakers.barred[k, i] = buffers.action_mask[k, i] and not may
        buffers.action_mask[k, i] = buffers.action_mask[k, i] and may


@compiled
def _admit(k: int, breakers: State, rules: CallRules | None, tick: int) -> None:
    """Who may bid in the coming tick where not all may: so many by turns as the call breaker lets through."""
    agents = breakers.admitted.shape[1]
    for place in range(agents):
        breakers.admitted[k, (tick + place) % agents] = _is_admitted(k, breakers, rules)


@compiled
def _is_admitted(k: int, breakers: State, rules: CallRules | None) -> bool:
    if rules is None:
        return True
    admitted = calls.admit(_calls_of(k, breakers), rules)
    _put_calls(k, breakers, admitted.breaker)
    return admitted.allowed


@compiled
def is_halted(k: int, i: int, world: Any, params: Any) -> float:
    """1 where nobody may act in the coming tick."""
    return 1.0 if world.breakers.mode[k] == HALTED or world.breakers.mode[k] == ENDED else 0.0


@compiled
def ticks_to_reopen(k: int, i: int, world: Any, params: Any) -> float:
    """Ticks of the halt to come over those of the longest one."""
    if world.breakers.mode[k] == ENDED:
        return 1.0
    return world.breakers.left[k] / params.breakers.longest


@compiled
def _scaled(price: int, params: Any) -> float:
    if price >= NO_LIMIT:
        return 1.0
    return price / (price + max(1.0, float(params.ledger.endowment)))


@compiled
def band_low(k: int, i: int, world: Any, params: Any) -> float:
    """The lowest price p at which the coming tick can execute, as p / (p + endowment)."""
    return _scaled(world.breakers.low[k], params)


@compiled
def band_high(k: int, i: int, world: Any, params: Any) -> float:
    """The highest one, likewise."""
    return _scaled(world.breakers.high[k], params)


def _axes(scenario: Scenario, breakers: BreakersSection) -> dict[str, int]:
    trend = 0 if breakers.systemic is None else breakers.systemic.window
    return {"price_window": breakers.window, "trend": trend, "counts": COUNTS}


def _series(scenario: Scenario, world: Any) -> dict[str, Any]:
    breakers = world.breakers
    limited = (breakers.low > 0) & (breakers.high < NO_LIMIT)
    return {
        "halted": np.isin(breakers.mode, (HALTED, ENDED)).astype(np.float64),
        "reopening": (breakers.mode == REOPENING).astype(np.float64),
        "rejected": (~breakers.in_band).astype(np.float64),
        "market_level": breakers.level.astype(np.float64),
        "band_width": np.where(limited, to_credits(breakers.high - breakers.low), np.nan),
    }


PART = Part(
    name="breakers",
    summary="Trades outside a band of prices are voided, and a market that is not itself halts for a while.",
    config=BreakersSection,
    state=State,
    params=section.params,
    stages={
        "open": open_session,
        "breakers": check_books,
        "strike": shut,
        "settle": void,
        "reckon": lift,
        "audit": watch,
        "gate": gate,
    },
    needs=("ledger",),
    features=(
        Feature("halted", "1 where trading is halted in the coming tick and nobody may act", is_halted),
        Feature("ticks_to_reopen", "ticks of the halt to come over those of the longest; 1 for good", ticks_to_reopen),
        Feature("band_low", "the lowest price p of the coming tick as p / (p + endowment)", band_low),
        Feature("band_high", "the highest one likewise, 1 for no limit", band_high),
    ),
    series=_series,
    check=section.check,
    axes=_axes,
)
__all__ = ["PART", "Params"]

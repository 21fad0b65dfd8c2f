"""Circuit breakers: trades outside a band of prices are voided, and a market that is not itself halts for a while.

The band lies around the mean of the last reference prices. While a market is halted nobody may act, whatever is bid is
struck, and time passes. See `econo_env.economy.breakers` for the rules and docs/breakers.md for what they do.
"""

from typing import Any

import numpy as np

from econo_env.economy.award import WITHDRAWALS
from econo_env.economy.breakers import calls, halts, section
from econo_env.economy.breakers.bands import NO_LIMIT, restart
from econo_env.economy.breakers.calls import CLOSED, CallBreaker, CallRules
from econo_env.economy.breakers.columns import (
    COUNTS,
    State,
    calls_of,
    degradation_of,
    may_bid,
    mean_of,
    put,
    put_calls,
    put_mean,
    status_of,
)
from econo_env.economy.breakers.halts import CLIP, ENDED, HALTED, OPEN, REOPENING
from econo_env.economy.breakers.integrity import in_order
from econo_env.economy.breakers.section import BreakersSection, Params
from econo_env.economy.breakers.watch import watch_calls, watch_levels, watch_measures
from econo_env.economy.ledger import BONDED, FREE, TREASURY, account
from econo_env.economy.part import Part
from econo_env.economy.parts.ledger import move
from econo_env.economy.parts.staking import spare_bond
from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.engine.state import StepBuffers
from econo_env.money import to_credits
from econo_env.scenario import Scenario


@compiled
def open_session(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """A session opens with the reference known before it, or none.

    One whose books are not in order stays halted until the engine is reset.
    """
    breakers, reference = world.breakers, params.breakers.reference
    if not (breakers.mode[k] == ENDED and breakers.reason[k] == halts.INTEGRITY):
        put(k, breakers, halts.fresh(params.breakers.rules))
    put_mean(k, breakers, restart(breakers.prices[k], reference))
    breakers.attempt[k] = 0
    breakers.in_band[k] = True
    breakers.voided[k] = False
    breakers.opening[k] = reference
    breakers.latest[k] = 0
    breakers.level[k] = 0
    breakers.next[k] = 0
    for count in range(breakers.sums.shape[1]):
        breakers.sums[k, count] = 0
        breakers.disarmed[k, count] = False
        for tick in range(breakers.recent.shape[1]):
            breakers.recent[k, tick, count] = 0
    put_calls(k, breakers, CallBreaker(CLOSED, 0, 0, 0, 0, 0))


@compiled
def check_books(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Halts a market whose books are not in order, before anybody bids in it."""
    ledger, breakers = world.ledger, world.breakers
    if params.breakers.books and not in_order(ledger.balances[k], ledger.minted[k], ledger.refused[k]):
        put(k, breakers, halts.halted(-1, halts.INTEGRITY))
        breakers.low[k], breakers.high[k] = NO_LIMIT, 0


@compiled
def shut(
    k: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any, confine: Any, call: Any, hold: Any
) -> None:
    """Strikes the bids of those who may not bid, with what they have standing from before, and confines the others."""
    breakers = world.breakers
    if breakers.mode[k] == HALTED or breakers.mode[k] == ENDED:
        hold(k, world.market)
    breakers.attempt[k] = 0
    breakers.in_band[k] = True
    level = degradation_of(k, breakers)
    for i in range(breakers.barred.shape[1]):
        if not may_bid(k, i, level, breakers):
            _withdraw_all(k, i, world, withdraw)
    if not params.breakers.beforehand:
        return
    if breakers.mode[k] == OPEN:
        _confine_all(k, world, params, breakers.low[k], breakers.high[k], confine)
    elif breakers.mode[k] == REOPENING:
        _call_all(k, world, params, withdraw, confine, call)


@compiled
def _withdraw_all(k: int, i: int, world: Any, withdraw: Any) -> None:
    for _ in range(WITHDRAWALS):
        withdraw(k, i, world.market)


@compiled
def _confine_all(k: int, world: Any, params: Any, low: int, high: int, confine: Any) -> None:
    """Keeps all orders within the band; if nothing trades for it, the price that was tried is just beyond."""
    above, below = False, False
    for i in range(world.breakers.barred.shape[1]):
        wanted = confine(k, i, low, high, world.market, params.market)
        above, below = above or wanted > 0, below or wanted < 0
    if above != below:
        world.breakers.attempt[k] = high + 1 if above else low - 1


@compiled
def _call_all(k: int, world: Any, params: Any, withdraw: Any, confine: Any, call: Any) -> None:
    """Lets all orders meet at the one price of a call, if that lies within the collar; if not, none of them stands."""
    breakers, agents = world.breakers, world.breakers.barred.shape[1]
    reference = breakers.total[k] // breakers.held[k] if breakers.held[k] > 0 else 0
    price = call(k, reference, world.market, params.market)
    if price == 0 or breakers.low[k] <= price <= breakers.high[k]:
        for i in range(agents):
            if price > 0:
                confine(k, i, price, price, world.market, params.market)
        return
    breakers.attempt[k] = price
    for i in range(agents):
        _withdraw_all(k, i, world, withdraw)


@compiled
def void(k: int, world: Any, params: Any, buffers: StepBuffers, quote: Any) -> None:
    """Voids the trades of a tick whose price is outside the band: nothing is handed over or paid."""
    _void(params.breakers.voids, k, world, params, buffers, quote)


@compiled
def _void(voids: int | None, k: int, world: Any, params: Any, buffers: StepBuffers, quote: Any) -> None:
    if voids is None:
        return
    breakers, award, agents = world.breakers, world.market.award, world.breakers.barred.shape[1]
    quote(k, world.market, params.market, buffers)
    traded = False
    for i in range(agents):
        traded = traded or award.units[k, i] != 0
    price = award.price[k]
    if traded:
        breakers.attempt[k] = max(price, 1)  # what is sold for nothing has the least price
        breakers.in_band[k] = breakers.low[k] <= price <= breakers.high[k]
    else:
        breakers.in_band[k] = breakers.attempt[k] == 0
    breakers.voided[k] = traded and not breakers.in_band[k]
    if not breakers.voided[k]:
        return
    award.price[k] = 0
    for i in range(agents):
        if award.units[k, i] != 0:
            _charge(k, i, world, params.breakers)
        award.units[k, i] = 0
        award.pays[k, i] = 0
        award.worth[k, i] = 0.0


@compiled
def _goes_by_lot(lots: int | None, k: int, world: Any) -> bool:
    """Whether the contract of the tick went by lot, at a price that nobody has bid; `lots` is None without any."""
    if lots is None:
        return False
    return bool(world.lottery.went[k])


@compiled
def vet(k: int, world: Any, params: Any, buffers: StepBuffers, asked: Any, revoke: Any) -> None:
    """Takes back what the tick sold at a price outside the band, before anything comes of it."""
    _vet(params.breakers.vets, k, world, params, asked, revoke)


@compiled
def _vet(vets: int | None, k: int, world: Any, params: Any, asked: Any, revoke: Any) -> None:
    if vets is None:
        return
    breakers, award, agents = world.breakers, world.market.award, world.breakers.barred.shape[1]
    breakers.attempt[k], breakers.in_band[k], breakers.voided[k] = 0, True, False
    traded = False
    for i in range(agents):
        traded = traded or award.units[k, i] != 0
    if not traded or _goes_by_lot(params.breakers.lots, k, world):
        return
    price = max(asked(k, world.market), 1)  # what is sold for nothing has the least price
    breakers.attempt[k] = price
    breakers.in_band[k] = breakers.low[k] <= price <= breakers.high[k]
    if breakers.in_band[k]:
        return
    breakers.voided[k] = True
    for i in range(agents):
        if award.units[k, i] != 0:
            _charge(k, i, world, params.breakers)
    revoke(k, world.market, params.market)


@compiled
def _charge(k: int, i: int, world: Any, params: Params) -> None:
    """What it costs to have tried, as far as the agent has it: from its free money, then what its bond can spare."""
    ledger, agents = world.ledger, world.breakers.barred.shape[1]
    free, bonded = account(i, FREE, agents), account(i, BONDED, agents)
    at_hand = min(params.charge, ledger.balances[k, free])
    move(k, ledger, free, TREASURY, at_hand)
    move(k, ledger, bonded, TREASURY, min(params.charge - at_hand, spare_bond(params.later, k, i, world)))


@compiled
def _price_kept(vets: int | None, k: int, world: Any) -> int:
    """The price of what was sold and kept, 0 for nothing: what is vetted is kept, whatever comes of it."""
    if vets is None:
        return int(world.market.award.price[k])
    return int(world.breakers.attempt[k]) if world.breakers.in_band[k] else 0


@compiled
def _counts(vets: int | None, k: int, world: Any, params: Any, decided: Any) -> bool:
    """Whether what was on offer came to an end in the tick, by bids: a call, and something that can be missed."""
    if vets is None:
        return True
    return bool(
        (decided(k, world.market) and not _goes_by_lot(params.breakers.lots, k, world)) or world.breakers.attempt[k] > 0
    )


@compiled
def watch(k: int, world: Any, params: Any, buffers: StepBuffers, decided: Any, indicated: Any) -> None:
    """Decides from what happened in the tick whether the coming one is halted."""
    breakers, constants = world.breakers, params.breakers
    rules, status, price = constants.rules, status_of(k, breakers), _price_kept(constants.vets, k, world)
    counts = _counts(constants.vets, k, world, params, decided)
    low, high, attempt = breakers.low[k], breakers.high[k], breakers.attempt[k]
    mean = mean_of(k, breakers)
    told = price
    if status.mode == REOPENING and rules.reopening == CLIP:
        told = halts.execution(status, rules, low, high, attempt)
    if counts or status.mode != REOPENING:  # a tick in which nothing comes to an end is no call
        put_mean(k, breakers, halts.remember(breakers.prices[k], mean, status, rules, low, high, attempt, told))
        put(k, breakers, halts.after(status, rules, attempt, breakers.in_band[k], told))
    watch_calls(k, world, constants.calls)
    index = price if price > 0 else indicated(k, world.market, params.market)
    watch_levels(k, world, constants.levels, rules.least_open, index)
    if status.mode in (OPEN, REOPENING):
        watch_measures(k, world, constants.measures, rules.least_open, price, counts)
    check_books(k, world, params, buffers)


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
    mean = mean_of(k, breakers)
    wide = tick < constants.double_first or tick >= constants.double_from
    low, high = halts.limits(status_of(k, breakers), constants.rules, mean, wide)
    breakers.low[k] = low
    breakers.high[k] = high
    _admit(k, breakers, constants.calls, tick)
    level = degradation_of(k, breakers)
    for i in range(breakers.barred.shape[1]):
        may = may_bid(k, i, level, breakers)
        breakers.barred[k, i] = buffers.action_mask[k, i] and not may
        buffers.action_mask[k, i] = buffers.action_mask[k, i] and may


@compiled
def _admit(k: int, breakers: State, rules: CallRules | None, tick: int) -> None:
    """Who may bid in the coming tick where not all may: so many by turns as the call breaker lets through."""
    agents = breakers.admitted.shape[1]
    if rules is None:
        for i in range(agents):
            breakers.admitted[k, i] = True
        return
    for place in range(agents):
        admitted = calls.admit(calls_of(k, breakers), rules)
        put_calls(k, breakers, admitted.breaker)
        breakers.admitted[k, (tick + place) % agents] = admitted.allowed


@compiled
def is_halted(k: int, world: Any, params: Any) -> float:
    """1 where nobody may act in the coming tick."""
    return 1.0 if world.breakers.mode[k] == HALTED or world.breakers.mode[k] == ENDED else 0.0


@compiled
def ticks_to_reopen(k: int, world: Any, params: Any) -> float:
    """Ticks of the halt to come over those of the longest one."""
    if world.breakers.mode[k] == ENDED:
        return 1.0
    return float(world.breakers.left[k] / params.breakers.longest)


@compiled
def _scaled(price: int, params: Any) -> float:
    if price >= NO_LIMIT:
        return 1.0
    return price / (price + max(1.0, float(params.ledger.endowment)))


@compiled
def band_low(k: int, world: Any, params: Any) -> float:
    """The lowest price p at which the coming tick can execute, as p / (p + endowment)."""
    return _scaled(world.breakers.low[k], params)


@compiled
def band_high(k: int, world: Any, params: Any) -> float:
    """The highest one, likewise."""
    return _scaled(world.breakers.high[k], params)


def _axes(scenario: Scenario, breakers: BreakersSection) -> dict[str, int]:
    systemic = breakers.systemic
    counts = systemic is not None and not (systemic.failures is None and systemic.missed is None)
    trend = systemic.window if systemic is not None and counts else 0
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
    accounts=(),
    params=section.params,
    stages={
        "open": open_session,
        "breakers": check_books,
        "strike": shut,
        "vet": vet,
        "settle": void,
        "reckon": lift,
        "audit": watch,
        "gate": gate,
    },
    needs=("ledger",),
    features=(
        Feature("halted", "1 where trading is halted in the coming tick and nobody may act", is_halted, shared=True),
        Feature(
            "ticks_to_reopen",
            "ticks of the halt to come over those of the longest; 1 for good",
            ticks_to_reopen,
            shared=True,
        ),
        Feature("band_low", "the lowest price p of the coming tick as p / (p + endowment)", band_low, shared=True),
        Feature("band_high", "the highest one likewise, 1 for no limit", band_high, shared=True),
    ),
    series=_series,
    check=section.check,
    axes=_axes,
    audited={
        "mode": "trading is {value}: 0 open, 1 halted, 2 reopening by a call, 3 ended",
        "reason": "the reason of the last halt is {value}, see breakers.halts",
        "voided": "the trades are void, for their price was outside the band",
        "admitted": "it may bid in the coming tick, if anybody may",
    },
)
__all__ = ["PART", "Params"]

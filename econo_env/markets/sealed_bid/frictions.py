"""What goes beyond a sale to risk-neutral bidders with independent private values, for market `k` of a batch.

Every function takes the scenario's `Frictions` first, or None where there are none: the compiler then drops its body.
"""

import math

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import (
    AFTER_SALE,
    DRAWS_AT_ONCE,
    PRESENCE,
    SHARED,
    TWO_TO_MINUS_53,
    VALUES,
    fill_with_draws,
    two_uniforms,
    uniform,
)
from econo_env.engine.state import StepBuffers
from econo_env.markets.procurement import mirror
from econo_env.markets.sealed_bid.state import NO_BID, NO_CEILING, DefaultTerms, Frictions, Params, State
from econo_env.money import CREDIT
from econo_env.valuations.drawing import draw_from_table
from econo_env.valuations.information import AFFILIATED, COMMON, MIXTURE, WALLET
from econo_env.valuations.utility import felt


@compiled
def draw_common_signals(frictions: Frictions | None, k: int, state: State, params: Params) -> bool:
    """Where all share one value V, draws signals of it, uniform on [0, 2 V], and says so."""
    if frictions is None:
        return False
    if frictions.information != COMMON:
        return False
    values, key, episode, tick = state.values[k], state.key[k], state.episode[k], state.tick[k]
    state.common[k] = draw_from_table(params.quantiles, 0, uniform(key, episode, tick, SHARED, 0))
    twice = 2.0 * state.common[k]
    for first in range(0, values.shape[0], DRAWS_AT_ONCE):
        last = min(first + DRAWS_AT_ONCE, values.shape[0])
        fill_with_draws(key, episode, tick, VALUES, values, first, last)
        for i in range(first, last):
            values[i] = int(math.floor(twice * (values[i] * TWO_TO_MINUS_53) + 0.5))
    return True


@compiled
def draw_frictions(frictions: Frictions | None, k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Draws who is there in the coming round, and lets independent values hang together."""
    if frictions is None:
        return
    if frictions.presence < 1.0:
        for i in range(state.values.shape[1]):
            draw = uniform(state.key[k], state.episode[k], state.tick[k], PRESENCE, i)
            buffers.action_mask[k, i] = draw < frictions.presence
    if frictions.information in (MIXTURE, AFFILIATED):
        shared, coin = two_uniforms(state.key[k], state.episode[k], state.tick[k], SHARED, 0)
        if frictions.information == AFFILIATED:
            part = draw_from_table(params.quantiles, 0, shared)
            for i in range(state.values.shape[1]):
                state.values[k, i] += part
        elif coin < frictions.information_parameter:
            for i in range(state.values.shape[1]):
                state.values[k, i] = draw_from_table(params.quantiles, params.prior_of[i], shared)


@compiled
def stretched(half_largest_bid: float | None, scale: float) -> float:
    """The bid of action 0; None is 1, and costs nothing."""
    return scale if half_largest_bid is None else half_largest_bid * scale


@compiled
def restrict_bids(frictions: Frictions | None, k: int, state: State, buffers: StepBuffers) -> None:
    """Strikes the bids of those who are not there or stay out, and cuts bids to the budget."""
    if frictions is None:
        return
    entry_costs = frictions.entry_fee + frictions.entry_cost
    for i in range(state.bids.shape[1]):
        bid = min(state.bids[k, i], frictions.bid_limit)
        if frictions.presence < 1.0:
            state.present[k, i] = buffers.action_mask[k, i]
            if not state.present[k, i]:
                bid = NO_BID
        stays_out = bid > frictions.ceiling if frictions.ceiling != NO_CEILING else bid == 0 and entry_costs > 0
        state.bids[k, i] = NO_BID if stays_out else bid


@compiled
def most_paid(frictions: Frictions | None, bid: int) -> int:
    """The most that a bidder can have to pay for its bid: in procurement fees and a stake alone."""
    if frictions is None:
        return bid
    most = 0 if frictions.ceiling != NO_CEILING else bid
    return max(most, _stake_of(frictions.default)) + frictions.entry_fee


@compiled
def is_procurement(frictions: Frictions | None) -> bool:
    """Whether bidders offer to deliver."""
    if frictions is None:
        return False
    return bool(frictions.ceiling != NO_CEILING)


@compiled
def _stake_of(default: DefaultTerms | None) -> int:
    return 0 if default is None else default.stake


@compiled
def mirror_bids(frictions: Frictions | None, k: int, state: State) -> None:
    """In procurement turns bids into what they leave of the ceiling, which the rule ranks, and back."""
    if frictions is None:
        return
    if frictions.ceiling != NO_CEILING:
        mirror(state.bids[k], frictions.ceiling)


@compiled
def fee_of(frictions: Frictions | None) -> int:
    """What every bidder pays to bid, micro-credits."""
    return 0 if frictions is None else frictions.entry_fee


@compiled
def forget_frictions(frictions: Frictions | None, k: int, state: State) -> None:
    """At the start of an episode nobody has walked away, the seller has not bid, and no item has shown its worth."""
    if frictions is None:
        return
    state.seller_bid[k] = NO_BID
    for i in range(state.worth.shape[1]):
        state.worth[k, i] = 0
    for i in range(state.defaulted.shape[1]):
        state.defaulted[k, i] = False


@compiled
def settle_frictions(frictions: Frictions, k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Payments of procurement, walking away, fees, and what the utility model makes of worth and payment."""
    _realise(frictions, k, state, params)
    _add_shocks(frictions.default, k, state)
    for i in range(state.values.shape[1]):
        gain = state.award.units[k, i] * state.worth[k, i]
        if frictions.ceiling != NO_CEILING:
            gain = -gain  # to win is to do the work, for what the rule leaves of the ceiling
            state.award.pays[k, i] -= frictions.ceiling * state.award.units[k, i]
        gain = _kept(frictions.default, k, i, state, gain)
        cost = state.award.pays[k, i]
        state.award.worth[k, i] = gain
        if state.bids[k, i] >= 0:
            state.award.pays[k, i] += frictions.entry_fee
            state.award.worth[k, i] -= frictions.entry_cost
            cost += frictions.entry_fee + frictions.entry_cost
        if frictions.ceiling != NO_CEILING:
            state.award.units[k, i] = -state.award.units[k, i]
        buffers.rewards[k, i] = felt(frictions.utility, frictions.utility_parameter, gain * CREDIT, cost * CREDIT)


@compiled
def _add_shocks(default: DefaultTerms | None, k: int, state: State) -> None:
    """What bidders would learn after winning: e, uniform on [-shock, shock]."""
    if default is None:
        return
    for i in range(state.worth.shape[1]):
        draw = uniform(state.key[k], state.episode[k], state.tick[k], AFTER_SALE, i)
        state.worth[k, i] += int(math.floor((2.0 * draw - 1.0) * default.shock + 0.5))


@compiled
def _kept(default: DefaultTerms | None, k: int, i: int, state: State, gain: int) -> int:
    """What bidder i has of its sale: nothing if it walks away, which it does to lose the stake instead of more."""
    if default is None:
        return gain
    state.defaulted[k, i] = state.award.units[k, i] > 0 and gain - state.award.pays[k, i] < -default.stake
    if not state.defaulted[k, i]:
        return gain
    state.award.units[k, i] = 0
    state.award.pays[k, i] = default.stake
    return 0


@compiled
def _realise(frictions: Frictions, k: int, state: State, params: Params) -> None:
    """Writes what the item of this tick is worth to each bidder."""
    bidders = state.values.shape[1]
    total = 0
    for i in range(bidders):
        total += state.values[k, i]
    for i in range(bidders):
        own = state.values[k, i]
        if frictions.information == WALLET:
            state.worth[k, i] = own + int(math.floor(frictions.information_parameter * float(total - own) + 0.5))
        elif frictions.information == COMMON:
            state.worth[k, i] = state.common[k]
        elif frictions.information == AFFILIATED:
            state.worth[k, i] = int(math.floor(total / bidders + 0.5))
        else:
            state.worth[k, i] = own

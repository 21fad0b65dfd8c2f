"""What goes beyond a sale to risk-neutral bidders with independent private values, for market `k` of a batch.

Every function takes the scenario's `Extras` first, or None where there are none: the compiler then drops its body.
"""

import math

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import PRESENCE, SHARED, VALUES, two_uniforms, uniform
from econo_env.engine.state import Exchange
from econo_env.markets.sealed_bid.layout import NO_BID, NO_CEILING, Extras, State, Terms
from econo_env.money import CREDIT
from econo_env.valuations.drawing import draw_from_table
from econo_env.valuations.information import AFFILIATED, COMMON, WALLET
from econo_env.valuations.utility import felt


@compiled
def draw_extras(extras: Extras | None, k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Draws who is there in the coming round, and signals that hang together in place of independent ones."""
    if extras is None:
        return
    if extras.presence < 1.0:
        for i in range(state.values.shape[1]):
            draw = uniform(state.key[k], state.episode[k], state.tick[k], PRESENCE, i)
            exchange.action_mask[k, i] = draw < extras.presence
    if extras.information > WALLET:
        shared, coin = two_uniforms(state.key[k], state.episode[k], state.tick[k], SHARED, 0)
        if extras.information == COMMON:
            state.common[k] = draw_from_table(terms.quantiles, 0, shared)
        for i in range(state.values.shape[1]):
            own = uniform(state.key[k], state.episode[k], state.tick[k], VALUES, i)
            state.values[k, i] = _signal(extras, i, own, shared, coin, terms)


@compiled
def _signal(extras: Extras, i: int, own: float, shared: float, coin: float, terms: Terms) -> int:
    """Bidder i's value or signal from its own draw and those that all share, micro-credits."""
    if extras.information == COMMON:
        return int(math.floor(2.0 * draw_from_table(terms.quantiles, 0, shared) * own + 0.5))
    if extras.information == AFFILIATED:
        return draw_from_table(terms.quantiles, 0, shared) + draw_from_table(terms.quantiles, 0, own)
    return draw_from_table(terms.quantiles, terms.prior_of[i], shared if coin < extras.information_parameter else own)


@compiled
def stretched(half_largest_bid: float | None, scale: float) -> float:
    """The bid of action 0; None is 1, and costs nothing."""
    return scale if half_largest_bid is None else half_largest_bid * scale


@compiled
def restrict_bids(extras: Extras | None, k: int, state: State, exchange: Exchange) -> None:
    """Strikes the bids of those who are not there or stay out, and cuts bids to the budget."""
    if extras is None:
        return
    entry_costs = extras.entry_fee + extras.entry_cost
    for i in range(state.bids.shape[1]):
        bid = min(state.bids[k, i], extras.bid_limit)
        if extras.presence < 1.0:
            state.present[k, i] = exchange.action_mask[k, i]
            if not state.present[k, i]:
                bid = NO_BID
        stays_out = bid > extras.ceiling if extras.ceiling != NO_CEILING else bid == 0 and entry_costs > 0
        state.bids[k, i] = NO_BID if stays_out else bid


@compiled
def mirror_bids(extras: Extras | None, k: int, state: State) -> None:
    """In procurement turns bids into what they leave of the ceiling, which the rule ranks, and back."""
    if extras is None:
        return
    if extras.ceiling != NO_CEILING:
        for i in range(state.bids.shape[1]):
            if state.bids[k, i] >= 0:
                state.bids[k, i] = extras.ceiling - state.bids[k, i]


@compiled
def size_of(extras: Extras | None, payment: int) -> int:
    """What was paid, or in procurement received."""
    return payment if extras is None else abs(payment)


@compiled
def settle_extras(extras: Extras, k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Payments of procurement, fees, and what the utility model makes of the realised value and the payment."""
    _realise(extras, k, state, terms)
    for i in range(state.values.shape[1]):
        gain = state.allocation[k, i] * state.worth[k, i]
        if extras.ceiling != NO_CEILING:
            gain = -gain  # to win is to do the work, for what the rule leaves of the ceiling
            state.payments[k, i] -= extras.ceiling * state.allocation[k, i]
        cost = state.payments[k, i]
        if state.bids[k, i] >= 0:
            state.payments[k, i] += extras.entry_fee
            cost += extras.entry_fee + extras.entry_cost
        exchange.rewards[k, i] = felt(extras.utility, extras.utility_parameter, gain * CREDIT, cost * CREDIT)


@compiled
def _realise(extras: Extras, k: int, state: State, terms: Terms) -> None:
    """Writes what the item of this tick is worth to each bidder."""
    bidders = state.values.shape[1]
    total = 0
    for i in range(bidders):
        total += state.values[k, i]
    for i in range(bidders):
        own = state.values[k, i]
        if extras.information == WALLET:
            state.worth[k, i] = own + int(math.floor(extras.information_parameter * float(total - own) + 0.5))
        elif extras.information == COMMON:
            state.worth[k, i] = state.common[k]
        elif extras.information == AFFILIATED:
            state.worth[k, i] = int(math.floor(total / bidders + 0.5))
        else:
            state.worth[k, i] = own

"""One round of a sealed-bid market, stage by stage, for market `k` of a batch."""

import math

import numpy as np

from econo_env.economy.award import mean_price
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import StepBuffers
from econo_env.markets.rounds import draw_private_values, start_clock
from econo_env.markets.rounds import forget as forget_round
from econo_env.markets.rounds import settle as settle_round
from econo_env.markets.sealed_bid.frictions import (
    draw_common_signals,
    draw_frictions,
    fee_of,
    forget_frictions,
    is_procurement,
    mirror_bids,
    most_paid,
    restrict_bids,
    settle_frictions,
    stretched,
)
from econo_env.markets.sealed_bid.seller import let_seller_bid
from econo_env.markets.sealed_bid.state import NO_BID, Frictions, Params, State


@compiled
def draw_values(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Draws what every bidder knows in the coming round, its private value or its signal."""
    if not draw_common_signals(params.frictions, k, state, params):
        draw_private_values(k, state, params)
    draw_frictions(params.frictions, k, state, params, buffers)


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns actions in [-1, 1] into bids; an action outside, or NaN, is counted and is no bid."""
    invalid = 0
    for i in range(state.values.shape[1]):  # without branches, so that it becomes vector instructions
        action = float(buffers.actions[k, i, 0])
        valid = (action >= -1.0) & (action <= 1.0)
        scale = params.highest_value if params.bids_are_amounts else float(state.values[k, i])
        share = 1.0 + (action if valid else 0.0)
        bid = int(math.floor(share * stretched(params.half_largest_bid, scale) + 0.5))
        state.bids[k, i] = bid if valid else NO_BID
        invalid += 0 if valid else 1
    buffers.invalid_actions[k] += invalid
    restrict_bids(params.frictions, k, state, buffers)


@compiled
def expose(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The most that a bid can cost: itself where the rule sells, and what fees and walking away may take."""
    for i in range(state.bids.shape[1]):
        state.award.exposure[k, i] = 0
        state.award.supplies[k, i] = state.bids[k, i] >= 0 and is_procurement(params.frictions)
        if state.bids[k, i] >= 0:
            state.award.exposure[k, i] = most_paid(params.frictions, state.bids[k, i])


@compiled
def withdraw(k: int, i: int, state: State) -> None:
    """Agent i does not bid."""
    state.bids[k, i] = NO_BID
    state.award.exposure[k, i] = 0
    state.award.supplies[k, i] = False


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the mechanism's rule, in procurement to what the bids leave of the ceiling; then the seller may bid."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    mirror_bids(params.frictions, k, state)
    rule(state.bids[k], params.weights, lottery, params.rule, state.award.units[k], state.award.pays[k])
    let_seller_bid(params.frictions, k, state, params, lottery, rule)
    mirror_bids(params.frictions, k, state)


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Rewards every bidder with value won minus payment in credits, or with what its utility model makes of them."""
    _settle(params.frictions, k, state, params, buffers)


@compiled
def _settle(frictions: Frictions | None, k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    if frictions is None:
        settle_round(k, state, params, buffers)
    else:
        settle_frictions(frictions, k, state, params, buffers)


@compiled
def quote(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The reference price: what the winner pays for the item, or is paid; fees aside."""
    state.award.price[k] = mean_price(k, state.award, fee_of(params.frictions))


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock and draws the values of the next round if there is one."""
    state.tick[k] += 1
    if state.tick[k] < params.max_cycles:
        draw_values(k, state, params, buffers)


@compiled
def forget(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Nobody has bid, nothing has been sold, everybody may act."""
    forget_round(k, state, params, buffers)
    for i in range(state.values.shape[1]):
        state.bids[k, i] = np.int64(NO_BID)


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: new values, no history."""
    start_clock(k, state)
    for i in range(state.slots.shape[1]):
        state.slots[k, i] = 0
    forget_frictions(params.frictions, k, state)
    draw_values(k, state, params, buffers)

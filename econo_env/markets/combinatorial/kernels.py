"""One round of a combinatorial market, stage by stage, for market `k` of a batch."""

import math

import numpy as np

from econo_env.economy.award import rounded_mean
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import StepBuffers
from econo_env.markets.combinatorial.drawing import draw_values, game_at
from econo_env.markets.combinatorial.state import Params, State
from econo_env.markets.rounds import begin
from econo_env.mechanisms.combinatorial.room import scratch_at
from econo_env.mechanisms.combinatorial.small import NO_BID
from econo_env.money import CREDIT


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns actions in [-1, 1] into bids; an action outside, or NaN, is counted and is no bid on that bundle."""
    each = state.values.shape[2]
    for i in range(state.values.shape[1]):
        for b in range(each):
            action = float(buffers.actions[k, i, b])
            if not -1.0 <= action <= 1.0:
                buffers.invalid_actions[k] += 1
                state.bids[k, i * each + b] = NO_BID
                continue
            scale = params.highest_value if params.bids_are_amounts else float(state.values[k, i, b])
            state.bids[k, i * each + b] = int(math.floor((1.0 + action) * scale + 0.5))


@compiled
def expose(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The most that bids can cost: the highest one, for at most one bundle is won."""
    each = state.values.shape[2]
    for i in range(state.values.shape[1]):
        most = np.int64(0)
        for b in range(each):
            most = max(most, state.bids[k, i * each + b])
        state.award.exposure[k, i] = most


@compiled
def withdraw(k: int, i: int, state: State) -> None:
    """Agent i does not bid."""
    each = state.values.shape[2]
    for b in range(each):
        state.bids[k, i * each + b] = NO_BID
    state.award.exposure[k, i] = 0


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the mechanism's rule."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    game = game_at(params.drawing, k, state, params)
    rule(game, state.bids[k], lottery, params.rule, state.won[k], state.award.pays[k], scratch_at(k, state.room))
    for i in range(state.won.shape[1]):
        state.award.units[k, i] = 1 if state.won[k, i] >= 0 else 0


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Pays every bidder the value of its bundle minus its payment, in credits."""
    each = state.values.shape[2]
    for i in range(state.values.shape[1]):
        worth = np.int64(0)
        if state.won[k, i] >= 0:
            worth = state.values[k, i, state.won[k, i] - i * each]
        state.award.worth[k, i] = worth
        buffers.rewards[k, i] = (worth - state.award.pays[k, i]) * CREDIT


@compiled
def quote(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The reference price: what an item cost, over all items in the bundles sold."""
    game = game_at(params.drawing, k, state, params)
    paid, items = 0, 0
    for i in range(state.values.shape[1]):
        if state.award.units[k, i] > 0:
            paid += state.award.pays[k, i]
            for item in range(game.num_items):
                items += (game.bundle[state.won[k, i]] >> item) & 1
    state.award.price[k] = rounded_mean(paid, items)


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock and draws the values of the next round if there is one."""
    state.tick[k] += 1
    if state.tick[k] < params.max_cycles:
        draw_values(params.drawing, k, state, params)


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: new values, no history."""
    begin(k, state, buffers)
    for j in range(state.bids.shape[1]):
        state.bids[k, j] = np.int64(NO_BID)
    for i in range(state.values.shape[1]):
        state.won[k, i] = np.int64(NO_BID)
    draw_values(params.drawing, k, state, params)

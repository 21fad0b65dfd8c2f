"""One round of a combinatorial market, phase by phase, for market `k` of a batch."""

import math
from typing import Any

import numpy as np

from econo_env.economy.award import forget_award
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Exchange
from econo_env.markets.combinatorial.drawing import draw_values, game_at
from econo_env.markets.combinatorial.layout import State, Terms
from econo_env.mechanisms.combinatorial.small import NO_BID, Scratch
from econo_env.money import CREDIT


@compiled
def bids(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Turns actions in [-1, 1] into bids; an action outside, or NaN, is counted and is no bid on that bundle."""
    each = state.values.shape[2]
    for i in range(state.values.shape[1]):
        for b in range(each):
            action = float(exchange.actions[k, i, b])
            if not -1.0 <= action <= 1.0:
                exchange.invalid_actions[k] += 1
                state.bids[k, i * each + b] = NO_BID
                continue
            scale = terms.highest_value if terms.bids_are_amounts else float(state.values[k, i, b])
            state.bids[k, i * each + b] = int(math.floor((1.0 + action) * scale + 0.5))


@compiled
def expose(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
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
def clear(k: int, state: State, terms: Terms, exchange: Exchange, rule: Any) -> None:
    """Applies the mechanism's rule."""
    scratch = Scratch(
        state.order[k],
        state.out[k],
        state.best[k],
        state.best_left[k],
        state.left[k],
        state.chosen[k],
        state.seat[k],
        state.mask[k],
        state.sign[k],
        state.bound[k],
        state.price[k],
        state.target[k],
        state.active[k],
        state.multiplier[k],
        state.direction[k],
        state.gram[k],
    )
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    game = game_at(terms.drawing, k, state, terms)
    rule(game, state.bids[k], lottery, terms.rule, state.won[k], state.award.pays[k], scratch)
    for i in range(state.won.shape[1]):
        state.award.units[k, i] = 1 if state.won[k, i] >= 0 else 0


@compiled
def settle(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Pays every bidder the value of its bundle minus its payment, in credits."""
    each = state.values.shape[2]
    for i in range(state.values.shape[1]):
        worth = np.int64(0)
        if state.won[k, i] >= 0:
            worth = state.values[k, i, state.won[k, i] - i * each]
        state.award.worth[k, i] = worth
        exchange.rewards[k, i] = (worth - state.award.pays[k, i]) * CREDIT


@compiled
def observe(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Moves the clock and draws the values of the next round if there is one."""
    state.tick[k] += 1
    if state.tick[k] < terms.max_cycles:
        draw_values(terms.drawing, k, state, terms)


@compiled
def reset(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Starts the next episode: new values, no history."""
    state.episode[k] += 1
    state.tick[k] = 0
    forget_award(k, state.award)
    for j in range(state.bids.shape[1]):
        state.bids[k, j] = np.int64(NO_BID)
    for i in range(state.values.shape[1]):
        state.won[k, i] = np.int64(NO_BID)
        exchange.action_mask[k, i] = True
    draw_values(terms.drawing, k, state, terms)

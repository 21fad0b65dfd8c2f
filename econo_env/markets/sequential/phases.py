"""One round of a sequential sale, phase by phase, for market `k`.

Values are drawn, and episodes end for everybody at once, as in a sealed-bid market.
"""

import math
from typing import Any

import numpy as np

from econo_env.economy.award import forget_award
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Exchange
from econo_env.markets.feedback import show_bids
from econo_env.markets.sealed_bid.layout import NO_BID
from econo_env.markets.sealed_bid.phases import draw_private_values
from econo_env.markets.sequential.layout import State, Terms
from econo_env.money import CREDIT


@compiled
def bids(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Turns actions in [-1, 1] into bids of those without a unit; an action outside, or NaN, is counted, and no bid."""
    for i in range(state.values.shape[1]):
        state.bids[k, i] = np.int64(NO_BID)
        if not state.active[k, i]:
            continue
        action = float(exchange.actions[k, i, 0])
        if not -1.0 <= action <= 1.0:
            exchange.invalid_actions[k] += 1
            continue
        scale = terms.highest_value if terms.bids_are_amounts else float(state.values[k, i])
        state.bids[k, i] = int(math.floor((1.0 + action) * scale + 0.5))


@compiled
def clear(k: int, state: State, terms: Terms, exchange: Exchange, rule: Any) -> None:
    """Applies the mechanism's rule to this round's unit."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    rule(state.bids[k], lottery, terms.rule, state.award.units[k], state.award.pays[k])


@compiled
def settle(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Pays the winner its value minus the payment, in credits; it has its unit and may only watch from now on."""
    for i in range(state.values.shape[1]):
        worth = state.award.units[k, i] * state.values[k, i]
        state.award.worth[k, i] = worth
        exchange.rewards[k, i] = (worth - state.award.pays[k, i]) * CREDIT
        if state.award.units[k, i] > 0:
            state.active[k, i] = False


@compiled
def _write_observations(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    num_agents, present, price, winning_bid = state.values.shape[1], 0, 0, 0
    for i in range(num_agents):
        present += state.active[k, i]
        if state.award.units[k, i] > 0:
            price, winning_bid = state.award.pays[k, i], state.bids[k, i]
    rounds_left = (terms.max_cycles - state.tick[k]) / terms.max_cycles
    rivals = (present - 1) / max(1, num_agents - 1)
    twice_highest = 2.0 * terms.highest_value
    for i in range(num_agents):
        row = exchange.observations[k, i]
        exchange.action_mask[k, i] = state.active[k, i]
        if not state.active[k, i]:
            for feature in range(row.shape[0]):
                row[feature] = 0.0
            continue
        row[0] = state.values[k, i] * terms.value_scale
        row[1] = rounds_left
        row[2] = rivals
        at = 3
        if terms.shows_role:
            row[at] = (terms.prior_of[i] + 1) / terms.quantiles.values.shape[0]
            at += 1
        if terms.shows_price:
            row[at] = price / twice_highest
            at += 1
        if terms.shows_winning_bid:
            row[at] = winning_bid / twice_highest
    if terms.shows_all_bids:
        for i in range(num_agents):
            if state.active[k, i]:
                row = exchange.observations[k, i]
                show_bids(state.bids[k], twice_highest, row, row.shape[0] - num_agents, 1)


@compiled
def observe(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Moves the clock and writes what those who still bid see."""
    state.tick[k] += 1
    _write_observations(k, state, terms, exchange)


@compiled
def reset(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Starts the next episode: everybody is there with a new value."""
    state.episode[k] += 1
    state.tick[k] = 0
    forget_award(k, state.award)
    for i in range(state.values.shape[1]):
        state.active[k, i] = True
        state.bids[k, i] = np.int64(NO_BID)
    draw_private_values(k, state, terms)
    _write_observations(k, state, terms, exchange)

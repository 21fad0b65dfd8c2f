"""One round of a multi-unit market, phase by phase, for market `k` of a batch."""

import math
from typing import Any

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import TWO_TO_MINUS_53, VALUES, Lottery, fill_with_draws
from econo_env.engine.state import Exchange
from econo_env.markets.multi_unit.layout import State, Terms
from econo_env.mechanisms.marginal_bids import make_non_increasing
from econo_env.money import CREDIT
from econo_env.valuations.drawing import draw_from_table

NO_BID = -1


@compiled
def draw_values(k: int, state: State, terms: Terms) -> None:
    """Draws every bidder's marginal values for the coming round, the highest first."""
    values, draws = state.values[k], state.draws[k]
    fill_with_draws(state.key[k], state.episode[k], state.tick[k], VALUES, draws, 0, draws.shape[0])
    demand = values.shape[1]
    for i in range(values.shape[0]):
        for unit in range(demand):
            draw = draws[i * demand + unit] * TWO_TO_MINUS_53
            values[i, unit] = draw_from_table(terms.quantiles, terms.prior_of[i], draw)
    # exchanges without branches, for the order of draws cannot be predicted; bidders inside, for they are many
    for unit in range(1, demand):
        for place in range(unit):
            for i in range(values.shape[0]):
                one, other = values[i, place], values[i, unit]
                values[i, place] = max(one, other)
                values[i, unit] = min(one, other)


@compiled
def bids(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Turns actions in [-1, 1] into bids that do not increase; an action outside, or NaN, is counted, and no bid."""
    for i in range(state.bids.shape[1]):
        invalid = False
        for unit in range(state.bids.shape[2]):
            action = float(exchange.actions[k, i, unit])
            if not -1.0 <= action <= 1.0:
                invalid = True
                state.bids[k, i, unit] = NO_BID
                continue
            scale = terms.highest_value if terms.bids_are_amounts else float(state.values[k, i, unit])
            state.bids[k, i, unit] = int(math.floor((1.0 + action) * scale + 0.5))
        if invalid:
            exchange.invalid_actions[k] += 1
            for unit in range(state.bids.shape[2]):
                state.bids[k, i, unit] = NO_BID
    make_non_increasing(state.bids[k])


@compiled
def clear(k: int, state: State, terms: Terms, exchange: Exchange, rule: Any) -> None:
    """Applies the mechanism's rule."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    rule(state.bids[k], lottery, terms.rule, state.allocation[k], state.payments[k])


@compiled
def settle(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Pays every bidder the marginal values of the units won minus the payment, in credits."""
    for i in range(state.allocation.shape[1]):
        surplus = -state.payments[k, i]
        for unit in range(state.allocation[k, i]):
            surplus += state.values[k, i, unit]
        exchange.rewards[k, i] = surplus * CREDIT


@compiled
def _write_observations(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    demand = state.values.shape[2]
    rounds_left = (terms.max_cycles - state.tick[k]) / terms.max_cycles
    winning_bid = 0
    if terms.shows_winning_bid:
        for i in range(state.allocation.shape[1]):
            if state.allocation[k, i] > 0:
                winning_bid = max(winning_bid, state.bids[k, i, 0])
    for unit in range(demand):
        for i in range(state.allocation.shape[1]):
            exchange.observations[k, i, unit] = state.values[k, i, unit] * terms.value_scale
    for i in range(state.allocation.shape[1]):
        row = exchange.observations[k, i]
        row[demand] = rounds_left
        at = demand + 1
        if terms.shows_role:
            row[at] = (terms.prior_of[i] + 1) / terms.quantiles.shape[0]
            at += 1
        if terms.shows_result:
            row[at] = state.allocation[k, i] / demand
            row[at + 1] = min(1.0, state.payments[k, i] / (2.0 * demand * terms.highest_value))
            at += 2
        if terms.shows_winning_bid:
            row[at] = winning_bid / (2.0 * terms.highest_value)


@compiled
def observe(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Moves the clock, draws the values of the next round if there is one, and writes what bidders see."""
    state.tick[k] += 1
    if state.tick[k] < terms.max_cycles:
        draw_values(k, state, terms)
    _write_observations(k, state, terms, exchange)


@compiled
def finish(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Ends the episode for everybody at once after the last round."""
    ended = state.tick[k] >= terms.max_cycles
    exchange.ended[k] = ended
    for i in range(state.allocation.shape[1]):
        exchange.terminated[k, i] = ended and not terms.truncates
        exchange.truncated[k, i] = ended and terms.truncates


@compiled
def reset(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Starts the next episode: new values, no history."""
    state.episode[k] += 1
    state.tick[k] = 0
    for unit in range(state.bids.shape[2]):
        for i in range(state.bids.shape[1]):
            state.bids[k, i, unit] = np.int64(NO_BID)
    for i in range(state.allocation.shape[1]):
        state.allocation[k, i] = 0
        state.payments[k, i] = 0
        exchange.action_mask[k, i] = True
    draw_values(k, state, terms)
    _write_observations(k, state, terms, exchange)

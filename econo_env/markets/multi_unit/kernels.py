"""One round of a multi-unit market, stage by stage, for market `k` of a batch."""

import math

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import TWO_TO_MINUS_53, VALUES, Lottery, fill_with_draws
from econo_env.engine.state import Int64s, StepBuffers
from econo_env.markets.multi_unit.state import Params, State
from econo_env.markets.procurement import mirror
from econo_env.markets.rounds import begin
from econo_env.markets.sealed_bid.frictions import stretched
from econo_env.mechanisms.marginal_bids import make_non_increasing
from econo_env.money import CREDIT
from econo_env.valuations.drawing import draw_from_table

NO_BID = -1


@compiled
def draw_values(k: int, state: State, params: Params) -> None:
    """Draws every bidder's marginal values for the coming round, the highest first."""
    values, draws = state.values[k], state.draws[k]
    fill_with_draws(state.key[k], state.episode[k], state.tick[k], VALUES, draws, 0, draws.shape[0])
    demand = values.shape[1]
    for i in range(values.shape[0]):
        for unit in range(demand):
            draw = draws[i * demand + unit] * TWO_TO_MINUS_53
            values[i, unit] = draw_from_table(params.quantiles, params.prior_of[i], draw)
    # exchanges without branches, for the order of draws cannot be predicted; bidders inside, for they are many
    for unit in range(1, demand):
        for place in range(unit):
            for i in range(values.shape[0]):
                one, other = values[i, place], values[i, unit]
                values[i, place] = max(one, other)
                values[i, unit] = min(one, other)
    _let_rise(params.ceiling, values)


@compiled
def _let_rise(ceiling: int | None, amounts: Int64s) -> None:
    """In procurement turns rows around: costs rise from unit to unit."""
    if ceiling is None:
        return
    for i in range(amounts.shape[0]):
        for unit in range(amounts.shape[1] // 2):
            last = amounts.shape[1] - 1 - unit
            lower = amounts[i, last]
            amounts[i, last] = amounts[i, unit]
            amounts[i, unit] = lower


@compiled
def _mirror_all(ceiling: int | None, bids: Int64s) -> None:
    """In procurement turns bids into what they leave of the ceiling, and back."""
    if ceiling is None:
        return
    for i in range(bids.shape[0]):
        mirror(bids[i], ceiling)


@compiled
def _strike_above(ceiling: int | None, bids: Int64s) -> None:
    """In procurement strikes bids above the ceiling."""
    if ceiling is None:
        return
    for i in range(bids.shape[0]):
        for unit in range(bids.shape[1]):
            if bids[i, unit] > ceiling:
                bids[i, unit] = NO_BID


@compiled
def _charge_back(ceiling: int | None, k: int, state: State) -> None:
    """In procurement a supplier receives what the rule's payment leaves of the ceiling."""
    if ceiling is None:
        return
    for i in range(state.award.pays.shape[1]):
        state.award.pays[k, i] -= ceiling * state.award.units[k, i]
        state.award.units[k, i] = -state.award.units[k, i]


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns actions in [-1, 1] into bids that do not increase; an action outside, or NaN, is counted, and no bid.

    In procurement they do not decrease, and none is above the ceiling.
    """
    for i in range(state.bids.shape[1]):
        invalid = False
        for unit in range(state.bids.shape[2]):
            action = float(buffers.actions[k, i, unit])
            if not -1.0 <= action <= 1.0:
                invalid = True
                state.bids[k, i, unit] = NO_BID
                continue
            scale = params.highest_value if params.bids_are_amounts else float(state.values[k, i, unit])
            bid = (1.0 + action) * stretched(params.half_largest_bid, scale)
            state.bids[k, i, unit] = int(math.floor(bid + 0.5))
        if invalid:
            buffers.invalid_actions[k] += 1
            for unit in range(state.bids.shape[2]):
                state.bids[k, i, unit] = NO_BID
    _strike_above(params.ceiling, state.bids[k])
    _mirror_all(params.ceiling, state.bids[k])
    make_non_increasing(state.bids[k])
    _mirror_all(params.ceiling, state.bids[k])


@compiled
def expose(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The most that bids can cost: all of them together; in procurement nothing."""
    for i in range(state.bids.shape[1]):
        most = np.int64(0)
        if params.ceiling is None:
            for unit in range(state.bids.shape[2]):
                most += max(state.bids[k, i, unit], 0)
        state.award.exposure[k, i] = most
        state.award.supplies[k, i] = params.ceiling is not None and state.bids[k, i, 0] >= 0


@compiled
def withdraw(k: int, i: int, state: State) -> None:
    """Agent i does not bid."""
    for unit in range(state.bids.shape[2]):
        state.bids[k, i, unit] = NO_BID
    state.award.exposure[k, i] = 0
    state.award.supplies[k, i] = False


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the mechanism's rule, in procurement to what the bids leave of the ceiling."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    _mirror_all(params.ceiling, state.bids[k])
    rule(state.bids[k], lottery, params.rule, state.award.units[k], state.award.pays[k])
    _mirror_all(params.ceiling, state.bids[k])
    _charge_back(params.ceiling, k, state)


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Pays every bidder the marginal values of the units won minus the payment, in credits; costs count negative."""
    sign = 1 if params.ceiling is None else -1
    for i in range(state.award.units.shape[1]):
        worth = np.int64(0)
        for unit in range(sign * state.award.units[k, i]):
            worth += state.values[k, i, unit]
        worth *= sign
        state.award.worth[k, i] = worth
        buffers.rewards[k, i] = (worth - state.award.pays[k, i]) * CREDIT


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock and draws the values of the next round if there is one."""
    state.tick[k] += 1
    if state.tick[k] < params.max_cycles:
        draw_values(k, state, params)


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: new values, no history."""
    begin(k, state, buffers)
    for unit in range(state.bids.shape[2]):
        for i in range(state.bids.shape[1]):
            state.bids[k, i, unit] = np.int64(NO_BID)
    draw_values(k, state, params)

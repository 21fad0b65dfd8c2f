"""One round of a sequential sale, stage by stage, for market `k`.

Values are drawn, and episodes end for everybody at once, as in a sealed-bid market.
"""

import math
from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Bools, Column, Episode, Int64s, Key, StepBuffers, Tick
from econo_env.markets.rounds import begin, draw_private_values
from econo_env.markets.rounds import settle as settle_round
from econo_env.markets.sealed_bid.state import NO_BID, Params


class State(NamedTuple):
    """A batch of sequential sales; the first axis of every array is the market."""

    key: Key
    episode: Episode
    tick: Tick
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, for the whole episode")]
    active: Annotated[Bools, Column(np.bool_, ("agents",), "has not won yet")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, -1 for none")]
    award: Award


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns actions in [-1, 1] into bids of those without a unit; an action outside, or NaN, is counted, and no bid."""
    for i in range(state.values.shape[1]):
        state.bids[k, i] = np.int64(NO_BID)
        if not state.active[k, i]:
            continue
        action = float(buffers.actions[k, i, 0])
        if not -1.0 <= action <= 1.0:
            buffers.invalid_actions[k] += 1
            continue
        scale = params.highest_value if params.bids_are_amounts else float(state.values[k, i])
        state.bids[k, i] = int(math.floor((1.0 + action) * scale + 0.5))


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the mechanism's rule to this round's unit."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    rule(state.bids[k], lottery, params.rule, state.award.units[k], state.award.pays[k])


@compiled
def revoke(k: int, state: State, params: Params) -> None:
    """Nobody gets this round's unit, and who would have bids on."""
    for i in range(state.values.shape[1]):
        state.award.units[k, i] = 0
        state.award.pays[k, i] = 0


@compiled
def asked(k: int, state: State) -> int:
    """What the winner of this round would pay."""
    paid = np.int64(0)
    for i in range(state.values.shape[1]):
        if state.award.units[k, i] > 0:
            paid += state.award.pays[k, i]
    return int(paid)


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Pays the winner its value minus the payment, in credits; it has its unit and may only watch from now on."""
    settle_round(k, state, params, buffers)
    for i in range(state.values.shape[1]):
        if state.award.units[k, i] > 0:
            state.active[k, i] = False


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock; who has its unit may only watch."""
    state.tick[k] += 1
    for i in range(state.active.shape[1]):
        buffers.action_mask[k, i] = state.active[k, i]


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: everybody is there with a new value."""
    begin(k, state, buffers)
    for i in range(state.values.shape[1]):
        state.active[k, i] = True
        state.bids[k, i] = np.int64(NO_BID)
    draw_private_values(k, state, params)

"""One round of a scoring auction, stage by stage, for market `k` of a batch."""

import math

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import StepBuffers
from econo_env.markets.rounds import begin, draw_private_values
from econo_env.markets.scoring.scenario import QUALITY_STEPS
from econo_env.markets.scoring.state import NO_OFFER, Params, State
from econo_env.money import CREDIT


@compiled
def best_quality(theta: float, params: Params) -> float:
    """The step, not yet rounded, that is best for the cost parameter: linear between the entries of a table.

    The table keeps powers out of the loop; that it is a fraction of a step off costs a supplier about a micro-credit.
    """
    last = params.best_quality.shape[0] - 1
    position = min(max((theta - params.lowest_cost) * params.cells_a_unit, 0.0), float(last))
    cell = min(int(position), last - 1)
    left = params.best_quality[cell]
    return float(min(left + (params.best_quality[cell + 1] - left) * (position - cell), QUALITY_STEPS))


@compiled
def cost_of(theta: int, quality: int, params: Params) -> int:
    """What delivering that many steps of quality costs, micro-credits."""
    return int(math.floor(theta * params.work[quality] + 0.5))


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns actions in [-1, 1]^2 into offers and scores; one outside, or NaN, is counted and is no offer."""
    for i in range(state.values.shape[1]):
        markup, shift = float(buffers.actions[k, i, 0]), float(buffers.actions[k, i, 1])
        if not (-1.0 <= markup <= 1.0 and -1.0 <= shift <= 1.0):
            buffers.invalid_actions[k] += 1
            state.qualities[k, i] = 0
            state.prices[k, i] = NO_OFFER
            state.scores[k, i] = NO_OFFER
            continue
        best = best_quality(float(state.values[k, i]), params)
        room = QUALITY_STEPS - best if shift > 0.0 else best
        quality = int(best + shift * room + 0.5)
        cost, counts = cost_of(state.values[k, i], quality, params), params.scored[quality]
        margin = max(counts - cost, 0) if markup > 0.0 else cost
        price = cost + int(math.floor(markup * margin + 0.5))
        state.qualities[k, i] = quality
        state.prices[k, i] = price
        state.scores[k, i] = counts - price


@compiled
def expose(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """An offer costs its supplier no money: the buyer pays."""
    for i in range(state.values.shape[1]):
        state.award.exposure[k, i] = 0
        state.award.supplies[k, i] = state.prices[k, i] != NO_OFFER


@compiled
def withdraw(k: int, i: int, state: State) -> None:
    """Agent i makes no offer."""
    state.qualities[k, i] = 0
    state.prices[k, i] = NO_OFFER
    state.scores[k, i] = NO_OFFER
    state.award.supplies[k, i] = False


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the mechanism's rule to the scores."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    rule(state.scores[k], state.prices[k], lottery, params.rule, state.award.units[k], state.award.pays[k])


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The winner delivers the quality it offered; its reward is what it receives minus the cost, in credits."""
    for i in range(state.values.shape[1]):
        # the rule says who delivers and what it receives
        cost = np.int64(0)
        received = state.award.pays[k, i]
        if state.award.units[k, i] > 0:
            cost = np.int64(cost_of(state.values[k, i], state.qualities[k, i], params))
        state.award.units[k, i] = -state.award.units[k, i]
        state.award.pays[k, i] = -received
        state.award.worth[k, i] = -cost
        buffers.rewards[k, i] = (received - cost) * CREDIT


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: new cost parameters, no history."""
    begin(k, state, buffers)
    for i in range(state.values.shape[1]):
        state.qualities[k, i] = 0
        state.prices[k, i] = np.int64(NO_OFFER)
        state.scores[k, i] = np.int64(NO_OFFER)
    draw_private_values(k, state, params)

"""Start, tasks and end of an episode, for market `k`."""

from econo_env.economy.staking import required_stake
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import (
    DRAWS_AT_ONCE,
    NEWCOMERS,
    TASKS,
    TWO_TO_MINUS_53,
    VALUES,
    fill_with_draws,
    two_uniforms,
    uniform,
)
from econo_env.engine.state import StepBuffers
from econo_env.markets.records import TaskDraws, Tasks
from econo_env.markets.rounds import start_clock
from econo_env.markets.task_market.auction import NO_BID, forget_last_task
from econo_env.markets.task_market.state import Params, State
from econo_env.money import CREDIT
from econo_env.valuations.drawing import draw_from_table, quantile_from_table

_TYPES = 0xFFFFFFFF  # the tick of draws that hold for a whole episode, beyond any real one


@compiled
def offer_task(k: int, state: Tasks, params: TaskDraws) -> None:
    """Draws the next task, its luck in being open, and every agent's cost of it."""
    value, openness = two_uniforms(state.key[k], state.episode[k], state.tick[k], TASKS, 0)
    task_value = draw_from_table(params.task_values, 0, value)
    state.task_value[k] = task_value
    state.openness[k] = openness
    state.cost_scale[k] = 1.0 / (max(1, task_value) * params.highest_cost_share)
    state.liability[k] = required_stake(task_value, params.schedule, params.stake_cap)
    cost, scale = state.cost[k], task_value * CREDIT
    for first in range(0, cost.shape[0], DRAWS_AT_ONCE):
        last = min(first + DRAWS_AT_ONCE, cost.shape[0])
        fill_with_draws(state.key[k], state.episode[k], state.tick[k], VALUES, cost, first, last)
        for i in range(first, last):
            cost[i] = int(quantile_from_table(params.cost_shares, 0, cost[i] * TWO_TO_MINUS_53) * scale + 0.5)


@compiled
def draw_reliability(k: int, i: int, state: Tasks, params: TaskDraws) -> None:
    """Draws agent i's chance of success, which holds for the whole episode."""
    probability = uniform(state.key[k], state.episode[k], _TYPES, VALUES, i)
    state.reliability[k, i] = quantile_from_table(params.reliabilities, 0, probability)


@compiled
def admit(k: int, i: int, state: Tasks, params: TaskDraws) -> None:
    """The place of agent i goes on for a newcomer, whose chance of success is drawn in this tick."""
    state.leaving[k, i] = False
    state.active[k, i] = True
    probability = uniform(state.key[k], state.episode[k], state.tick[k], NEWCOMERS, i)
    state.reliability[k, i] = quantile_from_table(params.reliabilities, 0, probability)


@compiled
def openness(k: int, state: Tasks) -> float:
    """The luck of the task on offer that decides to whom it is open."""
    return float(state.openness[k])


@compiled
def foresee(k: int, state: State) -> int:
    """The most that any bid for the task on offer can cost."""
    return int(state.liability[k])


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock, and offers the next task if there is one."""
    state.tick[k] += 1
    if state.tick[k] < params.max_cycles:
        offer_task(k, state, params)


@compiled
def present(k: int, i: int, state: Tasks) -> bool:
    """Whether agent i is there: the banned see nothing."""
    return bool(state.active[k, i])


@compiled
def finish(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Ends the episode after the last task for everybody at once, or when nobody is left.

    An agent banned with the last task ends like the others; one banned before has ended already.
    """
    horizon, banned, left = state.tick[k] >= params.max_cycles, state.departs[k], 0
    if not (horizon or banned or state.flagged[k]):
        return
    for i in range(state.active.shape[1]):
        banned_now = state.leaving[k, i]
        state.leaving[k, i] = False
        present = state.active[k, i] or banned_now
        left += state.active[k, i]
        buffers.truncated[k, i] = horizon and params.truncates and present
        buffers.terminated[k, i] = present and not params.truncates if horizon else banned_now
    buffers.ended[k] = horizon or left == 0
    state.flagged[k], state.departs[k] = horizon or banned or left == 0, False


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: newcomers with new reliabilities, the first task."""
    start_clock(k, state)
    forget_last_task(k, state, params, buffers)
    state.flagged[k] = buffers.ended[k]
    for i in range(state.active.shape[1]):
        state.active[k, i] = True
        state.scores[k, i] = NO_BID
        state.award.exposure[k, i] = 0
        buffers.action_mask[k, i] = True
        draw_reliability(k, i, state, params)
    offer_task(k, state, params)

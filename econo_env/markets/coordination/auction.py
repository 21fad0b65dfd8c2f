"""The auction of a request, for market `k`: what agents bid, who wins, and what winners then have to do."""

import math

import numpy as np

from econo_env.economy.award import rounded_mean
from econo_env.economy.contracts import score
from econo_env.economy.work import Work, expected_outcome
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.state import Bools, StepBuffers
from econo_env.markets.coordination.auctions import NO_BID
from econo_env.markets.coordination.state import Params, State
from econo_env.markets.task_market.auction import FORGERY_THRESHOLD, reported_score

NOBODY = -1


@compiled
def cost_factor(tasks: int, synergy: float) -> float:
    """What several tasks cost together, in multiples of one."""
    return 1.0 + (tasks - 1) * (1.0 - synergy)


@compiled
def worth_of(k: int, i: int, tasks: int, state: State, params: Params) -> float:
    """The true expected surplus of a contract of so many tasks at its efficient effort, micro-credits."""
    cost = state.cost[k, i] * cost_factor(tasks, params.synergy)
    return score(cost, state.reliability[k, i], tasks * float(state.task_value[k]), params.schedule)


@compiled
def _valid(buffers: StepBuffers, k: int, i: int, params: Params) -> bool:
    """Whether every component that the market reads is in [-1, 1]."""
    valid = True
    for j in range(params.forgery_at + 1):
        valid &= bool(abs(buffers.actions[k, i, j]) <= 1.0)
    return valid


@compiled
def _bid(k: int, i: int, tasks: int, worth: float, state: State, params: Params, buffers: StepBuffers) -> int:
    """What agent i bids for so many tasks, micro-credits; -1 for none."""
    if params.reports:
        return reported_score(k, i, float(state.task_value[k]), state, params, buffers)
    scale = worth
    if params.bids_are_amounts:
        scale = tasks * params.schedule.success * state.task_value[k]
    bid = int(math.floor((1.0 + float(buffers.actions[k, i, tasks - 1])) * scale + 0.5))
    return NO_BID if scale < 0.0 or (params.bids_are_amounts and bid == 0) else bid


@compiled
def bids(k: int, i: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns an action into bids for one, two, ... tasks, and notes what they are truly worth.

    An action outside [-1, 1], or NaN, is counted and is no bid; the action of an agent that may not bid is ignored.
    """
    may = state.offered[k] and state.active[k, i] and buffers.action_mask[k, i]
    if state.sale_tick[k] == 0:
        state.entered[k, i] = may
    valid = may and _valid(buffers, k, i, params)
    buffers.invalid_actions[k] += may and not valid
    for tasks in range(1, params.sizes + 1):
        at = i * params.sizes + tasks - 1
        state.worths[k, at] = 0.0
        if state.offered[k] and state.active[k, i]:
            state.worths[k, at] = worth_of(k, i, tasks, state, params)
        state.bids[k, at] = NO_BID
        if valid:
            state.bids[k, at] = _bid(k, i, tasks, state.worths[k, at], state, params, buffers)


@compiled
def expose(k: int, i: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """A bid can cost what the worst work is liable for, whatever it is; on a clock, if it accepts the price now.

    Who has stayed in a rising clock is bound to the price before, for a lot may fall to it. A naive stake follows the
    bid instead.
    """
    state.bound[k, i] = 0
    if params.rises and state.sale_tick[k] > 0 and state.standing[k, i] != 0:
        state.bound[k, i] = state.liability[k]
    most = state.bound[k, i]
    for tasks in range(1, params.sizes + 1):
        bid = state.bids[k, i * params.sizes + tasks - 1]
        if bid >= 0 and not (params.clock and bid < state.price[k]):
            most = max(most, bid if params.naive_stake else tasks * state.liability[k])
    state.award.exposure[k, i] = most


@compiled
def withdraw(k: int, i: int, state: State) -> None:
    """Agent i does not bid; what it accepted before still binds it."""
    each = state.bids.shape[1] // state.bound.shape[1]
    for j in range(i * each, (i + 1) * each):
        state.bids[k, j] = NO_BID
    state.award.exposure[k, i] = min(state.award.exposure[k, i], state.bound[k, i])


@compiled
def best_split(k: int, among: Bools, state: State) -> float:
    """The most that the request's tasks are worth among some agents, by dynamic programming over tasks given away."""
    supply, sizes = state.split.shape[1] - 1, state.bids.shape[1] // state.bound.shape[1]
    for tasks in range(supply + 1):
        state.split[k, tasks] = 0.0
    for i in range(among.shape[1]):
        if not among[k, i]:
            continue
        for tasks in range(supply, 0, -1):
            for taken in range(1, min(sizes, tasks) + 1):
                worth = state.split[k, tasks - taken] + state.worths[k, i * sizes + taken - 1]
                state.split[k, tasks] = max(state.split[k, tasks], worth)
    return float(state.split[k, supply])


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the rule of the auction type to the request on offer: who takes tasks, and what is owed for them."""
    if not state.offered[k] or state.held[k]:
        return
    if _somebody_entered(k, state):
        rule(k, state, params)
    else:  # a falling clock would run down for nobody
        state.over[k] = True
    for i in range(state.owes.shape[1]):
        state.award.units[k, i] = -state.award.units[k, i]
    if state.over[k]:
        _note_best(k, state)


@compiled
def _somebody_entered(k: int, state: State) -> bool:
    """Whether anybody could bid when the request came on offer."""
    entered = False
    for i in range(state.entered.shape[1]):
        entered |= state.entered[k, i]
    return entered


@compiled
def _note_best(k: int, state: State) -> None:
    """Notes what the request could have been worth."""
    state.best_surplus[k] = best_split(k, state.entered, state)
    state.first_best[k] = best_split(k, state.active, state)


@compiled
def accepts(k: int, i: int, owes: int, state: State) -> bool:
    """Agent i takes a task for so much where it bids at least that for one."""
    return bool(state.bids[k, i * (state.bids.shape[1] // state.bound.shape[1])] >= owes)


@compiled
def assign(k: int, i: int, owes: int, state: State) -> None:
    """Gives a task of the request to agent i, or to nobody, in place of whoever won any; the request is over."""
    for j in range(state.owes.shape[1]):
        state.award.units[k, j] = 0
        state.owes[k, j] = 0
    if i != NOBODY:
        state.award.units[k, i] = -1
        state.owes[k, i] = owes
    noted = state.over[k]
    state.over[k] = state.offered[k] and not state.held[k]
    if state.over[k] and not noted:  # a clock had not come to its end
        _note_best(k, state)


@compiled
def asked(k: int, state: State) -> int:
    """What a task is owed on the mean of those taken in this tick, 0 for none."""
    owed, tasks = 0, 0
    for i in range(state.owes.shape[1]):
        owed += state.owes[k, i]
        tasks -= state.award.units[k, i]
    return rounded_mean(owed, tasks)


@compiled
def engage(k: int, i: int, state: State, params: Params, buffers: StepBuffers, work: Work) -> None:
    """A holder's effort and honesty are what its action says; notes the surplus that may be expected of it.

    On a rising clock one may win by what it accepted before while its action is none now: then it does nothing.
    """
    tasks = -state.award.units[k, i]
    work.value[k, i] = tasks * state.task_value[k]
    work.owes[k, i] = max(0, state.owes[k, i] - _naive_bonus(k, i, tasks, state, params))
    work.cost[k, i] = int(math.floor(state.cost[k, i] * cost_factor(tasks, params.synergy) + 0.5))
    work.reliability[k, i] = state.reliability[k, i]
    work.forges[k, i] = FORGERY_THRESHOLD < buffers.actions[k, i, params.forgery_at] <= 1.0
    effort = (1.0 + float(buffers.actions[k, i, params.effort_at + tasks - 1])) / 2.0
    work.effort[k, i] = effort if 0.0 <= effort <= 1.0 and not work.forges[k, i] else 0.0
    state.surplus[k] += expected_outcome(k, i, params.schedule, params.detection, work)


@compiled
def _naive_bonus(k: int, i: int, tasks: int, state: State, params: Params) -> int:
    """What the own bid takes off what is owed, micro-credits."""
    bid = state.bids[k, i * params.sizes + tasks - 1]
    return int(math.floor(params.naive_bonus * max(bid, np.int64(0)) + 0.5))


@compiled
def quote(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The reference price of the tick is what a task is owed on the mean, where any was taken."""
    state.award.price[k] = asked(k, state)

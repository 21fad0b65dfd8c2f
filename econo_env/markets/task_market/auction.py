"""The auction of a task, for market `k`: what agents report, who wins, and what the winner then has to do."""

import math

from econo_env.economy.contracts import score
from econo_env.economy.work import Work, expected_outcome
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import StepBuffers
from econo_env.markets.records import TaskDraws, Tasks
from econo_env.markets.task_market.state import Params, State

NO_BID = -1
NO_WINNER = -1
FORGERY_THRESHOLD = 0.5


@compiled
def _valid(buffers: StepBuffers, k: int, i: int) -> bool:
    action = buffers.actions[k, i]  # one by one: a loop over four takes longer than what it looks at
    return bool(abs(action[0]) <= 1.0 and abs(action[1]) <= 1.0 and abs(action[2]) <= 1.0 and abs(action[3]) <= 1.0)


@compiled
def reported_score(k: int, i: int, task_value: float, state: Tasks, params: TaskDraws, buffers: StepBuffers) -> int:
    """The score of what agent `i` reports, in micro-credits."""
    cost_report = (1.0 + float(buffers.actions[k, i, 0])) * state.cost[k, i]
    lie = float(buffers.actions[k, i, 1])
    reliability = state.reliability[k, i]
    reliability_report = reliability + lie * ((1.0 - reliability) if lie >= 0.0 else reliability)
    return int(math.floor(score(cost_report, reliability_report, task_value, params.schedule) + 0.5))


@compiled
def forget_last_task(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Clears what the last winner left; nobody else has anything to clear."""
    winner = state.winner[k]
    if winner != NO_WINNER:
        state.second_scores[k, winner] = 0
        state.award.units[k, winner] = 0
        state.award.pays[k, winner] = 0
        state.award.worth[k, winner] = 0.0
    state.winner[k] = NO_WINNER
    state.surplus[k], state.best_surplus[k], state.first_best[k] = 0.0, 0.0, 0.0


@compiled
def bids(k: int, i: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns an action into a score, and notes the best true ones.

    An action outside [-1, 1], or NaN, is counted and is no bid; the action of an agent that may not bid is ignored.
    """
    submitted = NO_BID
    if state.active[k, i]:
        task_value = float(state.task_value[k])
        true_score = score(float(state.cost[k, i]), state.reliability[k, i], task_value, params.schedule)
        state.first_best[k] = max(state.first_best[k], true_score)
        if buffers.action_mask[k, i]:
            state.best_surplus[k] = max(state.best_surplus[k], true_score)
            if _valid(buffers, k, i):
                submitted = reported_score(k, i, task_value, state, params, buffers)
            else:
                buffers.invalid_actions[k] += 1
    state.scores[k, i] = submitted


@compiled
def expose(k: int, i: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """A bid can cost what the worst work is liable for at the highest second score, whatever is reported."""
    state.award.exposure[k, i] = state.liability[k] if state.scores[k, i] >= 0 else 0


@compiled
def withdraw(k: int, i: int, state: State) -> None:
    """Agent i does not bid."""
    state.scores[k, i] = NO_BID
    state.award.exposure[k, i] = 0


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the mechanism's rule to the scores: who takes the task, and what it owes."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    rule(state.scores[k], params.weights, lottery, params.rule, state.award.units[k], state.second_scores[k])
    winner, state.award.price[k] = NO_WINNER, 0
    for i in range(state.active.shape[1]):
        if state.award.units[k, i] > 0:
            winner = i
    state.winner[k] = winner
    if winner != NO_WINNER:
        state.award.units[k, winner] = -1


@compiled
def accepts(k: int, i: int, owes: int, state: State) -> bool:
    """Agent i takes the task for so much where it reports a score of at least that."""
    return bool(state.scores[k, i] >= owes)


@compiled
def assign(k: int, i: int, owes: int, state: State) -> None:
    """Gives the task to agent i, or to nobody, in place of whoever won it."""
    won = state.winner[k]
    if won != NO_WINNER:
        state.award.units[k, won] = 0
        state.second_scores[k, won] = 0
    state.winner[k] = i
    if i != NO_WINNER:
        state.award.units[k, i] = -1
        state.second_scores[k, i] = owes


@compiled
def revoke(k: int, state: State, params: Params) -> None:
    """Nobody takes the task."""
    assign(k, NO_WINNER, 0, state)


@compiled
def asked(k: int, state: State) -> int:
    """What the task is owed for, 0 where nobody takes it."""
    winner = state.winner[k]
    return 0 if winner == NO_WINNER else int(state.second_scores[k, winner])


@compiled
def winners(k: int, state: State) -> tuple[int, int]:
    """The winner alone, if there is one."""
    winner = max(0, state.winner[k])
    return winner, winner + (state.winner[k] != NO_WINNER)


@compiled
def engage(k: int, i: int, state: State, params: Params, buffers: StepBuffers, work: Work) -> None:
    """The winner's effort and honesty are what its action says; notes the surplus that may be expected of it."""
    work.value[k, i] = state.task_value[k]
    work.owes[k, i] = state.second_scores[k, i]
    work.cost[k, i] = state.cost[k, i]
    work.reliability[k, i] = state.reliability[k, i]
    work.forges[k, i] = buffers.actions[k, i, 3] > FORGERY_THRESHOLD
    work.effort[k, i] = 0.0 if work.forges[k, i] else (1.0 + float(buffers.actions[k, i, 2])) / 2.0
    state.surplus[k] = expected_outcome(k, i, params.schedule, params.detection, work)


@compiled
def revalue(k: int, change: float, state: Tasks) -> None:
    """What may be expected of the tick's work changes by so many micro-credits."""
    state.surplus[k] += change


@compiled
def expel(k: int, i: int, state: State) -> None:
    """Agent i is banned, with what it has won in this tick or for something earlier."""
    state.leaving[k, i] = state.active[k, i]
    state.departs[k] = True
    state.active[k, i] = False


@compiled
def quote(k: int, winner: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """The reference price of the tick is what the task was paid, where it was paid for."""
    state.award.price[k] = max(0, -state.award.pays[k, winner])

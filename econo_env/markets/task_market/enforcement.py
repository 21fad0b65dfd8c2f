"""The second half of a tick, for market `k`: work, grade, settlement, reputation."""

import math

from econo_env.economy.contracts import (
    BYZANTINE,
    EXCELLENT,
    POOR,
    SATISFACTORY,
    grade_of,
    quality_of_work,
    value_of,
)
from econo_env.economy.ledger import BONDED, ESCROW, FREE, PRINCIPAL, account
from econo_env.economy.reputation import evidence_of, lower_bound
from econo_env.economy.staking import contract_lock
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import EVIDENCE, EXECUTION, two_uniforms, uniform
from econo_env.engine.state import StepBuffers
from econo_env.markets.task_market.auction import NO_WINNER, move
from econo_env.markets.task_market.state import Params, State
from econo_env.money import CREDIT


@compiled
def _money(amount: float) -> int:
    return int(math.floor(amount + 0.5))


@compiled
def execute(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Binds the winner's stake to the contract, frees the others' escrow, and draws how the work turns out."""
    winner, num_agents = state.winner[k], state.active.shape[1]
    for i in range(num_agents):
        escrow = account(i, ESCROW, num_agents)
        if i != winner and state.balances[k, escrow] > 0:
            move(k, state, escrow, account(i, FREE, num_agents), state.balances[k, escrow])
    if winner == NO_WINNER:
        return
    worst = _money(value_of(BYZANTINE, float(state.task_value[k]), params.schedule))
    escrow = account(winner, ESCROW, num_agents)
    escrowed = state.balances[k, escrow]
    lock = contract_lock(state.second_scores[k, winner], worst, escrowed)
    move(k, state, escrow, account(winner, BONDED, num_agents), lock)
    move(k, state, escrow, account(winner, FREE, num_agents), escrowed - lock)
    luck, detail = two_uniforms(state.key[k], state.episode[k], state.tick[k], EXECUTION, winner)
    succeeds = luck < state.reliability[k, winner] * state.effort[k]
    state.quality[k] = quality_of_work(succeeds, detail, params.schedule)
    evidence = uniform(state.key[k], state.episode[k], state.tick[k], EVIDENCE, winner)
    state.forgery_proven[k] = state.forges[k] and evidence < params.detection


@compiled
def grade(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Grades the verified work; a forged proof that holds passes for satisfactory."""
    winner = state.winner[k]
    if winner == NO_WINNER:
        return
    if state.forges[k] and not state.forgery_proven[k]:
        state.grades[k, winner] = SATISFACTORY
    else:
        state.grades[k, winner] = grade_of(state.quality[k], state.forgery_proven[k], params.schedule)


@compiled
def payout(graded: int, task_value: int, second_score: int, lock: int, params: Params) -> int:
    """V(grade) - S2, as far down as the locked stake goes, in micro-credits."""
    return max(_money(value_of(graded, float(task_value), params.schedule)) - second_score, -lock)


@compiled
def expected_payout(k: int, winner: int, lock: int, state: State, params: Params) -> float:
    """`payout` in expectation over the luck of execution and evidence, given effort and conduct."""
    value, second_score, schedule = state.task_value[k], state.second_scores[k, winner], params.schedule
    satisfactory = payout(SATISFACTORY, value, second_score, lock, params)
    if state.forges[k]:
        caught = payout(BYZANTINE, value, second_score, lock, params)
        return params.detection * caught + (1.0 - params.detection) * satisfactory
    succeeds = state.reliability[k, winner] * state.effort[k]
    excellent_share = (1.0 - schedule.excellent_quality) / (1.0 - schedule.satisfactory_quality)
    excellent = payout(EXCELLENT, value, second_score, lock, params)
    poor = payout(POOR, value, second_score, lock, params)
    success = excellent_share * excellent + (1.0 - excellent_share) * satisfactory
    return float(succeeds * success + (1.0 - succeeds) * poor)


@compiled
def settle(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Transfers the payout: from the principal, or from the locked stake as compensation to the principal.

    The reward is the transfer minus the cost of the effort, in credits. A byzantine winner is banned.
    """
    state.worth[k] = 0
    state.effort_cost[k] = 0.0
    state.expected_reward[k] = 0.0
    winner = state.winner[k]
    if winner == NO_WINNER:
        return
    graded, task_value, num_agents = state.grades[k, winner], state.task_value[k], state.active.shape[1]
    bonded, free = account(winner, BONDED, num_agents), account(winner, FREE, num_agents)
    lock = state.balances[k, bonded]
    due = payout(graded, task_value, state.second_scores[k, winner], lock, params)
    if due >= 0:
        move(k, state, PRINCIPAL, free, due)
    else:
        move(k, state, bonded, PRINCIPAL, -due)
    move(k, state, bonded, free, state.balances[k, bonded])
    state.transfers[k, winner] = due
    state.award.units[k, winner] = -1
    state.award.pays[k, winner] = -due
    state.effort_cost[k] = state.cost[k, winner] * state.effort[k] * state.effort[k]
    state.award.worth[k, winner] = -state.effort_cost[k]
    state.expected_reward[k] = expected_payout(k, winner, lock, state, params) - state.effort_cost[k]
    buffers.rewards[k, winner] = (due - state.effort_cost[k]) * CREDIT
    state.rewarded[k] = winner
    # a forgery that passes is paid as satisfactory and worth what poor work is worth
    true_grade = POOR if state.forges[k] and graded != BYZANTINE else graded
    state.worth[k] = _money(value_of(true_grade, float(task_value), params.schedule))
    if graded == BYZANTINE:
        state.active[k, winner] = False


@compiled
def _hear(k: int, i: int, good: float, bad: float, state: State, params: Params) -> None:
    """Forgets a little of what was known of agent `i`, and adds new evidence."""
    positive = params.forgetting * state.positive[k, i] + good
    negative = params.forgetting * state.negative[k, i] + bad
    state.positive[k, i], state.negative[k, i] = positive, negative
    if positive + negative > 0.0:
        state.bound[k, i] = lower_bound(positive, negative, state.bound[k, i])


@compiled
def reputation(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Adds the winner's evidence; forgets a little of everyone else's once an epoch, each agent at its own tick."""
    winner = state.winner[k]
    if winner != NO_WINNER and state.active[k, winner]:
        good, bad = evidence_of(state.grades[k, winner], float(state.task_value[k]), params.reference_value)
        _hear(k, winner, good, bad, state, params)
    for i in range(params.epoch - 1 - state.tick[k] % params.epoch, state.active.shape[1], params.epoch):
        if i != winner and state.active[k, i]:
            _hear(k, i, 0.0, 0.0, state, params)

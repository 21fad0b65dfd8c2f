"""The second half of a tick, for market `k`: work, grade, settlement, reputation."""

import math

from econo_env.economy.contracts import (
    BYZANTINE,
    NO_GRADE,
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
from econo_env.engine.state import Exchange
from econo_env.markets.task_market.auction import NO_WINNER, move
from econo_env.markets.task_market.layout import State, Terms
from econo_env.money import MICRO


@compiled
def _money(amount: float) -> int:
    return int(math.floor(amount + 0.5))


@compiled
def execute(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Binds the winner's stake to the contract, frees the others' escrow, and draws how the work turns out."""
    winner = state.winner[k]
    for i in range(state.active.shape[1]):
        if i != winner:
            move(k, state, account(i, ESCROW), account(i, FREE), state.balances[k, account(i, ESCROW)])
    if winner == NO_WINNER:
        return
    worst = _money(value_of(BYZANTINE, float(state.task_value[k]), terms.schedule))
    escrowed = state.balances[k, account(winner, ESCROW)]
    lock = contract_lock(state.second_scores[k, winner], worst, escrowed)
    move(k, state, account(winner, ESCROW), account(winner, BONDED), lock)
    move(k, state, account(winner, ESCROW), account(winner, FREE), escrowed - lock)
    luck, detail = two_uniforms(state.key[k], state.episode[k], state.tick[k], EXECUTION, winner)
    succeeds = luck < state.reliability[k, winner] * state.effort[k, winner]
    state.quality[k] = quality_of_work(succeeds, detail, terms.schedule)
    evidence = uniform(state.key[k], state.episode[k], state.tick[k], EVIDENCE, winner)
    state.forgery_proven[k] = state.forges[k, winner] and evidence < terms.detection


@compiled
def grade(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Grades the verified work; a forged proof that holds passes for satisfactory."""
    winner = state.winner[k]
    for i in range(state.active.shape[1]):
        state.grades[k, i] = NO_GRADE
    if winner == NO_WINNER:
        return
    if state.forges[k, winner] and not state.forgery_proven[k]:
        state.grades[k, winner] = SATISFACTORY
    else:
        state.grades[k, winner] = grade_of(state.quality[k], state.forgery_proven[k], terms.schedule)


@compiled
def settle(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Transfers V(grade) - S2: from the principal, or from the locked stake as compensation to the principal.

    The reward is the transfer minus the cost of the effort, in credits. A byzantine winner is banned.
    """
    for i in range(state.active.shape[1]):
        state.transfers[k, i] = 0
        exchange.rewards[k, i] = 0.0
        exchange.terminated[k, i] = False
    state.worth[k] = 0
    state.effort_cost[k] = 0.0
    winner = state.winner[k]
    if winner == NO_WINNER:
        return
    graded = state.grades[k, winner]
    state.worth[k] = _money(value_of(graded, float(state.task_value[k]), terms.schedule))
    due = state.worth[k] - state.second_scores[k, winner]
    bonded = account(winner, BONDED)
    if due >= 0:
        move(k, state, PRINCIPAL, account(winner, FREE), due)
    else:
        due = -min(-due, state.balances[k, bonded])
        move(k, state, bonded, PRINCIPAL, -due)
    move(k, state, bonded, account(winner, FREE), state.balances[k, bonded])
    state.transfers[k, winner] = due
    if not state.forges[k, winner]:
        state.effort_cost[k] = state.cost[k, winner] * state.effort[k, winner] * state.effort[k, winner]
    exchange.rewards[k, winner] = (due - state.effort_cost[k]) / MICRO
    if graded == BYZANTINE:
        state.active[k, winner] = False
        exchange.terminated[k, winner] = True


@compiled
def reputation(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Adds the winner's evidence; forgets a little of everyone else's once an epoch, each at its own tick."""
    for i in range(state.active.shape[1]):
        worked = state.grades[k, i] != NO_GRADE
        idle_epoch = not worked and (state.tick[k] + i) % terms.epoch == 0
        if not state.active[k, i] or not (worked or idle_epoch):
            continue
        state.positive[k, i] *= terms.forgetting
        state.negative[k, i] *= terms.forgetting
        if worked:
            good, bad = evidence_of(state.grades[k, i], float(state.task_value[k]), terms.reference_value)
            state.positive[k, i] += good
            state.negative[k, i] += bad
        if state.positive[k, i] + state.negative[k, i] > 0.0:
            state.bound[k, i] = lower_bound(state.positive[k, i], state.negative[k, i], state.bound[k, i])

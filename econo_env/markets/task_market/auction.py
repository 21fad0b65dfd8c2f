"""The first half of a tick, for market `k`: who may bid, what they report, who wins."""

import math

from econo_env.economy.contracts import NO_GRADE, expected_surplus, score
from econo_env.economy.eligibility import is_eligible
from econo_env.economy.ledger import ESCROW, FREE, account, transfer
from econo_env.economy.staking import required_stake
from econo_env.engine.compiled import compiled
from econo_env.engine.program import Rule
from econo_env.engine.rng import Lottery
from econo_env.engine.state import StepBuffers
from econo_env.markets.task_market.state import Params, State

NO_BID = -1
NO_WINNER = -1
FORGERY_THRESHOLD = 0.5


@compiled
def move(k: int, state: State, source: int, target: int, amount: int) -> None:
    """A transfer that must succeed; a refusal is counted in `state.refused`."""
    if not transfer(state.balances[k], source, target, amount):
        state.refused[k] += 1


@compiled
def eligibility(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Marks who may bid for the current task, from the state before the bids alone."""
    required = required_stake(state.task_value[k], params.schedule, params.stake_cap)
    threshold, num_agents = state.threshold[k], state.active.shape[1]
    for i in range(num_agents):
        free = state.balances[k, account(i, FREE, num_agents)]
        eligible = is_eligible(state.active[k, i], free, required, state.bound[k, i], threshold)
        state.eligible[k, i] = eligible
        buffers.action_mask[k, i] = eligible


@compiled
def _valid(buffers: StepBuffers, k: int, i: int) -> bool:
    for component in range(buffers.actions.shape[2]):
        inside = -1.0 <= buffers.actions[k, i, component] <= 1.0
        if not inside:
            return False
    return True


@compiled
def reported_score(k: int, i: int, task_value: float, state: State, params: Params, buffers: StepBuffers) -> int:
    """The score of what agent `i` reports, in micro-credits."""
    cost_report = (1.0 + float(buffers.actions[k, i, 0])) * state.cost[k, i]
    lie = float(buffers.actions[k, i, 1])
    reliability = state.reliability[k, i]
    reliability_report = reliability + lie * ((1.0 - reliability) if lie >= 0.0 else reliability)
    return int(math.floor(score(cost_report, reliability_report, task_value, params.schedule) + 0.5))


@compiled
def forget_last_task(k: int, state: State) -> None:
    """Clears what the last winner left; nobody else has anything to clear."""
    winner = state.winner[k]
    if winner != NO_WINNER:
        state.award.units[k, winner] = 0
        state.second_scores[k, winner] = 0
        state.grades[k, winner] = NO_GRADE
        state.transfers[k, winner] = 0
        state.award.units[k, winner] = 0
        state.award.pays[k, winner] = 0
        state.award.worth[k, winner] = 0.0
    state.winner[k] = NO_WINNER


@compiled
def bids(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Turns actions into scored bids, locks each bidder's stake in escrow, and notes the best true scores.

    An action outside [-1, 1], or NaN, is counted and is no bid; the action of an agent that may not bid is ignored.
    """
    forget_last_task(k, state)
    if state.rewarded[k] != NO_WINNER:
        buffers.rewards[k, state.rewarded[k]] = 0.0
        state.rewarded[k] = NO_WINNER
    task_value, num_agents = float(state.task_value[k]), state.active.shape[1]
    required = required_stake(state.task_value[k], params.schedule, params.stake_cap)
    best_eligible, best_active = 0.0, 0.0
    for i in range(num_agents):
        submitted = NO_BID
        if state.active[k, i]:
            true_score = score(float(state.cost[k, i]), state.reliability[k, i], task_value, params.schedule)
            best_active = max(best_active, true_score)
            if state.eligible[k, i]:
                best_eligible = max(best_eligible, true_score)
                if _valid(buffers, k, i):
                    submitted = reported_score(k, i, task_value, state, params, buffers)
                else:
                    buffers.invalid_actions[k] += 1
        state.scores[k, i] = submitted
        if submitted >= 0:
            move(k, state, account(i, FREE, num_agents), account(i, ESCROW, num_agents), required)
    state.best_surplus[k], state.first_best[k] = best_eligible, best_active


@compiled
def clear(k: int, state: State, params: Params, buffers: StepBuffers, rule: Rule) -> None:
    """Applies the mechanism's rule to the scores; the winner's effort and honesty are now what it said."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    rule(state.scores[k], params.weights, lottery, params.rule, state.award.units[k], state.second_scores[k])
    state.winner[k] = NO_WINNER
    for i in range(state.active.shape[1]):
        if state.award.units[k, i] > 0:
            state.winner[k] = i
    winner = state.winner[k]
    state.effort[k] = 0.0
    state.forges[k] = False
    if winner != NO_WINNER:
        state.forges[k] = buffers.actions[k, winner, 3] > FORGERY_THRESHOLD
        if not state.forges[k]:
            state.effort[k] = (1.0 + float(buffers.actions[k, winner, 2])) / 2.0
    state.surplus[k] = expected_outcome(k, winner, state, params)


@compiled
def expected_outcome(k: int, winner: int, state: State, params: Params) -> float:
    """Expected value of the winner's true work minus its cost, in micro-credits; a forger does harm and no work."""
    if winner == NO_WINNER:
        return 0.0
    task_value = float(state.task_value[k])
    if state.forges[k]:
        proven, passed = params.detection, 1.0 - params.detection
        return (proven * params.schedule.byzantine + passed * params.schedule.poor) * task_value
    cost, reliability = float(state.cost[k, winner]), state.reliability[k, winner]
    return expected_surplus(cost, reliability, state.effort[k], task_value, params.schedule)

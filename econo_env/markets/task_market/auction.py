"""The first half of a tick, for market `k`: who may bid, what they report, who wins."""

import math
from typing import Any

from econo_env.economy.contracts import expected_surplus, score
from econo_env.economy.eligibility import is_eligible
from econo_env.economy.ledger import ESCROW, FREE, account, transfer
from econo_env.economy.staking import required_stake
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import Lottery
from econo_env.engine.state import Exchange
from econo_env.markets.task_market.layout import State, Terms

NO_BID = -1
NO_WINNER = -1
FORGERY_THRESHOLD = 0.5


@compiled
def move(k: int, state: State, source: int, target: int, amount: int) -> None:
    """A transfer that must succeed; a refusal is counted in `state.refused`."""
    if not transfer(state.balances[k], source, target, amount):
        state.refused[k] += 1


@compiled
def eligibility(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Marks who may bid for the current task, from the state before the bids alone."""
    required = required_stake(state.task_value[k], terms.schedule, terms.stake_cap)
    for i in range(state.active.shape[1]):
        state.eligible[k, i] = is_eligible(
            state.active[k, i],
            state.balances[k, account(i, FREE)],
            required,
            state.bound[k, i],
            state.threshold[k],
        )
        exchange.action_mask[k, i] = state.eligible[k, i]


@compiled
def _valid(exchange: Exchange, k: int, i: int) -> bool:
    for component in range(exchange.actions.shape[2]):
        inside = -1.0 <= exchange.actions[k, i, component] <= 1.0
        if not inside:
            return False
    return True


@compiled
def reported_score(k: int, i: int, state: State, terms: Terms, exchange: Exchange) -> int:
    """The score of what agent `i` reports, in micro-credits."""
    cost_report = (1.0 + float(exchange.actions[k, i, 0])) * state.cost[k, i]
    lie = float(exchange.actions[k, i, 1])
    reliability = state.reliability[k, i]
    reliability_report = reliability + lie * ((1.0 - reliability) if lie >= 0.0 else reliability)
    return int(math.floor(score(cost_report, reliability_report, float(state.task_value[k]), terms.schedule) + 0.5))


@compiled
def bids(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Turns actions into scored bids and locks each bidder's stake in escrow.

    An action outside [-1, 1], or NaN, is counted and is no bid; the action of an agent that may not bid is ignored.
    """
    required = required_stake(state.task_value[k], terms.schedule, terms.stake_cap)
    for i in range(state.active.shape[1]):
        state.scores[k, i] = NO_BID
        state.effort[k, i] = 0.0
        state.forges[k, i] = False
        if not state.eligible[k, i]:
            continue
        if not _valid(exchange, k, i):
            exchange.invalid_actions[k] += 1
            continue
        state.scores[k, i] = reported_score(k, i, state, terms, exchange)
        state.effort[k, i] = (1.0 + float(exchange.actions[k, i, 2])) / 2.0
        state.forges[k, i] = exchange.actions[k, i, 3] > FORGERY_THRESHOLD
        if state.scores[k, i] >= 0:
            move(k, state, account(i, FREE), account(i, ESCROW), required)


@compiled
def clear(k: int, state: State, terms: Terms, exchange: Exchange, rule: Any) -> None:
    """Applies the mechanism's rule to the scores and notes the surplus beside the best there was."""
    lottery = Lottery(state.key[k], state.episode[k], state.tick[k])
    rule(state.scores[k], terms.weights, lottery, terms.rule, state.allocation[k], state.second_scores[k])
    state.winner[k] = NO_WINNER
    best_eligible, best_active = 0.0, 0.0
    task_value = float(state.task_value[k])
    for i in range(state.active.shape[1]):
        if state.allocation[k, i] > 0:
            state.winner[k] = i
        if state.active[k, i]:
            true_score = score(float(state.cost[k, i]), state.reliability[k, i], task_value, terms.schedule)
            best_active = max(best_active, true_score)
            if state.eligible[k, i]:
                best_eligible = max(best_eligible, true_score)
    state.best_surplus[k], state.first_best[k] = best_eligible, best_active
    state.surplus[k] = expected_outcome(k, state.winner[k], state, terms)


@compiled
def expected_outcome(k: int, winner: int, state: State, terms: Terms) -> float:
    """Expected value of the winner's true work minus its cost, in micro-credits; a forger does harm and no work."""
    if winner == NO_WINNER:
        return 0.0
    task_value = float(state.task_value[k])
    if state.forges[k, winner]:
        proven, passed = terms.detection, 1.0 - terms.detection
        return (proven * terms.schedule.byzantine + passed * terms.schedule.poor) * task_value
    return expected_surplus(
        float(state.cost[k, winner]),
        state.reliability[k, winner],
        state.effort[k, winner],
        task_value,
        terms.schedule,
    )

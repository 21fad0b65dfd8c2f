"""Start, view and end of an episode, for market `k`."""

from econo_env.economy.ledger import FREE, PRINCIPAL, account, mint
from econo_env.economy.reputation import reputation_mean
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import DRAWS_AT_ONCE, TASKS, TWO_TO_MINUS_53, VALUES, fill_with_draws, two_uniforms, uniform
from econo_env.engine.state import StepBuffers
from econo_env.markets.task_market.auction import NO_BID, NO_WINNER, eligibility, forget_last_task
from econo_env.markets.task_market.state import Params, State
from econo_env.money import CREDIT, MICRO
from econo_env.valuations.drawing import draw_from_table, quantile_from_table

_TYPES = 0xFFFFFFFF  # the tick of draws that hold for a whole episode, beyond any real one


@compiled
def offer_task(k: int, state: State, params: Params) -> None:
    """Draws the next task, the reputation it asks for, and every agent's cost of it."""
    value, openness = two_uniforms(state.key[k], state.episode[k], state.tick[k], TASKS, 0)
    state.task_value[k] = draw_from_table(params.task_values, 0, value)
    state.threshold[k] = 0.0 if openness < params.open_share else params.reputation_threshold
    cost, scale = state.cost[k], state.task_value[k] * CREDIT
    for first in range(0, cost.shape[0], DRAWS_AT_ONCE):
        last = min(first + DRAWS_AT_ONCE, cost.shape[0])
        fill_with_draws(state.key[k], state.episode[k], state.tick[k], VALUES, cost, first, last)
        for i in range(first, last):
            cost[i] = int(quantile_from_table(params.cost_shares, 0, cost[i] * TWO_TO_MINUS_53) * scale + 0.5)


@compiled
def _write_observations(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    num_agents, eligible = state.active.shape[1], 0
    for i in range(num_agents):
        eligible += state.eligible[k, i]
    per_rival = 1.0 / max(1, num_agents - 1)
    cost_scale = 1.0 / (max(1, state.task_value[k]) * params.highest_cost_share)
    task = state.task_value[k] / params.highest_task
    ticks_left = (params.max_cycles - state.tick[k]) / params.max_cycles
    is_open = 1.0 if state.threshold[k] == 0.0 else 0.0
    stake = max(params.stake, MICRO)
    for i in range(num_agents):
        row = buffers.observations[k, i]
        if not state.active[k, i]:
            for feature in range(row.shape[0]):
                row[feature] = 0.0
            continue
        free = float(state.balances[k, account(i, FREE, num_agents)])
        may_bid = 1.0 if state.eligible[k, i] else 0.0
        row[0] = min(1.0, state.cost[k, i] * cost_scale)
        row[1] = state.reliability[k, i]
        row[2] = task
        row[3] = ticks_left
        row[4] = free / (free + stake)
        row[5] = reputation_mean(state.positive[k, i], state.negative[k, i])
        row[6] = state.bound[k, i]
        row[7] = may_bid
        row[8] = is_open
        row[9] = (eligible - may_bid) * per_rival
        row[10] = 0.0
        row[11] = 0.0
        row[12] = 0.0
    winner = state.winner[k]
    if winner != NO_WINNER and state.active[k, winner]:
        row = buffers.observations[k, winner]
        row[10] = 1.0
        row[11] = state.grades[k, winner] / 4.0
        row[12] = min(1.0, state.second_scores[k, winner] / (params.schedule.excellent * params.highest_task))


@compiled
def observe(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Moves the clock, offers the next task if there is one, and writes what agents see."""
    state.tick[k] += 1
    if state.tick[k] < params.max_cycles:
        offer_task(k, state, params)
        eligibility(k, state, params, buffers)
    _write_observations(k, state, params, buffers)


@compiled
def finish(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Ends the episode after the last task for everybody at once, or when nobody is left.

    An agent banned with the last task ends like the others; one banned before has ended already.
    """
    horizon, winner, left = state.tick[k] >= params.max_cycles, state.winner[k], 0
    for i in range(state.active.shape[1]):
        banned_now = i == winner and not state.active[k, i]
        present = state.active[k, i] or banned_now
        left += state.active[k, i]
        buffers.truncated[k, i] = horizon and params.truncates and present
        buffers.terminated[k, i] = present and not params.truncates if horizon else banned_now
    buffers.ended[k] = horizon or left == 0


@compiled
def reset(k: int, state: State, params: Params, buffers: StepBuffers) -> None:
    """Starts the next episode: newcomers with fresh stake, new reliabilities, the first task."""
    state.episode[k] += 1
    state.tick[k] = 0
    for at in range(state.balances.shape[1]):
        state.balances[k, at] = 0
    state.minted[k] = mint(state.balances[k], PRINCIPAL, params.principal_fund)
    forget_last_task(k, state)
    state.quality[k] = 0.0
    state.effort[k] = 0.0
    state.forges[k] = False
    state.forgery_proven[k] = False
    state.worth[k] = 0
    state.effort_cost[k] = 0.0
    state.expected_reward[k] = 0.0
    state.surplus[k] = 0.0
    state.best_surplus[k] = 0.0
    state.first_best[k] = 0.0
    for i in range(state.active.shape[1]):
        _enter(k, i, state, params)
    offer_task(k, state, params)
    eligibility(k, state, params, buffers)
    _write_observations(k, state, params, buffers)


@compiled
def _enter(k: int, i: int, state: State, params: Params) -> None:
    state.minted[k] += mint(state.balances[k], account(i, FREE, state.active.shape[1]), params.stake)
    state.active[k, i] = True
    probability = uniform(state.key[k], state.episode[k], _TYPES, VALUES, i)
    state.reliability[k, i] = quantile_from_table(params.reliabilities, 0, probability)
    state.scores[k, i] = NO_BID
    state.positive[k, i] = 0.0
    state.negative[k, i] = 0.0
    state.bound[k, i] = params.newcomer_bound

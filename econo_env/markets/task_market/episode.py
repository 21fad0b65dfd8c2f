"""Start, view and end of an episode, for market `k`."""

from econo_env.economy.contracts import NO_GRADE
from econo_env.economy.ledger import FREE, PRINCIPAL, account, mint
from econo_env.economy.reputation import reputation_mean
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import TASKS, VALUES, two_uniforms, uniform
from econo_env.engine.state import Exchange
from econo_env.markets.task_market.auction import NO_BID, NO_WINNER, eligibility
from econo_env.markets.task_market.layout import State, Terms
from econo_env.money import MICRO
from econo_env.valuations.drawing import draw_from_table, quantile_from_table

_TYPES = 0xFFFFFFFF  # the tick of draws that hold for a whole episode, beyond any real one


@compiled
def offer_task(k: int, state: State, terms: Terms) -> None:
    """Draws the next task, the reputation it asks for, and every agent's cost of it."""
    value, openness = two_uniforms(state.key[k], state.episode[k], state.tick[k], TASKS, 0)
    state.task_value[k] = draw_from_table(terms.task_values, 0, value)
    state.threshold[k] = 0.0 if openness < terms.open_share else terms.reputation_threshold
    for i in range(state.active.shape[1]):
        probability = uniform(state.key[k], state.episode[k], state.tick[k], VALUES, i)
        share = draw_from_table(terms.cost_shares, 0, probability)
        state.cost[k, i] = int(share * float(state.task_value[k]) / MICRO + 0.5)


@compiled
def _write_observations(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    eligible = 0
    for i in range(state.active.shape[1]):
        if state.eligible[k, i]:
            eligible += 1
    others = max(1, state.active.shape[1] - 1)
    task_value = float(max(1, state.task_value[k]))
    for i in range(state.active.shape[1]):
        row = exchange.observations[k, i]
        if not state.active[k, i]:
            for feature in range(row.shape[0]):
                row[feature] = 0.0
            continue
        free = float(state.balances[k, account(i, FREE)])
        row[0] = min(1.0, state.cost[k, i] / (task_value * terms.highest_cost_share))
        row[1] = state.reliability[k, i]
        row[2] = state.task_value[k] / terms.highest_task
        row[3] = (terms.max_cycles - state.tick[k]) / terms.max_cycles
        row[4] = free / (free + max(terms.stake, MICRO))
        row[5] = reputation_mean(state.positive[k, i], state.negative[k, i])
        row[6] = state.bound[k, i]
        row[7] = 1.0 if state.eligible[k, i] else 0.0
        row[8] = 1.0 if state.threshold[k] == 0.0 else 0.0
        row[9] = (eligible - (1 if state.eligible[k, i] else 0)) / others
        row[10] = 1.0 if state.allocation[k, i] > 0 else 0.0
        row[11] = state.grades[k, i] / 4.0
        row[12] = min(1.0, state.second_scores[k, i] / (terms.schedule.excellent * terms.highest_task))


@compiled
def observe(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Moves the clock, offers the next task if there is one, and writes what agents see."""
    state.tick[k] += 1
    if state.tick[k] < terms.max_cycles:
        offer_task(k, state, terms)
        eligibility(k, state, terms, exchange)
    _write_observations(k, state, terms, exchange)


@compiled
def finish(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Ends the episode after the last task for everybody at once, or when nobody is left.

    An agent banned with the last task ends like the others; one banned before has ended already.
    """
    horizon = state.tick[k] >= terms.max_cycles
    left = 0
    for i in range(state.active.shape[1]):
        present = state.active[k, i] or exchange.terminated[k, i]
        if state.active[k, i]:
            left += 1
        exchange.truncated[k, i] = horizon and terms.truncates and present
        if horizon:
            exchange.terminated[k, i] = present and not terms.truncates
    exchange.ended[k] = horizon or left == 0


@compiled
def reset(k: int, state: State, terms: Terms, exchange: Exchange) -> None:
    """Starts the next episode: newcomers with fresh stake, new reliabilities, the first task."""
    state.episode[k] += 1
    state.tick[k] = 0
    for at in range(state.balances.shape[1]):
        state.balances[k, at] = 0
    state.minted[k] = mint(state.balances[k], PRINCIPAL, terms.principal_fund)
    state.winner[k] = NO_WINNER
    state.quality[k] = 0.0
    state.forgery_proven[k] = False
    state.worth[k] = 0
    state.effort_cost[k] = 0.0
    state.surplus[k] = 0.0
    state.best_surplus[k] = 0.0
    state.first_best[k] = 0.0
    for i in range(state.active.shape[1]):
        _enter(k, i, state, terms)
    offer_task(k, state, terms)
    eligibility(k, state, terms, exchange)
    _write_observations(k, state, terms, exchange)


@compiled
def _enter(k: int, i: int, state: State, terms: Terms) -> None:
    state.minted[k] += mint(state.balances[k], account(i, FREE), terms.stake)
    state.active[k, i] = True
    probability = uniform(state.key[k], state.episode[k], _TYPES, VALUES, i)
    state.reliability[k, i] = quantile_from_table(terms.reliabilities, 0, probability)
    state.effort[k, i] = 0.0
    state.forges[k, i] = False
    state.scores[k, i] = NO_BID
    state.allocation[k, i] = 0
    state.second_scores[k, i] = 0
    state.grades[k, i] = NO_GRADE
    state.transfers[k, i] = 0
    state.positive[k, i] = 0.0
    state.negative[k, i] = 0.0
    state.bound[k, i] = terms.newcomer_bound

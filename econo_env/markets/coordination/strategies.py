"""What a coordination market tells strategies, judges and telemetry. Types are those of a task market."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.state import Arrays, Float32s, Float64s
from econo_env.games.welfare import Welfare
from econo_env.market import market_of
from econo_env.markets.actions import AS_SEEN, actions_for, rounded_actions
from econo_env.markets.analysis import of_work
from econo_env.markets.coordination.auction import cost_factor
from econo_env.markets.coordination.features import COST, RELIABILITY, TASK_VALUE
from econo_env.markets.coordination.params import action_names
from econo_env.markets.coordination.scenario import CoordinationScenario
from econo_env.markets.coordination.shading import known_of, shaded
from econo_env.markets.coordination.state import State
from econo_env.markets.task_market import strategies as work
from econo_env.markets.task_market.strategies import efficient_efforts, require_truth_is_best
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.money import to_credits
from econo_env.valuations.bid_function import MIDDLE


def _types(scenario: CoordinationScenario, observations: NDArray[np.float32]) -> tuple[Float64s, Float64s]:
    """Cost shares of one task and reliabilities, as observations show them."""
    cost = observations[..., COST].astype(np.float64) * scenario.agents.cost.highest
    return cost, observations[..., RELIABILITY].astype(np.float64)


def _shares(scenario: CoordinationScenario, cost: Float64s, tasks: int) -> Float64s:
    """What several tasks cost as a share of their value together."""
    return cost * cost_factor(tasks, scenario.agents.synergy) / tasks


def worth_shares(scenario: CoordinationScenario, cost: Float64s, reliability: Float64s, tasks: int = 1) -> Float64s:
    """The expected surplus of a contract of so many tasks over their value, at costs as shares of one task's."""
    schedule, shares = scenario.contracts.schedule, _shares(scenario, cost, tasks)
    efforts = efficient_efforts(scenario, shares, reliability)
    succeeds = reliability * efforts
    return succeeds * schedule.success + (1.0 - succeeds) * schedule.poor - shares * efforts**2


def scaled_actions(scenario: CoordinationScenario, observations: NDArray[np.float32], factor: ArrayLike) -> Float32s:
    """Bids of `factor` times what contracts are worth, one number or one an agent, from 0 to 2; honest work.

    In a scoring auction, as in a task market, reports 2 - factor times the own cost.

    Args:
        scenario: The market.
        observations: float32 (..., features).
        factor: Of the truth.

    Returns:
        float32 (..., components).
    """
    observations = np.asarray(observations)
    names = action_names(scenario)
    cost, reliability = _types(scenario, observations)
    actions = np.zeros((*observations.shape[:-1], len(names)), dtype=np.float32)
    eager = np.broadcast_to(np.clip(np.asarray(factor, dtype=np.float64) - 1.0, -1.0, 1.0), cost.shape)
    if scenario.auction_row.reports:
        actions[..., 0] = -eager
    first_effort = len(names) - 1 - scenario.sizes
    for tasks in range(1, scenario.sizes + 1):
        if not scenario.auction_row.reports:
            bid = eager
            if scenario.bids == "amount":
                worth = worth_shares(scenario, cost, reliability, tasks) / scenario.contracts.schedule.success
                bid = (1.0 + eager) * np.maximum(worth, 0.0) - 1.0
            actions[..., tasks - 1] = rounded_actions(bid)
        efforts = efficient_efforts(scenario, _shares(scenario, cost, tasks), reliability)
        actions[..., first_effort + tasks - 1] = 2.0 * efforts - 1.0
    actions[..., -1] = -1.0
    return actions


def own_worths(scenario: CoordinationScenario, observations: ArrayLike) -> Float64s:
    """What contracts of 1, 2, ... tasks are worth in credits, as observations show it, at least 0; (..., sizes)."""
    seen = np.asarray(observations)
    cost, reliability = _types(scenario, seen)
    task_value = seen[..., TASK_VALUE].astype(np.float64) * scenario.tasks.value.highest
    return np.stack(
        [
            np.maximum(worth_shares(scenario, cost, reliability, tasks) * tasks * task_value, 0.0)
            for tasks in range(1, scenario.sizes + 1)
        ],
        axis=-1,
    )


def bid_actions(scenario: CoordinationScenario, observations: ArrayLike, bids: ArrayLike) -> Float32s:
    """Honest work, and bids of so many credits, shape (..., sizes), as far as actions reach.

    In a scoring auction the own cost is reported so that the score is the bid, as long as full effort is the best.
    """
    seen, wanted = np.asarray(observations), np.asarray(bids, dtype=np.float64)
    unit, tasks = own_worths(scenario, observations), np.arange(1, scenario.sizes + 1)
    actions = truthful_actions(scenario, seen)
    if scenario.auction_row.reports:
        cost, _ = _types(scenario, seen)
        scale = np.maximum(cost * seen[..., TASK_VALUE] * scenario.tasks.value.highest, 1e-9)
        actions[..., 0] = np.clip((unit[..., 0] - wanted[..., 0]) / scale, -1.0, 1.0)
        return actions
    if scenario.bids == "amount":
        success = scenario.contracts.schedule.success * scenario.tasks.value.highest
        unit = success * seen[..., TASK_VALUE, None] * tasks
    actions[..., : scenario.sizes] = actions_for(wanted, unit, reach=scenario.auction.reserve * tasks, error=AS_SEEN)
    return actions


def truthful_actions(scenario: CoordinationScenario, observations: NDArray[np.float32]) -> Float32s:
    """Bids what contracts are worth, or reports the own type; efficient effort, honest work."""
    return scaled_actions(scenario, observations, 1.0)


def equilibrium_actions(
    scenario: CoordinationScenario, observations: NDArray[np.float32], luck: ArrayLike = MIDDLE
) -> Float32s:
    """Truth, where it is best in each request: under full liability, with what is owed set by others' bids.

    Where holders owe their own bids these are shaded, see `shading`; what goes by lot is accepted by the truth.

    Raises:
        ValueError: No equilibrium is known; the message says why.
    """
    said = None
    pays_own_bid = not scenario.auction_row.truthful
    if scenario.sells_bundles and scenario.auction.payment != Payment.vcg:
        said = f"with payment {scenario.auction.payment.name} bundles are shaded: set auction.payment to vcg"
    elif scenario.economic_incentives.naive:
        said = "naive incentives reward what is not true: leave economic_incentives.naive out"
    elif pays_own_bid and (scenario.economic_incentives.reputation_weight or "lottery" not in (scenario.economy or {})):
        said = (
            "agents shade their bids, by what rivals of one weight are worth whose reputation no bid moves: set "
            "economic_incentives.reputation_weight to 0 and add economy.lottery, or use another policy"
        )
    if said:
        raise ValueError(f"{scenario.id}: no equilibrium is known: {said}")
    require_truth_is_best(scenario)
    return _shaded_actions(scenario, observations) if pays_own_bid else truthful_actions(scenario, observations)


def _shaded_actions(scenario: CoordinationScenario, observations: NDArray[np.float32]) -> Float32s:
    """Bids of `shading`, and honest work."""
    seen = np.asarray(observations)
    worths = np.maximum(worth_shares(scenario, *_types(scenario, seen)), 0.0)
    shares = shaded(scenario, known_of(scenario, seen, worths))
    by_lot = seen[..., market_of(scenario).observations(scenario).index("lottery")] > 0.5
    task_value = seen[..., TASK_VALUE].astype(np.float64) * scenario.tasks.value.highest
    bids = bid_actions(scenario, seen, (shares * task_value)[..., None])
    return np.where(by_lot[..., None], truthful_actions(scenario, seen), bids)


DRAWN_AHEAD = ("task_value",)
"""Columns of `State` that hold the coming request when a tick ends; `series` wants those of the last one."""


def series(scenario: CoordinationScenario, state: State) -> Arrays:
    """What telemetry shows of the last tick: see `of_work`.

    Beside them `owed` in credits, `demand` and `market_price`; bids are those for one task, efficiency is told at the
    end of a request.

    Args:
        scenario: The configuration.
        state: The state after a tick, with the columns of `DRAWN_AHEAD` as they were before it.
    """
    each, best = scenario.sizes, np.where(state.over, state.best_surplus, 0.0)
    told = of_work(state.award, state.bids[:, ::each], state.worths[:, ::each], state.surplus, best)
    return told | {
        "owed": to_credits(state.owes.sum(axis=1)),
        "demand": state.demand.astype(np.float64),
        "market_price": to_credits(state.market_price),
    }


def welfare(scenario: CoordinationScenario, state: State, types: NDArray[np.float64]) -> Welfare:
    """Expected surplus of a request's contracts at true types and efforts, in credits, at the tick that ends it.

    The optimum is over the agents that might bid for it; that of `first_best_value` over all who are active, reputation
    aside.
    """
    return work.welfare(scenario, state._replace(surplus=np.where(state.over, state.surplus, 0.0)), types)


def info(scenario: CoordinationScenario, state: State) -> Arrays:
    """What the dict APIs tell in `infos` of the last tick, (markets, agents): `won`, and credits `paid`, `owed`."""
    return work.info(scenario, state) | {"owed": to_credits(state.owes)}

"""What a task market tells strategies, judges and telemetry: truth and its scaling, true types, welfare."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.economy.contracts import ValueSchedule, efficient_effort, expected_surplus
from econo_env.economy.parts.staking import StakingSection
from econo_env.engine.engine import Engine
from econo_env.engine.state import Arrays, Float32s, Float64s, Int64s
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.markets.analysis import of_work
from econo_env.markets.records import Tasks
from econo_env.markets.task_market.features import COST, RELIABILITY
from econo_env.markets.task_market.scenario import TaskMarketScenario
from econo_env.markets.task_market.state import ACTIONS, State
from econo_env.mechanisms.parameters import reserve_of
from econo_env.money import MICRO, to_credits
from econo_env.valuations.bid_function import MIDDLE

HOLDS_WITH = frozenset({"ledger", "staking", "contracts", "reputation", "eligibility", "lottery", "audit"})
"""Parts of the economy under which truth is an equilibrium."""


def truthful_actions(scenario: TaskMarketScenario, observations: NDArray[np.float32]) -> Float32s:
    """True cost and reliability, the efficient effort, honest work.

    Args:
        scenario: The market.
        observations: float32 (..., features).

    Returns:
        float32 (..., 4).
    """
    cost = observations[..., COST].astype(np.float64) * scenario.agents.cost.highest
    reliability = observations[..., RELIABILITY].astype(np.float64)
    actions = np.zeros((*observations.shape[:-1], len(ACTIONS)), dtype=np.float32)
    actions[..., 2] = 2.0 * efficient_efforts(scenario, cost, reliability) - 1.0
    actions[..., 3] = -1.0
    return actions


def scaled_actions(scenario: TaskMarketScenario, observations: NDArray[np.float32], factor: ArrayLike) -> Float32s:
    """As truthful, but eager by `factor`, a number or one an agent, from 0 to 2: reports 2 - factor times the own cost.

    Below 1 an agent asks for more than its cost and never loses; above 1 it asks for less.
    """
    actions = truthful_actions(scenario, observations)
    actions[..., 0] = np.clip(1.0 - np.asarray(factor, dtype=np.float64), -1.0, 1.0)
    return actions


def equilibrium_actions(
    scenario: TaskMarketScenario, observations: NDArray[np.float32], luck: ArrayLike = MIDDLE
) -> Float32s:
    """Truth, which is dominant in each task under full liability where a forged proof earns nothing.

    Over an episode it is not, unless `economy.eligibility.open_share` is 1 or only tasks that go by lot build
    reputation (`economy.lottery`): a lower report wins more tasks, tasks build reputation, and reputation opens later
    ones.

    Raises:
        ValueError: The stake is capped, or forging pays: no closed form is known.
    """
    require_truth_is_best(scenario)
    return truthful_actions(scenario, observations)


def require_truth_is_best(scenario: TaskMarketScenario) -> None:
    """Raises a ValueError where truth is not dominant in each task: capped stakes, or forgery that pays."""
    economy, contracts = scenario.economy or {}, scenario.contracts
    worst, staking = contracts.excellent - contracts.byzantine, economy["staking"]
    assert isinstance(staking, StakingSection)
    if contracts.cap < worst:
        raise ValueError(
            f"{scenario.id}: no equilibrium is known with stake_cap={contracts.stake_cap}; "
            "use stake_cap: null (full liability), or another policy"
        )
    if staking.requirement < 1.0:
        raise ValueError(
            f"{scenario.id}: no equilibrium is known with requirement={staking.requirement}; "
            "use requirement: 1 (full liability), or another policy"
        )
    if forgery_pays(scenario):
        raise ValueError(
            f"{scenario.id}: forging a proof earns {forgery_score(scenario):g} of the task's value in expectation, "
            "(1 - detection) V(satisfactory) + detection V(byzantine), without any work, which is more than the honest "
            "work of some agents: no equilibrium is known; set a higher detection or a lower byzantine, or use another "
            "policy"
        )


def forgery_score(scenario: TaskMarketScenario) -> float:
    """What a forged proof is paid in expectation before S2, as a share of the task's value: a score without cost."""
    contracts, schedule = scenario.contracts, scenario.contracts.schedule
    return contracts.detected * schedule.byzantine + (1.0 - contracts.detected) * schedule.satisfactory


def forgery_pays(scenario: TaskMarketScenario) -> bool:
    """Whether some agent does better by winning with any report and a forged proof than by honest work.

    Winning owes S2, at least the reserve, either way. So a forger gains on the agent with the least true score, or,
    where that is below 0 and does not win, on nothing.
    """
    agents = scenario.agents
    steepest = (np.array([agents.cost.highest]), np.array([agents.reliability.lowest]))
    effort = efficient_efforts(scenario, *steepest)[0]
    schedule, reserve = scenario.contracts.schedule, reserve_of(scenario.mechanism)
    honest = expected_surplus(agents.cost.highest, agents.reliability.lowest, effort, 1.0, schedule)
    score = forgery_score(scenario)
    return score > max(0.0, honest) and score * scenario.tasks.value.highest > reserve


def efficient_efforts(scenario: TaskMarketScenario, cost: Float64s, reliability: Float64s) -> Float64s:
    """The efforts at which work is worth most less its cost; costs are shares of its value, any shape."""
    schedule = scenario.contracts.schedule
    if schedule.craft is not None:
        one_by_one = np.vectorize(efficient_effort, otypes=[np.float64], excluded={2, 3})
        return np.asarray(one_by_one(cost, reliability, 1.0, schedule))
    gain = reliability * (schedule.success - schedule.failure)
    return np.where(gain >= 2.0 * cost, 1.0, gain / np.maximum(2.0 * cost, 1e-300))


def _surpluses(
    cost: Int64s, reliability: Float64s, efforts: Float64s, value: Float64s, schedule: ValueSchedule
) -> Float64s:
    """What work is worth in expectation minus its cost, micro-credits."""
    if schedule.craft is not None:
        one_by_one = np.vectorize(expected_surplus, otypes=[np.float64], excluded={4})
        return np.asarray(one_by_one(cost, reliability, efforts, value, schedule))
    succeeds = reliability * efforts
    gained: Float64s = (succeeds * schedule.success + (1 - succeeds) * schedule.failure) * value - cost * efforts**2
    return gained


DRAWN_AHEAD = ("task_value", "cost")
"""Columns of `State` that already hold the coming task when a tick ends; `series` wants the last one's."""


def series(scenario: TaskMarketScenario, state: State) -> Arrays:
    """What telemetry shows of the auction of the last task: see `of_work`; bids are scores, compared with true ones.

    Beside them `second_score` in credits.

    Args:
        scenario: The configuration.
        state: The state after a tick, with the columns of `DRAWN_AHEAD` as they were before it.
    """
    schedule, value = scenario.contracts.schedule, state.task_value[:, None].astype(np.float64)
    efforts = efficient_efforts(scenario, state.cost / np.maximum(value, 1.0), state.reliability)
    true_scores = _surpluses(state.cost, state.reliability, efforts, value, schedule)
    told = of_work(state.award, state.scores, true_scores, state.surplus, state.best_surplus)
    told["second_score"] = to_credits(state.second_scores.sum(axis=1))
    return told


def type_names(scenario: TaskMarketScenario) -> tuple[str, ...]:
    """A type is the cost of the task as a share of its value, and the chance of success, both at full effort."""
    return ("cost", "reliability")


def types(scenario: TaskMarketScenario, state: Tasks) -> Float64s:
    """Cost shares and reliabilities, shape (markets, agents, 2); a copy."""
    shares = state.cost / np.maximum(state.task_value, 1)[:, None]
    return np.stack([shares, state.reliability], axis=-1)


def types_at(scenario: TaskMarketScenario, agent: int, uniforms: Float64s) -> Float64s:
    """Types at points of the unit square, shape (..., 2), from the quantile tables that the engine draws from."""
    tables = (scenario.agents.cost.quantile_table(), scenario.agents.reliability.quantile_table())
    return np.stack([table.quantile(uniforms[..., i]) for i, table in enumerate(tables)], axis=-1)


def set_types(scenario: TaskMarketScenario, engine: Engine, agent: int, types: Float64s) -> None:
    """Gives the agent types (markets, 2) for the task on offer."""
    state, task_value = engine.state, engine.state.task_value.astype(np.float64)
    state.cost[:, agent] = np.floor(types[:, 0] * task_value + 0.5).astype(np.int64)
    state.reliability[:, agent] = types[:, 1]


def welfare(scenario: TaskMarketScenario, state: Tasks, types: Float64s) -> Welfare:
    """Expected surplus of the last task at the winner's true type and effort, in credits.

    The optimum is over the agents that might bid; that of `first_best_value` over all who are active, reputation aside.
    What the work is worth to the principal, its contract says (`econo_env.economy.part.Verdict.delivered`).
    """
    surplus, received = state.surplus / MICRO, to_credits(-state.award.pays.sum(axis=1))
    return Welfare(
        realised={PRIMARY: surplus, "first_best_value": surplus},
        optimal={PRIMARY: state.best_surplus / MICRO, "first_best_value": state.first_best / MICRO},
        revenue=-received,
        created=state.award.worth.sum(axis=1) / MICRO,
    )


def info(scenario: TaskMarketScenario, state: Tasks) -> Arrays:
    """What the dict APIs tell in `infos` of the last task, arrays (markets, agents): `won`, and `paid` in credits."""
    return {"won": state.award.units != 0, "paid": to_credits(-state.award.pays)}

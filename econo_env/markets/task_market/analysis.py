"""What judges ask of a task market: true types and the welfare of the last task.

See `econo_env.markets.judging` for the meaning of each function.
"""

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.contracts import BYZANTINE
from econo_env.engine.engine import Engine
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.markets.task_market.scenario import TaskMarketScenario
from econo_env.markets.task_market.state import OBSERVATIONS, State
from econo_env.money import MICRO, to_credits

Floats = NDArray[np.float64]

_COST, _RELIABILITY = OBSERVATIONS.index("cost"), OBSERVATIONS.index("reliability")


def type_names(scenario: TaskMarketScenario) -> tuple[str, ...]:
    """A type is the cost of the task as a share of its value, and the chance of success, both at full effort."""
    return ("cost", "reliability")


def types(scenario: TaskMarketScenario, state: State) -> Floats:
    """Cost shares and reliabilities, shape (markets, agents, 2); a copy."""
    shares = state.cost / np.maximum(state.task_value, 1)[:, None]
    return np.stack([shares, state.reliability], axis=-1)


def types_at(scenario: TaskMarketScenario, agent: int, uniforms: Floats) -> Floats:
    """Types at points of the unit square, shape (..., 2), from the quantile tables that the engine draws from."""
    tables = (scenario.agents.cost.quantile_table(), scenario.agents.reliability.quantile_table())
    return np.stack([table.quantile(uniforms[..., i]) for i, table in enumerate(tables)], axis=-1)


def set_types(scenario: TaskMarketScenario, engine: Engine, agent: int, types: Floats) -> None:
    """Gives the agent types (markets, 2) for the task on offer, and shows them in its observations."""
    state, task_value = engine.state, engine.state.task_value.astype(np.float64)
    state.cost[:, agent] = np.floor(types[:, 0] * task_value + 0.5).astype(np.int64)
    state.reliability[:, agent] = types[:, 1]
    shown, active = engine.buffers.observations[:, agent], state.active[:, agent]
    highest = np.maximum(task_value, 1.0) * scenario.agents.cost.highest
    shown[:, _COST] = np.where(active, np.minimum(1.0, state.cost[:, agent] / highest), 0.0)
    shown[:, _RELIABILITY] = np.where(active, types[:, 1], 0.0)


def roles(scenario: TaskMarketScenario) -> tuple[tuple[int, ...], ...]:
    """All agents are alike before their types are drawn."""
    return (tuple(range(scenario.num_agents)),)


def welfare(scenario: TaskMarketScenario, state: State, types: Floats) -> Welfare:
    """Expected surplus of the last task at the winner's true type and effort, in credits.

    The optimum is over the eligible agents; that of `first_best_value` over all who are active, reputation aside.
    """
    surplus = state.surplus / MICRO
    return Welfare(
        realised={PRIMARY: surplus, "first_best_value": surplus},
        optimal={PRIMARY: state.best_surplus / MICRO, "first_best_value": state.first_best / MICRO},
        revenue=to_credits(state.worth - state.transfers.sum(axis=1)),
        created=(state.worth - state.effort_cost) / MICRO,
    )


def expected_rewards(scenario: TaskMarketScenario, state: State) -> Floats:
    """Rewards of the last task in credits, in expectation over the luck of execution, shape (markets, agents)."""
    rewards = np.zeros(state.active.shape)
    rows = np.flatnonzero(state.winner >= 0)
    rewards[rows, state.winner[rows]] = state.expected_reward[rows] / MICRO
    return rewards


def wronged(scenario: TaskMarketScenario, state: State) -> NDArray[np.bool_]:
    """Who was graded byzantine for the last task without having forged a proof, bool of shape (markets, agents)."""
    return np.asarray((state.grades == BYZANTINE) & ~state.forges[:, None])

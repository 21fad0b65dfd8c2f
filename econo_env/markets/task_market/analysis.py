"""What judges ask of a task market: true types and the welfare of the last task."""

from typing import Any

import numpy as np

from econo_env.engine.engine import Engine
from econo_env.engine.state import Arrays, Float64s
from econo_env.games.welfare import PRIMARY, Welfare
from econo_env.markets.task_market.scenario import TaskMarketScenario
from econo_env.markets.task_market.state import State
from econo_env.money import MICRO, to_credits


def type_names(scenario: TaskMarketScenario) -> tuple[str, ...]:
    """A type is the cost of the task as a share of its value, and the chance of success, both at full effort."""
    return ("cost", "reliability")


def types(scenario: TaskMarketScenario, state: Any) -> Float64s:
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


def welfare(scenario: TaskMarketScenario, state: State, types: Float64s) -> Welfare:
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


def info(scenario: TaskMarketScenario, state: State) -> Arrays:
    """What the dict APIs tell in `infos` of the last task, arrays (markets, agents): `won`, and `paid` in credits."""
    return {"won": state.award.units != 0, "paid": to_credits(-state.award.pays)}

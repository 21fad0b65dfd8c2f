"""What truth and its scaling mean in a task market, for rule-based policies."""

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.state import Float32s, Float64s
from econo_env.markets.task_market.layout import ACTIONS, OBSERVATIONS, schedule_of
from econo_env.markets.task_market.scenario import TaskMarketScenario


def truthful_actions(scenario: TaskMarketScenario, observations: NDArray[np.float32]) -> Float32s:
    """True cost and reliability, the efficient effort, honest work.

    Args:
        scenario: The market.
        observations: float32 (..., features).

    Returns:
        float32 (..., 4).
    """
    cost = observations[..., OBSERVATIONS.index("cost")].astype(np.float64) * scenario.agents.cost.highest
    reliability = observations[..., OBSERVATIONS.index("reliability")].astype(np.float64)
    actions = np.zeros((*observations.shape[:-1], len(ACTIONS)), dtype=np.float32)
    actions[..., 2] = 2.0 * _efficient_efforts(scenario, cost, reliability) - 1.0
    actions[..., 3] = -1.0
    return actions


def scaled_actions(
    scenario: TaskMarketScenario, observations: NDArray[np.float32], factor: float | NDArray[np.float64]
) -> Float32s:
    """As truthful, but the reported cost is `factor` times the true one, factors from 0 to 2."""
    actions = truthful_actions(scenario, observations)
    actions[..., 0] = np.clip(np.asarray(factor) - 1.0, -1.0, 1.0)
    return actions


def _efficient_efforts(scenario: TaskMarketScenario, cost: Float64s, reliability: Float64s) -> Float64s:
    # costs are shares of the task's value, so the task's value is 1
    schedule = schedule_of(scenario)
    gain = reliability * (schedule.success - schedule.poor)
    return np.where(gain >= 2.0 * cost, 1.0, gain / np.maximum(2.0 * cost, 1e-300))

"""What agents see of a task market; the banned see zeros."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.markets.features import has_won, rounds_left
from econo_env.markets.task_market.state import Params, State


@compiled
def own_cost(k: int, i: int, state: State, params: Params) -> float:
    """The own cost over the highest of this task."""
    return float(min(1.0, state.cost[k, i] * state.cost_scale[k]))


@compiled
def own_reliability(k: int, i: int, state: State, params: Params) -> float:
    """The own reliability."""
    return float(state.reliability[k, i])


@compiled
def value_of_task(k: int, state: State, params: Params) -> float:
    """The task's value over the highest."""
    return float(state.task_value[k] / params.highest_task)


@compiled
def own_second_score(k: int, i: int, state: State, params: Params) -> float:
    """S2 of the task that was won last over the highest pay."""
    return float(min(1.0, state.second_scores[k, i] / params.highest_pay))


FEATURES = (
    Feature("cost", "own cost of this task at full effort as a share of its value, over the highest share", own_cost),
    Feature("reliability", "own chance of success at full effort", own_reliability),
    Feature("task_value", "the task's value over the highest", value_of_task, shared=True),
    Feature("ticks_left", "share of the episode to come", rounds_left, shared=True),
    Feature("won", "1 if the last task was won", has_won, rare=True),
    Feature(
        "second_score",
        "best losing score where the last task was won, over the highest pay",
        own_second_score,
        rare=True,
    ),
)

ARRANGED = (
    *("cost", "reliability", "task_value", "ticks_left"),
    *("free_money", "reputation", "reputation_bound", "eligible", "open", "rivals"),
    *("won", "grade", "second_score"),
)
"""The order of an observation, with what is seen of the parts of the economy; all lie in [0, 1]."""

COST, RELIABILITY = ARRANGED.index("cost"), ARRANGED.index("reliability")

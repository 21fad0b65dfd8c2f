"""What agents see in several kinds of market; functions of any state and params with the columns they read."""

from typing import Any

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature


@compiled
def rounds_left(k: int, state: Any, params: Any) -> float:
    """The share of the episode to come."""
    return float((params.max_cycles - state.tick[k]) / params.max_cycles)


@compiled
def own_value(k: int, i: int, state: Any, params: Any) -> float:
    """The own value over the highest possible one."""
    return float(state.values[k, i] * params.value_scale)


@compiled
def own_prior(k: int, i: int, state: Any, params: Any) -> float:
    """The own prior's number, from 1, over their count."""
    return float((params.prior_of[i] + 1) / params.quantiles.values.shape[0])


@compiled
def has_won(k: int, i: int, state: Any, params: Any) -> float:
    """1 where the last award gave or took units."""
    return 1.0 if state.award.units[k, i] != 0 else 0.0


@compiled
def paid(k: int, i: int, state: Any, params: Any) -> float:
    """What was paid or received in the last round over the largest amount."""
    return float(min(1.0, abs(state.award.pays[k, i]) / params.largest_amount))


ROUNDS_LEFT = Feature("rounds_left", "share of the episode to come", rounds_left, shared=True)
PRIOR = Feature("prior", "number of the own prior over the count of priors", own_prior)

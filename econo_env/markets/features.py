"""What agents see in several kinds of market; functions of any state and params that have what they read."""

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature
from econo_env.markets.records import Draws, Horizon, Rounds, Scales, Values, WithPriors


@compiled
def rounds_left(k: int, state: Rounds, params: Horizon) -> float:
    """The share of the episode to come."""
    return float((params.max_cycles - state.tick[k]) / params.max_cycles)


@compiled
def own_value(k: int, i: int, state: Values, params: Scales) -> float:
    """The own value over the highest possible one."""
    return float(state.values[k, i] * params.value_scale)


@compiled
def own_prior(k: int, i: int, state: Rounds, params: Draws) -> float:
    """The own prior's number, from 1, over their count."""
    return float((params.prior_of[i] + 1) / params.quantiles.values.shape[0])


@compiled
def has_won(k: int, i: int, state: Rounds, params: object) -> float:
    """1 where the last award gave or took units."""
    return 1.0 if state.award.units[k, i] != 0 else 0.0


@compiled
def paid(k: int, i: int, state: Rounds, params: Scales) -> float:
    """What was paid or received in the last round over the largest amount."""
    return float(min(1.0, abs(state.award.pays[k, i]) / params.largest_amount))


ROUNDS_LEFT = Feature("rounds_left", "share of the episode to come", rounds_left, shared=True)
PRIOR = Feature("prior", "number of the own prior over the count of priors", own_prior)


def prior_shown(scenario: WithPriors) -> tuple[Feature, ...]:
    """The own prior, where agents have different ones."""
    return (PRIOR,) if len(set(scenario.priors())) > 1 else ()

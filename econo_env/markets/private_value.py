"""Private types drawn from priors: the constants that they are drawn by, and types of one value or cost each."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from econo_env.agents import grouped
from econo_env.engine.engine import Engine
from econo_env.engine.state import Float64s, Int64s
from econo_env.market import Types
from econo_env.markets.records import Values, WithPriors
from econo_env.money import MICRO, to_credits, to_money
from econo_env.scenario import Scenario
from econo_env.valuations.drawing import DrawTables, draw_tables
from econo_env.valuations.priors import AnyPrior


class OfRounds(TypedDict):
    """Constants that markets of rounds have alike.

    Attributes:
        max_cycles: Rounds of an episode.
        truncates: Whether the last one is a truncation, not a termination.
        prior_of: Which row of `quantiles` each agent draws from, (agents,).
        quantiles: Micro-credits, one a prior.
    """

    max_cycles: int
    truncates: bool
    prior_of: Int64s
    quantiles: DrawTables


def of_rounds(scenario: Scenario, priors: Sequence[AnyPrior]) -> OfRounds:
    """Those constants for the priors of the agents in seat order."""
    distinct = list(dict.fromkeys(priors))
    return OfRounds(
        max_cycles=scenario.max_cycles,
        truncates=scenario.end_of_episode == "truncation",
        prior_of=np.array([distinct.index(prior) for prior in priors], dtype=np.int64),
        quantiles=draw_tables([prior.quantile_table() for prior in distinct], float(MICRO)),
    )


def now(scenario: WithPriors, state: Values) -> Float64s:
    """Values in credits, shape (markets, agents, 1); a copy, for a tick's end may draw the next ones."""
    return to_credits(state.values)[..., None]


def amounts(scenario: Scenario, state: Values) -> Float64s:
    """The same where an agent has several values, shape (markets, agents, values)."""
    return to_credits(state.values)


def at(scenario: WithPriors, agent: int, uniforms: Float64s) -> Float64s:
    """The agent's values at the given probabilities, shape (..., 1), as the engine draws them."""
    return scenario.priors()[agent].quantile_table().quantile(uniforms)


def put(scenario: WithPriors, engine: Engine, agent: int, types: Float64s) -> None:
    """Gives the agent values in credits, shape (markets, 1)."""
    engine.state.values[:, agent] = to_money(types[:, 0])


def by_prior(scenario: WithPriors) -> tuple[tuple[int, ...], ...]:
    """Seats with the same prior, group by group, in order of first appearance."""
    return grouped(scenario.priors())


def one_value(name: str) -> Types[WithPriors, Values]:
    """The types of such a market.

    Args:
        name: What the value is called, such as `cost`.
    """
    return Types(names=lambda _: (name,), now=now, at=at, put=put)

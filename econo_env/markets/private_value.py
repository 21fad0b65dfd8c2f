"""The private types of markets in which each agent has one value, or one cost, drawn from its prior."""

from typing import Any

from econo_env.engine.engine import Engine
from econo_env.engine.state import Float64s
from econo_env.market import Types
from econo_env.money import to_credits, to_money


def now(scenario: Any, state: Any) -> Float64s:
    """Values in credits, shape (markets, agents, 1); a copy, for a tick's end may draw the next ones."""
    return to_credits(state.values)[..., None]


def at(scenario: Any, agent: int, uniforms: Float64s) -> Float64s:
    """The agent's values at the given probabilities, shape (..., 1), as the engine draws them."""
    made: Float64s = scenario.priors()[agent].quantile_table().quantile(uniforms)
    return made


def put(scenario: Any, engine: Engine, agent: int, types: Float64s) -> None:
    """Gives the agent values in credits, shape (markets, 1)."""
    engine.state.values[:, agent] = to_money(types[:, 0])


def one_value(name: str) -> Types[Any, Any]:
    """The types of such a market, whose scenarios have `priors()` and whose state has `values` (markets, agents).

    Args:
        name: What the value is called, such as `cost`.
    """
    return Types(names=lambda _: (name,), now=now, at=at, put=put)

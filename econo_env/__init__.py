"""EconoNexus Env: train and judge agents that coordinate through markets.

import econo_env

econo_env.scenarios()                                        # the built-in scenario ids
env = econo_env.parallel_env("first_price_v0", num_agents=4) # pettingzoo.ParallelEnv
envs = econo_env.vector_env("first_price_v0", num_markets=4096)
env = gymnasium.make("econo/first_price-v0")                 # one seat, the others bid truthfully
econo_env.mechanisms.clear("second_price", [0.4, 0.9, 0.7])
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from econo_env import mechanisms
from econo_env.catalogue import load, register_market, scenarios
from econo_env.clearing.base import register_clearing
from econo_env.economy.part import register_part
from econo_env.interfaces.registry import keep_registered
from econo_env.mechanisms.base import register_mechanism
from econo_env.policy import register_policy
from econo_env.scenario import Scenario
from econo_env.valuations.priors import register_prior
from econo_env.version import __version__

if TYPE_CHECKING:
    from pettingzoo import AECEnv

    from econo_env.coordination import Coordination, CoordinationAgent, CoordinationRequest
    from econo_env.interfaces.pettingzoo import MarketEnv
    from econo_env.interfaces.vector import VectorEnv

__all__ = [
    "Scenario",
    "__version__",
    "coordinate",
    "describe",
    "env",
    "load",
    "mechanisms",
    "parallel_env",
    "raw_env",
    "register_clearing",
    "register_market",
    "register_mechanism",
    "register_part",
    "register_policy",
    "register_prior",
    "scenarios",
    "vector_env",
]


def parallel_env(scenario: str | Scenario, **arguments: Any) -> "MarketEnv":
    """One market as a PettingZoo `ParallelEnv`.

    Args:
        scenario: A scenario id, the path of a scenario file, or a scenario.
        **arguments: `render_mode`, `on_removal`, `observation`, `mask_in_infos`, `actions`, `action_levels`, and
            scenario fields to change such as `num_agents=8`: see `econo_env.interfaces.pettingzoo.parallel_env`.
    """
    from econo_env.interfaces import pettingzoo

    return pettingzoo.parallel_env(scenario, **arguments)


def raw_env(scenario: str | Scenario, **arguments: Any) -> "AECEnv":
    """`parallel_env` with the agents acting in turn (AEC), without PettingZoo's checks."""
    from econo_env.interfaces import pettingzoo

    return pettingzoo.raw_env(scenario, **arguments)


def env(scenario: str | Scenario, **arguments: Any) -> "AECEnv":
    """`raw_env` with PettingZoo's checks of bounds and of the order of calls."""
    from econo_env.interfaces import pettingzoo

    return pettingzoo.env(scenario, **arguments)


def describe(scenario: str | Scenario, **overrides: Any) -> str:
    """The documentation page of a scenario as Markdown: actions, observations, rewards, arguments, equilibrium."""
    from econo_env.interfaces.page import page

    return page(load(scenario, **overrides))


def vector_env(
    scenario: str | Scenario,
    num_markets: int = 1,
    *,
    num_threads: int = 1,
    autoreset: bool = True,
    **overrides: Any,
) -> "VectorEnv":
    """A batch of markets as arrays, no dicts.

    Args:
        scenario: A scenario id, the path of a scenario file, or a scenario.
        num_markets: Markets in the batch.
        num_threads: Threads that share the markets; worth it from a few thousand agents a step.
        autoreset: Start the next episode within the step that ends one.
        **overrides: Scenario fields to change, e.g. `num_agents=8`.
    """
    from econo_env.interfaces.vector import VectorEnv

    return VectorEnv(load(scenario, **overrides), num_markets, num_threads=num_threads, autoreset=autoreset)


def coordinate(
    request: "CoordinationRequest | Mapping[str, Any]",
    agents: "Sequence[CoordinationAgent | Mapping[str, Any]]",
    *,
    seed: int = 0,
) -> "Coordination":
    """One coordination: market, eligible agents, bids, auction, contract, execution, consequences.

    Args:
        request: What is asked for, such as `{"auction_type": "vickrey", "value": 1.0}`: see
            `econo_env.coordination.CoordinationRequest`.
        agents: Who applies, such as `[{"cost": 0.2, "reliability": 0.9}]`: see
            `econo_env.coordination.CoordinationAgent`.
        seed: Of the luck of the work and of ties.
    """
    from econo_env import coordination

    return coordination.coordinate(request, agents, seed=seed)


keep_registered()

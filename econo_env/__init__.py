"""EconoNexus Env: train and judge agents that coordinate through markets.

import econo_env

econo_env.scenarios()                                        # the built-in scenario ids
env = econo_env.parallel_env("first_price_v0", num_agents=4) # pettingzoo.ParallelEnv
envs = econo_env.vector_env("first_price_v0", num_markets=4096)
econo_env.mechanisms.clear("second_price", [0.4, 0.9, 0.7])
"""

from typing import TYPE_CHECKING, Any

from econo_env import mechanisms
from econo_env.scenario import Scenario, load, scenarios
from econo_env.version import __version__

if TYPE_CHECKING:
    from econo_env.interfaces.vector import VectorEnv

__all__ = ["Scenario", "__version__", "load", "mechanisms", "scenarios", "vector_env"]


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

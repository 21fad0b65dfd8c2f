"""What the recipes share: one seat learns against rivals who play by theory, and is measured beside them.

In `first_price_v0` the rival bids the equilibrium, half its value; in `task_market_v1`, where forged work is banned,
four rivals tell the truth. Who plays as they do earns a share of 1.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import econo_env
from econo_env.interfaces.sb3 import MarketVecEnv, make_sb3_env
from econo_env.policies import make_policy

RIVALS = {"first_price_v0": "equilibrium", "task_market_v1": "truthful"}
LEVELS = {"first_price_v0": 21, "task_market_v1": (5, 3, 3, 2)}
"""Of the grid of choices, where actions are choices."""
MARKETS, TICKS = 256, 256

Act = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
"""Actions of what is seen, (markets, features), and of where an episode begins, bool (markets,)."""


def market(scenario: str, num_markets: int = MARKETS, **form: Any) -> MarketVecEnv:
    """Many markets, seat 0 of each to be learned in."""
    rivals = make_policy(RIVALS[scenario], econo_env.load(scenario))
    return make_sb3_env(scenario, num_markets, seats=[0], opponents=rivals, **form)


def share_earned(scenario: str, act: Act, **form: Any) -> float:
    """What seat 0 earns by `act`, over what it earns as its rivals play, in the same markets with the same luck."""
    reference = make_policy(RIVALS[scenario], econo_env.load(scenario))

    def as_rivals(seen: NDArray[Any], begins: NDArray[Any]) -> NDArray[Any]:
        return reference.act(seen[:, None], np.ones((len(seen), 1), dtype=np.bool_))[:, 0]

    return _earned(market(scenario, **form), act) / _earned(market(scenario), as_rivals)


def _earned(env: MarketVecEnv, act: Act) -> float:
    """Credits over the ticks of all markets."""
    env.seed(1_000)
    seen, begins = env.reset(), np.ones(env.num_envs, dtype=np.bool_)
    total = 0.0
    for _ in range(TICKS):
        seen, rewards, begins, _ = env.step(act(seen, begins))
        total += float(rewards.sum())
    return total


def report(recipe: str, scenario: str, share: float) -> None:
    """One line, which the tests read."""
    print(f"{recipe} {scenario} share_earned={share:.4f}", flush=True)  # noqa: T201 - a program's result

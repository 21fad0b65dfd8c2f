"""What the recipes share: one seat learns against rivals who play by theory, and is measured beside them.

In `first_price_v0` the rival bids the equilibrium, half its value; in `task_market_v1`, where forged work is banned,
four rivals tell the truth. Who plays as they do earns a share of 1.
"""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import econo_env
from econo_env.interfaces.action_forms import action_form
from econo_env.policies import make_policy

if TYPE_CHECKING:
    from econo_env.interfaces.sb3 import MarketVecEnv

RIVALS = {"first_price_v0": "equilibrium", "task_market_v1": "truthful"}
LEVELS = {"first_price_v0": 21, "task_market_v1": (5, 3, 3, 2)}
"""Of the grid of choices, where actions are choices."""
MARKETS, TICKS = 256, 256

Act = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
"""Actions of what is seen, (markets, features), and of where an episode begins, bool (markets,)."""


def market(scenario: str, num_markets: int = MARKETS, **form: Any) -> "MarketVecEnv":
    """Many markets for Stable-Baselines3, seat 0 of each to be learned in."""
    from econo_env.interfaces.sb3 import make_sb3_env

    rivals = make_policy(RIVALS[scenario], econo_env.load(scenario))
    return make_sb3_env(scenario, num_markets, seats=[0], opponents=rivals, **form)


def share_earned(scenario: str, act: Act, actions: Any = "box", action_levels: Any = 0) -> float:
    """What seat 0 earns by `act`, over what it earns as its rivals play, in the same markets with the same luck.

    Args:
        scenario: The market.
        act: What seat 0 does.
        actions: The form of its actions, `box` or `discrete`.
        action_levels: Levels of a grid of choices.
    """
    form = action_form(econo_env.load(scenario), actions, action_levels)
    return _earned(scenario, lambda seen, begins: form.decoded(act(seen, begins), seen)) / _earned(scenario, None)


def _earned(scenario: str, act: Act | None) -> float:
    """Credits over the ticks of all markets; without `act` of who plays as the rivals do."""
    envs = econo_env.vector_env(scenario, num_markets=MARKETS)
    rivals = make_policy(RIVALS[scenario], envs.scenario)
    observations, infos = envs.reset(seed=1_000)
    begins, total = np.ones(MARKETS, dtype=np.bool_), 0.0
    for _ in range(TICKS):
        played = np.array(rivals.act(observations, infos["action_mask"]))
        if act is not None:
            own = np.asarray(act(observations[:, 0].copy(), begins), dtype=np.float32)
            played[:, 0] = np.where(infos["action_mask"][:, :1], own, 0.0)  # who is banned does nothing
        observations, rewards, _, _, infos = envs.step(played)
        total, begins = total + float(rewards[:, 0].sum()), infos["ended"].copy()
    return total


def report(recipe: str, scenario: str, share: float, untrained: float = math.nan) -> None:
    """One line, which the tests read: the share, that before training, and processor time until now, seconds."""
    figures = f"share_earned={share:.4f} untrained={untrained:.4f} seconds={time.process_time():.0f}"
    print(f"{recipe} {scenario} {figures}", flush=True)  # noqa: T201 - a program's result

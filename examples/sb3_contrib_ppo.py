"""sb3-contrib: a recurrent PPO, and one that chooses from a grid and never what the mask rules out.

pip install "econo-env[recurrent]"
python examples/sb3_contrib_ppo.py first_price_v0 task_market_v1
"""

import sys
from typing import Any

import numpy as np
import torch
from common import LEVELS, RIVALS, market, report, share_earned
from sb3_contrib import MaskablePPO, RecurrentPPO

STEPS = {"first_price_v0": 200_000, "task_market_v1": 300_000}


def maskable(scenario: str) -> float:
    """Choices: no bid, the truth, or a level of each component."""
    form = {"actions": "discrete", "action_levels": LEVELS[scenario]}
    env = market(scenario, **form)
    model = MaskablePPO(
        "MlpPolicy", env, n_steps=32, batch_size=2048, n_epochs=5, gamma=0.0, learning_rate=2e-3, seed=0
    )
    model.learn(STEPS[scenario])
    choices = env.action_space.n  # type: ignore[attr-defined]

    def act(seen: Any, _: Any) -> Any:
        open_choices = np.ones((len(seen), choices), dtype=np.bool_)  # whoever may not act is not heard anyway
        return model.predict(seen, action_masks=open_choices, deterministic=True)[0]

    return share_earned(scenario, act, **form)


def recurrent(scenario: str) -> float:
    """A policy with memory; it is told where episodes begin."""
    env = market(scenario, 64)
    model = RecurrentPPO(
        "MlpLstmPolicy",
        env,
        n_steps=64,
        batch_size=1024,
        n_epochs=4,
        gamma=0.0,
        learning_rate=1e-3,
        policy_kwargs={"lstm_hidden_size": 32, "log_std_init": -1.0},
        seed=0,
    )
    model.learn(STEPS[scenario])
    memory: Any = None

    def act(seen: Any, begins: Any) -> Any:
        nonlocal memory
        actions, memory = model.predict(seen, state=memory, episode_start=begins, deterministic=True)
        return actions

    return share_earned(scenario, act)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or RIVALS:
        report("maskable_ppo", name, maskable(name))
        report("recurrent_ppo", name, recurrent(name))

"""Stable-Baselines3: PPO in one seat of a market, with bans handled by the buffer. No extra is needed.

python examples/sb3_ppo.py first_price_v0 task_market_v1
"""

import sys

import torch
from common import market, report, share_earned
from stable_baselines3 import PPO

from econo_env.interfaces.sb3_buffers import PlayedRolloutBuffer

SETTINGS = {
    "first_price_v0": {"timesteps": 400_000, "std": 0.3},
    "task_market_v1": {"timesteps": 800_000, "std": 0.5},
}


def learned(scenario: str) -> PPO:
    """What PPO has learned after the steps of `SETTINGS`."""
    settings, env = SETTINGS[scenario], market(scenario)
    model = PPO(
        "MlpPolicy",
        env,
        n_steps=32,
        batch_size=2048,
        n_epochs=5,
        gamma=0.0,  # each round by itself: no report changes what comes later
        learning_rate=lambda left: 2e-3 * left + 1e-5,
        max_grad_norm=10.0,
        rollout_buffer_class=PlayedRolloutBuffer,  # leaves out the steps of seats that are banned
        rollout_buffer_kwargs={"market_env": env},
        policy_kwargs={"log_std_init": float(torch.tensor(settings["std"]).log())},
        seed=0,
    )
    return model.learn(int(settings["timesteps"]))


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or SETTINGS:
        model = learned(name)
        report("sb3_ppo", name, share_earned(name, lambda seen, _: model.predict(seen, deterministic=True)[0]))  # noqa: B023

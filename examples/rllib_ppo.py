"""RLlib: PPO of the new API stack in every seat of a market, one policy shared; agents that are banned leave.

pip install "ray[rllib]"
python examples/rllib_ppo.py first_price_v0 task_market_v1

What has been learned is then measured in seat 0, among rivals by theory.
Seed 0 earns 0.992 of what they do in first_price_v0 (141 s of processor time, compiling included) and 0.955 in
task_market_v1 (56 s); at least 0.9 is asserted in both.
"""

import sys
from typing import Any

import numpy as np
import ray
import torch
from common import RIVALS, report, share_earned
from ray.rllib.algorithms.ppo import PPO, PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env

import econo_env

STEPS, BATCH = 1024, 256
"""Agent-steps of a batch and of a minibatch."""
BATCHES = {"first_price_v0": 30, "task_market_v1": 40}


def algorithm_of(scenario: str) -> PPO:
    """PPO for all agents of a market."""
    return (
        PPOConfig()
        .environment("market", env_config={"scenario": scenario})
        .env_runners(num_env_runners=0, num_envs_per_env_runner=4)
        .multi_agent(policies={"shared"}, policy_mapping_fn=lambda agent, episode, **rest: "shared")
        .rl_module(model_config=DefaultModelConfig(fcnet_hiddens=[64, 64], fcnet_activation="tanh"))
        .training(
            train_batch_size_per_learner=STEPS,
            minibatch_size=BATCH,
            num_epochs=8,
            gamma=0.0,  # each tick by itself: no report changes what comes later
            lambda_=0.0,
            lr=2e-3,
            use_kl_loss=False,
            grad_clip=1.0,
        )
        .debugging(seed=0)
        .build_algo()
    )


def measured(scenario: str, algorithm: PPO) -> float:
    """The share that seat 0 earns by the middle of what the policy would draw."""
    module = algorithm.get_module("shared")

    def act(seen: np.ndarray, begins: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            told: torch.Tensor = module.forward_inference({"obs": torch.from_numpy(seen)})["action_dist_inputs"]
        return told[:, : told.shape[1] // 2].clamp(-1.0, 1.0).numpy()

    return share_earned(scenario, act)


def market(config: dict[str, Any]) -> ParallelPettingZooEnv:
    """A market that agents leave."""
    return ParallelPettingZooEnv(econo_env.parallel_env(config["scenario"], mask_in_infos=False))


if __name__ == "__main__":
    torch.set_num_threads(1)
    ray.init(num_cpus=1, include_dashboard=False, object_store_memory=150_000_000, log_to_driver=False)
    register_env("market", market)
    for name in sys.argv[1:] or RIVALS:
        algorithm = algorithm_of(name)
        untrained = measured(name, algorithm)
        for _ in range(BATCHES[name]):
            algorithm.train()
        report("rllib_ppo", name, measured(name, algorithm), untrained)
        algorithm.stop()
    ray.shutdown()

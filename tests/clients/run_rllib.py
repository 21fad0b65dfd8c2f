"""RLlib: PPO of the new API stack over ParallelPettingZooEnv, one policy shared by all agents."""

import sys
import warnings

import numpy as np
import ray
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env
from referee import APPOINTED, Referee, report

import econo_env

warnings.filterwarnings("ignore")


def make(config):
    """A market; agents that are banned leave it, which RLlib takes."""
    return ParallelPettingZooEnv(Referee(econo_env.parallel_env(config["scenario"], mask_in_infos=False)))


ray.init(num_cpus=1, include_dashboard=False, object_store_memory=150_000_000, log_to_driver=False)
register_env("market", make)
for scenario in sys.argv[1:]:
    APPOINTED.clear()
    algorithm = (
        PPOConfig()
        .environment("market", env_config={"scenario": scenario})
        .env_runners(num_env_runners=0, num_envs_per_env_runner=2)
        .multi_agent(policies={"shared"}, policy_mapping_fn=lambda agent, episode, **rest: "shared")
        .training(train_batch_size_per_learner=512, minibatch_size=128, num_epochs=1)
        .debugging(seed=0)
        .build_algo()
    )
    for _ in range(2):
        result = algorithm.train()
    runners = result["env_runners"]
    mean = runners["episode_return_mean"]
    seen = [sum(episode.values()) for referee in APPOINTED for episode in referee.episodes]
    bans = sum(referee.bans for referee in APPOINTED)
    assert seen, "no episode ended"
    assert min(seen) - 1e-6 <= mean <= max(seen) + 1e-6, (mean, min(seen), max(seen))
    assert bans or scenario != "task_market_v0", "nobody was banned: the check saw no ban"
    assert np.isfinite(mean)
    report("rllib PPO", scenario, episodes=len(seen), mean=round(mean, 4), bans=bans)
    algorithm.stop()
ray.shutdown()

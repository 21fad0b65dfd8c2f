"""sb3-contrib's MaskablePPO and RecurrentPPO over the native VecEnv, and SB3's PPO over SuperSuit."""

import sys
import warnings

import numpy as np
import supersuit
import torch
from referee import Referee, report
from sb3_contrib import MaskablePPO, RecurrentPPO
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

import econo_env
from econo_env.interfaces.sb3 import make_sb3_env

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
LEVELS = {"task_market_v0": (5, 3, 3, 2)}


def moved(model, before):
    """Whether training changed the weights and left them finite."""
    after = torch.cat([p.detach().flatten() for p in model.policy.parameters()])
    return bool(torch.isfinite(after).all()) and bool((after != before).any())


def weights(model):
    """All weights in a row."""
    return torch.cat([p.detach().flatten().clone() for p in model.policy.parameters()])


def maskable(scenario):
    """Choices from a grid, never one that the mask rules out."""
    levels = {"action_levels": LEVELS[scenario]} if scenario in LEVELS else {}
    base = make_sb3_env(scenario, 8, actions="discrete", **levels)
    env = VecMonitor(base)
    model = MaskablePPO("MlpPolicy", env, n_steps=64, batch_size=256, n_epochs=2, seed=0)
    before = weights(model)
    model.learn(64 * env.num_envs * 2)
    assert moved(model, before)
    masks = np.stack(env.env_method("action_masks"))
    buffer_masks = model.rollout_buffer.action_masks.reshape(-1, masks.shape[-1])
    chosen = model.rollout_buffer.actions.reshape(-1).astype(int)
    assert buffer_masks[np.arange(len(chosen)), chosen].all(), "a choice that the mask rules out"
    report("sb3-contrib MaskablePPO", scenario, episodes=len(model.ep_info_buffer))


def recurrent(scenario):
    """A policy with memory on the native VecEnv."""
    env = VecMonitor(make_sb3_env(scenario, 4))
    model = RecurrentPPO("MlpLstmPolicy", env, n_steps=32, batch_size=64, n_epochs=1, seed=0)
    before = weights(model)
    model.learn(32 * env.num_envs)
    assert moved(model, before)
    report("sb3-contrib RecurrentPPO", scenario, episodes=len(model.ep_info_buffer))


def through_supersuit(scenario):
    """SuperSuit's own bridge from PettingZoo, banned agents kept under a mask."""
    referee = Referee(econo_env.parallel_env(scenario, on_removal="mask"))
    env = supersuit.concat_vec_envs_v1(
        supersuit.pettingzoo_env_to_vec_env_v1(referee), 1, num_cpus=0, base_class="stable_baselines3"
    )
    model = PPO("MlpPolicy", env, n_steps=128, batch_size=64, n_epochs=1)
    before = weights(model)
    model.learn(128 * env.num_envs)
    assert moved(model, before)
    report("supersuit + SB3 PPO", scenario, agents=env.num_envs)


for scenario in sys.argv[1:]:
    maskable(scenario)
    recurrent(scenario)
    through_supersuit(scenario)

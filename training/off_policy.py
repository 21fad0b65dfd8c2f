"""SB3's SAC and TD3, one iteration at a time, with what an exact resume needs.

An iteration is `n_steps` ticks of all markets into the replay buffer, and `n_epochs` gradient steps for each of them.
Networks and updates are SB3's own, by their public names; idle steps of banned seats are no samples.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from stable_baselines3 import SAC, TD3
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from econo_env.engine.state import Bools, Float32s
from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.interfaces.sb3_buffers import PlayedReplayBuffer
from econo_env.policies.networks import Network
from econo_env.training.config import TrainingConfig
from econo_env.training.learner import put_markets_back, state_of_markets
from econo_env.training.ppo import LearningRate

_ROOM = 200_000
"""Transitions that the replay buffer keeps."""
_KEPT = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


class MarketOffPolicy(OffPolicyAlgorithm):
    """What SAC and TD3 have in common here; mixed in before SB3's class.

    Attributes:
        seen: What every seat sees now, float32 (num_envs, features).
        updates: Gradient steps so far.
        rate: The learning rate.
        noise: Standard deviation of the noise on actions; 0 where the algorithm draws its own.
        steps_an_iteration: Ticks of all markets.
        updates_a_tick: Gradient steps.
    """

    rate: LearningRate
    seen: Float32s
    goal: int
    updates: int
    noise: float
    steps_an_iteration: int
    updates_a_tick: int

    @abstractmethod
    def actor_layers(self) -> list[torch.nn.Module]:
        """The layers that give the mean action."""

    @abstractmethod
    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Every optimiser."""

    def temperature(self) -> torch.Tensor | None:
        """The logarithm of the entropy's weight, where that is learned."""
        return None

    def begin(self, total_timesteps: int, *, difference_rewards: bool = False) -> None:
        """Prepares for training up to a total number of steps; there are no difference rewards."""
        assert not difference_rewards, "the configuration refuses them"
        self.set_logger(Logger(folder=None, output_formats=[]))
        self.seen = self.markets.reset()
        self.updates, self.goal = 0, total_timesteps

    @property
    def markets(self) -> MarketVecEnv:
        """The environment it learns in."""
        assert isinstance(self.env, MarketVecEnv)
        return self.env

    @property
    def buffer(self) -> ReplayBuffer:
        """What has been played."""
        assert self.replay_buffer is not None
        return self.replay_buffer

    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return min(1.0, self.num_timesteps / self.goal)

    def iterate(self, std: float | None) -> float:
        """Plays and learns.

        Args:
            std: Of the noise on TD3's actions; SAC draws its own.

        Returns:
            The mean reward of a step, in credits.
        """
        total, played, ticks = 0.0, 0, self.steps_an_iteration
        for _ in range(ticks):
            rewards, there = self._play(std)
            total, played = total + float(rewards[there].sum(dtype=np.float64)), played + int(there.sum())
        self.rate.remaining = 1.0 - self.num_timesteps / self.goal
        if self.buffer.size() > self.batch_size:
            self.train(gradient_steps=ticks * self.updates_a_tick, batch_size=self.batch_size)
            self.updates += ticks * self.updates_a_tick
        self.logger.record("train/n_updates", self.updates)
        return total / max(played, 1)

    def _play(self, std: float | None) -> tuple[Float32s, Bools]:
        """One tick into the buffer: rewards and who was there."""
        markets, before = self.markets, self.seen
        actions, _ = self.policy.predict(before, deterministic=False)
        if self.noise > 0.0:
            actions = actions + np.random.normal(0.0, std or self.noise, actions.shape)  # noqa: NPY002 - kept in checkpoints
        actions = np.clip(actions, -1.0, 1.0).astype(np.float32)
        markets.step_async(actions)
        seen, rewards, dones, infos = markets.step_wait()
        after = seen.copy()
        for number in np.flatnonzero(dones).tolist():
            after[number] = infos[number]["terminal_observation"]
        self.buffer.add(before, after, actions, rewards, dones, infos)
        self.seen = seen
        self.num_timesteps += len(dones)
        return rewards, markets.played

    def learner_state(self) -> dict[str, Any]:
        """Networks, optimisers, buffer, counters and environment, as tensors and plain numbers."""
        buffer, size, temperature = self.buffer, self.buffer.size(), self.temperature()
        return {
            "policy": self.policy.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers()],
            "log_ent_coef": None if temperature is None else temperature.detach().clone(),
            "num_timesteps": self.num_timesteps,
            "n_updates": self.updates,
            "sb3_updates": self._n_updates,
            "last_obs": torch.from_numpy(self.seen.copy()),
            "buffer": {name: torch.from_numpy(vars(buffer)[name][:size].copy()) for name in _KEPT},
            "buffer_place": [buffer.pos, int(buffer.full)],
            "env": state_of_markets(self.markets),
        }

    def restore_learner(self, state: dict[str, Any]) -> None:
        """Goes back to what `learner_state` gave."""
        self.policy.load_state_dict(state["policy"])
        for optimizer, kept in zip(self.optimizers(), state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        temperature = self.temperature()
        if temperature is not None:
            with torch.no_grad():
                temperature.copy_(state["log_ent_coef"])
        self.num_timesteps, self.updates = int(state["num_timesteps"]), int(state["n_updates"])
        self._n_updates = int(state["sb3_updates"])
        self.seen = state["last_obs"].numpy()
        for name, tensor in state["buffer"].items():
            vars(self.buffer)[name][: len(tensor)] = tensor.numpy()
        self.buffer.pos, self.buffer.full = state["buffer_place"][0], bool(state["buffer_place"][1])
        put_markets_back(self.markets, state["env"])

    def start_from(self, network: dict[str, torch.Tensor]) -> None:
        """Takes the networks of another run of the same algorithm."""
        self.policy.load_state_dict(network)

    def network(self, seats: Sequence[int]) -> Network:
        """What has been learned so far, to play seats."""
        return Network.of_actor(self.actor_layers(), seats)


class MarketSAC(MarketOffPolicy, SAC):
    """SAC on a batch of markets."""

    noise = 0.0

    def actor_layers(self) -> list[torch.nn.Module]:
        """Those before the mean, and the mean."""
        return [*self.actor.latent_pi.children(), self.actor.mu]

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Of actor, critic and the entropy's weight, where that is learned."""
        found = [self.actor.optimizer, self.critic.optimizer]
        return found if self.ent_coef_optimizer is None else [*found, self.ent_coef_optimizer]

    def temperature(self) -> torch.Tensor | None:
        """The logarithm of the entropy's weight, where that is learned."""
        return None if self.ent_coef_optimizer is None else self.log_ent_coef


class MarketTD3(MarketOffPolicy, TD3):
    """TD3 on a batch of markets."""

    noise = 0.1

    def actor_layers(self) -> list[torch.nn.Module]:
        """All of them."""
        return list(self.actor.mu.children())

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """Of actor and critic."""
        return [self.actor.optimizer, self.critic.optimizer]


def make_off_policy(config: TrainingConfig, env: MarketVecEnv, seed: int) -> MarketOffPolicy:
    """A SAC or TD3 learner for the seats of `env`, with the configuration's settings."""
    learner = config.learner
    rate = LearningRate(learner.learning_rate)
    common: dict[str, Any] = {
        "learning_rate": rate,
        "buffer_size": _ROOM,
        "batch_size": learner.batch_size,
        "gamma": config.gamma(),
        "replay_buffer_class": PlayedReplayBuffer,
        "policy_kwargs": {"net_arch": list(learner.net_arch), "activation_fn": torch.nn.ReLU},
        "seed": seed,
        "device": config.device,
    }
    model: MarketOffPolicy
    if config.algorithm == "sac":
        model = MarketSAC("MlpPolicy", env, ent_coef=learner.ent_coef or "auto", **common)
    else:
        model = MarketTD3("MlpPolicy", env, **common)
    model.rate, model.steps_an_iteration, model.updates_a_tick = rate, learner.n_steps, learner.n_epochs
    return model

"""SB3's SAC and TD3, one iteration at a time, with what an exact resume needs.

An iteration is `n_steps` ticks of all markets into the replay buffer, and `n_epochs` gradient steps for each of them.
Networks and updates are SB3's own, by their public names; idle steps of banned seats are no samples.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from stable_baselines3 import SAC, TD3
from stable_baselines3.common.logger import Logger

from econo_env.engine.state import Bools, Float32s
from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.interfaces.sb3_buffers import PlayedReplayBuffer
from econo_env.policies.proactive import Network
from econo_env.training.config import TrainingConfig
from econo_env.training.learner import put_markets_back, state_of_markets
from econo_env.training.ppo import LearningRate

_ROOM = 200_000
"""Transitions that the replay buffer keeps."""
_KEPT = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


class _OffPolicy:
    """What SAC and TD3 have in common here; mixed in before SB3's class.

    Attributes:
        seen: What every seat sees now, float32 (num_envs, features).
        updates: Gradient steps so far.
        rate: The learning rate.
    """

    rate: LearningRate
    seen: Float32s
    goal: int
    updates: int
    noise: float

    def begin(self: Any, total_timesteps: int, *, difference_rewards: bool = False) -> None:
        """Prepares for training up to a total number of steps; there are no difference rewards."""
        assert not difference_rewards, "the configuration refuses them"
        self.set_logger(Logger(folder=None, output_formats=[]))
        self.seen = self.markets.reset()
        self.updates, self.goal = 0, total_timesteps

    @property
    def markets(self: Any) -> MarketVecEnv:
        """The environment it learns in."""
        assert isinstance(self.env, MarketVecEnv)
        return self.env

    def progress(self: Any) -> float:
        """Share of the training that is done, 0 to 1."""
        return float(min(1.0, self.num_timesteps / self.goal))

    def iterate(self: Any, std: float | None) -> float:
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
        if self.replay_buffer.size() > self.batch_size:
            self.train(gradient_steps=ticks * self.updates_a_tick, batch_size=self.batch_size)
            self.updates += ticks * self.updates_a_tick
        self.logger.record("train/n_updates", self.updates)
        return total / max(played, 1)

    def _play(self: Any, std: float | None) -> tuple[Float32s, Bools]:
        """One tick into the buffer: rewards and who was there."""
        markets, before = self.markets, self.seen
        actions, _ = self.policy.predict(before, deterministic=False)
        if self.noise > 0.0:
            actions = actions + np.random.normal(0.0, std or self.noise, actions.shape)  # noqa: NPY002 - kept in checkpoints
        actions = np.clip(actions, -1.0, 1.0).astype(np.float32)
        seen, rewards, dones, infos = markets.step(actions)
        after = seen.copy()
        for number in np.flatnonzero(dones).tolist():
            after[number] = infos[number]["terminal_observation"]
        self.replay_buffer.add(before, after, actions, rewards, dones, infos)
        self.seen = seen
        self.num_timesteps += len(dones)
        return rewards, markets.played

    def learner_state(self: Any) -> dict[str, Any]:
        """Networks, optimisers, buffer, counters and environment, as tensors and plain numbers."""
        buffer, size = self.replay_buffer, self.replay_buffer.size()
        return {
            "policy": self.policy.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers()],
            "log_ent_coef": self.log_ent_coef.detach().clone() if self._tunes_entropy() else None,
            "num_timesteps": self.num_timesteps,
            "n_updates": self.updates,
            "sb3_updates": self._n_updates,
            "last_obs": torch.from_numpy(self.seen.copy()),
            "buffer": {name: torch.from_numpy(vars(buffer)[name][:size].copy()) for name in _KEPT},
            "buffer_place": [buffer.pos, int(buffer.full)],
            "env": state_of_markets(self.markets),
        }

    def restore_learner(self: Any, state: dict[str, Any]) -> None:
        """Goes back to what `learner_state` gave."""
        self.policy.load_state_dict(state["policy"])
        for optimizer, kept in zip(self._optimizers(), state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        if state["log_ent_coef"] is not None:
            with torch.no_grad():
                self.log_ent_coef.copy_(state["log_ent_coef"])
        self.num_timesteps, self.updates = int(state["num_timesteps"]), int(state["n_updates"])
        self._n_updates = int(state["sb3_updates"])
        self.seen = state["last_obs"].numpy()
        for name, tensor in state["buffer"].items():
            vars(self.replay_buffer)[name][: len(tensor)] = tensor.numpy()
        self.replay_buffer.pos, self.replay_buffer.full = state["buffer_place"][0], bool(state["buffer_place"][1])
        put_markets_back(self.markets, state["env"])

    def start_from(self: Any, network: dict[str, torch.Tensor]) -> None:
        """Takes the networks of another run of the same algorithm."""
        self.policy.load_state_dict(network)

    def network(self: Any, seats: Sequence[int]) -> Network:
        """What has been learned so far, to play seats."""
        layers = self.actor.mu if self.noise > 0.0 else [*self.actor.latent_pi, self.actor.mu]
        return Network.of_actor(list(layers), seats)

    def _optimizers(self: Any) -> list[Any]:
        found = [self.actor.optimizer, self.critic.optimizer]
        return [*found, self.ent_coef_optimizer] if self._tunes_entropy() else found

    def _tunes_entropy(self: Any) -> bool:
        return self.noise == 0.0 and self.ent_coef_optimizer is not None


class MarketSAC(_OffPolicy, SAC):
    """SAC on a batch of markets."""

    noise = 0.0


class MarketTD3(_OffPolicy, TD3):
    """TD3 on a batch of markets."""

    noise = 0.1


def make_off_policy(config: TrainingConfig, env: MarketVecEnv, seed: int) -> "MarketSAC | MarketTD3":
    """A SAC or TD3 learner for the seats of `env`, with the configuration's settings."""
    learner = config.learner
    rate = LearningRate(learner.learning_rate)
    kind: Any = MarketSAC if config.algorithm == "sac" else MarketTD3
    own = {"ent_coef": learner.ent_coef or "auto"} if config.algorithm == "sac" else {}
    model = kind(
        "MlpPolicy",
        env,
        learning_rate=rate,
        buffer_size=_ROOM,
        batch_size=learner.batch_size,
        gamma=config.gamma(),
        replay_buffer_class=PlayedReplayBuffer,
        policy_kwargs={"net_arch": list(learner.net_arch), "activation_fn": torch.nn.ReLU},
        seed=seed,
        device=config.device,
        **own,
    )
    model.rate, model.steps_an_iteration, model.updates_a_tick = rate, learner.n_steps, learner.n_epochs
    made: MarketSAC | MarketTD3 = model
    return made

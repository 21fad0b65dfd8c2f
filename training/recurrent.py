"""Recurrent PPO of sb3-contrib, one iteration at a time, as `training.ppo` drives PPO.

The network, its update (`train`) and the sums over a rollout are sb3-contrib's own. Idle steps of banned seats are
samples here: what was seen and done has to stay in order.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.buffers import RecurrentRolloutBuffer
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.logger import Logger

from econo_env.engine.state import Float32s
from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.policies.networks import Network
from econo_env.training.config import TrainingConfig
from econo_env.training.learner import put_markets_back, state_of_markets
from econo_env.training.ppo import LearningRate, network_settings, ppo_settings


class MarketRecurrentPPO(RecurrentPPO):
    """Recurrent PPO on a batch of markets, driven iteration by iteration.

    Attributes:
        seen: What every seat sees now, float32 (num_envs, inputs).
        starts: bool (num_envs,), whose episode begins with it.
        memory: What actor and critic remember.
        updates: Epochs of updates so far.
        rate: The learning rate, where `make_recurrent` has put it.
        sees_last: Whether the last action and reward are among what is seen.
    """

    rate: LearningRate
    sees_last: bool

    def begin(self, total_timesteps: int, *, difference_rewards: bool = False) -> None:
        """Prepares for training up to a total number of steps of this learner's seats."""
        assert not difference_rewards, "the configuration refuses them"
        self.set_logger(Logger(folder=None, output_formats=[]))
        nothing = np.zeros((self.markets.num_envs, self.markets.components), dtype=np.float32)
        self.seen = self._with_last(self.markets.reset(), nothing, nothing[:, 0])
        self.starts = np.ones(self.markets.num_envs, dtype=np.bool_)
        self.updates, self.goal = 0, total_timesteps
        lstm = self.lstm_policy.lstm_actor
        shape = (lstm.num_layers, self.markets.num_envs, lstm.hidden_size)
        both = ((torch.zeros(shape), torch.zeros(shape)), (torch.zeros(shape), torch.zeros(shape)))
        self.memory = RNNStates(*both)

    @property
    def markets(self) -> MarketVecEnv:
        """The environment it learns in."""
        assert isinstance(self.env, MarketVecEnv)
        return self.env

    @property
    def lstm_policy(self) -> RecurrentActorCriticPolicy:
        """Actor and critic."""
        assert isinstance(self.policy, RecurrentActorCriticPolicy)
        return self.policy

    @property
    def buffer(self) -> RecurrentRolloutBuffer:
        """The samples of the last rollout."""
        assert isinstance(self.rollout_buffer, RecurrentRolloutBuffer)
        return self.rollout_buffer

    def network(self, seats: Sequence[int]) -> Network:
        """What stands on top of the memory, for seats; see `RecurrentNetwork.of_sb3` for the whole."""
        return Network.of_sb3(self, seats)

    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return min(1.0, self.num_timesteps / self.goal)

    def iterate(self, std: float | None) -> float:
        """One rollout and one update; the mean reward of a step, in credits. See `MarketPPO.iterate`."""
        if std is not None:
            with torch.no_grad():
                self.policy.log_std.fill_(math.log(std))
        reward = self.collect()
        self.rate.remaining = 1.0 - self.num_timesteps / self.goal
        self.train()
        self.updates += self.n_epochs
        self.logger.record("train/n_updates", self.updates)
        return reward

    def collect(self) -> float:
        """Fills the buffer with one rollout of the policy; the mean reward of a step, in credits."""
        self.policy.set_training_mode(False)
        buffer, total, count = self.buffer, 0.0, 0
        buffer.reset()  # type: ignore[no-untyped-call]  # the library annotates no return
        for _ in range(self.n_steps):
            with torch.no_grad():
                draws, values, log_probs, after = self.lstm_policy(self._tensor(self.seen), self.memory, self._begins())
            played: Float32s = draws.clamp(-1.0, 1.0).cpu().numpy()
            self.markets.step_async(played)
            seen, rewards, dones = self.markets.advance()
            total, count = total + float(rewards.sum(dtype=np.float64)), count + len(rewards)
            earned = rewards.copy()
            self._bootstrap(earned, played, rewards, after)
            sample = (self.seen, draws.cpu().numpy(), earned, self.starts, values, log_probs)
            buffer.add(*sample, lstm_states=self.memory)
            goes_on = ~dones
            self.seen = self._with_last(seen, played * goes_on[:, None], rewards * goes_on)
            self.starts, self.memory = dones, after
            self.num_timesteps += len(dones)
        with torch.no_grad():
            hidden, cell = self.memory.vf
            values = self.lstm_policy.predict_values(self._tensor(self.seen), (hidden, cell), self._begins())
        buffer.compute_returns_and_advantage(last_values=values, dones=self.starts)
        return total / max(count, 1)

    def learner_state(self) -> dict[str, Any]:
        """Network, optimiser, counters, memory, last observations and environment, as tensors and plain numbers."""
        return {
            "policy": self.policy.state_dict(),
            "optimizer": self.policy.optimizer.state_dict(),
            "num_timesteps": self.num_timesteps,
            "n_updates": self.updates,
            "last_obs": torch.from_numpy(self.seen.copy()),
            "last_episode_starts": torch.from_numpy(self.starts.copy()),
            "memory": [tensor.clone() for pair in self.memory for tensor in pair],
            "env": state_of_markets(self.markets),
        }

    def start_from(self, network: dict[str, torch.Tensor]) -> None:
        """Takes a network over.

        Raises:
            RuntimeError: It has another shape.
        """
        self.policy.load_state_dict(network)

    def restore_learner(self, state: dict[str, Any]) -> None:
        """Goes back to what `learner_state` gave.

        Raises:
            RuntimeError: It is of networks of another shape.
        """
        self.policy.load_state_dict(state["policy"])
        self.policy.optimizer.load_state_dict(state["optimizer"])
        self.num_timesteps, self.updates = int(state["num_timesteps"]), int(state["n_updates"])
        self.seen = state["last_obs"].numpy()
        self.starts = state["last_episode_starts"].numpy().astype(np.bool_)
        hidden, cell, hidden_of_critic, cell_of_critic = state["memory"]
        self.memory = RNNStates((hidden, cell), (hidden_of_critic, cell_of_critic))
        put_markets_back(self.markets, state["env"])

    def _bootstrap(self, earned: Float32s, played: Float32s, rewards: Float32s, states: RNNStates) -> None:
        """Adds the discounted value of what truncated seats saw last."""
        which = self.markets.truncated
        if which.any():
            last = self._with_last(self.markets.last_observations(which), played[which], rewards[which])
            memory = (states.vf[0][:, which].contiguous(), states.vf[1][:, which].contiguous())
            with torch.no_grad():
                values = self.lstm_policy.predict_values(self._tensor(last), memory, torch.zeros(int(which.sum())))
            earned[which] += self.gamma * values.cpu().numpy().reshape(-1)

    def _with_last(self, seen: Float32s, actions: Float32s, rewards: Float32s) -> Float32s:
        if not self.sees_last:
            return seen
        return np.concatenate([seen, actions, rewards[:, None]], axis=1).astype(np.float32)

    def _begins(self) -> torch.Tensor:
        return torch.as_tensor(self.starts, dtype=torch.float32, device=self.device)

    def _tensor(self, array: Float32s) -> torch.Tensor:
        return torch.as_tensor(array, device=self.device)


def make_recurrent(config: TrainingConfig, env: MarketVecEnv, seed: int) -> MarketRecurrentPPO:
    """A learner for the seats of `env`, with the configuration's settings."""
    learner = config.learner
    rate = LearningRate(learner.learning_rate)
    model = MarketRecurrentPPO(
        "MlpLstmPolicy",
        env,
        learning_rate=rate,
        **ppo_settings(config),
        policy_kwargs=network_settings(config) | {"lstm_hidden_size": config.recurrent.units},
        seed=seed,
        _init_setup_model=False,
    )
    model.rate, model.sees_last = rate, config.recurrent.sees_last
    if config.recurrent.sees_last:
        more = env.components + 1
        space = env.observation_space
        assert isinstance(space, Box)
        low, high = np.full(more, -np.inf, dtype=np.float32), np.full(more, np.inf, dtype=np.float32)
        model.observation_space = Box(np.concatenate([space.low, low]), np.concatenate([space.high, high]))
    model._setup_model()
    if learner.std.final is not None:
        model.policy.log_std.requires_grad_(False)
    return model

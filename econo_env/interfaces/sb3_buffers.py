"""Buffers for Stable-Baselines3 that take only what was played: no idle step of a banned seat becomes a sample.

PPO("MlpPolicy", env, rollout_buffer_class=PlayedRolloutBuffer, rollout_buffer_kwargs={"market_env": env})
SAC("MlpPolicy", env, replay_buffer_class=PlayedReplayBuffer)

`env` is the `MarketVecEnv`, whatever wraps it for the model. SB3's own buffers take the idle steps too: zero
observations, zero rewards, which teaches that being banned is worth 0 and takes room.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.buffers import ReplayBuffer, RolloutBuffer
from stable_baselines3.common.type_aliases import RolloutBufferSamples

from econo_env.interfaces.sb3 import MarketVecEnv

_SAMPLED = ("observations", "actions", "values", "log_probs", "advantages", "returns")


class PlayedRolloutBuffer(RolloutBuffer):
    """SB3's rollout buffer, whose minibatches leave out the idle steps of banned seats, and whose returns end there.

    Attributes:
        market_env: Tells who played.
        played: bool (buffer_size, n_envs), the steps that are samples.
    """

    def __init__(self, *args: Any, market_env: MarketVecEnv, **kwargs: Any) -> None:
        """Makes the buffer; all arguments but `market_env` are SB3's."""
        self.market_env = market_env
        super().__init__(*args, **kwargs)

    def reset(self) -> None:
        """Empties the buffer."""
        self.played = np.ones((self.buffer_size, self.n_envs), dtype=np.bool_)
        super().reset()

    def add(
        self,
        obs: NDArray[Any],
        action: NDArray[Any],
        reward: NDArray[Any],
        episode_start: NDArray[Any],
        value: torch.Tensor,
        log_prob: torch.Tensor,
    ) -> None:
        """Adds one step of every seat; what follows a ban is another episode to the returns."""
        played = self.market_env.played
        self.played[self.pos] = played
        super().add(obs, action, reward, np.asarray(episode_start, dtype=np.bool_) | ~played, value, log_prob)

    def compute_returns_and_advantage(self, last_values: torch.Tensor, dones: NDArray[Any]) -> None:
        """Returns and advantages; a seat that is banned by now has nothing to come."""
        super().compute_returns_and_advantage(last_values, dones | self.market_env.banned)

    def get(self, batch_size: int | None = None) -> Iterator[RolloutBufferSamples]:  # type: ignore[override]
        """Minibatches in random order; SB3 declares a generator, any iterator serves it."""
        if self.played.all():
            yield from super().get(batch_size)
            return
        if not self.generator_ready:
            for name in _SAMPLED:
                self.__dict__[name] = self.swap_and_flatten(self.__dict__[name])
            self.generator_ready = True
        kept = np.flatnonzero(self.swap_and_flatten(self.played))
        order = kept[np.random.permutation(len(kept))]  # noqa: NPY002 - SB3's own source of order, kept in checkpoints
        # of equal size: a tiny last one would be all noise
        count = max(1, round(len(order) / (batch_size or len(order))))
        for batch in np.array_split(order, count):
            of_seats = (self.__dict__[name][batch] for name in ("observations", "actions"))
            of_steps = (self.__dict__[name][batch].flatten() for name in _SAMPLED[2:])
            columns = (np.asarray(column, dtype=np.float32) for column in (*of_seats, *of_steps))
            yield RolloutBufferSamples(*map(self.to_torch, columns))


class PlayedReplayBuffer(ReplayBuffer):
    """SB3's replay buffer without the idle steps of banned seats; a ban ends the episode of the transition.

    Transitions of all seats stand in one row, so `buffer_size` of them fit, however many are left out.
    """

    def __init__(
        self,
        buffer_size: int,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        device: torch.device | str = "auto",
        n_envs: int = 1,
        optimize_memory_usage: bool = False,
        **kwargs: Any,
    ) -> None:
        """Makes the buffer; the arguments are SB3's.

        Raises:
            ValueError: `optimize_memory_usage` is set: it wants each seat's steps one after the other.
        """
        if optimize_memory_usage:
            raise ValueError("optimize_memory_usage=True: leave it out, transitions of all seats stand in one row here")
        super().__init__(buffer_size, observation_space, action_space, device, n_envs=1, **kwargs)
        self._seats = n_envs

    def add(
        self,
        obs: NDArray[Any],
        next_obs: NDArray[Any],
        action: NDArray[Any],
        reward: NDArray[Any],
        done: NDArray[Any],
        infos: list[dict[str, Any]],
    ) -> None:
        """Adds the transitions of the seats that played."""
        played = np.flatnonzero([info.get("played", True) for info in infos])
        banned = np.array([info.get("banned", False) for info in infos], dtype=np.bool_)
        truncated = np.array([info.get("TimeLimit.truncated", False) for info in infos], dtype=np.bool_)
        places = (self.pos + np.arange(len(played))) % self.buffer_size
        self.observations[places, 0] = np.reshape(obs, (self._seats, *self.obs_shape))[played]
        self.next_observations[places, 0] = np.reshape(next_obs, (self._seats, *self.obs_shape))[played]
        self.actions[places, 0] = np.reshape(action, (self._seats, self.action_dim))[played]
        self.rewards[places, 0] = reward[played]
        self.dones[places, 0] = (done | banned)[played]
        self.timeouts[places, 0] = truncated[played]
        self.full |= self.pos + len(played) >= self.buffer_size
        self.pos = (self.pos + len(played)) % self.buffer_size

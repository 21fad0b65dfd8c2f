"""SB3's PPO, one iteration at a time, with what an exact resume needs.

The network, its update (`train`) and the sums over a rollout are SB3's own, by its public names. What is ours is the
loop of a rollout: several networks may take turns, exploration follows a schedule, truncated seats are bootstrapped in
one batch instead of one call each, idle steps are no samples, and with difference rewards rollouts are those of
`Deviations`.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.logger import Logger

from econo_env.engine.state import Bools, Float32s
from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.interfaces.sb3_buffers import PlayedRolloutBuffer
from econo_env.policies.networks import Network
from econo_env.training.config import TrainingConfig
from econo_env.training.difference import Deviations
from econo_env.training.learner import put_markets_back, state_of_markets
from econo_env.training.sections import Decay


def scheduled(decay: Decay, progress: float) -> float:
    """The value of a schedule at `progress` in [0, 1]."""
    if decay.final is None:
        return decay.initial
    done = min(max(progress / decay.until, 0.0), 1.0)
    if decay.schedule == "exponential":
        return float(decay.initial * (decay.final / decay.initial) ** done)
    way = done if decay.schedule == "linear" else (1.0 - math.cos(math.pi * done)) / 2.0
    return decay.initial + (decay.final - decay.initial) * way


@dataclass
class LearningRate:
    """The learning rate as SB3 asks for it, over the progress of a `MarketPPO`.

    Attributes:
        decay: The schedule.
        remaining: Share of the training to come, 1 to 0.
    """

    decay: Decay
    remaining: float = 1.0

    def __call__(self, _: float) -> float:
        """The rate now; SB3's own measure of progress is not used."""
        return scheduled(self.decay, 1.0 - self.remaining)


_CRITIC = ("value_net.", "mlp_extractor.value_net.")
"""How the names of a critic's numbers begin."""


class MarketPPO(PPO):
    """PPO of SB3 on a batch of markets, driven iteration by iteration.

    Attributes:
        seen: What every seat sees now, float32 (num_envs, features).
        starts: bool (num_envs,), whose episode begins with it.
        updates: Epochs of updates so far.
        rate: The learning rate, where `make_ppo` has put it.
        one_component: Whether a deviation changes one component of the action alone.
    """

    rate: LearningRate
    one_component: bool = False

    def begin(self, total_timesteps: int, *, difference_rewards: bool = False) -> None:
        """Prepares for training up to a total number of steps.

        Args:
            total_timesteps: Steps of this learner's seats at the end.
            difference_rewards: Roll out the mean policy and single deviations from it; see `training.difference`.
        """
        self.set_logger(Logger(folder=None, output_formats=[]))
        self.deviations = Deviations(self.markets, self.gamma) if difference_rewards else None
        self.seen = self.markets.reset()
        self.starts = np.ones(self.markets.num_envs, dtype=np.bool_)
        self.updates = 0
        self.goal = total_timesteps

    @property
    def markets(self) -> MarketVecEnv:
        """The environment it learns in."""
        assert isinstance(self.env, MarketVecEnv)
        return self.env

    @property
    def buffer(self) -> PlayedRolloutBuffer:
        """The samples of the last rollout."""
        assert isinstance(self.rollout_buffer, PlayedRolloutBuffer)
        return self.rollout_buffer

    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return min(1.0, self.num_timesteps / self.goal)

    def iterate(self, std: float | None) -> float:
        """One rollout and one update, as in SB3's `learn`.

        Args:
            std: Standard deviation of the actions in this iteration; None leaves it to the optimiser.

        Returns:
            The mean reward of a step of the rollout, in credits.
        """
        if std is not None:
            with torch.no_grad():
                self.policy.log_std.fill_(math.log(std))
        reward = self.collect() if self.deviations is None else self.collect_deviations(self.deviations)
        self.rate.remaining = 1.0 - self.num_timesteps / self.goal
        if self.buffer.played.any():
            self.train()
            self.updates += self.n_epochs
        self.logger.record("train/n_updates", self.updates)
        return reward

    def collect(self) -> float:
        """Fills the buffer with one rollout of the policy; the mean reward of a step, in credits."""
        self.policy.set_training_mode(False)
        self.buffer.reset()
        mean = _Mean()
        for _ in range(self.n_steps):
            with torch.no_grad():
                draws, values, log_probs = self.policy(self._tensor(self.seen))
            self.markets.step_async(_limited(draws))
            seen, rewards, dones = self.markets.advance()
            mean.add(rewards[self.markets.played])
            self._bootstrap(rewards)
            self.buffer.add(self.seen, draws.cpu().numpy(), rewards, self.starts, values, log_probs)
            self._go_on(seen, dones)
        with torch.no_grad():
            values = self.policy.predict_values(self._tensor(self.seen))
        self.buffer.compute_returns_and_advantage(values, self.starts)
        return mean.value()

    def collect_deviations(self, deviations: Deviations) -> float:
        """Fills the buffer with draws around the mean policy's actions; the mean reward of that policy a step."""
        self.policy.set_training_mode(False)
        self.buffer.reset()
        deviations.start()
        no_values = torch.zeros(self.markets.num_envs)
        mean = _Mean()
        for _ in range(self.n_steps):
            with torch.no_grad():
                around = self.policy.get_distribution(self._tensor(self.seen))
                means, draws = around.mode(), around.sample()
                draws = _in_one_component(draws, means) if self.one_component else draws
                log_probs = around.log_prob(draws)
            seen, rewards, dones = deviations.step(_limited(means), _limited(draws))
            mean.add(rewards[self.markets.played])
            self.buffer.add(self.seen, draws.cpu().numpy(), rewards, self.starts, no_values, log_probs)
            self._go_on(seen, dones)
        self.buffer.advantages[...] = deviations.finish(_MeanPolicy(self))
        self.buffer.returns[...] = self.buffer.advantages
        self.buffer.played &= self.buffer.advantages != 0.0
        return mean.value()

    def _go_on(self, seen: Float32s, dones: Bools) -> None:
        self.seen, self.starts = seen, dones
        self.num_timesteps += len(dones)

    def _bootstrap(self, rewards: Float32s) -> None:
        """Adds the discounted value of what truncated seats saw last, in one call: SB3 asks once for each of them."""
        which = self.markets.truncated
        if which.any():
            with torch.no_grad():
                values = self.policy.predict_values(self._tensor(self.markets.last_observations(which)))
            rewards[which] += self.gamma * values.cpu().numpy().reshape(-1)

    def network(self, seats: Sequence[int]) -> Network:
        """What has been learned so far, to play seats."""
        return Network.of_sb3(self, seats)

    def mean_actions(self, observations: Float32s) -> Float32s:
        """The mean actions (rows, components), limited to [-1, 1], for observations (rows, features)."""
        with torch.no_grad():
            return _limited(self.policy.get_distribution(self._tensor(observations)).mode())

    def _tensor(self, array: Float32s) -> torch.Tensor:
        return torch.as_tensor(array, device=self.device)

    def learner_state(self) -> dict[str, Any]:
        """Network, optimiser, counters, last observations and environment, as tensors and plain numbers."""
        return {
            "policy": self.policy.state_dict(),
            "optimizer": self.policy.optimizer.state_dict(),
            "num_timesteps": self.num_timesteps,
            "n_updates": self.updates,
            "last_obs": torch.from_numpy(self.seen.copy()),
            "last_episode_starts": torch.from_numpy(self.starts.copy()),
            "env": state_of_markets(self.markets),
        }

    def start_from(self, network: dict[str, torch.Tensor]) -> None:
        """Takes a network over: its actor, and its critic where it has one of the same shape.

        Raises:
            RuntimeError: The actor has another shape.
        """
        own = self.policy.state_dict()
        critic = {name for name in (*own, *network) if name.startswith(_CRITIC)}
        if any(name not in own or name not in network or own[name].shape != network[name].shape for name in critic):
            network = {name: tensor for name, tensor in network.items() if name not in critic}
        self.policy.load_state_dict(own | network)

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
        put_markets_back(self.markets, state["env"])


class _Mean:
    """The mean of numbers that come in parts."""

    def __init__(self) -> None:
        self._total, self._count = 0.0, 0

    def add(self, numbers: Float32s) -> None:
        self._total += float(numbers.sum(dtype=np.float64))
        self._count += len(numbers)

    def value(self) -> float:
        return self._total / max(self._count, 1)


class _MeanPolicy:
    """The policy that plays the mean actions of a learner as it is."""

    def __init__(self, model: MarketPPO) -> None:
        self.model = model

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Float32s, mask: Bools) -> Float32s:
        means = self.model.mean_actions(observations.reshape(-1, observations.shape[-1]))
        return np.where(mask[..., None], means.reshape(*mask.shape, -1), np.float32(0.0))


def _in_one_component(draws: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
    """The draws in one component of each row, by lot, and the means in the others; all of shape (rows, components).

    A component at its mean has no part in the gradient of the first pass, so each learns from its own draws alone.
    """
    components = draws.shape[1]
    drawn = torch.randint(components, (len(draws), 1))
    return torch.where(torch.arange(components) == drawn, draws, means)


def _limited(actions: torch.Tensor) -> Float32s:
    limited: Float32s = actions.clamp(-1.0, 1.0).cpu().numpy()
    return limited


def ppo_settings(config: TrainingConfig) -> dict[str, Any]:
    """What a training file says of the updates of PPO, with a memory or without, as SB3 names it."""
    learner = config.learner
    return {
        "n_steps": learner.n_steps,
        "batch_size": learner.batch_size,
        "n_epochs": learner.n_epochs,
        "gamma": config.gamma(),
        "gae_lambda": learner.gae_lambda,
        "clip_range": learner.clip_range,
        "normalize_advantage": learner.normalize_advantage,
        "ent_coef": learner.ent_coef,
        "vf_coef": learner.vf_coef,
        "max_grad_norm": math.inf if learner.max_grad_norm is None else learner.max_grad_norm,
        "device": config.device,
    }


def network_settings(config: TrainingConfig) -> dict[str, Any]:
    """What it says of their networks."""
    learner = config.learner
    return {
        "net_arch": config.hidden_layers(),
        "activation_fn": {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[learner.activation],
        "log_std_init": math.log(learner.std.initial),
    }


def make_ppo(config: TrainingConfig, env: MarketVecEnv, seed: int) -> MarketPPO:
    """A learner for the seats of `env`, with the configuration's settings."""
    learner = config.learner
    rate = LearningRate(learner.learning_rate)
    model = MarketPPO(
        "MlpPolicy",
        env,
        learning_rate=rate,
        **ppo_settings(config),
        rollout_buffer_class=PlayedRolloutBuffer,
        rollout_buffer_kwargs={"market_env": env},
        policy_kwargs=network_settings(config),
        seed=seed,
    )
    model.rate, model.one_component = rate, learner.one_component
    if learner.std.final is not None:
        model.policy.log_std.requires_grad_(False)
    return model


def random_state() -> dict[str, Any]:
    """Where the generators that SB3 draws from stand: Python's, NumPy's legacy one, torch's."""
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()  # noqa: NPY002 - SB3 draws from it
    return {
        "python": [version, list(words), gauss],
        "numpy": [name, [int(key) for key in keys], int(position), int(has_gauss), float(cached)],
        "torch": torch.get_rng_state(),
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Puts the generators back where `random_state` found them."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), position, has_gauss, cached))  # noqa: NPY002
    torch.set_rng_state(state["torch"])

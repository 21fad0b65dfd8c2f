"""SB3's PPO, one iteration at a time, with what an exact resume needs.

The update is SB3's own (`train` is not touched), and so are rollouts without difference rewards. What is added: several
networks may take turns, exploration follows a schedule, dead seats are left out of the samples, truncated seats are
bootstrapped in one batch instead of one call each, and with difference rewards rollouts are those of `Deviations`.
"""

import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.type_aliases import RolloutBufferSamples

from econo_env.engine.state import Float32s
from econo_env.interfaces.sb3 import MarketVecEnv
from training.config import Decay, TrainingConfig
from training.difference import Deviations


def scheduled(decay: Decay, progress: float) -> float:
    """The value of a schedule at `progress` in [0, 1]."""
    if decay.final is None:
        return decay.initial
    done = min(max(progress / decay.until, 0.0), 1.0)
    if decay.schedule == "exponential":
        return float(decay.initial * (decay.final / decay.initial) ** done)
    way = done if decay.schedule == "linear" else (1.0 - math.cos(math.pi * done)) / 2.0
    return decay.initial + (decay.final - decay.initial) * way


class LivingSeatsBuffer(RolloutBuffer):
    """SB3's rollout buffer, whose minibatches leave out the samples of dead seats.

    Attributes:
        market_env: Tells who played; without it every sample counts.
    """

    market_env: MarketVecEnv | None = None

    def reset(self) -> None:
        """Empties the buffer."""
        self.played = np.ones((self.buffer_size, self.n_envs), dtype=np.bool_)
        super().reset()

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Adds one step of every seat."""
        if self.market_env is not None:
            self.played[self.pos] = self.market_env.played
        super().add(*args, **kwargs)

    def get(self, batch_size: int | None = None) -> Iterator[RolloutBufferSamples]:  # type: ignore[override]
        """Minibatches in random order; SB3 declares a generator, any iterator serves it."""
        if self.played.all():
            yield from super().get(batch_size)
            return
        if not self.generator_ready:
            for name in ("observations", "actions", "values", "log_probs", "advantages", "returns"):
                self.__dict__[name] = self.swap_and_flatten(self.__dict__[name])
            self.generator_ready = True
        alive = np.flatnonzero(self.swap_and_flatten(self.played))
        order = alive[np.random.permutation(len(alive))]  # noqa: NPY002 - SB3's own source of order, kept in checkpoints
        count = max(
            1, round(len(order) / (batch_size or len(order)))
        )  # of equal size: a tiny last one would be all noise
        for batch in np.array_split(order, count):
            yield self._get_samples(batch)


class _RewardMean(BaseCallback):
    """Mean reward of the living seats in a rollout, before anything is done to the rewards."""

    def _on_rollout_start(self) -> None:
        self._total, self._count = 0.0, 0

    def _on_step(self) -> bool:
        played = getattr(self.training_env, "played", slice(None))
        rewards = self.locals["rewards"][played]
        self._total += float(rewards.sum(dtype=np.float64))
        self._count += len(rewards)
        return True

    def mean(self) -> float:
        """Credits a step."""
        return self._total / max(self._count, 1)


class _BatchedBootstrap(BaseCallback):
    """Adds the discounted value of the last observation to the rewards of truncated seats, all in one call.

    SB3 asks the network once for each truncated sub-environment, six times slower at a thousand markets. The infos that
    have been dealt with are emptied, so that SB3 does not add the value a second time.
    """

    def _on_step(self) -> bool:
        env = self.training_env
        if isinstance(env, MarketVecEnv) and env.truncated.any():
            which = np.flatnonzero(env.truncated)
            infos, rewards = self.locals["infos"], self.locals["rewards"]
            last = np.stack([infos[number]["terminal_observation"] for number in which])
            with torch.no_grad():
                values = self.model.policy.predict_values(torch.as_tensor(last))  # type: ignore[operator]
            rewards[which] += self.model.gamma * values.numpy().reshape(-1)  # type: ignore[attr-defined]
            for number in which:
                infos[number] = {}
        return True


class MarketPPO(PPO):
    """PPO of SB3 on a batch of markets, driven iteration by iteration."""

    def begin(self, total_timesteps: int, *, difference_rewards: bool = False) -> None:
        """Prepares for training up to a total number of steps.

        Args:
            total_timesteps: Steps of this learner's seats at the end.
            difference_rewards: Roll out the mean policy and single deviations from it; see `training.difference`.
        """
        self._deviations = Deviations(self._markets, self.gamma) if difference_rewards else None
        self._reward_mean = _RewardMean()
        callbacks: list[BaseCallback] = [self._reward_mean, _BatchedBootstrap()]
        _, self._steps_callback = self._setup_learn(total_timesteps, callbacks, reset_num_timesteps=True)
        self._total_timesteps = total_timesteps
        self._steps_callback.on_training_start(locals(), globals())

    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return min(1.0, self.num_timesteps / self._total_timesteps)

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
        if self._deviations is None:
            self.collect_rollouts(self._markets, self._steps_callback, self.rollout_buffer, self.n_steps)
            reward = self._reward_mean.mean()
        else:
            reward = self._collect_deviations(self._deviations)
        self._update_current_progress_remaining(self.num_timesteps, self._total_timesteps)
        assert isinstance(self.rollout_buffer, LivingSeatsBuffer)
        if self.rollout_buffer.played.any():
            self.train()
        return reward

    def _collect_deviations(self, deviations: Deviations) -> float:
        """Fills the buffer with draws around the mean policy's actions; the mean reward of that policy a step."""
        buffer = self.rollout_buffer
        assert isinstance(buffer, LivingSeatsBuffer)
        assert isinstance(self._last_obs, np.ndarray)
        self.policy.set_training_mode(False)
        buffer.reset()
        deviations.start()
        no_values = torch.zeros(self._markets.num_envs)
        total, count = 0.0, 0
        for _ in range(self.n_steps):
            with torch.no_grad():
                around = self.policy.get_distribution(torch.as_tensor(self._last_obs))
                means, draws = around.mode(), around.sample()
                log_probs = around.log_prob(draws)
            seen, rewards, dones = deviations.step(_limited(means), _limited(draws))
            buffer.add(self._last_obs, draws.numpy(), rewards, self._last_episode_starts, no_values, log_probs)
            played = self._markets.played
            total, count = total + float(rewards[played].sum(dtype=np.float64)), count + int(played.sum())
            self._last_obs, self._last_episode_starts = seen, dones
            self.num_timesteps += len(rewards)
        buffer.advantages[...] = deviations.finish(self._mean_actions)
        buffer.returns[...] = buffer.advantages
        buffer.played &= buffer.advantages != 0.0
        return total / max(count, 1)

    def _mean_actions(self, observations: Float32s) -> Float32s:
        with torch.no_grad():
            return _limited(self.policy.get_distribution(torch.as_tensor(observations)).mode())

    @property
    def _markets(self) -> MarketVecEnv:
        assert isinstance(self.env, MarketVecEnv)
        return self.env

    def _update_info_buffer(self, infos: list[dict[str, Any]], dones: Any = None) -> None:
        """Nothing: no episode statistics travel in the infos, and SB3 would look through all of them."""

    def learner_state(self) -> dict[str, Any]:
        """Network, optimiser, counters, last observations and environment, as tensors and plain numbers."""
        assert isinstance(self.env, MarketVecEnv)
        assert isinstance(self._last_obs, np.ndarray)
        return {
            "policy": self.policy.state_dict(),
            "optimizer": self.policy.optimizer.state_dict(),
            "num_timesteps": self.num_timesteps,
            "n_updates": self._n_updates,
            "last_obs": torch.from_numpy(self._last_obs.copy()),
            "last_episode_starts": torch.from_numpy(np.asarray(self._last_episode_starts).copy()),
            "env": {
                name: [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]
                for name, arrays in self.env.get_state().items()
            },
        }

    def restore_learner(self, state: dict[str, Any]) -> None:
        """Goes back to what `learner_state` gave."""
        assert isinstance(self.env, MarketVecEnv)
        self.policy.load_state_dict(state["policy"])
        self.policy.optimizer.load_state_dict(state["optimizer"])
        self.num_timesteps, self._n_updates = int(state["num_timesteps"]), int(state["n_updates"])
        self._last_obs = state["last_obs"].numpy()
        self._last_episode_starts = state["last_episode_starts"].numpy()
        self.env.set_state({name: [t.numpy() for t in tensors] for name, tensors in state["env"].items()})


def _limited(actions: torch.Tensor) -> Float32s:
    limited: Float32s = actions.clamp(-1.0, 1.0).numpy()
    return limited


def make_ppo(config: TrainingConfig, env: MarketVecEnv, seed: int) -> MarketPPO:
    """A learner for the seats of `env`, with the configuration's settings."""
    learner = config.learner
    model = MarketPPO(
        "MlpPolicy",
        env,
        learning_rate=lambda remaining: scheduled(learner.learning_rate, 1.0 - remaining),
        n_steps=learner.n_steps,
        batch_size=learner.batch_size,
        n_epochs=learner.n_epochs,
        gamma=config.gamma(),
        gae_lambda=learner.gae_lambda,
        clip_range=learner.clip_range,
        normalize_advantage=learner.normalize_advantage,
        ent_coef=learner.ent_coef,
        vf_coef=learner.vf_coef,
        max_grad_norm=math.inf if learner.max_grad_norm is None else learner.max_grad_norm,
        rollout_buffer_class=LivingSeatsBuffer,
        policy_kwargs={
            "net_arch": list(learner.net_arch),
            "activation_fn": {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[learner.activation],
            "log_std_init": math.log(learner.std.initial),
        },
        seed=seed,
        device=config.device,
    )
    assert isinstance(model.rollout_buffer, LivingSeatsBuffer)
    model.rollout_buffer.market_env = env
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

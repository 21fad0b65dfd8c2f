"""Difference rewards: what an action earned beyond what the mean action would have earned in its place.

The luck of rivals' values moves a bidder's reward far more than its own exploration does. The engine can replay a round
with one seat's action changed and everything else the same, luck included; the reward of that seat's mean action is
then a baseline that depends on everything but its own exploration, so subtracting it leaves the policy gradient
unbiased and takes most of its variance away (Wolpert and Tumer 2002, "Optimal payoff functions for members of
collectives"; the counterfactual baseline of Foerster et al. 2018). This holds where an action touches no later reward
that counts: at gamma = 0.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback

from econo_env.engine.engine import Engine, Snapshot
from econo_env.interfaces.sb3 import MarketVecEnv


class Replay:
    """Plays the last step of an environment again, one seat changed at a time."""

    def __init__(self, env: MarketVecEnv) -> None:
        self._env = env
        self._engine = Engine(env.scenario, env.num_markets)
        self._before: Snapshot | None = None

    def remember(self) -> None:
        """Keeps the state that the next step starts from."""
        self._before = self._env.engine.snapshot()

    def rewards(self, actions: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each seat would have got in the step just made, with its own action replaced.

        Args:
            actions: float32 (num_envs, components), the replacement of each seat; all others act as they did.

        Returns:
            float32 (num_envs,), credits.
        """
        assert self._before is not None
        env, engine = self._env, self._engine
        played = env.engine.exchange.actions
        instead = actions.reshape(env.num_markets, len(env.seats), env.components)
        rewards = np.empty((env.num_markets, len(env.seats)), dtype=np.float32)
        for number, seat in enumerate(env.seats):
            engine.restore(self._before)
            engine.exchange.actions[...] = played
            engine.exchange.actions[:, seat] = instead[:, number]
            engine.step(engine.exchange.actions)
            rewards[:, number] = engine.exchange.rewards[:, seat]
        return rewards.reshape(-1)


class DifferenceRewards(BaseCallback):
    """Takes the reward of the mean action off each reward before SB3 stores it."""

    def __init__(self) -> None:
        super().__init__()
        self._replay: Replay | None = None

    def _on_rollout_start(self) -> None:
        assert isinstance(self.training_env, MarketVecEnv)
        if self._replay is None:
            self._replay = Replay(self.training_env)
        self._replay.remember()

    def _on_step(self) -> bool:
        assert self._replay is not None
        with torch.no_grad():
            mean = self.model.policy.get_distribution(self.locals["obs_tensor"]).mode()  # type: ignore[operator]
        self.locals["rewards"] -= self._replay.rewards(np.clip(mean.numpy(), -1.0, 1.0))
        self._replay.remember()
        return True

"""What a trainer asks of every learner, whichever algorithm it is."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from stable_baselines3.common.logger import Logger

from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.policies.networks import Network


def state_of_markets(markets: MarketVecEnv) -> dict[str, list[torch.Tensor]]:
    """Where the markets of a learner stand, for a checkpoint."""
    return {
        name: [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]
        for name, arrays in markets.get_state().items()
    }


def put_markets_back(markets: MarketVecEnv, state: Mapping[str, Sequence[torch.Tensor]]) -> None:
    """Puts them where `state_of_markets` found them."""
    markets.set_state({name: [tensor.numpy() for tensor in tensors] for name, tensors in state.items()})


class MarketLearner(Protocol):
    """An SB3 model on a batch of markets, driven iteration by iteration.

    Attributes:
        num_timesteps: Agent-steps so far.
        policy: SB3's networks.
    """

    num_timesteps: int
    policy: Any

    @property
    def logger(self) -> Logger:
        """Where SB3 leaves its numbers."""
        ...

    @property
    def markets(self) -> MarketVecEnv:
        """The environment it learns in."""
        ...

    def begin(self, total_timesteps: int, *, difference_rewards: bool = False) -> None:
        """Prepares for training up to a total number of steps."""
        ...

    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""
        ...

    def iterate(self, std: float | None) -> float:
        """Plays and learns once, with a standard deviation of the actions; the mean reward of a step, in credits."""
        ...

    def network(self, seats: Sequence[int]) -> Network:
        """What has been learned so far, to play seats."""
        ...

    def learner_state(self) -> dict[str, Any]:
        """Everything that the rest of its training depends on, as tensors and plain numbers."""
        ...

    def restore_learner(self, state: dict[str, Any]) -> None:
        """Goes back to what `learner_state` gave."""
        ...

    def start_from(self, network: dict[str, torch.Tensor]) -> None:
        """Takes the networks of another run."""
        ...

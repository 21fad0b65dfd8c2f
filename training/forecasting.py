"""The markets that a learner trains in, with forecasts beside what it sees of them where it is to have any."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from econo_env.engine.state import Bools, Float32s
from econo_env.interfaces.sb3 import MarketVecEnv
from econo_env.policies.forecasts.choice import make_forecaster
from econo_env.policies.forecasts.network import NetworkForecaster
from econo_env.policies.forecasts.ridge import Forecaster
from econo_env.policy import Policy
from econo_env.training.config import TrainingConfig

_FORECAST = "forecast/"


class ForecastVecEnv(MarketVecEnv):
    """Markets whose learning seats see, behind the features of the market, forecasts of some of them.

    Each seat forecasts for itself, from what it is shown. In the value of an episode that was broken off stand the
    forecasts from before its last tick.

    Attributes:
        forecaster: Forecasts.
    """

    def __init__(self, forecaster: Forecaster | NetworkForecaster, *args: Any, **options: Any) -> None:
        """Makes the batch; all but the forecaster are `MarketVecEnv`'s."""
        super().__init__(*args, **options)
        self.forecaster, self._begins = forecaster, True
        own, added = self.observation_space, len(forecaster.of)
        assert isinstance(own, spaces.Box)
        low, high = (
            np.concatenate([side, np.full(added, end)]) for side, end in ((own.low, -np.inf), (own.high, np.inf))
        )
        self.observation_space = spaces.Box(low.astype(np.float32), high.astype(np.float32))
        self._told = self._before = np.zeros((self.num_envs, added), dtype=np.float32)

    def reset(self) -> Float32s:
        """Starts an episode everywhere; what was learned for forecasts stays."""
        self._begins = True
        return super().reset()

    def last_observations(self, which: Bools) -> Float32s:
        """As `MarketVecEnv` has it, with the forecasts from before the last tick."""
        return np.concatenate([super().last_observations(which), self._before[which]], axis=1)

    def get_state(self) -> dict[str, list[NDArray[Any]]]:
        """As `MarketVecEnv` has it, with what the forecasts rest on."""
        series = {f"{_FORECAST}{name}": [array] for name, array in self.forecaster.snapshot().items()}
        return super().get_state() | series | {"told": [self._told.copy(), self._before.copy()]}

    def set_state(self, state: Mapping[str, list[NDArray[Any]]]) -> None:
        """Goes back to what `get_state` gave."""
        super().set_state(state)
        own = {name.removeprefix(_FORECAST): state[name][0] for name in state if name.startswith(_FORECAST)}
        self.forecaster.restore({name: array.astype(array.dtype) for name, array in own.items()})
        self._told, self._before = (array.copy() for array in state["told"])
        self._begins = False

    def _observed(self, observations: Float32s) -> Float32s:
        fresh = np.ones(self.num_markets, dtype=np.bool_) if self._begins else self.engine.buffers.ended
        self._begins = False
        self._before, forecasts = self._told, self.forecaster.see(observations[:, self.seats], fresh)
        self._told = forecasts.reshape(self.num_envs, -1)
        return np.concatenate([super()._observed(observations), self._told], axis=1)


def market_env(config: TrainingConfig, seats: Sequence[int], opponents: Mapping[int, Policy] | None) -> MarketVecEnv:
    """The markets in which a network learns in some seats, as the configuration says."""
    size = config.learner.num_markets
    if config.forecasts is None:
        return MarketVecEnv(config.scenario, size, seats=seats, opponents=opponents)
    forecaster = make_forecaster(config.scenario, config.forecasts.model_dump())
    return ForecastVecEnv(forecaster, config.scenario, size, seats=seats, opponents=opponents)

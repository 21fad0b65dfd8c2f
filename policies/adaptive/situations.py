"""Situations: what a learner tells apart, some of what it observes in bins."""

from collections.abc import Mapping

import numpy as np

from econo_env.engine.state import Float64s, Int64s
from econo_env.market import market_of
from econo_env.policies.options import whole
from econo_env.policy import Observations
from econo_env.scenario import Scenario

MOST = 1_000_000


class Situations:
    """Numbers what is seen of some features.

    Attributes:
        count: How many situations there are.
    """

    def __init__(self, scenario: Scenario, sees: Mapping[str, int]) -> None:
        """Takes features by name, each with its number of bins, their middles even from its least value to its largest.

        Raises:
            ValueError: No such feature, fewer than two bins, or too many situations.
        """
        seen = {feature.name: (place, feature) for place, feature in enumerate(market_of(scenario).seen(scenario))}
        for name, bins in sees.items():
            if name not in seen:
                raise ValueError(f"sees={dict(sees)!r}: {scenario.id} shows no {name!r}; it shows {', '.join(seen)}")
            whole(f"sees[{name!r}]", bins, 2, MOST, "bins")
        self.count = int(np.prod([int(bins) for bins in sees.values()], dtype=np.float64))
        if self.count > MOST:
            raise ValueError(f"sees={dict(sees)!r} makes {self.count} situations: at most {MOST}")
        self._places = [seen[name][0] for name in sees]
        features = [seen[name][1] for name in sees]
        self._bins = np.array([int(bins) for bins in sees.values()], dtype=np.int64)
        self._low: Float64s = np.array([feature.low for feature in features])
        self._step: Float64s = np.array([feature.high - feature.low for feature in features]) / (self._bins - 1)

    def of(self, observations: Observations) -> Int64s:
        """The situation of each agent, (markets, agents), from 0; observations (markets, agents, features)."""
        number: Int64s = np.zeros(observations.shape[:-1], dtype=np.int64)
        for place, bins, low, step in zip(self._places, self._bins, self._low, self._step, strict=True):
            found = np.floor((observations[..., place].astype(np.float64) - low) / step + 0.5).astype(np.int64)
            number = number * bins + np.clip(found, 0, bins - 1)
        return number

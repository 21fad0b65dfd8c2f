"""Situations: what a learner tells apart, some of what it observes in bins."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float32s, Float64s, Int64s
from econo_env.market import market_of
from econo_env.policies.options import whole
from econo_env.policy import Observations
from econo_env.scenario import Scenario

MOST = 1_000_000


class Bins(NamedTuple):
    """What situations are told apart by, one entry a feature."""

    places: Int64s  # of the features among what is observed
    counts: Int64s  # of bins
    low: Float64s  # the middle of the first bin
    step: Float64s  # between middles


@compiled
def situation_of(seen: Float32s, bins: Bins) -> int:
    """The number of what one agent sees, (features,): the nearest bin of each feature, the first one counts most."""
    number = 0
    for one in range(bins.places.shape[0]):
        found = int(np.floor((np.float64(seen[bins.places[one]]) - bins.low[one]) / bins.step[one] + 0.5))
        number = number * bins.counts[one] + min(max(found, 0), bins.counts[one] - 1)
    return number


class Situations:
    """Numbers what is seen of some features.

    Attributes:
        count: How many situations there are.
        bins: What they are told apart by.
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
        features = [seen[name][1] for name in sees]
        counts: Int64s = np.array([int(bins) for bins in sees.values()], dtype=np.int64)
        places: Int64s = np.array([seen[name][0] for name in sees], dtype=np.int64)
        low: Float64s = np.array([feature.low for feature in features], dtype=np.float64)
        wide: Float64s = np.array([feature.high - feature.low for feature in features], dtype=np.float64)
        self.bins = Bins(places, counts, low, wide / (counts - 1))

    def of(self, observations: Observations) -> Int64s:
        """The situation of each agent, (markets, agents), from 0; observations (markets, agents, features)."""
        number: Int64s = np.zeros(observations.shape[:-1], dtype=np.int64)
        for place, bins, low, step in zip(*self.bins, strict=True):
            found = np.floor((observations[..., place].astype(np.float64) - low) / step + 0.5).astype(np.int64)
            number = number * bins + np.clip(found, 0, bins - 1)
        return number

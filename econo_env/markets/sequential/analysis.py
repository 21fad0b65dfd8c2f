"""What judges ask of a sequential sale: welfare round by round; types are those of a sealed-bid market."""

import numpy as np
from numpy.typing import NDArray

from econo_env.games.welfare import Welfare
from econo_env.markets.analysis import welfare_of
from econo_env.markets.sequential.scenario import SequentialScenario
from econo_env.markets.sequential.state import State


def welfare(scenario: SequentialScenario, state: State, types: NDArray[np.float64]) -> Welfare:
    """The value served in the last round; the optimum of round l is the l-th highest value of all.

    Over an episode the optima add up to the most that its units can serve, whatever was sold to whom before.
    """
    values = types[..., 0]
    realised = (values * state.award.units).sum(axis=1)
    ranked = np.sort(values, axis=1)[:, ::-1]
    place = np.clip(state.tick - 1, 0, scenario.num_agents - 1)
    best = np.take_along_axis(ranked, place[:, None], axis=1)[:, 0]
    return welfare_of(state.award, realised, np.where(state.tick <= scenario.num_agents, best, 0.0))

"""A look at a policy in its market: one episode in each of many markets, as scalars and histograms."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.engine.levers import feature_of
from econo_env.market import market_of
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario

LONGEST_LOOK = 256
"""Ticks after which a look ends, however long the episode is."""


class Look(NamedTuple):
    """What was seen.

    Attributes:
        utility: Mean reward of an agent in an episode, in credits.
        scalars: Means of the market's series, by name.
        histograms: The series with one entry an agent and tick, by name.
    """

    utility: float
    scalars: dict[str, float]
    histograms: dict[str, NDArray[Any]]


def look(scenario: Scenario, policy: Policy, seed: int, num_markets: int) -> Look:
    """Plays one episode in every market.

    Args:
        scenario: The market; its row's `view.series` says what there is to see. Columns named in its
            `view.drawn_ahead` are handed to it as they were before the tick.
        policy: Plays all seats.
        seed: Fixes the markets' luck and the policy's.
        num_markets: Markets played.
    """
    market = market_of(scenario)
    engine = Engine(scenario, num_markets)
    engine.reset(seed)
    player = Player(policy)
    player.reset(seed)
    buffers = engine.buffers
    ahead, series = market.view.drawn_ahead, market.view.series
    utility = np.zeros((num_markets, scenario.num_agents))
    seen: dict[str, list[NDArray[Any]]] = {}
    for _ in range(min(scenario.max_cycles, LONGEST_LOOK)):
        running = ~buffers.ended
        before = {name: getattr(engine.state, name).copy() for name in ahead}
        engine.step(player.act(buffers.observations, buffers.action_mask))
        player.observe(buffers.rewards, buffers.ended)
        utility += buffers.rewards * running[:, None]
        if series is not None:
            for name, values in series(scenario, engine.state._replace(**before)).items():
                seen.setdefault(name, []).append(np.asarray(values)[running])
        for name, column in engine.levers.items():
            seen.setdefault(feature_of(name), []).append(np.asarray(column)[running])
        for part in scenario.parts():
            if part.series is not None:
                for name, values in part.series(scenario, engine.world).items():
                    seen.setdefault(name, []).append(np.asarray(values)[running])
        if buffers.ended.all():
            break
    whole = {name: np.concatenate(parts) for name, parts in seen.items()}
    scalars = {name: _mean(values) for name, values in whole.items()}
    histograms = {name: values.reshape(-1) for name, values in whole.items() if values.ndim > 1}
    return Look(float(utility.mean()), scalars, histograms)


def _mean(values: NDArray[Any]) -> float:
    shown = values[np.isfinite(values)]
    return float(shown.mean()) if shown.size else float("nan")

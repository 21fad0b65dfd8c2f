"""Arms: the few strategies among which a learner chooses, the same in every tick."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from econo_env.engine.state import Float32s, Float64s, Int64s
from econo_env.market import market_of, offered
from econo_env.policies.options import whole
from econo_env.policy import Actions, Observations
from econo_env.scenario import Scenario

OF = ("truth", "action")
"""What the levels of arms are: multiples of the truth, or actions themselves."""
MOST = 4096


class Arms(Protocol):
    """What a learner chooses among.

    Attributes:
        levels: float64 (arms,), rising.
    """

    levels: Float64s

    def play(self, observations: Observations, played: Int64s) -> Actions:
        """The actions of arms by number, (markets, agents), for what is seen, (markets, agents, features)."""
        ...

    def each(self, observations: Observations) -> Float32s:
        """What each arm would do: the first component of its action, (markets, agents, arms)."""
        ...


class _Actions:
    """Levels are actions: of a market whose actions have one component."""

    def __init__(self, levels: Float64s) -> None:
        self.levels, self._actions = levels, levels.astype(np.float32)[:, None]

    def play(self, observations: Observations, played: Int64s) -> Actions:
        actions: Float32s = self._actions[played]
        return actions

    def each(self, observations: Observations) -> Float32s:
        return np.broadcast_to(self._actions[:, 0], (*observations.shape[:-1], len(self.levels)))


class _MultiplesOfTruth:
    """Levels are multiples of the own value, or cost."""

    def __init__(self, levels: Float64s, scenario: Scenario, scaled: Callable[..., Actions]) -> None:
        self.levels, self._scenario, self._scaled = levels, scenario, scaled

    def play(self, observations: Observations, played: Int64s) -> Actions:
        return self._scaled(self._scenario, observations, self.levels[played])

    def each(self, observations: Observations) -> Float32s:
        actions: Float32s = self._scaled(self._scenario, observations[..., None, :], self.levels)[..., 0]
        return actions


def arms_of(scenario: Scenario, of: str, arms: int, lowest: float, highest: float) -> Arms:
    """A grid of arms.

    Args:
        scenario: The market.
        of: `truth`: multiples of the truth, from 0 to 2; `action`: actions, from -1 to 1.
        arms: How many, from 2 on.
        lowest: The least level.
        highest: The largest.

    Raises:
        ValueError: Something is out of range, or the market does not offer these arms.
    """
    if of not in OF:
        raise ValueError(f"of={of!r}: arms are multiples of the `truth`, or of `action`s")
    count = whole("arms", arms, 2, MOST)
    least, most = (0.0, 2.0) if of == "truth" else (-1.0, 1.0)
    if not least <= float(lowest) < float(highest) <= most:
        raise ValueError(f"lowest={lowest!r}, highest={highest!r}: {least:g} <= lowest < highest <= {most:g} must hold")
    levels = np.linspace(float(lowest), float(highest), count)
    market = market_of(scenario)
    if of == "truth":
        return _MultiplesOfTruth(levels, scenario, offered(market.baselines.scaled, "multiples of the truth", scenario))
    if len(components := market.actions(scenario)) != 1:
        raise ValueError(
            f"{scenario.id}: an action has {len(components)} components ({', '.join(components)}); a grid of actions "
            "needs one: choose of=truth"
        )
    return _Actions(levels)


def grid_of(
    scenario: Scenario, of: str = "truth", arms: int = 21, lowest: float | None = None, highest: float | None = None
) -> Arms:
    """The arms of a learner's options, see `arms_of`: by default the multiples 0, 0.1, ..., 2 of the truth."""
    least, most = (0.0, 2.0) if of == "truth" else (-1.0, 1.0)
    return arms_of(scenario, of, arms, least if lowest is None else lowest, most if highest is None else highest)

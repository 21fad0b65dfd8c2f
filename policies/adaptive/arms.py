"""Arms: the few strategies among which a learner chooses, the same in every tick."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from econo_env.baselines import CompiledActions
from econo_env.engine.compiled import compiled
from econo_env.engine.exponential import in_lanes
from econo_env.engine.state import Float32s, Float64s, Int64s
from econo_env.market import market_of, offered
from econo_env.policies.options import whole
from econo_env.policy import Actions, Observations
from econo_env.scenario import Scenario

Number = TypeVar("Number", bound=np.generic)
OF = ("truth", "action")
"""What the levels of arms are: multiples of the truth, or actions themselves."""
MOST = 4096


class Arms(Protocol):
    """What a learner chooses among.

    Attributes:
        levels: float64 (arms,), rising.
        compiled: The same actions for compiled loops, `(constants, seen, arm)`; None where there is no such form.
    """

    levels: Float64s
    compiled: CompiledActions | None

    def play(self, observations: Observations, played: Int64s) -> Actions:
        """The actions of arms by number, (markets, agents), for what is seen, (markets, agents, features)."""
        ...


class Grid(NamedTuple):
    """Actions of one component."""

    fixed: Float32s  # (arms,)
    varies: Int64s  # none of them


@compiled
def action_on_grid(grid: Grid, seen: Float32s, arm: int) -> float:
    """The action of an arm, whatever is seen."""
    return float(grid.fixed[arm])


class NoArms(NamedTuple):
    """Of arms whose actions are worked out elsewhere."""


@compiled
def no_action(arms: NoArms, seen: Float32s, arm: int) -> float:
    """For loops that write no actions."""
    return 0.0


ELSEWHERE = CompiledActions(no_action, NoArms())
"""In loops where actions are worked out elsewhere."""


class _Actions:
    """Levels are actions: of a market whose actions have one component."""

    def __init__(self, levels: Float64s) -> None:
        self.levels, self._actions = levels, levels.astype(np.float32)[:, None]
        self.compiled: CompiledActions | None = CompiledActions(
            action_on_grid, Grid(_filled_up(self._actions[:, 0]), np.zeros(0, dtype=np.int64))
        )

    def play(self, observations: Observations, played: Int64s) -> Actions:
        actions: Float32s = self._actions[played]
        return actions


class _MultiplesOfTruth:
    """Levels are multiples of the own value, or cost."""

    def __init__(
        self, levels: Float64s, scenario: Scenario, scaled: Callable[..., Actions], within: CompiledActions | None
    ) -> None:
        self.levels, self._scenario, self._scaled, self.compiled = levels, scenario, scaled, within

    def play(self, observations: Observations, played: Int64s) -> Actions:
        return self._scaled(self._scenario, observations, self.levels[played])


def _filled_up(levels: NDArray[Number]) -> NDArray[Number]:
    """The levels, and the last one again up to whole lanes."""
    return np.pad(levels, (0, in_lanes(len(levels)) - len(levels)), mode="edge")


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
        scaled, multiples = offered(market.baselines.scaled, "multiples of the truth", scenario), None
        if market.baselines.multiples is not None and len(market.action_names(scenario)) == 1:
            multiples = market.baselines.multiples(scenario, _filled_up(levels))
        return _MultiplesOfTruth(levels, scenario, scaled, multiples)
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

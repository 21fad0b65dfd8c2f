"""Forms of an agent's action: numbers in [-1, 1], or numbers of choices on a grid of them.

With `actions="discrete"` an agent sends one whole number, with `"multi_discrete"` one for each component:

| choice | means |
| --- | --- |
| 0 | no bid, the only one open to an agent that may not act |
| 1 | the truthful action for what the agent observes |
| 2 + j | level j of the grid, -1 + 2 j / (levels - 1) |

`discrete` joins the levels of several components into one number, 2 + (j0 * levels1 + j1) * levels2 + j2 and so on. In
`multi_discrete` choices 0 and 1 are made for each component; in most markets no bid in one component is no bid at all.
In components that parts of the economy add (`docs/economy.md`) choices 0 and 1 do nothing, as level 0.0 does.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
from gymnasium.spaces import Discrete, Space
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.state import Bools, Float32s
from econo_env.interfaces.spaces import ActionBox, MaskedMultiDiscrete, fits, whole_number
from econo_env.market import market_of
from econo_env.scenario import Scenario

ActionKind = Literal["box", "discrete", "multi_discrete"]
Levels = int | Sequence[int]
LEVELS = 21
"""Levels of a component by default: steps of 0.1, 0 among them."""
MOST_CHOICES = 65_536
NO_BID, TRUTHFUL, FIRST_LEVEL = 0, 1, 2


class ActionForm(Protocol):
    """What one agent sends, and what the engine makes of it.

    Attributes:
        shape: Shape of one agent's action.
        mask_size: Entries of one agent's action mask.
        wanted: What to send, for messages.
    """

    shape: tuple[int, ...]
    mask_size: int
    wanted: str

    def space(self) -> Space[Any]:
        """A new action space of one agent."""
        ...

    def accepts(self, rows: NDArray[Any], leading: tuple[int, ...]) -> bool:
        """Whether `rows`, shape (*leading, *shape), are all actions of this form."""
        ...

    def masks(self, may_act: Bools) -> NDArray[np.int8]:
        """Action masks, int8 (..., mask_size), for agents that may act or not, (...)."""
        ...

    def decoded(self, rows: NDArray[Any], observations: Float32s) -> NDArray[Any]:
        """The engine's actions (..., components) for rows of this form and what the agents observe, (..., features)."""
        ...


class BoxActions:
    """Numbers in [-1, 1], one for each component; see `ActionForm`."""

    def __init__(self, scenario: Scenario) -> None:
        names = market_of(scenario).action_names(scenario)
        self.shape: tuple[int, ...] = (len(names),)
        self.mask_size = 1
        self.wanted = (
            f"give {len(names)} number{'s' * (len(names) > 1)} ({', '.join(names)}) from -1 to 1 as an array of shape "
            f"{self.shape}; np.clip mends a value outside"
        )

    def space(self) -> ActionBox:
        """Box(-1, 1), float32 (components,)."""
        return ActionBox(self.shape[0])

    def accepts(self, rows: NDArray[Any], leading: tuple[int, ...]) -> bool:
        """Whether all are real numbers in [-1, 1]; NaN is not."""
        return fits(rows, leading + self.shape)

    def masks(self, may_act: Bools) -> NDArray[np.int8]:
        """One entry an agent: 1 may act."""
        return may_act[..., None].astype(np.int8)

    def decoded(self, rows: NDArray[Any], observations: Float32s) -> NDArray[Any]:
        """The rows as they are."""
        return rows


class GridActions:
    """Numbers of choices on a grid; see the module, and `ActionForm`."""

    def __init__(
        self, scenario: Scenario, kind: Literal["discrete", "multi_discrete"], levels: Levels = LEVELS
    ) -> None:
        market = market_of(scenario)
        components, own = len(market.action_names(scenario)), len(market.actions(scenario))
        counts = _counts(levels, components)
        self._scenario, self._truthful = scenario, market.baselines.truthful
        self._joined = kind == "discrete" or components == 1
        self._counts = counts
        self._no_bid = np.where(np.arange(components) < own, np.float32(np.nan), np.float32(0.0))
        self._values = [np.linspace(-1.0, 1.0, count) for count in counts]
        if self._joined:
            choices = math.prod(counts) + FIRST_LEVEL
            if choices > MOST_CHOICES:
                raise ValueError(
                    f"action_levels={levels!r} make {choices:,} choices of {components} components, at most "
                    f"{MOST_CHOICES:,} are taken: give fewer, one number for each component, or "
                    "actions='multi_discrete'"
                )
            self._choices = np.array([choices])
        else:
            self._choices = np.array(counts) + FIRST_LEVEL
        multi = kind == "multi_discrete"
        self.shape: tuple[int, ...] = (components,) if multi else ()
        self.mask_size = int(self._choices.sum())
        self._masks = np.ones((2, self.mask_size), dtype=np.int8)
        self._masks[0] = 0
        self._masks[0, np.concatenate([[0], np.cumsum(self._choices)[:-1]])] = 1
        highest = (self._choices - 1).tolist()
        self.wanted = (
            f"give whole numbers of shape ({components},), from 0 to {highest}"
            if multi
            else f"give a whole number from 0 to {highest[0]}"
        )

    def space(self) -> Space[Any]:
        """Discrete, or MultiDiscrete with one entry a component."""
        return MaskedMultiDiscrete(self._choices) if self.shape else Discrete(int(self._choices[0]))

    def accepts(self, rows: NDArray[Any], leading: tuple[int, ...]) -> bool:
        """Whether all are whole numbers of choices."""
        right = rows.shape == leading + self.shape and rows.dtype.kind in "iu" and rows.size > 0
        return bool(right and rows.min() >= 0 and (rows < (self._choices if self.shape else self._choices[0])).all())

    def masks(self, may_act: Bools) -> NDArray[np.int8]:
        """One entry a choice, component after component: all of them, or only 0 for an agent that may not act."""
        return self._masks[may_act.astype(np.intp)]

    def decoded(self, rows: NDArray[Any], observations: Float32s) -> NDArray[Any]:
        """Levels and truthful actions as numbers, NaN for no bid."""
        chosen = rows if self.shape else rows[..., None]
        levels = chosen.astype(np.int64) - FIRST_LEVEL
        if self._joined:
            levels = np.stack(np.unravel_index(np.maximum(levels[..., 0], 0), self._counts), axis=-1)
        columns = [values[np.maximum(levels[..., c], 0)] for c, values in enumerate(self._values)]
        actions = np.stack(columns, axis=-1).astype(np.float32)
        actions = np.where(chosen == NO_BID, self._no_bid, actions)
        truthful = chosen == TRUTHFUL
        if truthful.any():
            actions = np.where(truthful, self._truthful(self._scenario, observations), actions)
        return actions


def action_form(scenario: Scenario, kind: ActionKind, levels: Levels = LEVELS) -> ActionForm:
    """The form of the actions of an API.

    Args:
        scenario: Configuration.
        kind: `box`, `discrete` (one number) or `multi_discrete` (one for each component).
        levels: Levels of the grid, one number for all components or one for each; `box` has none.

    Raises:
        ValueError: `kind` is unknown, or `levels` are no grid or too many choices.
    """
    if kind == "box":
        return BoxActions(scenario)
    if kind in ("discrete", "multi_discrete"):
        return GridActions(scenario, kind, levels)
    raise ValueError(f"actions={kind!r} is unknown: choose one of 'box', 'discrete', 'multi_discrete'")


def checked_rows(rows: ArrayLike, form: ActionForm, leading: tuple[int, ...]) -> NDArray[Any]:
    """A batch of actions as an array.

    Raises:
        ValueError: They are not all of the form.
    """
    given = np.asarray(rows)
    if not form.accepts(given, leading):
        raise ValueError(f"actions must be an array of shape {leading + form.shape}: for each agent, {form.wanted}")
    return given


def _counts(levels: Any, components: int) -> tuple[int, ...]:
    given = list(levels) if isinstance(levels, Sequence) and not isinstance(levels, str) else [levels] * components
    counts = tuple(whole_number("action_levels", count) for count in given)
    if len(counts) != components or min(counts, default=0) < 2:
        raise ValueError(
            f"action_levels={levels!r}: give a whole number of at least 2, or a list of {components}, one a component"
        )
    return counts

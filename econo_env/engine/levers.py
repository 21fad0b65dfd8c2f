"""Levers: parameters of a scenario that may be moved, for each market and between any two ticks.

A parameter is a constant of the compiled loop. Where a scenario lists it among its `levers` it is a column instead, one
entry a market, which the loop puts in the constant's place before it comes to the market: kernels know no difference.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.feature import Feature, each_of
from econo_env.engine.state import Bools, Column, Float32s, Float64s, Int64s
from econo_env.money import LARGEST_CREDITS, to_credits, to_money


class Levers(NamedTuple):
    """Where the levers of a batch of markets stand."""

    money: Annotated[Int64s, Column(np.int64, ("money_levers",), "micro-credits")]
    numbers: Annotated[Float64s, Column(np.float64, ("numbers_levers",), "as the scenario has them")]


class Scales(NamedTuple):
    """How agents see the levers that parts move, constants of the loop: one entry a lever."""

    money: Bools  # in which of the two columns it stands
    at: Int64s  # at what place there
    low: Float64s  # as the column holds it
    scale: Float64s  # what a unit of the column is worth in the observation


@dataclass(frozen=True)
class Lever:
    """A parameter that may be moved: nothing else may be computed from it when a scenario is loaded.

    Attributes:
        name: Where it stands in a scenario: `mechanism.reserve`. On the row of a part the key in its section.
        paths: Where kernels read it among the constants of its market or part: `rule.reserve`.
        meaning: What it is, for agents that see where it stands.
        money: Whether it is an amount, in credits.
        low: The least that it can ever be.
        high: The most.
        fixed: Why it cannot be moved in this scenario; None where it can.
    """

    name: str
    paths: tuple[str, ...]
    meaning: str
    money: bool = True
    low: float = 0.0
    high: float = LARGEST_CREDITS
    fixed: str | None = None

    @property
    def unit(self) -> str:
        """What it is measured in, for messages."""
        return "credits" if self.money else "numbers"


@dataclass(frozen=True)
class Slot:
    """A lever of a scenario, and where it stands among its levers of the same type.

    Attributes:
        lever: Its row, with its name in the scenario, and its paths from the constants of all.
        low: The least that this scenario lets it be.
        high: The most.
        start: Where it stands after `Engine.reset`.
        at: Its place in the column.
        by_part: Whether a part of the economy moves it, in the loop.
    """

    lever: Lever
    low: float
    high: float
    start: float
    at: int
    by_part: bool = False

    @property
    def column(self) -> str:
        """Its column of `Levers`."""
        return "money" if self.lever.money else "numbers"

    @property
    def feature(self) -> str:
        """The name of the observation that shows where it stands, and of its series."""
        return feature_of(self.lever.name)

    def stored(self, levels: ArrayLike) -> NDArray[Any]:
        """Levels as the column holds them."""
        return to_money(levels) if self.lever.money else np.asarray(levels, dtype=np.float64)

    def levels(self, stored: NDArray[Any]) -> Float64s:
        """What the column holds as levels; a copy."""
        return to_credits(stored) if self.lever.money else np.array(stored, dtype=np.float64)

    @property
    def scale(self) -> tuple[float, float]:
        """Least level as stored and what a unit of the column is worth in the observation."""
        low, high = (float(self.stored(end)) for end in (self.low, self.high))
        return low, 1.0 / (high - low) if high > low else 0.0


def scales(slots: Sequence[Slot]) -> Scales:
    """Those of a scenario's levers."""
    followed = [slot for slot in slots if slot.by_part]
    low, scale = np.array([slot.scale for slot in followed], dtype=np.float64).reshape(-1, 2).T.copy()
    return Scales(
        np.array([slot.lever.money for slot in followed], dtype=np.bool_),
        np.array([slot.at for slot in followed], dtype=np.int64),
        low,
        scale,
    )


@compiled
def level_shown(k: int, j: int, world: Any, params: Any) -> float:
    """Where the j-th of the levers that parts move stands in its range."""
    at = params.levers.at[j]
    stored = float(world.levers.money[k, at]) if params.levers.money[j] else world.levers.numbers[k, at]
    return float((stored - params.levers.low[j]) * params.levers.scale[j])


def features_of(slots: Sequence[Slot]) -> tuple[Feature, ...]:
    """What agents see of levers: the loop writes those that parts move, the engine the others when they are moved."""
    told = [
        (slot.feature, f"{slot.lever.meaning}, now: 0 at {slot.low:g}, 1 at {slot.high:g} {slot.lever.unit}")
        for slot in slots
    ]
    still = tuple(Feature(*one) for one, slot in zip(told, slots, strict=True) if not slot.by_part)
    return still + each_of(told[len(still) :], level_shown, shared=True)


def feature_of(name: str) -> str:
    """The name of the observation of a lever: `mechanism.reserve` is seen as `mechanism_reserve`."""
    return name.replace(".", "_")


class UnknownLeverError(KeyError):
    """A scenario does not have the lever; the message says which it has."""

    def __str__(self) -> str:
        """The message, without the quotation marks of a key."""
        return str(self.args[0])


class LeverColumn:
    """A lever in a batch of markets, read and written as an array of shape (markets,) is.

    Attributes:
        slot: The lever and its range.
    """

    def __init__(self, slot: Slot, column: NDArray[Any], shown: Float32s, require_ready: Callable[[], None]) -> None:
        """Takes its column (markets,) and the observations of it (markets, agents)."""
        self.slot = slot
        self._column, self._shown, self._require_ready = column, shown, require_ready

    def __len__(self) -> int:
        """Markets."""
        return len(self._column)

    def __getitem__(self, where: Any) -> Any:
        """Levels of these markets, credits or plain numbers; a copy."""
        return self.slot.levels(self._column[where])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All levels, (markets,)."""
        return np.asarray(self[:], dtype=dtype)

    def __setitem__(self, where: Any, levels: ArrayLike) -> None:
        """Moves the lever in these markets; the engine's observations show it at once, the coming tick goes by it.

        Raises:
            ValueError: A level is NaN or out of range, or there are not as many as markets; nothing has changed then.
            IndexError: There is no such market.
            RuntimeError: `reset` has not been called.
        """
        self._require_ready()
        slot, places = self.slot, np.arange(len(self._column))[where]
        given = np.asarray(levels, dtype=np.float64)
        if given.ndim and given.shape != places.shape:
            raise ValueError(
                f"levers[{slot.lever.name!r}] got levels of shape {given.shape}: give one, or {places.shape}"
            )
        outside = ~((given >= slot.low) & (given <= slot.high))
        if outside.any():
            raise ValueError(
                f"levers[{slot.lever.name!r}] = {given[outside].flat[0]:g}: give {slot.lever.unit} from {slot.low:g} "
                f"to {slot.high:g}, or widen its range in the scenario"
            )
        self.put(where, given)

    def put(self, where: Any, levels: ArrayLike) -> None:
        """Moves the lever, and what agents see of it; the levels are known to be right."""
        self._column[where] = self.slot.stored(levels)
        low, scale = self.slot.scale
        self._shown[where] = ((self._column[where] - low) * scale)[..., None]


class EngineLevers(Mapping[str, LeverColumn]):
    """The levers of an engine by name: `levers["mechanism.reserve"][:] = 0.4`."""

    def __init__(
        self, slots: Sequence[Slot], columns: Levers | None, shown: Float32s, require_ready: Callable[[], None]
    ) -> None:
        """Takes the slots, the columns and the observations of the levers (markets, agents, levers)."""
        self._columns = {
            slot.lever.name: LeverColumn(
                slot, columns._asdict()[slot.column][:, slot.at], shown[..., number], require_ready
            )
            for number, slot in enumerate(slots)
            if columns is not None
        }

    def __getitem__(self, name: str) -> LeverColumn:
        """The lever of that name.

        Raises:
            UnknownLeverError: The scenario has no such lever.
        """
        if name not in self._columns:
            known = ", ".join(self._columns) or "none"
            raise UnknownLeverError(
                f"{name!r} is no lever of this scenario, which has {known}: list it with its range under levers, such "
                "as {mechanism.reserve: [0.0, 1.0]}"
            )
        return self._columns[name]

    def start(self, where: Any) -> None:
        """Puts the levers of these markets where the scenario has them."""
        for column in self._columns.values():
            column.put(where, column.slot.start)

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._columns)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._columns)

"""Typed state: a market declares its arrays once, name, dtype, shape and unit in one line each.

A state is a `NamedTuple` of arrays whose first axis is the market; Numba passes it to the rules as it is.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

StateType = TypeVar("StateType", bound=tuple[Any, ...])

_LINE = 64  # bytes of a line of the cache
_APART = 5  # lines between arrays, without a common factor with the number of lines that have places of their own


@dataclass(frozen=True)
class Column:
    """One array of a state.

    Attributes:
        dtype: NumPy dtype.
        axes: Names of the axes after the market, resolved to sizes when the state is allocated.
        unit: What one entry is measured in.
    """

    dtype: type[np.generic]
    axes: tuple[str, ...] = ()
    unit: str = ""


def columns(state_type: type[StateType]) -> dict[str, Column]:
    """The declared arrays of a state type, by name, in order; those of a record within it as `record.name`.

    A member that is None holds no arrays: what is not configured, which compiled code leaves out by its type.
    """
    found: dict[str, Column] = {}
    for name, hint in get_type_hints(state_type, include_extras=True).items():
        if get_origin(hint) is Annotated:
            found[name] = get_args(hint)[1]
        elif hint is not NoneType:
            found |= {f"{name}.{inner}": column for inner, column in columns(hint).items()}
    return found


def allocate(state_type: type[StateType], num_markets: int, sizes: Mapping[str, int]) -> StateType:
    """A zeroed state for `num_markets` markets; `sizes` gives the length of each named axis.

    All arrays lie in one piece of memory, which a system may map by large pages, a few lines of the cache apart: arrays
    whose sizes are powers of two would else keep their rows of one market in one place of the cache, where each drives
    out the next.
    """
    shapes, starts, end = [], [], 0
    for column in columns(state_type).values():
        shape = (num_markets, *(sizes[axis] for axis in column.axes))
        shapes.append((shape, np.dtype(column.dtype)))
        starts.append(end)
        end += (math.ceil(math.prod(shape) * shapes[-1][1].itemsize / _LINE) + _APART) * _LINE
    room = np.zeros(end + _LINE, dtype=np.uint8)
    room = room[-room.ctypes.data % _LINE :]
    pieces = zip(starts, shapes, strict=True)
    return filled(state_type, (np.ndarray(shape, kind, room, start) for start, (shape, kind) in pieces))


def filled(state_type: type[StateType], arrays: Iterable[NDArray[Any]]) -> StateType:
    """A state of these arrays, which come in the order of `columns`."""
    made: StateType = _filled(state_type, iter(arrays))
    return made


def _filled(state_type: Any, rest: Iterator[NDArray[Any]]) -> Any:
    if state_type is NoneType:
        return None
    hints = get_type_hints(state_type, include_extras=True).values()
    return state_type(*(next(rest) if get_origin(hint) is Annotated else _filled(hint, rest) for hint in hints))


def arrays_of(state: tuple[Any, ...]) -> list[NDArray[Any]]:
    """The arrays of a state, of records within it too, in the order of `columns`."""
    found: list[NDArray[Any]] = []
    for entry in state:
        if entry is not None:
            found += arrays_of(entry) if isinstance(entry, tuple) else [entry]
    return found


def each_array(state: StateType, change: Callable[[NDArray[Any]], NDArray[Any]]) -> StateType:
    """The state with each of its arrays changed, e.g. copied or cut."""
    return filled(type(state), (change(array) for array in arrays_of(state)))


def bytes_of(state_type: type[StateType], num_markets: int, sizes: Mapping[str, int]) -> int:
    """Bytes that `allocate` would take."""
    rows = (
        math.prod(sizes[axis] for axis in c.axes) * np.dtype(c.dtype).itemsize for c in columns(state_type).values()
    )
    return num_markets * sum(rows)


Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
Int64s = NDArray[np.int64]
UInt64s = NDArray[np.uint64]
Bools = NDArray[np.bool_]
Arrays = dict[str, NDArray[Any]]
"""Arrays by name."""

Key = Annotated[UInt64s, Column(np.uint64, (), "random key of the market")]
Episode = Annotated[Int64s, Column(np.int64, (), "episodes since the seed")]
Tick = Annotated[Int64s, Column(np.int64, (), "ticks played in this episode")]
"""Columns that every market has."""


class StepBuffers(NamedTuple):
    """What passes between the engine and those who act: actions in, everything else out."""

    actions: Annotated[Float32s, Column(np.float32, ("agents", "actions"), "-1 to 1")]
    observations: Annotated[Float32s, Column(np.float32, ("agents", "features"), "0 to 1 or -1 to 1")]
    action_mask: Annotated[Bools, Column(np.bool_, ("agents",), "may act in the coming tick")]
    rewards: Annotated[Float64s, Column(np.float64, ("agents",), "credits")]
    terminated: Annotated[Bools, Column(np.bool_, ("agents",), "")]
    truncated: Annotated[Bools, Column(np.bool_, ("agents",), "")]
    ended: Annotated[Bools, Column(np.bool_, (), "the episode ended with this tick")]
    final_observations: Annotated[Float32s, Column(np.float32, ("agents", "features"), "before an auto-reset")]
    invalid_actions: Annotated[Int64s, Column(np.int64, (), "count since the engine was made")]

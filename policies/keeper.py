"""What is common to policies that keep a record by market and agent: it begins with the first act, and is replayed."""

from typing import Any, Generic, TypeVar, cast

import numpy as np

from econo_env.engine.rng import market_keys
from econo_env.engine.state import Bools, Float32s, allocate, columns
from econo_env.policy import Mask, Memory, Observations
from econo_env.scenario import Scenario

Record = TypeVar("Record", bound=tuple[Any, ...])


class Keeper(Generic[Record]):
    """Keeps one record, whose arrays have the market as first axis, and keys of each market's luck.

    Attributes:
        name: Its name in tables.
        scenario: The market.
        memory: The record; None before the first `act`.
    """

    def __init__(self, name: str, scenario: Scenario, kind: type[Record], sizes: dict[str, int], seed: int) -> None:
        """Says what is kept: a NamedTuple of columns, and the lengths of its axes but for `agents`."""
        self.name, self.scenario, self._kind, self._sizes = name, scenario, kind, sizes
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Knows nothing any more, and returns to the first draw of a seed.

        Raises:
            ValueError: The seed is no integer from 0 to 2^64 - 1.
        """
        market_keys(seed, 1)
        self._seed, self._calls = int(seed), 0
        self.memory: Record | None = None
        self._shape: tuple[int, ...] = (0, 0)
        self._keys = market_keys(self._seed, 0)

    def snapshot(self) -> Memory:
        """A copy of all that is remembered."""
        return {} if self.memory is None else {name: array.copy() for name, array in self._named(self.memory)}

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        if not memory:
            self.memory = None
            return
        kept = allocate(self._kind, 0, self._sizes | {"agents": 0})
        self.memory = self._kind(*(memory[name].copy() for name, _ in self._named(kept)))
        by_agent = next(name for name, column in columns(self._kind).items() if column.axes[:1] == ("agents",))
        self._shape = memory[by_agent].shape[:2]
        self._know(self._shape[0])

    def _named(self, record: Record) -> Any:
        return zip(cast(Any, record)._fields, record, strict=True)

    def _know(self, markets: int) -> None:
        if len(self._keys) != markets:
            self._keys = market_keys(self._seed, markets)

    def _looked(self, observations: Observations, mask: Mask) -> tuple[Float32s, Bools]:
        """Observations (markets, agents, features) and mask (markets, agents), however many axes they came with."""
        given = np.asarray(mask, dtype=np.bool_)
        free = given.reshape(-1, given.shape[-1] if given.ndim else 1)
        return np.asarray(observations).reshape(*free.shape, np.shape(observations)[-1]), free

    def _begun(self, shape: tuple[int, ...]) -> Record:
        """The record, made with the first act.

        Raises:
            ValueError: There are other markets or agents than at first.
        """
        if self.memory is None:
            self.memory = allocate(self._kind, shape[0], self._sizes | {"agents": shape[1]})
            self._shape = (shape[0], shape[1])
            self._know(shape[0])
        if self._shape != shape:
            raise ValueError(
                f"{self.name} began with {self._shape[0]} markets of {self._shape[1]} agents, now sees {shape[0]} of "
                f"{shape[1]}: reset it first"
            )
        return self.memory

"""Blocks of markets as one wide market each: the same memory, read with more agents in a row."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.state import each_array

Record = TypeVar("Record", bound=tuple[Any, ...])

AGENTS_IN_A_BLOCK = 256
"""Enough to be worth vector instructions, and few enough that all columns of a block stay in the first-level cache."""


def block_size(num_agents: int, num_markets: int) -> int:
    """Markets in a block; 1 where blocks are not worth it, or there are fewer markets than fill one."""
    size = AGENTS_IN_A_BLOCK // num_agents
    return size if 1 < size <= num_markets else 1


def in_blocks(record: Record, size: int) -> Record:
    """The whole blocks of a record's markets, (blocks, size * agents, ...) for (markets, agents, ...).

    What a market has once has no place in a block: an array of its own, 0 for each block, stands there.
    """
    return each_array(record, lambda array: _in_blocks(array, size))


def _in_blocks(array: NDArray[Any], size: int) -> NDArray[Any]:
    blocks = array.shape[0] // size
    if array.ndim == 1:
        return np.zeros(blocks, dtype=array.dtype)
    return array[: blocks * size].reshape(blocks, size * array.shape[1], *array.shape[2:])

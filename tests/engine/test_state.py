"""Where the arrays of a state lie: apart, on lines of the cache, and not all rows of a market in one place of it."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

import econo_env
from econo_env.engine.state import StepBuffers, allocate, arrays_of, bytes_of, columns

LINE, FIRST_LEVEL = 64, 4096  # bytes: of a line, and after how many of them addresses share their place in the cache
WAYS = 8  # lines of one place that the smallest first-level cache of today holds


def allocated(markets, agents):
    program = econo_env.load("task_market_v0", num_agents=agents).program()
    return [(kind, program.sizes, allocate(kind, markets, program.sizes)) for kind in (program.state, StepBuffers)]


@pytest.mark.parametrize(("markets", "agents"), [(1, 1), (3, 5), (4096, 8)])
def test_arrays_are_zero_aligned_and_apart(markets, agents):
    for kind, sizes, state in allocated(markets, agents):
        arrays, declared = arrays_of(state), columns(kind).values()
        assert sum(array.nbytes for array in arrays) == bytes_of(kind, markets, sizes)
        for array, column in zip(arrays, declared, strict=True):
            assert array.shape == (markets, *(sizes[axis] for axis in column.axes))
            assert array.dtype == column.dtype
            assert array.flags.c_contiguous
            assert array.flags.writeable
            assert array.ctypes.data % LINE == 0
            assert not array.any()
        spans = sorted((array.ctypes.data, array.ctypes.data + array.nbytes) for array in arrays)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
        rng = np.random.default_rng(0)
        written = [rng.integers(0, 2, array.shape).astype(array.dtype) for array in arrays]
        for array, values in zip(arrays, written, strict=True):
            array[...] = values
        for array, values in zip(arrays, written, strict=True):
            np.testing.assert_array_equal(array, values)


def test_rows_of_one_market_have_places_of_their_own_in_the_cache():
    for _, _, state in allocated(4096, 8):
        places = Counter(array[77:].ctypes.data % FIRST_LEVEL // LINE for array in arrays_of(state) if array.size)
        assert max(places.values()) <= WAYS // 2

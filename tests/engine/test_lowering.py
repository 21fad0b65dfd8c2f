"""Elements of arrays in compiled code are those of plain Python, however an array is reached, indexed and laid out."""

from typing import NamedTuple

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import machine_code
from econo_env.engine.pipeline import LoopCompiler

ROWS, COLUMNS, DEPTH = 3, 4, 5


class Tables(NamedTuple):
    """Arrays of each number of dimensions and type, one with gaps."""

    whole: object
    real: object
    other: object
    deep: object
    truths: object
    few: object
    gaps: object
    many: object


def guarded(array):
    """A copy with room before and behind it: what a wrong address writes there harms nothing else."""
    room = np.zeros((3 * 8 + len(array), *array.shape[1:]), array.dtype)
    room[8 : 8 + len(array)] = array
    return room[8 : 8 + len(array)]


def tables(seed):
    """Random contents; the same for the same seed."""
    draw = np.random.default_rng(seed)
    return Tables(
        guarded(draw.integers(-9, 9, (ROWS, COLUMNS))),
        guarded(draw.uniform(-9, 9, (ROWS, COLUMNS))),
        guarded(draw.uniform(-9, 9, (ROWS, COLUMNS))),
        guarded(draw.uniform(-9, 9, (ROWS, COLUMNS, DEPTH)).astype(np.float32)),
        guarded(draw.integers(0, 2, (ROWS, COLUMNS)).astype(bool)),
        guarded(draw.integers(-9, 9, COLUMNS)),
        guarded(draw.uniform(-9, 9, (ROWS, 2 * COLUMNS)))[:, ::2],
        guarded(draw.integers(0, 9, (ROWS, COLUMNS)).astype(np.uint64)),
    )


def swap(array, i, j):
    """What was read before a write stays what it was."""
    first, second = array[i], array[j]
    array[i] = second
    array[j] = first
    return first


swap_compiled = compiled(swap)


def use(of, i, j, swap_elements):
    """Reads and writes elements in many ways."""
    array = of.real
    found = array[i, j]
    for turn in range(2):  # a variable that two blocks write
        if turn == 1:
            array = of.other
        found += 10.0 * array[-1 - turn, turn]
    found += 0.5 * of.deep[i, j, -2] + of.gaps[i, j] + of.gaps[-1, -1]
    found += float(of.many[np.uint64(1), j]) + float(of.whole[np.int8(0), np.uint8(2)])
    row = of.real[i]
    row[j] += 1.0
    of.deep[i, -1, np.uint64(3)] = 7.25 + of.real[i, j]
    if of.truths[i, j]:
        of.truths[i, j] = False
        of.whole[i, j] = 3.75  # rounded towards zero
    else:
        of.truths[i, j] = of.few[j] > 0
        of.real[i, j] = of.few[-1]  # a whole number among real ones
    found += swap_elements(of.few, j, 0) + of.few[0]
    of.few[1:3] = of.few[0]
    of.real[-1] = 2.5
    place = (i, j)
    of.many[place] = 5
    of.gaps[i, 0] = found
    of.whole[0, 0] = int(found * 1e6)


@compiled
def run(of, i, j):
    """The same, compiled within a loop."""
    use_compiled(of, i, j, swap_compiled)


use_compiled = compiled(use)
loop = (
    None
    if numba.config.DISABLE_JIT
    else numba.njit(pipeline_class=LoopCompiler, error_model="numpy", nogil=True, _nrt=False)(run.py_func)
)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(-ROWS, ROWS - 1), st.integers(-COLUMNS, COLUMNS - 1))
def test_elements_are_those_of_plain_python(seed, i, j):
    expected, given_ones = tables(seed), tables(seed)
    use(expected, i, j, swap)
    code = machine_code(loop, given_ones, i, j)
    code.call(*code.given)
    for name, one, other in zip(Tables._fields, expected, given_ones, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)

"""The decorator of everything the engine compiles."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compiles a rule with Numba on first use; with `NUMBA_DISABLE_JIT=1` it stays plain Python.

    The GIL is released, division follows NumPy, and no fast-math is allowed: results are the same bit for bit in
    every form.
    """
    return cast(Function, numba.njit(error_model="numpy", nogil=True, forceinline=True, _nrt=False)(function))

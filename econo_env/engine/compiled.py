"""The decorator of everything the engine compiles."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import types
from numba.core.registry import CPUDispatcher

from econo_env.engine.pipeline import LoopCompiler, RuleCompiler

Function = TypeVar("Function", bound=Callable[..., object])

_OPTIONS: dict[str, Any] = {"nopython": True, "error_model": "numpy", "nogil": True, "_nrt": False}
_WITHIN: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


class CompiledRule(CPUDispatcher):  # type: ignore[misc]  # numba ships no types
    """A rule that compiled loops take in without what only a call from Python needs.

    Numba gives every compiled function two entry points for callers outside. A loop calls dozens of rules that
    nobody calls from outside: without those entry points the first compilation takes half the time.
    """

    def __init__(self, py_func: Callable[..., Any], targetoptions: dict[str, Any], **options: Any) -> None:
        """Keeps the form for callers from Python here and the form for compiled callers beside it."""
        super().__init__(py_func, targetoptions=targetoptions, **options)
        self._within = CPUDispatcher(py_func, targetoptions=targetoptions | _WITHIN, pipeline_class=RuleCompiler)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """What a compiled caller sees: the form without outside entry points, one for all constants of a type."""
        return self._within.get_call_template(tuple(map(types.unliteral, args)), kws)

    def get_overload(self, sig: Any) -> Any:
        """The machine code that a compiled caller takes in."""
        return self._within.get_overload(sig)


def compiled(function: Function) -> Function:
    """Compiles a rule with Numba on first use; with `NUMBA_DISABLE_JIT=1` it stays plain Python.

    The GIL is released, division follows NumPy, and no fast-math is allowed: results are the same bit for bit in
    every form.
    """
    if numba.config.DISABLE_JIT:
        return function
    return cast(
        Function, CompiledRule(function, targetoptions=_OPTIONS | {"forceinline": True}, pipeline_class=LoopCompiler)
    )


def seldom(function: Function) -> Function:
    """Compiles a rule that is seldom needed, as `compiled` does, but out of the way of those that call it.

    Of what stands within a loop, the compiler works out ahead of it what is the same at every turn, needed or not.
    """
    if numba.config.DISABLE_JIT:
        return function
    apart = _OPTIONS | {"forceinline": False}  # said, or it would be as in the function that calls it
    return cast(Function, CompiledRule(function, targetoptions=apart, pipeline_class=LoopCompiler))

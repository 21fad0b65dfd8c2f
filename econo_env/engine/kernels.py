"""Turns the text of a loop over markets into compiled functions over a batch of them.

The text is written to a small module in the cache directory, named by a digest of all that it is made
of. Numba then caches the machine code beside it: a change in a rule that the loop uses leads to a fresh compilation, a
change elsewhere, or of words, to none.
The parallel form is the same machine code on ranges of markets, one thread each: the GIL is released, and serial
and parallel results are equal by construction.
"""

import ast
import gc
import hashlib
import importlib
import importlib.util
import inspect
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core.compiler import CompilerBase
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray

from econo_env.engine.compiled import compiled
from econo_env.engine.digest import digest_of, plain
from econo_env.engine.pipeline import BlocksCompiler, LoopCompiler
from econo_env.engine.records import Record, record_type, written
from econo_env.engine.state import StepBuffers

Kernel = Callable[..., None]
TICK, START, SHOW = 0, 1, 2
_LOG = logging.getLogger(__name__)
_COMPILER = ("compiled.py", "lowering.py", "moved.py", "pipeline.py", "records.py")
"""Files that decide how loops are compiled: an edit in them compiles all anew."""


@dataclass(frozen=True)
class Kernels:
    """The compiled functions of one kind of market under one rule.

    Attributes:
        run: `run(first, last, mask, state, params, buffers, widths, task, autoreset)`: task `TICK` is one tick of the
            markets in [first, last), `START` starts an episode where `mask` is set, `SHOW` writes what agents see. One
            function for all, so that what they share is compiled once. The loop over blocks takes state and buffers
            once more as blocks of `size` markets, and `size`: `(..., buffers, wide, wide_buffers, widths, size, ...)`,
            see `econo_env.engine.blocks`.
        source: Where the loop over markets is written.
    """

    run: Kernel
    source: Path


def cache_directory() -> Path:
    """Where compiled code is kept: `$ECONO_ENV_CACHE`, else the user's cache folder, else a temporary one."""
    chosen = os.environ.get("ECONO_ENV_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "econo_env"
    for candidate in [Path(chosen)] if chosen else [base, Path(tempfile.gettempdir()) / f"econo_env-{os.getuid()}"]:
        try:
            candidate.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(candidate, os.W_OK):
            return candidate
    raise PermissionError("no writable cache directory: set ECONO_ENV_CACHE to a folder you may write to")


@cache
def _environment() -> str:
    own = hashlib.blake2b(b"".join((Path(__file__).parent / name).read_bytes() for name in _COMPILER), digest_size=10)
    versions = sys.version, numba.__version__, llvmlite.__version__, np.__version__, platform.machine()
    return repr((*versions, own.hexdigest()))


def _write_once(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as draft:
        draft.write(text)
    Path(draft.name).replace(path)


def cached(function: FunctionType) -> Kernel:
    """Compiles a loop over markets and keeps the machine code on disk."""
    return _kept(function, LoopCompiler)


def cached_in_blocks(function: FunctionType) -> Kernel:
    """The same for a loop over blocks of markets."""
    return _kept(function, BlocksCompiler)


def _kept(function: FunctionType, compiler: type[CompilerBase]) -> Kernel:
    compile_later: Callable[[FunctionType], Kernel] = numba.njit(
        error_model="numpy", nogil=True, cache=True, no_cfunc_wrapper=True, _nrt=False, pipeline_class=compiler
    )
    return compile_later(function)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Suspends the search for cyclic garbage: a compilation makes millions of objects that live until it ends."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(frozen=True)
class MachineCode:
    """What a kernel compiles to, and its arguments as it takes them.

    Attributes:
        call: To be called without looking types up, which takes ten times as long as a tick of one small market.
            Nothing checks the types of a call any more: give arrays of the same types, dimensions and memory order.
        given: Its arguments: the addresses of the named tuples, and all else as it is.
        rooms: What stands at these addresses. Whoever calls holds it, and the arrays that the named tuples hold.
    """

    call: Kernel
    given: tuple[Any, ...]
    rooms: tuple[NDArray[Any], ...] = ()


def machine_code(kernel: Kernel, *arguments: Any) -> MachineCode:
    """Compiles a kernel for arguments of these types, or takes it from the cache on disk."""
    if not isinstance(kernel, Dispatcher):
        return MachineCode(kernel, arguments)  # plain Python, with NUMBA_DISABLE_JIT
    types = tuple(record_type(numba.typeof(argument)) for argument in arguments)
    with _no_collection():
        kernel.compile(types)
    rooms = {at: written(kind, arguments[at]) for at, kind in enumerate(types) if isinstance(kind, Record)}
    return MachineCode(
        kernel.overloads[types].entry_point,
        tuple(int(rooms[at].ctypes.data) if at in rooms else one for at, one in enumerate(arguments)),
        tuple(rooms.values()),
    )


@compiled
def forget_results(k: int, buffers: StepBuffers) -> None:
    """Clears what the last tick has left to read: rewards and flags."""
    buffers.ended[k] = False
    for i in range(buffers.rewards.shape[1]):
        buffers.rewards[k, i] = 0.0
        buffers.terminated[k, i] = False
        buffers.truncated[k, i] = False


@compiled
def keep_final(k: int, feature: int, buffers: StepBuffers) -> None:
    """Keeps a feature that the loop does not write as it was seen last in an episode."""
    for i in range(buffers.observations.shape[1]):
        buffers.final_observations[k, i, feature] = buffers.observations[k, i, feature]


def kernels(source: str, name: str) -> Kernels:
    """The compiled functions of a loop over markets, from the cache on disk where they are there already.

    A function that was defined anew since, as in a notebook, makes another loop of the same text.

    Args:
        source: The text of a module with `run`, see `econo_env.engine.program.Program`.
        name: What it is for, part of the file's name.
    """
    return _kernels(source, name, tuple(_imported(source)))


@cache
def _kernels(source: str, name: str, imported: tuple[Any, ...]) -> Kernels:
    """Those of a loop that imports just these."""
    module = load_generated(source, name)
    found = Kernels(run=module.run, source=Path(str(module.__file__)))
    if must_compile(found):
        _LOG.info("compiling %s once (about 5 s)", name.split("-", 1)[0])
    return found


def must_compile(kernels: Kernels) -> bool:
    """Whether the first tick waits for a compilation: its machine code is neither loaded nor on disk."""
    run: Any = kernels.run
    if numba.config.DISABLE_JIT or run.signatures:
        return False
    return not any(Path(run.stats.cache_path).glob(f"{kernels.source.stem}.run-*.nbi"))


@cache
def _imports(text: str) -> tuple[tuple[str, str], ...]:
    """Module and name of all that a generated module imports, in order."""
    statements = [line for line in ast.parse(text).body if isinstance(line, ast.ImportFrom)]
    return tuple((str(statement.module), alias.name) for statement in statements for alias in statement.names)


def _imported(text: str) -> list[Any]:
    """The same as objects, as they are defined now."""
    return [vars(importlib.import_module(module))[name] for module, name in _imports(text)]


def as_rule(source: str) -> str:
    """The text of a loop over markets with its `run` as a rule that a loop in the same text can call."""
    return source.replace("@cached\ndef run(", "@compiled\ndef run(")


def load_generated(text: str, name: str) -> Any:
    """A module of `cached` functions from its text, kept on disk with its machine code.

    Args:
        text: The source; it begins with `from MODULE import NAME` for all that it uses.
        name: What it is for, part of the file's name.
    """
    digest = digest_of(_imported(text), _environment(), text)
    path = cache_directory() / digest / f"{name}.py"
    _write_once(path, text)
    spec = importlib.util.spec_from_file_location(f"econo_env_kernels.{digest}.{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Numba's cache looks the function up by its module
    spec.loader.exec_module(module)
    return module


@cache
def bound(function: Callable[..., Any], *fixed: Callable[..., Any], wide: bool = False) -> Kernel:
    """A compiled function with others in the place of its first arguments, from the cache on disk if it is there.

    Args:
        function: Compiled; its first arguments are functions.
        fixed: Compiled functions for those.
        wide: With vectors as wide as the processor has, which pays where loops go through dozens of numbers.
    """
    names = list(inspect.signature(plain(function)).parameters)
    uses = {"function": function} | dict(zip(names, fixed, strict=False))
    imports = "\n".join(
        f"from {plain(one).__module__} import {plain(one).__name__} as {name}" for name, one in uses.items()
    )
    text = f'''"""Generated by econo_env.engine.kernels: a function with others in it."""

from econo_env.engine.kernels import {"cached_in_blocks" if wide else "cached"} as kept
{imports}


@kept
def bound({", ".join(names[len(fixed) :])}):
    return function({", ".join(names)})
'''
    made: Kernel = load_generated(text, plain(function).__name__).bound
    return made

"""A digest of all that a compiled loop is made of: an edit elsewhere, or of words, compiles nothing anew.

From the functions that a loop calls it follows every name their bytecode looks up: other functions, constants, tables.
Docstrings, comments and line numbers are left out. Records (`NamedTuple`) reach compiled code as arguments, so their
fields count wherever a module within reach knows the record.
"""

import hashlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

_LIBRARIES = ("numpy", "math", "numba", "builtins", "typing")
"""Their versions stand in the digest of the environment."""

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), np.generic)


def digest_of(functions: Iterable[Callable[..., Any]], *texts: str) -> str:
    """A hexadecimal digest of compiled functions, of all that they use, and of `texts`.

    Args:
        functions: Plain functions or Numba dispatchers.
        texts: What else counts, such as the text of the loop and the versions of libraries.
    """
    walk = _Walk()
    for text in texts:
        walk.add("text", text)
    for function in functions:
        walk.value(function)
    return walk.hash.hexdigest()


def plain(function: Any) -> Any:
    """The Python function behind a compiled one."""
    return getattr(function, "py_func", function)


def within_reach(function: Callable[..., Any]) -> set[FunctionType]:
    """The Python functions that a compiled one can call by the names in its bytecode, itself included."""
    found: set[FunctionType] = set()
    _reach(plain(function), found)
    return found


def _reach(function: Any, found: set[FunctionType]) -> None:
    if not isinstance(function, FunctionType) or _is_library(function.__module__) or function in found:
        return
    found.add(function)
    for cell in function.__closure__ or ():
        _reach(plain(cell.cell_contents), found)
    codes = [function.__code__]
    for code in codes:
        codes += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
        for name in (name for name in code.co_names if name in function.__globals__):
            value = function.__globals__[name]
            among = vars(value) if isinstance(value, ModuleType) and not _is_library(value.__name__) else {}
            for one in (value, *(among[own] for own in code.co_names if own in among)):
                _reach(plain(one), found)


def _is_library(module: str | None) -> bool:
    return (module or "builtins").split(".", 1)[0] in _LIBRARIES


class _Walk:
    """Adds to one hash what functions consist of, each thing once."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=10)
        self._seen: set[int] = set()
        self._kept: list[Any] = []  # what was seen stays alive, so that its id stays its own

    def add(self, *words: object) -> None:
        self.hash.update(repr(words).encode())

    def _is_new(self, thing: Any) -> bool:
        if id(thing) in self._seen:
            return False
        self._seen.add(id(thing))
        self._kept.append(thing)
        return True

    def value(self, value: Any) -> None:
        """Adds what a name stands for."""
        value = plain(value)
        if isinstance(value, _PLAIN):
            self.add(type(value).__name__, value)
        elif isinstance(value, tuple | list | frozenset):
            self.add(type(value).__name__, len(value))
            for item in sorted(value, key=repr) if isinstance(value, frozenset) else value:
                self.value(item)
        elif isinstance(value, np.ndarray):
            self.add("array", value.dtype.str, value.shape, value.tobytes())
        elif isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, ModuleType | BuiltinFunctionType | np.ufunc):
            self.add("name", value.__name__)
        else:  # nothing that compiled code is known to look up: its whole file counts
            self.add("other", type(value).__module__, type(value).__qualname__)
            self._file(type(value).__module__)

    def _function(self, function: FunctionType) -> None:
        self.add("function", function.__module__, function.__qualname__)
        if _is_library(function.__module__) or not self._is_new(function):
            return
        self.value(function.__defaults__)
        for cell in function.__closure__ or ():
            self.value(cell.cell_contents)
        self._code(function.__code__, function.__globals__, function.__doc__)
        self._records(function.__globals__)

    def _code(self, code: CodeType, names: dict[str, Any], docstring: str | None) -> None:
        self.add("code", code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_flags)
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                self._code(constant, names, None)
            elif constant is not docstring:
                self.value(constant)
        for name in code.co_names:
            if name in names:
                self.add(name)
                self.value(names[name])
                if isinstance(names[name], ModuleType) and not _is_library(names[name].__name__):
                    self._attributes(names[name], code.co_names)

    def _attributes(self, module: ModuleType, names: tuple[str, ...]) -> None:
        for name in names:
            if name in vars(module):
                self.add(name)
                self.value(vars(module)[name])

    def _class(self, kind: type) -> None:
        self.add("class", kind.__module__, kind.__qualname__, getattr(kind, "_fields", None))
        if issubclass(kind, tuple) and kind.__module__ in sys.modules and self._is_new(kind):
            self._records(vars(sys.modules[kind.__module__]))

    def _records(self, names: dict[str, Any]) -> None:
        """Adds the records that a module knows; those within them are known to the module that defines these."""
        if not self._is_new(names):
            return
        for name, value in sorted(names.items()):
            if isinstance(value, type) and issubclass(value, tuple):
                self.add(name)
                self._class(value)

    def _file(self, module: str) -> None:
        path = getattr(sys.modules.get(module), "__file__", None)
        self.add(Path(path).read_bytes() if path else module)

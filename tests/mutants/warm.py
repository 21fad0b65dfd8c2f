"""A process that holds the libraries ready and forks a child for each round of tests: seconds saved a fault.

Loading Numba, SciPy, Torch and pytest takes longer than most of the tests that must fall. `WarmPytest` starts this file
as a program in a copy of the project; nothing of the project itself is loaded before the fork, so that each child sees
the copy as it is then.
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LIBRARIES = (
    "numpy", "numba", "scipy.stats", "scipy.optimize", "scipy.sparse.linalg", "pandas", "yaml", "pydantic", "pytest",
    "hypothesis", "hypothesis.strategies", "hypothesis.extra.numpy", "gymnasium", "pettingzoo", "torch",
    "stable_baselines3",
)  # fmt: skip
_SHOWN = 1500  # characters of what pytest said last
_OPTIONS = ("-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist")


class WarmPytest:
    """Runs tests of one copy of the project, compiled or in plain Python.

    Args:
        tree: The copy.
        kernels: Where compiled loops are kept. They are named by a digest of all that they are made of, so that
            faults, copies and later calls can share one folder.
        jit: Whether rules are compiled.
        libraries: What is loaded beforehand.
    """

    def __init__(self, tree: Path, kernels: Path, jit: bool, libraries: Iterable[str] = LIBRARIES) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "NUMBA_DISABLE_JIT"}
        environment |= {
            "PYTHONPATH": str(tree),
            "PYTHONDONTWRITEBYTECODE": "1",  # a mutant and its original may be of the same second
            "OMP_NUM_THREADS": "1",
            "HYPOTHESIS_PROFILE": "ci",
            "ECONO_ENV_CACHE": str(kernels.resolve()),
        }
        if not jit:
            environment["NUMBA_DISABLE_JIT"] = "1"
        self._process = subprocess.Popen(
            [sys.executable, __file__, *libraries],
            cwd=tree,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def run(self, tests: Iterable[str], longest: float | None) -> tuple[int | None, str]:
        """Pytest's status, None where it took more than so many seconds, and the last of what it said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"tests": list(tests), "longest": longest}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["status"], answer["said"]

    def close(self) -> None:
        """Ends the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _in_child(tests: list[str], output: int) -> None:
    os.setsid()
    os.dup2(output, 1)
    os.dup2(output, 2)
    status = 3
    try:
        import pytest

        sys.path[0] = str(Path.cwd())  # instead of this file's folder
        status = int(pytest.main([*_OPTIONS, *tests]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(child: int, longest: float | None) -> int | None:
    """The child's status; None where it had to be ended, with all that it started."""
    end = None if longest is None else time.monotonic() + longest
    while end is None or time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _in_child(asked["tests"], output.fileno())
        status = _wait(child, asked["longest"])
        output.seek(0)
        return {"status": status, "said": output.read().decode(errors="replace")[-_SHOWN:]}


def main() -> None:
    """Answers one line of JSON with one, until there are no more."""
    for library in sys.argv[1:]:
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

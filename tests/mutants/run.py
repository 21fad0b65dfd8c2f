"""Plants each fault of the catalogues in a copy of the project, runs the tests that should fall, prints the survivors.

    python -m tests.mutants.run [--area economy] [--only stake] [--jobs 2] [--json runs/mutants.json] [--fresh]

The checkout is never touched. What was judged before and has not changed since is not judged again.
"""

import argparse
import contextlib
import json
import queue
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.mutants.catalogue import ROOT, Mutant, faults_of, read_catalogues
from tests.mutants.warm import LIBRARIES, WarmPytest

FELL, SURVIVED, BROKEN, SLOW = "fell", "survived", "broken", "timeout"
LONGEST = 600.0  # seconds a mutant's tests may take: a fault that makes them hang is noticed
LEAST_SHARE = 0.95
_FEW = 4  # faults for which loading every library beforehand does not pay
_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "runs", "build", "dist", "__pycache__", ".*_cache", ".hypothesis")


class Tree:
    """A copy of the project to plant faults in.

    Args:
        root: The project.
        folder: Where the copy goes.
        kernels: Where compiled loops are kept, see `WarmPytest`.
        libraries: What is loaded before any test.
    """

    def __init__(self, root: Path, folder: Path, kernels: Path, libraries: Iterable[str] = LIBRARIES) -> None:
        self.path = Path(shutil.copytree(root, folder, symlinks=True, ignore=_LEFT_OUT))
        self._kernels, self._libraries = kernels, tuple(libraries)
        self._warm: dict[bool, WarmPytest] = {}

    def run(self, tests: Iterable[str], jit: bool, longest: float | None = LONGEST) -> tuple[int | None, str]:
        """Runs tests of the copy, so many seconds at most; pytest's status or None, and the last of what it said."""
        if jit not in self._warm:
            self._warm[jit] = WarmPytest(self.path, self._kernels, jit, self._libraries)
        return self._warm[jit].run(tests, longest)

    def judge(self, mutant: Mutant) -> tuple[str, str]:
        """Plants the fault, runs its tests, and takes it out again: a verdict, and what the tests said."""
        path = self.path / mutant.file
        text = path.read_text()
        path.write_text(mutant.planted(text))
        try:
            status, said = self.run(mutant.tests, mutant.jit)
        finally:
            path.write_text(text)
        return {0: SURVIVED, 1: FELL, None: SLOW}.get(status, BROKEN), said

    def check_clean(self, mutants: list[Mutant]) -> None:
        """Runs every named test once without a fault.

        Raises:
            SystemExit: One fails by itself, so that its failing would say nothing.
        """
        for jit in (False, True):
            tests = sorted({test for mutant in mutants if mutant.jit == jit for test in mutant.tests})
            if not tests:
                continue
            print(f"{len(tests)} tests {'compiled' if jit else 'in plain Python'}, without a fault ...", flush=True)
            status, said = self.run(tests, jit, None)
            if status != 0:
                raise SystemExit(f"the tests do not pass without a fault:\n{said}")

    def close(self) -> None:
        """Ends the processes that ran its tests."""
        for warm in self._warm.values():
            warm.close()


def run_all(
    mutants: list[Mutant], root: Path, kernels: Path, jobs: int, note: Callable[[Mutant, str, float, str], None]
) -> None:
    """Judges every mutant, in as many copies of the project as there are jobs."""
    with tempfile.TemporaryDirectory(prefix="mutants_") as folder, contextlib.ExitStack() as stack:
        trees: queue.Queue[Tree] = queue.Queue()
        libraries = LIBRARIES if len(mutants) > _FEW else ()
        for job in range(jobs):
            tree = Tree(root, Path(folder) / f"tree_{job}", kernels, libraries)
            stack.callback(tree.close)
            trees.put(tree)
        tree.check_clean(mutants)

        def one(mutant: Mutant) -> None:
            tree, start = trees.get(), time.perf_counter()
            try:
                verdict, said = tree.judge(mutant)
            finally:
                trees.put(tree)
            note(mutant, verdict, time.perf_counter() - start, said)

        with ThreadPoolExecutor(jobs) as workers:
            list(workers.map(one, mutants))


def report(mutants: list[Mutant], results: dict[str, Any]) -> int:
    """Prints a table by area and the survivors; 1 where too few fell, 0 otherwise."""
    judged = [mutant for mutant in mutants if mutant.label in results]
    verdicts = {mutant.label: results[mutant.label]["verdict"] for mutant in judged}
    noticed = {label for label, verdict in verdicts.items() if verdict in (FELL, SLOW)}
    print(f"\n{'area':<16}{'planted':>8}{'noticed':>8}{'survived':>9}{'broken':>7}{'argued':>7}")
    for area in [*sorted({mutant.area for mutant in judged}), "all"]:
        own = [mutant for mutant in judged if area in ("all", mutant.area)]
        count = Counter(verdicts[mutant.label] for mutant in own)
        argued = sum(bool(mutant.equivalent) for mutant in own)
        seen = sum(mutant.label in noticed for mutant in own)
        print(f"{area:<16}{len(own):>8}{seen:>8}{count[SURVIVED]:>9}{count[BROKEN]:>7}{argued:>7}")
    for mutant in judged:
        if mutant.label not in noticed:
            why = f" (argued: {mutant.equivalent})" if mutant.equivalent else ""
            print(f"{verdicts[mutant.label]:>9}  {mutant.label}  {mutant.file}{why}")
        elif mutant.equivalent:
            print(f"  noticed  {mutant.label}: it is argued to be equivalent, and is not")
    wrong = [mutant for mutant in judged if not mutant.equivalent and mutant.label not in noticed]
    enough = bool(judged) and len(noticed) >= LEAST_SHARE * len(judged)
    return 0 if enough and not wrong else 1


def main(arguments: list[str] | None = None, root: Path = ROOT, catalogues: Path | None = None) -> int:
    """The command line; 0 if at least 95 % fell and every survivor is argued to be equivalent."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--area", help="only this catalogue, e.g. economy")
    parser.add_argument("--only", default="", help="only mutants whose name or file holds this text")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--json", type=Path, default=Path("runs/mutants.json"), help="verdicts, kept for the next call")
    parser.add_argument("--fresh", action="store_true", help="judge again what was judged before")
    asked = parser.parse_args(arguments)
    mutants = [
        mutant
        for mutant in (read_catalogues(catalogues) if catalogues else read_catalogues())
        if asked.area in (None, mutant.area) and asked.only in f"{mutant.name} {mutant.file}"
    ]
    faults = [fault for mutant in mutants for fault in faults_of(mutant, root)]
    if faults or not mutants:
        print("\n".join(faults) or "no such mutant")
        return 1
    known = json.loads(asked.json.read_text()) if asked.json.is_file() else {}
    digests = {mutant.label: mutant.digest(root) for mutant in mutants}
    results = {
        label: known[label]
        for label, digest in digests.items()
        if not asked.fresh and known.get(label, {}).get("digest") == digest
    }
    asked.json.parent.mkdir(parents=True, exist_ok=True)

    def note(mutant: Mutant, verdict: str, seconds: float, said: str) -> None:
        results[mutant.label] = {
            "verdict": verdict, "seconds": round(seconds, 1), "file": mutant.file, "tests": list(mutant.tests),
            "digest": digests[mutant.label], "said": said if verdict == BROKEN else "",
        }  # fmt: skip
        print(f"{verdict:>9} {seconds:6.1f} s  {mutant.label}", flush=True)
        asked.json.write_text(json.dumps(known | dict(results), indent=1))

    left = [mutant for mutant in mutants if mutant.label not in results]
    print(f"{len(mutants)} faults, {len(left)} to judge", flush=True)
    if left:
        run_all(left, root, asked.json.parent / "mutant_kernels", asked.jobs, note)
    return report(mutants, results)


if __name__ == "__main__":
    sys.exit(main())

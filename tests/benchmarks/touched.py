"""Bytes that a tick of one of many markets moves, counted: a run in plain Python in which every access is noted.

`NUMBA_DISABLE_JIT=1 python -m tests.benchmarks.touched [SCENARIO ...]`; what a compiler leaves out counts too.
"""

import sys
from bisect import bisect_right
from collections import defaultdict

import numba
import numpy as np

import econo_env
from econo_env.engine.kernels import TICK
from econo_env.engine.state import StepBuffers, arrays_of, columns, each_array
from econo_env.market import market_of
from tests.benchmarks.economy import EVERYTHING, with_all_parts

LINE = 64  # bytes of a line of the cache
MARKETS, TICKS = 4, 40


class Noting(np.ndarray):
    """An array that notes where it is read and written; what is cut out of it notes too."""

    seen: list[tuple[int, bool]] = []  # noqa: RUF012 - one list for all: address of each word, whether it is written

    def __getitem__(self, key):
        found = super().__getitem__(key)
        if not isinstance(found, Noting):
            self._note(key, written=False)
        return found

    def __setitem__(self, key, value):
        self._note(key, written=True)
        super().__setitem__(key, value)

    def _note(self, key, written):
        place = self.view(np.ndarray)[(*key, None) if isinstance(key, tuple) else (key, None)]
        first = place.__array_interface__["data"][0]
        self.seen.extend((first + at, written) for at in range(0, max(1, place.nbytes), 8))


def lines_of(scenario):
    """By column: bytes of a market's row, lines touched and lines written in a market-tick."""
    envs = econo_env.vector_env(scenario, MARKETS)
    envs.reset(0)
    engine, truthful = envs.engine, market_of(scenario).baselines.truthful
    named = [*zip(columns(type(engine.world)), arrays_of(engine.world), strict=True)]
    named += [*zip(columns(StepBuffers), engine.buffers, strict=True)]
    spans = sorted((array.__array_interface__["data"][0], name) for name, array in named if array.nbytes)
    starts = [first for first, _ in spans]
    noting = [each_array(record, lambda array: array.view(Noting)) for record in (engine.world, engine.buffers)]
    _, params, _, *rest = engine._given
    touched, written = defaultdict(float), defaultdict(float)
    for _ in range(TICKS):
        engine.buffers.actions[...] = truthful(scenario, engine.buffers.observations)
        for k in range(MARKETS):
            Noting.seen.clear()
            engine._kernels.run(k, k + 1, engine._everywhere, noting[0], params, noting[1], *rest, TICK, True)
            lines = defaultdict(bool)
            for address, writes in Noting.seen:
                first, name = spans[bisect_right(starts, address) - 1]
                lines[name, (address - first) // LINE] |= writes
            for (name, _), writes in lines.items():
                touched[name] += 1 / (MARKETS * TICKS)
                written[name] += writes / (MARKETS * TICKS)
    return {name: (array.nbytes // MARKETS, touched[name], written[name]) for name, array in named if touched[name]}


def main(chosen):
    if not numba.config.DISABLE_JIT:
        raise SystemExit("compiled code notes nothing: set NUMBA_DISABLE_JIT=1")
    for name, scenario_id, changes, first, _ in EVERYTHING:
        if chosen and scenario_id not in chosen:
            continue
        lines = lines_of(with_all_parts(scenario_id, changes, first)[0])
        moved = {
            column: min(row, LINE * reads) + min(row, LINE * writes) for column, (row, reads, writes) in lines.items()
        }
        print(f"{name}: {sum(moved.values()):,.0f} bytes a market-tick, what is written counted twice")
        for column in sorted(moved, key=moved.get, reverse=True):
            row, reads, writes = lines[column]
            print(
                f"  {column:32s} {moved[column]:6.0f} of a row of {row:5d}: {reads:5.2f} lines, {writes:5.2f} written"
            )


if __name__ == "__main__":
    main(sys.argv[1:])

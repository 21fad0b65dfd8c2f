"""Sessions: many independent markets in which learners play until each has settled, run as one batch that shrinks."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine, Snapshot
from econo_env.engine.state import Bools, Int64s
from econo_env.player import markets_of
from econo_env.policies.adaptive.learner import Learner
from econo_env.scenario import Scenario
from econo_env.training.studies.base import Told

_LOOKS = 1000
"""Ticks between reports."""
_KEEP = 0.7
"""The batch shrinks when fewer than this share of it still plays."""

Settled = Callable[[Learner], Bools]
"""Which of a learner's markets have settled, (markets,)."""


class Sessions:
    """Independent markets in which one learner plays every seat.

    Attributes:
        periods: Ticks after which each session settled, or was given up, (sessions,).
        settled: Which settled, (sessions,).
        memories: What the learner remembered then, by the name of its column, (sessions, ...).
        last: What everybody saw then, (sessions, agents, features).
    """

    def __init__(self, scenario: Scenario, learner: Learner, sessions: int, seed: int) -> None:
        """Starts markets `0 .. sessions - 1` of a seed."""
        self._scenario, self._learner = scenario, learner
        self._engine = Engine(scenario, sessions)
        self._engine.reset(seed)
        learner.reset(seed)
        self._alive: Int64s = np.arange(sessions)
        self.periods: Int64s = np.zeros(sessions, dtype=np.int64)
        self.settled: Bools = np.zeros(sessions, dtype=np.bool_)
        seen = self._engine.buffers.observations
        self.last = np.zeros((sessions, *seen.shape[1:]), dtype=np.float32)
        self.memories: dict[str, NDArray[Any]] = {}

    def play(self, settled: Settled, longest: int, told: Told) -> None:
        """Plays until every session has settled, or for `longest` ticks."""
        engine, learner, buffers, tick = self._engine, self._learner, self._engine.buffers, 0
        open_ones: Bools = np.ones(len(self._alive), dtype=np.bool_)
        while open_ones.any() and tick < longest:
            engine.step(learner.act(buffers.observations, buffers.action_mask))
            learner.observe(buffers.rewards, buffers.ended)
            tick += 1
            done = settled(learner) & open_ones
            if done.any():
                self._keep(done, tick, True)
                open_ones = open_ones & ~done
                if open_ones.mean() < _KEEP and open_ones.any():
                    engine = self._shrink(open_ones)
                    buffers, open_ones = engine.buffers, open_ones[open_ones]
            if tick % _LOOKS == 0:
                told(float(self.settled.mean()), f"{tick:,} periods, {int(self.settled.sum())} sessions settled")
        if open_ones.any():
            self._keep(open_ones, tick, False)

    def _keep(self, which: Bools, tick: int, settled: bool) -> None:
        memory = self._learner.snapshot()
        whose = self._alive[which]
        self.periods[whose], self.settled[whose] = tick, settled
        self.last[whose] = self._engine.buffers.observations[which]
        for name, array in memory.items():
            kept = self.memories.setdefault(name, np.zeros((len(self.periods), *array.shape[1:]), dtype=array.dtype))
            kept[whose] = array[which]

    def _shrink(self, which: Bools) -> Engine:
        """Goes on with some of the markets."""
        state = self._engine.snapshot()
        memory = markets_of(self._learner.snapshot(), which)
        self._alive = self._alive[which]
        self._engine = Engine(self._scenario, len(self._alive))
        self._engine.reset(0)
        kept = Snapshot(tuple(a[which] for a in state.state), tuple(a[which] for a in state.buffers))
        self._engine.restore(kept)
        self._learner.restore(memory)
        return self._engine

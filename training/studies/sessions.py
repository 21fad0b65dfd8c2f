"""Sessions: many independent markets in which learners play until each has settled."""

from typing import Any

from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.engine.state import Bools, Int64s
from econo_env.policies.adaptive.learner import Learner
from econo_env.policies.adaptive.together import Together
from econo_env.scenario import Scenario
from econo_env.training.studies.base import Told

_LOOKS = 20_000
"""Ticks between reports."""


class Sessions:
    """Independent markets in which one learner plays every seat.

    Attributes:
        periods: Ticks after which each session settled, or was given up, (sessions,).
        settled: Which settled, (sessions,).
        memories: What the learner remembered then, by the name of its column, (sessions, ...).
        last: What everybody saw then, (sessions, agents, features).
    """

    def __init__(
        self, scenario: Scenario, learner: Learner, sessions: int, seed: int, *, steady: int, longest: int, threads: int
    ) -> None:
        """Starts markets `0 .. sessions - 1` of a seed.

        Args:
            scenario: The market.
            learner: Who plays; after this it may still be told with what it `begin`s.
            sessions: Markets.
            seed: Of their luck and the learner's.
            steady: Choices without a change of anybody's best arm after which a session has settled, and is over; 0 to
                play on.
            longest: Ticks after which it is over anyway.
            threads: That share the sessions; results do not depend on it.
        """
        self._learner, self._steady, self._longest, self._threads = learner, steady, longest, threads
        self._engine = Engine(scenario, sessions)
        self._engine.reset(seed)
        learner.reset(seed)

    def play(self, told: Told) -> None:
        """Plays every session to its end."""
        engine, learner = self._engine, self._learner
        together = Together(engine, learner, steady=self._steady, longest=self._longest, num_threads=self._threads)
        while not together.over.all():
            together.play(_LOOKS)
            ticks, done = int(together.periods.max()), int(together.over.sum())
            share = max(float(together.over.mean()), ticks / self._longest)
            told(min(1.0, share), f"{ticks:,} periods, {done} sessions are over")
        memory = learner.memory
        assert memory is not None
        self.periods: Int64s = together.periods
        self.settled: Bools = (memory.steady.min(axis=1) >= self._steady) & (self._steady > 0)
        self.memories: dict[str, NDArray[Any]] = dict(learner.snapshot())
        self.last = engine.buffers.observations.copy()

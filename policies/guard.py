"""A guard: one policy plays, and where it fails the one below plays in its place, until it may try again."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.player import Players
from econo_env.policies import standing
from econo_env.policies.standing import Standing, standing_of
from econo_env.policy import Actions, Mask, Memory, Named, Observations, Rewards, masked

FINE, INVALID, LATE, POOR = 0, 1, 2, 3
REASONS = ("", "an action that is none", "too late", "earned less than before")
"""Why the level below plays, by number."""
_BACK = 0
"""Among the counts of trips, where the others have their reason's number: how often what was learned went back."""
_OWN, _GOOD, _TICKS = "guard/", "good/", "ticks"


@dataclass(frozen=True)
class Limits:
    """When a level gives way to the one below.

    Attributes:
        seconds: A call that takes longer counts as a fault of all it acts for; none by default, for results would
            depend on the machine.
        warm_up: Ticks after which what it earns can be judged.
        slack: Standard deviations below its mean that are no fault, of the CUSUM on rewards.
        largest: Standard deviations that one tick counts at most, lest rare large losses of a steady income trip it.
        threshold: Of the CUSUM: at 12 with a slack of 1/2 a steady income trips it at most once in 10^4 ticks,
            heavy tails included (`tests/policies/test_levels_at_work.py`).
        hold: Ticks for which the level below then plays.
        memory: What a reward counts in mean and deviation after one more, in (0, 1): 0.998 is about 500 ticks.
    """

    seconds: float | None = None
    warm_up: int = 100
    slack: float = 0.5
    largest: float = 4.0
    threshold: float = 12.0
    hold: int = 200
    memory: float = 0.998

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            ValueError: A limit is out of range.
        """
        if self.seconds is not None and not 0.0 < self.seconds < math.inf:
            raise ValueError(f"seconds={self.seconds!r}: a time above 0, or None for no limit")
        if not (self.warm_up >= 2 and self.hold >= 1):
            raise ValueError(f"warm_up={self.warm_up!r}, hold={self.hold!r}: at least 2 and 1 ticks")
        if not (0.0 <= self.slack < self.largest < math.inf and 0.0 < self.threshold < math.inf):
            raise ValueError(
                f"slack={self.slack!r}, largest={self.largest!r}, threshold={self.threshold!r}: from 0, above the "
                "slack, and above 0"
            )
        if not 0.0 < self.memory < 1.0:
            raise ValueError(f"memory={self.memory!r}: a number between 0 and 1")


@dataclass
class _Watch:
    """What the guard remembers, each (markets, agents)."""

    mean: NDArray[np.float64]  # credits a tick, of the level's own play
    square: NDArray[np.float64]  # mean of squared differences from it
    count: NDArray[np.int64]  # ticks of its own play
    shortfall: NDArray[np.float64]  # the CUSUM, standard deviations
    held: NDArray[np.int64]  # ticks for which the level below still plays
    reason: NDArray[np.int64]  # why, see `REASONS`
    trips: NDArray[np.int64]  # how often it has given way, by reason (markets, agents, reasons), see `_BACK`
    played: NDArray[np.bool_]  # it played in this tick itself


class Guard(Players):
    """Lets a level play, and the one below where it fails; by market and agent.

    Only who plays is asked for an action, so neither learns from what the other did. A level that earns less than it
    did, or whose action is none, goes back to what it remembered when it last stood well (rollback); what a market's
    agents remember in common goes back where all of them have failed.

    Attributes:
        name: The level.
        level: Its number.
        scenario: The market, where the level knows it.
        above: Who plays.
        below: Who plays where it fails.
    """

    def __init__(
        self,
        above: Named,
        below: Named,
        limits: Limits | None = None,
        *,
        name: str = "guarded",
        level: int = 1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Puts two levels together; `clock` tells seconds, for `Limits.seconds`."""
        super().__init__(above, below)
        self.name, self.level, self.above, self.below = name, level, above, below
        self.limits, self._clock = limits or Limits(), clock
        self._watch: _Watch | None = None
        self._good: dict[str, NDArray[Any]] = {}
        self._ticks = 0

    def reset(self, seed: int) -> None:
        """Starts both over, each with luck of its own."""
        self.above.reset(seed)
        self.below.reset(int(np.random.SeedSequence([seed, 1]).generate_state(1)[0]))
        self._watch, self._good, self._ticks = None, {}, 0

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The action of whoever plays, for each agent."""
        given = np.asarray(mask, dtype=np.bool_)
        watch = self._begun(given.shape)
        asked = given & (watch.held == 0)
        began = self._clock()
        own = np.asarray(self.above.act(observations, asked), dtype=np.float32)
        late = self.limits.seconds is not None and self._clock() - began > self.limits.seconds
        with np.errstate(invalid="ignore"):
            sound = np.isfinite(own).all(axis=-1) & (np.abs(own) <= 1.0).all(axis=-1)
        self._roll_back(watch, asked & ~sound)
        self._trip(watch, asked & ~sound, INVALID)
        if late:
            self._trip(watch, asked & sound, LATE)
        watch.played = asked & (watch.held == 0)
        other = self.below.act(observations, given & ~watch.played)
        return masked(np.where(watch.played[..., None], own, other), given)

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Hears what was earned, and judges it."""
        super().observe(rewards, ended)
        watch, limits = self._watch, self.limits
        if watch is None:
            return
        earned, played = np.asarray(rewards, dtype=np.float64), watch.played
        judged = played & (watch.count >= limits.warm_up)
        spread = np.sqrt(watch.square)
        lost = np.where(spread > 0.0, (watch.mean - earned) / np.where(spread > 0.0, spread, 1.0), 0.0)
        lost = np.minimum(lost, limits.largest)  # one bad tick is none: what lasts is
        watch.shortfall = np.where(judged, np.maximum(0.0, watch.shortfall + lost - limits.slack), watch.shortfall)
        watch.held = np.where(watch.held > 0, watch.held - 1, 0)
        fails = judged & (watch.shortfall > limits.threshold)
        self._roll_back(watch, fails)
        self._trip(watch, fails, POOR)
        calm = played & (watch.held == 0)
        weight = np.where(calm, np.maximum(1.0 - limits.memory, 1.0 / (watch.count + 1.0)), 0.0)
        gap = earned - watch.mean
        watch.mean = watch.mean + weight * gap
        watch.square = (1.0 - weight) * (watch.square + weight * gap**2)
        watch.count = watch.count + calm
        self._ticks += 1
        if self._ticks % limits.warm_up == 0:
            self._keep(calm & (watch.shortfall < 0.5 * limits.threshold))

    def reasons(self) -> NDArray[np.int64]:
        """Why the level below plays, by number of `REASONS`, (markets, agents); 0 where it does not."""
        watch = self._watch
        assert watch is not None, "nobody has acted yet"
        return np.asarray(np.where(watch.held > 0, watch.reason, FINE))

    @property
    def trips(self) -> NDArray[np.int64]:
        """How often the level gave way, (markets, agents)."""
        assert self._watch is not None, "nobody has acted yet"
        return np.asarray(self._watch.trips[..., INVALID:].sum(axis=-1))

    def stands(self, shape: tuple[int, int]) -> Standing:
        """Where its agents stand, see `policies.standing`."""
        watch, own = self._watch, np.full(shape, self.level, dtype=np.int64)
        below = standing_of(self.below, shape)
        if watch is None:
            return Standing(own, below.counts)
        counts = below.counts.copy()
        for event, number in ((standing.INVALID, INVALID), (standing.LATE, LATE), (standing.POOR, POOR)):
            counts[..., event] += watch.trips[..., number]
        counts[..., standing.ROLLBACK] += watch.trips[..., _BACK]
        return Standing(np.where(watch.held > 0, below.level, own), counts)

    def snapshot(self) -> Memory:
        """What both remember and how the level stands."""
        own = {} if self._watch is None else {_OWN + name: array.copy() for name, array in vars(self._watch).items()}
        good = {_GOOD + name: array.copy() for name, array in self._good.items()}
        if self._watch is not None:
            own[_OWN + _TICKS] = np.full(len(self._watch.mean), self._ticks)
        return {**super().snapshot(), **own, **good}

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        super().restore({name: array for name, array in memory.items() if not name.startswith((_OWN, _GOOD))})
        own = {name.removeprefix(_OWN): a.copy() for name, a in memory.items() if name.startswith(_OWN)}
        self._good = {name.removeprefix(_GOOD): a.copy() for name, a in memory.items() if name.startswith(_GOOD)}
        ticks = own.pop(_TICKS, None)
        self._ticks = 0 if ticks is None or not len(ticks) else int(ticks[0])
        self._watch = _Watch(**own) if own else None

    def _keep(self, where: NDArray[np.bool_]) -> None:
        """Keeps what the level remembers where it stands well, (markets, agents)."""
        now = self._players[0].snapshot()
        if not self._good:
            self._good = {name: array.copy() for name, array in now.items()}
        sound = where.copy()
        for array in now.values():
            sound &= _is_sound(array, where.shape)
        for name, array in self._good.items():
            entries = _entries(array, sound)
            array[entries] = now[name][entries]

    def _roll_back(self, watch: _Watch, where: NDArray[np.bool_]) -> None:
        """Goes back to what was kept where the level fails, (markets, agents)."""
        if not self._good or not where.any():
            return
        watch.trips[..., _BACK] += where
        now = {name: array.copy() for name, array in self._players[0].snapshot().items()}
        for name, array in now.items():
            entries = _entries(array, where)
            array[entries] = self._good[name][entries]
        self._players[0].restore(now)

    def _trip(self, watch: _Watch, where: NDArray[np.bool_], reason: int) -> None:
        """The level gives way, and begins anew after the hold: with what it earned before, and no shortfall."""
        watch.held = np.where(where, self.limits.hold, watch.held)
        watch.reason = np.where(where, reason, watch.reason)
        watch.trips[..., reason] += where
        watch.shortfall = np.where(where, 0.0, watch.shortfall)

    def _begun(self, shape: tuple[int, ...]) -> _Watch:
        if self._watch is None:
            zeros, counts = np.zeros(shape), np.zeros(shape, dtype=np.int64)
            self._watch = _Watch(
                mean=zeros,
                square=zeros.copy(),
                count=counts,
                shortfall=zeros.copy(),
                held=counts.copy(),
                reason=counts.copy(),
                trips=np.zeros((*shape, len(REASONS)), dtype=np.int64),
                played=np.zeros(shape, dtype=np.bool_),
            )
        return self._watch


def _is_sound(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Of whom a memory holds no NaN, (markets, agents)."""
    if not np.issubdtype(array.dtype, np.floating):
        return np.ones(shape, dtype=np.bool_)
    kept = len(shape) if array.shape[: len(shape)] == shape else 1
    sound = ~np.isnan(array).reshape(*array.shape[:kept], -1).any(axis=-1)
    return np.broadcast_to(sound.reshape(*sound.shape, *(1 for _ in shape[kept:])), shape)


def _entries(array: NDArray[Any], where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which entries of a memory belong to agents (markets, agents): whole markets where it is not kept by agent."""
    if array.shape[: where.ndim] == where.shape:
        return where
    return np.asarray(where.reshape(len(where), -1).all(axis=1))

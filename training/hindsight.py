"""What each move cost: the best other move, found by playing the engine again from a snapshot before it.

No formula of a market is used. A move is replaced by many others at once, each in a copy of the market with the same
luck and the same moves of the others in that tick; then everybody goes on to the end of the episode, the others by
their policies, the own agent with the moves that it made, and where it had made none, with the replaced one.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine, Snapshot
from econo_env.engine.state import Float32s, Float64s, StepBuffers
from econo_env.interfaces.opponents import Opponent
from econo_env.interfaces.text import TextForm
from econo_env.policy import Memory
from econo_env.scenario import Scenario

FOLLOWED = 128
"""Ticks that a move is followed for, and moves of an episode, the last ones, that are looked at."""
SHORT_EPISODE = 8
_POINTS, _FEWER_POINTS = 729, 201
_REFINED = 3
"""Times that the search looks between the neighbours of the best move found so far."""


@dataclass(frozen=True)
class Moment:
    """The market before a tick, and what everybody did in it.

    Attributes:
        snapshot: Of an engine of this one market.
        memories: What the others remembered once they had moved.
        actions: Of all agents, float32 (agents, components).
        could_act: Whether the own agent was asked.
    """

    snapshot: Snapshot
    memories: tuple[Memory, ...]
    actions: Float32s
    could_act: bool


@dataclass(frozen=True)
class Cost:
    """What a move cost.

    Attributes:
        tick: Its place among the moments.
        earned: What it earned from this tick on, credits.
        best: The best move found, in the numbers that people give.
        best_earned: What that one would have earned.
    """

    tick: int
    earned: float
    best: tuple[float, ...]
    best_earned: float

    @property
    def regret(self) -> float:
        """What the move cost, credits; at least 0, for the move itself is among those tried."""
        return self.best_earned - self.earned


class Hindsight:
    """Looks back at the moves of one agent in one market."""

    def __init__(self, scenario: Scenario, seat: int, others: Sequence[Opponent]) -> None:
        """Takes the market, the agent and a copy of the others: whoever goes on playing is not disturbed."""
        self._scenario, self._seat = scenario, seat
        self._others = copy.deepcopy(list(others))
        self._form = TextForm(scenario)
        self._engines: dict[int, Engine] = {}

    def costs(self, moments: Sequence[Moment], *, over: bool) -> list[Cost]:
        """What each move cost at which the agent could act.

        Args:
            moments: Every tick of an episode so far.
            over: Whether the episode is over; if not, moves are followed to the last of these ticks only.
        """
        first = max(0, len(moments) - FOLLOWED)
        return [self._cost(moments, tick, over) for tick in range(first, len(moments)) if moments[tick].could_act]

    def _cost(self, moments: Sequence[Moment], tick: int, over: bool) -> Cost:
        moment = moments[tick]
        action, seen = moment.actions[self._seat], StepBuffers(*moment.snapshot.buffers).observations[0, self._seat]
        low, high = np.array(self._form.ranges(seen)).T
        count = points_each(len(low), few=len(moments) > SHORT_EPISODE)
        tried = _grid(low, high, count)
        rows = np.stack([action, *(self._form.of_numbers(numbers, seen) for numbers in tried)])
        totals = self._totals(moments, tick, rows, over)
        earned, best = totals[0], int(np.argmax(totals))
        best_total = totals[best]
        numbers = tried[best - 1] if best else self._nearest(tried, rows, action)
        width = (high - low) / (count - 1)
        for _ in range(_REFINED if count > 1 and len(moments) <= SHORT_EPISODE else 0):
            near = _grid(np.maximum(low, numbers - width), np.minimum(high, numbers + width), count)
            found = self._totals(moments, tick, np.stack([self._form.of_numbers(n, seen) for n in near]), over)
            if found.max() > best_total:
                best_total, numbers = found.max(), near[int(np.argmax(found))]
            width = 2.0 * width / (count - 1)
        return Cost(tick, float(earned), tuple(map(float, numbers)), float(best_total))

    def _nearest(self, tried: Float64s, rows: Float32s, action: Float32s) -> Float64s:
        """The tried numbers whose action is nearest to the own one."""
        return np.asarray(tried[int(np.argmin(np.abs(rows[1:] - action).sum(axis=1)))])

    def _totals(self, moments: Sequence[Moment], tick: int, rows: Float32s, over: bool) -> Float64s:
        """What each row, an own action at that tick, earns from there on, credits (rows,)."""
        count, seat, moment = len(rows), self._seat, moments[tick]
        engine = self._engines.setdefault(count, Engine(self._scenario, count))
        engine.restore(_repeated(moment.snapshot, count))
        for other, memory in zip(self._others, moment.memories, strict=True):
            other.restore({name: np.repeat(array, count, axis=0) for name, array in memory.items()})
        buffers = engine.buffers
        buffers.actions[:] = moment.actions
        buffers.actions[:, seat] = rows
        totals = np.zeros(count)
        last = tick + FOLLOWED if over else len(moments)
        for now in range(tick, last):
            running = ~buffers.ended
            if not running.any():
                break
            if now > tick:
                for other in self._others:
                    other.play(buffers)
                known = now < len(moments) and moments[now].could_act
                buffers.actions[:, seat] = moments[now].actions[seat] if known else rows
            engine.step(buffers.actions)
            for other in self._others:
                other.watch(buffers)
            totals += np.where(running, buffers.rewards[:, seat], 0.0)
        return totals


def points_each(numbers: int, *, few: bool) -> int:
    """Points of a grid in each of so many numbers, odd, so that the middle is one of them, and at least 3."""
    most = _FEWER_POINTS if few else _POINTS
    count = max(3, int(most ** (1.0 / numbers) + 1e-9))
    return count if count % 2 else count - 1


def _grid(low: Float64s, high: Float64s, count: int) -> NDArray[np.float64]:
    """A grid between two corners, (points, numbers)."""
    return np.array(list(product(*(np.linspace(a, b, count) for a, b in zip(low, high, strict=True)))))


def _repeated(snapshot: Snapshot, count: int) -> Snapshot:
    """The market of a snapshot so many times."""
    state = tuple(np.repeat(a, count, axis=0) for a in snapshot.state)
    return Snapshot(state, tuple(np.repeat(a, count, axis=0) for a in snapshot.buffers))

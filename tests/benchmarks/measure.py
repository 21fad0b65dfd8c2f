"""How a figure is taken: after compilation and warm-up, medians over repetitions, every unit named."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass
class Figure:
    """One measured figure.

    Attributes:
        name: What was measured.
        unit: Of `value`.
        value: The median.
        low: The worst repetition.
        high: The best repetition.
        bar: What issue or specification asks for, in the same unit.
        baseline: What it is compared with, and its median in the same unit.
        settings: Markets, agents, dtype, threads and whatever else fixes the workload.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    bar: float | None = None
    baseline: tuple[str, float] | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As a mapping of plain values."""
        return asdict(self)


def seconds_of(action: Callable[[], object], *, repetitions: int, warm_up: int = 3) -> np.ndarray:
    """Seconds of each call, after `warm_up` calls, garbage collection held off."""
    for _ in range(warm_up):
        action()
    times = np.empty(repetitions)
    gc.collect()
    gc.disable()
    try:
        for j in range(repetitions):
            start = time.perf_counter()
            action()
            times[j] = time.perf_counter() - start
    finally:
        gc.enable()
    return times


def in_turn(actions: Sequence[Callable[[], object]], *, rounds: int = 20, repetitions: int = 15) -> np.ndarray:
    """Seconds of each call of several actions that take turns, shape (actions, rounds * repetitions)."""
    times = [[seconds_of(action, repetitions=repetitions, warm_up=2) for action in actions] for _ in range(rounds)]
    return np.concatenate(times, axis=1)


def rate(name: str, unit: str, work: float, times: np.ndarray, **rest: Any) -> Figure:
    """A figure of `work` done per second: median, worst and best."""
    return Figure(
        name, unit, work / float(np.median(times)), work / float(times.max()), work / float(times.min()), **rest
    )

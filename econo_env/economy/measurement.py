"""How the quality of work is measured, and what quality is worth in expectation under it.

What is measured is the quality plus an error that is uniform on [-h, h]. Fixed grade boundaries make cliffs: V(grade)
jumps at them, and an agent that chooses its quality sits just above one (bunching). Randomised boundaries take the
cliffs away: with r the measured quality on a scale from 0 to 1, u uniform and m = (V(satisfactory) - V(poor)) /
(V(excellent) - V(poor)), the work is satisfactory where r >= m u and excellent where r >= m + (1 - m) u. Then V(grade)
is V(poor) + r (V(excellent) - V(poor)) on average: linear in quality, without a cliff or a kink.
"""

from typing import Any, NamedTuple

from econo_env.engine.compiled import compiled

_ABOVE = 1e-6
"""How far above a boundary the work of one aims who wants to reach it: efforts are float32."""


_POINT = 1e-7
"""Intervals that are shorter are points: a difference of two sums over less would be all rounding."""


class Measurement(NamedTuple):
    """How quality is measured."""

    noise: float  # half the width of the error
    randomised: bool  # whether boundaries are drawn for each contract


@compiled
def clipped_sum(y: float) -> float:
    """The integral of max(0, min(1, x)) over x from 0 to y."""
    if y <= 0.0:
        return 0.0
    return y * y / 2.0 if y < 1.0 else y - 0.5


@compiled
def mean_clipped(low: float, high: float) -> float:
    """The mean of max(0, min(1, x)) for x uniform on [low, high]."""
    if high - low < _POINT:
        return min(1.0, max(0.0, (low + high) / 2.0))
    return (clipped_sum(high) - clipped_sum(low)) / (high - low)


@compiled
def reaches(quality: float, mark: float, noise: float) -> float:
    """The chance that quality is measured to be at least the mark."""
    if noise == 0.0:
        return 1.0 if quality >= mark else 0.0
    return min(1.0, max(0.0, (quality + noise - mark) / (2.0 * noise)))


@compiled
def on_scale(measured: float, noise: float) -> float:
    """The measured quality on a scale from 0, the least that can be measured, to 1, the most."""
    return (measured + noise) / (1.0 + 2.0 * noise)


@compiled
def middle_mark(schedule: Any) -> float:
    """Where on the scale of randomised boundaries the excellent ones begin and the satisfactory ones end."""
    return float((schedule.satisfactory - schedule.poor) / (schedule.excellent - schedule.poor))


@compiled
def passing_chances(quality: float, schedule: Any, measurement: Measurement) -> tuple[float, float]:
    """The chances that work of this quality is graded excellent, and that it is at least satisfactory."""
    noise = measurement.noise
    if not measurement.randomised:
        excellent = reaches(quality, schedule.excellent_quality, noise)
        return excellent, reaches(quality, schedule.satisfactory_quality, noise)
    middle = middle_mark(schedule)
    low, high = on_scale(quality - noise, noise), on_scale(quality + noise, noise)
    passes = mean_clipped(low / middle, high / middle)
    if middle >= 1.0:
        return 0.0, passes
    return mean_clipped((low - middle) / (1.0 - middle), (high - middle) / (1.0 - middle)), passes


@compiled
def worth_of_quality(quality: float, schedule: Any, measurement: Measurement) -> float:
    """E[V(grade)] of work of this quality, in multiples of the contract's value."""
    if measurement.randomised:
        return float(schedule.poor + on_scale(quality, measurement.noise) * (schedule.excellent - schedule.poor))
    excellent, passes = passing_chances(quality, schedule, measurement)
    above, below = schedule.excellent - schedule.satisfactory, schedule.satisfactory - schedule.poor
    return float(schedule.poor + passes * below + excellent * above)


@compiled
def crafted_surplus(
    cost: float, reliability: float, effort: float, task_value: float, schedule: Any, measurement: Measurement
) -> float:
    """Expected value of work whose quality is the effort put into it, or 0 where it fails, minus its cost."""
    made = reliability * worth_of_quality(effort, schedule, measurement)
    failed = (1.0 - reliability) * worth_of_quality(0.0, schedule, measurement)
    return (made + failed) * task_value - cost * effort * effort


@compiled
def crafted_effort(
    cost: float, reliability: float, task_value: float, schedule: Any, measurement: Measurement
) -> float:
    """Argmax over e in [0, 1] of `crafted_surplus`, the least of several.

    What quality is worth is linear between breakpoints, so the best effort is a breakpoint, or solves the first-order
    condition of one of the slopes between them.
    """
    noise = measurement.noise
    if measurement.randomised:
        slope = reliability * task_value * (schedule.excellent - schedule.poor) / (1.0 + 2.0 * noise)
        return 1.0 if slope >= 2.0 * cost else slope / (2.0 * cost)
    below, above = schedule.satisfactory - schedule.poor, schedule.excellent - schedule.satisfactory
    passing, excellent = schedule.satisfactory_quality, schedule.excellent_quality
    steep = reliability * task_value / max(4.0 * noise * cost, 1e-300) if noise > 0.0 else 0.0
    best, highest = 0.0, crafted_surplus(cost, reliability, 0.0, task_value, schedule, measurement)
    for effort in (
        passing - noise,
        passing + noise + _ABOVE,
        excellent - noise,
        excellent + noise + _ABOVE,
        1.0,
        steep * below,
        steep * above,
        steep * (below + above),
    ):
        tried = min(1.0, max(0.0, effort))
        surplus = crafted_surplus(cost, reliability, tried, task_value, schedule, measurement)
        if surplus > highest:
            best, highest = tried, surplus
    return best

"""How fast a switch is followed."""

import numpy as np

from econo_env.engine.state import Float64s


def rounds_to_follow(earned: Float64s, best: Float64s, every: int, followed: float) -> float:
    """Ticks after a switch until ten of them together earn their share of the best; infinite if they never do.

    Of the slowest regime, the first stretch left out; at least the ten ticks themselves.

    Args:
        earned: Credits of each tick, (ticks,), whole stretches of `every`.
        best: The same of the best, (ticks,).
        every: Ticks of a stretch.
        followed: The share.
    """
    width, slowest = min(10, every), 0.0
    stretches, goal = earned.reshape(-1, every), best.reshape(-1, every)
    for first in (1, 2):
        if first >= len(stretches):
            continue
        course = stretches[first::2].mean(axis=0)
        smooth = np.convolve(course, np.full(width, 1.0 / width), mode="valid")
        reached = np.flatnonzero(smooth >= followed * goal[first::2].mean())
        slowest = max(slowest, float(reached[0] + width) if len(reached) else float("inf"))
    return slowest

"""The exponential function by sums and products alone: the same bits on every machine, and many at once.

Calls of a library's `exp` differ in the last bit between libraries, and stand in the way of vector instructions.
"""

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s

LANES = 8
"""Rows whose length is a multiple of it are worked through by vector instructions alone."""
LOG2_E = 1.4426950408889634
LOWEST = -1022.0
"""The least power of two without loss of digits, 2e-308."""

_ROUNDS = 6755399441055744.0  # 1.5 * 2^52: what is added to it is rounded, and stands in the last bits
_BIAS, _MANTISSA = np.int64(1023), np.int64(52)


@compiled
def power_of_two(x: float) -> float:
    """2^x for x up to 1000, within 5e-14 of it, relatively, and exact for whole x; below `LOWEST` what it is there.

    x = n + f with |f| <= 1/2; then (2^f - 1) / f by the polynomial that meets it in nine Chebyshev nodes.
    """
    inside = x if x > LOWEST else LOWEST
    shifted = inside + _ROUNDS
    f = inside - (shifted - _ROUNDS)
    near = 1.0203121063391729e-07 * f + 1.3255224878668817e-06
    near = near * f + 1.525268684626772e-05
    near = near * f + 0.00015403455852453838
    near = near * f + 0.0013333558179043112
    near = near * f + 0.009618129159402558
    near = near * f + 0.055504108664760424
    near = near * f + 0.2402265069581299
    near = near * f + 0.6931471805599453
    power = np.int64((np.float64(shifted).view(np.int64) + _BIAS) << _MANTISSA).view(np.float64)
    return (1.0 + near * f) * power


@compiled
def exp_of(x: float) -> float:
    """E^x, within 1e-13 of it, relatively, for x from -700 to 690."""
    return power_of_two(x * LOG2_E)


@compiled
def powers_of_two(row: Float64s) -> None:
    """Replaces each x of a row by 2^x."""
    for one in range(row.shape[0]):
        row[one] = power_of_two(row[one])


def in_lanes(length: int) -> int:
    """The next multiple of `LANES`."""
    return -(-length // LANES) * LANES

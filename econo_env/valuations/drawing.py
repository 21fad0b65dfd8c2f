"""Drawing from a quantile table, inside the compiled engine."""

import math

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s


@compiled
def quantile_from_table(quantiles: Float64s, row: int, probability: float) -> float:
    """The quantile at `probability` in [0, 1), linear between the entries.

    Args:
        quantiles: Shape (priors, cells + 1), equally spaced in probability.
        row: Which prior.
        probability: A uniform draw.
    """
    position = probability * (quantiles.shape[1] - 1)
    whole = int(position)
    cell = np.uint64(whole)  # without a sign, so that no code looks for places counted from the end
    left = quantiles[row, cell]
    return float(left + (quantiles[row, cell + np.uint64(1)] - left) * (position - whole))


@compiled
def draw_from_table(quantiles: Float64s, row: int, probability: float) -> int:
    """The same rounded to whole units, such as micro-credits."""
    return int(math.floor(quantile_from_table(quantiles, row, probability) + 0.5))

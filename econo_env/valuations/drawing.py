"""Drawing whole micro-credits from a quantile table, inside the compiled engine."""

import math

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s


@compiled
def draw_from_table(quantiles: Float64s, row: int, probability: float) -> int:
    """The quantile at `probability` in [0, 1), linear between the entries, rounded to whole units.

    Args:
        quantiles: Shape (priors, cells + 1), equally spaced in probability, in micro-credits.
        row: Which prior.
        probability: A uniform draw.
    """
    position = probability * (quantiles.shape[1] - 1)
    cell = int(position)
    left = quantiles[row, cell]
    return int(math.floor(left + (quantiles[row, cell + 1] - left) * (position - cell) + 0.5))

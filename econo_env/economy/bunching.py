"""Bunching at the boundary of a grade: the jump of the density of quality there.

McCrary, "Manipulation of the running variable in the regression discontinuity design: a density test" (Journal of
Econometrics, 2008): a histogram whose bins end at the boundary, a local linear fit with a triangular kernel on each
side, and the difference of the logarithms of the two heights at it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class DensityJump(NamedTuple):
    """The density of a quantity on both sides of a boundary."""

    below: float  # a unit of the quantity, just below
    above: float  # just above
    log_jump: float  # ln(above / below): inf or -inf where one side is empty, NaN where both are
    error: float  # standard error of `log_jump`, inf where a side is empty


def density_jump(found: ArrayLike, boundary: float, width: float, bins: int = 10) -> DensityJump:
    """How much denser a quantity is just above a boundary than just below it.

    Args:
        found: Samples of it, any shape; NaN is left out.
        boundary: Where a jump is looked for.
        width: How far the fit looks on each side, the bandwidth of the kernel.
        bins: Bins of the histogram on each side.

    Raises:
        ValueError: No sample, a width that is not above 0, or fewer than 3 bins.
    """
    samples = np.asarray(found, dtype=np.float64).ravel()
    samples = samples[~np.isnan(samples)]
    if samples.size == 0 or not width > 0.0 or bins < 3:
        raise ValueError(
            f"{samples.size} samples, width={width}, bins={bins}: give samples, a width above 0 and 3 bins"
        )
    step = width / bins
    above = _height_at_edge((samples - boundary)[samples >= boundary], step, bins, samples.size)
    below = _height_at_edge((boundary - samples)[samples < boundary], step, bins, samples.size)
    with np.errstate(divide="ignore", invalid="ignore"):
        jump = float(np.log(np.float64(above)) - np.log(np.float64(below)))
    if above == 0.0 or below == 0.0:
        return DensityJump(below, above, jump, float("inf"))
    error = float(np.sqrt(24.0 / 5.0 / (samples.size * width) * (1.0 / above + 1.0 / below)))
    return DensityJump(below, above, jump, error)


def _height_at_edge(distances: NDArray[np.float64], step: float, bins: int, total: int) -> float:
    """The density at distance 0 by a local linear fit to a histogram of distances from an edge, at least 0."""
    counts, _ = np.histogram(distances, bins=bins, range=(0.0, bins * step))
    centres, heights = (np.arange(bins) + 0.5) * step, counts / (total * step)
    weights = np.sqrt(1.0 - centres / (bins * step))
    design = np.stack([np.ones(bins), centres], axis=1) * weights[:, None]
    return max(0.0, float(np.linalg.lstsq(design, heights * weights, rcond=None)[0][0]))

"""What a tick was worth to everybody together."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PRIMARY = "value"
"""The welfare measure that efficiency is about; a market may name others beside it."""


@dataclass(frozen=True)
class Welfare:
    """What the last tick of each market was worth, in credits.

    Attributes:
        realised: By measure, the welfare reached, shape (markets,); `value` is the primary one.
        optimal: By measure, the most that any allocation reaches on the true types, shape (markets,).
        revenue: What the seller or principal keeps, shape (markets,); negative is a deficit.
        created: What there was to divide between agents and principal, shape (markets,): `realised`, or where that is
            an expectation, its outcome by the books.
        revenue_at_best_reserve: What truthful bidders pay at the reserve that is best for the seller, on the same
            types, shape (markets,); None where bidders do not draw from one prior each for itself. With a regular
            prior no auction earns more in equilibrium (Myerson 1981).
    """

    realised: Mapping[str, Floats]
    optimal: Mapping[str, Floats]
    revenue: Floats
    created: Floats
    revenue_at_best_reserve: Floats | None = None

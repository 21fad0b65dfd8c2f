"""Global synergies: the value model of Goeree and Holt (2010), GSVM in the Spectrum Auction Test Suite."""

from collections.abc import Collection
from typing import Annotated

import numpy as np
from pydantic import Field

from econo_env.valuations.bundles.instance import Generator
from econo_env.valuations.bundles.value_model import BundlesEach, ValueModel
from econo_env.valuations.xor_bids import XorBids

NATIONAL_CIRCLE, REGIONAL_CIRCLE = 12, 6
REGIONS = 6
SYNERGY = 0.2
_MOST_OF_A_REGION = 4
_MIDDLE = range(4, 8)
"""Licences of the national circle that are worth twice as much."""


def gsvm_model(seed: int = 0, national: int = 1, regional: int = REGIONS) -> ValueModel:
    """Licences in two circles, 12 national and 6 regional, each 20 % of the bundle's worth more for every other one.

    A regional bidder k wants the national licences 2 k to 2 k + 3 and the regional ones k and k + 1, both round the
    circle, and may win four; a national bidder wants the 12 national ones. Single licences are worth, each drawn anew:
    U[0, 20] to a regional bidder, U[0, 40] those in the middle third of the national circle; U[0, 10] and U[0, 20] to a
    national one. K licences of interest are worth their sum times 1 + 0.2 (K - 1) (Goeree and Holt, "Hierarchical
    package bidding", Games and Economic Behavior 2010; Weiss, Lubin and Seuken 2017).

    Args:
        seed: Of the draws.
        national: National bidders; they come last.
        regional: Regional bidders, at most six.
    """
    rng = np.random.default_rng(seed)
    total = NATIONAL_CIRCLE + REGIONAL_CIRCLE
    interests, highest = [], np.full(total, 20.0)
    highest[list(_MIDDLE)] = 40.0
    for k in range(regional):
        circle = [(2 * k + step) % NATIONAL_CIRCLE for step in range(_MOST_OF_A_REGION)]
        interests.append((*circle, NATIONAL_CIRCLE + k, NATIONAL_CIRCLE + (k + 1) % REGIONAL_CIRCLE))
    interests += [tuple(range(NATIONAL_CIRCLE))] * national
    scale = np.concatenate([np.tile(highest, (regional, 1)), np.tile(highest / 2.0, (national, 1))])
    alone = rng.uniform(0.0, scale)
    wanted = [frozenset(own) for own in interests]

    def value(bidder: int, bundle: Collection[int]) -> float:
        held = sorted(wanted[bidder].intersection(bundle))
        return float(alone[bidder, held].sum() * (1.0 + SYNERGY * (len(held) - 1))) if held else 0.0

    largest = (_MOST_OF_A_REGION,) * regional + (NATIONAL_CIRCLE,) * national
    return ValueModel(total, tuple(interests), largest, value)


def gsvm(
    bundles_each: BundlesEach = 20,
    seed: Annotated[int, Field(ge=0)] = 0,
    national: Annotated[int, Field(ge=0, le=100)] = 1,
    regional: Annotated[int, Field(ge=1, le=REGIONS)] = REGIONS,
) -> XorBids:
    """XOR bids at the values of `gsvm_model`; which bundles, says `ValueModel.bids`."""
    return gsvm_model(seed, national, regional).bids(bundles_each, seed)


GENERATORS = (
    Generator(
        "gsvm",
        gsvm,
        "18 licences in a national and a regional circle, synergies by number; six regional bidders, one national",
        "Goeree and Holt (2010); Weiss et al. (2017)",
    ),
)

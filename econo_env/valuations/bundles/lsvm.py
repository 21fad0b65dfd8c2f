"""Local synergies: the value model of Scheffel, Ziegler and Bichler (2012), LSVM in the Spectrum Auction Test Suite."""

import math
from collections.abc import Collection
from typing import Annotated

import numpy as np
from pydantic import Field

from econo_env.valuations.bundles.instance import Generator
from econo_env.valuations.bundles.value_model import BundlesEach, ValueModel
from econo_env.valuations.xor_bids import XorBids

ROWS, COLUMNS = 3, 6
PROXIMITY = 2
NATIONAL, REGIONAL = (320.0, 10.0), (160.0, 4.0)
"""Height in percent and midpoint of the logistic curve of synergies."""


def synergy(size: int, curve: tuple[float, float]) -> float:
    """What the licences of a connected block of that size are multiplied with: 1 + a / (100 (1 + e^(b - size)))."""
    a, b = curve
    return 1.0 + a / (100.0 * (1.0 + math.exp(b - size)))


def blocks(licences: Collection[int]) -> list[list[int]]:
    """The connected blocks of licences on the grid, neighbours side by side or one above the other."""
    left, found = set(licences), []
    while left:
        block, edge = [], [min(left)]
        left.remove(edge[0])
        while edge:
            licence = edge.pop()
            block.append(licence)
            near = {other for other in left if _apart(licence, other) == 1}
            left -= near
            edge += sorted(near)
        found.append(sorted(block))
    return found


def _apart(one: int, other: int) -> int:
    return abs(one // COLUMNS - other // COLUMNS) + abs(one % COLUMNS - other % COLUMNS)


def lsvm_model(seed: int = 0, national: int = 1, regional: int = 5) -> ValueModel:
    """18 licences on a grid of 3 by 6, worth more in connected blocks, by a logistic curve.

    A regional bidder prefers one licence, any with equal chance, and wants those at most two steps away (6 to 11
    licences), worth U[3, 20] each; a national bidder wants all, worth U[3, 9] each. A bundle is worth the sum over its
    connected blocks C, of licences of interest, of their sum times 1 + a / (100 (1 + e^(b - |C|))), with a = 320 and
    b = 10 for national bidders, 160 and 4 for regional ones (Scheffel, Ziegler and Bichler, "On the impact of package
    selection in combinatorial auctions", Experimental Economics 2012; Weiss, Lubin and Seuken 2017).

    Args:
        seed: Of the draws.
        national: National bidders; they come first.
        regional: Regional bidders.
    """
    rng = np.random.default_rng(seed)
    total = ROWS * COLUMNS
    interests = [tuple(range(total))] * national
    for _ in range(regional):
        preferred = int(rng.integers(total))
        interests.append(tuple(other for other in range(total) if _apart(preferred, other) <= PROXIMITY))
    highest = np.repeat([9.0, 20.0], [national, regional])
    alone = rng.uniform(3.0, highest[:, None], (national + regional, total))
    wanted = [frozenset(own) for own in interests]

    def value(bidder: int, bundle: Collection[int]) -> float:
        curve = NATIONAL if bidder < national else REGIONAL
        held = blocks(wanted[bidder].intersection(bundle))
        return float(sum(alone[bidder, block].sum() * synergy(len(block), curve) for block in held))

    return ValueModel(total, tuple(interests), tuple(len(own) for own in interests), value)


def lsvm(
    bundles_each: BundlesEach = 20,
    seed: Annotated[int, Field(ge=0)] = 0,
    national: Annotated[int, Field(ge=0, le=100)] = 1,
    regional: Annotated[int, Field(ge=1, le=100)] = 5,
) -> XorBids:
    """XOR bids at the values of `lsvm_model`; which bundles, says `ValueModel.bids`."""
    return lsvm_model(seed, national, regional).bids(bundles_each, seed)


GENERATORS = (
    Generator(
        "lsvm",
        lsvm,
        "18 licences on a grid of 3 x 6, synergies in connected blocks; one national bidder, five regional",
        "Scheffel, Ziegler and Bichler (2012); Weiss et al. (2017)",
    ),
)

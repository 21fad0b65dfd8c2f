"""Proximity in space: bids for neighbouring plots on a map (real estate, drilling rights, radio spectrum).

`regions` follows the distribution of that name of the Combinatorial Auction Test Suite (Leyton-Brown, Pearson and
Shoham, "Towards a universal test suite for combinatorial auction algorithms", EC 2000): plots on a map, bundles of
neighbouring plots, common and private worth, superadditive in size, and substitutes offered as XOR bids. `arbitrary`
is its sibling without a map.
"""

import math
from itertools import count
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.valuations.bundles.instance import Generator, Priced, from_bidders
from econo_env.valuations.xor_bids import XorBids

Floats = NDArray[np.float64]
Chance = Annotated[float, Field(ge=0.0, lt=1.0)]

_SUBSTITUTES = 5
_WORTH_SPREAD = 0.5
_BUDGET_FACTOR, _RESALE_FACTOR = 1.5, 0.5
_SUPERADDITIVE = 0.2
_MISSING_EDGE = 0.1
_DIAGONAL_EDGE = 0.2


def regions(
    num_items: Annotated[int, Field(ge=2)] = 25,
    num_bids: Annotated[int, Field(ge=1)] = 100,
    seed: Annotated[int, Field(ge=0)] = 0,
    another: Chance = 0.9,
) -> XorBids:
    """Bundles of neighbouring plots on a map, worth more together than apart.

    Args:
        num_items: Plots; the map is the smallest square that holds them.
        num_bids: Bids in all, undominated.
        seed: Of the draws.
        another: Chance that a bundle grows by one more plot; the suite's own default makes bundles of about ten.
    """
    rng = np.random.default_rng(seed)
    return _substitutes(_map_weights(num_items, rng), num_bids, another, rng)


def arbitrary(
    num_items: Annotated[int, Field(ge=2)] = 25,
    num_bids: Annotated[int, Field(ge=1)] = 100,
    seed: Annotated[int, Field(ge=0)] = 0,
    another: Chance = 0.9,
) -> XorBids:
    """As `regions`, with nearness between any two items drawn at random instead of a map."""
    rng = np.random.default_rng(seed)
    near = np.triu(rng.random((num_items, num_items)), 1)
    return _substitutes(near + near.T, num_bids, another, rng)


def _map_weights(num_items: int, rng: np.random.Generator) -> Floats:
    """1 between neighbours on a grid, some edges missing and some diagonals added."""
    side = math.ceil(math.sqrt(num_items))
    place = np.stack(np.divmod(np.arange(num_items), side), axis=1)
    apart = np.abs(place[:, None] - place[None, :])
    edge = apart.sum(axis=2) == 1
    diagonal = (apart == 1).all(axis=2)
    draw = np.triu(rng.random((num_items, num_items)), 1)
    draw = draw + draw.T
    joined: NDArray[np.bool_] = (edge & (draw > _MISSING_EDGE)) | (diagonal & (draw < _DIAGONAL_EDGE))
    return joined.astype(np.float64)


def _substitutes(near: Floats, num_bids: int, another: float, rng: np.random.Generator) -> XorBids:
    """Bidders with private worth on top of a common one, each with its best bundle and substitutes for it."""
    common = rng.uniform(1.0, 100.0, len(near))
    bidders = (_offers(near, common, another, rng) for _ in count())
    return from_bidders(bidders, len(near), num_bids)


def _offers(near: Floats, common: Floats, another: float, rng: np.random.Generator) -> list[Priced]:
    """The bidder's bundle and its substitutes within budget and resale worth, distinct bundles only."""
    num_items = len(near)
    private = rng.uniform(-_WORTH_SPREAD * common.max(), _WORTH_SPREAD * common.max(), num_items)
    liking = (private - private.min()) / (private.max() - private.min())

    def worth(bundle: list[int]) -> float:
        size: float = len(bundle) ** (1.0 + _SUPERADDITIVE)
        return float((common + private)[bundle].sum()) + size

    first = _grow(int(rng.choice(num_items, p=liking / liking.sum())), near, liking, another, rng)
    if worth(first) <= 0:
        return []
    budget, resale = _BUDGET_FACTOR * worth(first), _RESALE_FACTOR * float(common[first].sum())
    others = [_grow_to(item, len(first), near, liking, rng) for item in first]
    allowed = [b for b in others if 0 <= worth(b) <= budget and float(common[b].sum()) >= resale]
    allowed.sort(key=worth, reverse=True)
    return [(bundle, worth(bundle)) for bundle in [first, *allowed[:_SUBSTITUTES]]]


def _next_item(bundle: list[int], near: Floats, liking: Floats, rng: np.random.Generator) -> int | None:
    weight = near[:, bundle].sum(axis=1) * liking
    weight[bundle] = 0.0
    return int(rng.choice(len(near), p=weight / weight.sum())) if weight.sum() > 0 else None


def _grow(item: int, near: Floats, liking: Floats, another: float, rng: np.random.Generator) -> list[int]:
    bundle = [item]
    while rng.random() < another and (more := _next_item(bundle, near, liking, rng)) is not None:
        bundle.append(more)
    return bundle


def _grow_to(item: int, size: int, near: Floats, liking: Floats, rng: np.random.Generator) -> list[int]:
    bundle = [item]
    while len(bundle) < size and (more := _next_item(bundle, near, liking, rng)) is not None:
        bundle.append(more)
    return bundle


_SOURCE = "Leyton-Brown et al. (2000), "
GENERATORS = (
    Generator("regions", regions, "Neighbouring plots on a map, worth more together", f"{_SOURCE}4.2"),
    Generator("arbitrary", arbitrary, "Items with random nearness to each other", f"{_SOURCE}4.3"),
)

"""Value models: what every bundle is worth to every bidder, and XOR bids on some of the bundles."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from econo_env.valuations.bundles.instance import Priced, from_bidders
from econo_env.valuations.xor_bids import XorBids

BundlesEach = Annotated[int, Field(ge=1, le=20)]
"""XOR bids of a bidder."""

_TRIES_A_BUNDLE = 50


@dataclass(frozen=True)
class ValueModel:
    """One draw of a value model.

    Attributes:
        num_items: Items for sale.
        interests: Items that are worth something to each bidder.
        largest: The most items that each bidder may win.
        value: What a bidder's bundle is worth to it in credits, for any bundle; items of no interest add nothing.
    """

    num_items: int
    interests: tuple[tuple[int, ...], ...]
    largest: tuple[int, ...]
    value: Callable[[int, Collection[int]], float]

    def bids(self, bundles_each: int, seed: int) -> XorBids:
        """Truthful XOR bids on different bundles of every bidder.

        The first bundle holds the `largest` items worth most alone; the others are random: any size from 1 to
        `largest` with equal chance, then any items of interest. Bids that offer less than one for part of the same
        bundle are left out.
        """
        rng = np.random.default_rng(seed)
        return from_bidders(self._bidders(bundles_each, rng), self.num_items)

    def _bidders(self, bundles_each: int, rng: np.random.Generator) -> Iterator[list[Priced]]:
        for bidder, (own, largest) in enumerate(zip(self.interests, self.largest, strict=True)):
            alone = np.array([self.value(bidder, {item}) for item in own])
            chosen = {frozenset(own[at] for at in np.argsort(-alone)[:largest])}
            for _ in range(_TRIES_A_BUNDLE * bundles_each):
                if len(chosen) >= bundles_each:
                    break
                size = int(rng.integers(1, min(largest, len(own)) + 1))
                chosen.add(frozenset(rng.choice(own, size, replace=False).tolist()))
            bundles = sorted(sorted(bundle) for bundle in chosen)
            yield [(bundle, self.value(bidder, bundle)) for bundle in bundles]

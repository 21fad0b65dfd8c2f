"""Legacy distributions L1 to L7: bundle sizes and prices without a story, one bundle a bidder.

Collected by Leyton-Brown, Pearson and Shoham (2000), section 2.2, with parameters as the suite sets them. They are kept
because results on them are published; the suite's other families are closer to real bids. L8, with quadratic prices, is
left out.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated

import numpy as np
from pydantic import Field

from econo_env.money import to_money
from econo_env.valuations.bundles.instance import Generator
from econo_env.valuations.xor_bids import XorBids, xor_bids

Size = Callable[[int, np.random.Generator], int]
Price = Callable[[int, np.random.Generator], float]


def sized(num_items: int, num_bids: int, seed: int, size: Size, price: Price) -> XorBids:
    """Single-minded bidders: `size` draws the number of items, any of them with equal chance, `price` the bid."""
    rng = np.random.default_rng(seed)
    rows = []
    for bidder in range(num_bids):
        count = size(num_items, rng)
        bundle = rng.choice(num_items, count, replace=False).tolist()
        rows.append((bidder, bundle, int(to_money(price(count, rng)))))
    return xor_bids(rows, num_items, num_bids)


def any_size(num_items: int, rng: np.random.Generator) -> int:
    """From one item to all, with equal chance."""
    return int(rng.integers(1, num_items + 1))


def fixed_size(num_items: int, rng: np.random.Generator, size: int = 3) -> int:
    """Always the same."""
    return min(size, num_items)


def decaying_size(num_items: int, rng: np.random.Generator, alpha: float = 0.55) -> int:
    """One, and one more with the chance `alpha` each time."""
    return min(num_items, int(rng.geometric(1.0 - alpha)))


def normal_size(num_items: int, rng: np.random.Generator, mean: float = 4.0, spread: float = 1.0) -> int:
    """Normal, rounded, from one item to all."""
    while True:
        size = round(rng.normal(mean, spread))
        if 1 <= size <= num_items:
            return size


def exponential_size(num_items: int, rng: np.random.Generator, q: float = 5.0) -> int:
    """P(size) in proportion to exp(-size / q), from one item to all."""
    within = -np.expm1(-num_items / q)
    return min(num_items, 1 + int(-q * np.log1p(-within * rng.random())))


def binomial_size(num_items: int, rng: np.random.Generator, chance: float = 0.2) -> int:
    """Each item with the same chance, at least one."""
    while True:
        size = int(rng.binomial(num_items, chance))
        if size >= 1:
            return size


def price_of_bundle(size: int, rng: np.random.Generator) -> float:
    """U[0, 1] whatever the size."""
    return float(rng.uniform())


def price_of_items(size: int, rng: np.random.Generator, low: float = 0.0, high: float = 1.0) -> float:
    """U[low, high] an item."""
    return float(size * rng.uniform(low, high))


def normal_price(size: int, rng: np.random.Generator, mean: float = 16.0, spread: float = 3.0) -> float:
    """Normal whatever the size, not below 0."""
    return max(0.0, float(rng.normal(mean, spread)))


_NEAR_ONE = partial(price_of_items, low=0.5, high=1.5)
_FAMILIES: dict[str, tuple[Size, Price, str, str]] = {
    "l1": (any_size, price_of_bundle, "Random: any size, price U[0, 1]", "Sandholm (2002)"),
    "l2": (any_size, price_of_items, "Weighted random: any size, U[0, 1] an item", "Sandholm (2002)"),
    "l3": (fixed_size, price_of_bundle, "Uniform: three items, price U[0, 1]", "Sandholm (2002)"),
    "l5": (normal_size, normal_price, "Normal: about four items, price about 16", "Hoos and Boutilier (2000)"),
    "l6": (exponential_size, _NEAR_ONE, "Exponential sizes, U[0.5, 1.5] an item", "Fujishima et al. (1999)"),
    "l7": (binomial_size, _NEAR_ONE, "Binomial sizes, U[0.5, 1.5] an item", "Fujishima et al. (1999)"),
}


def _family(size: Size, price: Price) -> Callable[..., XorBids]:
    def make(
        num_items: Annotated[int, Field(ge=1)] = 25,
        num_bids: Annotated[int, Field(ge=1)] = 100,
        seed: Annotated[int, Field(ge=0)] = 0,
    ) -> XorBids:
        """Bundles of single-minded bidders."""
        return sized(num_items, num_bids, seed, size, price)

    return make


def decay(
    num_items: Annotated[int, Field(ge=1)] = 25,
    num_bids: Annotated[int, Field(ge=1)] = 100,
    seed: Annotated[int, Field(ge=0)] = 0,
    alpha: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.55,
) -> XorBids:
    """L4: single-minded bidders; a bundle grows by a random item with chance `alpha`; the price is U[0, 1] per item.

    Raises:
        ValueError: `alpha` lies outside [0, 1).
    """
    if not 0.0 <= alpha < 1.0:
        raise ValueError(f"alpha = {alpha}: give a chance from 0 to below 1")
    return sized(num_items, num_bids, seed, partial(decaying_size, alpha=alpha), price_of_items)


GENERATORS = (
    *(
        Generator(name, _family(size, price), models, source)
        for name, (size, price, models, source) in _FAMILIES.items()
    ),
    Generator("decay", decay, "L4: sizes fall off geometrically, U[0, 1] an item", "Sandholm (2002)"),
)

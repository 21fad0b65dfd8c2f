"""What bundles come to at given draws, items as bits; compiled, for the engine's loop and for many samples."""

import math

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s, Int64s
from econo_env.valuations.bundle_values import Drawing
from econo_env.valuations.drawing import quantile_from_table


@compiled
def drawn_bundle(num_items: int, chance: float) -> int:
    """One of the bundles, none empty, with equal chance: items as bits."""
    return 1 + int(chance * ((1 << num_items) - 1))


@compiled
def num_items_in(bundle: int) -> int:
    """Items of a bundle given as bits."""
    size, left = 0, bundle
    while left != 0:
        left &= left - 1
        size += 1
    return size


@compiled
def worth_of_wish(drawing: Drawing, bundle: int, draw: float) -> int:
    """The value of the wanted bundle in micro-credits at a uniform draw."""
    worth = quantile_from_table(drawing.quantiles, 0, draw) * drawing.size_factor[num_items_in(bundle)]
    return int(math.floor(worth + 0.5))


@compiled
def bundle_worth(drawing: Drawing, items: Int64s, bundle: int) -> int:
    """The value of a bundle in micro-credits from those of its items: best first, later ones weigh less."""
    total, weight, left, size = 0.0, 1.0, bundle, 0
    while left != 0:
        best = -1
        for item in range(items.shape[0]):
            if (left >> item) & 1 and (best < 0 or items[item] > items[best]):
                best = item
        total += weight * items[best]
        weight *= drawing.later
        left ^= 1 << best
        size += 1
    return int(math.floor(total * drawing.size_factor[size] + 0.5))


@compiled
def bundle_worths(drawing: Drawing, items: Int64s, bundles: Int64s, values: Int64s) -> None:
    """Fills `values` (samples, bundles) with the worth of these bundles, items as bits, at `items` (samples, items)."""
    for k in range(items.shape[0]):
        for b in range(values.shape[1]):
            values[k, b] = bundle_worth(drawing, items[k], bundles[b])


@compiled
def worths_of_wishes(drawing: Drawing, bundles: Int64s, draws: Float64s, values: Int64s) -> None:
    """Fills `values` (samples,) with the worth of wanted bundles at uniform draws."""
    for k in range(values.shape[0]):
        values[k] = worth_of_wish(drawing, bundles[k], draws[k])

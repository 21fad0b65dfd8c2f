"""Temporal matching: airlines bid for pairs of a take-off and a landing slot at congested airports."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from econo_env.engine.state import Float64s
from econo_env.valuations.bundles.instance import Generator, Priced, from_bidders
from econo_env.valuations.xor_bids import XorBids

AIRPORTS = (
    ("O'Hare", -87.75, 41.983),
    ("Reagan", -77.033, 38.85),
    ("Kennedy", -73.783, 40.65),
    ("La Guardia", -73.867, 40.767),
)
"""The four slot-controlled airports of the United States, with longitude and latitude."""

_SAME_CITY = (2, 3)
_LONGEST_FLIGHT = 10


def matching(
    num_items: Annotated[int, Field(ge=8, le=4000)] = 40,
    num_bids: Annotated[int, Field(ge=1)] = 100,
    seed: Annotated[int, Field(ge=0)] = 0,
    airport_price: Annotated[float, Field(gt=0.0)] = 5.0,
    early_take_off: Annotated[int, Field(ge=0, le=10)] = 1,
    late_take_off: Annotated[int, Field(ge=0, le=10)] = 2,
    late_landing: Annotated[int, Field(ge=0, le=10)] = 2,
    deviation: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5,
    delay_factor: Annotated[float, Field(gt=0.0, le=1.0)] = 0.9,
    late_factor: Annotated[float, Field(gt=0.0, le=1.0)] = 0.75,
) -> XorBids:
    """Bids on pairs of slots; item 4 t + c is the slot of airport c at time t.

    A flight between two airports in different cities takes a time in proportion to the distance. The airline values it
    by the prices of both airports, U[0, `airport_price`], times U[1 - `deviation`, 1 + `deviation`], and bids on every
    pair from an early to a late take-off and landing: `delay_factor` less for every step longer in the air and
    `late_factor` less for every step that it lands late.

    The paper's pseudocode takes the lateness as min(landing - planned landing, 0), which would pay a premium for early
    landings and nothing for late ones; it is max here, as its text says.

    Args:
        num_items: Slots, a multiple of four.
        num_bids: Bids in all, undominated.
        seed: Of the draws.
        airport_price: Highest price of a slot.
        early_take_off: Steps before the planned take-off.
        late_take_off: Steps after it.
        late_landing: Steps after the planned landing.
        deviation: Spread of the airlines' values.
        delay_factor: Worth left for each step longer in the air.
        late_factor: Worth left for each step late.

    Raises:
        ValueError: `num_items` is no multiple of four.
    """
    if num_items % len(AIRPORTS):
        raise ValueError(f"items = {num_items}: there are four airports, give a multiple of 4")
    rng = np.random.default_rng(seed)
    price = rng.uniform(0.0, airport_price, len(AIRPORTS))
    times = num_items // len(AIRPORTS)
    distance = _distances()
    flight = np.maximum(1, np.rint(min(_LONGEST_FLIGHT, times - 1) * distance / distance.max())).astype(int)

    def airlines() -> Iterator[list[Priced]]:
        while True:
            start, end = (int(airport) for airport in rng.choice(len(AIRPORTS), 2, replace=False))
            if {start, end} == set(_SAME_CITY):
                continue
            takes = int(flight[start, end])
            planned = int(rng.integers(times - takes))
            worth = (price[start] + price[end]) * rng.uniform(1.0 - deviation, 1.0 + deviation)
            offers: list[Priced] = []
            for off in range(max(0, planned - early_take_off), min(times - 1, planned + late_take_off) + 1):
                for land in range(off + takes, min(times - 1, planned + takes + late_landing) + 1):
                    delay, late = land - off - takes, max(land - planned - takes, 0)
                    slots = (4 * off + start, 4 * land + end)
                    offers.append((slots, float(worth * delay_factor**delay * late_factor**late)))
            yield offers

    return from_bidders(airlines(), num_items, num_bids)


def _distances() -> Float64s:
    """Between airports, in degrees, shape (4, 4)."""
    place = np.array([(longitude, latitude) for _, longitude, latitude in AIRPORTS])
    return np.asarray(np.linalg.norm(place[:, None] - place[None], axis=2))


GENERATORS = (
    Generator(
        "matching",
        matching,
        "Take-off and landing slots at the four slot-controlled airports of the United States",
        "Leyton-Brown et al. (2000), 4.4; Grether, Isaac and Plott (1989)",
    ),
)

"""Temporal scheduling: jobs bid for runs of time on one machine, worth less after each deadline."""

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from econo_env.valuations.bundles.instance import Generator, Priced, from_bidders
from econo_env.valuations.xor_bids import XorBids


def scheduling(
    num_items: Annotated[int, Field(ge=1, le=4000)] = 25,
    num_bids: Annotated[int, Field(ge=1)] = 100,
    seed: Annotated[int, Field(ge=0)] = 0,
    max_length: Annotated[int, Field(ge=1)] = 10,
    deviation: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5,
    another_deadline: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.7,
    additivity: Annotated[float, Field(ge=-1.0, le=2.0)] = 0.2,
) -> XorBids:
    """Bids on runs of neighbouring time slots on one machine.

    A job needs l slots, l uniform up to `max_length`, and has a deadline d, uniform from l to the end, with further
    ones drawn beyond it with the chance `another_deadline` each. Every run of l slots that ends by the first deadline
    is worth l^(1 + `additivity`) times U[1 - `deviation`, 1 + `deviation`]; one that ends by a later deadline D, after
    the deadline before, is worth d / D of that.

    Args:
        num_items: Time slots.
        num_bids: Bids in all.
        seed: Of the draws.
        max_length: Longest job.
        deviation: Spread of the jobs' values.
        another_deadline: Chance of each further deadline.
        additivity: Above 0 long jobs are worth more a slot.
    """
    rng = np.random.default_rng(seed)

    def jobs() -> Iterator[list[Priced]]:
        while True:
            length = int(rng.integers(1, min(max_length, num_items) + 1))
            deadlines = [int(rng.integers(length, num_items + 1))]
            worth = length ** (1.0 + additivity) * rng.uniform(1.0 - deviation, 1.0 + deviation)
            while deadlines[-1] < num_items and rng.random() < another_deadline:
                deadlines.append(int(rng.integers(deadlines[-1] + 1, num_items + 1)))
            offers: list[Priced] = []
            for start in range(num_items - length + 1):
                met = next((deadline for deadline in deadlines if start + length <= deadline), None)
                if met is not None:
                    offers.append((range(start, start + length), float(worth * deadlines[0] / met)))
            yield offers

    return from_bidders(jobs(), num_items, num_bids)


GENERATORS = (
    Generator(
        "scheduling",
        scheduling,
        "Jobs with deadlines on one machine",
        "Leyton-Brown et al. (2000), 4.5; Wellman, Walsh, Wurman and MacKie-Mason (2001)",
    ),
)

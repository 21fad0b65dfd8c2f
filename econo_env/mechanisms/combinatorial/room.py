"""Room in which markets clear: the space of `Scratch` as columns of a batch of markets."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Bools, Column, Float64s, Int64s
from econo_env.mechanisms.combinatorial.batch import num_constraints
from econo_env.mechanisms.combinatorial.small import Scratch

_SCRATCH = "scratch: room to work in"


class Room(NamedTuple):
    """The arrays of `Scratch`, the market first."""

    order: Annotated[Int64s, Column(np.int64, ("agents",), _SCRATCH)]
    out: Annotated[Bools, Column(np.bool_, ("agents",), _SCRATCH)]
    best: Annotated[Int64s, Column(np.int64, ("layers", "sets"), _SCRATCH)]
    best_left: Annotated[Float64s, Column(np.float64, ("layers", "sets"), _SCRATCH)]
    left: Annotated[Float64s, Column(np.float64, ("offers",), _SCRATCH)]
    chosen: Annotated[Int64s, Column(np.int64, ("agents",), _SCRATCH)]
    seat: Annotated[Int64s, Column(np.int64, ("agents",), _SCRATCH)]
    mask: Annotated[Int64s, Column(np.int64, ("constraints",), _SCRATCH)]
    sign: Annotated[Float64s, Column(np.float64, ("constraints",), _SCRATCH)]
    bound: Annotated[Float64s, Column(np.float64, ("constraints",), _SCRATCH)]
    price: Annotated[Float64s, Column(np.float64, ("agents",), _SCRATCH)]
    target: Annotated[Float64s, Column(np.float64, ("agents",), _SCRATCH)]
    active: Annotated[Int64s, Column(np.int64, ("layers",), _SCRATCH)]
    multiplier: Annotated[Float64s, Column(np.float64, ("layers",), _SCRATCH)]
    direction: Annotated[Float64s, Column(np.float64, ("agents",), _SCRATCH)]
    gram: Annotated[Float64s, Column(np.float64, ("layers", "gram_columns"), _SCRATCH)]


def room_axes(num_bidders: int, num_bids: int, num_items: int) -> dict[str, int]:
    """Lengths of the named axes of `Room`, but for `agents`."""
    return {
        "offers": num_bids,
        "layers": num_bidders + 1,
        "sets": 1 << num_items,
        "constraints": num_constraints(num_bidders, num_items),
        "gram_columns": num_bidders + 2,
    }


@compiled
def scratch_at(k: int, room: Room) -> Scratch:
    """The space of market k."""
    return Scratch(
        room.order[k],
        room.out[k],
        room.best[k],
        room.best_left[k],
        room.left[k],
        room.chosen[k],
        room.seat[k],
        room.mask[k],
        room.sign[k],
        room.bound[k],
        room.price[k],
        room.target[k],
        room.active[k],
        room.multiplier[k],
        room.direction[k],
        room.gram[k],
    )

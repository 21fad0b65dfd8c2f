"""What a sequential sale holds; its constants are those of a sealed-bid market."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.award import Award
from econo_env.engine.state import Bools, Column, Int64s, UInt64s


class State(NamedTuple):
    """A batch of sequential sales; the first axis of every array is the market."""

    key: Annotated[UInt64s, Column(np.uint64, (), "random key of the market")]
    episode: Annotated[Int64s, Column(np.int64, (), "episodes since the seed")]
    tick: Annotated[Int64s, Column(np.int64, (), "rounds played in this episode")]
    values: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, for the whole episode")]
    active: Annotated[Bools, Column(np.bool_, ("agents",), "has not won yet")]
    bids: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, -1 for none")]
    award: Award

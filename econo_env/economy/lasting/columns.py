"""The columns of contracts that last."""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.economy.lasting.running import (
    Running,
)
from econo_env.economy.work import Work
from econo_env.engine.state import Bools, Column, Float64s, Int64s


class State(NamedTuple):
    """Contracts that run in a batch of markets, and what the last tick made of them."""

    work: Work
    running: Running
    opened: Annotated[Int64s, Column(np.int64, (), "contracts of the episode so far, the number of the last transfer")]
    coming: Annotated[Int64s, Column(np.int64, (), "ticks of work of the coming contract")]
    effort: Annotated[Float64s, Column(np.float64, ("agents",), "mean effort of the last tick's work, 0 for none")]
    spent: Annotated[Float64s, Column(np.float64, ("agents",), "micro-credits of the last tick's work")]
    delivery: Annotated[Int64s, Column(np.int64, ("agents",), "of the contract judged in the last tick, 0 for none")]
    delivered: Annotated[Int64s, Column(np.int64, ("agents",), "micro-credits, worth of what was judged to the house")]
    luck: Annotated[Float64s, Column(np.float64, ("agents",), "micro-credits, payments of the last tick less expected")]
    exertion: Annotated[Float64s, Column(np.float64, ("agents",), "-1 to 1, of the tick, see economy.lasting.running")]
    wronged: Annotated[Bools, Column(np.bool_, ("agents",), "judged byzantine in the last tick without a forgery")]
    barred: Annotated[Bools, Column(np.bool_, ("agents",), "may not act for want of a free slot alone")]

"""Cover of contracts that last: bought when one is won, of use when its grade is beyond appeal, once.

Poor work, lateness, abandonment and what never comes are its holder's doing, so what they cost is paid as far as the
holder's own unspent premiums go (`econo_env.economy.insurance`).
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.economy.insurance import CONDUCT, claim
from econo_env.economy.lasting.running import NO_SLOT, RUNNING, Running, beyond_appeal
from econo_env.economy.lasting.section import Params
from econo_env.economy.lasting.settling import payment_of
from econo_env.engine.compiled import compiled
from econo_env.engine.state import Column, Int64s


class Covers(NamedTuple):
    """Which contracts are covered."""

    number: Annotated[Int64s, Column(np.int64, (), "contracts that are covered and may still claim")]
    share: Annotated[Int64s, Column(np.int64, ("agents", "slots"), "parts per million of its loss that are covered")]


@compiled
def won_now(k: int, i: int, tick: int, running: Running) -> int:
    """The slot of the contract that agent i has won in this tick, `NO_SLOT` for none."""
    for j in range(running.status.shape[2]):
        if running.status[k, i, j] == RUNNING and running.opened[k, i, j] == tick:
            return j
    return NO_SLOT


@compiled
def drop_covers(k: int, i: int, covers: Covers) -> None:
    """Agent i has no cover any more."""
    for j in range(covers.share.shape[2]):
        if covers.share[k, i, j] > 0:
            covers.share[k, i, j] = 0
            covers.number[k] -= 1


@compiled
def claims_of(k: int, i: int, backing: int, covers: Covers, world: Any, params: Params) -> int:
    """What agent i is owed for the contracts that are done with in this tick, micro-credits; their cover has ended.

    What counts is what a contract cost by its last grade. Who is banned claims nothing.
    """
    running, tick, owed = world.lasting_contracts.running, world.market.tick[k], 0
    ends = tick == params.max_cycles - 1
    if world.conduct.banned[k, i]:
        drop_covers(k, i, covers)
    for j in range(covers.share.shape[2]):
        if covers.share[k, i, j] == 0 or running.status[k, i, j] <= RUNNING:
            continue
        if not beyond_appeal(k, i, j, tick, params.window, ends, running):
            continue
        lost, share = -payment_of(k, i, j, running.grade[k, i, j], running, params), covers.share[k, i, j]
        owed += claim(lost, 0, running.lock[k, i, j], share, CONDUCT, backing - owed)
        covers.share[k, i, j] = 0
        covers.number[k] -= 1
    return owed

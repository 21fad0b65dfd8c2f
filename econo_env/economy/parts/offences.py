"""Faults that others can see: broken promises, and forged proofs that pass, with what a forgery costs the house.

Contracts that are settled in the tick of their award and those that last keep what is needed in columns of their own,
so that evidence says which of them there are, and what it has no use for is not in the loop.
"""

from typing import Any

from econo_env.economy.contracts import BYZANTINE, NO_GRADE, POOR, money
from econo_env.economy.lasting.running import NO_SLOT, RUNNING
from econo_env.economy.lasting.settling import break_off, passed_forgery, payment_of, post_broken, worth_of
from econo_env.economy.parts.replication import combine_one
from econo_env.economy.slashing import BYZANTINE_FAULT, TIMEOUT
from econo_env.engine.compiled import compiled

NO_FAULT = -1


@compiled
def end_contracts(later: int | None, k: int, i: int, world: Any, params: Any) -> None:
    """Breaks off what agent i has running, after the payments of the tick; each replica still has its result."""
    if later is None:
        return
    running, paid, held = world.lasting_contracts.running, world.market.award.pays[k, i], world.staking.held[k, i]
    for j in range(running.status.shape[2]):
        if running.status[k, i, j] == RUNNING:
            break_off(k, i, j, world, params.lasting_contracts)
            _combine(params.evidence.replicated, k, i, j, world, params)
    post_broken(k, i, paid, held, world)


@compiled
def _combine(replicated: int | None, k: int, i: int, j: int, world: Any, params: Any) -> None:
    if replicated is None:
        return
    combine_one(k, i, j, True, world, params)


@compiled
def _forged_at_once(at_once: int | None, k: int, i: int, world: Any) -> bool:
    if at_once is None:
        return False
    graded = world.conduct.grade[k, i]
    return bool(graded not in (NO_GRADE, BYZANTINE) and world.contracts.work.forges[k, i])


@compiled
def _forged_later(later: int | None, k: int, i: int, world: Any) -> bool:
    if later is None:
        return False
    return bool(passed_forgery(k, i, world) != NO_SLOT)


@compiled
def _due(promised: int | None, owes: int) -> int:
    """What the house was to have of a contract where that is what it gets back, micro-credits."""
    if promised is None:
        return 0
    return owes


@compiled
def _overpaid_at_once(at_once: int | None, k: int, i: int, world: Any, params: Any) -> int:
    if at_once is None:
        return 0
    due = _due(params.evidence.promised, world.contracts.work.owes[k, i])
    return int(max(0, due - world.market.award.pays[k, i] - world.contracts.delivered[k, i]))


@compiled
def _overpaid_later(later: int | None, k: int, i: int, world: Any, params: Any) -> int:
    if later is None:
        return 0
    running, constants, j = world.lasting_contracts.running, params.lasting_contracts, passed_forgery(k, i, world)
    worth = money(worth_of(k, i, j, running, constants.schedule, constants.measurement))
    due = _due(params.evidence.promised, running.owes[k, i, j])
    return int(max(0, due + payment_of(k, i, j, running.grade[k, i, j], running, constants) - worth))


@compiled
def fault_of(k: int, i: int, world: Any, params: Any) -> int:
    """The fault of agent i in this tick that others can see, its number, or `NO_FAULT`: a forged proof that passed."""
    if _forged_at_once(params.at_once, k, i, world) or _forged_later(params.later, k, i, world):
        return BYZANTINE_FAULT
    return TIMEOUT if world.conduct.grade[k, i] == POOR else NO_FAULT


@compiled
def harm_of(k: int, i: int, world: Any, params: Any) -> int:
    """What the house gets back first for a forgery of agent i, micro-credits, see `damages` of the section."""
    own = params.evidence
    return _overpaid_at_once(own.at_once, k, i, world, params) + _overpaid_later(own.later, k, i, world, params)

"""The turns of contracts that last in a tick: they open, are worked on, judged and settled."""

from typing import Any

from econo_env.economy.award import rounded_mean
from econo_env.economy.conduct import forget_conduct, forget_tick, note_conduct
from econo_env.economy.contracts import (
    BYZANTINE,
    NO_GRADE,
)
from econo_env.economy.lasting.columns import State
from econo_env.economy.lasting.running import (
    ABANDONED,
    EMPTY,
    NO_SLOT,
    NOT_YET,
    RUNNING,
    beyond_appeal,
    bind_slot,
    clear_finished,
    clear_slot,
    due_first,
    open_slot,
    slots_in_use,
    work_on,
)
from econo_env.economy.lasting.section import Params
from econo_env.economy.lasting.settling import break_off, judge, settle_slot
from econo_env.economy.ledger import BONDED, account
from econo_env.economy.parts.contracts import (
    narrow_exposure,
)
from econo_env.economy.parts.lottery import keep_lot, tell_lot
from econo_env.economy.work import forget_work
from econo_env.engine.compiled import compiled
from econo_env.engine.rng import DURATION, uniform
from econo_env.engine.state import StepBuffers

ABANDONS = 0.5
"""The level of `abandon` above which an agent walks away."""


@compiled
def begin(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Nobody has a contract or is banned at the start of an episode."""
    lasting = world.lasting_contracts
    forget_conduct(k, world.conduct)
    lasting.opened[k] = 0
    for i in range(lasting.effort.shape[1]):
        lasting.running.busy[k, i] = 0
        for j in range(lasting.running.status.shape[2]):
            clear_slot(k, i, j, lasting.running)
        forget(k, i, lasting)
        forget_work(k, i, lasting.work)
        world.market.award.pays[k, i], world.market.award.worth[k, i] = 0, 0.0
        world.staking.held[k, i] = 0
        lasting.barred[k, i] = False


@compiled
def renew(k: int, newcomer: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """What the last identity has held has ended; a newcomer neither appeals its grades nor is remembered for them."""
    running = world.lasting_contracts.running
    for j in range(running.status.shape[2]):
        running.grade[k, newcomer, j], running.delivery[k, newcomer, j] = NO_GRADE, NOT_YET


@compiled
def forget(k: int, i: int, lasting: State) -> None:
    """Agent i has done nothing in the tick yet."""
    lasting.effort[k, i] = 0.0
    lasting.spent[k, i] = 0.0
    lasting.delivery[k, i] = NOT_YET
    lasting.delivered[k, i] = 0
    lasting.luck[k, i] = 0.0
    lasting.exertion[k, i] = 0.0
    lasting.wronged[k, i] = False


@compiled
def forget_last(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Slots of settled contracts are free, and what was paid in the last tick is past."""
    award, tick = world.market.award, world.market.tick[k]
    for i in range(award.units.shape[1]):
        if world.lasting_contracts.running.busy[k, i] == 0:  # it had nothing, so it did nothing and was paid nothing
            continue
        clear_finished(k, i, tick, params.lasting_contracts.window, world.lasting_contracts.running)
        forget(k, i, world.lasting_contracts)
        award.pays[k, i] = 0
        award.worth[k, i] = 0.0
    forget_tick(k, world.conduct)


@compiled
def strike(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, withdraw: Any) -> None:
    """Strikes bids of those who have no free slot."""
    running = world.lasting_contracts.running
    if slots_in_use(k, i, running) == params.lasting_contracts.capacity:
        withdraw(k, i, world.market)


@compiled
def listen(k: int, i: int, world: Any, params: Any, buffers: StepBuffers, exertion: float, abandon: float) -> None:
    """Takes in how hard agent i works in the tick, and whether it walks away from the contract that is due first."""
    lasting, running = world.lasting_contracts, world.lasting_contracts.running
    lasting.exertion[k, i] = exertion
    j = due_first(k, i, False, running)
    if abandon > ABANDONS and j != NO_SLOT:
        running.delivery[k, i, j] = ABANDONED


@compiled
def execute(k: int, winner: int, world: Any, params: Any, buffers: StepBuffers, engage: Any) -> None:
    """Opens the contract of a winner; its exposure falls to what it can still cost."""
    market, lasting = world.market, world.lasting_contracts
    engage(k, winner, market, params.market, buffers, lasting.work)
    narrow_exposure(k, winner, lasting.work, market.award, params.lasting_contracts.schedule)
    lasting.opened[k] += 1
    j = open_slot(k, winner, market.tick[k], lasting.coming[k], lasting.opened[k], lasting.work, lasting.running)
    if j == NO_SLOT:
        world.ledger.refused[k] += 1
        return
    keep_lot(world.conduct.evidence, k, winner, j, world)


@compiled
def work(k: int, i: int, world: Any, params: Params) -> None:
    """Agent i works a tick on all that it has running and has not delivered."""
    lasting, number, total = world.lasting_contracts, 0, 0.0
    running, tick = lasting.running, world.market.tick[k]
    for j in range(running.status.shape[2]):
        if running.status[k, i, j] != RUNNING or running.delivery[k, i, j] != NOT_YET:
            continue
        before, ends, exertion = running.done[k, i, j], tick == params.max_cycles - 1, lasting.exertion[k, i]
        lasting.spent[k, i] += work_on(k, i, j, tick, exertion, params.least_progress, params.grace, ends, running)
        total += running.done[k, i, j] - before
        number += 1
    lasting.effort[k, i] = total / max(1, number)


@compiled
def grade(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Works a tick, grades for each agent the finished contract that is due first, and notes what is evidence.

    One a tick, so that each is a piece of evidence of its own; in the last tick all are graded.
    """
    lasting, constants = world.lasting_contracts, params.lasting_contracts
    running, tick = lasting.running, world.market.tick[k]
    ends = tick == constants.max_cycles - 1
    for i in range(lasting.effort.shape[1]):
        if running.busy[k, i] == 0:
            continue
        work(k, i, world, constants)
        j = due_first(k, i, True, running)
        while j != NO_SLOT:
            running.grade[k, i, j] = judge(k, i, j, world, constants)
            running.judged[k, i, j] = tick
            lasting.delivery[k, i] = running.delivery[k, i, j]
            j = due_first(k, i, True, running) if ends else NO_SLOT
        note_grades(k, i, tick, constants.window, ends, world)


@compiled
def note_grades(k: int, i: int, tick: int, window: int, ends: bool, world: Any) -> None:
    """Notes the grade of agent i that is beyond appeal in this tick; of the several of an episode's end the worst."""
    running, worst, value, of = world.lasting_contracts.running, NO_GRADE, 0.0, NO_SLOT
    for j in range(running.status.shape[2]):
        graded = running.grade[k, i, j]
        if running.status[k, i, j] == EMPTY or graded <= worst:
            continue
        if beyond_appeal(k, i, j, tick, window, ends, running):
            worst, value, of = graded, float(running.value[k, i, j]), j
    if worst != NO_GRADE:
        note_conduct(k, i, worst, value, world.conduct)
        tell_lot(world.conduct.evidence, k, i, of, world)


@compiled
def bind(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Locks the stake behind a contract of this tick until it is settled."""
    held, agents = world.staking.held, world.staking.held.shape[1]
    bond = world.ledger.balances[k, account(i, BONDED, agents)] - held[k, i]
    held[k, i] += bind_slot(k, i, world.market.tick[k], bond, world.market.award, world.lasting_contracts.running)


@compiled
def settle(k: int, world: Any, params: Any, buffers: StepBuffers, expel: Any) -> None:
    """Settles what was graded; the byzantine are banned, and leave everything else that they have running."""
    lasting, constants = world.lasting_contracts, params.lasting_contracts
    running = lasting.running
    for i in range(lasting.effort.shape[1]):
        if running.busy[k, i] == 0:
            continue
        if lasting.spent[k, i] != 0.0:
            world.market.award.worth[k, i] = -lasting.spent[k, i]
        out = False
        for j in range(running.status.shape[2]):
            if running.status[k, i, j] == RUNNING and running.grade[k, i, j] != NO_GRADE:
                settle_slot(k, i, j, world, constants)
                if running.grade[k, i, j] == BYZANTINE:
                    out = True
                    lasting.wronged[k, i] = lasting.wronged[k, i] or not running.forges[k, i, j]
        if not out:
            continue
        world.conduct.banned[k, i] = True
        expel(k, i, world.market)
        for j in range(running.status.shape[2]):
            if running.status[k, i, j] == RUNNING:
                break_off(k, i, j, world, constants)


@compiled
def quote(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """The reference price of the tick is what the contracts that it settled were paid on average."""
    award, running, total, number = world.market.award, world.lasting_contracts.running, 0, 0
    for i in range(award.pays.shape[1]):
        if running.busy[k, i] == 0:
            continue
        total -= award.pays[k, i]
        for j in range(running.status.shape[2]):
            number += running.status[k, i, j] > RUNNING and running.judged[k, i, j] == world.market.tick[k]
    award.price[k] = rounded_mean(total, number)


@compiled
def lift(k: int, i: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Takes back the last bars: a market need not write the whole mask at every tick."""
    if world.lasting_contracts.barred[k, i]:
        buffers.action_mask[k, i] = True


@compiled
def gate(k: int, world: Any, params: Any, buffers: StepBuffers) -> None:
    """Says how long the coming contract is, and masks those who have no free slot for it or are banned."""
    market, lasting, constants = world.market, world.lasting_contracts, params.lasting_contracts
    running = lasting.running
    luck = uniform(market.key[k], market.episode[k], market.tick[k], DURATION, 0)
    span = constants.shortest + int(luck * (constants.longest - constants.shortest + 1))
    lasting.coming[k] = max(1, min(span, constants.max_cycles - market.tick[k]))
    for i in range(lasting.barred.shape[1]):
        full = slots_in_use(k, i, running) == constants.capacity
        lasting.barred[k, i] = buffers.action_mask[k, i] and full
        buffers.action_mask[k, i] = buffers.action_mask[k, i] and not (full or world.conduct.banned[k, i])

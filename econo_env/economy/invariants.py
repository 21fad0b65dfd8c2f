"""What must hold of every economy after every tick, for those who check: the list I1 to I12.

A function of the world, and of the world before the tick where a change is what may be wrong; nothing of it is in the
compiled loop.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.economy.lasting.running import EMPTY, POSTED, RUNNING, TIMED_OUT, VOIDED, Running
from econo_env.economy.ledger import BONDED, BURN, ESCROW, NOWHERE, balances_of
from econo_env.economy.stake_invariants import stake_violations
from econo_env.economy.tick import operations
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from econo_env.scenario import Scenario

INVARIANTS = {
    "I1": "all accounts sum to what was minted",
    "I2": "no account is negative, and no transfer was refused",
    "I3": "what is locked behind contracts is bonded, the same unit never behind two",
    "I4": "each contract has a number of its own, given once",
    "I5": "nobody loses more by a contract than its lock",
    "I6": "whoever is banned stays banned, may not act and has nothing running",
    "I7": "a lock ends with its contract, and pledged stake leaves when it is due, neither before",
    "I8": "nothing is left in escrow after the tick",
    "I9": "every transfer was made by a known operation",
    "I10": "the transfers that are written down make the balances",
    "I11": "nothing is minted within an episode, and what is burned stays burned",
    "I12": "every pending transfer ends once: posted, voided or timed out",
}
"""What is checked, by the names of the list."""


def violations(scenario: Scenario, world: Any, before: Any = None) -> list[str]:
    """What does not hold of a world after a tick, in words; empty where all is well.

    Args:
        scenario: With an economy that has a ledger.
        world: The world after a tick.
        before: A copy of it from before the tick; without one only states are checked. Markets that have begun another
            episode since are new, so their changes are not looked at.

    Returns:
        A sentence for each invariant and market that fails, such as `I1, market 3: ...`.
    """
    found = [*_of_accounts(world), *_of_bans(world)]
    if "lasting_contracts" in world._fields:
        found += _of_contracts(world)
    if before is not None:
        same = world.market.episode == before.market.episode
        found += _of_transfers(scenario, world, before, same)
        if "lasting_contracts" in world._fields:
            found += _of_changes(world, before, same)
        if "bonding" in world._fields:
            found += stake_violations(scenario, world, before)
    return found


def _told(name: str, wrong: NDArray[np.bool_], say: Callable[[int], str]) -> Iterator[str]:
    """A sentence for each market of which something is wrong."""
    for k in np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1)):
        yield f"{name}, market {k}: {say(int(k))}, but {INVARIANTS[name]}"


def _of_accounts(world: Any) -> Iterator[str]:
    ledger = world.ledger
    total, escrow = ledger.balances.sum(axis=1), balances_of(ledger.balances, ESCROW)
    yield from _told("I1", total != ledger.minted, lambda k: f"{total[k]} in accounts, {ledger.minted[k]} minted")
    yield from _told("I2", ledger.balances < 0, lambda k: f"the least balance is {ledger.balances[k].min()}")
    yield from _told("I2", ledger.refused != 0, lambda k: f"{ledger.refused[k]} transfers were refused")
    yield from _told("I8", escrow != 0, lambda k: f"{escrow[k].sum()} in escrow")


def _of_bans(world: Any) -> Iterator[str]:
    if "conduct" not in world._fields:
        return
    banned = world.conduct.banned
    if "active" in world.market._fields:
        active = banned & world.market.active
        yield from _told("I6", active, lambda k: f"agents {np.flatnonzero(active[k]).tolist()} are banned and active")
    if "lasting_contracts" in world._fields:
        busy = banned & (world.lasting_contracts.running.status == RUNNING).any(axis=-1)
        yield from _told(
            "I6", busy, lambda k: f"agents {np.flatnonzero(busy[k]).tolist()} are banned and under contract"
        )


def _of_contracts(world: Any) -> Iterator[str]:
    running, held = world.lasting_contracts.running, world.staking.held
    runs = running.status == RUNNING
    locked, bonded = np.where(runs, running.lock, 0).sum(axis=-1), balances_of(world.ledger.balances, BONDED)
    yield from _told("I3", locked != held, lambda k: f"locks {locked[k].tolist()}, held {held[k].tolist()}")
    yield from _told("I3", bonded != held, lambda k: f"bonds {bonded[k].tolist()}, held {held[k].tolist()}")
    yield from _told("I3", running.lock < 0, lambda k: f"a lock is {running.lock[k].min()}")
    numbers = [row[row > 0] for row in running.transfer.reshape(len(runs), -1)]
    repeated = [len(set(row)) < len(row) for row in numbers]
    beyond_last = [row.max(initial=0) > last for row, last in zip(numbers, world.lasting_contracts.opened, strict=True)]
    twice = np.array(repeated) | np.array(beyond_last)
    yield from _told("I4", twice, lambda k: f"numbers {sorted(numbers[k])} of {world.lasting_contracts.opened[k]}")
    beyond = (running.posted > running.lock) | (running.posted < 0)
    yield from _told("I5", beyond, lambda k: f"{running.posted[k].max()} of locks {running.lock[k].max(axis=0)}")
    miscounted = running.busy != (running.status != EMPTY).sum(axis=-1)
    yield from _told("I12", miscounted, lambda k: f"statuses {running.status[k].tolist()}, slots {running.busy[k]}")
    ended = np.isin(running.status, (POSTED, VOIDED, TIMED_OUT))
    known = (running.status == EMPTY) | runs | ended
    kept = runs & (running.posted != 0) | (running.status == VOIDED) & (running.posted != 0)
    yield from _told("I12", ~known | kept, lambda k: f"statuses {running.status[k].tolist()}")


def _of_transfers(scenario: Scenario, world: Any, before: Any, same: NDArray[np.bool_]) -> Iterator[str]:
    ledger, earlier = world.ledger, before.ledger
    minted = same & (ledger.minted != earlier.minted)
    yield from _told("I11", minted, lambda k: f"{earlier.minted[k]} were minted, now {ledger.minted[k]}")
    unburned = same & (ledger.balances[:, BURN] < earlier.balances[:, BURN])
    yield from _told("I11", unburned, lambda k: f"{ledger.balances[k, BURN]} burned of {earlier.balances[k, BURN]}")
    if "conduct" in world._fields:
        pardoned = same[:, None] & before.conduct.banned & ~world.conduct.banned
        yield from _told("I6", pardoned, lambda k: f"agents {np.flatnonzero(pardoned[k]).tolist()} are not banned now")
    if ledger.journal is None:
        return
    known, journal = len(operations(list(scenario.parts()))), ledger.journal
    for k in np.flatnonzero(same):
        made = min(int(journal.made[k]), journal.amount.shape[1])
        reasons = journal.reason[k, :made]
        if ((reasons < 0) | (reasons >= known)).any():
            yield f"I9, market {k}: operations {reasons.tolist()}, but {INVARIANTS['I9']}"
        books = earlier.balances[k].copy()
        np.add.at(books, journal.target[k, :made], journal.amount[k, :made])
        paid = journal.source[k, :made] != NOWHERE
        np.subtract.at(books, journal.source[k, :made][paid], journal.amount[k, :made][paid])
        if (books != ledger.balances[k]).any():
            off = int(np.abs(books - ledger.balances[k]).sum())
            yield f"I10, market {k}: {off} micro-credits moved unwritten, but {INVARIANTS['I10']}"


def _of_changes(world: Any, before: Any, same: NDArray[np.bool_]) -> Iterator[str]:
    """Each contract that ran before the tick runs on unchanged or has ended once; new ones are numbered on."""
    now, was = world.lasting_contracts, before.lasting_contracts
    for k in np.flatnonzero(same).tolist():
        old, new = _by_number(k, was.running), _by_number(k, now.running)
        opened = {number for number in new if number not in old}
        if opened != set(range(int(was.opened[k]) + 1, int(now.opened[k]) + 1)):
            yield f"I4, market {k}: contracts {sorted(opened)} are new after {was.opened[k]}, but {INVARIANTS['I4']}"
        for number, (status, lock, at) in old.items():
            if status != RUNNING:
                if number in new and new[number] != (status, lock, at):  # it stays for as long as it can be appealed
                    yield f"I12, market {k}: contract {number} had ended and ends again, but {INVARIANTS['I12']}"
            elif number not in new:
                yield f"I12, market {k}: contract {number} ran and is gone, but {INVARIANTS['I12']}"
            elif new[number][1:] != (lock, at):
                said = f"contract {number} had {lock} locked, now {new[number][1]}"
                yield f"I7, market {k}: {said}, but {INVARIANTS['I7']}"


def _by_number(k: int, running: Running) -> dict[int, tuple[int, int, tuple[int, int]]]:
    """Status, lock and place of each contract of market k, by its number."""
    return {
        int(running.transfer[k, i, j]): (int(running.status[k, i, j]), int(running.lock[k, i, j]), (int(i), int(j)))
        for i, j in zip(*np.nonzero(running.status[k]), strict=True)
    }


class ViolationError(RuntimeError):
    """An invariant of the economy does not hold."""


def step_checked(engine: Engine, actions: ArrayLike) -> None:
    """A tick of an engine, in debug mode: all invariants are checked after it.

    Args:
        engine: Of a scenario with a ledger.
        actions: As `Engine.step` takes them.

    Raises:
        ViolationError: What does not hold, a line for each invariant and market.
    """
    before = each_array(engine.world, np.copy)
    engine.step(actions)
    if found := violations(engine.scenario, engine.world, before):
        raise ViolationError("\n".join(found))

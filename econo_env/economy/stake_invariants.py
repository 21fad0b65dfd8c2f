"""What must hold of stake that moves and of evidence after every tick, for those who check.

Functions of the world after a tick and a copy of it from before; nothing of it is in the compiled loop.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.ledger import PENDING, PLEDGED, UNBONDING, balances_of
from econo_env.economy.unbonding import PENDING as UNDECIDED
from econo_env.economy.unbonding import SETTLED
from econo_env.money import to_money
from econo_env.scenario import Scenario


def stake_violations(scenario: Scenario, world: Any, before: Any) -> list[str]:
    """What does not hold of pledges, stake on its way out, and reports; empty where all is well.

    Args:
        scenario: With `bonding`, and perhaps `evidence`, in its economy.
        world: The world after a tick.
        before: A copy of it from before the tick. Markets that have begun another episode since are left out.

    Returns:
        A sentence for each rule that fails somewhere, such as `I7: stake matures before its time in markets [3]`.
    """
    same = world.market.episode == before.market.episode
    found = [*_of_stake(scenario, world, before)]
    if "evidence" in world._fields:
        found += [*_of_reports(scenario, world, before)]
    sentences = []
    for name, wrong in found:
        markets = np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1) & same)
        if len(markets):
            sentences.append(f"{name} in markets {markets.tolist()}")
    return sentences


def _of_stake(scenario: Scenario, world: Any, before: Any) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    now, was, queue = world.ledger.balances, before.ledger.balances, before.enforcement.leaving
    bonding, forfeited = world.bonding, world.enforcement.forfeited
    tick = before.market.tick[:, None, None]
    ripe = np.where(tick - queue.began >= dict((scenario.economy or {})["bonding"])["delay"], queue.amount, 0).sum(-1)
    staked = balances_of(was, PLEDGED) + balances_of(was, UNBONDING)
    left = balances_of(now, PLEDGED) + balances_of(now, UNBONDING)
    yield (
        "I3: what is on its way out is not what the queue holds",
        balances_of(now, UNBONDING) != world.enforcement.leaving.amount.sum(axis=-1),
    )
    fresh = world.newcomers.born if "newcomers" in world._fields else np.False_  # another one sits there, with its own
    yield "I5: more is slashed than was at stake", ~fresh & (forfeited > staked + bonding.added - bonding.matured)
    yield "I5: something is slashed below 0", forfeited < 0
    yield "I7: stake matures before its time", bonding.matured > ripe
    yield "I1: stake does not add up", ~fresh & (left != staked + bonding.added - bonding.matured - forfeited)


def _of_reports(scenario: Scenario, world: Any, before: Any) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    docket, earlier, section = world.enforcement.docket, before.enforcement.docket, (scenario.economy or {})["evidence"]
    options = dict(section)
    waits = docket.status == UNDECIDED
    agents = np.arange(scenario.num_agents)
    bonds = (waits[:, None] & (world.evidence.reporter[:, None] == agents[:, None])).sum(axis=-1)
    due = bonds * int(to_money(options["bond"]))
    yield "I12: bonds of reporters are not those of open reports", balances_of(world.ledger.balances, PENDING) != due
    there = docket.status != 0
    numbers = np.where(there, docket.operation, -1 - np.arange(there.shape[1]))
    ordered = np.sort(numbers, axis=1)
    yield "I4: one infraction is in two reports", (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    kept = (docket.operation == earlier.operation) & (docket.submitted == earlier.submitted)
    settled = (earlier.status == UNDECIDED) & (docket.status == SETTLED) & kept
    waited = before.market.tick[:, None] - earlier.submitted
    yield "I12: a report is settled before its time", settled & (waited < options["dispute"])
    dropped = (earlier.status == UNDECIDED) & ~((docket.status == SETTLED) | waits) & kept
    yield "I12: a report is dropped", dropped
    late = (earlier.status == UNDECIDED) & waits & kept & (waited >= options["dispute"])
    yield "I12: a report is not settled in time", late
    reopened = (earlier.status == SETTLED) & waits & kept
    yield "I12: a report is settled twice", reopened
    tombs = before.conduct.banned & ~world.conduct.banned
    yield "I6: a banned agent comes back", tombs

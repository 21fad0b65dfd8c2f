"""Where the money of an episode went: the transfers of a journal, by what made them, whose they were and how it came.

Amounts are credits a market-tick. A transfer from a stake to the house or another account of the system is a slash;
where the award itself is work and what it charges for work below a passing grade goes from its holder, so is that.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.conduct import is_kept
from econo_env.economy.contracts import BYZANTINE, NO_GRADE
from econo_env.economy.ledger import AGENT_ACCOUNTS, FREE, SYSTEM_ACCOUNTS, SYSTEM_NAMES
from econo_env.economy.parts import ledger
from econo_env.economy.tick import operations
from econo_env.engine.digest import plain
from econo_env.money import MICRO
from econo_env.scenario import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
OWNERS = (*SYSTEM_NAMES, "agents", "stake")
"""Whose a transfer is: an account of the system, agents' free money, what agents have locked."""
_AGENTS, _STAKE = len(SYSTEM_NAMES), len(SYSTEM_NAMES) + 1
OWN = {"agents", "stake"}
NUM_GRADES = BYZANTINE + 1
_FAILED = np.array([code != NO_GRADE and not plain(is_kept)(code) for code in range(NUM_GRADES)])


@dataclass(frozen=True)
class Flow:
    """What one operation moved from one kind of owner to another.

    Attributes:
        operation: `part.stage`, as in an audit log.
        source: Of `OWNERS`.
        target: Of `OWNERS`.
        amount: Credits a market-tick.
    """

    operation: str
    source: str
    target: str
    amount: float


@dataclass(frozen=True)
class Flows:
    """The money of an episode.

    Attributes:
        between: What moved from one owner to another, by operation, in the order of a tick; locks and releases are not.
        within: What agents locked and had back, by operation, in the order of a tick.
        received: Credits a market-tick that agents received from the system, (5 grades, operations).
        paid: Credits a market-tick that agents paid to the system, likewise.
        slashed: Credits a market slashed in each tick by the grade of the fault, (ticks, 5); 0 for an earlier fault.
        operations: Names of the operations.
        does: What each operation does, in words, by its name.
    """

    between: tuple[Flow, ...]
    within: tuple[Flow, ...]
    received: Floats
    paid: Floats
    slashed: Floats
    operations: tuple[str, ...]
    does: dict[str, str]


class FlowCounter:
    """Adds up the journals of an episode, tick by tick."""

    def __init__(self, scenario: Scenario) -> None:
        parts = list(scenario.parts())
        self._operations = operations(parts)
        stages = {f"{part.name}.{stage}": function for part in parts for stage, function in part.stages.items()}
        self._does = {name: (plain(stages[name]).__doc__ or "").strip().split("\n")[0] for name in self._operations}
        self._posting = self._operations.index(f"{ledger.PART.name}.post")
        self._agents = scenario.num_agents
        kinds = np.repeat(np.arange(AGENT_ACCOUNTS), self._agents)
        self._owner = np.concatenate([np.arange(SYSTEM_ACCOUNTS), np.where(kinds == FREE, _AGENTS, _STAKE)])
        self._agent = np.concatenate([np.full(SYSTEM_ACCOUNTS, -1), np.tile(np.arange(self._agents), AGENT_ACCOUNTS)])
        many = len(self._operations)
        self._moved = np.zeros((many, len(OWNERS), len(OWNERS)))
        self._by_grade = np.zeros((NUM_GRADES, many, 2))
        self._slashed: list[Floats] = []

    def read(self, world: Any, grades: Ints, live: NDArray[np.bool_], locked: Ints) -> Ints:
        """Adds the transfers of the last tick.

        Args:
            world: With a journal in its ledger.
            grades: Of the tick, (markets, agents), 0 for none.
            live: Markets that count.
            locked: What everybody had locked before the tick, micro-credits, (markets, agents).

        Returns:
            The most that everybody had locked at one time within the tick, micro-credits, (markets, agents).

        Raises:
            RuntimeError: There was no room in the journal for all transfers.
        """
        journal = world.ledger.journal
        if journal.made.max() > journal.amount.shape[1]:
            raise RuntimeError(f"{journal.made.max()} transfers in a tick, and room for {journal.amount.shape[1]}")
        used = int(journal.made.max())
        there = np.arange(used) < (journal.made * live)[:, None]
        markets, _ = np.nonzero(there)
        reason, source, target, amount = (
            column[:, :used][there] for column in (journal.reason, journal.source, journal.target, journal.amount)
        )
        self._count(reason, source, target, amount)
        graded = np.where(
            self._agent[source] >= 0,
            grades[markets, self._agent[source]],
            np.where(self._agent[target] >= 0, grades[markets, self._agent[target]], NO_GRADE),
        )
        self._count_by_grade(reason, source, target, amount, graded, len(live))
        return _peak(locked, self._owner == _STAKE, self._agent, journal, used)

    def _count(self, reason: Ints, source: Ints, target: Ints, amount: Ints) -> None:
        place = (reason * len(OWNERS) + self._owner[source]) * len(OWNERS) + self._owner[target]
        self._moved += np.bincount(place, amount, self._moved.size).reshape(self._moved.shape)

    def _count_by_grade(
        self, reason: Ints, source: Ints, target: Ints, amount: Ints, graded: Ints, markets: int
    ) -> None:
        ours, theirs = self._agent[source] >= 0, self._agent[target] >= 0
        crosses = ours != theirs
        place = (graded * len(self._operations) + reason) * 2 + ours
        self._by_grade += np.bincount(place[crosses], amount[crosses], self._by_grade.size).reshape(
            self._by_grade.shape
        )
        of_work = reason == self._posting
        slashes = ours & ~theirs & np.where(of_work, _FAILED[graded], self._owner[source] == _STAKE)
        fault = np.where(_FAILED[graded], graded, NO_GRADE)
        self._slashed.append(np.bincount(fault[slashes], amount[slashes], NUM_GRADES) / (MICRO * markets))

    def flows(self, ticks: int) -> Flows:
        """What was added up, as amounts a tick over so many market-ticks."""
        scale = 1.0 / (MICRO * max(ticks, 1))
        every = [
            Flow(self._operations[at], OWNERS[source], OWNERS[target], float(self._moved[at, source, target] * scale))
            for at, source, target in np.argwhere(self._moved > 0).tolist()
        ]
        within = tuple(flow for flow in every if {flow.source, flow.target} <= OWN)
        return Flows(
            between=tuple(flow for flow in every if flow not in within),
            within=within,
            received=self._by_grade[:, :, 0] * scale,
            paid=self._by_grade[:, :, 1] * scale,
            slashed=np.array(self._slashed),
            operations=self._operations,
            does=self._does,
        )


def _peak(locked: Ints, is_stake: NDArray[np.bool_], agent: Ints, journal: Any, used: int) -> Ints:
    """The most that everybody had locked while the transfers of a tick were made one after the other."""
    now, most = locked.copy(), locked.copy()
    for at in range(used):
        rows = np.flatnonzero(journal.made > at)
        source, target, amount = journal.source[rows, at], journal.target[rows, at], journal.amount[rows, at]
        taken, given = is_stake[source], is_stake[target]
        now[rows[taken], agent[source[taken]]] -= amount[taken]
        now[rows[given], agent[target[given]]] += amount[given]
        np.maximum(most, now, out=most)
    return most

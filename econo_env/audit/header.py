"""What a log is of: the first thing in it, bound into the chain by its first event."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np

from econo_env.audit.events import FIRST_OPERATION, KINDS, SCHEMA
from econo_env.audit.store import AuditError, IntegrityError
from econo_env.economy.conduct import AUDITED, Conduct
from econo_env.economy.ledger import AGENT_NAMES, SYSTEM_NAMES, num_accounts
from econo_env.economy.part import CONDUCT
from econo_env.economy.tick import TICK_ORDER, operations
from econo_env.engine.state import columns
from econo_env.scenario import Scenario
from econo_env.version import __version__

ACCOUNTS: Final = (*SYSTEM_NAMES, *AGENT_NAMES)
LEVERS: Final = "levers"
"""Name of the levers among the parts."""


@dataclass(frozen=True)
class Fact:
    """An audited column: what of it stands in the books.

    Attributes:
        part: The part of the economy.
        column: Its column.
        dtype: Of an entry; floats are written as their bits.
        entries: Entries in a market.
        words: What it says, in words; `{value}` stands for a number.
        of_agents: Whether each entry is of an agent; else they are of the market as a whole.
    """

    part: str
    column: str
    dtype: str
    entries: int
    words: str
    of_agents: bool


@dataclass(frozen=True)
class Header:
    """What a log is of.

    Attributes:
        schema: Version of the form of the log.
        package: Version that wrote it.
        scenario: The scenario, complete.
        seed: Of the episodes.
        num_markets: Markets in the batch.
        num_agents: Agents in each.
        snapshot_every: Ticks from one snapshot to the next.
        accounts: Names of the accounts of a market: those of the system, then those that each agent has.
        kinds: Names of the kinds of events, by number.
        facts: Audited columns in the order of their places.
    """

    schema: int
    package: str
    scenario: dict[str, Any]
    seed: int
    num_markets: int
    num_agents: int
    snapshot_every: int
    accounts: tuple[str, ...]
    kinds: tuple[str, ...]
    facts: tuple[Fact, ...]

    def to_bytes(self) -> bytes:
        """JSON with sorted keys and no spaces."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Self:
        """Reads what `to_bytes` wrote.

        Raises:
            IntegrityError: It is something else.
            AuditError: It is of a version with other accounts.
        """
        try:
            document = json.loads(text)
            named = {name: tuple(document[name]) for name in ("accounts", "kinds")}
            header = cls(**{**document, **named, "facts": tuple(Fact(**fact) for fact in document["facts"])})
        except (ValueError, TypeError, KeyError) as error:
            raise IntegrityError(f"the header of the log is damaged: {error}") from None
        if header.accounts != ACCOUNTS:
            raise AuditError(
                f"the log was written by version {header.package}, whose accounts are {', '.join(header.accounts)}; "
                f"those of this version are {', '.join(ACCOUNTS)}"
            )
        return header

    @property
    def num_accounts(self) -> int:
        """Accounts in a market."""
        return num_accounts(self.num_agents)

    @property
    def num_facts(self) -> int:
        """Places of facts in a market."""
        return sum(fact.entries for fact in self.facts)

    @property
    def openings(self) -> int:
        """Number past the kinds that may bring in money: those of parts that open an episode, which come first."""
        return max((at + 1 for at, kind in enumerate(self.kinds) if kind.endswith(".open")), default=0)

    def fact_at(self, place: int) -> tuple[Fact, int | None]:
        """The column of a place, and the agent; None where it is of the market."""
        for fact in self.facts:
            if place < fact.entries:
                return fact, place if fact.of_agents else None
            place -= fact.entries
        raise IndexError(place)


def header_of(scenario: Scenario, sizes: dict[str, int], seed: int, num_markets: int, snapshot_every: int) -> Header:
    """The header of a log of a scenario; `sizes` are the lengths of its named axes."""
    parts = list(scenario.parts())
    sources = [(CONDUCT, Conduct, AUDITED)] if any(part.judges for part in parts) else []
    facts = []
    for source, state, audited in [*sources, *((part.name, part.state, part.audited) for part in parts)]:
        declared = columns(state)
        for name, words in audited.items():
            column = declared[name]
            entries = int(np.prod([sizes[axis] for axis in column.axes], dtype=np.int64))
            of_agents = column.axes == ("agents",)
            facts.append(Fact(source, name, np.dtype(column.dtype).name, entries, words, of_agents))
    for slot in scenario.program().levers:
        words = f"{slot.lever.meaning}, a lever, stands at {{value}}" + (" micro-credits" if slot.lever.money else "")
        facts.append(Fact(LEVERS, slot.lever.name, "int64" if slot.lever.money else "float64", 1, words, False))
    return Header(
        schema=SCHEMA,
        package=__version__,
        scenario=scenario.model_dump(mode="json"),
        seed=seed,
        num_markets=num_markets,
        num_agents=scenario.num_agents,
        snapshot_every=snapshot_every,
        accounts=ACCOUNTS,
        kinds=(*KINDS, *operations(parts)),
        facts=tuple(facts),
    )


def first_after_sale(kinds: tuple[str, ...]) -> int:
    """Number of the first operation that comes after the clearing, counted from the first operation."""
    clear = TICK_ORDER.index("clear")
    stages = [name.split(".")[1] for name in kinds[FIRST_OPERATION:]]
    return sum(stage not in TICK_ORDER or TICK_ORDER.index(stage) <= clear for stage in stages)

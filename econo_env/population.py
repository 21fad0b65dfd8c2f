"""Who takes part in a market: groups of agents alike, as a scenario lists them under `population`, or `agents`.

A group says how it bids and how intelligent it is. A group of a trained level that names nothing to play it learns:
`econo-env train` trains it among the others.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from econo_env.agents import by_role
from econo_env.fixed import Fixed
from econo_env.money import LARGEST_CREDITS, Credits
from econo_env.settings import Section, suggestion

LEVELS = ("reactive", "proactive", "adaptive", "emergent")
"""Levels of intelligence, from the least to the most."""
TRAINED = ("proactive", "emergent")
"""Levels that a training makes."""


class Options(Fixed[float | int | str | bool | None]):
    """Options of what plays a group, by name."""

    field = "population.options"


class Switches(Fixed[float | int]):
    """Numbers that say when a level gives way, or agents move, by name."""

    field = "population"


Numbers = Annotated[dict[str, float | int], AfterValidator(Switches)]


class Fault(Section):
    """A fault that is put into what plays a group's level, to see the level below take over.

    Attributes:
        kind: `nan`, its actions are none; `late`, it answers so many seconds late; `poor`, it does something else.
        tick: The tick of play in which it begins, from 0.
        ticks: How many ticks it lasts.
        seconds: By how much `late` is late.
        action: What `poor` does in every component of its action; 1 bids twice the value in most auctions.
    """

    kind: Literal["nan", "late", "poor"]
    tick: int = Field(ge=0)
    ticks: int = Field(1, ge=1)
    seconds: float = Field(0.1, ge=0.0, le=10.0)
    action: float = Field(1.0, ge=-1.0, le=1.0)


class AgentGroup(Section):
    """Agents of one kind.

    Attributes:
        count: How many.
        initial_stake: Free money of each at the start of an episode, credits, out of which it stakes; left out, the
            ledger's endowment. Only where the economy has a staking part.
        bidding_strategy: The policy of its reactive level, by name: `truthful`, `shading`, ...
        intelligence: `reactive`, `proactive`, `adaptive` or `emergent`.
        role: Where agents have several roles, which: `buyer`, `seller`.
        policy: What plays its level: a policy's name, the folder of a run, `my_policy.py:MyPolicy` or `model.zip`. Left
            out, an adaptive level has its usual learner, and a trained level learns.
        options: Options of what plays its level, such as `{factor: 0.7}` of `shading`.
        promotion: Its agents start at the reactive level and move up to `intelligence`, and down, by what they earn.
        rungs: When they move, such as `{trials: 0.2, window: 100}`; see `econo_env.policies.ladder.Rungs`.
        limits: When its level gives way to the one below, such as `{hold: 50}`; see `econo_env.policies.guard.Limits`.
        faults: What goes wrong on purpose.
    """

    count: int = Field(ge=1)
    initial_stake: Credits | None = Field(None, ge=0.0, le=LARGEST_CREDITS / 1e3)
    bidding_strategy: str = "truthful"
    intelligence: str = "reactive"
    role: str | None = None
    policy: str | None = None
    options: Annotated[dict[str, float | int | str | bool | None], AfterValidator(Options)] = Field(
        default_factory=Options
    )
    promotion: bool = False
    rungs: Numbers = Field(default_factory=Switches)
    limits: Numbers = Field(default_factory=Switches)
    faults: tuple[Fault, ...] = ()

    @field_validator("intelligence")
    @classmethod
    def _is_a_level(cls, level: str) -> str:
        level_number(level, "intelligence")
        return level

    @model_validator(mode="after")
    def _says_once_who_plays(self) -> "AgentGroup":
        if self.intelligence == LEVELS[0] and self.policy is not None:
            raise ValueError(
                f"policy = {self.policy!r}: the reactive level is played by the bidding_strategy: name it there, or "
                "choose a higher intelligence"
            )
        moves = self.promotion or self.limits or self.faults
        if moves and (self.intelligence == LEVELS[0] or self.learns):
            who = "reactive agents have no level below" if self.intelligence == LEVELS[0] else "who learns plays itself"
            raise ValueError(f"promotion, limits and faults are of a level that is played: {who}: leave them out")
        if self.rungs and not self.promotion:
            raise ValueError("rungs say when agents move: add promotion: true, or leave them out")
        if self.learns and self.options:
            raise ValueError(f"options = {dict(self.options)!r}: who learns in training has none: name a policy")
        return self

    @property
    def learns(self) -> bool:
        """Whether training makes what plays it."""
        return self.intelligence in TRAINED and self.policy is None


Groups = tuple[AgentGroup, ...]


def level_number(level: str, key: str = "intelligence_level") -> int:
    """The place of a level, 0 for reactive.

    Raises:
        ValueError: It is none.
    """
    if level not in LEVELS:
        raise ValueError(f"{key}={level!r}: {suggestion(str(level), list(LEVELS))}")
    return LEVELS.index(level)


def as_population(document: Any) -> Any:
    """A scenario's document with agents that are listed under `agents` where they are kept, under `population`.

    Raises:
        ValueError: Both keys list them.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("agents"), list | tuple):
        return document
    if document.get("population") is not None:
        raise ValueError("agents and population both list who takes part: leave one of them out")
    rest = {key: value for key, value in document.items() if key != "agents"}
    return rest | {"population": document["agents"]}


def seats_of(groups: Sequence[AgentGroup], agents: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """The seats of each group: those of its role, in order of the list.

    Args:
        groups: Who takes part.
        agents: The agents' names in seat order.

    Raises:
        ValueError: The counts of a role do not add up to its agents, or a role is missing or none of the market's.
    """
    free = {role: [agents.index(name) for name in names] for role, names in by_role(agents).items()}
    roles, taken = list(free), []
    for place, group in enumerate(groups):
        role = group.role
        if role is None and len(roles) > 1:
            raise ValueError(f"population.{place}: agents here are {' and '.join(roles)}: give the group its role")
        if role is not None and role not in free:
            raise ValueError(f"population.{place}.role = {role!r}: agents here are {' and '.join(roles)}")
        taken.append(role or roles[0])
    for role, seats in free.items():
        counted = sum(group.count for group, theirs in zip(groups, taken, strict=True) if theirs == role)
        if counted != len(seats):
            raise ValueError(
                f"population: the counts of {role}s add up to {counted}, and the market has {len(seats)}: change a "
                "count, or the number of agents"
            )
    found = []
    for group, role in zip(groups, taken, strict=True):
        found.append(tuple(free[role][: group.count]))
        free[role] = free[role][group.count :]
    return tuple(found)


def labels_of(groups: Sequence[AgentGroup]) -> tuple[str, ...]:
    """A name for each group: how it bids, or its level, `rising` to it; with its role if any; numbered where alike."""
    plain = []
    for group in groups:
        level = f"rising_{group.intelligence}" if group.promotion else group.intelligence
        name = group.bidding_strategy if group.intelligence == LEVELS[0] else level
        plain.append(f"{group.role}_{name}" if group.role else name)
    return tuple(
        name if plain.count(name) == 1 else f"{name}_{plain[: place + 1].count(name)}"
        for place, name in enumerate(plain)
    )


def stakes_of(groups: Sequence[AgentGroup], agents: Sequence[str], endowment: float) -> tuple[float, ...] | None:
    """Free money of each agent at the start, credits; None where all have the endowment."""
    if all(group.initial_stake is None for group in groups):
        return None
    stakes = [endowment] * len(agents)
    for group, seats in zip(groups, seats_of(groups, agents), strict=True):
        for seat in seats:
            stakes[seat] = endowment if group.initial_stake is None else group.initial_stake
    return tuple(stakes)


def split(roles: Sequence[Sequence[int]], groups: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Agents that neither rules nor the population tell apart."""
    both = (tuple(seat for seat in role if seat in set(group)) for role in roles for group in groups)
    return tuple(found for found in both if found)

"""Scenarios: typed, validated configuration of a market; YAML in and out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SerializeAsAny, field_validator, model_validator

from econo_env.documents import to_yaml
from econo_env.economy.part import CONDUCT, PARTS, Part
from econo_env.engine.levers import Lever
from econo_env.engine.program import Program, Stages
from econo_env.files import write_file
from econo_env.fixed import Fixed
from econo_env.levers import Range, Ranges, check
from econo_env.mechanisms.base import Mechanism, Options, mechanism, options_of
from econo_env.population import Groups, as_population, seats_of
from econo_env.settings import Problem, SettingsError, suggestion, validated


class Kind(Protocol):
    """What a scenario knows of its kind of market."""

    @property
    def name(self) -> str:
        """What scenarios call it."""
        ...

    @property
    def carries_economy(self) -> bool:
        """Whether its scenarios may have an `economy`."""
        ...

    @property
    def two_sided(self) -> bool:
        """Whether agents trade with each other."""
        ...

    @property
    def actions(self) -> Callable[[Any], tuple[str, ...]]:
        """What each component of an action means, those of the market itself."""
        ...

    @property
    def undone_by_award(self) -> bool:
        """Whether a tick whose award is taken back has not happened."""
        ...

    @property
    def sale_goes_on(self) -> Callable[[Any], bool]:
        """Whether what is on offer in a tick can still be on offer in the next one, among those who bid on."""
        ...

    @property
    def kernels(self) -> Stages:
        """The compiled stages of a tick."""
        ...

    @property
    def one_sale(self) -> bool:
        """Whether an episode is one sale that goes through its ticks."""
        ...

    @property
    def fresh_values(self) -> Callable[[Any], bool]:
        """Whether each agent's private type is one value or cost, drawn anew every tick."""
        ...

    @property
    def agents(self) -> Callable[[Any], tuple[str, ...]]:
        """The agents' names in seat order, by role."""
        ...

    @property
    def levers(self) -> Callable[[Any], tuple[Lever, ...]]:
        """The parameters of a scenario's market and mechanism that may be moved."""
        ...

    @property
    def carries_contracts(self) -> bool:
        """Whether what is awarded is work, which can be done, graded and paid."""
        ...

    def largest_contract(self, scenario: Any, /) -> float:
        """The highest value of a contract, credits; 0 where awards are no work."""
        ...

    def observations(self, scenario: Any, /) -> tuple[str, ...]:
        """The names of what each agent sees."""
        ...

    def program(self, scenario: Any, /) -> Program:
        """What the engine runs for a scenario."""
        ...


LARGEST_POPULATION = 10_000_000
_ID = r"^[a-z][a-z0-9_]*_v\d+$"


class Sections(Fixed[BaseModel]):
    """The sections of an economy by name."""

    field = "economy"


Parts = Annotated[dict[str, SerializeAsAny[BaseModel]], AfterValidator(Sections)]
"""The sections of an economy, by the names of its parts."""


def _part_section(name: str, section: Any) -> BaseModel:
    part = PARTS.row(name)
    document = section.model_dump(mode="json") if isinstance(section, BaseModel) else section
    config: type[BaseModel] = part.config
    try:
        return validated(config, {} if document is None else document)
    except SettingsError as error:
        kind = type(error)
        raise kind([replace(problem, path=(name, *problem.path)) for problem in error.problems]) from None


class Scenario(BaseModel):
    """What every market's configuration shares; each kind of market adds its own sections.

    Attributes:
        id: Name and version, e.g. `first_price_v0`; a new version whenever results or names of agents change.
        market: The kind of market.
        num_agents: Agents, named by role: `bidder_0`, ..., or where sides differ `buyer_0`, ..., `seller_0`, ...
        max_cycles: Ticks of an episode.
        end_of_episode: What the last tick is to a learner: `termination`, the game is over and nothing follows, or
            `truncation`, the economy would go on. All agents end the same way.
        mechanism: The rule by its name, with its parameters; amounts in credits.
        economy: The parts of the economy around the market, each a section by its name; none by default.
        levers: Parameters that may be moved in each market at any tick, each by its name with its least and its largest
            level, such as `{mechanism.reserve: [0.0, 1.0]}`; none by default.
        population: Who takes part, in groups of agents alike, `[{count: 2, intelligence: adaptive}, ...]`; a list under
            `agents` means the same. Who plays is left open by default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    kind: ClassVar[Kind]
    """The row of its kind of market, which sets it; `econo_env.market.market_of` gives it with its type."""
    moved: ClassVar[Mapping[str, str]] = {
        f"economy.reputation.{key}": f"economy.eligibility.{key}" for key in ("threshold", "open_share")
    }
    """Keys of earlier versions, with dots, and where they are now."""

    id: str = Field(json_schema_extra={"pattern": _ID})
    market: str
    num_agents: int = Field(ge=1, le=LARGEST_POPULATION)
    max_cycles: int = Field(1, ge=1, le=1_000_000_000)
    end_of_episode: Literal["termination", "truncation"] = "termination"
    mechanism: SerializeAsAny[Options]
    economy: Parts | None = None
    levers: Annotated[dict[str, Range], AfterValidator(Ranges)] | None = None
    population: Groups | None = None

    @model_validator(mode="before")
    @classmethod
    def _agents_may_be_listed(cls, document: Any) -> Any:
        return as_population(document)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_where_they_are_now(cls, document: Any) -> Any:
        for key, place in cls.moved.items():
            *sections, last = key.split(".")
            section = document
            for name in sections:
                section = section.get(name) if isinstance(section, dict) else None
            if isinstance(section, dict) and last in section:
                raise ValueError(moved_to(key, place))
        return document

    @field_validator("id")
    @classmethod
    def _names_a_version(cls, name: str) -> str:
        if not re.search(_ID, name):
            raise ValueError("give small letters, digits and _, ending in a version, such as my_market_v0")
        return name

    @field_validator("mechanism", mode="before")
    @classmethod
    def _of_the_table(cls, section: Any) -> Options:
        return options_of(section, cls.model_fields["market"].default)

    @field_validator("economy", mode="before")
    @classmethod
    def _of_the_parts(cls, sections: Any) -> Any:
        if not isinstance(sections, dict):
            return sections
        if not sections:  # an economy without a part is none
            return None
        return {name: _part_section(name, section) for name, section in sections.items()}

    @field_validator("levers", mode="before")
    @classmethod
    def _with_ranges(cls, levers: Any) -> Any:
        if isinstance(levers, list | tuple):
            raise ValueError("give each lever its range, such as {mechanism.reserve: [0.0, 1.0]}")
        return None if levers == {} else levers

    @model_validator(mode="after")
    def _economy_holds_together(self) -> Self:
        if self.economy is None:
            return self
        if not self.kind.carries_economy:
            raise ValueError(f"economy: a {self.market} market carries none yet: leave it out")
        row = self.row()
        # under contracts nobody loses more than its bond, whatever it owes
        if not self.kind.carries_contracts and not row.charges_at_most_bids(row.params(self.mechanism)):
            raise ValueError(
                f"economy: with these parameters {row.name} can charge more than was bid, so nobody knows before the "
                "clearing what has to be covered: choose others, or leave the economy out"
            )
        for part, section in self.parts().items():
            for other in part.needs:
                if other == CONDUCT and not any(one.judges for one in self.parts()):
                    judging = " or ".join(f"`{one.name}: {{}}`" for one in PARTS.rows().values() if one.judges)
                    raise ValueError(f"economy.{part.name} needs to know how awards come out: add {judging}")
                if other != CONDUCT and other not in self.economy:
                    raise ValueError(f"economy.{part.name} stands on {other}: add `{other}: {{}}` to the economy")
            if (reason := part.check(self, section)) is not None:
                raise ValueError(f"economy.{part.name}: {reason}")
        _tell_apart(self)
        if len(judges := [part.name for part in self.parts() if part.judges]) > 1:
            raise ValueError(f"economy: {' and '.join(judges)} both say how awards come out: leave one of them out")
        return self

    @model_validator(mode="after")
    def _levers_can_be_moved(self) -> Self:
        check(self)
        return self

    @model_validator(mode="after")
    def _population_fits(self) -> Self:
        if self.population is None:
            return self
        if not self.population:
            raise ValueError("population lists nobody: give a group, such as [{count: 2}], or leave it out")
        self.seats()
        stakes = {group.initial_stake for group in self.population if group.initial_stake is not None}
        if stakes and "staking" not in (self.economy or {}):
            raise ValueError(
                f"population: an initial_stake of {max(stakes):g} needs an economy in which agents stake: add "
                "`staking: {}` to it, or leave the stake out"
            )
        for stake in sorted(stakes):
            _may_start_with(self, stake)
        return self

    def seats(self) -> tuple[tuple[int, ...], ...]:
        """The seats of each group of its population, in order; none where it lists nobody."""
        return () if self.population is None else seats_of(self.population, self.kind.agents(self))

    def group_of_seats(self) -> tuple[int, ...]:
        """By seat the number of its group in the population; nothing where it lists nobody."""
        groups = enumerate(self.seats())
        return tuple(place for _, place in sorted((seat, place) for place, theirs in groups for seat in theirs))

    def learning_seats(self) -> tuple[int, ...]:
        """The seats that a training learns for: all of them where no population is listed."""
        if self.population is None:
            return tuple(range(self.num_agents))
        groups = zip(self.population, self.seats(), strict=True)
        return tuple(sorted(seat for group, theirs in groups if group.learns for seat in theirs))

    def row(self) -> Mechanism:
        """The row of its mechanism."""
        return mechanism(self.mechanism.name)

    def parts(self) -> dict[Part[Any], BaseModel]:
        """The parts of the economy with their sections, those that others stand on first."""
        sections = self.economy or {}
        return {part: sections[name] for name, part in PARTS.rows().items() if name in sections}

    @property
    def sells_bundles(self) -> bool:
        """Whether agents bid for several contracts at once; markets of contracts say so."""
        return False

    @property
    def ticks_hang_together(self) -> bool:
        """Whether what an agent does in one tick may change what it meets in later ones of the episode.

        Judges then follow deviations through whole episodes. A market says no where it knows better.
        """
        return self.max_cycles > 1

    @property
    def reports_change_later_ticks(self) -> bool:
        """Whether what an agent bids, not how it works, may change what it meets later; a market says no where not."""
        return True

    @property
    def pays_later(self) -> bool:
        """Whether what an award earns shows in later ticks, for the sake of a part of the economy."""
        return any(part.pays_later for part in self.parts())

    def program(self) -> Program:
        """What the engine runs."""
        return self.kind.program(self)

    def replace(self, **changes: Any) -> Self:
        """This scenario with some fields changed and validated anew; `mechanism.reserve` reaches into a section."""
        document = self.model_dump(mode="json")
        if isinstance(changes.get("agents"), list | tuple):  # a section of that name, if there is one, stays
            changes["population"] = changes.pop("agents")
        for key, value in changes.items():
            for old, place in self.moved.items():
                if key == old or key.startswith(f"{old}."):
                    raise SettingsError([Problem((key,), f": {moved_to(key, place + key.removeprefix(old))}")])
            _set(document, key.split("."), value)
        return validated(type(self), document, document["id"])

    def to_yaml(self, path: str | Path | None = None) -> str:
        """The complete scenario as YAML, also written to `path` when given."""
        text = to_yaml(self.model_dump(mode="json"))
        if path is not None:
            write_file(path, text)
        return text


def _may_start_with(scenario: Scenario, stake: float) -> None:
    """Holds what a group starts with to all that the endowment of everybody is held to."""
    document = scenario.model_dump(mode="json") | {"population": None}
    _set(document, ["economy", "ledger", "endowment"], stake)
    try:
        validated(type(scenario), document)
    except SettingsError as error:
        raise ValueError(f"population: initial_stake = {stake:g}: {error}") from None


def _tell_apart(scenario: Scenario) -> None:
    """Refuses an action of a part that has the name of another one."""
    known = list(scenario.kind.actions(scenario))
    for part in scenario.parts():
        for action in part.actions:
            if action.name in known:
                raise ValueError(
                    f"economy.{part.name}: its action {action.name!r} has the name of another one: leave the part out, "
                    "or give its action another name"
                )
            known.append(action.name)


def moved_to(key: str, place: str) -> str:
    """Where a key of earlier versions is now."""
    return f"{key} is now {place}"


def _set(document: dict[str, Any], keys: list[str], value: Any) -> None:
    section = document
    for depth, key in enumerate(keys[:-1]):
        if not isinstance(section.get(key), dict):
            sections = [name for name, entry in section.items() if isinstance(entry, dict)]
            said = f"' is no section: {suggestion(key, sections).replace('choose one of', 'sections are')}"
            raise SettingsError([Problem(tuple(keys[: depth + 1]), said, "'")])
        section = section[key]
    section[keys[-1]] = value.model_dump(mode="json") if isinstance(value, BaseModel) else value

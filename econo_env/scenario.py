"""Scenarios: typed, validated configuration of a market; YAML in and out; the table of scenario ids."""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from econo_env.documents import read_yaml, to_yaml
from econo_env.files import write_file
from econo_env.settings import Problem, SettingsError, suggestion, validated

LARGEST_POPULATION = 10_000_000
_ID = r"^[a-z][a-z0-9_]*_v\d+$"


class Scenario(BaseModel):
    """What every market's configuration shares; each kind of market adds its own sections.

    Attributes:
        id: Name and version, e.g. `first_price_v0`; a new version whenever results change.
        market: The kind of market.
        num_agents: Agents, named `bidder_0`, `bidder_1`, ...
        max_cycles: Ticks of an episode.
        end_of_episode: What the last tick is to a learner: `termination`, the game is over and nothing follows, or
            `truncation`, the economy would go on. All agents end the same way.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    module: ClassVar[str]
    """The package of `econo_env.markets` that plays it."""

    id: str = Field(json_schema_extra={"pattern": _ID})
    market: str
    num_agents: int = Field(ge=1, le=LARGEST_POPULATION)
    max_cycles: int = Field(1, ge=1, le=1_000_000_000)
    end_of_episode: Literal["termination", "truncation"] = "termination"

    @field_validator("id")
    @classmethod
    def _names_a_version(cls, name: str) -> str:
        if not re.search(_ID, name):
            raise ValueError("give small letters, digits and _, ending in a version, such as my_market_v0")
        return name

    @property
    def ticks_hang_together(self) -> bool:
        """Whether what an agent does in one tick may change what it meets in later ones of the episode.

        Judges then follow deviations through whole episodes. A market says no where it knows better.
        """
        return self.max_cycles > 1

    def market_module(self) -> ModuleType:
        """The module with the market's compiled phases."""
        return importlib.import_module(self.module)

    def replace(self, **changes: Any) -> Self:
        """This scenario with some fields changed and validated anew; `mechanism.reserve` reaches into a section."""
        document = self.model_dump(mode="json")
        for key, value in changes.items():
            _set(document, key.split("."), value)
        return validated(type(self), document, document["id"])

    def to_yaml(self, path: str | Path | None = None) -> str:
        """The complete scenario as YAML, also written to `path` when given."""
        text = to_yaml(self.model_dump(mode="json"))
        if path is not None:
            write_file(path, text)
        return text


def _set(document: dict[str, Any], keys: list[str], value: Any) -> None:
    section = document
    for depth, key in enumerate(keys[:-1]):
        if not isinstance(section.get(key), dict):
            sections = [name for name, entry in section.items() if isinstance(entry, dict)]
            said = f"' is no section: {suggestion(key, sections).replace('choose one of', 'sections are')}"
            raise SettingsError([Problem(tuple(keys[: depth + 1]), said, "'")])
        section = section[key]
    section[keys[-1]] = value.model_dump(mode="json") if isinstance(value, BaseModel) else value


@cache
def market_kinds() -> Mapping[str, type[Scenario]]:
    """The scenario class of each kind of market: each package of `econo_env.markets`."""
    package = importlib.import_module("econo_env.markets")
    names = [module.name for module in pkgutil.iter_modules(package.__path__) if module.ispkg]
    return {name: importlib.import_module(f"{package.__name__}.{name}.scenario").SCENARIO for name in sorted(names)}


@cache
def scenario_table() -> Mapping[str, Scenario]:
    """Every built-in scenario by id."""
    table: dict[str, Scenario] = {}
    for kind in market_kinds().values():
        module = importlib.import_module(f"{kind.module}.scenario")
        table.update({scenario.id: scenario for scenario in module.built_in()})
    return table


def scenarios() -> list[str]:
    """The ids of the built-in scenarios."""
    return list(scenario_table())


def known_id(name: str) -> str | None:
    """The built-in id that a name means, whose `_v0` may be left out; None if there is no such id."""
    return next((known for known in (name, f"{name}_v0") if known in scenario_table()), None)


def from_mapping(document: Mapping[str, Any]) -> Scenario:
    """A scenario from a mapping such as a YAML file holds.

    Raises:
        ValueError: An unknown market, key or value; the message names it and what is allowed.
    """
    kinds = market_kinds()
    market = document.get("market")
    if not isinstance(market, str) or market not in kinds:
        said = f" = {market!r} is unknown: {suggestion(str(market), kinds)}"
        raise SettingsError([Problem(("market",), said)])
    return validated(kinds[market], document, str(document.get("id", "scenario")))


def load(source: str | Path | Scenario, **overrides: Any) -> Scenario:
    """A scenario by id, from a YAML file, or as it is, with fields overridden.

    Args:
        source: A built-in id, the path of a YAML file, or a scenario.
        **overrides: Fields to change, e.g. `num_agents=4`; pass `**{"mechanism.reserve": 0.5}` to reach a section.

    Raises:
        ValueError: The id is unknown, the file is missing or malformed, or a field is; for an unknown key it is an
            `UnknownKeyError`, which is also the TypeError of an unknown keyword.
    """
    if isinstance(source, Scenario):
        scenario = source
    elif (known := known_id(str(source))) is not None:
        scenario = scenario_table()[known]
    elif str(source).endswith((".yaml", ".yml")):
        scenario = read_scenario(Path(source))
    else:
        hint = suggestion(str(source), scenario_table())
        raise ValueError(f"unknown scenario {str(source)!r}: {hint} (or give the path of a .yaml file)")
    return scenario.replace(**overrides) if overrides else scenario


def read_scenario(path: Path) -> Scenario:
    """The scenario in a YAML file.

    Raises:
        ValueError: The file is missing or malformed, or a key or value is not allowed.
    """
    document = read_yaml(path, "scenario file")
    try:
        return from_mapping(document)
    except SettingsError as error:
        raise SettingsError(error.problems, str(path), from_file=True) from None

"""Scenarios: typed, validated configuration of a market; YAML in and out; the table of scenario ids."""

import difflib
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from econo_env.documents import read_yaml, to_yaml
from econo_env.files import write_file

LARGEST_POPULATION = 10_000_000


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

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*_v\d+$")
    market: str
    num_agents: int = Field(ge=1, le=LARGEST_POPULATION)
    max_cycles: int = Field(1, ge=1, le=1_000_000_000)
    end_of_episode: Literal["termination", "truncation"] = "termination"

    def market_module(self) -> ModuleType:
        """The module with the market's compiled phases."""
        return importlib.import_module(self.module)

    def replace(self, **changes: Any) -> Self:
        """This scenario with some fields changed and validated anew; `mechanism.reserve` reaches into a section."""
        document = self.model_dump(mode="json")
        for key, value in changes.items():
            _set(document, key.split("."), value, type(self))
        changed: Self = _validated(type(self), document)
        return changed

    def to_yaml(self, path: str | Path | None = None) -> str:
        """The complete scenario as YAML, also written to `path` when given."""
        text = to_yaml(self.model_dump(mode="json"))
        if path is not None:
            write_file(path, text)
        return text


def _set(document: dict[str, Any], keys: list[str], value: Any, kind: type[Scenario]) -> None:
    section = document
    for depth, key in enumerate(keys[:-1]):
        if not isinstance(section.get(key), dict):
            allowed = ", ".join(name for name, entry in document.items() if isinstance(entry, dict))
            raise ValueError(
                f"{'.'.join(keys[: depth + 1])!r} is no section of {kind.__name__}: sections are {allowed}"
            )
        section = section[key]
    section[keys[-1]] = value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def _validated(kind: type[Scenario], document: Mapping[str, Any]) -> Any:
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        raise ValueError(f"{document.get('id', 'scenario')}: {describe_errors(error, kind)}") from None


def describe_errors(error: ValidationError, kind: type[BaseModel]) -> str:
    """A pydantic error in one sentence: where, what was given, what is allowed."""
    parts = []
    for item in error.errors():
        where = ".".join(str(step) for step in item["loc"]) or "the whole"
        if item["type"] == "extra_forbidden":
            known = _fields_at(kind, item["loc"][:-1])
            close = difflib.get_close_matches(str(item["loc"][-1]), known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known keys are {', '.join(known)}" if known else ""
            parts.append(f"unknown key {where!r}{', ' if hint else ''}{hint}")
        elif item["type"] == "missing":
            parts.append(f"the key {where!r} is missing")
        else:
            message = item["msg"].removeprefix("Value error, ")
            parts.append(f"{where} = {item['input']!r}: {message}" if item["loc"] else message)
    return "; ".join(parts)


def _fields_at(kind: Any, path: tuple[int | str, ...]) -> list[str]:
    for step in path:
        field = getattr(kind, "model_fields", {}).get(step)
        kind = field.annotation if field is not None else None
    return list(getattr(kind, "model_fields", {}))


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


def from_mapping(document: Mapping[str, Any]) -> Scenario:
    """A scenario from a mapping such as a YAML file holds.

    Raises:
        ValueError: An unknown market, key or value; the message names it and what is allowed.
    """
    kinds = market_kinds()
    market = document.get("market")
    if not isinstance(market, str) or market not in kinds:
        raise ValueError(f"market = {market!r} is unknown: choose one of {', '.join(kinds)}")
    return _validated(kinds[market], document)  # type: ignore[no-any-return]


def load(source: str | Path | Scenario, **overrides: Any) -> Scenario:
    """A scenario by id, from a YAML file, or as it is, with fields overridden.

    Args:
        source: A built-in id, the path of a YAML file, or a scenario.
        **overrides: Fields to change, e.g. `num_agents=4`; pass `**{"mechanism.reserve": 0.5}` to reach a section.

    Raises:
        ValueError: The id is unknown, the file is missing or malformed, or a field is.
    """
    if isinstance(source, Scenario):
        scenario = source
    elif str(source) in scenario_table():
        scenario = scenario_table()[str(source)]
    elif str(source).endswith((".yaml", ".yml")):
        scenario = from_mapping(read_yaml(str(source), "scenario file"))
    else:
        close = difflib.get_close_matches(str(source), scenario_table(), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"built-in ids are {', '.join(scenario_table())}"
        raise ValueError(f"unknown scenario {str(source)!r}: {hint} (or give the path of a .yaml file)")
    return scenario.replace(**overrides) if overrides else scenario

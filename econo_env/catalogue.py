"""What there is to play: kinds of market, the built-in scenarios by id, scenarios from files and mappings."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from econo_env import markets
from econo_env.clearing.base import CLEARINGS
from econo_env.documents import read_yaml
from econo_env.market import Market
from econo_env.mechanisms.base import MECHANISMS, Mechanism
from econo_env.scenario import Scenario
from econo_env.settings import Problem, SettingsError, describe_errors, suggestion, validated
from econo_env.table import Table


def _own() -> Iterator[Market[Any, Any]]:
    for found in pkgutil.iter_modules(markets.__path__):
        module = importlib.import_module(f"{markets.__name__}.{found.name}")
        if "MARKET" in vars(module):
            yield vars(module)["MARKET"]


MARKETS: Table[Market[Any, Any]] = Table("kind of market", "econo_env.markets", _own, Market)


def register_market(row: Market[Any, Any]) -> Market[Any, Any]:
    """Makes a kind of market known: its name in scenarios, its built-in scenarios by id.

    Raises:
        TypeError: It is no `Market`.
        ValueError: Another kind has its name, or its built-in scenarios cannot be made.
    """
    return MARKETS.register(row)


@dataclass
class _BuiltIn:
    """The scenarios that were made last.

    Attributes:
        versions: Of the tables that they were made from.
        by_id: The scenarios.
    """

    versions: tuple[int, ...] = ()
    by_id: Mapping[str, Scenario] = field(default_factory=dict)


_BUILT_IN = _BuiltIn()


def _versions() -> tuple[int, ...]:
    for table in (MARKETS, MECHANISMS, CLEARINGS):
        table.rows()  # whoever has come meanwhile
    return MARKETS.version, MECHANISMS.version


def scenario_table() -> Mapping[str, Scenario]:
    """Every built-in scenario by id; kinds of market and rules that were registered later have theirs."""
    while (versions := _versions()) != _BUILT_IN.versions:
        table: dict[str, Scenario] = {}
        for row in list(MARKETS.rows().values()):
            table |= _made(row, table)
        _BUILT_IN.by_id, _BUILT_IN.versions = table, versions
    return _BUILT_IN.by_id


def _made(row: Market[Any, Any], others: Mapping[str, Scenario]) -> dict[str, Scenario]:
    """The scenarios of a kind by id. A kind or rule from outside that spoils them is taken out, and not the rest."""
    try:
        return _by_id(row, others)
    except Exception as error:  # whatever a package outside may do wrong
        rules = [rule for rule in MECHANISMS.outside() if rule.market == row.name]
        spoilt = _culprits(row, others, rules)
        if row in MARKETS.outside() and not spoilt:
            MARKETS.take_out(row.name, f"its built-in scenarios cannot be made: {_in_words(error, row)}")
            return {}
        if not spoilt:
            raise
    for name, why in spoilt.items():
        MECHANISMS.take_out(name, f"its built-in scenario cannot be made: {_in_words(why, row)}")
    return _made(row, others)


def _by_id(row: Market[Any, Any], others: Mapping[str, Scenario]) -> dict[str, Scenario]:
    made: dict[str, Scenario] = {}
    for scenario in row.built_in():
        if scenario.id in others or scenario.id in made:
            raise ValueError(f"a scenario {scenario.id} is there already")
        made[scenario.id] = scenario
    return made


def _culprits(
    row: Market[Any, Any], others: Mapping[str, Scenario], rules: Sequence[Mechanism]
) -> dict[str, Exception]:
    """The rules with which, each alone, a kind cannot make its scenarios, and why."""
    found: dict[str, Exception] = {}
    for rule in rules:
        with MECHANISMS.hidden({other.name for other in rules} - {rule.name}):
            try:
                _by_id(row, others)
            except Exception as error:
                found[rule.name] = error
    return found


def _in_words(error: Exception, row: Market[Any, Any]) -> str:
    if isinstance(error, ValidationError):
        return describe_errors(error, row.config)
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def scenarios() -> list[str]:
    """The ids of the built-in scenarios."""
    return list(scenario_table())


def known_id(name: str) -> str | None:
    """The built-in id that a name means, the newest version where none is given; None if there is no such id."""
    return name if name in scenario_table() else _newest(name)


def _newest(stem: str) -> str | None:
    """The id of a name's newest version."""
    versions = [int(version) for found, version in map(_parts, scenario_table()) if found == stem]
    return f"{stem}_v{max(versions)}" if versions else None


def _parts(name: str) -> tuple[str, str]:
    stem, _, version = name.rpartition("_v")
    return stem, version


def unknown_scenario(name: str, others: Iterable[str] = ()) -> str:
    """What to do where a name is no built-in scenario: give the new id of an earlier version, or what is like it.

    Args:
        name: What was given.
        others: Further names that would do there.
    """
    stem, version = _parts(name)
    newest = _newest(stem)
    if newest is not None and version.isdecimal() and int(version) < int(_parts(newest)[1]):
        return f"it is now {newest!r}, since results or names of agents changed (CHANGELOG.md says which): give that id"
    left_out = "".join(table.but(stem or name) for table in (MARKETS, MECHANISMS))
    return f"{suggestion(name, [*others, *scenario_table()])} (or give the path of a .yaml file){left_out}"


def from_mapping(document: Mapping[str, Any]) -> Scenario:
    """A scenario from a mapping such as a YAML file holds.

    Raises:
        ValueError: An unknown market, key or value; the message names it and what is allowed.
    """
    kinds = MARKETS.rows()
    market = document.get("market")
    if not isinstance(market, str) or market not in kinds:
        said = f" = {market!r} is unknown: {suggestion(str(market), kinds)}{MARKETS.but(str(market))}"
        raise SettingsError([Problem(("market",), said)])
    config: type[Scenario] = kinds[market].config
    return validated(config, document, str(document.get("id", "scenario")))


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
        raise ValueError(f"unknown scenario {str(source)!r}: {unknown_scenario(str(source))}")
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

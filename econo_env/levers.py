"""The levers of a scenario: which of its parameters may be moved, how far, and which are."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from econo_env.engine.levers import Lever, Slot
from econo_env.fixed import Fixed
from econo_env.settings import suggestion, validated

if TYPE_CHECKING:
    from econo_env.scenario import Scenario

Range = tuple[float, float]


class Ranges(Fixed[Range]):
    """Levers with the ranges in which they may be moved."""

    field = "levers"


def available(scenario: "Scenario") -> dict[str, Lever]:
    """Every parameter of the scenario that may be moved, or says why not, by its name in the scenario."""
    found = {
        lever.name: replace(lever, paths=tuple(f"market.{path}" for path in lever.paths))
        for lever in scenario.kind.levers(scenario)
    }
    for part in scenario.parts():
        for lever in part.levers:
            name = f"economy.{part.name}.{lever.name}"
            paths = tuple(f"{part.name}.{path}" for path in lever.paths)
            found[name] = replace(lever, name=name, paths=paths)
    return found


def ranges(scenario: "Scenario") -> Mapping[str, Range]:
    """The levers of the scenario with their ranges: those it lists, then those that its parts move."""
    found = dict(scenario.levers or {})
    for part, section in scenario.parts().items():
        if part.moves is not None:
            found |= part.moves(scenario, section)
    return found


def slots(scenario: "Scenario") -> tuple[Slot, ...]:
    """The levers of the scenario as columns: those it lists, then those that parts move alone."""
    return _slots(scenario) if ranges(scenario) else ()


@lru_cache(maxsize=256)
def _slots(scenario: "Scenario") -> tuple[Slot, ...]:
    known, document, listed = available(scenario), scenario.model_dump(mode="json"), scenario.levers or {}
    made: list[Slot] = []
    for name, (low, high) in ranges(scenario).items():
        place = sum(one.lever.money == known[name].money for one in made)
        made.append(Slot(known[name], low, high, _value(document, name), place, name not in listed))
    return tuple(made)


def moving(scenario: "Scenario") -> tuple[str, ...]:
    """The levers that have room to move."""
    return tuple(name for name, (low, high) in ranges(scenario).items() if low < high)


def require_constant(scenario: "Scenario", what: str) -> None:
    """Refuses what is only known for parameters that stay where they are.

    Raises:
        ValueError: A lever of the scenario has room to move.
    """
    if names := moving(scenario):
        raise ValueError(
            f"{scenario.id}: {what} is known for parameters that stay as they are, and {', '.join(names)} may be "
            "moved: leave it out of levers"
        )


def check(scenario: "Scenario") -> None:
    """Holds the levers of a scenario to what it has.

    Raises:
        ValueError: There is no such lever, it cannot be moved here, its range is empty, leaves out where it starts or
            goes beyond what the scenario could be configured with; the message names the fix.
    """
    wanted = ranges(scenario)
    if not wanted:
        return
    known, document = available(scenario), scenario.model_dump(mode="json")
    for part, section in scenario.parts().items():
        for name in part.moves(scenario, section) if part.moves is not None else ():
            if name in (scenario.levers or {}):
                raise ValueError(f"levers.{name}: economy.{part.name} moves it in a range of its own: leave it out")
    for name, (low, high) in wanted.items():
        if name not in known:
            known_here = suggestion(name, known) or f"nothing of this {scenario.market} market can be moved"
            raise ValueError(f"levers: {name!r} is none here: {known_here}")
        lever = known[name]
        if lever.fixed is not None:
            raise ValueError(f"levers.{name}: {lever.fixed}")
        if not lever.low <= low <= high <= lever.high:
            raise ValueError(
                f"levers.{name} = [{low:g}, {high:g}]: give its least and its largest level, from {lever.low:g} to "
                f"{lever.high:g} {lever.unit}"
            )
        start = _value(document, name)
        if not low <= start <= high:
            raise ValueError(f"{name} = {start:g} starts outside of its range as a lever, {low:g} to {high:g}")
        for end in {low, high} - {start}:
            _configured_at(scenario, document, name, end)


def _configured_at(scenario: "Scenario", document: Mapping[str, Any], name: str, level: float) -> None:
    """Holds an end of a range to all that a scenario is held to."""
    moves = {part.name for part in scenario.parts() if part.moves is not None}
    economy = {part: section for part, section in (document["economy"] or {}).items() if part not in moves}
    alone = {**document, "levers": None, "economy": economy or None}
    try:
        validated(type(scenario), _with(alone, name.split("."), level))
    except ValueError as error:
        raise ValueError(f"levers.{name}: at {level:g} the scenario does not hold: {error}") from None


def _value(document: Mapping[str, Any], name: str) -> float:
    entry: Any = document
    for key in name.split("."):
        entry = entry[key]
    return float(entry)


def _with(document: Mapping[str, Any], keys: list[str], value: float) -> dict[str, Any]:
    key, *rest = keys
    return {**document, key: _with(document[key], rest, value) if rest else value}

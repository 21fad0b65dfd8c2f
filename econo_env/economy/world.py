"""The world: a market's columns and those of the parts of its economy, side by side."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

from econo_env.economy.conduct import Conduct
from econo_env.economy.ledger import num_accounts
from econo_env.economy.part import CONDUCT, Part
from econo_env.engine.levers import Levers, scales
from econo_env.engine.program import Program
from econo_env.engine.records import of_records
from econo_env.scenario import Scenario

_LONGEST_NAME = 180


def columns_of(parts: Iterable[Part[Any]]) -> dict[str, type[Any]]:
    """The columns of each part by its name, widened where another part asks for more; `conduct` where one judges."""
    there = list(parts)
    columns: dict[str, type[Any]] = {part.name: part.state for part in there}
    if any(part.judges for part in there):
        columns[CONDUCT] = Conduct
    for part in there:
        columns |= {name: wider for name, wider in part.widens.items() if name in columns}
    return columns


def lengths_of(scenario: Any, parts: Mapping[Part[Any], Any]) -> dict[str, int]:
    """The lengths of the axes that parts bring along; `parts` holds their sections."""
    return {axis: length for part, section in parts.items() for axis, length in part.axes(scenario, section).items()}


def world_type(market: str, fields: Mapping[str, type[Any]]) -> type[Any]:
    """The record of a kind of market and these parts: `world.market`, `world.ledger`, ...

    Compiled code knows a record by its class, so one set of columns has one class, found again by its name in this
    module when a compiled loop is read back from disk.
    """
    return _record(f"World_{market}_{'_'.join(fields)}", tuple(fields.items()))


def params_type(market: str, fields: Mapping[str, type[Any]]) -> type[Any]:
    """The record of the constants: `params.market`, `params.ledger`, ..."""
    return _record(f"Params_{market}_{'_'.join(fields)}", tuple(fields.items()))


@cache
def _record(name: str, fields: tuple[tuple[str, type[Any]], ...]) -> type[Any]:
    made = NamedTuple(name, list(fields))  # type: ignore[misc]  # names and fields are known when a scenario is
    made.__module__ = __name__
    globals()[name] = made
    return of_records(made)


def file_name(words: Sequence[str]) -> str:
    """A name of these words for the file of a loop: of many words the first, and a digest of all.

    The cache on disk adds some fifty letters, and file systems take 255.
    """
    whole = "-".join(words)
    if len(whole) <= _LONGEST_NAME:
        return whole
    return f"{whole[:_LONGEST_NAME]}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def in_world(alone: Program, scenario: Scenario) -> Program:
    """The program of a market in the world of its scenario: its economy, and the columns of its levers.

    Args:
        alone: The market's own program, with the text of the loop in that world.
        scenario: With an economy, with levers, or with both.
    """
    parts, levers = scenario.parts(), alone.levers
    constants = {"market": alone.params} | {part.name: part.params(scenario, own) for part, own in parts.items()}
    columns: dict[str, type[Any]] = {"market": alone.state} | columns_of(parts)
    sizes = dict(alone.sizes)
    if parts:
        sizes |= {"exposed": scenario.num_agents, "accounts": num_accounts(scenario.num_agents)}
        sizes |= lengths_of(scenario, parts)
    if levers:
        constants["levers"], columns["levers"] = scales(levers), Levers
        sizes |= {f"{kind}_levers": sum(one.column == kind for one in levers) for kind in Levers._fields}
    return replace(
        alone,
        name=file_name([alone.name, *list(columns)[1:]]),
        state=world_type(alone.name, columns),
        sizes=sizes,
        params=params_type(alone.name, {name: type(value) for name, value in constants.items()})(**constants),
        world=True,
    )

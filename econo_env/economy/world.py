"""The world: a market's columns and those of the parts of its economy, side by side."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple


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
    return made

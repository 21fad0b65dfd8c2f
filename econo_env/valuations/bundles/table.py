"""The table of generators: each module of this package that holds `GENERATORS`."""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from econo_env.settings import describe_errors
from econo_env.valuations.bundles.instance import Generator
from econo_env.valuations.xor_bids import XorBids

_PREFIX = "num_"


@cache
def generators() -> Mapping[str, Generator]:
    """Every generator by name."""
    package = importlib.import_module("econo_env.valuations.bundles")
    modules = (importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__))
    rows = [row for module in modules for row in getattr(module, "GENERATORS", ())]
    return {row.name: row for row in sorted(rows, key=lambda row: row.name)}


@cache
def _options(name: str) -> type[BaseModel]:
    """The keywords of a generator as a section: `items` for `num_items`, ranges and defaults as annotated."""
    make = generators()[name].make
    hints = get_type_hints(make, include_extras=True)
    fields: dict[str, Any] = {
        key.removeprefix(_PREFIX): (hints[key], ... if keyword.default is keyword.empty else keyword.default)
        for key, keyword in inspect.signature(make).parameters.items()
    }
    return create_model(f"{name}_options", __config__=ConfigDict(extra="forbid", allow_inf_nan=False), **fields)


def generate(section: Mapping[str, Any]) -> XorBids:
    """The bids that a section such as `{generator: regions, items: 25, bids: 200, seed: 0}` asks for.

    Raises:
        ValueError: The generator or a keyword is unknown, a keyword is out of range, or no bid comes of it.
    """
    name = section.get("generator")
    if name not in generators():
        raise ValueError(f"generator = {name!r} is unknown: choose one of {', '.join(generators())}")
    kind = _options(str(name))
    try:
        options = kind.model_validate({key: value for key, value in section.items() if key != "generator"})
    except ValidationError as error:
        raise ValueError(f"generator {name}: {describe_errors(error, kind)}") from None
    make = generators()[str(name)].make
    keywords = {key: getattr(options, key.removeprefix(_PREFIX)) for key in inspect.signature(make).parameters}
    return make(**keywords)

"""Changes of a training file from the command line: `key=value` with dots into sections."""

from collections.abc import Mapping
from typing import Any

import yaml


def apply_change(document: dict[str, Any], change: str, defaults: Mapping[str, Mapping[str, Any]]) -> None:
    """Sets one entry of a training document, in place.

    Args:
        document: What a training file holds.
        change: `key=value`, with dots into sections; the value is YAML.
        defaults: What a section starts from where the document has none, by its name.

    Raises:
        ValueError: The change has no such form.
    """
    key, equals, text = change.partition("=")
    if not equals or not key:
        raise ValueError(f"{change!r} is no change: write key=value, e.g. total_timesteps=100000")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ValueError(f"{change!r}: the value is not readable YAML") from None
    if isinstance(value, str):
        value = _as_number(value)
    first, *rest = key.split(".")
    if not rest:
        document[first] = value
    elif first == "scenario":
        section = document.get("scenario", {})
        # the scenario's own dotted keys are resolved by the scenario
        document["scenario"] = {**({"id": section} if isinstance(section, str) else section), ".".join(rest): value}
    else:
        document[first] = _with(document.get(first), rest, value, defaults.get(first, {}))


def _with(section: Any, keys: list[str], value: Any, default: Any) -> dict[str, Any]:
    """The section, or its default where there is none, with one entry changed."""
    first, *rest = keys
    inner = dict(section if isinstance(section, Mapping) else default if isinstance(default, Mapping) else {})
    below = default.get(first) if isinstance(default, Mapping) else None
    inner[first] = _with(inner.get(first), rest, value, below) if rest else value
    return inner


def _as_number(text: str) -> Any:
    try:  # YAML 1.1 reads 1e-3 as text
        return float(text)
    except ValueError:
        return text

"""Changes of a training file from the command line: `key=value` with dots into sections."""

from collections.abc import Mapping
from typing import Any

from econo_env.documents import parse_yaml


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
    value = parse_yaml(text, f"the value of {change!r}")
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

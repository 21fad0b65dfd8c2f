"""Every key of every section of a scenario: JSON schemas from the models themselves, and a page written from them.

Meanings come from the `Attributes` of the docstrings, parameters of mechanisms from their rows.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, cast, get_args

from pydantic import BaseModel

from econo_env.catalogue import MARKETS
from econo_env.economy.part import PARTS
from econo_env.mechanisms.base import Mechanism, Options, rules_of
from econo_env.open_section import OneOf
from econo_env.scenario import Scenario

_REFERENCE = "#/$defs/"
_LIMITS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
"""Pydantic's own words for limits behind a validator, such as those of amounts, and JSON schema's."""

Schema = dict[str, Any]


def scenario_schema(scenario: Scenario) -> Schema:
    """The JSON schema of a scenario file of this kind, with this scenario's values as the defaults of its keys."""
    schema = kind_schema(type(scenario))
    for name, value in scenario.model_dump(mode="json").items():
        if name not in ("id", "market"):
            schema["properties"][name]["default"] = value
    return schema | {"title": scenario.id}


def kind_schema(kind: type[Scenario]) -> Schema:
    """The JSON schema of the files of a kind of market."""
    schema = kind.model_json_schema()
    sections: Schema = schema.setdefault("$defs", {})
    rows = rules_of(kind.kind.name)
    for row in rows:
        own = _mechanism_schema(row)
        sections |= own.pop("$defs", {})
        sections[f"mechanism.{row.name}"] = own
    if kind.model_fields["mechanism"].exclude:  # it follows from other keys and is none itself
        del schema["properties"]["mechanism"], sections[Options.__name__]
        schema["required"].remove("mechanism")
    else:
        sections[Options.__name__] = {
            "description": "The mechanism by its name, with its parameters; amounts are credits.",
            "oneOf": [{"$ref": f"{_REFERENCE}mechanism.{row.name}"} for row in rows],
        }
    for part in PARTS.rows().values():
        own = part.config.model_json_schema()
        sections |= own.pop("$defs", {})
        _explain(own, part.config)
        sections[f"economy.{part.name}"] = own | {"title": part.name, "description": part.summary}
    schema["properties"]["economy"] = {
        "anyOf": [{"$ref": f"{_REFERENCE}economy"}, {"type": "null"}],
        "default": None,
    }
    sections["economy"] = {
        "type": "object",
        "title": "economy",
        "description": "The parts of the economy around the market; see docs/economy.md.",
        "additionalProperties": False,
        "properties": {
            part.name: {"$ref": f"{_REFERENCE}economy.{part.name}", "description": part.summary}
            for part in PARTS.rows().values()
        },
    }
    _explain(schema, kind)
    for model in _models(kind):
        if model.__name__ in sections and model is not Options:
            _explain(sections[model.__name__], model)
    _add_list_of_agents(schema["properties"])
    return cast(Schema, _in_json_words(schema))


def _add_list_of_agents(keys: Schema) -> None:
    """A list under `agents` means the population, also where a section has that name."""
    listed = next(entry for entry in keys["population"]["anyOf"] if entry.get("type") == "array")
    if "agents" in keys:
        keys["agents"] = {"anyOf": [{"$ref": keys["agents"]["$ref"]}, listed], **keys["agents"]}
        del keys["agents"]["$ref"]
    else:
        keys["agents"] = {**listed, "description": "The same as `population`."}


def _in_json_words(node: Any) -> Any:
    """The same schema with JSON schema's words for limits, at any depth."""
    if isinstance(node, list):
        return [_in_json_words(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        _LIMITS.get(key, key) if isinstance(part, int | float) else key: _in_json_words(part)
        for key, part in node.items()
    }


def _mechanism_schema(row: Mechanism) -> Schema:
    own = row.options.model_json_schema()
    own["title"] = row.name
    own["description"] = f"{row.summary} {_plain(row.parameters)}".strip()
    meanings = attribute_meanings(inspect.getdoc(row.parameters) or "")
    for name, field in row.options.model_fields.items():
        entry, choices = own["properties"][name], field.annotation
        if isinstance(choices, type) and issubclass(choices, IntEnum):  # files have their names
            own.get("$defs", {}).pop(choices.__name__, None)
            entry = {"enum": list(choices.__members__), "type": "string", "description": _plain(choices)}
            entry["default"] = choices(field.default).name
        if name in meanings:
            entry["description"] = meanings[name]
        own["properties"][name] = entry
    own["properties"]["name"] = {"const": row.name, "type": "string"}
    own["required"] = ["name"]
    return own


def _plain(documented: type[Any]) -> str:
    """A docstring as one paragraph."""
    return " ".join((inspect.getdoc(documented) or "").split())


def _explain(schema: Schema, model: type[BaseModel]) -> None:
    """Gives the keys of a section their meanings, and the section the first line of its docstring."""
    meanings: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, BaseModel):
            meanings |= attribute_meanings(inspect.getdoc(kind) or "")
    schema["description"] = " ".join((inspect.getdoc(model) or "").partition("\n\n")[0].split())
    for name, entry in schema.get("properties", {}).items():
        if name in meanings:
            entry["description"] = meanings[name]


def _models(annotation: Any, seen: set[Any] | None = None) -> Iterator[type[BaseModel]]:
    """Every section that can be reached from an annotation."""
    seen = set() if seen is None else seen
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return
        seen.add(annotation)
        yield annotation
        for field in annotation.model_fields.values():
            for part in (field.annotation, *field.metadata):
                yield from _models(part, seen)
    for part in annotation.now() if isinstance(annotation, OneOf) else get_args(annotation):
        yield from _models(part, seen)


def attribute_meanings(docstring: str) -> dict[str, str]:
    """The `Attributes:` section of a Google docstring, by name."""
    section = docstring.partition("Attributes:\n")[2].partition("\n\n")[0]
    entries = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


def reference() -> str:
    """A page with every key of every kind of market, as Markdown."""
    kinds = {name: kind_schema(row.config) for name, row in MARKETS.rows().items()}
    lines = [
        "# Every key of a scenario",
        "",
        "Written from the models by `econo_env.schema.reference()`; `econo-env describe ID --schema` is the same as",
        "a JSON schema, with the values of that scenario. Sections that choose among several begin with a `name`.",
        "",
        "Kinds of market: " + ", ".join(f"[{name}](#{name})" for name in kinds) + ".",
    ]
    shared: dict[str, Schema] = {}
    for name, schema in kinds.items():
        lines += ["", f"## {name}", "", schema["description"], "", *_table(schema)]
        for section, entry in sorted(schema["$defs"].items()):
            if section.startswith("mechanism."):
                lines += ["", f"### {section}", "", entry["description"], "", *_table(entry)]
            elif section != Options.__name__:
                shared[section] = entry
    lines += ["", "## Sections", ""]
    for section, entry in sorted(shared.items()):
        lines += [f"### {section}", "", entry.get("description", ""), "", *_table(entry), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(schema: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| `{name}` | {_allowed(entry)} | {_default(name, entry, schema)} | {_cell(entry.get('description', ''))} |"
        for name, entry in schema.get("properties", {}).items()
    ]
    return ["| key | allowed | default | meaning |", "| --- | --- | --- | --- |", *rows] if rows else []


def _default(name: str, entry: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "default" in entry:
        return _cell(f"`{entry['default']}`")
    return "needed" if name in schema.get("required", ()) else ""


def _allowed(entry: Mapping[str, Any]) -> str:
    """What a key takes, in a few words."""
    if "const" in entry:
        return f"`{entry['const']}`"
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    if "$ref" in entry:
        name = entry["$ref"].removeprefix(_REFERENCE)
        return "`mechanism` section" if name == Options.__name__ else f"[{name}](#{name.lower()})"
    for key in ("anyOf", "oneOf"):
        if key in entry:
            return " or ".join(dict.fromkeys(map(_allowed, entry[key])))
    kind = str(entry.get("type", "anything"))
    if kind == "array":
        inner = entry.get("items") or {"type": "anything"}
        return f"list of {_allowed(inner)}"
    signs = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    limits = " and ".join(f"{word} {entry[key]:.15g}" for key, word in signs.items() if key in entry)
    return f"{kind} {limits}".strip()


def _cell(text: str) -> str:
    return text.replace("|", "/")

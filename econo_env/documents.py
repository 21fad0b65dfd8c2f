"""YAML as people write it, for every file that is read: markets, scenarios, training files, runs.

Plain YAML 1.1, PyYAML's own, turns `NO` into false, `12:30` into 750, `010` into 8 and leaves `1e-3` as text. Here,
as in the core schema of YAML 1.2, only numbers, `true`, `false` and `null` are anything but text, `1e-3` is a number,
and a key that stands twice in a section is refused.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

_INT, _FLOAT, _TEXT, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "str", "merge"))
_PLAIN = {  # tag: what it looks like, and the characters it can begin with
    "tag:yaml.org,2002:null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    _INT: (r"[-+]?[0-9]+", list("-+0123456789")),
    _FLOAT: (
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
    _MERGE: (r"<<", ["<"]),
}


class _Loader(yaml.SafeLoader):
    """The core schema of YAML 1.2 with the merge key of 1.1."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own form


for _tag, (_looks, _begins) in _PLAIN.items():
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_looks})$"), _begins)
_Loader.add_constructor(_INT, lambda _, node: int(node.value))
_Loader.add_constructor(_FLOAT, lambda _, node: float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan")))


class _Dumper(yaml.SafeDumper):
    """Quotes whatever this reader, or one of YAML 1.1, would take for anything but text."""


_Dumper.add_implicit_resolver(_FLOAT, re.compile(rf"^(?:{_PLAIN[_FLOAT][0]})$"), _PLAIN[_FLOAT][1])


def read_yaml(path: str | Path, kind: str = "file", names: Collection[str] = ()) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Args:
        path: The file, UTF-8.
        kind: What messages call it, e.g. "scenario file".
        names: Keys under which names stand, with dots into sections, e.g. `bids.bidder`: what is written there stays
            text, be it `NO`, `01`, `1e3`, `null` or a date. Lists are passed through.

    Raises:
        ValueError: The file is missing or cannot be read, is no YAML, holds no mapping, or a key stands there twice.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ValueError(f"there is no {kind} {str(path)!r}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{str(path)!r} is not readable YAML: no UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise ValueError(f"the {kind} {str(path)!r} cannot be read: {error.strerror}") from None
    document = parse_yaml(text, repr(str(path)), names)
    if not isinstance(document, dict):
        raise ValueError(f"{str(path)!r} holds no mapping: a {kind} has lines such as key: value")
    return document


def parse_yaml(text: str, origin: str = "the text", names: Collection[str] = ()) -> Any:
    """What a YAML text holds; see `read_yaml`.

    Raises:
        ValueError: It is no YAML, or a key stands twice in a section.
    """
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        _check(root, origin, [tuple(name.split(".")) for name in names])
        return loader.construct_document(root)
    except yaml.YAMLError as error:
        raise ValueError(f"{origin} is not readable YAML: {' '.join(str(error).split())}") from None
    finally:
        loader.dispose()


def to_yaml(document: Any) -> str:
    """A document of mappings, lists, text, numbers and None as YAML, in the order of its keys."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False)


def _check(root: yaml.Node, origin: str, names: Collection[tuple[str, ...]]) -> None:
    """Refuses keys that stand twice in a section, and leaves keys and names the text that they are."""
    waiting: list[tuple[yaml.Node, tuple[str, ...]]] = [(root, ())]
    seen: set[tuple[int, tuple[str, ...]]] = set()  # an alias brings the same node again
    while waiting:
        node, within = waiting.pop()
        if (id(node), within) in seen:
            continue
        seen.add((id(node), within))
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, origin, within)
            waiting += [(entry, (*within, key.value)) for key, entry in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(entry, within) for entry in node.value]
        elif isinstance(node, yaml.ScalarNode) and within in names and node.style is None:
            node.tag = _TEXT


def _check_keys(section: yaml.MappingNode, origin: str, within: tuple[str, ...]) -> None:
    lines: dict[str, int] = {}
    for key, _ in section.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise ValueError(f"{origin}, line {line}: a key is a word, neither a list nor a section")
        if key.value in lines:
            name = ".".join((*within, key.value))
            raise ValueError(
                f"{origin}, line {line}: the key {name!r} stands there a second time, after line {lines[key.value]}: "
                "keep one of them"
            )
        lines[key.value] = line
        if key.tag != _MERGE:
            key.tag = _TEXT

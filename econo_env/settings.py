"""What is wrong with settings, in words: which key, what was given, what is allowed.

Pydantic finds the mistakes. Here its locations lose the names of union branches, only the branch that was chosen
speaks, and its messages become what to write instead.
"""

import difflib
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from econo_env.open_section import OneOf

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[int | str, ...]


class Section(BaseModel):
    """A section of a configuration: not to be changed, nothing unknown in it, nothing infinite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


_LONGEST_SHOWN = 60
_SEQUENCES = (tuple, list, set, frozenset)
_KIND = {  # errors that say no more than: this is no such thing
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("tuple_type", "list_type", "set_type", "frozen_set_type"), "a list"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type", "dataclass_type"), "a section"),
    "string_type": "text",
    "path_type": "a path",
    "none_required": "nothing: leave it out",
}
_BOUNDS = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "greater than or equal to"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "less than or equal to"),
    "multiple_of": ("multiple_of", "that is a multiple of"),
}
_LENGTHS = {"too_short": ("min_length", "at least"), "too_long": ("max_length", "at most")}


@dataclass(frozen=True)
class Problem:
    """One mistake: `before`, the key with dots, `after` make the sentence.

    Attributes:
        path: Keys, and places in lists, from the outermost.
        before: Words before the key.
        after: Words after it; on its own where there is no key.
    """

    path: Path
    after: str
    before: str = ""

    def __str__(self) -> str:
        where = ".".join(map(str, self.path))
        return f"{self.before}{where}{self.after}" if where else self.after.removeprefix(": ")


MOST_TOLD = 3
"""Mistakes of a file that one message tells."""


class SettingsError(ValueError):
    """Settings that are not allowed.

    Attributes:
        problems: Each mistake.
        origin: The file or id that holds them; empty where that is said elsewhere.
        from_file: Whether the origin is a file, whose name must stay where these settings are part of others.
    """

    def __init__(self, problems: Sequence[Problem], origin: str = "", *, from_file: bool = False) -> None:
        said = "; ".join(dict.fromkeys(map(str, problems)))
        super().__init__(f"{origin}: {said}" if origin else said)
        self.problems, self.origin, self.from_file = tuple(problems), origin, from_file


class UnknownKeyError(SettingsError, TypeError):
    """Keys that no settings have: a wrong value of a file, and a wrong keyword of a call."""


def validated(kind: type[Model], document: Any, origin: str = "") -> Model:
    """The settings that a document holds.

    Raises:
        SettingsError: A key or value is not allowed; the message begins with `origin`.
    """
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        unknown = all(item["type"] == "extra_forbidden" for item in error.errors())
        raise (UnknownKeyError if unknown else SettingsError)(problems_of(error, kind), origin) from None


def describe_errors(error: ValidationError, kind: type[BaseModel]) -> str:
    """A pydantic error in one sentence: where, what was given, what is allowed; of many mistakes the first few."""
    problems = problems_of(error, kind)
    more = len(problems) - MOST_TOLD
    return str(SettingsError(problems[:MOST_TOLD])) + (f"; and {more:,} more mistakes" if more > 0 else "")


def suggestion(given: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` where a known word is close, else the known ones."""
    words = list(known)
    close = difflib.get_close_matches(given, words, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"choose one of {', '.join(words)}" if words else ""


def choice(given: str, known: Sequence[str]) -> str:
    """All known words, after the one that was perhaps meant."""
    close = difflib.get_close_matches(given, known, n=1)
    return (f"did you mean {close[0]!r}? " if close else "") + f"choose one of {', '.join(known)}"


def problems_of(error: ValidationError, kind: type[BaseModel]) -> list[Problem]:
    """The mistakes that a pydantic error tells of, without those of branches that were not meant."""
    found = [(item, *_place(kind, item["loc"])) for item in error.errors()]
    kinds: dict[Path, list[str]] = {}
    problems: list[Problem] = []
    for item, path, allowed in found:
        if item["type"] not in _KIND:
            problems += _told(item, path, allowed)
        elif not _is_answered(item, path, found):
            kinds.setdefault(path, []).append(_kind_words(item["type"], allowed))
            problems.append(Problem(path, _given(item["input"]) + "give " + " or ".join(kinds[path])))
    # of one place with several branches the last sentence names them all
    last = {(p.path, p.before): p for p in problems if p.path in kinds}
    return [p for p in problems if p.path not in kinds or last[p.path, p.before] is p]


def _is_answered(item: ErrorDetails, path: Path, found: Sequence[tuple[ErrorDetails, Path, tuple[Any, ...]]]) -> bool:
    """Whether another branch took the value for what it is and says what is wrong with it."""
    return any(
        other is not item and where[: len(path)] == path and (len(where) > len(path) or other["type"] not in _KIND)
        for other, where, _ in found
    )


def _told(item: ErrorDetails, path: Path, allowed: tuple[Any, ...]) -> list[Problem]:
    """What is to be said of a mistake that is no mere wrong kind of value."""
    kind, context, given = item["type"], item.get("ctx", {}), item["input"]
    cause = context.get("error")
    if isinstance(cause, SettingsError) and cause.from_file:
        return [Problem(path, f": {cause}")]
    if isinstance(cause, SettingsError):
        return [replace(problem, path=(*path, *problem.path)) for problem in cause.problems]
    if kind == "extra_forbidden":
        hint = suggestion(str(path[-1]), _keys(allowed)).replace("choose one of", "known keys are")
        said = Problem(path, f"'{', ' if hint else ''}{hint}", "unknown key '")
    elif kind == "missing":
        said = Problem(path, "' is missing", "the key '")
    elif kind == "union_tag_not_found":
        said = Problem((*path, "name"), f"' is missing: {choice('', _tags(allowed))}", "the key '")
    elif kind == "union_tag_invalid":
        said = Problem((*path, "name"), _given(context["tag"]) + choice(str(context["tag"]), _tags(allowed)))
    else:
        advice, key = _advice(kind, context, given, item["msg"]), str(path[-1]) if path else ""
        named = bool(key) and advice.startswith((f"{key} = ", f"{key}="))  # it begins with its key and value already
        said = Problem(path, advice.removeprefix(key) if named else _given(given) + advice)
    return [said]


def _advice(kind: str, context: Mapping[str, Any], given: Any, message: str) -> str:
    if kind == "literal_error":
        known = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        return choice(str(given), known)
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"give a number {words} {_number(context[name])}"
    if kind in _LENGTHS:
        name, words = _LENGTHS[kind]
        return f"give {words} {context[name]} entries, not {context['actual_length']}"
    if kind == "finite_number":
        return "give a finite number"
    if kind == "string_pattern_mismatch":
        return f"it does not fit the pattern {context['pattern']}"
    return message.removeprefix("Value error, ").replace("Input should be", "it should be")


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def _given(value: Any) -> str:
    """` = 3: `, and no more than a colon where the value is a whole section."""
    shown = repr(value)
    return ": " if isinstance(value, BaseModel | Mapping) or len(shown) > _LONGEST_SHOWN else f" = {shown}: "


def _kind_words(kind: str, allowed: tuple[Any, ...]) -> str:
    words = _KIND[kind]
    if words != "a section":
        return words
    tags, keys = _tags(allowed), _keys(allowed)
    if tags:
        return f"a section with a name ({', '.join(tags)})"
    return f"a section with keys ({', '.join(keys)})" if keys else words


def _tags(allowed: tuple[Any, ...]) -> list[str]:
    """The names by which the branches of a union are chosen."""
    found = [model.model_fields["name"].default for model in _models(allowed) if "name" in model.model_fields]
    return [name for name in found if isinstance(name, str)]


def _keys(allowed: tuple[Any, ...]) -> list[str]:
    return list(dict.fromkeys(key for model in _models(allowed) for key in model.model_fields))


def _models(allowed: tuple[Any, ...]) -> list[type[BaseModel]]:
    return [kind for kind in allowed if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _place(kind: Any, location: Path) -> tuple[Path, tuple[Any, ...]]:
    """The keys of a location without the names of branches, and what may stand there, or around it for a wrong key."""
    path: list[int | str] = []
    here: tuple[Any, ...] = (kind,)
    for step in location:
        models = _models(here)
        mappings = [get_args(one)[1] for one in here if get_origin(one) in (dict, Mapping) and get_args(one)]
        if isinstance(step, int):
            path.append(step)
            here = tuple(branch for one in here if get_origin(one) in _SEQUENCES for branch in _items(one, step))
        elif len(here) == 1 and models:
            path.append(step)
            field = models[0].model_fields.get(step)
            here = here if field is None else _of_field(field)
        elif mappings:
            path.append(step)
            here = _branches(mappings[0])
        elif here:
            here = _branch(here, step)
        else:
            path.append(step)
    return tuple(path), here


def _of_field(field: FieldInfo) -> tuple[Any, ...]:
    return _marked(field.metadata) or _branches(field.annotation)


def _marked(marks: Iterable[Any]) -> tuple[type[BaseModel], ...]:
    """The models that a section may be, where a mark says so."""
    return tuple(model for mark in marks if isinstance(mark, OneOf) for model in mark.now())


def _branches(annotation: Any) -> tuple[Any, ...]:
    """The types of a union without None, or the one type."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        return _marked(marks) or _branches(inner)
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(branch for one in get_args(annotation) for branch in _branches(one))
    return () if annotation is type(None) else (annotation,)


def _items(sequence: Any, place: int) -> tuple[Any, ...]:
    arguments = [one for one in get_args(sequence) if one is not Ellipsis]
    return _branches(arguments[min(place, len(arguments) - 1)]) if arguments else ()


def _branch(here: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    """The types that a branch's name in a location stands for."""
    models = _models(here)
    chosen: list[Callable[[Any], bool]] = [
        lambda one: one in models and one.model_fields.get("name") is not None
        and one.model_fields["name"].default == name,
        lambda one: one in models and (name == one.__name__ or name.startswith(("tagged-union[", "function-"))),
        lambda one: get_origin(one) in _SEQUENCES and name.startswith(get_origin(one).__name__),
    ]  # fmt: skip
    for rule in chosen:
        found = tuple(one for one in here if rule(one))
        if found:
            return found
    return tuple(one for one in here if one not in models and get_origin(one) not in _SEQUENCES)

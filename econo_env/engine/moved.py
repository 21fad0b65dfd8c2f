"""A record of constants with one of them in another place: how the column of a lever reaches kernels."""

from typing import Any

import numba
from numba.core import cgutils
from numba.core.types.misc import StringLiteral
from numba.extending import intrinsic

from econo_env.engine.records import Record, places


def _replaced(record: Any, path: list[str], value: Any) -> Any:
    name, *rest = path
    return record._replace(**{name: _replaced(record._asdict()[name], rest, value) if rest else value})


def _in_python(params: Any, path: str, value: Any) -> Any:
    """A copy of the record."""
    return _replaced(params, path.split("."), value)


def _find(kind: Any, path: list[str]) -> tuple[int, Any, list[int], Any]:
    """Where a path leads in a record.

    Returns:
        Bytes from its start to the value that holds the place, that value's type, the members to follow within it, and
        the type of the place.
    """
    offset, holder, inside = 0, kind, []
    for name in path:
        if isinstance(kind, Record):
            kind, further = places(kind)[name]
            offset, holder = offset + further, kind
        else:
            at = kind.fields.index(name)
            inside.append(at)
            kind = kind.types[at]
    return offset, holder, inside, kind


@intrinsic(prefer_literal=True)
def _in_place(context: Any, params: Any, path: Any, value: Any) -> Any:
    """The record itself, written to: that of a loop is the loop's own copy of what it was given."""
    if not isinstance(params, Record) or not isinstance(path, StringLiteral):
        return None
    names = path.literal_value.split(".")

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer, _, given = arguments
        offset, holder, inside, kind = _find(params, names)
        place = cgutils.pointer_add(builder, pointer, offset)
        place = builder.bitcast(place, context.get_data_type(holder).as_pointer())
        if inside:
            place = cgutils.gep_inbounds(builder, place, 0, *inside)
        stored = context.cast(builder, given, value, kind)
        builder.store(context.data_model_manager[kind].as_data(builder, stored), place)
        return pointer

    return params(params, path, value), write


moved = _in_python if numba.config.DISABLE_JIT else _in_place
"""`moved(params, "market.rule.reserve", value)`: the constants with that one at `value`, for compiled loops alone."""

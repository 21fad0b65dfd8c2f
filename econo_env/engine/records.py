"""Records of arrays and constants as compiled rules take them: by their place, not by value.

Numba passes a named tuple to a function member by member: for the forty arrays of a market three hundred words a
call, which are most of the text that a first compilation writes and reads. A `Record` is a pointer instead, to memory
that is written once and not at every call, which takes as long as a tick of a small market. The loop over markets
copies what it points to into its own frame once, so that the optimiser holds every member in registers as it does with
members passed one by one.
"""

from collections.abc import Iterator
from typing import Annotated, Any, get_origin, get_type_hints

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import lower_getattr_generic
from numba.core.pythonapi import NativeValue
from numba.core.registry import cpu_target
from numba.core.types.containers import NamedTuple, NamedUniTuple
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, register_model, unbox
from numpy.typing import NDArray

_OF_RECORDS: set[type[Any]] = set()

_ALIGNMENT = 8
"""Bytes: every member starts at a multiple, which suits pointers, float64 and int64."""


class Record(types.Type):
    """The type of a named tuple that compiled functions only read members of.

    Attributes:
        members: Names and types of the members, in order.
    """

    def __init__(self, members: tuple[tuple[str, Any], ...], name: str) -> None:
        """Takes the members and the name of the Python class."""
        self.members = members
        super().__init__(f"Record({name}, {members})")

    @property
    def key(self) -> tuple[tuple[str, Any], ...]:
        """What makes two types equal."""
        return self.members


def of_records(kind: type[Any]) -> type[Any]:
    """Declares a class of named tuples whose members are records too, such as a world, and gives it back."""
    _OF_RECORDS.add(kind)
    return kind


def record_type(kind: Any) -> Any:
    """The type under which compiled loops take an argument: named tuples as `Record`, all else as it is.

    Of named tuples within one, records of declared columns and the members of those `of_records` are places too; others
    stay values, for rules unpack some of them.
    """
    if not isinstance(kind, NamedTuple | NamedUniTuple):
        return kind
    of_places = kind.instance_class in _OF_RECORDS
    members = tuple(
        (name, record_type(member) if of_places or _holds_columns(member) else member)
        for name, member in zip(kind.fields, kind.types, strict=True)
    )
    return Record(members, kind.instance_class.__name__)


def _holds_columns(kind: Any) -> bool:
    """Whether it is a record of columns, such as an award."""
    if not isinstance(kind, NamedTuple | NamedUniTuple):
        return False
    hints = get_type_hints(kind.instance_class, include_extras=True).values()
    return any(get_origin(hint) is Annotated for hint in hints)


@register_model(Record)
class _RecordModel(models.PrimitiveModel):  # type: ignore[misc]  # numba ships no types
    def __init__(self, manager: Any, kind: Record) -> None:
        super().__init__(manager, kind, cgutils.voidptr_t)


@infer_getattr
class _RecordAttributes(AttributeTemplate):  # type: ignore[misc]  # numba ships no types
    key = Record

    def generic_resolve(self, kind: Record, name: str) -> Any:
        return dict(kind.members).get(name)


def _size(context: Any, kind: Any) -> int:
    """Bytes of a member; a record within a record stands there itself."""
    if isinstance(kind, Record):
        return sum(_size(context, member) for _, member in kind.members)
    bytes_needed: int = context.get_abi_sizeof(context.get_data_type(kind))
    return -(-bytes_needed // _ALIGNMENT) * _ALIGNMENT


def places(context: Any, kind: Record) -> Iterator[tuple[str, Any, int]]:
    """Name, type and offset in bytes of each member."""
    offset = 0
    for name, member in kind.members:
        yield name, member, offset
        offset += _size(context, member)


def _at(context: Any, builder: Any, pointer: Any, offset: int, member: Any) -> Any:
    place = cgutils.pointer_add(builder, pointer, offset)
    return builder.bitcast(place, context.get_data_type(member).as_pointer())


@lower_getattr_generic(Record)
def _member(context: Any, builder: Any, kind: Record, pointer: Any, name: str) -> Any:
    member, offset = next((member, offset) for own, member, offset in places(context, kind) if own == name)
    if isinstance(member, Record):
        return cgutils.pointer_add(builder, pointer, offset)
    model, place = context.data_model_manager[member], _at(context, builder, pointer, offset, member)
    if model.get_value_type() == model.get_data_type():
        return builder.load(place)
    return model.load_from_data_pointer(builder, place)


def room_for(kind: Any) -> NDArray[np.int64]:
    """Memory for one record of this type, to be held as long as compiled code is given its address."""
    return np.zeros(max(1, _size(cpu_target.target_context, kind) // _ALIGNMENT), dtype=np.int64)


@unbox(Record)
def _from_python(kind: Record, given: Any, c: Any) -> NativeValue:
    """Takes the address of a record; or a list `[named tuple, address]`, and writes the tuple's members there first."""
    builder, pyapi = c.builder, c.pyapi
    place = cgutils.alloca_once_value(builder, pyapi.long_as_voidptr(given))
    failed = cgutils.alloca_once_value(builder, cgutils.false_bit)
    with builder.if_then(cgutils.is_null(builder, builder.load(place)), likely=False):
        pyapi.err_clear()
        room = pyapi.long_as_voidptr(pyapi.list_getitem(given, 1))
        builder.store(room, place)
        _write(kind, pyapi.list_getitem(given, 0), room, c, failed)
    return NativeValue(builder.load(place), is_error=builder.load(failed))


def _write(kind: Record, given: Any, room: Any, c: Any, failed: Any) -> None:
    builder = c.builder
    for at, (_, member, offset) in enumerate(places(c.context, kind)):
        item = c.pyapi.tuple_getitem(given, at)
        if isinstance(member, Record):
            _write(member, item, cgutils.pointer_add(builder, room, offset), c, failed)
            continue
        native = c.unbox(member, item)
        assert native.cleanup is None, f"{member} does not outlast the call that writes it"
        with builder.if_then(native.is_error, likely=False):
            builder.store(cgutils.true_bit, failed)
        model = c.context.data_model_manager[member]
        same = model.get_value_type() == model.get_data_type()
        value = native.value if same else model.as_data(builder, native.value)
        builder.store(value, _at(c.context, builder, room, offset, member))


def _room(context: Any, builder: Any, kind: Record) -> Any:
    size = _size(context, kind)
    words = ir.ArrayType(cgutils.intp_t, max(1, size // _ALIGNMENT))
    with builder.goto_entry_block():  # every word that is read is written first: no need to clear them
        return builder.bitcast(builder.alloca(words), cgutils.voidptr_t)


def near(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """A copy of a record in the frame of the function that is being written; other values as they are."""
    if not isinstance(kind, Record):
        return value
    room = _room(context, builder, kind)
    size = _size(context, kind)
    cgutils.raw_memcpy(builder, room, value, cgutils.intp_t(size), 1)
    return room

"""Records of arrays and constants as compiled rules take them: by their place, not by value.

Numba passes a named tuple to a function member by member: for the forty arrays of a market three hundred words a
call, which are most of the text that a first compilation writes and reads. A `Record` is a pointer instead, to memory
that is written once and not at every call, which takes as long as a tick of a small market. The loop over markets
copies what it points to into its own frame once, so that the optimiser holds every member in registers as it does with
members passed one by one.
"""

from functools import cache
from typing import Annotated, Any, get_origin, get_type_hints

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.imputils import lower_getattr_generic
from numba.core.pythonapi import NativeValue
from numba.core.registry import cpu_target
from numba.core.types.containers import BaseTuple, NamedTuple, NamedUniTuple, UniTuple
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, register_model, unbox
from numba.np.numpy_support import as_dtype
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
        self._class_name = name
        self._hash = hash(members)
        super().__init__(f"Record({name}, {members})")

    @property
    def key(self) -> tuple[tuple[str, Any], ...]:
        """What makes two types equal."""
        return self.members

    def __hash__(self) -> int:
        """That of the members, kept: the compiler asks for it a thousand times."""
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        """Made anew where it is read again, for hashes of names hold in one process only."""
        return Record, (self.members, self._class_name)


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
        return places(kind).get(name, (None, 0))[0]


@cache
def _size(kind: Any) -> int:
    """Bytes of a member; a record within a record stands there itself."""
    if isinstance(kind, Record):
        return sum(_size(member) for _, member in kind.members)
    context = cpu_target.target_context  # each question has LLVM read a module of its own
    bytes_needed: int = context.get_abi_sizeof(context.get_data_type(kind))
    return -(-bytes_needed // _ALIGNMENT) * _ALIGNMENT


@cache
def places(kind: Record) -> dict[str, tuple[Any, int]]:
    """Type and offset in bytes of each member by its name, in order."""
    found, offset = {}, 0
    for name, member in kind.members:
        found[name] = member, offset
        offset += _size(member)
    return found


def _at(context: Any, builder: Any, pointer: Any, offset: int, member: Any) -> Any:
    place = cgutils.pointer_add(builder, pointer, offset)
    return builder.bitcast(place, context.get_data_type(member).as_pointer())


@lower_getattr_generic(Record)
def _member(context: Any, builder: Any, kind: Record, pointer: Any, name: str) -> Any:
    member, offset = places(kind)[name]
    if isinstance(member, Record):
        return cgutils.pointer_add(builder, pointer, offset)
    model, place = context.data_model_manager[member], _at(context, builder, pointer, offset, member)
    if model.get_value_type() == model.get_data_type():
        return builder.load(place)
    return model.load_from_data_pointer(builder, place)


@cache
def _layout(kind: Any) -> np.dtype[Any]:
    """Memory of a value, as LLVM lays it out."""
    if isinstance(kind, Record):
        found = places(kind)
        return np.dtype(
            {
                "names": list(found),
                "formats": [_layout(member) for member, _ in found.values()],
                "offsets": [offset for _, offset in found.values()],
                "itemsize": _size(kind),
            }
        )
    if isinstance(kind, types.Array):
        laid: np.dtype[Any] = np.dtype((np.int64, (5 + 2 * kind.ndim,)))
    elif isinstance(kind, UniTuple | NamedUniTuple):
        laid = np.dtype((_layout(kind.dtype), (kind.count,)))
    elif isinstance(kind, BaseTuple):
        members = [(str(at), _layout(member)) for at, member in enumerate(kind.types)]
        laid = np.dtype(members, align=True)
    elif isinstance(kind, types.Number | types.Boolean):
        laid = as_dtype(kind)
    else:
        laid = np.dtype(np.int64)  # nothing is read of it
    assert -(-laid.itemsize // _ALIGNMENT) * _ALIGNMENT == _size(kind), f"{kind} stands otherwise in memory"
    return laid


def _laid(kind: Any, given: Any) -> Any:
    """A value as NumPy writes it to such memory."""
    if isinstance(kind, Record):
        return tuple(_laid(member, one) for (_, member), one in zip(kind.members, given, strict=True))
    if isinstance(kind, types.Array):
        # nobody counts references: whoever calls holds the array
        return (0, 0, given.size, given.itemsize, given.ctypes.data, *given.shape, *given.strides)
    if isinstance(kind, BaseTuple):
        return tuple(_laid(member, one) for member, one in zip(kind.types, given, strict=True))
    return given if isinstance(kind, types.Number | types.Boolean) else 0


def written(kind: Record, given: Any) -> NDArray[Any]:
    """Memory with a record in it, to be held as long as compiled code is given its address."""
    return np.array(_laid(kind, given), dtype=_layout(kind))


@unbox(Record)
def _from_python(kind: Record, given: Any, c: Any) -> NativeValue:
    """Takes the address of a record."""
    address = c.pyapi.long_as_voidptr(given)
    return NativeValue(address, is_error=cgutils.is_null(c.builder, address))


def _room(builder: Any, kind: Record) -> Any:
    size = _size(kind)
    words = ir.ArrayType(cgutils.intp_t, max(1, size // _ALIGNMENT))
    with builder.goto_entry_block():  # every word that is read is written first: no need to clear them
        return builder.bitcast(builder.alloca(words), cgutils.voidptr_t)


def near(builder: Any, kind: Any, value: Any) -> Any:
    """A copy of a record in the frame of the function that is being written; other values as they are."""
    if not isinstance(kind, Record):
        return value
    room = _room(builder, kind)
    size = _size(kind)
    cgutils.raw_memcpy(builder, room, value, cgutils.intp_t(size), 1)
    return room

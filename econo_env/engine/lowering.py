"""How what Numba has typed is written in LLVM's language: in two thirds of the words.

Most of a rule is access to elements of arrays of a record, `state.bids[k, i]`. For each, Numba copies what describes
the array into the frame of the function, twice, and reads all of it; here the few words needed are read where they
stand. LLVM would find that out, which takes it most of its time, and writing it takes Numba's.
"""

from collections import Counter
from typing import Any

from llvmlite import ir as llvm
from numba.core import cgutils, types
from numba.core.lowering import Lower
from numba.core.types.containers import BaseTuple
from numba.cpython.slicing import fix_index
from numba.np.arrayobj import load_item, store_item

from econo_env.engine.records import Record

_SCALARS = (types.Number, types.Boolean)
_WITHOUT_EFFECT = (llvm.ExtractValue, llvm.InsertValue, llvm.LoadInstr, llvm.GEPInstr, llvm.CastInstr)


class ShortLower(Lower):  # type: ignore[misc]  # numba ships no types
    """Writes elements of arrays, and variables, in few words; the rest as Numba does.

    Of variables it leaves out what only counting of references and debuggers need: Numba clears one when it is used no
    more, reads the old value before it writes a new one, and has LLVM tell the size of each.
    """

    def init(self) -> None:
        """Begins a function."""
        super().init()
        self._columns: set[Any] = set()
        """Arrays just read from a record, whose words may be read there one by one."""

    @property
    def _is_plain(self) -> bool:
        return not (self._disable_sroa_like_opt or self.context.enable_boundscheck)

    def lower_normal_function(self, described: Any) -> None:
        """Writes the function."""
        super().lower_normal_function(described)
        _drop_unused(self.function)

    def alloca_lltype(self, name: str, lltype: Any, datamodel: Any = None) -> Any:
        """A place for a variable."""
        if not self._is_plain:
            return super().alloca_lltype(name, lltype, datamodel)
        return cgutils.alloca_once(self.builder, lltype, name=name)

    def storevar(self, value: Any, name: str, argidx: int | None = None) -> None:
        """Writes a variable."""
        if not self._is_plain or name in self._singly_assigned_vars:
            super().storevar(value, name, argidx=argidx)
        else:
            self.builder.store(value, self.getvar(name))

    def lower_expr(self, resty: Any, expr: Any) -> Any:
        """Writes an expression."""
        value = super().lower_expr(resty, expr)
        is_column = expr.op == "getattr" and isinstance(resty, types.Array)
        if is_column and isinstance(self.typeof(expr.value.name), Record):
            self._columns.add(value)
        return value

    def lower_getitem(self, resty: Any, expr: Any, value: Any, index: Any, signature: Any) -> Any:
        """Reads an item of something."""
        place = self._element(value, index)
        if place is None:
            return super().lower_getitem(resty, expr, value, index, signature)
        array = self.typeof(value.name)
        item = load_item(self.context, self.builder, array, place)
        return self.context.cast(self.builder, item, array.dtype, resty)

    def lower_setitem(self, target_var: Any, index_var: Any, value_var: Any, signature: Any) -> Any:
        """Writes an item of something."""
        given = self.typeof(value_var.name)
        place = self._element(target_var, index_var) if isinstance(given, _SCALARS) else None
        if place is None:
            return super().lower_setitem(target_var, index_var, value_var, signature)
        array = self.typeof(target_var.name)
        value = self.context.cast(self.builder, self.loadvar(value_var.name), given, array.dtype)
        store_item(self.context, self.builder, array, value, place)
        return None

    def _element(self, array_var: Any, index_var: Any) -> Any:
        """The address of one number in an array without gaps; None for anything else."""
        array, index = self.typeof(array_var.name), self.typeof(index_var.name)
        of_tuple = isinstance(index, BaseTuple)
        kinds = index.types if of_tuple else (index,)
        is_one = isinstance(array, types.Array) and len(kinds) == array.ndim
        if not (self._is_plain and is_one and array.layout == "C" and isinstance(array.dtype, _SCALARS)):
            return None
        if not all(isinstance(kind, types.Integer) for kind in kinds):
            return None
        described, given = self.loadvar(array_var.name), self.loadvar(index_var.name)
        offset = None
        for axis, kind in enumerate(kinds):
            at = _part(self.builder, given, axis) if of_tuple else given
            at = self.context.cast(self.builder, at, kind, types.intp if kind.signed else types.uintp)
            may_count_back = kind.signed and not (isinstance(at, llvm.Constant) and at.constant >= 0)
            length = self._word(array, described, "shape", axis) if may_count_back or axis > 0 else None
            if may_count_back:
                at = fix_index(self.builder, at, length)
            offset = at if offset is None else self.builder.add(self.builder.mul(offset, length), at)
        return self.builder.gep(self._word(array, described, "data"), [offset])

    def _word(self, array: Any, described: Any, field: str, axis: int | None = None) -> Any:
        """One word of an array's description."""
        position = self.context.data_model_manager[array].get_field_position(field)
        path = [position] if axis is None else [position, axis]
        if described not in self._columns:
            return self.builder.extract_value(described, path)
        steps = [cgutils.int32_t(0), *(cgutils.int32_t(step) for step in path)]
        return self.builder.load(self.builder.gep(described.operands[0], steps, inbounds=True))


def _part(builder: Any, value: Any, at: int) -> Any:
    """A part of a tuple, as it was before it was put in."""
    while isinstance(value, llvm.InsertValue):
        aggregate, part = value.operands
        if value.indices == [at]:
            return part
        value = aggregate
    return builder.extract_value(value, at)


def _drop_unused(function: Any) -> None:
    """Takes out what is computed or read and used by nothing."""
    all_of_it = [one for block in function.blocks for one in block.instructions]
    uses = Counter(id(operand) for one in all_of_it for operand in _reads(one))
    waiting = [one for one in all_of_it if isinstance(one, _WITHOUT_EFFECT) and not uses[id(one)]]
    dropped = set()
    while waiting:
        one = waiting.pop()
        dropped.add(id(one))
        for operand in one.operands:
            uses[id(operand)] -= 1
            if isinstance(operand, _WITHOUT_EFFECT) and not uses[id(operand)]:
                waiting.append(operand)
    for block in function.blocks:
        block.instructions = [one for one in block.instructions if id(one) not in dropped]


def _reads(instruction: Any) -> list[Any]:
    if isinstance(instruction, llvm.PhiInstr):
        return [value for value, _ in instruction.incomings]
    return list(instruction.operands)

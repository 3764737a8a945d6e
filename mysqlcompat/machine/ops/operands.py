"""How ops read their operands: helpers for the first lines of every op."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

from btree.layout import RUN_MASK, RUN_SHIFT
from mysqlcompat.machine.layout import RUN_HEAP, RUN_HEAP_END, RUN_WANT, RUN_WANT_OF, WANT_HEAP
from redo.codes import E_NO_ROOM
from redo.coding_kernels import load_i64, store_i64
from redo.jit import helper

OP = "i8(i8[::1], u1[::1], i8, i8, i8)"  #: (st, mem, run, instruction, n) -> n or a code


@helper
def operand(mem, instruction, number):
    return load_i64(mem, instruction + 8 * number)


@helper
def register(mem, run, instruction, number):
    """Offset of the lanes of the register that operand `number` names."""
    return run + load_i64(mem, instruction + 8 * number)


@helper
def heap_room(mem, run, count):
    """0 when the batch heap has `count` bytes left, else E_NO_ROOM with the wish recorded."""
    if load_i64(mem, run + RUN_HEAP) + count <= load_i64(mem, run + RUN_HEAP_END):
        return 0
    store_i64(mem, run + RUN_WANT, count)
    store_i64(mem, run + RUN_WANT_OF, WANT_HEAP)
    return E_NO_ROOM


@helper
def text_at(lane):
    return lane >> RUN_SHIFT


@helper
def text_bytes(lane):
    return lane & RUN_MASK


@helper
def text_lane(at, count):
    return (at << RUN_SHIFT) | count

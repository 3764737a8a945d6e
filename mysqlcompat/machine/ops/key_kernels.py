"""Keys of several registers: memcmp-ordered runs in the batch heap, for sorting, grouping,
joining."""

from __future__ import annotations

from btree.keys_kernels import key_append, key_bound
from mysqlcompat.machine.layout import NULLS_AT, RUN_HEAP, RUN_PARAM_COUNT, RUN_PARAMS
from mysqlcompat.machine.ops.operands import OP, heap_room, operand, register, text_lane
from redo.coding_kernels import SIGN, load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel


@kernel(OP)
def op_key(st, mem, run, instruction, n):
    """Keys of lanes. Operands: to (key runs; null byte 1 where a part is NULL), parts (constants:
    count, then register and column description for each)."""
    to = register(mem, run, instruction, 1)
    parts = operand(mem, instruction, 2)
    count = load_i64(mem, parts)
    bound = 0
    for j in range(count):
        source = run + load_i64(mem, parts + 8 + 16 * j)
        description = load_i64(mem, parts + 16 + 16 * j)
        for i in range(n):
            lane = load_i64(mem, source + 8 * i)
            bound += key_bound(mem, description, lane)
    result = heap_room(mem, run, bound)
    if result < 0:
        return result
    at = load_i64(mem, run + RUN_HEAP)
    for i in range(n):
        start = at
        has_null = 0
        for j in range(count):
            source = run + load_i64(mem, parts + 8 + 16 * j)
            description = load_i64(mem, parts + 16 + 16 * j)
            null = load_u8(mem, source + NULLS_AT + i)
            has_null |= null
            lane = load_i64(mem, source + 8 * i)
            at += key_append(st, mem, description, lane, null, at)
        store_i64(mem, to + 8 * i, text_lane(start, at - start))
        store_u8(mem, to + NULLS_AT + i, has_null)
    store_i64(mem, run + RUN_HEAP, at)
    return n


@helper
def place_in(lane, lane_unsigned, least, greatest, unsigned):
    """-1, 0, 1: a number below, inside or above what a column can hold.

    least, greatest  of the column, as 64 bits; read unsigned if `unsigned`
    """
    if lane < 0 and lane_unsigned != unsigned:
        return -1 if unsigned == 1 else 1
    flip = SIGN if unsigned == 1 else 0
    if (lane ^ flip) < (least ^ flip):
        return -1
    if (lane ^ flip) > (greatest ^ flip):
        return 1
    return 0


@helper
def slot_lane(mem, run, slot):
    """(lane, null byte) of a slot."""
    params = load_i64(mem, run + RUN_PARAMS)
    count = load_i64(mem, run + RUN_PARAM_COUNT)
    return load_i64(mem, params + 8 * slot), load_u8(mem, params + 8 * count + slot)

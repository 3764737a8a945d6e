"""Into registers: columns of rows, slots, gathered lanes, pinned strings."""

from __future__ import annotations

from btree.rows_kernels import row_size, rows_extract
from mysqlcompat.machine.layout import NULLS_AT, RUN_HEAP, RUN_HEAP_START
from mysqlcompat.machine.ops.key_kernels import slot_lane
from mysqlcompat.machine.ops.operands import (
    OP,
    heap_room,
    operand,
    register,
    text_at,
    text_bytes,
    text_lane,
)
from redo.coding_kernels import load_i64, load_u8, move, store_i64, store_u8
from redo.jit import helper, kernel


@kernel(OP)
def op_column(st, mem, run, instruction, n):
    """A column of rows. Operands: to, rows (register of row offsets), table descriptor, column,
    1: rows may be 0 (outer join), which gives NULL."""
    to = register(mem, run, instruction, 1)
    rows = register(mem, run, instruction, 2)
    table = operand(mem, instruction, 3)
    column = operand(mem, instruction, 4)
    rows_extract(mem, table, rows, n, column, to, to + NULLS_AT)
    if operand(mem, instruction, 5) == 1:
        for i in range(n):
            if load_i64(mem, rows + 8 * i) == 0:
                store_i64(mem, to + 8 * i, 0)
                store_u8(mem, to + NULLS_AT + i, 1)
    return n


@kernel(OP)
def op_slot(st, mem, run, instruction, n):
    """The same slot in every lane. Operands: to, slot."""
    to = register(mem, run, instruction, 1)
    lane, null = slot_lane(mem, run, operand(mem, instruction, 2))
    for i in range(n):
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@kernel(OP)
def op_constant(st, mem, run, instruction, n):
    """The same number in every lane. Operands: to, lane, null byte."""
    to = register(mem, run, instruction, 1)
    lane = operand(mem, instruction, 2)
    null = operand(mem, instruction, 3)
    for i in range(n):
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@kernel(OP)
def op_slots_column(st, mem, run, instruction, n):
    """One column of VALUES: lane i is slot first + stride × (row of lane i). Operands: to, first,
    stride, rows (register of row numbers)."""
    to = register(mem, run, instruction, 1)
    first = operand(mem, instruction, 2)
    stride = operand(mem, instruction, 3)
    rows = register(mem, run, instruction, 4)
    for i in range(n):
        lane, null = slot_lane(mem, run, first + stride * load_i64(mem, rows + 8 * i))
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@kernel(OP)
def op_gather(st, mem, run, instruction, n):
    """to[i] = from[lanes[i]]. Operands: to, from, lanes."""
    to = register(mem, run, instruction, 1)
    source = register(mem, run, instruction, 2)
    lanes = register(mem, run, instruction, 3)
    for i in range(n):
        lane = load_i64(mem, lanes + 8 * i)
        store_i64(mem, to + 8 * i, load_i64(mem, source + 8 * lane))
        store_u8(mem, to + NULLS_AT + i, load_u8(mem, source + NULLS_AT + lane))
    return n


@kernel(OP)
def op_copy(st, mem, run, instruction, n):
    """to = from where `mask`'s null byte is 1, else NULL: what DISTINCT aggregates see. Operands:
    to, from, mask."""
    to = register(mem, run, instruction, 1)
    source = register(mem, run, instruction, 2)
    mask = register(mem, run, instruction, 3)
    for i in range(n):
        null = load_u8(mem, source + NULLS_AT + i)
        lane = load_i64(mem, source + 8 * i)
        if load_u8(mem, mask + NULLS_AT + i) == 0:
            null = 1
            lane = 0
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@kernel(OP)
def op_pin_rows(st, mem, run, instruction, n):
    """Copy rows out of their pages, which a later op of this batch may change or drop. Operands:
    to, rows, table descriptor."""
    to = register(mem, run, instruction, 1)
    rows = register(mem, run, instruction, 2)
    table = operand(mem, instruction, 3)
    total = 0
    for i in range(n):
        row = load_i64(mem, rows + 8 * i)
        if row != 0:
            total += row_size(mem, table, row)
    result = heap_room(mem, run, total)
    if result < 0:
        return result
    at = load_i64(mem, run + RUN_HEAP)
    for i in range(n):
        row = load_i64(mem, rows + 8 * i)
        copy = 0
        if row != 0:
            size = row_size(mem, table, row)
            move(mem, at, row, size)
            copy = at
            at += size
        store_i64(mem, to + 8 * i, copy)
        store_u8(mem, to + NULLS_AT + i, 0)
    store_i64(mem, run + RUN_HEAP, at)
    return n


@helper
def is_loose(mem, to, i, start, end):
    """Whether lane `i` is a string outside of the batch heap, which is used from start to end."""
    if load_u8(mem, to + NULLS_AT + i):
        return False
    at = text_at(load_i64(mem, to + 8 * i))
    return at < start or at >= end


@kernel(OP)
def op_pin_texts(st, mem, run, instruction, n):
    """Copy strings into the batch heap, in place; those in it stay. Operands: register."""
    to = register(mem, run, instruction, 1)
    start = load_i64(mem, run + RUN_HEAP_START)
    end = load_i64(mem, run + RUN_HEAP)
    total = 0
    for i in range(n):
        if is_loose(mem, to, i, start, end):
            total += text_bytes(load_i64(mem, to + 8 * i))
    result = heap_room(mem, run, total)
    if result < 0:
        return result
    at = end
    for i in range(n):
        if is_loose(mem, to, i, start, end):
            lane = load_i64(mem, to + 8 * i)
            move(mem, at, text_at(lane), text_bytes(lane))
            store_i64(mem, to + 8 * i, text_lane(at, text_bytes(lane)))
            at += text_bytes(lane)
    store_i64(mem, run + RUN_HEAP, at)
    return n


@kernel(OP)
def op_duplicate(st, mem, run, instruction, n):
    """to = from. Operands: to, from."""
    to = register(mem, run, instruction, 1)
    source = register(mem, run, instruction, 2)
    move(mem, to, source, 8 * n)
    move(mem, to + NULLS_AT, source + NULLS_AT, n)
    return n


@kernel(OP)
def op_row_lanes(st, mem, run, instruction, n):
    """Whole rows as strings, to be kept in records. Operands: to, rows, table descriptor."""
    to = register(mem, run, instruction, 1)
    rows = register(mem, run, instruction, 2)
    table = operand(mem, instruction, 3)
    for i in range(n):
        row = load_i64(mem, rows + 8 * i)
        store_i64(mem, to + 8 * i, text_lane(row, row_size(mem, table, row)))
        store_u8(mem, to + NULLS_AT + i, 0)
    return n


@kernel(OP)
def op_lane_rows(st, mem, run, instruction, n):
    """The reverse of `op_row_lanes`. Operands: to, from."""
    to = register(mem, run, instruction, 1)
    source = register(mem, run, instruction, 2)
    for i in range(n):
        store_i64(mem, to + 8 * i, text_at(load_i64(mem, source + 8 * i)))
        store_u8(mem, to + NULLS_AT + i, 0)
    return n

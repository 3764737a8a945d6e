"""INSERT, UPDATE, DELETE: one row at a time through the row kernels, the place kept in RUN_LANE.

::

    ROW (constants, words): table descriptor, stored columns, the register of each column, then
                            how many conditions a row must meet, and the register of each

Rows that are changed or deleted are copies (`op_pin_rows`): their pages may move meanwhile. Nothing
here can be taken back half-way: E_LOCK_WAIT leaves the statement, whose changes Python undoes.
"""

from __future__ import annotations

from btree.layout import (
    LEAF_CELL_HEADER,
    NULL_EXTERNAL,
    REFERENCE_BYTES,
    RUN_SHIFT,
    SLOT_BYTES,
)
from btree.rows_kernels import (
    column_of,
    row_bound,
    row_column,
    row_encode,
    row_longest,
    row_null,
    row_size,
    stored_length,
)
from btree.tree_kernels import cell_limit_of
from mysqlcompat.machine.calls import call3, call4, call5
from mysqlcompat.machine.layout import (
    NULLS_AT,
    RUN_CHANGED,
    RUN_CTX,
    RUN_FAILED,
    RUN_HEAP,
    RUN_LANE,
    RUN_LONG,
    RUN_MATCHED,
)
from mysqlcompat.machine.ops.operands import OP, heap_room, operand, register
from mysqlcompat.machine.state import (
    ST_LONG_BEFORE,
    ST_LONG_COLUMN,
    ST_LONG_LANE,
    ST_LONG_TABLE,
)
from redo.codes import E_CHECK_FAILED, E_LONG_VALUE
from redo.coding_kernels import compare, load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel, routine

KEY_ROOM = 48  #: of a leaf cell: header of its value and a key of common size


@helper
def row_room(st):
    """Bytes of rows that surely stay on their leaf, unless their keys are long."""
    return cell_limit_of(st) - LEAF_CELL_HEADER - SLOT_BYTES - KEY_ROOM


@routine
def long_value(st, mem, table, column, lanes, old):
    """Ask for a value to be put outside: E_LONG_VALUE, ST_LONG_… say which."""
    st[ST_LONG_TABLE] = table
    st[ST_LONG_COLUMN] = column
    lane = load_i64(mem, lanes + 8 * column)
    size = stored_length(mem, column_of(mem, table, column), lane)
    st[ST_LONG_LANE] = lane >> RUN_SHIFT << RUN_SHIFT | size
    st[ST_LONG_BEFORE] = 0
    if old != 0 and row_null(mem, table, old, column) == NULL_EXTERNAL:
        st[ST_LONG_BEFORE] = row_column(mem, table, old, column) >> RUN_SHIFT
    return E_LONG_VALUE


@helper
def lanes_gather(st, mem, run, spec, lane, old):
    """Lay one row's lanes and null bytes side by side in the batch heap, aligned: where they begin,
    E_NO_ROOM, or E_LONG_VALUE; the encoded row may be put after them (`row_place`).

    old  the row it replaces, 0: none
    """
    count = load_i64(mem, spec + 8)
    result = heap_room(mem, run, 9 * count + 32)
    if result < 0:
        return result
    at = (load_i64(mem, run + RUN_HEAP) + 7) & ~7
    nulls = at + 8 * count
    for j in range(count):
        source = run + load_i64(mem, spec + 16 + 8 * j)
        store_i64(mem, at + 8 * j, load_i64(mem, source + 8 * lane))
        store_u8(mem, nulls + j, load_u8(mem, source + NULLS_AT + lane))
    outside = load_i64(mem, run + RUN_LONG)
    if outside != 0:
        for j in range(count):
            reference = load_i64(mem, outside + 8 * j)
            if reference != 0:
                store_i64(mem, at + 8 * j, reference << RUN_SHIFT | REFERENCE_BYTES)
                store_u8(mem, nulls + j, NULL_EXTERNAL)
    bound = row_bound(mem, load_i64(mem, spec), at, nulls)
    if bound > row_room(st):
        column = row_longest(st, mem, load_i64(mem, spec), at, nulls)
        if column >= 0:
            return long_value(st, mem, load_i64(mem, spec), column, at, old)
    result = heap_room(mem, run, 9 * count + 32 + bound)
    if result < 0:
        return result
    return at


@helper
def row_place(mem, spec, lanes):
    """Where the encoded row of gathered lanes goes."""
    return (lanes + 9 * load_i64(mem, spec + 8) + 7) & ~7


@helper
def row_made(st, mem, spec, lanes):
    """Encode gathered lanes at `row_place`: bytes or a code."""
    count = load_i64(mem, spec + 8)
    out = row_place(mem, spec, lanes)
    return row_encode(st, mem, load_i64(mem, spec), lanes, lanes + 8 * count, out)


@helper
def row_checked(mem, run, spec, lane):
    """0 when no condition of a row is false, else E_CHECK_FAILED and its number in RUN_FAILED."""
    at = spec + 16 + 8 * load_i64(mem, spec + 8)
    for j in range(load_i64(mem, at)):
        source = run + load_i64(mem, at + 8 + 8 * j)
        if load_u8(mem, source + NULLS_AT + lane) == 0 and load_i64(mem, source + 8 * lane) == 0:
            store_i64(mem, run + RUN_FAILED, j)
            return E_CHECK_FAILED
    return 0


@kernel(OP)
def op_insert(st, mem, run, instruction, n):
    """Insert a row for each lane. Operands: row (constants), address of `row_insert`."""
    spec = operand(mem, instruction, 1)
    function = operand(mem, instruction, 2)
    ctx = load_i64(mem, run + RUN_CTX)
    lane = load_i64(mem, run + RUN_LANE)
    while lane < n:
        store_i64(mem, run + RUN_LANE, lane)
        result = row_checked(mem, run, spec, lane)
        if result < 0:
            return result
        lanes = lanes_gather(st, mem, run, spec, lane, 0)
        if lanes < 0:
            return lanes
        size = row_made(st, mem, spec, lanes)
        if size < 0:
            return size
        row = row_place(mem, spec, lanes)
        result = call4(function, st, mem, (ctx, load_i64(mem, spec), row, size))
        if result < 0:
            return result
        store_i64(mem, run + RUN_CHANGED, load_i64(mem, run + RUN_CHANGED) + 1)
        store_i64(mem, run + RUN_LONG, 0)
        lane += 1
    store_i64(mem, run + RUN_LANE, 0)
    return n


@helper
def restamped(mem, run, spec, stamps, lanes, lane):
    """Put the values of ON UPDATE columns into gathered lanes. Stamps: count, then column and
    register of each."""
    count = load_i64(mem, spec + 8)
    for j in range(load_i64(mem, stamps)):
        column = load_i64(mem, stamps + 8 + 16 * j)
        source = run + load_i64(mem, stamps + 16 + 16 * j)
        store_i64(mem, lanes + 8 * column, load_i64(mem, source + 8 * lane))
        store_u8(mem, lanes + 8 * count + column, load_u8(mem, source + NULLS_AT + lane))


@kernel(OP)
def op_update(st, mem, run, instruction, n):
    """Replace rows by what the registers say, if that differs. Operands: row (constants), old rows
    (copies), address of `row_update`, stamps (ON UPDATE columns, set only in rows that change)."""
    spec = operand(mem, instruction, 1)
    old_rows = register(mem, run, instruction, 2)
    function = operand(mem, instruction, 3)
    stamps = operand(mem, instruction, 4)
    table = load_i64(mem, spec)
    ctx = load_i64(mem, run + RUN_CTX)
    lane = load_i64(mem, run + RUN_LANE)
    while lane < n:
        store_i64(mem, run + RUN_LANE, lane)
        old = load_i64(mem, old_rows + 8 * lane)
        lanes = lanes_gather(st, mem, run, spec, lane, old)
        if lanes < 0:
            return lanes
        size = row_made(st, mem, spec, lanes)
        if size < 0:
            return size
        row = row_place(mem, spec, lanes)
        old_size = row_size(mem, table, old)
        if compare(mem, row, size, old, old_size) != 0:
            result = row_checked(mem, run, spec, lane)
            if result < 0:
                return result
            if load_i64(mem, stamps) > 0:
                restamped(mem, run, spec, stamps, lanes, lane)
                size = row_made(st, mem, spec, lanes)
            result = call5(function, st, mem, (ctx, table, old, row, size))
            if result < 0:
                return result
            store_i64(mem, run + RUN_CHANGED, load_i64(mem, run + RUN_CHANGED) + 1)
        store_i64(mem, run + RUN_MATCHED, load_i64(mem, run + RUN_MATCHED) + 1)
        store_i64(mem, run + RUN_LONG, 0)
        lane += 1
    store_i64(mem, run + RUN_LANE, 0)
    return n


@kernel(OP)
def op_delete(st, mem, run, instruction, n):
    """Delete rows. Operands: rows (copies), table descriptor, address of `row_delete`."""
    rows = register(mem, run, instruction, 1)
    table = operand(mem, instruction, 2)
    function = operand(mem, instruction, 3)
    ctx = load_i64(mem, run + RUN_CTX)
    lane = load_i64(mem, run + RUN_LANE)
    while lane < n:
        store_i64(mem, run + RUN_LANE, lane)
        result = call3(function, st, mem, (ctx, table, load_i64(mem, rows + 8 * lane)))
        if result < 0:
            return result
        store_i64(mem, run + RUN_CHANGED, load_i64(mem, run + RUN_CHANGED) + 1)
        lane += 1
    store_i64(mem, run + RUN_LANE, 0)
    return n

"""Long values that lie outside of their rows: read for those columns which the program looks at.

It stands right behind the source or join that gives the rows. A batch without such values passes
through. Otherwise all its rows are copied into the batch heap first, since reading chains makes
pages come and go; and the batch is given in parts, so that about LONG_BYTES of values are in memory
at a time, one value being the least.
"""

from __future__ import annotations

from btree.inline_kernels import INLINE_BYTES, inline_size, row_inline
from btree.rows_kernels import row_size
from btree.txn_layout import CTX_ISOLATION, ISOLATION_READ_UNCOMMITTED
from mysqlcompat.machine.layout import (
    NULLS_AT,
    RUN_CTX,
    RUN_DEPTH,
    RUN_HEAP,
    RUN_MAY_PAUSE,
    RUN_STACK_ROOM,
)
from mysqlcompat.machine.ops.join_kernels import (
    FRESH,
    GIVEN,
    JOIN_STATE_BYTES,
    LANE,
    MORE,
    PHASE,
    RUNNING,
    join_enter,
    join_leave,
)
from mysqlcompat.machine.ops.operands import OP, heap_room, operand, register
from redo.coding_kernels import fill, load_i64, move, store_i64
from redo.jit import helper, kernel

LONG_BYTES = 16 << 20
INLINE_AT = JOIN_STATE_BYTES  #: in the op's state: that of `row_inline`
GATHERED = INLINE_AT + INLINE_BYTES  #: bytes of values in the part at hand
LAST_GIVEN = GATHERED + 8  #: rows of the part before
LONG_STATE_BYTES = LAST_GIVEN + 8


@helper
def has_wanted(st, mem, table, rows, wanted, n):
    """Whether a row of the batch has a wanted value outside."""
    for i in range(n):
        row = load_i64(mem, rows + 8 * i)
        if row != 0 and inline_size(st, mem, table, row, wanted) != 0:
            return True
    return False


@helper
def rows_pin(mem, run, table, rows, n):
    """Copy rows into the batch heap, in place (0 is no row); E_NO_ROOM with nothing done."""
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
        if row != 0:
            size = row_size(mem, table, row)
            move(mem, at, row, size)
            store_i64(mem, rows + 8 * i, at)
            at += size
    store_i64(mem, run + RUN_HEAP, at)
    return 0


@helper
def is_uncommitted(mem, run):
    """Whether this is READ UNCOMMITTED: its rows' chains may be gone when others have run."""
    ctx = load_i64(mem, run + RUN_CTX)
    return load_i64(mem, ctx + CTX_ISOLATION) == ISOLATION_READ_UNCOMMITTED


@kernel(OP)
def op_long(st, mem, run, instruction, n):
    """Rows whose wanted values are all within. Operands: to, to rows as they are, rows, table,
    wanted (constants, a word for each stored column), state, lanes (register of what the join
    gave beside each row, 0: none; it follows)."""
    to = register(mem, run, instruction, 1)
    raw = register(mem, run, instruction, 2)
    rows = register(mem, run, instruction, 3)
    table = operand(mem, instruction, 4)
    wanted = operand(mem, instruction, 5)
    state = register(mem, run, instruction, 6)
    lanes = register(mem, run, instruction, 7) if operand(mem, instruction, 7) else 0
    if load_i64(mem, state + PHASE) == FRESH:
        if not has_wanted(st, mem, table, rows, wanted, n):
            move(mem, to, rows, 8 * n)
            move(mem, raw, rows, 8 * n)
            fill(mem, to + NULLS_AT, n, 0)
            fill(mem, raw + NULLS_AT, n, 0)
            return n
        code = rows_pin(mem, run, table, rows, n)
        if code < 0:
            return code
    phase = load_i64(mem, state + PHASE)
    join_enter(mem, run, state)
    alone = is_uncommitted(mem, run)
    store_i64(mem, run + RUN_MAY_PAUSE, 0 if alone else 1)
    lane = load_i64(mem, state + LANE)
    given = load_i64(mem, state + GIVEN)
    if phase != RUNNING:
        store_i64(mem, state + GATHERED, 0)
    if phase == MORE and lanes != 0:
        move(mem, lanes, lanes + 8 * load_i64(mem, state + LAST_GIVEN), 8 * (n - lane))
    while lane < n:
        row = load_i64(mem, rows + 8 * lane)
        copy = row
        size = inline_size(st, mem, table, row, wanted) if row != 0 else 0
        if size:
            gathered = load_i64(mem, state + GATHERED)
            if given > 0 and gathered + size > LONG_BYTES and not alone:
                if load_i64(mem, run + RUN_DEPTH) < RUN_STACK_ROOM:
                    break
            code = heap_room(mem, run, size + 8)
            if code >= 0:
                copy = load_i64(mem, run + RUN_HEAP)
                code = row_inline(st, mem, table, row, wanted, copy, state + INLINE_AT)
            if code < 0:
                store_i64(mem, state + LANE, lane)
                store_i64(mem, state + GIVEN, given)
                return code
            store_i64(mem, run + RUN_HEAP, copy + size)
            store_i64(mem, state + GATHERED, gathered + size)
        store_i64(mem, to + 8 * given, copy)
        store_i64(mem, raw + 8 * given, row)
        lane += 1
        given += 1
    store_i64(mem, run + RUN_MAY_PAUSE, 0)
    fill(mem, to + NULLS_AT, given, 0)
    fill(mem, raw + NULLS_AT, given, 0)
    store_i64(mem, state + LAST_GIVEN, given)
    return join_leave(mem, run, instruction, state, n, lane, given)

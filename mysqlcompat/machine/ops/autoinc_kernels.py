"""AUTO_INCREMENT values for the rows of INSERT.

The counter of a table is a word of the table directory (`TABLE_AUTOINC`): the next value to give
out. Values are set aside in intervals, as InnoDB does with innodb_autoinc_lock_mode 2: VALUES takes
as many as it has rows, and after a row with a value of its own those that it has left; INSERT …
SELECT, which does not know, 1, 2, 4 … 65535. What is set aside and not used is lost. A row that a
CHECK refuses has no part in this, nor has the own value of a row (the last of its batch, at least)
that is a duplicate. With auto_increment_increment above 1 values are members of the series
offset, offset + step, …; the formulas are MySQL's (compute_next_insert_id, innobase_next_autoinc).

A counter stops at the greatest value of its type: the rows after that are duplicates, but for
BIGINT UNSIGNED, whose greatest value is never given out (ERROR 1467). 64-bit unsigned values are
compared as such.
"""

from __future__ import annotations

from typing import Final

from btree.layout import D_TABLE_ID
from btree.row_keys_kernels import table_entry
from btree.txn_layout import TABLE_AUTOINC
from mysqlcompat.machine.calls import call2
from mysqlcompat.machine.layout import NULLS_AT, RUN_AUTOINC, RUN_INSERT_ID, RUN_LAST_ID
from mysqlcompat.machine.ops.operands import OP, operand, register
from mysqlcompat.machine.ops.write_kernels import row_checked
from redo.codes import E_OVERFLOW
from redo.coding_kernels import load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel

# The state: the interval's next value, values left in it, intervals so far, rows since the first,
# the own value of the last row until that is written.
STATE_BYTES: Final = 40
_NEXT: Final = 0
_LEFT: Final = 8
_INTERVALS: Final = 16
_ROWS: Final = 24
_OWN: Final = 32
_INTERVAL_MAX: Final = 65535
_SIGN: Final = -(2**63)


@helper
def below(a, b):
    """a < b as unsigned numbers."""
    return (a ^ _SIGN) < (b ^ _SIGN)


@helper
def aligned(value, step, offset):
    """The least member of the series from `value` on."""
    if step <= 1:
        return value
    return (value - 1 + step - offset) // step * step + offset


@helper
def following(value, count, step, offset, greatest):
    """What the counter is when `count` values from `value` on have been taken."""
    if step <= 1:
        result = value + count
    else:
        base = offset if offset <= step else 0
        result = abs(value - base) // step * step + base + count * step
    return greatest if below(result, value) or below(greatest, result) else result


@helper
def set_aside(mem, entry, state, need, step, offset, greatest):
    """A new interval of `need` values."""
    counter = load_i64(mem, entry + TABLE_AUTOINC)
    store_i64(mem, state + _NEXT, aligned(counter, step, offset))
    store_i64(mem, state + _LEFT, need)
    after = following(counter, need, step, offset, greatest)
    store_i64(mem, entry + TABLE_AUTOINC, after)
    store_i64(mem, state + _INTERVALS, load_i64(mem, state + _INTERVALS) + 1)


@helper
def advance(mem, run, entry, value, greatest):
    """`value` is taken: the counter is beyond it."""
    if not below(value, load_i64(mem, entry + TABLE_AUTOINC)):
        step, offset = load_i64(mem, run + RUN_AUTOINC), load_i64(mem, run + RUN_AUTOINC + 8)
        store_i64(mem, entry + TABLE_AUTOINC, following(value, 1, step, offset, greatest))


@helper
def generated(mem, run, entry, state, need, greatest):
    """The next value, or 0 when there is none left of BIGINT UNSIGNED."""
    step, offset = load_i64(mem, run + RUN_AUTOINC), load_i64(mem, run + RUN_AUTOINC + 8)
    value = load_i64(mem, run + RUN_AUTOINC + 16)
    if value:
        store_i64(mem, run + RUN_AUTOINC + 16, 0)
    else:
        if load_i64(mem, state + _LEFT) == 0:
            set_aside(mem, entry, state, need, step, offset, greatest)
        value = load_i64(mem, state + _NEXT)
        store_i64(mem, state + _NEXT, value + max(step, 1))
        store_i64(mem, state + _LEFT, load_i64(mem, state + _LEFT) - 1)
        if greatest == -1 and (value == -1 or value == 0):
            return 0
        if below(greatest, value):
            value = greatest
    if load_i64(mem, run + RUN_INSERT_ID) == 0:
        store_i64(mem, run + RUN_INSERT_ID, value)
    return value


@kernel(OP)
def op_autoinc(st, mem, run, instruction, n):
    """AUTO_INCREMENT: NULL and 0 become the next value. Operands: register, table descriptor,
    address of `autoinc_next`, rows of VALUES (0: those of the batch, -1: they come from a SELECT),
    state, greatest value of the column (-1: of BIGINT UNSIGNED), row (as op_insert's)."""
    to = register(mem, run, instruction, 1)
    table = operand(mem, instruction, 2)
    rows = operand(mem, instruction, 4)
    state = register(mem, run, instruction, 5)
    greatest = operand(mem, instruction, 6)
    spec = operand(mem, instruction, 7)
    entry = table_entry(st, load_i64(mem, table + 8 * D_TABLE_ID))
    if load_i64(mem, entry + TABLE_AUTOINC) == 0:
        code = call2(operand(mem, instruction, 3), st, mem, (table, 0))
        if code < 0:
            return code
    keep_zero = load_i64(mem, run + RUN_AUTOINC + 24)
    for i in range(n):
        if row_checked(mem, run, spec, i) < 0:
            break  # op_insert says it
        if load_i64(mem, state + _INTERVALS):
            store_i64(mem, state + _ROWS, load_i64(mem, state + _ROWS) + 1)
        value = load_i64(mem, to + 8 * i)
        if load_u8(mem, to + NULLS_AT + i) or (value == 0 and keep_zero == 0):
            need = rows - load_i64(mem, state + _ROWS) if rows else n - i
            if rows < 0:
                need = min(1 << min(load_i64(mem, state + _INTERVALS), 16), _INTERVAL_MAX)
            value = generated(mem, run, entry, state, need, greatest)
            if value == 0:
                return E_OVERFLOW
            store_i64(mem, to + 8 * i, value)
            store_u8(mem, to + NULLS_AT + i, 0)
        else:
            store_i64(mem, run + RUN_LAST_ID, value)
            if value < 0 and greatest != -1:
                continue
            if not below(value, load_i64(mem, state + _NEXT)):
                store_i64(mem, state + _LEFT, 0)
            if i == n - 1:
                store_i64(mem, state + _OWN, value)
                continue
        advance(mem, run, entry, value, greatest)
    return n


@kernel(OP)
def op_autoinc_written(st, mem, run, instruction, n):
    """The rows of a batch are written. Operands: table descriptor, state and greatest value, as
    those of `op_autoinc`."""
    state = register(mem, run, instruction, 2)
    value = load_i64(mem, state + _OWN)
    if value:
        table = operand(mem, instruction, 1)
        entry = table_entry(st, load_i64(mem, table + 8 * D_TABLE_ID))
        advance(mem, run, entry, value, operand(mem, instruction, 3))
        store_i64(mem, state + _OWN, 0)
    return n

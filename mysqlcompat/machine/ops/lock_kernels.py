"""READ COMMITTED: rows are locked when they have been found to match, not before."""

from __future__ import annotations

from mysqlcompat.machine.calls import call2, call4
from mysqlcompat.machine.layout import RUN_CTX
from mysqlcompat.machine.ops.operands import OP, operand, register
from redo.codes import E_LOCK_WAIT
from redo.coding_kernels import load_i64
from redo.jit import kernel


@kernel(OP)
def op_lock(st, mem, run, instruction, n):
    """Lock the rows of a batch that a MODE_PASSING source has given, where the level asks for it.

    Operands: rows, table descriptor, address of `row_lock`, mode, address of `cursor_again`, cursor
    (0: the source has none). A row that somebody holds was looked at as it was committed: the batch
    ends before it, and the source gives it again when it has been waited for.
    """
    rows = register(mem, run, instruction, 1)
    table = operand(mem, instruction, 2)
    function = operand(mem, instruction, 3)
    mode = operand(mem, instruction, 4)
    ctx = load_i64(mem, run + RUN_CTX)
    for lane in range(n):
        row = load_i64(mem, rows + 8 * lane)
        result = call4(function, st, mem, (ctx, table, row, mode))
        if result == E_LOCK_WAIT and operand(mem, instruction, 6) != 0:
            cursor = register(mem, run, instruction, 6)
            call2(operand(mem, instruction, 5), st, mem, (cursor, row))
            return lane
        if result < 0:
            return result
    return n

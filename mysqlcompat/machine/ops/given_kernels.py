"""Source of bulk INSERT: as many rows as this run was given."""

from __future__ import annotations

from mysqlcompat.machine.layout import NULLS_AT
from mysqlcompat.machine.ops.operands import OP, operand, register
from redo.coding_kernels import fill, load_i64, store_i64
from redo.jit import kernel


@kernel(OP)
def op_given_numbers(st, mem, run, instruction, n):
    """Numbers 0 … count-1. Operands: to, count and state (1 word each), most in a batch."""
    to = register(mem, run, instruction, 1)
    count = load_i64(mem, register(mem, run, instruction, 2))
    state = register(mem, run, instruction, 3)
    start = load_i64(mem, state)
    live = min(count - start, operand(mem, instruction, 4))
    for i in range(live):
        store_i64(mem, to + 8 * i, start + i)
    fill(mem, to + NULLS_AT, live, 0)
    store_i64(mem, state, start + live)
    return live

"""The instruction that is Python: it stops the kernel, `run` answers it and goes on behind it."""

from __future__ import annotations

from mysqlcompat.machine.layout import (
    INSTRUCTION_BYTES,
    RUN_DEPTH,
    RUN_QUANTUM,
    RUN_STACK,
)
from mysqlcompat.machine.ops.operands import OP, register
from redo.codes import E_CALLBACK, E_LATER
from redo.coding_kernels import load_i64, store_i64
from redo.jit import kernel

#: State of op_expand (words): rows given, 1: there are more.
EXPAND_GIVEN = 0
EXPAND_MORE = 8
EXPAND_STATE_BYTES = 16


@kernel(OP)
def op_callback(st, mem, run, instruction, n):
    """Operands: number of the callback in the program."""
    return E_CALLBACK


@kernel(OP)
def op_expand(st, mem, run, instruction, n):
    """Behind a callback that gives a batch other rows: how many, in the state (operand). If there
    are more the callback is on the stack again, and others run before its next turn."""
    state = register(mem, run, instruction, 1)
    if load_i64(mem, state + EXPAND_MORE) != 0:
        quantum = load_i64(mem, run + RUN_QUANTUM)
        store_i64(mem, run + RUN_QUANTUM, quantum - 1)
        if quantum <= 0:
            return E_LATER
        depth = load_i64(mem, run + RUN_DEPTH)
        store_i64(mem, run + RUN_STACK + 16 * depth, instruction - INSTRUCTION_BYTES)
        store_i64(mem, run + RUN_STACK + 16 * depth + 8, n)
        store_i64(mem, run + RUN_DEPTH, depth + 1)
    return load_i64(mem, state + EXPAND_GIVEN)

"""The instruction that is Python: it stops the kernel, `run` answers it and goes on behind it."""

from __future__ import annotations

from mysqlcompat.machine.ops.operands import OP
from redo.codes import E_CALLBACK
from redo.jit import kernel


@kernel(OP)
def op_callback(st, mem, run, instruction, n):
    """Operands: number of the callback in the program."""
    return E_CALLBACK

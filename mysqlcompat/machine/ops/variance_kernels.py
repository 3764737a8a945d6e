"""VARIANCE, STD and their like: Welford's recurrence in the records of groups.

A state is the mean, the sum of squared distances from it (both bits of doubles), and the count.
"""

from __future__ import annotations

import math

from mysqlcompat.machine.layout import AS_DEVIATION, NULLS_AT, OF_SAMPLE
from mysqlcompat.machine.ops.operands import OP, operand, register
from redo.codes import E_OVERFLOW
from redo.coding_kernels import (
    bits_of_float,
    float_of_bits,
    load_i64,
    load_u8,
    store_i64,
    store_u8,
)
from redo.jit import kernel


@kernel(OP)
def op_variance(st, mem, run, instruction, n):
    """Take doubles into states, in the order of rows, as MySQL does: every digit counts. Operands:
    records, source, offset of the state, one group."""
    records = register(mem, run, instruction, 1)
    source = register(mem, run, instruction, 2)
    field = operand(mem, instruction, 3)
    single = operand(mem, instruction, 4)
    for i in range(n):
        if load_u8(mem, source + NULLS_AT + i) != 0:
            continue
        state = load_i64(mem, records + 8 * (0 if single == 1 else i)) + field
        value = float_of_bits(load_i64(mem, source + 8 * i))
        mean = float_of_bits(load_i64(mem, state))
        squares = float_of_bits(load_i64(mem, state + 8))
        count = load_i64(mem, state + 16) + 1
        distance = value - mean
        mean += distance / float(count)
        squares += distance * (value - mean)
        store_i64(mem, state, bits_of_float(mean))
        store_i64(mem, state + 8, bits_of_float(squares))
        store_i64(mem, state + 16, count)
    return n


@kernel(OP)
def op_variance_result(st, mem, run, instruction, n):
    """Variances of states. Operands: to, records, offset of the state, form (OF_SAMPLE,
    AS_DEVIATION). E_OVERFLOW: one is no number."""
    to = register(mem, run, instruction, 1)
    records = register(mem, run, instruction, 2)
    field = operand(mem, instruction, 3)
    form = operand(mem, instruction, 4)
    for i in range(n):
        state = load_i64(mem, records + 8 * i) + field
        below = load_i64(mem, state + 16) - (form & OF_SAMPLE)
        value = 0.0
        null = 1
        if below > 0:
            null = 0
            value = float_of_bits(load_i64(mem, state + 8)) / float(below)
            if not value - value == 0.0:  # infinite, or none
                return E_OVERFLOW
            if form & AS_DEVIATION != 0:
                value = math.sqrt(value)
        store_i64(mem, to + 8 * i, bits_of_float(value))
        store_u8(mem, to + NULLS_AT + i, null)
    return n

"""Comparisons over whole registers: 1, 0 or NULL."""

from __future__ import annotations

from btree.collation_kernels import collate_compare
from mysqlcompat.machine.layout import (
    DOUBLE,
    EQ,
    GE,
    GT,
    LE,
    LT,
    NE,
    NULL_SAFE_EQ,
    NULLS_AT,
    SIGNED_UNSIGNED,
    UNSIGNED,
    UNSIGNED_SIGNED,
)
from mysqlcompat.machine.ops.key_kernels import slot_lane
from mysqlcompat.machine.ops.operands import OP, operand, register, text_at, text_bytes
from redo.coding_kernels import SIGN, float_of_bits, load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel


@helper
def order_i64(mode, x, y):
    """-1, 0, 1 of two lanes read in `mode`."""
    if mode == DOUBLE:
        a = float_of_bits(x)
        b = float_of_bits(y)
        return (1 if a > b else 0) - (1 if a < b else 0)
    if mode == UNSIGNED:
        x ^= SIGN
        y ^= SIGN
    elif mode == SIGNED_UNSIGNED and y < 0:
        return -1
    elif mode == UNSIGNED_SIGNED and x < 0:
        return 1
    return (1 if x > y else 0) - (1 if x < y else 0)


@helper
def holds(operator, order):
    """Whether `operator` is true of two values in that order."""
    if operator == EQ or operator == NULL_SAFE_EQ:
        return 1 if order == 0 else 0
    if operator == NE:
        return 1 if order != 0 else 0
    if operator == LT:
        return 1 if order < 0 else 0
    if operator == LE:
        return 1 if order <= 0 else 0
    if operator == GT:
        return 1 if order > 0 else 0
    return 1 if order >= 0 else 0


@helper
def null_result(operator, a, b):
    """Truth and null byte when at least one side is NULL: (value, null)."""
    if operator == NULL_SAFE_EQ:
        return (1 if a == b else 0), 0
    return 0, 1


@kernel(OP)
def op_compare(st, mem, run, instruction, n):
    """to = a operator b of numbers and temporals. Operands: to, a, b, operator, mode."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    b = register(mem, run, instruction, 3)
    operator = operand(mem, instruction, 4)
    mode = operand(mem, instruction, 5)
    for i in range(n):
        x_null = load_u8(mem, a + NULLS_AT + i)
        y_null = load_u8(mem, b + NULLS_AT + i)
        if (x_null | y_null) != 0:
            value, null = null_result(operator, x_null, y_null)
        else:
            order = order_i64(mode, load_i64(mem, a + 8 * i), load_i64(mem, b + 8 * i))
            value, null = holds(operator, order), 0
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@kernel(OP)
def op_compare_text(st, mem, run, instruction, n):
    """to = a operator b of strings. Operands: to, a, b, operator, collation."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    b = register(mem, run, instruction, 3)
    operator = operand(mem, instruction, 4)
    collation = operand(mem, instruction, 5)
    for i in range(n):
        x_null = load_u8(mem, a + NULLS_AT + i)
        y_null = load_u8(mem, b + NULLS_AT + i)
        if (x_null | y_null) != 0:
            value, null = null_result(operator, x_null, y_null)
        else:
            x = load_i64(mem, a + 8 * i)
            y = load_i64(mem, b + 8 * i)
            order = collate_compare(
                st, mem, collation, text_at(x), text_bytes(x), text_at(y), text_bytes(y)
            )
            value, null = holds(operator, order), 0
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@kernel(OP)
def op_in(st, mem, run, instruction, n):
    """to = whether a is one of several constants, all numbers or temporals. Operands: to, a, list
    (constants: count, then slot and 0, or -1 and lane, for each), mode."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    listed = operand(mem, instruction, 3)
    mode = operand(mem, instruction, 4)
    count = load_i64(mem, listed)
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i)
        value = 0
        if null == 0:
            x = load_i64(mem, a + 8 * i)
            for j in range(count):
                slot = load_i64(mem, listed + 8 + 16 * j)
                lane = load_i64(mem, listed + 16 + 16 * j)
                absent = 0
                if slot >= 0:
                    lane, absent = slot_lane(mem, run, slot)
                if absent != 0:
                    null = 1
                elif order_i64(mode, x, lane) == 0:
                    value = 1
                    null = 0
                    break
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


assert (EQ, GE) == (0, 5)

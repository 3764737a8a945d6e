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
from redo.coding_kernels import (
    SIGN,
    bits_of_float,
    float_of_bits,
    load_i64,
    load_u8,
    store_i64,
    store_u8,
)
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
def op_compare_near(st, mem, run, instruction, n):
    """to = a operator b of doubles, which are equal as well if they differ by less than a number.
    Operands: to, a, b, operator, bits of that number."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    b = register(mem, run, instruction, 3)
    operator = operand(mem, instruction, 4)
    near = float_of_bits(operand(mem, instruction, 5))
    for i in range(n):
        x_null = load_u8(mem, a + NULLS_AT + i)
        y_null = load_u8(mem, b + NULLS_AT + i)
        if (x_null | y_null) != 0:
            value, null = null_result(operator, x_null, y_null)
        else:
            x = load_i64(mem, a + 8 * i)
            y = load_i64(mem, b + 8 * i)
            is_near = abs(float_of_bits(x) - float_of_bits(y)) < near
            value, null = holds(operator, 0 if is_near else order_i64(DOUBLE, x, y)), 0
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


@helper
def ordinal(mode, lane):
    """A number that orders lanes of a mode (SIGNED, UNSIGNED, DOUBLE) as int64s."""
    if mode == DOUBLE:
        bits = bits_of_float(float_of_bits(lane) + 0.0)  # -0.0 is 0.0
        return bits ^ ((bits >> 63) & 0x7FFFFFFFFFFFFFFF)
    return lane ^ SIGN if mode == UNSIGNED else lane


@helper
def mark_between(mem, a, n, mode, low, high, inside):
    """A byte for each lane, where its null byte was: 1 when the lane is not NULL and its ordinal
    lies within low … high (inside 0: without)."""
    for i in range(n):
        value = ordinal(mode, load_i64(mem, a + 8 * i))
        within = (1 if value >= low else 0) & (1 if value <= high else 0)
        null = load_u8(mem, a + NULLS_AT + i)
        store_u8(mem, a + NULLS_AT + i, (1 if within == inside else 0) & (1 if null == 0 else 0))


@kernel(OP)
def op_keep(st, mem, run, instruction, n):
    """Keep lanes where a register compares so with a constant. Operands: register (of no use
    afterwards), slot of the constant (-1: the next operand is its lane), lane, operator (EQ … GE),
    mode (SIGNED, UNSIGNED, DOUBLE), list (constants: count, then registers to compact)."""
    a = register(mem, run, instruction, 1)
    slot = operand(mem, instruction, 2)
    lane = operand(mem, instruction, 3)
    operator = operand(mem, instruction, 4)
    mode = operand(mem, instruction, 5)
    kept = operand(mem, instruction, 6)
    if slot >= 0:
        lane, null = slot_lane(mem, run, slot)
        if null != 0:
            return 0
    bound = ordinal(mode, lane)
    low = bound if operator == GE or operator == GT or operator <= NE else SIGN
    high = bound if operator == LE or operator == LT or operator <= NE else ~SIGN
    if (operator == GT and bound == ~SIGN) or (operator == LT and bound == SIGN):
        return 0
    low += 1 if operator == GT else 0
    high -= 1 if operator == LT else 0
    mark_between(mem, a, n, mode, low, high, 0 if operator == NE else 1)
    live = 0
    for i in range(n):
        live += load_u8(mem, a + NULLS_AT + i)
    if live == n:
        return n
    for j in range(load_i64(mem, kept)):
        at = run + load_i64(mem, kept + 8 + 8 * j)
        to = 0
        for i in range(n):
            store_i64(mem, at + 8 * to, load_i64(mem, at + 8 * i))
            store_u8(mem, at + NULLS_AT + to, load_u8(mem, at + NULLS_AT + i))
            to += load_u8(mem, a + NULLS_AT + i)
    return live


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


assert (EQ, NE, GE) == (0, 1, 5)

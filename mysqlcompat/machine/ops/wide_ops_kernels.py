"""Decimals of up to 38 digits in pairs of registers: low words, high words.

Products and sums of narrow decimals pass 18 digits at once; as text they would be Python's. A pair
lasts from one op to the next: what stores, sends or groups takes the text that TO_TEXT makes.
"""

from __future__ import annotations

from mysqlcompat.machine.checked import high_product
from mysqlcompat.machine.function_codes import COMPARE, FROM_TEXT, TO_TEXT
from mysqlcompat.machine.layout import ADD, MULTIPLY, NULLS_AT, RUN_HEAP
from mysqlcompat.machine.ops.compare_kernels import holds, null_result
from mysqlcompat.machine.ops.operands import (
    OP,
    heap_room,
    operand,
    register,
    text_at,
    text_bytes,
    text_lane,
)
from mysqlcompat.machine.ops.wide_kernels import (
    wide_add,
    wide_negate,
    wide_of_text,
    wide_to_text,
)
from redo.coding_kernels import SIGN, load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel

TEXT_BYTES = 48  #: room for the text of a pair


@helper
def wide_product(a, a_high, b, b_high):
    """The low 128 bits of a product."""
    return a * b, high_product(a, b) + a_high * b + a * b_high


@helper
def wide_order(a, a_high, b, b_high):
    """-1, 0, 1 of two pairs."""
    if a_high != b_high:
        return 1 if a_high > b_high else -1
    x = a ^ SIGN
    y = b ^ SIGN
    return (1 if x > y else 0) - (1 if x < y else 0)


@helper
def high_word(mem, run, instruction, number, low, i):
    """High word of lane `i`, whose low word is `low`: its sign where operand `number` is 0."""
    at = operand(mem, instruction, number)
    return load_i64(mem, run + at + 8 * i) if at != 0 else low >> 63


@helper
def texts_of_pairs(mem, run, instruction, n, scale):
    """TO_TEXT: the decimal text of pair a in `to`."""
    result = heap_room(mem, run, TEXT_BYTES * n)
    if result < 0:
        return result
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 3)
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i)
        lane = 0
        if null == 0:
            low = load_i64(mem, a + 8 * i)
            at = load_i64(mem, run + RUN_HEAP)
            high = high_word(mem, run, instruction, 4, low, i)
            size = wide_to_text(mem, low, high, scale, at)
            store_i64(mem, run + RUN_HEAP, at + size)
            lane = text_lane(at, size)
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@kernel(OP)
def op_wide(st, mem, run, instruction, n):
    """to = a operator b in 128 bits. Operands: to, high words of to, a, its high words (0: its
    signs), b, its high words, specification (constants: operator, factor a, factor b).

    FROM_TEXT reads texts in a, TO_TEXT writes some; factor a is their scale. COMPARE + an operator
    of `op_compare`: truth in `to`.
    """
    specification = operand(mem, instruction, 7)
    operator = load_i64(mem, specification)
    factor_a = load_i64(mem, specification + 8)
    factor_b = load_i64(mem, specification + 16)
    if operator == TO_TEXT:
        return texts_of_pairs(mem, run, instruction, n, factor_a)
    to = register(mem, run, instruction, 1)
    to_high = register(mem, run, instruction, 2)
    a = register(mem, run, instruction, 3)
    b = register(mem, run, instruction, 5)
    for i in range(n):
        x_null = load_u8(mem, a + NULLS_AT + i)
        y_null = load_u8(mem, b + NULLS_AT + i)
        null = x_null | y_null
        low = 0
        high = 0
        if null != 0:
            if operator >= COMPARE:
                low, null = null_result(operator - COMPARE, x_null, y_null)
        elif operator == FROM_TEXT:
            lane = load_i64(mem, a + 8 * i)
            low, high = wide_of_text(mem, text_at(lane), text_bytes(lane), factor_a)
        else:
            x = load_i64(mem, a + 8 * i)
            y = load_i64(mem, b + 8 * i)
            x_high = high_word(mem, run, instruction, 4, x, i)
            y_high = high_word(mem, run, instruction, 6, y, i)
            if factor_a != 1:
                x, x_high = wide_product(x, x_high, factor_a, 0)
            if factor_b != 1:
                y, y_high = wide_product(y, y_high, factor_b, 0)
            if operator >= COMPARE:
                low = holds(operator - COMPARE, wide_order(x, x_high, y, y_high))
            elif operator == MULTIPLY:
                low, high = wide_product(x, x_high, y, y_high)
            else:
                if operator != ADD:
                    y, y_high = wide_negate(y, y_high)
                low, high = wide_add(x, x_high, y, y_high)
        store_i64(mem, to + 8 * i, low)
        store_u8(mem, to + NULLS_AT + i, null)
        if operator < COMPARE:
            store_i64(mem, to_high + 8 * i, high)
    return n

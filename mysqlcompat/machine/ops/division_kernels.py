"""/ DIV % over whole registers.

What does not fit, and division by zero, of which there is something to say, is Python's: such lanes
are marked, the others are done."""

from __future__ import annotations

from mysqlcompat.machine.checked import fits_product, high_product
from mysqlcompat.machine.function_codes import (
    DIVIDE,
    DIVIDE_CUT,
    INTEGER_DIVIDE,
    LANE_FAILED,
    UNSIGNED_A,
    UNSIGNED_B,
    UNSIGNED_RESULT,
)
from mysqlcompat.machine.layout import DOUBLE, NULLS_AT
from mysqlcompat.machine.ops.operands import OP, operand, register
from redo.codes import E_OVERFLOW
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
def wide_quotient(low, high, divisor):
    """(quotient, remainder) of an unsigned 128-bit number by a divisor < 2^63; the quotient is
    below 2^63, that is: high < divisor."""
    rest = high
    quotient = 0
    for bit in range(64):
        rest = (rest << 1) | ((low >> (63 - bit)) & 1)
        quotient <<= 1
        if rest < 0 or rest >= divisor:
            rest -= divisor
            quotient |= 1
    return quotient, rest


@helper
def divided_exactly(a, factor, b, cut):
    """(a × factor / b rounded half away from zero, or cut; whether it fits)."""
    divisor = b if b > 0 else -b
    magnitude = a if a >= 0 else -a
    if fits_product(magnitude, factor):
        product = magnitude * factor
        quotient = product // divisor
        rest = product - quotient * divisor
    else:
        high = high_product(magnitude, factor)
        if high >= divisor:
            return 0, False
        quotient, rest = wide_quotient(magnitude * factor, high, divisor)
    if cut == 0 and rest >= divisor - rest:
        quotient += 1
    return (quotient if (a < 0) == (b < 0) else -quotient), quotient >= 0


@helper
def divided_double(a, b):
    x = float_of_bits(a)
    y = float_of_bits(b)
    if y == 0.0:
        return 0, False
    value = x / y
    return bits_of_float(value), -1.7976931348623157e308 <= value <= 1.7976931348623157e308


@helper
def divided_whole(kind, a, factor_a, b, factor_b):
    """DIV and % of numbers brought to one scale; the sign of % is that of a."""
    if not (fits_product(a, factor_a) and fits_product(b, factor_b)):
        return 0, False
    x = a * factor_a
    y = b * factor_b
    if x == SIGN or y == SIGN:
        return 0, False
    magnitude = x if x >= 0 else -x
    divisor = y if y >= 0 else -y
    quotient = magnitude // divisor
    if kind == INTEGER_DIVIDE:
        return (quotient if (x < 0) == (y < 0) else -quotient), True
    rest = magnitude - quotient * divisor
    return (-rest if x < 0 else rest), True


@kernel(OP)
def op_divide(st, mem, run, instruction, n):
    """to = a divided by b. Operands: to, a, b, kind, mode (as of `op_arithmetic`), factor a,
    factor b (which bring DIV and % to one scale; factor a gives / its decimals). Doubles have
    / only."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    b = register(mem, run, instruction, 3)
    kind = operand(mem, instruction, 4)
    mode = operand(mem, instruction, 5)
    factor_a = operand(mem, instruction, 6)
    factor_b = operand(mem, instruction, 7)
    refused_a = SIGN if mode & UNSIGNED_A != 0 else 0
    refused_b = SIGN if mode & UNSIGNED_B != 0 else 0
    failed = 0
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i) | load_u8(mem, b + NULLS_AT + i)
        x = load_i64(mem, a + 8 * i)
        y = load_i64(mem, b + 8 * i)
        value = 0
        fits = True
        if null == 0:
            if mode == DOUBLE:
                value, fits = divided_double(x, y)
            elif y == 0 or x == SIGN or y == SIGN or (x & refused_a) | (y & refused_b) != 0:
                fits = False
            elif kind <= DIVIDE_CUT:
                value, fits = divided_exactly(x, factor_a, y, kind)
            else:
                value, fits = divided_whole(kind, x, factor_a, y, factor_b)
            if mode != DOUBLE and value < 0 and mode & UNSIGNED_RESULT != 0:
                fits = False
        if not fits:
            value = 0
            null = LANE_FAILED
            failed = 1
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return E_OVERFLOW if failed == 1 else n


assert DIVIDE == 0

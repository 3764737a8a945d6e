"""+ - * and changes of representation over whole registers."""

from __future__ import annotations

from mysqlcompat.machine.checked import fits_product
from mysqlcompat.machine.function_codes import UNSIGNED_A, UNSIGNED_B, UNSIGNED_RESULT
from mysqlcompat.machine.layout import (
    ADD,
    DECIMAL_TO_DOUBLE,
    DOUBLE,
    DOUBLE_TO_INT,
    DOUBLE_TO_SHOWN,
    INT_TO_DOUBLE,
    MULTIPLY,
    NEGATE,
    NULLS_AT,
    RUN_LANE,
    SCALE_DOWN,
    SCALE_UP,
    SIGNED,
    SUBTRACT,
    TO_TRUTH,
    UNSIGNED_TO_DOUBLE,
)
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

_WHOLE = 1 << 53  #: integers up to here are doubles
_SPLITTER = 134217729.0  #: halves the digits of a double


@helper
def arithmetic_i64(operator, a, b):
    """(result, fits) of one operation on int64."""
    if operator == ADD:
        value = a + b
        return value, not ((a ^ value) & (b ^ value)) < 0
    if operator == SUBTRACT:
        value = a - b
        return value, not ((a ^ b) & (a ^ value)) < 0
    if operator == NEGATE:
        return -a, a != SIGN
    value = a * b
    return value, fits_product(a, b) and value != SIGN  # of the least BIGINT Python decides


@helper
def arithmetic_double(operator, a, b):
    x = float_of_bits(a)
    y = float_of_bits(b)
    if operator == ADD:
        value = x + y
    elif operator == SUBTRACT:
        value = x - y
    elif operator == NEGATE:
        value = -x
    else:
        value = x * y
    return bits_of_float(value), -1.7976931348623157e308 <= value <= 1.7976931348623157e308


@helper
def arithmetic_plain(mem, to, a, b, operator, n):
    """a operator b of int64, lane by lane; a negative number when one does not fit. NULLs are 0."""
    outside = 0
    for i in range(n):
        x = load_i64(mem, a + 8 * i)
        y = load_i64(mem, b + 8 * i)
        value, fits = arithmetic_i64(operator, x, y)
        store_i64(mem, to + 8 * i, value)
        outside |= 0 if fits else -1
    return outside


@helper
def product_double(mem, to, a, b, n):
    """a × b of doubles, lane by lane; a negative number when one is not finite. NULLs are 0."""
    outside = 0
    for i in range(n):
        value = float_of_bits(load_i64(mem, a + 8 * i)) * float_of_bits(load_i64(mem, b + 8 * i))
        store_i64(mem, to + 8 * i, bits_of_float(value))
        outside |= 0 if abs(value) <= 1.7976931348623157e308 else -1
    return outside


@helper
def nulls_joined(mem, to, a, b, n):
    """NULL where either is: the byte, and a lane of 0."""
    some = 0
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i) | load_u8(mem, b + NULLS_AT + i)
        store_u8(mem, to + NULLS_AT + i, null)
        some |= null
    if some != 0:
        for i in range(n):
            if load_u8(mem, to + NULLS_AT + i) != 0:
                store_i64(mem, to + 8 * i, 0)


@kernel(OP)
def op_arithmetic(st, mem, run, instruction, n):
    """to = a operator b. Operands: to, a, b, operator, mode, factor a, factor b.

    Mode: SIGNED, DOUBLE, or what of it is unsigned (UNSIGNED_A …).

    Factors bring decimals to one scale before + and -; an overflow there is an overflow.
    """
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    b = register(mem, run, instruction, 3)
    operator = operand(mem, instruction, 4)
    mode = operand(mem, instruction, 5)
    factor_a = operand(mem, instruction, 6)
    factor_b = operand(mem, instruction, 7)
    outside = -1
    if mode == DOUBLE and operator == MULTIPLY:
        outside = product_double(mem, to, a, b, n)
    elif mode == SIGNED and factor_a == 1 and factor_b == 1:
        outside = arithmetic_plain(mem, to, a, b, operator, n)
    if outside == 0:
        nulls_joined(mem, to, a, b, n)
        return n
    refused_a = SIGN if mode & UNSIGNED_A != 0 else 0
    refused_b = SIGN if mode & UNSIGNED_B != 0 else 0
    refused = SIGN if mode & UNSIGNED_RESULT != 0 else 0
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i) | load_u8(mem, b + NULLS_AT + i)
        x = load_i64(mem, a + 8 * i)
        y = load_i64(mem, b + 8 * i)
        value = 0
        fits = True
        if null == 0:
            if mode == DOUBLE:
                value, fits = arithmetic_double(operator, x, y)
            else:
                fits = fits_product(x, factor_a) and fits_product(y, factor_b)
                if fits:
                    value, fits = arithmetic_i64(operator, x * factor_a, y * factor_b)
                if (x & refused_a) | (y & refused_b) | (value & refused) != 0:
                    fits = False
        if not fits:
            store_i64(mem, run + RUN_LANE, i)
            return E_OVERFLOW
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@helper
def divided(value, by):
    """value / by rounded half away from zero; by > 0."""
    quotient = value // by
    rest = value - quotient * by
    if rest > by - rest or (rest == by - rest and value >= 0):
        quotient += 1
    return quotient


@helper
def nearest(value):
    """The integer next to a double, halves to even; SIGN of what may have none in a lane."""
    if not abs(value) < 9.2e18:
        return SIGN
    if abs(value) < _ALL_WHOLE:  # what is left when there is no room for a fraction
        value = value + _ALL_WHOLE - _ALL_WHOLE if value >= 0 else value - _ALL_WHOLE + _ALL_WHOLE
    return int(value)


_ALL_WHOLE = 4503599627370496.0  #: doubles from here on have no fraction


@helper
def double_of_unsigned(x):
    """The double next to 64 bits without a sign."""
    if x >= 0:
        return float(x)
    return 2.0 * float(((x >> 1) & 0x7FFFFFFFFFFFFFFF) | (x & 1))


@helper
def double_of_decimal(x, factor):
    """The double next to x / factor, a power of ten: what the first quotient leaves is known
    exactly (Dekker's product), and divided again."""
    divisor = float(factor)
    head = float(x)
    if -_WHOLE <= x <= _WHOLE:
        return head / divisor
    quotient = head / divisor
    product = quotient * divisor
    a = quotient * _SPLITTER
    a -= a - quotient
    b = divisor * _SPLITTER
    b -= b - divisor
    rest_a = quotient - a
    rest_b = divisor - b
    lost = ((a * b - product) + a * rest_b + rest_a * b) + rest_a * rest_b
    rest = (head - product) - lost + float(x - int(head))
    return quotient + rest / divisor


@kernel(OP)
def op_convert(st, mem, run, instruction, n):
    """to = a in another representation. Operands: to, a, kind, factor (a power of ten), greatest
    magnitude of the result (0: any)."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    kind = operand(mem, instruction, 3)
    factor = operand(mem, instruction, 4)
    greatest = operand(mem, instruction, 5)
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i)
        x = load_i64(mem, a + 8 * i)
        value = x
        if null != 0:
            value = 0
        elif kind == SCALE_UP:
            if not fits_product(x, factor):
                store_i64(mem, run + RUN_LANE, i)
                return E_OVERFLOW
            value = x * factor
        elif kind == SCALE_DOWN:
            value = divided(x, factor)
        elif kind == INT_TO_DOUBLE:
            value = bits_of_float(float(x))
        elif kind == UNSIGNED_TO_DOUBLE:
            value = bits_of_float(double_of_unsigned(x))
        elif kind == DECIMAL_TO_DOUBLE:
            value = bits_of_float(double_of_decimal(x, factor))
        elif kind == TO_TRUTH:
            value = 1 if x != 0 else 0
        elif kind >= DOUBLE_TO_INT:
            value = nearest(float_of_bits(x) * float(factor))
            if value == SIGN or (kind == DOUBLE_TO_SHOWN and value == 0 and x < 0):
                store_i64(mem, run + RUN_LANE, i)
                return E_OVERFLOW
        if greatest != 0 and (value > greatest or value < -greatest):
            store_i64(mem, run + RUN_LANE, i)
            return E_OVERFLOW
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


@kernel(OP)
def op_limits(st, mem, run, instruction, n):
    """to = a, every value within limits, else E_OVERFLOW. Operands: to, a, least, greatest, 1:
    NULL is outside too."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    least = operand(mem, instruction, 3)
    greatest = operand(mem, instruction, 4)
    refuse_null = operand(mem, instruction, 5)
    outside = 0
    for i in range(n):
        x = load_i64(mem, a + 8 * i)
        null = load_u8(mem, a + NULLS_AT + i)
        if null == 0:
            if x < least or x > greatest:
                outside = 1
        else:
            outside |= refuse_null
        store_i64(mem, to + 8 * i, x)
        store_u8(mem, to + NULLS_AT + i, null)
    return E_OVERFLOW if outside == 1 else n


assert MULTIPLY == 2

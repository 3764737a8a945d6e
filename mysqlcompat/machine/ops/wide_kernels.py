"""128-bit integers as (low, high) pairs of int64: what sums of decimals are kept in."""

from __future__ import annotations

from redo.coding_kernels import SIGN, load_u8, store_u8
from redo.jit import helper

LIMB = 0xFFFFFFFF
BILLION = 1000000000


@helper
def wide_add(low, high, other_low, other_high):
    total = low + other_low
    carry = 1 if (total ^ SIGN) < (low ^ SIGN) else 0
    return total, high + other_high + carry


@helper
def wide_of(value, unsigned):
    """(low, high) of an int64, or of the 64 bits of an unsigned number."""
    return value, (-1 if value < 0 and unsigned == 0 else 0)


@helper
def wide_negate(low, high):
    return -low, ~high + (1 if low == 0 else 0)


@helper
def wide_multiply(low, high, factor, plus):
    """low:high × factor + plus for a number that is not negative; factor, plus < 2^31."""
    first = (low & LIMB) * factor + plus
    second = ((low >> 32) & LIMB) * factor + ((first >> 32) & LIMB)
    return (second << 32) | (first & LIMB), high * factor + ((second >> 32) & LIMB)


@helper
def wide_divide(low, high, divisor):
    """(quotient low, quotient high, remainder) of a number that is not negative; divisor < 2^31."""
    rest = (high >> 32) & LIMB
    a = rest // divisor
    rest = ((rest % divisor) << 32) | (high & LIMB)
    b = rest // divisor
    rest = ((rest % divisor) << 32) | ((low >> 32) & LIMB)
    c = rest // divisor
    rest = ((rest % divisor) << 32) | (low & LIMB)
    d = rest // divisor
    return (c << 32) | d, (a << 32) | b, rest % divisor


@helper
def wide_of_text(mem, at, count, scale):
    """Decimal text as a number scaled by 10^scale; digits past the scale are dropped."""
    low = 0
    high = 0
    negative = 0
    after = -1
    for i in range(count):
        byte = load_u8(mem, at + i)
        if byte == 45:
            negative = 1
        elif byte == 46:
            after = 0
        elif 48 <= byte <= 57 and after < scale:
            low, high = wide_multiply(low, high, 10, byte - 48)
            if after >= 0:
                after += 1
    for _ in range(max(after, 0), scale):
        low, high = wide_multiply(low, high, 10, 0)
    if negative == 1:
        low, high = wide_negate(low, high)
    return low, high


@helper
def wide_to_text(mem, low, high, scale, out):
    """Write the decimal text of number / 10^scale at `out` (at most 42 bytes): bytes written."""
    negative = high < 0
    if negative:
        low, high = wide_negate(low, high)
    end = out + 42
    at = end
    digits = 0
    while low != 0 or high != 0 or digits <= scale:
        low, high, group = wide_divide(low, high, BILLION)
        for _ in range(9):
            if digits == scale and scale > 0:
                at -= 1
                store_u8(mem, at, 46)
            if digits > scale and low == 0 and high == 0 and group == 0:
                break
            at -= 1
            store_u8(mem, at, 48 + group % 10)
            group //= 10
            digits += 1
    if negative:
        at -= 1
        store_u8(mem, at, 45)
    for i in range(end - at):
        store_u8(mem, out + i, load_u8(mem, at + i))
    return end - at

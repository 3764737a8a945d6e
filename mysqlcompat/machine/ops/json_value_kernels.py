"""SQL values as documents."""

from __future__ import annotations

from mysqlcompat.json_build_kernels import document_put, integer_put, length_put
from mysqlcompat.json_kernels import DOUBLE, LITERAL, OPAQUE, STRING, TRUE
from mysqlcompat.machine.function_codes import (
    MAKE_OF_BYTES,
    MAKE_OF_DECIMAL,
    MAKE_OF_DOUBLE,
    MAKE_OF_INTEGER,
    MAKE_OF_MOMENT,
    MAKE_OF_TRUTH,
)
from mysqlcompat.machine.ops.operands import text_at, text_bytes
from redo.coding_kernels import load_u8, move, store_i64, store_u8
from redo.jit import helper

_DECIMAL = 246  # MySQL's code of the type


@helper
def group_put(mem, at, value, digits):
    """Some digits of a decimal, big-endian: where they end."""
    count = min((digits + 1) >> 1, 4)
    for i in range(count):
        store_u8(mem, at + i, value >> 8 * (count - 1 - i) & 255)
    return at + count


@helper
def decimal_put(mem, at, lane, factor, scale):
    """The body of a decimal, as `decimal_bytes` makes it: where it ends."""
    value = -lane if lane < 0 else lane
    whole = value // factor
    rest = value % factor
    digits = 1
    power = 10
    while digits < 18 and whole >= power:
        digits += 1
        power *= 10
    store_u8(mem, at, _DECIMAL)
    store_u8(mem, at + 2, digits + scale)
    store_u8(mem, at + 3, scale)
    start = at + 4
    to = start
    if digits > 9:
        to = group_put(mem, to, whole // 1000000000, digits - 9)
        whole %= 1000000000
    to = group_put(mem, to, whole, min(digits, 9))
    if scale > 9:
        factor = 1
        for _ in range(scale - 9):
            factor *= 10
        to = group_put(mem, to, rest // factor, 9)
        rest %= factor
    to = group_put(mem, to, rest, scale if scale <= 9 else scale - 9)
    store_u8(mem, start, load_u8(mem, start) ^ 128)
    if lane < 0:
        for i in range(start, to):
            store_u8(mem, i, load_u8(mem, i) ^ 255)
    store_u8(mem, at + 1, to - at - 2)
    return to


@helper
def document_of(mem, kind, lane, x, y, out):
    """The document a SQL value is, at `out`. MAKE_OF_INTEGER: x is 1 for unsigned ones;
    MAKE_OF_DECIMAL: 10^scale and scale; of moments and bytes: the type's code."""
    body = out + 1
    if kind == MAKE_OF_INTEGER:
        form, size = integer_put(mem, body, lane, x)
        return document_put(mem, body, form, size)
    if kind == MAKE_OF_TRUTH:
        store_u8(mem, body, TRUE if lane != 0 else TRUE + 1)
        return document_put(mem, body, LITERAL, 1)
    if kind == MAKE_OF_DOUBLE:
        store_i64(mem, body, lane)
        return document_put(mem, body, DOUBLE, 8)
    if kind == MAKE_OF_DECIMAL:
        return document_put(mem, body, OPAQUE, decimal_put(mem, body, lane, x, y) - body)
    if kind == MAKE_OF_MOMENT:
        store_u8(mem, body, x)
        store_u8(mem, body + 1, 8)
        store_i64(mem, body + 2, lane)
        return document_put(mem, body, OPAQUE, 10)
    form = STRING
    at = body
    if kind == MAKE_OF_BYTES:
        form = OPAQUE
        store_u8(mem, at, x)
        at += 1
    at = length_put(mem, at, text_bytes(lane))
    move(mem, at, text_at(lane), text_bytes(lane))
    return document_put(mem, body, form, at + text_bytes(lane) - body)

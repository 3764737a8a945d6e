"""Parameters of COM_STMT_EXECUTE as lane values, all types: the twin of `decode` inside kernels."""

from mysqlcompat import results as r
from mysqlcompat.wire.float_kernels import float32_value
from redo import jit
from redo.codes import E_BAD_VALUE
from redo.coding_kernels import (
    bits_of_float,
    load_i32,
    load_i64,
    load_u8,
    load_u16,
    load_u32,
    store_i64,
)

WIRE_TINY, WIRE_BOOL, WIRE_SHORT, WIRE_YEAR = r.WIRE_TINY, r.WIRE_BOOL, r.WIRE_SHORT, r.WIRE_YEAR
WIRE_LONG, WIRE_INT24, WIRE_LONGLONG = r.WIRE_LONG, r.WIRE_INT24, r.WIRE_LONGLONG
WIRE_FLOAT, WIRE_DOUBLE, WIRE_TIME = r.WIRE_FLOAT, r.WIRE_DOUBLE, r.WIRE_TIME
WIRE_DATE, WIRE_DATETIME, WIRE_TIMESTAMP = r.WIRE_DATE, r.WIRE_DATETIME, r.WIRE_TIMESTAMP
WIRE_DECIMAL, WIRE_VARCHAR, WIRE_JSON, WIRE_BIT = (
    r.WIRE_DECIMAL,
    r.WIRE_VARCHAR,
    r.WIRE_JSON,
    r.WIRE_BIT,
)


@jit.helper
def integer_bytes(kind):
    """Width of an integer parameter, 0 for other types."""
    if kind == WIRE_LONGLONG:
        return 8
    if kind == WIRE_LONG or kind == WIRE_INT24:
        return 4
    if kind == WIRE_SHORT or kind == WIRE_YEAR:
        return 2
    if kind == WIRE_TINY or kind == WIRE_BOOL:
        return 1
    return 0


@jit.helper
def load_integer(mem, at, size, unsigned):
    """An integer of `size` bytes, sign-extended unless `unsigned`."""
    if size == 8:
        return load_i64(mem, at)
    if size == 4:
        return load_u32(mem, at) if unsigned else load_i32(mem, at)
    value = load_u16(mem, at) if size == 2 else load_u8(mem, at)
    sign = 1 << (8 * size - 1)
    return value if unsigned or value < sign else value - 2 * sign


@jit.helper
def run_of(mem, at, end):
    """Lane of the length-encoded string at `at`, or E_BAD_VALUE when it does not end in time."""
    if at >= end:
        return E_BAD_VALUE
    size = load_u8(mem, at)
    at += 1
    if size == 0xFC and at + 2 <= end:
        size = load_u16(mem, at)
        at += 2
    elif size == 0xFD and at + 3 <= end:
        size = load_u16(mem, at) | load_u8(mem, at + 2) << 16
        at += 3
    elif size > 0xFA:
        return E_BAD_VALUE
    return at << 24 | size if at + size <= end else E_BAD_VALUE


@jit.helper
def clock_of(hour, minute, second, micros):
    """Packed time of day."""
    return (hour << 12 | minute << 6 | second) << 24 | micros


@jit.helper
def time_of(mem, at, size):
    """Packed TIME from `size` bytes (0, 8 or 12)."""
    if size == 0:
        return 0
    days = load_u32(mem, at + 1)
    hour = load_u8(mem, at + 5)
    minute = load_u8(mem, at + 6)
    second = load_u8(mem, at + 7)
    if days > 34:  # 838 hours: more is clipped, as every TIME is
        days, hour, minute, second = 34, 22, 59, 59
    micros = load_u32(mem, at + 8) if size > 8 else 0
    packed = clock_of(hour + 24 * days, minute, second, micros)
    return -packed if load_u8(mem, at) else packed


@jit.helper
def datetime_of(mem, at, size):
    """Packed DATE or DATETIME from `size` bytes (0, 4, 7 or 11)."""
    if size == 0:
        return 0
    day = ((load_u16(mem, at) * 13 + load_u8(mem, at + 2)) << 5 | load_u8(mem, at + 3)) << 41
    if size == 4:
        return day
    micros = load_u32(mem, at + 7) if size > 7 else 0
    clock = clock_of(load_u8(mem, at + 4), load_u8(mem, at + 5), load_u8(mem, at + 6), micros)
    return day | clock


@jit.helper
def temporal_is_good(mem, at, size, kind):
    """Whether `size` bytes at `at` are a temporal of a possible form, in range."""
    if kind == WIRE_TIME:
        if size != 0 and size != 8 and size != 12:
            return False
        return size != 12 or load_u32(mem, at + 8) < 1_000_000
    if size != 0 and size != 4 and size != 7 and size != 11:
        return False
    if size >= 4 and (
        load_u16(mem, at) > 9999 or load_u8(mem, at + 2) > 12 or load_u8(mem, at + 3) > 31
    ):
        return False
    if size >= 7 and (
        load_u8(mem, at + 4) > 23 or load_u8(mem, at + 5) > 59 or load_u8(mem, at + 6) > 59
    ):
        return False
    return size < 11 or load_u32(mem, at + 7) < 1_000_000


@jit.helper
def parameter_decode(mem, word, at, end, to):
    """One binary parameter that is not NULL -> lane value at `to`.

    word   type word as sent: wire type, 0x8000 for unsigned
    at     its first byte; end: the end of the packet
    ->     offset behind it, or E_BAD_VALUE. Strings stay where they are: their lane points into
           the packet.
    """
    kind = word & 0xFF
    size = integer_bytes(kind)
    if size > 0:
        if at + size > end:
            return E_BAD_VALUE
        store_i64(mem, to, load_integer(mem, at, size, word & 0x8000 != 0))
        return at + size
    if kind == WIRE_DOUBLE or kind == WIRE_FLOAT:
        size = 8 if kind == WIRE_DOUBLE else 4
        if at + size > end:
            return E_BAD_VALUE
        if size == 8:
            store_i64(mem, to, load_i64(mem, at))
        else:
            store_i64(mem, to, bits_of_float(float32_value(load_u32(mem, at))))
        return at + size
    if kind == WIRE_DATE or kind == WIRE_DATETIME or kind == WIRE_TIMESTAMP or kind == WIRE_TIME:
        size = load_u8(mem, at) if at < end else 255
        if at + 1 + size > end or not temporal_is_good(mem, at + 1, size, kind):
            return E_BAD_VALUE
        if kind == WIRE_TIME:
            lane = time_of(mem, at + 1, size)
        else:
            lane = datetime_of(mem, at + 1, 4 if kind == WIRE_DATE and size > 4 else size)
        store_i64(mem, to, lane)
        return at + 1 + size
    if kind == WIRE_DECIMAL or kind == WIRE_VARCHAR or kind == WIRE_BIT or kind >= WIRE_JSON:
        lane = run_of(mem, at, end)
        if lane < 0:
            return lane
        store_i64(mem, to, lane)
        return (lane >> 24) + (lane & 0xFFFFFF)
    return E_BAD_VALUE


@jit.kernel("i8(u1[::1], i8, i8, i8, i8)")
def parameter_read(mem, word, at, end, to):
    """`parameter_decode` for Python callers."""
    return parameter_decode(mem, word, at, end, to)

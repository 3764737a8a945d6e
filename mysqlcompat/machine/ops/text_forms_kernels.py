"""Values as texts, and texts as values where they are written in the plain form: digits, a point,
YYYY-MM-DD hh:mm:ss.ffffff. Every other text is left over, lane by lane, to Python."""

from __future__ import annotations

from mysqlcompat.machine.function_codes import (
    LANE_FAILED,
    READ_CLOCK_OF_MOMENT,
    READ_DATE,
    READ_DATETIME,
    READ_DECIMAL,
    READ_DOUBLE,
    READ_SIGNED,
    READ_TIME,
    READ_UNSIGNED,
)
from mysqlcompat.machine.layout import NULLS_AT, RUN_HEAP
from mysqlcompat.machine.ops.date_kernels import is_real
from mysqlcompat.machine.ops.operands import (
    OP,
    heap_room,
    operand,
    register,
    text_at,
    text_bytes,
    text_lane,
)
from mysqlcompat.wire.encode_kernels import put_text_field
from redo.codes import E_OVERFLOW
from redo.coding_kernels import bits_of_float, load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel

MOST_SHOWN = 48  #: bytes of a number or moment with its length before it
MOST_DIGITS = 18
EXACT_DIGITS = 15  #: of a double that is an integer and a power of ten divided: the nearest one
UNREAD = -(1 << 62)
LONGEST_DATE = 10
LONGEST_CLOCK = 16


@kernel(OP)
def op_show(st, mem, run, instruction, n):
    """to = the text of a number or moment. Operands: to, a, column (words of the wire's layout),
    most characters: longer ones are Python's."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    column = operand(mem, instruction, 3)
    most = operand(mem, instruction, 4)
    failed = 0
    code = heap_room(mem, run, n * MOST_SHOWN)
    if code < 0:
        return code
    heap = load_i64(mem, run + RUN_HEAP)
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i)
        lane = 0
        if null == 0:
            count = put_text_field(mem, column, heap, load_i64(mem, a + 8 * i))
            lane = text_lane(heap + 1, count - 1)
            heap += count
            if count > most:
                lane = 0
                null = LANE_FAILED
                failed = 1
        store_i64(mem, to + 8 * i, lane)
        store_u8(mem, to + NULLS_AT + i, null)
    store_i64(mem, run + RUN_HEAP, heap)
    return E_OVERFLOW if failed == 1 else n


@helper
def digits_at(mem, at, count):
    """Value of `count` digits; UNREAD when they are none."""
    value = 0
    for i in range(count):
        digit = load_u8(mem, at + i) - 48
        if digit < 0 or digit > 9:
            return UNREAD
        value = value * 10 + digit
    return value


@helper
def number_read(mem, at, count):
    """(digits as one number, digits behind the point, how many there are); UNREAD first when it is
    no plain number."""
    value = 0
    places = -1
    digits = 0
    start = 1 if count > 0 and load_u8(mem, at) == 45 else 0
    for i in range(start, count):
        digit = load_u8(mem, at + i) - 48
        if digit == -2 and places < 0:
            places = 0
        elif digit < 0 or digit > 9 or digits == MOST_DIGITS:
            return UNREAD, 0, 0
        else:
            value = value * 10 + digit
            digits += 1
            places += 1 if places >= 0 else 0
    if digits == 0 or places == 0:
        return UNREAD, 0, 0
    return (-value if start == 1 else value), max(places, 0), digits


@helper
def fraction_read(mem, at, count, scale):
    """µs of a point and at most `scale` digits; UNREAD."""
    if count == 0:
        return 0
    if load_u8(mem, at) != 46 or count == 1 or count - 1 > scale:
        return UNREAD
    value = digits_at(mem, at + 1, count - 1)
    if value < 0:
        return UNREAD
    for _ in range(7 - count):
        value *= 10
    return value


@helper
def clock_read(mem, at, count, scale, hour_digits, most_hour):
    """A packed time of hh:mm:ss.ffffff; UNREAD."""
    size = hour_digits + 6
    if count < size or load_u8(mem, at + hour_digits) != 58 or load_u8(mem, at + size - 3) != 58:
        return UNREAD
    hour = digits_at(mem, at, hour_digits)
    minute = digits_at(mem, at + hour_digits + 1, 2)
    second = digits_at(mem, at + size - 2, 2)
    micros = fraction_read(mem, at + size, count - size, scale)
    if hour < 0 or minute < 0 or second < 0 or micros < 0:
        return UNREAD
    if hour > most_hour or minute > 59 or second > 59:
        return UNREAD
    return (hour << 12 | minute << 6 | second) << 24 | micros


@helper
def moment_read(mem, at, count, scale):
    """A packed moment of a date, or of a date and a clock; UNREAD."""
    if count < LONGEST_DATE or load_u8(mem, at + 4) != 45 or load_u8(mem, at + 7) != 45:
        return UNREAD
    year = digits_at(mem, at, 4)
    month = digits_at(mem, at + 5, 2)
    day = digits_at(mem, at + 8, 2)
    if year < 0 or month < 0 or day < 0 or month > 12 or not is_real(year, month, day):
        return UNREAD
    clock = 0
    if count > LONGEST_DATE:
        between = load_u8(mem, at + LONGEST_DATE)
        if between != 32 and between != 84:
            return UNREAD
        clock = clock_read(mem, at + 11, count - 11, scale, 2, 23)
        if clock < 0:
            return UNREAD
    return ((year * 13 + month) << 5 | day) << 41 | clock


@helper
def time_read(mem, at, count, scale):
    """A packed time; UNREAD, also at the limit of its range."""
    sign = 1
    if count > 0 and load_u8(mem, at) == 45:
        sign = -1
        at += 1
        count -= 1
    days = 0
    if count > 2 and load_u8(mem, at + 1) == 32:
        days = digits_at(mem, at, 1)
        at += 2
        count -= 2
    hour_digits = 3 if count > 3 and load_u8(mem, at + 2) != 58 else 2
    if count > LONGEST_CLOCK:
        return UNREAD
    clock = clock_read(mem, at, count, scale, hour_digits, 837 - 24 * days)
    return sign * (clock + (24 * days << 36)) if clock >= 0 and days >= 0 else UNREAD


@helper
def decimal_read(mem, at, count, scale, most):
    """A decimal lane, rounded to `scale` (halves away from zero); UNREAD beyond `most`."""
    value, places, _ = number_read(mem, at, count)
    if value == UNREAD:
        return UNREAD
    size = abs(value)
    if places > scale:
        unit = 1
        for _ in range(places - scale):
            unit *= 10
        size = (size + unit // 2) // unit
    for _ in range(scale - places):
        if size > most:
            return UNREAD
        size *= 10
    if size > most:
        return UNREAD
    return size if value >= 0 else -size


@helper
def lane_read(mem, kind, at, count, scale, most):
    """The lane of a text read as a kind; UNREAD."""
    if kind == READ_DATETIME:
        return moment_read(mem, at, count, scale)
    if kind == READ_DATE:
        value = moment_read(mem, at, count, 6)
        return value >> 41 << 41 if value != UNREAD else UNREAD
    if kind == READ_TIME:
        return time_read(mem, at, count, scale)
    if kind == READ_CLOCK_OF_MOMENT:
        value = time_read(mem, at, count, scale)
        if value == UNREAD:
            value = moment_read(mem, at, count, scale)
            value = value & ((1 << 41) - 1) if value != UNREAD and count > LONGEST_DATE else UNREAD
        return value
    if kind == READ_DECIMAL:
        return decimal_read(mem, at, count, scale, most)
    value, places, digits = number_read(mem, at, count)
    if kind == READ_SIGNED or kind == READ_UNSIGNED:
        return value if places == 0 and (value >= 0 or kind == READ_SIGNED) else UNREAD
    if value == UNREAD or digits > EXACT_DIGITS or (value == 0 and load_u8(mem, at) == 45):
        return UNREAD
    unit = 1.0
    for _ in range(places):
        unit *= 10.0
    return bits_of_float(value / unit)


@kernel(OP)
def op_read(st, mem, run, instruction, n):
    """to = a text read as a number or moment. Operands: to, a, kind, scale (digits of a fraction),
    greatest magnitude (of a decimal)."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    kind = operand(mem, instruction, 3)
    scale = operand(mem, instruction, 4)
    most = operand(mem, instruction, 5)
    failed = 0
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i)
        value = 0
        if null == 0:
            lane = load_i64(mem, a + 8 * i)
            value = lane_read(mem, kind, text_at(lane), text_bytes(lane), scale, most)
            if value == UNREAD:
                value = 0
                null = LANE_FAILED
                failed = 1
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return E_OVERFLOW if failed == 1 else n


assert READ_DOUBLE == READ_SIGNED + 1

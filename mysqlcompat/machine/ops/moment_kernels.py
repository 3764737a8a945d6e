"""Dates and times as numbers of microseconds and back, moments on the clocks of time zones.

Arithmetic with times is `op_arithmetic` between these. A *zone* is a string: the words of its
changes (`time_zone_tables.changes_of`). What is off the calendar, or out of the range of its
type, is Python's.
"""

from __future__ import annotations

from mysqlcompat.machine.function_codes import (
    CONVERTED,
    DATE_OF_MICROS,
    LOCAL_TO_UTC,
    MICROS_OF_MOMENT,
    MICROS_OF_TIME,
    MICROS_TO_UNIX,
    MOMENT_OF_MICROS,
    TIME_OF_MICROS,
    UNIX_TO_MICROS,
    UTC_TO_LOCAL,
)
from mysqlcompat.machine.layout import NULLS_AT, RUN_LANE
from mysqlcompat.machine.ops.date_kernels import (
    LAST_DAY,
    MICROS_A_DAY,
    day_number,
    is_real,
    packed_day,
)
from mysqlcompat.machine.ops.operands import OP, operand, register, text_at
from redo.codes import E_OVERFLOW
from redo.coding_kernels import load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel

EPOCH = 719528 * MICROS_A_DAY  #: 1970 in µs since the year 0
UNIX_END = 32536771200000000  #: the first µs that is out of the range of Unix time
MOST_TIME = 3020399000000  #: µs of 838:59:59
SECOND = 1000000
#: Kinds of numbers written as dates and times: YYYYMMDD, perhaps with hhmmss; hhmmss.
MOMENT_OF_NUMBER, TIME_OF_NUMBER = range(10, 12)
LEAST_DATE = 10000101
MOST_DATE = 99991231
MOST_CLOCK = 8375959
NOTHING = -(1 << 62)  #: no value: the lane is Python's


@helper
def clock_micros(lane):
    """µs of the clock in a packed time."""
    clock = lane >> 24
    seconds = (clock >> 12) * 3600 + (clock >> 6 & 63) * 60 + (clock & 63)
    return seconds * SECOND + (lane & 0xFFFFFF)


@helper
def packed_clock(micros):
    """A packed time of µs that are not negative."""
    seconds = micros // SECOND
    clock = seconds // 3600 << 12 | seconds // 60 % 60 << 6 | seconds % 60
    return clock << 24 | (micros - seconds * SECOND)


@helper
def micros_of_moment(lane):
    """µs since the year 0 of a DATE or DATETIME; NOTHING off the calendar."""
    days = lane >> 41
    year = (days >> 5) // 13
    month = (days >> 5) % 13
    if not is_real(year, month, days & 31):
        return NOTHING
    return day_number(year, month, days & 31) * MICROS_A_DAY + clock_micros(lane & ((1 << 41) - 1))


@helper
def moment_of_micros(micros):
    number = micros // MICROS_A_DAY
    if number < 366 or number > LAST_DAY:
        return NOTHING
    return packed_day(number) << 41 | packed_clock(micros - number * MICROS_A_DAY)


@helper
def digits_clock(number):
    """A packed time of hhmmss; NOTHING."""
    minute = number // 100 % 100
    second = number % 100
    if minute > 59 or second > 59:
        return NOTHING
    return (number // 10000 << 12 | minute << 6 | second) << 24


@helper
def moment_of_number(number):
    """A packed moment of YYYYMMDD or YYYYMMDDhhmmss; NOTHING of what is written otherwise."""
    clock = 0
    if number > MOST_DATE:
        clock = digits_clock(number % 1000000)
        if clock == NOTHING or clock >> 36 > 23:
            return NOTHING
        number = number // 1000000
    if number < LEAST_DATE or number > MOST_DATE:
        return NOTHING
    year = number // 10000
    month = number // 100 % 100
    day = number % 100
    if month > 12 or not is_real(year, month, day):
        return NOTHING
    return ((year * 13 + month) << 5 | day) << 41 | clock


@helper
def stretch_of(mem, zone, second):
    """Number of the stretch of one offset in which a second of UTC lies."""
    low = 0
    high = load_i64(mem, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if load_i64(mem, zone + 8 + 16 * middle) <= second:
            low = middle
        else:
            high = middle
    return low


@helper
def utc_of(mem, zone, local):
    """µs of UTC, since 1970, when a zone's clocks first show `local`; in a gap, its end."""
    second = local // SECOND
    number = stretch_of(mem, zone, second - 86400 * 2)
    count = load_i64(mem, zone)
    while True:
        at = zone + 8 + 16 * number
        offset = load_i64(mem, at + 8)
        if number > 0 and second - offset < load_i64(mem, at):
            return load_i64(mem, at) * SECOND
        number += 1
        if number == count or second - offset < load_i64(mem, at + 16):
            return local - offset * SECOND


@helper
def local_of(mem, zone, utc):
    """What a zone's clocks show at a µs since 1970."""
    number = stretch_of(mem, zone, utc // SECOND)
    return utc + load_i64(mem, zone + 16 + 16 * number) * SECOND


@helper
def converted(mem, value, source, target):
    """µs since the year 0, from one clock to another where that is in the range of Unix time."""
    utc = utc_of(mem, source, value - EPOCH)
    return local_of(mem, target, utc) + EPOCH if 0 < utc < UNIX_END else value


@helper
def measured(mem, kind, value, x, y):
    """The result of a kind for a value; NOTHING where it is Python's."""
    if kind == MICROS_OF_TIME:
        return clock_micros(value) if value >= 0 else -clock_micros(-value)
    if kind == MICROS_OF_MOMENT:
        return micros_of_moment(value)
    if kind == TIME_OF_MICROS:
        if value > MOST_TIME or value < -MOST_TIME:
            return NOTHING
        return packed_clock(value) if value >= 0 else -packed_clock(-value)
    if kind == MOMENT_OF_MICROS:
        return moment_of_micros(value)
    if kind == DATE_OF_MICROS:
        made = moment_of_micros(value)
        return made >> 41 << 41 if made != NOTHING else NOTHING
    if kind == MOMENT_OF_NUMBER:
        return moment_of_number(value)
    if kind == TIME_OF_NUMBER:
        return digits_clock(value) if 0 <= value <= MOST_CLOCK else NOTHING
    if kind == LOCAL_TO_UTC:
        return utc_of(mem, x, value - EPOCH) + EPOCH
    if kind == UTC_TO_LOCAL:
        return local_of(mem, x, value - EPOCH) + EPOCH
    if kind == CONVERTED:
        return converted(mem, value, x, y)
    value -= EPOCH  # MICROS_TO_UNIX
    return value // y if 0 <= value < UNIX_END else 0


@kernel(OP)
def op_micros(st, mem, run, instruction, n):
    """to = a date or time as a number, or the reverse. Operands: to, a, kind, x and y (registers of
    zones of the same value in every lane; of MICROS_TO_UNIX, µs of the result's unit: y; of
    UNIX_TO_MICROS, µs of the value's)."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    kind = operand(mem, instruction, 3)
    x = 0
    y = operand(mem, instruction, 5)
    missing = 0
    if LOCAL_TO_UTC <= kind <= CONVERTED and n > 0:
        zones = register(mem, run, instruction, 4)
        missing = load_u8(mem, zones + NULLS_AT)
        x = text_at(load_i64(mem, zones))
        if kind == CONVERTED:
            zones = register(mem, run, instruction, 5)
            missing |= load_u8(mem, zones + NULLS_AT)
            y = text_at(load_i64(mem, zones))
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i) | missing
        value = 0
        if null == 0:
            value = load_i64(mem, a + 8 * i)
            if kind == UNIX_TO_MICROS:
                null = 1 if value < 0 or value >= UNIX_END // y else 0
                value = value * y + EPOCH if null == 0 else 0
            else:
                value = measured(mem, kind, value, x, y)
        if value == NOTHING:
            store_i64(mem, run + RUN_LANE, i)
            return E_OVERFLOW
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return n


assert LOCAL_TO_UTC + 2 == UTC_TO_LOCAL + 1 == CONVERTED and MICROS_TO_UNIX > CONVERTED

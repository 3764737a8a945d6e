"""Parts of dates and times, dates moved by intervals. Dates off the calendar are Python's."""

from __future__ import annotations

from mysqlcompat.machine.function_codes import (
    ADD_MICROS,
    ADD_MONTHS,
    DAY,
    DAY_OF_WEEK,
    DAY_OF_YEAR,
    HOUR,
    LANE_FAILED,
    MICROSECOND,
    MINUTE,
    MONTH,
    QUARTER,
    SECOND,
    TO_DATE,
    TO_DAYS,
    TO_TIME,
    WEEKDAY,
    YEAR,
)
from mysqlcompat.machine.layout import NULLS_AT
from mysqlcompat.machine.ops.operands import OP, operand, register
from redo.codes import E_OVERFLOW
from redo.coding_kernels import load_i64, load_u8, store_i64, store_u8
from redo.jit import helper, kernel

CLOCK = (1 << 41) - 1  #: of a moment
MICROS_A_DAY = 86_400_000_000
LAST_DAY = 3652424  #: 9999-12-31
MOST_MOVED = 1 << 40  #: of months and microseconds × 2^20: further is off the calendar anyway
NO_DATE = -1


@helper
def month_days(year, month):
    if month == 2:
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        return 29 if leap else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


@helper
def day_number(year, month, day):
    """Days since the year 0, as TO_DAYS counts them."""
    if month <= 2:
        year -= 1
        month += 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day + 59


@helper
def packed_day(number):
    """The upper half of a moment (year, month, day) of a day number."""
    shifted = number - 60  # days since the first of March of the year 0
    era = shifted // 146097
    within = shifted - era * 146097
    year_of_era = (within - within // 1460 + within // 36524 - within // 146096) // 365
    day_of_year = within - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    index = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * index + 2) // 5 + 1
    month = index + 3 if index < 10 else index - 9
    year = year_of_era + 400 * era + (1 if month <= 2 else 0)
    return (year * 13 + month) << 5 | day


@helper
def is_real(year, month, day):
    """Whether it is a day of the calendar from the year 1 on."""
    return year > 0 and month > 0 and 0 < day <= month_days(year, month)


@helper
def field_of(kind, lane):
    """A field that dates off the calendar have, too."""
    if kind <= DAY:
        days = lane >> 41
        month = (days >> 5) % 13
        if kind == YEAR:
            return (days >> 5) // 13
        if kind == QUARTER:
            return (month + 2) // 3
        return month if kind == MONTH else days & 31
    if kind == MICROSECOND:
        return lane & 0xFFFFFF
    clock = lane >> 24
    if kind == HOUR:
        return clock >> 12
    return clock >> 6 & 63 if kind == MINUTE else clock & 63


@helper
def counted(kind, year, month, day):
    """WEEKDAY to TO_DAYS of a day of the calendar."""
    number = day_number(year, month, day)
    if kind == WEEKDAY:
        return (number + 5) % 7
    if kind == DAY_OF_WEEK:
        return (number + 6) % 7 + 1
    if kind == DAY_OF_YEAR:
        return number - day_number(year, 1, 1) + 1
    return number


@helper
def moved(kind, lane, year, month, day, amount):
    """A moment moved by months or microseconds; NO_DATE off the calendar."""
    if kind == ADD_MONTHS:
        total = year * 12 + month - 1 + amount
        year = total // 12
        month = total - year * 12 + 1
        if total < 12 or year > 9999:
            return NO_DATE
        day = min(day, month_days(year, month))
        return ((year * 13 + month) << 5 | day) << 41 | (lane & CLOCK)
    clock = (lane >> 24) & 0x1FFFF
    seconds = (clock >> 12) * 3600 + (clock >> 6 & 63) * 60 + (clock & 63)
    micros = seconds * 1000000 + (lane & 0xFFFFFF) + amount
    days = micros // MICROS_A_DAY
    micros -= days * MICROS_A_DAY
    number = day_number(year, month, day) + days
    if number <= 366 or number > LAST_DAY:
        return NO_DATE
    seconds = micros // 1000000
    clock = seconds // 3600 << 12 | seconds // 60 % 60 << 6 | seconds % 60
    return (packed_day(number) << 17 | clock) << 24 | (micros - seconds * 1000000)


@kernel(OP)
def op_date(st, mem, run, instruction, n):
    """to = a part of a date or time, or it moved. Operands: to, a, kind, amount (register), factor
    of the amount (months or microseconds), 1: a is a TIME."""
    to = register(mem, run, instruction, 1)
    a = register(mem, run, instruction, 2)
    kind = operand(mem, instruction, 3)
    amounts = register(mem, run, instruction, 4)
    factor = operand(mem, instruction, 5)
    is_time = operand(mem, instruction, 6)
    failed = 0
    for i in range(n):
        null = load_u8(mem, a + NULLS_AT + i)
        if kind >= ADD_MONTHS:
            null |= load_u8(mem, amounts + NULLS_AT + i)
        value = 0
        if null == 0:
            lane = load_i64(mem, a + 8 * i)
            days = lane >> 41
            year = (days >> 5) // 13
            month = (days >> 5) % 13
            day = days & 31
            if kind <= MICROSECOND:
                if kind >= HOUR:
                    lane = (lane if lane >= 0 else -lane) if is_time == 1 else lane & CLOCK
                value = field_of(kind, lane)
            elif kind == TO_TIME:
                value = lane & CLOCK
            elif not is_real(year, month, day):
                value = NO_DATE
            elif kind <= TO_DAYS:
                value = counted(kind, year, month, day)
            elif kind == TO_DATE:
                value = lane & ~CLOCK
            else:
                amount = load_i64(mem, amounts + 8 * i)
                limit = MOST_MOVED << 20
                if amount > limit // abs(factor) or amount < -(limit // abs(factor)):
                    value = NO_DATE
                else:
                    value = moved(kind, lane, year, month, day, amount * factor)
        if value == NO_DATE:
            value = 0
            null = LANE_FAILED
            failed = 1
        store_i64(mem, to + 8 * i, value)
        store_u8(mem, to + NULLS_AT + i, null)
    return E_OVERFLOW if failed == 1 else n


assert (SECOND, ADD_MICROS) == (6, 15)

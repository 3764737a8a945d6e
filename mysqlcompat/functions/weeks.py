"""Day numbers and weeks, also of dates that are on no calendar; MySQL's counting, its unsigned
arithmetic included."""

from __future__ import annotations

import calendar
from datetime import date
from functools import lru_cache
from typing import Final

from mysqlcompat import temporal_text
from mysqlcompat.partial_dates import AnyDate, PartialDate

MONDAY_FIRST: Final = 1
WEEK_YEAR: Final = 2  #: weeks 1 to 53: the first days may be in a week of the year before
FIRST_FULL: Final = 4  #: the first week is the first that begins in the year
_YEAR_0: Final = 365  #: days of the year 0, with which Python's numbers of days do not begin
_U32: Final = (1 << 32) - 1


def day_number(year: int, month: int, day: int) -> int:
    """Days since year 0; what MySQL calls daynr."""
    if year == 0 and month == 0:
        return 0
    total = 365 * year + 31 * (month - 1) + day
    if month <= 2:
        year -= 1
    else:
        total -= (month * 4 + 23) // 10
    leaps = year // 4 if year > 0 else 0
    return total + leaps - ((max(year, 0) // 100 + 1) * 3) // 4


def number_of(value: AnyDate) -> int:
    """The number of a date that `is_day`."""
    if isinstance(value, date):
        return value.toordinal() + _YEAR_0
    return day_number(value.year, value.month, value.day)


def weekday(day: int, sunday_first: bool = False) -> int:
    """0 is Monday, or Sunday."""
    return (day + 5 + sunday_first) % 7


def weekday_of(value: AnyDate) -> int:
    """0 is Monday."""
    return weekday(number_of(value))


def is_day(value: AnyDate) -> bool:
    """Whether a date is on the calendar, that of the year 0 included."""
    if isinstance(value, date):
        return True
    is_dated = not value.year and value.month > 0
    return is_dated and 0 < value.day <= days_in_month(0, value.month)


def days_in_year(year: int) -> int:
    return 366 if calendar.isleap(year) and year else 365


def days_in_month(year: int, month: int) -> int:
    return temporal_text.LENGTHS[month - 1] + (month == 2 and days_in_year(year) == 366)


def week_flags(mode: int) -> int:
    """The flags of WEEK(…, mode)."""
    flags = mode & 7
    return flags if flags & MONDAY_FIRST else flags ^ FIRST_FULL


@lru_cache(maxsize=1 << 14)  # rows share days
def week_of(value: AnyDate, mode: int) -> tuple[int, int]:
    """(year, week) as WEEK(…, mode) counts."""
    flags = week_flags(mode)
    counts_years, first_full = bool(flags & WEEK_YEAR), bool(flags & FIRST_FULL)
    today = day_number(value.year, value.month, value.day)
    first, year = day_number(value.year, 1, 1), value.year
    at = weekday(first, not flags & MONDAY_FIRST)

    def begins_late() -> bool:
        """Whether the days before the first whole week belong to no week of the year."""
        return at != 0 if first_full else at >= 4

    if value.month == 1 and value.day <= 7 - at:
        if not counts_years and begins_late():
            return year, 0
        counts_years = True
        year -= 1
        length = days_in_year(year)
        first -= length
        at = (at + 53 * 7 - length) % 7
    days = (today - (first + 7 - at if begins_late() else first - at)) & _U32
    if counts_years and days >= 52 * 7:
        at = (at + days_in_year(year)) % 7
        if not begins_late():
            return year + 1, 1
    return year, days // 7 + 1


def date_of_number(number: int) -> AnyDate:
    """The date of a day number from 1, year 0 included."""
    if number >= 366:
        return date.fromordinal(number - 365)
    month = next(one for one in range(12, 0, -1) if day_number(0, one, 1) <= number)
    return PartialDate(0, month, number - day_number(0, month, 1) + 1)

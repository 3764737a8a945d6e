"""Strings and numbers read as dates and times: the parsing of MySQL's my_time.cc, step by step.

`read_datetime`, `read_time`, `datetime_of_number` and `time_of_number` give a `Reading`: the value,
or None, and what was wrong with the text. Fractions beyond the sixth digit are rounded here; the
fraction of a type (fsp) is not known yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final

from mysqlcompat.numerals import integer_of_digits
from mysqlcompat.partial_dates import AnyDatetime, make_datetime
from mysqlcompat.short_texts import remembered

# What a date may be
FUZZY: Final = 1  #: zero month or day
NO_ZERO_IN_DATE: Final = 2
NO_ZERO_DATE: Final = 4
INVALID_DATES: Final = 8  #: any day up to 31
DATETIME_ONLY: Final = 16
CUT_FRACTION: Final = 32  #: a seventh fractional digit does not round
SILENT_FRACTION: Final = 64  #: nothing is said of the fraction of a number that is a date

# What was wrong
TRUNCATED: Final = 1
OUT_OF_RANGE: Final = 2
ZERO_DATE: Final = 4
ZERO_IN_DATE: Final = 8

# What the text turned out to be
NONE: Final = "none"
ERROR: Final = "error"
DATE: Final = "date"
DATETIME: Final = "datetime"
TIME: Final = "time"

_MAX_TIME: Final = 8385959
TIME_LIMIT: Final = timedelta(hours=838, minutes=59, seconds=59)
_MAX_PARTS: Final = 7
_BITS: Final = 64  #: of the number that digits become
_TOO_MUCH: Final = (1 << 32) - 1
LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DATE_LENGTH: Final = 10
_TIMESTAMP_BYTES: Final = 12  #: what is not shorter may be a whole timestamp
_SPACE: Final = " \t\n\r\v\f"


@dataclass(slots=True)
class Reading:
    """`value` None: it cannot be read; `kind` says what MySQL calls it in its warning.

    rounds  the seventh fractional digit asks for rounding up
    digits  fractional digits that were written, at most 6
    moved   the text had an offset: the value is UTC
    has_date  of a time: the text had a date before it
    is_odd  delimiters or spaces are not those that moments are shown with
    """

    value: AnyDatetime | timedelta | None
    kind: str = NONE
    warnings: int = 0
    digits: int = 0
    rounds: bool = False
    moved: bool = False
    has_date: bool = False
    is_odd: bool = False

    @property
    def is_good(self) -> bool:
        return self.value is not None and not self.warnings

    @property
    def is_plain(self) -> bool:
        return self.is_good and not self.is_odd


@lru_cache(maxsize=64)
def date_flags(sql_mode: frozenset[str]) -> int:
    """What dates a sql_mode lets in."""
    names = set(sql_mode)
    flags = FUZZY
    flags |= NO_ZERO_DATE if "NO_ZERO_DATE" in names else 0
    flags |= NO_ZERO_IN_DATE if "NO_ZERO_IN_DATE" in names else 0
    flags |= CUT_FRACTION if "TIME_TRUNCATE_FRACTIONAL" in names else 0
    return flags | (INVALID_DATES if "ALLOW_INVALID_DATES" in names else 0)


def check_date(year: int, month: int, day: int, not_zero: bool, flags: int) -> int:
    """0, or what is wrong with a date whose parts are in their ranges."""
    if not not_zero:
        return ZERO_DATE if flags & NO_ZERO_DATE else 0
    if (flags & NO_ZERO_IN_DATE or not flags & FUZZY) and (month == 0 or day == 0):
        return ZERO_IN_DATE
    if flags & INVALID_DATES or not month or day <= LENGTHS[month - 1]:
        return 0
    leap = year % 4 == 0 and (year % 100 != 0 or (year % 400 == 0 and year != 0))
    return 0 if month == 2 and leap and day == 29 else OUT_OF_RANGE


def _is_digit(character: str) -> bool:
    return "0" <= character <= "9"


def _is_punctuation(character: str) -> bool:
    return character.isascii() and not character.isalnum() and "!" <= character <= "~"


class _Scanner:
    """The fields of a text, as `str_to_datetime` finds them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = len(text)
        self.at = 0
        while self.at < self.end and text[self.at] in _SPACE:
            self.at += 1
        self.is_odd = self.at > 0
        self.parts: list[int] = []
        self.lengths: list[int] = []
        self.last = self.at  #: end of the last field
        self.space = self.delimiter = False
        self.offset: int | None = None  #: minutes east of UTC

    def scan(self) -> bool:
        """Whether fields were found; False where there is no reading at all."""
        text, end = self.text, self.end
        if self.at == end or not _is_digit(text[self.at]):
            return False
        pos = self.at
        while pos < end and (_is_digit(text[pos]) or text[pos] == "T"):
            pos += 1
        digits = pos - self.at
        self.internal = pos == end or text[pos] == "."
        width = 4
        if self.internal:
            width = 4 if digits in (4, 8) or digits >= 14 else 2
        self.year_length = width
        while len(self.parts) < _MAX_PARTS and self.at < end and _is_digit(text[self.at]):
            number = len(self.parts)
            if not self._field(number, width):
                return False
            width = 2
            self.last = self.at
            if self.at == end:
                break
            going = self._after(number)
            if going is None:
                return False
            if going == _STOP:
                break
            if going == _FRACTION:
                width = 6
        ends_in_space = self.space and len(self.parts) == 3 and self.at == end
        self.is_odd = self.is_odd or ends_in_space
        return not (self.delimiter and not self.space and self.datetime_only)

    datetime_only = False

    def _field(self, number: int, width: int) -> bool:
        start = self.at
        limited = self.internal or number == 6
        while self.at < self.end and _is_digit(self.text[self.at]):
            if limited and self.at - start >= width:
                break
            self.at += 1
        value = integer_of_digits(self.text[start : self.at])
        if value > 999999:
            return False
        self.parts.append(value)
        self.lengths.append(self.at - start)
        return True

    def _after(self, number: int) -> int | None:
        """What stands behind field `number`; None: nothing that can be read."""
        text = self.text
        if number == 2 and text[self.at] == "T":
            self.at += 1
            return _NEXT
        if number == 5:
            if text[self.at] == ".":
                self.at += 1
                self.last = self.at
                return _FRACTION
            if _is_digit(text[self.at]):
                return _STOP
            return self._zone() if text[self.at] in "+-" else _NEXT
        if number == 6 and text[self.at] in "+-":
            return self._zone()
        begin = self.at
        while self.at < self.end and (_is_punctuation(text[self.at]) or text[self.at] in _SPACE):
            if text[self.at] in _SPACE:
                if number not in (2, 6):
                    return None
                self.space = True
            self.is_odd = self.is_odd or self.at > begin or self._is_wrong(number, text[self.at])
            self.at += 1
            self.delimiter = True
        self.last = self.at  # a digit further on counts as the fraction's seventh
        return _NEXT

    def _is_wrong(self, number: int, delimiter: str) -> bool:
        """Whether moments are shown with another delimiter behind field `number`."""
        if number == 2:
            return delimiter != " " and not (delimiter == "." and self.internal)
        is_short = self.internal and self.year_length == 2 and self.lengths[0] == 1
        return delimiter != _DELIMITERS.get(number) and not (is_short and delimiter not in _SPACE)

    def _zone(self) -> int | None:
        offset = zone_offset(self.text[self.at :])
        if offset is None:
            return None
        self.offset = offset
        self.at = self.last = self.end
        return _NEXT


_NEXT, _FRACTION, _STOP = 0, 1, 2
_DELIMITERS: Final = {0: "-", 1: "-", 3: ":", 4: ":"}  #: what is behind a moment's fields


def zone_offset(text: str) -> int | None:
    """Minutes of ``+05:30``, which must be all of the text; at most 14 hours."""
    if len(text) != 6 or text[3] != ":" or not (text[1:3] + text[4:6]).isdigit():
        return None
    hours, minutes = int(text[1:3]), int(text[4:6])
    if minutes > 59 or hours * 60 + minutes > 14 * 60 or text == "-00:00":
        return None
    return (hours * 60 + minutes) * (-1 if text[0] == "-" else 1)


_PLAIN_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?", re.ASCII)
_PLAIN_TIME: Final = re.compile(r"(-?)(\d\d):([0-5]\d):([0-5]\d)", re.ASCII)


def plain_moment(text: str) -> Reading | None:
    """A text in the form in which moments are shown, as most are; None: it is another."""
    if not _PLAIN_MOMENT.fullmatch(text):
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:  # no day of the calendar
        return None
    return Reading(value, DATE if len(text) == _DATE_LENGTH else DATETIME)


def read_datetime(text: str, flags: int = NO_ZERO_IN_DATE | NO_ZERO_DATE) -> Reading:
    """`str_to_datetime`. The value of a text with an offset is UTC, marked by `moved`."""
    plain = None if flags & DATETIME_ONLY else plain_moment(text)
    if plain is not None:
        return plain
    scanner = _Scanner(text)
    scanner.datetime_only = bool(flags & DATETIME_ONLY)
    if not scanner.scan():
        return Reading(None, NONE, TRUNCATED)
    fields = len(scanner.parts)
    parts = scanner.parts + [0] * (_MAX_PARTS - fields)
    written = scanner.lengths[6] if fields > 6 else 0
    parts[6] *= 10 ** (6 - written)
    year_length = scanner.year_length if scanner.internal else scanner.lengths[0]
    not_zero = any(parts)
    if year_length == 2 and not_zero:
        parts[0] += 2000 if parts[0] < 70 else 1900
    at = scanner.last
    year, month, day, hour, minute, second, micro = parts
    beyond = year > 9999 or month > 12 or day > 31 or hour > 23 or minute > 59 or second > 59
    if fields < 3 or beyond:
        wrong = not_zero or bool(text[at:].strip(_SPACE))
        return Reading(None, ERROR, TRUNCATED if wrong else ZERO_DATE)
    fault = check_date(year, month, day, not_zero, flags)
    if fault:
        return Reading(None, ERROR, fault)
    made = Reading(
        make_datetime(year, month, day, hour, minute, second, micro),
        DATE if fields <= 3 else DATETIME,
        0,
        written,
    )
    if written == 6 and at < len(text) and _is_digit(text[at]):
        made.rounds = text[at] >= "5" and not flags & CUT_FRACTION
        while at < len(text) and _is_digit(text[at]):
            at += 1
        if text[at : at + 1] in ("+", "-"):
            scanner.offset, at = zone_offset(text[at:]), len(text)
            if scanner.offset is None:
                return Reading(None, NONE, TRUNCATED)
    if text[at:].strip(_SPACE):
        made.warnings = TRUNCATED
    made.is_odd = scanner.is_odd or text[at : at + 1] in tuple(_SPACE)
    return _moved(made, scanner.offset)


def _moved(made: Reading, offset: int | None) -> Reading:
    if made.rounds and isinstance(made.value, datetime):
        try:
            made.value += timedelta(microseconds=1)
        except OverflowError:
            made.value, made.kind = None, ERROR  # the year 10000
    if offset is not None and isinstance(made.value, datetime):
        made.value -= timedelta(minutes=offset)
        made.moved = True
    return made


def datetime_of_number(number: int, flags: int = NO_ZERO_IN_DATE | NO_ZERO_DATE) -> Reading:
    """`number_to_datetime`: YYYYMMDD, YYMMDD, YYYYMMDDhhmmss or YYMMDDhhmmss."""
    kind = DATE
    if number == 0 or number >= 10000101000000:
        kind = DATETIME
        if number > 99999999999999:
            return Reading(None, NONE, OUT_OF_RANGE)
    elif number < 101:
        return Reading(None, NONE, TRUNCATED)
    elif number <= 691231:
        number = (number + 20000000) * 1000000
    elif number < 700101:
        return Reading(None, NONE, TRUNCATED)
    elif number <= 991231:
        number = (number + 19000000) * 1000000
    elif number < 10000101 and not flags & FUZZY:
        return Reading(None, NONE, TRUNCATED)
    elif number <= 99991231:
        number *= 1000000
    elif number < 101000000:
        return Reading(None, NONE, TRUNCATED)
    else:
        kind = DATETIME
        if number <= 691231235959:
            number += 20000000000000
        elif number < 700101000000:
            return Reading(None, NONE, TRUNCATED)
        elif number <= 991231235959:
            number += 19000000000000
    return _of_digits(number, kind, flags)


def date_of_number(number: int, flags: int) -> Reading:
    """YYYYMMDD or YYMMDD, a month or year of zero included, or of a moment the date alone."""
    if number > 99999999999999:
        return Reading(None, NONE, OUT_OF_RANGE)
    day_part = number if number <= 99991231 else number // 1000000
    if number < 10000101000000 and day_part <= 991231:
        if 691231 < day_part < 700101:
            return Reading(None, NONE, TRUNCATED)
        day_part += 20000000 if day_part <= 691231 else 19000000
    if number < 0:
        return Reading(None, NONE, TRUNCATED)
    return _of_digits(day_part * 1000000, DATE, flags)


def _of_digits(number: int, kind: str, flags: int) -> Reading:
    day_part, clock = divmod(number, 1000000)
    year, month, day = day_part // 10000, day_part // 100 % 100, day_part % 100
    hour, minute, second = clock // 10000, clock // 100 % 100, clock % 100
    beyond = year > 9999 or month > 12 or day > 31 or hour > 23 or minute > 59 or second > 59
    if beyond:
        return Reading(None, NONE, TRUNCATED)
    fault = check_date(year, month, day, number != 0, flags)
    if fault:
        return Reading(None, NONE, fault if fault == ZERO_DATE else fault | TRUNCATED)
    return Reading(make_datetime(year, month, day, hour, minute, second), kind)


# TIME -------------------------------------------------------------------------------------------


def read_time(text: str, flags: int = 0, beyond: int = 0) -> Reading:
    """`str_to_time`. A whole timestamp is a DATETIME reading, and cannot be negative. Of the flags
    CUT_FRACTION counts.

    beyond  bytes that the text has more than characters
    """
    plain = _PLAIN_TIME.fullmatch(text)
    if plain is not None:
        sign, hour, minute, second = plain.groups()
        span = timedelta(0, (int(hour) * 60 + int(minute)) * 60 + int(second))
        return Reading(-span if sign else span, TIME)
    body = text.lstrip(_SPACE)
    negative = body.startswith("-")
    body = body[1:] if negative else body
    if not body:
        return Reading(None, NONE)
    if len(body) + beyond >= _TIMESTAMP_BYTES:
        allowed = FUZZY | INVALID_DATES | DATETIME_ONLY
        whole = read_datetime(body, allowed | flags & CUT_FRACTION)
        if whole.kind in (DATETIME, DATE) or whole.rounds:
            return Reading(None, ERROR, TRUNCATED) if negative else _clock_of(whole)
        if whole.kind == ERROR:
            return Reading(None, ERROR, whole.warnings)
    read = _read_clock(body, negative, flags)
    return replace(read, is_odd=True) if text[0] in _SPACE and read.value is not None else read


def _clock_of(whole: Reading) -> Reading:
    """The time of day of a timestamp, whose rounding makes 24 hours, not another day."""
    moment = whole.value
    is_midnight = isinstance(moment, datetime) and moment.time() == time.min
    if whole.rounds and (is_midnight or moment is None):
        whole.value, whole.has_date = timedelta(hours=24), True
    return whole


def _number_at(text: str, at: int) -> tuple[int, int]:
    start = at
    while at < len(text) and _is_digit(text[at]):
        at += 1
    last = text[max(start, at - _BITS) : at]  # the others are a multiple of two to the 64th
    return int(last or "0") % (1 << _BITS), at


@remembered(1024)  # a text in a statement is read for each row
def _read_clock(text: str, negative: bool, flags: int) -> Reading:
    """Of numbers that are too large, and those with an exponent, MySQL does not say what is wrong:
    a column stores zero without a word."""
    value, at = _number_at(text, 0)
    if value > _TOO_MUCH:
        return Reading(None, NONE)
    after = at
    while at < len(text) and text[at] in _SPACE:
        at += 1
    rest = len(text) - at
    is_odd = at - after > 1 or (at > after and not rest)
    if rest > 1 and at != after and _is_digit(text[at]):
        parts, at = _clock_fields(text, at, [value])
    elif rest > 1 and text[at] == ":" and _is_digit(text[at + 1]):
        parts, at = _clock_fields(text, at + 1, [0, value])
    else:
        parts = [0, value // 10000, value // 100 % 100, value % 100]
    micros, digits, rounds, at = _fraction(text, at)
    rounds = rounds and not flags & CUT_FRACTION
    tail = text[at:]
    if (
        len(tail) > 1
        and tail[0] in "eE"
        and (_is_digit(tail[1]) or (tail[1] in "+-" and len(tail) > 2 and _is_digit(tail[2])))
    ):
        return Reading(None, NONE)
    if max(parts) > _TOO_MUCH:
        return Reading(None, NONE)
    days, hours, minutes, seconds = parts
    if minutes > 59 or seconds > 59:
        return Reading(None, TIME, OUT_OF_RANGE)
    warnings = 0
    if tail.strip(_SPACE):
        warnings |= TRUNCATED
        if at == 0:
            return Reading(None, NONE, TRUNCATED)
    hours = min(hours + 24 * days, 10000)
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micros + rounds)
    if span > TIME_LIMIT:
        span, warnings = TIME_LIMIT, warnings | OUT_OF_RANGE
    is_odd = is_odd or tail[:1] in tuple(_SPACE)
    return Reading(-span if negative else span, TIME, warnings, digits, is_odd=is_odd)


def _clock_fields(text: str, at: int, parts: list[int]) -> tuple[list[int], int]:
    """Hours, minutes and seconds behind what was found: days, or zero days and hours."""
    while True:
        value, at = _number_at(text, at)
        parts.append(value)
        more = len(text) - at >= 2 and text[at] == ":" and _is_digit(text[at + 1])
        if len(parts) == 4 or not more:
            return parts + [0] * (4 - len(parts)), at
        at += 1


def _fraction(text: str, at: int) -> tuple[int, int, bool, int]:
    """(µs, digits written, rounds up, end) of a fraction at `at`."""
    if at >= len(text) or text[at] != ".":
        return 0, 0, False, at
    start = at + 1
    end = start
    while end < len(text) and _is_digit(text[end]):
        end += 1
    if end == start:
        return 0, 0, False, start if start == len(text) else at
    shown = text[start:end]
    rounds = len(shown) > 6 and shown[-1] >= "5"  # the last digit decides, not the seventh
    return int(shown[:6].ljust(6, "0")), min(len(shown), 6), rounds, end


def time_of_number(number: int) -> Reading:
    """`number_to_time`: hhmmss, or a whole moment."""
    if number > _MAX_TIME:
        if number >= 10000000000:
            moment = datetime_of_number(number, FUZZY | INVALID_DATES)
            if moment.value is not None:
                return moment
        return Reading(TIME_LIMIT, TIME, OUT_OF_RANGE)
    if number < -_MAX_TIME:
        return Reading(-TIME_LIMIT, TIME, OUT_OF_RANGE)
    size = abs(number)
    if size % 100 >= 60 or size // 100 % 100 >= 60:
        return Reading(None, NONE, TRUNCATED)
    span = timedelta(hours=size // 10000, minutes=size // 100 % 100, seconds=size % 100)
    return Reading(-span if number < 0 else span, TIME)

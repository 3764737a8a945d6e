"""DATE_FORMAT, TIME_FORMAT and GET_FORMAT: the % specifiers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from mysqlcompat.functions.definitions import COERCIBLE, MAX_CHARACTERS, NUMBER, build_as, implement
from mysqlcompat.functions.format_columns import moments_formatted, times_formatted
from mysqlcompat.functions.moments import clock_or_moment, fuzzy_moment
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.weeks import day_number, week_of, weekday
from mysqlcompat.partial_dates import PartialDate, has_clock
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression, Literal, is_constant
from mysqlcompat.sqltypes import string_type
from mysqlcompat.time_locales import LOCALES, TimeNames

#: Most characters each specifier makes, where it is not two.
_LENGTHS: Final = {
    "W": 64, "M": 64, "a": 32, "b": 32, "Y": 4, "x": 4, "X": 4, "j": 3, "D": 4, "r": 11, "T": 8,
    "f": 6, "w": 1, "H": 7, "k": 7, "h": 2, "l": 2, "I": 2,
}  # fmt: skip
_FORMATS: Final = {
    "USA": ("%m.%d.%Y", "%h:%i:%s %p", "%Y-%m-%d %H.%i.%s"),
    "JIS": ("%Y-%m-%d", "%H:%i:%s", "%Y-%m-%d %H:%i:%s"),
    "ISO": ("%Y-%m-%d", "%H:%i:%s", "%Y-%m-%d %H:%i:%s"),
    "EUR": ("%d.%m.%Y", "%H.%i.%s", "%Y-%m-%d %H.%i.%s"),
    "INTERNAL": ("%Y%m%d", "%H%i%s", "%Y%m%d%H%i%s"),
}


class _Unknown(Exception):
    """A specifier of which the value has nothing: the result is NULL."""


@dataclass(slots=True)
class Parts:
    """What a specifier may show. Hours of a TIME go beyond 23; it has no date."""

    names: TimeNames
    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    microsecond: int
    is_time: bool = False
    negative: bool = False

    def dated(self) -> PartialDate:
        if self.is_time:
            raise _Unknown
        return PartialDate(self.year, self.month, self.day)

    def weekday(self, sunday_first: bool = False) -> int:
        if self.is_time or not (self.month or self.year):
            raise _Unknown
        return weekday(day_number(self.year, self.month, self.day), sunday_first)

    def month_of(self, names: Sequence[str]) -> str:
        if not self.month:
            raise _Unknown
        return names[self.month - 1]

    @property
    def half_hour(self) -> int:
        """On a clock of twelve hours."""
        return (self.hour % 24 + 11) % 12 + 1

    @property
    def half(self) -> str:
        return "AM" if self.hour % 24 < 12 else "PM"


def _ordinal(parts: Parts) -> str:
    day = parts.dated().day
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{'th' if 10 <= day <= 19 else suffix}"


def _day_of_year(parts: Parts) -> str:
    day = parts.dated()
    number = day_number(day.year, day.month, day.day) - day_number(day.year, 1, 1) + 1
    return f"{number:03d}"


_SPECIFIERS: Final[dict[str, Callable[[Parts], str]]] = {
    "a": lambda p: p.names.short_days[p.weekday()],
    "b": lambda p: p.month_of(p.names.short_months),
    "c": lambda p: str(p.month),
    "D": _ordinal,
    "d": lambda p: f"{p.day:02d}",
    "e": lambda p: str(p.day),
    "f": lambda p: f"{p.microsecond:06d}",
    "H": lambda p: f"{p.hour:02d}",
    "h": lambda p: f"{p.half_hour:02d}",
    "I": lambda p: f"{p.half_hour:02d}",
    "i": lambda p: f"{p.minute:02d}",
    "j": _day_of_year,
    "k": lambda p: str(p.hour),
    "l": lambda p: str(p.half_hour),
    "M": lambda p: p.month_of(p.names.months),
    "m": lambda p: f"{p.month:02d}",
    "p": lambda p: p.half,
    "r": lambda p: f"{p.half_hour:02d}:{p.minute:02d}:{p.second:02d} {p.half}",
    "S": lambda p: f"{p.second:02d}",
    "s": lambda p: f"{p.second:02d}",
    "T": lambda p: f"{p.hour:02d}:{p.minute:02d}:{p.second:02d}",
    "U": lambda p: f"{week_of(p.dated(), 0)[1]:02d}",
    "u": lambda p: f"{week_of(p.dated(), 1)[1]:02d}",
    "V": lambda p: f"{week_of(p.dated(), 2)[1]:02d}",
    "v": lambda p: f"{week_of(p.dated(), 3)[1]:02d}",
    "W": lambda p: p.names.days[p.weekday()],
    "w": lambda p: str(p.weekday(sunday_first=True)),
    "X": lambda p: f"{week_of(p.dated(), 2)[0]:04d}",
    "x": lambda p: f"{week_of(p.dated(), 3)[0]:04d}",
    "Y": lambda p: f"{p.year:04d}",
    "y": lambda p: f"{p.year % 100:02d}",
}


def longest(pattern: str) -> int:
    """The most characters a pattern can make."""
    size = at = 0
    while at < len(pattern):
        if pattern[at] == "%" and at + 1 < len(pattern):
            at += 1
            specifier = pattern[at]
            size += _LENGTHS.get(specifier, 2 if specifier in _SPECIFIERS else 1)
        else:
            size += len(pattern[at].encode())  # bytes that MySQL takes for characters
        at += 1
    return size


def formatted(parts: Parts, pattern: str) -> str | None:
    """`pattern` with its specifiers filled in; None when one of them shows what there is not."""
    shown = ["-"] if parts.negative else []
    at, end = 0, len(pattern)
    try:
        while at < end:
            if pattern[at] != "%" or at + 1 == end:
                shown.append(pattern[at])
            else:
                at += 1
                specifier = _SPECIFIERS.get(pattern[at])
                shown.append(specifier(parts) if specifier else pattern[at])
            at += 1
    except _Unknown:
        return None
    return "".join(shown)


def names_of(context: Context) -> TimeNames:
    """Names in @@lc_time_names."""
    return LOCALES[str(context.system_variable("lc_time_names", ""))]


def parts_of(context: Context, value: Any, is_time: bool = False) -> Parts:
    names = names_of(context)
    if isinstance(value, timedelta):
        micros = abs(value) // timedelta(microseconds=1)
        clock = (micros // 3600000000, micros // 60000000 % 60, micros // 1000000 % 60)
        return Parts(names, 0, 0, 0, *clock, micros % 1000000, is_time, value < timedelta(0))
    times = (0, 0, 0, 0)
    if has_clock(value):
        times = (value.hour, value.minute, value.second, value.microsecond)
    return Parts(names, value.year, value.month, value.day, *times, is_time)


def _one_pattern(call: Call, patterns: Sequence[Any]) -> str | None:
    """The pattern of a column, if it is the same for all."""
    return patterns[0] if is_constant(call.args[1]) else None


def _dates_formatted(
    context: Context, call: Call, moments: Sequence[Any], patterns: Sequence[Any]
) -> list[str | None] | None:
    """DATE_FORMAT with one pattern for all."""
    pattern = _one_pattern(call, patterns)
    return moments_formatted(moments, pattern, names_of(context)) if pattern else None


def _times_formatted(
    context: Context, call: Call, times: Sequence[Any], patterns: Sequence[Any]
) -> list[str | None] | None:
    """TIME_FORMAT with one pattern for all."""
    pattern = _one_pattern(call, patterns)
    return times_formatted(times, pattern) if pattern else None


@implement("date_format", pure=False, settled=True, columns=_dates_formatted)
def date_format(context: Context, call: Call, moment: Any, pattern: str) -> str | None:
    return formatted(parts_of(context, moment), pattern) if pattern else None


@implement("time_format", pure=False, settled=True, columns=_times_formatted)
def time_format(context: Context, call: Call, value: Any, pattern: str) -> str | None:
    return formatted(parts_of(context, value, is_time=True), pattern) if pattern else None


def build_format(name: str, typing: Typing, args: Sequence[Expression]) -> Expression:
    if name == "date_format":
        value = fuzzy_moment(typing, args[0])
    else:
        value = clock_or_moment(typing, args[0])
    pattern = typing.as_characters(args[1])
    size = pattern.type.length * 10
    if isinstance(pattern, Literal) and pattern.value is not None:
        size = longest(str(pattern.value))
    best = pattern.type.coercibility
    best = COERCIBLE if best == NUMBER else best
    made = string_type(min(size, MAX_CHARACTERS), typing.context.collation, coercibility=best)
    return typing.call(name, made, value, pattern)


@build_as("date_format", 2)
def build_date_format(typing: Typing, args: Sequence[Expression]) -> Expression:
    return build_format("date_format", typing, args)


@build_as("time_format", 2)
def build_time_format(typing: Typing, args: Sequence[Expression]) -> Expression:
    return build_format("time_format", typing, args)


@build_as("get_format", 2)
def build_get_format(typing: Typing, args: Sequence[Expression]) -> Expression:
    """The first argument is a word: DATE, TIME, DATETIME or TIMESTAMP."""
    made = string_type(17, typing.context.collation)
    return typing.call("get_format", made, args[0], typing.as_string(args[1]))


@implement("get_format")
def get_format(context: Context, call: Call, kind: str, place: str) -> str | None:
    formats = _FORMATS.get(place.upper())
    return formats[{"DATE": 0, "TIME": 1}.get(kind, 2)] if formats else None

"""DATE_FORMAT and TIME_FORMAT of a column with one pattern: specifier by specifier, not row by row.

`time_format` has the same specifiers for one value; what is out of the ordinary (dates that are on
no calendar, specifiers that a value has nothing for) is left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from typing import Any, Final

from mysqlcompat.functions.weeks import week_of
from mysqlcompat.time_locales import TimeNames

Column = list[Any]
_MIDNIGHT: Final = time()


def _half_hour(hour: int) -> int:
    return (hour % 24 + 11) % 12 + 1


def _half(hour: int) -> str:
    return "AM" if hour % 24 < 12 else "PM"


def _ordinal(moment: datetime) -> str:
    day = moment.day
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{'th' if 10 <= day <= 19 else suffix}"


def _field(name: str, form: str) -> tuple[str, Callable[[Sequence[datetime], TimeNames], Column]]:
    get = attrgetter(name)
    return form, lambda moments, names: list(map(get, moments))


def _made(
    form: str, make: Callable[[datetime], Any]
) -> tuple[str, Callable[[Sequence[datetime], TimeNames], Column]]:
    return form, lambda moments, names: list(map(make, moments))


def _week(
    form: str, mode: int, part: int
) -> tuple[str, Callable[[Sequence[datetime], TimeNames], Column]]:
    return form, lambda moments, names: [week_of(one.date(), mode)[part] for one in moments]


#: Specifier -> how Python formats its column, and what that is made of.
_OF_MOMENTS: Final = {
    "Y": _field("year", "%04d"),
    "y": _made("%02d", lambda moment: moment.year % 100),
    "m": _field("month", "%02d"),
    "c": _field("month", "%d"),
    "d": _field("day", "%02d"),
    "e": _field("day", "%d"),
    "H": _field("hour", "%02d"),
    "k": _field("hour", "%d"),
    "i": _field("minute", "%02d"),
    "s": _field("second", "%02d"),
    "S": _field("second", "%02d"),
    "f": _field("microsecond", "%06d"),
    "h": _made("%02d", lambda moment: _half_hour(moment.hour)),
    "I": _made("%02d", lambda moment: _half_hour(moment.hour)),
    "l": _made("%d", lambda moment: _half_hour(moment.hour)),
    "p": _made("%s", lambda moment: _half(moment.hour)),
    "j": _made("%03d", lambda moment: moment.timetuple().tm_yday),
    "D": _made("%s", _ordinal),
    "w": _made("%d", lambda moment: moment.isoweekday() % 7),
    "U": _week("%02d", 0, 1),
    "u": _week("%02d", 1, 1),
    "V": _week("%02d", 2, 1),
    "v": _week("%02d", 3, 1),
    "X": _week("%04d", 2, 0),
    "x": _week("%04d", 3, 0),
    "a": ("%s", lambda moments, names: [names.short_days[one.weekday()] for one in moments]),
    "W": ("%s", lambda moments, names: [names.days[one.weekday()] for one in moments]),
    "b": ("%s", lambda moments, names: [names.short_months[one.month - 1] for one in moments]),
    "M": ("%s", lambda moments, names: [names.months[one.month - 1] for one in moments]),
}
_OF_TIMES: Final[dict[str, tuple[str, Callable[[Sequence[int]], Column]]]] = {
    "H": ("%02d", lambda micros: [one // 3600000000 for one in micros]),
    "k": ("%d", lambda micros: [one // 3600000000 for one in micros]),
    "h": ("%02d", lambda micros: [_half_hour(one // 3600000000) for one in micros]),
    "I": ("%02d", lambda micros: [_half_hour(one // 3600000000) for one in micros]),
    "l": ("%d", lambda micros: [_half_hour(one // 3600000000) for one in micros]),
    "i": ("%02d", lambda micros: [one // 60000000 % 60 for one in micros]),
    "s": ("%02d", lambda micros: [one // 1000000 % 60 for one in micros]),
    "S": ("%02d", lambda micros: [one // 1000000 % 60 for one in micros]),
    "f": ("%06d", lambda micros: [one % 1000000 for one in micros]),
    "p": ("%s", lambda micros: [_half(one // 3600000000) for one in micros]),
}
_WHOLE: Final = {"T": "%H:%i:%S", "r": "%h:%i:%S %p"}


def _taken_apart(pattern: str, known: Any) -> tuple[list[str], str] | None:
    """The specifiers of a pattern, and what Python's % makes text of their columns; None: there is
    one that is not `known`."""
    for letter, whole in _WHOLE.items():
        if f"%{letter}" in pattern and "%%" not in pattern:
            pattern = pattern.replace(f"%{letter}", whole)
    letters: list[str] = []
    made, at = [], 0
    while at < len(pattern):
        character = pattern[at]
        if character == "%" and at + 1 < len(pattern):
            at += 1
            if pattern[at] not in known:
                return None
            letters.append(pattern[at])
            made.append(known[pattern[at]][0])
        else:
            made.append("%%" if character == "%" else character)
        at += 1
    return (letters, "".join(made)) if letters else None


def moments_formatted(
    moments: Sequence[Any], pattern: str, names: TimeNames
) -> list[str | None] | None:
    """DATE_FORMAT; None: value by value."""
    way = _taken_apart(pattern, _OF_MOMENTS)
    if way is None:
        return None
    letters, form = way
    whole = [datetime.min if one is None else _with_clock(one) for one in moments]
    if None in whole:
        return None
    columns = {letter: _OF_MOMENTS[letter][1](whole, names) for letter in set(letters)}
    return _shown(moments, form, [columns[letter] for letter in letters])


def _with_clock(value: Any) -> datetime | None:
    if type(value) is datetime:
        return value
    return datetime.combine(value, _MIDNIGHT) if type(value) is date else None


def times_formatted(times: Sequence[Any], pattern: str) -> list[str | None] | None:
    """TIME_FORMAT; None: value by value."""
    way = _taken_apart(pattern, _OF_TIMES)
    if way is None or not all(one is None or type(one) is timedelta for one in times):
        return None
    letters, form = way
    micros = [
        0 if one is None else (one.days * 86400 + one.seconds) * 1000000 + one.microseconds
        for one in times
    ]
    sizes = list(map(abs, micros))
    columns = {letter: _OF_TIMES[letter][1](sizes) for letter in set(letters)}
    made = _shown(times, form, [columns[letter] for letter in letters])
    if min(micros, default=0) >= 0:
        return made
    return ["-" + str(text) if one < 0 else text for one, text in zip(micros, made, strict=True)]


def _shown(values: Sequence[Any], form: str, columns: Sequence[Column]) -> list[str | None]:
    rows = zip(*columns, strict=True)
    return [None if value is None else form % row for value, row in zip(values, rows, strict=True)]

"""DATE_FORMAT, TIME_FORMAT and STR_TO_DATE: the % specifiers."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from mysqlcompat import temporal
from mysqlcompat.functions.definitions import build_as, implement
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.temporals import week_of
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression, Literal
from mysqlcompat.sqltypes import Class, date_type, datetime_type, time_type

_DAY_NAMES: Final = tuple(calendar.day_name)
_MONTH_NAMES: Final = tuple(calendar.month_name)
_TIME_SPECIFIERS: Final = frozenset("fHhIiklprSsT")
_DATE_SPECIFIERS: Final = frozenset("abcDdejMmUuVvWwXxYy")
#: Most characters each specifier makes, where it is not two.
_LENGTHS: Final = {
    "W": 64, "M": 64, "a": 32, "b": 32, "Y": 4, "x": 4, "X": 4, "j": 3, "D": 4, "r": 11, "T": 8,
    "f": 6, "w": 1, "H": 7, "k": 7, "h": 2, "l": 2, "I": 2,
}  # fmt: skip


def _suffix(day: int) -> str:
    if 11 <= day <= 13:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


_SPECIFIERS: Final[dict[str, Callable[[datetime], str]]] = {
    "a": lambda m: _DAY_NAMES[m.weekday()][:3],
    "b": lambda m: _MONTH_NAMES[m.month][:3],
    "c": lambda m: str(m.month),
    "D": lambda m: f"{m.day}{_suffix(m.day)}",
    "d": lambda m: f"{m.day:02d}",
    "e": lambda m: str(m.day),
    "f": lambda m: f"{m.microsecond:06d}",
    "H": lambda m: f"{m.hour:02d}",
    "h": lambda m: f"{(m.hour + 11) % 12 + 1:02d}",
    "I": lambda m: f"{(m.hour + 11) % 12 + 1:02d}",
    "i": lambda m: f"{m.minute:02d}",
    "j": lambda m: f"{m.timetuple().tm_yday:03d}",
    "k": lambda m: str(m.hour),
    "l": lambda m: str((m.hour + 11) % 12 + 1),
    "M": lambda m: _MONTH_NAMES[m.month],
    "m": lambda m: f"{m.month:02d}",
    "p": lambda m: "AM" if m.hour < 12 else "PM",
    "r": lambda m: f"{(m.hour + 11) % 12 + 1:02d}:{m:%M:%S} {'AM' if m.hour < 12 else 'PM'}",
    "S": lambda m: f"{m.second:02d}",
    "s": lambda m: f"{m.second:02d}",
    "T": lambda m: f"{m:%H:%M:%S}",
    "U": lambda m: f"{week_of(m.date(), 0)[1]:02d}",
    "u": lambda m: f"{week_of(m.date(), 1)[1]:02d}",
    "V": lambda m: f"{week_of(m.date(), 2)[1]:02d}",
    "v": lambda m: f"{week_of(m.date(), 3)[1]:02d}",
    "W": lambda m: _DAY_NAMES[m.weekday()],
    "w": lambda m: str((m.weekday() + 1) % 7),
    "X": lambda m: f"{week_of(m.date(), 2)[0]:04d}",
    "x": lambda m: f"{week_of(m.date(), 3)[0]:04d}",
    "Y": lambda m: f"{m.year:04d}",
    "y": lambda m: f"{m.year % 100:02d}",
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
            size += 1
        at += 1
    return size


def formatted(moment: datetime, pattern: str) -> str:
    def shown(match: re.Match[str]) -> str:
        specifier = _SPECIFIERS.get(match[1])
        return specifier(moment) if specifier else match[1]

    return re.sub(r"%(.)", shown, pattern, flags=re.DOTALL)


@implement("date_format")
def date_format(context: Context, call: Call, moment: datetime, pattern: str) -> str | None:
    return formatted(moment, pattern) if pattern else None


@implement("time_format")
def time_format(context: Context, call: Call, span: timedelta, pattern: str) -> str | None:
    hours = abs(span) // timedelta(hours=1)
    rest = abs(span) - timedelta(hours=hours)
    moment = datetime(2000, 1, 1, hours % 24) + rest
    sign = "-" if span < timedelta(0) else ""
    pattern = pattern.replace("%H", f"{sign}{hours:02d}").replace("%k", f"{sign}{hours}")
    return formatted(moment, pattern) if pattern else None


@build_as("str_to_date", 2)
def build_str_to_date(typing: Typing, args: Sequence[Expression]) -> Expression:
    pattern = args[1]
    made = datetime_type(6)
    if isinstance(pattern, Literal) and isinstance(pattern.value, str):
        used = set(re.findall(r"%(.)", pattern.value))
        fsp = 6 if "f" in used else 0
        has_date, has_time = used & _DATE_SPECIFIERS, used & _TIME_SPECIFIERS
        made = datetime_type(fsp)
        if has_date and not has_time:
            made = date_type()
        elif has_time and not has_date:
            made = time_type(fsp)
    return typing.call("str_to_date", made, typing.as_string(args[0]), typing.as_string(pattern))


_READERS: Final = {
    "Y": (r"(?P<Y>\d{1,4})"), "y": r"(?P<y>\d{1,2})", "m": r"(?P<m>\d{1,2})",
    "c": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})", "e": r"(?P<d>\d{1,2})",
    "D": r"(?P<d>\d{1,2})(?:st|nd|rd|th)", "H": r"(?P<H>\d{1,2})", "k": r"(?P<H>\d{1,2})",
    "h": r"(?P<h>\d{1,2})", "I": r"(?P<h>\d{1,2})", "l": r"(?P<h>\d{1,2})",
    "i": r"(?P<i>\d{1,2})", "s": r"(?P<s>\d{1,2})", "S": r"(?P<s>\d{1,2})",
    "f": r"(?P<f>\d{1,6})", "p": r"(?P<p>[AaPp][Mm])", "j": r"(?P<j>\d{1,3})",
    "M": r"(?P<M>[A-Za-z]+)", "b": r"(?P<b>[A-Za-z]{3})", "W": r"[A-Za-z]+", "a": r"[A-Za-z]{3}",
    "T": r"(?P<H>\d{1,2}):(?P<i>\d{1,2}):(?P<s>\d{1,2})",
    "r": r"(?P<h>\d{1,2}):(?P<i>\d{1,2}):(?P<s>\d{1,2}) (?P<p>[AaPp][Mm])",
}  # fmt: skip


def parse_by(text: str, pattern: str) -> datetime | timedelta | date | None:
    """`text` read by `pattern`; None when it does not fit."""
    expression = re.sub(
        r"%(.)|(\s+)|(.)",
        lambda m: (
            _READERS.get(m[1], re.escape(m[1])) if m[1] else (r"\s*" if m[2] else re.escape(m[3]))
        ),
        pattern,
        flags=re.DOTALL,
    )
    try:
        match = re.match(r"\s*" + expression, text)
    except re.error:
        return None
    if match is None:
        return None
    found = {key: value for key, value in match.groupdict().items() if value is not None}
    return _assembled(found)


def _assembled(found: dict[str, str]) -> datetime | timedelta | None:
    hour = int(found.get("H", 0))
    if "h" in found:
        hour = int(found["h"]) % 12 + (12 if found.get("p", "AM").upper() == "PM" else 0)
    micros = temporal.microseconds(found.get("f"))
    clock = timedelta(
        hours=hour,
        minutes=int(found.get("i", 0)),
        seconds=int(found.get("s", 0)),
        microseconds=micros,
    )
    if not found.keys() & {"Y", "y", "m", "d", "j", "M", "b"}:
        return clock
    year = int(found.get("Y", 0))
    if "y" in found:
        year = int(found["y"]) + (2000 if int(found["y"]) < 70 else 1900)
    month = int(found.get("m", 0))
    for key, names in (("M", _MONTH_NAMES), ("b", [name[:3] for name in _MONTH_NAMES])):
        if key in found:
            folded = [name.lower() for name in names]
            month = folded.index(found[key].lower()) if found[key].lower() in folded else 0
    try:
        if "j" in found:
            return datetime(year, 1, 1) + timedelta(days=int(found["j"]) - 1) + clock
        return datetime(year, month, int(found.get("d", 0))) + clock
    except ValueError:
        return None


@implement("str_to_date")
def str_to_date(context: Context, call: Call, text: str, pattern: str) -> Any:
    value = parse_by(text, pattern)
    wanted = call.type.cls
    if isinstance(value, datetime) and wanted is Class.DATE:
        return value.date()
    if isinstance(value, timedelta) and wanted is Class.DATETIME:
        value = None
    if value is None:
        kind = {Class.DATE: "datetime", Class.TIME: "time"}.get(wanted, "datetime")
        context.warn(1411, f"Incorrect {kind} value: '{text}' for function str_to_date")
    return value

"""STR_TO_DATE: text read by a pattern of % specifiers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from mysqlcompat import temporal, temporal_text
from mysqlcompat.character_sets import decoded, encoded, representable
from mysqlcompat.functions.definitions import build_as, implement
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.weeks import day_number, days_in_year, weekday
from mysqlcompat.message_text import shown, shown_bytes
from mysqlcompat.partial_dates import make_date, make_datetime
from mysqlcompat.short_texts import remembered
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression, is_constant
from mysqlcompat.sqltypes import Class, date_type, datetime_type, time_type
from mysqlcompat.temporal_text import plain_moment
from mysqlcompat.time_locales import ENGLISH

_TIME_SPECIFIERS: Final = frozenset("fHISThiklprs")
_DATE_SPECIFIERS: Final = frozenset("MVUXYWabcjmvuxyDdew")
_DIGITS: Final = re.compile(r"\+?[0-9]+")
_SPACE: Final = " \t\n\r\v\f"
_LAST_DAY: Final = 3652424
#: Specifier -> (field, most digits).
_NUMBERS: Final = {
    "Y": ("year", 4), "m": ("month", 2), "c": ("month", 2), "d": ("day", 2), "e": ("day", 2),
    "H": ("hour", 2), "k": ("hour", 2), "h": ("hour", 2), "I": ("hour", 2), "l": ("hour", 2),
    "i": ("minute", 2), "s": ("second", 2), "S": ("second", 2), "j": ("day_of_year", 3),
    "w": ("weekday", 1), "U": ("week", 2), "u": ("week", 2), "V": ("week", 2), "v": ("week", 2),
    "X": ("week_year", 4), "x": ("week_year", 4),
}  # fmt: skip


class Misfit(Exception):
    """The text does not fit the pattern."""


@dataclass(slots=True)
class _Reader:
    """A text being read; -1 is "not given"."""

    text: str
    at: int = 0
    found: dict[str, int] = field(default_factory=dict)
    week_letter: str = ""
    half_clock: bool = False
    afternoon: int = 0

    def skip_space(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1

    def number(self, most: int) -> tuple[int, int]:
        """(value, characters) of up to `most` digits, a plus before them counted as one."""
        match = _DIGITS.match(self.text, self.at, self.at + most)
        if match is None:
            raise Misfit
        self.at = match.end()
        return int(match[0]), len(match[0])

    def word(self, names: Sequence[str]) -> int:
        """Number of the name, or of the only one that begins so, from 1."""
        match = re.compile(r"[A-Za-z]+").match(self.text, self.at)
        if match is None:
            raise Misfit
        word = match[0].lower()
        exact = [number for number, name in enumerate(names, 1) if name.lower() == word]
        near = [number for number, name in enumerate(names, 1) if name.lower().startswith(word)]
        chosen = exact or near
        if len(chosen) != 1:
            raise Misfit
        self.at = match.end()
        return chosen[0]

    def skip(self, wanted: Any) -> None:
        while self.at < len(self.text) and wanted(self.text[self.at]):
            self.at += 1

    def specifier(self, letter: str) -> None:
        if letter in _NUMBERS:
            name, most = _NUMBERS[letter]
            value, digits = self.number(most)
            if letter == "Y" and digits <= 2:
                value = _full_year(value)
            self.found[name] = value
            self._note(letter)
            return
        match letter:
            case "y":
                self.found["year"] = _full_year(self.number(2)[0])
            case "D":
                self.found["day"] = self.number(2)[0]
                self.at = min(self.at + 2, len(self.text))
            case "M" | "b":
                names = ENGLISH.months if letter == "M" else ENGLISH.short_months
                self.found["month"] = self.word(names)
            case "W" | "a":
                self.found["weekday"] = self.word(
                    ENGLISH.days if letter == "W" else ENGLISH.short_days
                )
            case "f":
                value, digits = self.number(6)
                self.found["micro"] = value * 10 ** (6 - digits)
            case "p":
                self._half()
            case "r":
                self.read("%I:%i:%S %p")
            case "T":
                self.read("%H:%i:%S")
            case ".":
                self.skip(lambda one: one.isascii() and one.isprintable() and not one.isalnum())
            case "@":
                self.skip(str.isalpha)
            case "#":
                self.skip(str.isdigit)
            case _:
                raise Misfit

    def _note(self, letter: str) -> None:
        if letter in "hIl":
            self.half_clock = True
        elif letter == "w":
            value = self.found["weekday"]
            if value >= 7:
                raise Misfit
            self.found["weekday"] = value or 7
        elif letter in "UuVv":
            if self.found["week"] > 53 or (letter in "Vv" and not self.found["week"]):
                raise Misfit
            self.week_letter = letter
        elif letter in "Xx":
            self.found["year_letter"] = ord(letter)

    def _half(self) -> None:
        word = self.text[self.at : self.at + 2].upper()
        if word not in ("AM", "PM") or not self.half_clock:
            raise Misfit
        self.afternoon = 12 if word == "PM" else 0
        self.at += 2

    def read(self, pattern: str) -> None:
        """Read as far as the text goes; the rest of the pattern may go unused."""
        at = 0
        while at < len(pattern):
            self.skip_space()
            if self.at == len(self.text):
                return
            if pattern[at] == "%" and at + 1 < len(pattern):
                at += 1
                self.specifier(pattern[at])
            elif pattern[at] not in _SPACE:
                if self.text[self.at] != pattern[at]:
                    raise Misfit
                self.at += 1
            at += 1


def _full_year(value: int) -> int:
    return value + (2000 if value < 70 else 1900)


def _of_day_number(number: int) -> date:
    if not 366 <= number <= _LAST_DAY:
        raise Misfit
    return date.fromordinal(number - 365)


def _of_week(reader: _Reader) -> date:
    """A date by year, week and weekday."""
    found, letter = reader.found, reader.week_letter
    strict, sunday = letter in "Vv", letter in "UV"
    year = found.get("week_year" if strict else "year", 0)
    if strict and chr(found.get("year_letter", 0)) != ("X" if sunday else "x"):
        raise Misfit
    if not strict and "week_year" in found:
        raise Misfit
    first = day_number(year, 1, 1)
    at, day, week = weekday(first, sunday), found["weekday"], found["week"]
    if sunday:
        days = first + (0 if at == 0 else 7) - at + (week - 1) * 7 + day % 7
    else:
        days = first + (0 if at <= 3 else 7) - at + (week - 1) * 7 + (day - 1)
    return _of_day_number(days)


def read_by(text: str, pattern: str, kind: Class, flags: int) -> tuple[Any, bool]:
    """(value of the class `kind`, whole text was read). Raises Misfit."""
    reader = _Reader(text)
    reader.read(pattern)
    found = reader.found
    hour = found.get("hour", 0)
    if reader.half_clock:
        if not 1 <= hour <= 12 and (hour or reader.afternoon or "hour" in found):
            raise Misfit
        hour = hour % 12 + reader.afternoon
    year, month, day = (found.get(name, 0) for name in ("year", "month", "day"))
    if found.get("day_of_year", 0) > 0:
        if found["day_of_year"] > days_in_year(year) and not year:
            raise Misfit
        made = _of_day_number(day_number(year, 1, 1) + found["day_of_year"] - 1)
        year, month, day = made.year, made.month, made.day
    if "week" in found and "weekday" in found:
        made = _of_week(reader)
        year, month, day = made.year, made.month, made.day
    minute, second = found.get("minute", 0), found.get("second", 0)
    if month > 12 or day > 31 or hour > 23 or minute > 59 or second > 59:
        raise Misfit
    micros = found.get("micro", 0)
    whole = not reader.text[reader.at :].strip(_SPACE)
    if kind is Class.TIME:
        span = timedelta(hours=hour + 24 * day, minutes=minute, seconds=second, microseconds=micros)
        return span, whole
    not_zero = any((year, month, day, hour, minute, second, micros))
    if not (year and month and day) and flags & temporal_text.NO_ZERO_DATE:
        raise Misfit
    if temporal_text.check_date(year, month, day, not_zero, flags):
        raise Misfit
    if kind is Class.DATE:
        return make_date(year, month, day), whole
    return make_datetime(year, month, day, hour, minute, second, micros), whole


@build_as("str_to_date", 2)
def build_str_to_date(typing: Typing, args: Sequence[Expression]) -> Expression:
    pattern = args[1]
    made = datetime_type(6)
    written = typing.constant_value(typing.as_string(pattern))
    if written is not None:
        written = written.decode("latin-1") if isinstance(written, bytes) else written
        used = set(re.findall(r"%(.)", written, re.DOTALL))
        fsp = 6 if "f" in used else 0
        if not used & _TIME_SPECIFIERS:
            made = date_type()
        elif used & _DATE_SPECIFIERS:
            made = datetime_type(fsp)
        else:
            made = time_type(fsp)
    text, pattern = typing.as_characters(args[0]), typing.as_characters(pattern)
    return typing.call("str_to_date", made, text, pattern)


_SHOWN: Final = 127  #: bytes of a text in messages


#: Specifiers of a plain pattern: the argument of `datetime` that each gives.
PLAIN: Final = {
    "Y": 0, "m": 1, "c": 1, "d": 2, "e": 2, "H": 3, "k": 3, "i": 4, "s": 5, "S": 5, "f": 6,
}  # fmt: skip
_SHOWN_FORMS: Final = ("%Y-%m-%d", "%Y-%m-%d %H:%i:%s", "%Y-%m-%d %H:%i:%S", "%Y-%m-%d %T")


@remembered(256)
def _plain(pattern: str) -> tuple[re.Pattern[str], tuple[int, ...]] | None:
    """An expression for texts that fit a pattern of plain numbers as a whole, and which arguments
    of `datetime` its groups are; None: there is more in it."""
    parts = plain_parts(pattern)
    if parts is None:
        return None
    made = "".join(
        _BLANKS + (re.escape(one) if isinstance(one, str) else f"([0-9]{{1,{one[1]}}}+)")
        for one in parts
    )
    return re.compile(made + _BLANKS), tuple(one[0] for one in parts if not isinstance(one, str))


def plain_parts(pattern: str) -> list[str | tuple[int, int]] | None:
    """A pattern of plain numbers: characters, and (argument of `datetime`, most digits) of which
    none comes twice; None: there is more in it."""
    parts: list[str | tuple[int, int]] = []
    places = set()
    split = re.split(r"%(.)", pattern.replace("%T", "%H:%i:%S"), flags=re.DOTALL)
    for number, part in enumerate(split):
        if number % 2:
            place = PLAIN.get(part)
            if place is None or place in places:
                return None
            places.add(place)
            parts.append((place, 6 if part == "f" else _NUMBERS[part][1]))
        elif "%" in part:
            return None
        else:
            parts += [one for one in part if one not in _SPACE]
    return parts


_BLANKS: Final = r"[ \t\n\r\v\f]*+"


def _column(
    context: Context, call: Call, texts: Sequence[Any], patterns: Sequence[Any]
) -> list[Any] | None:
    """STR_TO_DATE with one plain pattern; what does not fit it, or is no day, value by value."""
    pattern = patterns[0]
    if not isinstance(pattern, str) or not is_constant(call.args[1]):
        return None
    kind, way = call.type.cls, _plain(pattern)
    if way is None or (kind is not Class.TIME and not {0, 1, 2} <= set(way[1])):
        return None
    match, places = way[0].fullmatch, way[1]
    is_shown, is_date = pattern in _SHOWN_FORMS, kind is Class.DATE
    made: list[Any] = []
    for text in texts:
        if text is None:
            made.append(None)
            continue
        read = plain_moment(text) if is_shown else None
        if read is not None and (not is_date or read.kind == temporal_text.DATE):
            value: Any = read.value
        else:
            fields = match(text)
            value = None if fields is None else _moment(fields.groups(), places)
        if value is None:
            made.append(str_to_date(context, call, text, pattern))
        elif kind is Class.TIME:
            made.append(temporal.time_of(value))
        else:
            made.append(value.date() if is_date else value)
    return made


def _moment(fields: Sequence[str], places: Sequence[int]) -> datetime | None:
    """None of what is no day, or has a year of two digits."""
    values = [_LEAST_YEAR, 1, 1, 0, 0, 0, 0]
    for place, written in zip(places, fields, strict=True):
        values[place] = int(written)
        if place == _FRACTION:
            values[place] *= 10 ** (6 - len(written))
    try:
        return datetime(*values) if values[0] >= _LEAST_YEAR else None  # type: ignore[arg-type]
    except ValueError:
        return None


_FRACTION: Final = 6  #: place of the µs
_LEAST_YEAR: Final = 100  #: of those that are not taken for one of two digits


@implement("str_to_date", pure=False, settled=True, columns=_column)
def str_to_date(context: Context, call: Call, text: str, pattern: str) -> Any:
    kind = call.type.cls
    try:
        value, whole = read_by(text, pattern, kind, temporal_text.date_flags(context.sql_mode))
    except Misfit:
        said = text if call.args[0].type.charset != "latin1" else representable(text, "ascii")
        said = shown_bytes(said.partition("\0")[0], _SHOWN)
        context.warn(1411, f"Incorrect datetime value: '{said}' for function str_to_date")
        return None
    if not whole:  # MySQL takes the bytes of whatever it is for Latin-1
        said = shown(decoded(encoded(text, call.args[0].type.collation), "latin1"))
        context.warn(1292, f"Truncated incorrect {kind.name.lower()} value: '{said}'")
    return min(value, temporal.TIME_LIMIT) if kind is Class.TIME else value

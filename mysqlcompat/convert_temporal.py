"""Conversion to dates and times: what CAST does, and what functions do to their arguments.

What cannot be converted is NULL, with a warning 1292 in MySQL's words.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal
from mysqlcompat import temporal_text as reading
from mysqlcompat.character_sets import bytes_beyond
from mysqlcompat.jsonb import Json
from mysqlcompat.message_text import shown, shown_number
from mysqlcompat.numerals import EXACT, decimal_text, double_text
from mysqlcompat.partial_dates import (
    AnyDate,
    AnyDatetime,
    PartialDate,
    PartialDatetime,
    has_clock,
    make_datetime,
)
from mysqlcompat.sqltypes import SqlType
from mysqlcompat.temporal_text import Reading

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context

_I63: Final = 1 << 63
_MOST_DOUBLE: Final = 1e18  #: that is read as a date


def to_date(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> AnyDate | None:
    if isinstance(value, date | PartialDate) and not has_clock(value):
        return value
    if isinstance(value, timedelta):
        return date_of_span(context, value)
    moment = moment_of(context, value, source, "date", name)
    return moment.date() if moment is not None else None


def date_of_span(context: Context, span: timedelta) -> date:
    """A time of today, or what is that far from now."""
    now = temporal.local_of_us(context.now_us, context.time_zone).replace(microsecond=0)
    if timedelta(0) <= span < timedelta(days=1):
        return now.date()
    return (now + span).date()


def to_datetime(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> AnyDatetime | None:
    flags = reading.date_flags(context.sql_mode) | (reading.SILENT_FRACTION if explicit else 0)
    moment = moment_of(context, value, source, "datetime", name, flags)
    if moment is None:
        return None
    step = 10 ** (6 - target.scale)
    if isinstance(moment, PartialDatetime) and 2 * (moment.microsecond % step) >= step > 1:
        return None  # there is no next second
    try:
        rounded: AnyDatetime = temporal.with_fsp(
            moment, target.scale, round_up="TIME_TRUNCATE_FRACTIONAL" not in context.sql_mode
        )
    except OverflowError:
        context.warn(1441, "Datetime function: datetime field overflow")
        return None
    return rounded


def moment_of(
    context: Context,
    value: Any,
    source: SqlType,
    wanted: str = "datetime",
    name: str = "",
    flags: int | None = None,
) -> AnyDatetime | None:
    """`value` as a point in time, with all its fractional digits; None after a warning.

    flags   what a date may be (`temporal_text.date_flags`); by default what sql_mode lets in
    """
    flags = reading.date_flags(context.sql_mode) if flags is None else flags
    match value:
        case datetime() | PartialDatetime():
            return value
        case date() | PartialDate():
            return make_datetime(value.year, value.month, value.day)
        case timedelta():
            return _midnight(context.now_us, context.time_zone) + value
        case int() if source.kind is TypeKind.YEAR and value:
            return datetime(value, 1, 1)
        case int() if source.kind is not TypeKind.BIT:
            return _moment_of_integer(context, value, wanted, flags)
        case Decimal() | float():
            return _moment_of_fraction(context, value, wanted, flags)
        case Json(value=document):
            return _moment_of_json(context, document, source, wanted, name)
    text = value if isinstance(value, str | bytes) else bit_bytes(value, source)
    return _moment_of_text(context, text, wanted, flags)


@lru_cache(maxsize=64)
def _midnight(now_us: int, time_zone: str) -> datetime:
    """The beginning of today."""
    today = temporal.local_of_us(now_us, time_zone)
    return datetime(today.year, today.month, today.day)


def bit_bytes(value: int, source: SqlType) -> bytes:
    """A BIT where a string is wanted."""
    return value.to_bytes(max(-(-source.length // 8), 1), "big")


def _read_number(number: int, wanted: str, flags: int) -> Reading:
    if wanted == "date":
        return reading.date_of_number(number, flags)
    return reading.datetime_of_number(number, flags)


def _moment_of_integer(context: Context, value: int, wanted: str, flags: int) -> AnyDatetime | None:
    read = _read_number(value, wanted, flags)
    if read.value is None:
        context.warn(1292, f"Incorrect datetime value: '{shown_number(value)}'")
    assert not isinstance(read.value, timedelta)
    return read.value


def _moment_of_fraction(
    context: Context, value: Decimal | float, wanted: str, flags: int
) -> AnyDatetime | None:
    exact = value if isinstance(value, Decimal) else Decimal(double_text(value))
    whole = int(exact)
    read = _read_number(whole, wanted, flags)
    if exact < 0 and wanted != "date":
        read.value = None
    if read.value is None:
        text = double_text(value) if isinstance(value, float) else decimal_text(exact)
        if wanted == "date" and isinstance(value, Decimal) and not -_I63 <= whole < _I63:
            context.warn(1292, f"Truncated incorrect DECIMAL value: '{whole}'")
        if wanted == "date" and isinstance(value, float) and abs(value) <= _MOST_DOUBLE:
            context.warn(1292, f"Incorrect datetime value: '{whole}'")
        elif wanted == "date":
            context.warn(1292, f"Truncated incorrect date value: '{text}'")
        else:
            context.warn(1292, f"Incorrect datetime value: '{text}'")
        return None
    nanos = int(EXACT.scaleb(abs(exact) - abs(whole), 9))
    micros = (nanos + (0 if flags & reading.CUT_FRACTION else 500)) // 1000
    if read.kind == reading.DATE:  # whose fraction is lost
        if nanos and wanted != "date" and not flags & reading.SILENT_FRACTION:
            text = double_text(value) if isinstance(value, float) else decimal_text(exact)
            context.warn(1292, f"Truncated incorrect date value: '{text}'")
        micros = 0
    assert not isinstance(read.value, timedelta)
    if isinstance(read.value, datetime):
        try:
            return read.value + timedelta(microseconds=micros)
        except OverflowError:
            text = double_text(value) if isinstance(value, float) else decimal_text(exact)
            context.warn(1441, "Datetime function: datetime field overflow")
            context.warn(1292, f"Truncated incorrect datetime value: '{text}'")
            return None
    return replace(read.value, microsecond=min(micros, 999999))


_DATE_LIKE: Final = re.compile(r"\d{1,4}-\d{1,2}-\d{1,2}")


def _moment_of_json(
    context: Context, document: Any, source: SqlType, wanted: str, name: str
) -> AnyDatetime | None:
    match document:
        case str() if temporal.parse_datetime(document)[0] is not None:
            return _moment_of_text(context, document, wanted, reading.date_flags(context.sql_mode))
        case datetime() | date():
            return moment_of(context, document, source, wanted)
        case str() if wanted == "date" and _DATE_LIKE.match(document):
            return None  # no such day: MySQL does not say so
    kind = "DATE" if wanted == "date" else "DATETIME/TIMESTAMP"
    row = context.row
    context.warn(3156, f"Invalid JSON value for CAST to {kind} from column {name} at row {row}")
    return None


def _moment_of_text(
    context: Context, text: str | bytes, wanted: str, flags: int
) -> AnyDatetime | None:
    plain = text.decode("latin-1") if isinstance(text, bytes) else text
    read = reading.read_datetime(plain, flags)
    if read.value is None:
        kind = "Truncated incorrect date" if wanted == "date" else f"Incorrect {wanted}"
        if read.rounds:  # to the year 10000
            context.warn(1441, "Datetime function: datetime field overflow")
            kind = f"Truncated incorrect {wanted}"
        context.warn(1292, f"{kind} value: '{shown(text)}'")
        return None
    if read.warnings:
        kind = "date" if wanted == "date" or read.kind == reading.DATE else "datetime"
        context.warn(1292, f"Truncated incorrect {kind} value: '{shown(text)}'")
    assert not isinstance(read.value, timedelta)
    return localised(context, read)


def localised(context: Context, read: Reading) -> AnyDatetime:
    """A text with an offset means a moment: on the session's clock."""
    moment = read.value
    assert not isinstance(moment, timedelta)
    assert moment is not None
    return temporal.utc_to_local(moment, context.time_zone) if read.moved else moment


def to_time(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> timedelta | None:
    span = span_of(context, value, source, name)
    if span is None:
        return None
    round_up = "TIME_TRUNCATE_FRACTIONAL" not in context.sql_mode
    rounded: timedelta = temporal.with_fsp(span, target.scale, round_up)
    return min(max(rounded, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)


def span_of(context: Context, value: Any, source: SqlType, name: str = "") -> timedelta | None:
    """`value` as a TIME, with all its fractional digits; None after a warning."""
    match value:
        case timedelta():
            return value
        case datetime() | PartialDatetime():
            return temporal.time_of(value)
        case date() | PartialDate():
            return timedelta(0)
        case int() if source.kind is TypeKind.YEAR:
            return timedelta(0)
        case Json(value=document):
            return _span_of_json(context, document, source, name)
        case int() if source.kind is not TypeKind.BIT:
            signed = value if -_I63 <= value < _I63 else int(shown_number(value))
            read, text = reading.time_of_number(signed), str(signed)
        case Decimal() | float():
            return _span_of_fraction(context, value)
        case _:
            given = value if isinstance(value, str | bytes) else bit_bytes(value, source)
            plain = given.decode("latin-1") if isinstance(given, bytes) else given
            flags = reading.date_flags(context.sql_mode)
            beyond = bytes_beyond(given, source.collation)
            read, text = reading.read_time(plain, flags, beyond), shown(given)
    is_none = read.kind == reading.DATE or (isinstance(value, int) and read.warnings)
    if read.warnings or read.value is None:
        context.warn(1292, f"Truncated incorrect time value: '{text}'")
    return None if is_none else _span(read)


def _span(read: Reading) -> timedelta | None:
    if isinstance(read.value, datetime | PartialDatetime):
        return temporal.time_of(read.value)
    return read.value


def _span_of_fraction(context: Context, value: Decimal | float) -> timedelta | None:
    exact = value if isinstance(value, Decimal) else Decimal(double_text(value))
    read = reading.time_of_number(int(exact))
    span = _span(read)
    if read.warnings or span is None:
        text = double_text(value) if isinstance(value, float) else str(exact)
        context.warn(1292, f"Truncated incorrect time value: '{text}'")
        return None
    micros = int(EXACT.scaleb(abs(exact) - abs(int(exact)), 6))
    return span + timedelta(microseconds=micros if exact >= 0 else -micros)


def _span_of_json(context: Context, document: Any, source: SqlType, name: str) -> timedelta | None:
    if isinstance(document, timedelta):
        return document
    if isinstance(document, str):
        read = reading.read_time(document, reading.date_flags(context.sql_mode))
        is_dated = read.kind in (reading.DATE, reading.DATETIME)
        if not read.warnings and (is_dated or ":" in document):
            return _span(read)
    row = context.row
    context.warn(3156, f"Invalid JSON value for CAST to TIME from column {name} at row {row}")
    return None

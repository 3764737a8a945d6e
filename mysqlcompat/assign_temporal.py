"""Assignment to DATE, DATETIME, TIMESTAMP and TIME columns.

What is wrong with a value is an error 1292 in strict mode. Outside it a warning 1265 (cut) or 1264
(out of range), and the value is zero, or the limit of TIME.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal
from mysqlcompat import temporal_text as reading
from mysqlcompat.convert_temporal import bit_bytes, moment_of, span_of
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.table import Context
from mysqlcompat.jsonb import Json
from mysqlcompat.message_text import shown, shown_number
from mysqlcompat.numerals import double_text
from mysqlcompat.partial_dates import (
    ZERO_DATETIME,
    AnyDate,
    AnyDatetime,
    PartialDate,
    PartialDatetime,
    has_clock,
    make_datetime,
)
from mysqlcompat.sqltypes import SqlType
from mysqlcompat.temporal_text import Reading
from mysqlcompat.values import text_of

_EARLIEST: Final = datetime(1970, 1, 1, 0, 0, 1)
_LATEST: Final = datetime(2038, 1, 19, 3, 14, 7, 999999)


class Target:
    """The column a value goes to, for messages."""

    def __init__(self, context: Context, column: str, word: str) -> None:
        self.context = context
        self.column = column
        self.word = word  #: "date", "time", "datetime"

    def judge(self, warnings: int, text: str, failed: bool = False) -> None:
        """Complain about what a reading found wrong."""
        if warnings & reading.TRUNCATED or (failed and not warnings):
            self._complain(1265, text)
        elif warnings:
            self._complain(1264, text)

    def _complain(self, errno: int, text: str) -> None:
        context = self.context
        if context.strict:
            raise SqlError(1292, self.word, text, self.column, context.row)
        context.warn(errno, SqlError(errno, self.column, context.row).message)

    def note(self, text: str) -> None:
        """The time of day of a DATE, or the date of a TIME, is lost."""
        context = self.context
        error = SqlError(1265, self.column, context.row)
        if context.strict:
            error = SqlError(1292, self.word, text, self.column, context.row)
        context.warn(error.errno, error.message, "Note")


def to_date_column(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, origin: str
) -> AnyDate | None:
    wanted = Target(context, column, "date")
    moment, text = _moment(context, value, source, wanted, origin)
    if moment is None:
        return None
    if temporal.time_of(moment):
        whole = _whole_seconds(context, moment, wanted, text)
        if whole is None:
            return ZERO_DATETIME.date()
        moment = whole
        if temporal.time_of(moment) and not isinstance(value, Json):
            wanted.note(_noted(value, moment, text))
    return moment.date()


def _noted(value: Any, moment: AnyDatetime, text: str) -> str:
    """What a note shows of a value whose time of day is lost."""
    if isinstance(value, timedelta):
        return text.partition(".")[0]
    return temporal.datetime_text(moment) if has_clock(value) else text


def _whole_seconds(
    context: Context, moment: AnyDatetime, wanted: Target, text: str, fsp: int = 0
) -> AnyDatetime | None:
    """`moment` rounded; None when that is past the last year."""
    try:
        rounded: AnyDatetime = temporal.with_fsp(
            moment, fsp, round_up="TIME_TRUNCATE_FRACTIONAL" not in context.sql_mode
        )
    except OverflowError:
        context.warn(1441, SqlError(1441, "datetime").message)
        wanted.judge(reading.OUT_OF_RANGE, text)
        return None
    return rounded


def to_datetime_column(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, origin: str
) -> AnyDatetime | None:
    wanted = Target(context, column, "datetime")
    moment, text = _moment(context, value, source, wanted, origin, target.kind)
    if moment is None:
        return None
    rounded = _whole_seconds(context, moment, wanted, text, target.scale)
    if rounded is None:
        return ZERO_DATETIME
    if target.kind is TypeKind.TIMESTAMP and isinstance(rounded, datetime):
        utc = temporal.local_to_utc(rounded, context.time_zone)
        if not _EARLIEST <= utc <= _LATEST:
            wanted.judge(reading.OUT_OF_RANGE, text)
            return ZERO_DATETIME
        if temporal.is_in_gap(rounded, utc, context.time_zone):
            return _end_of_gap(context, text or temporal.datetime_text(rounded), utc, wanted)
    return rounded


def _end_of_gap(context: Context, text: str, utc: datetime, wanted: Target) -> datetime:
    """What stands for a time that clocks never show."""
    if context.strict:
        raise SqlError(1292, wanted.word, text, wanted.column, context.row)
    context.warn(1299, SqlError(1299, wanted.column, context.row).message)
    shown_then: datetime = temporal.utc_to_local(utc, context.time_zone)
    return shown_then


def _moment(
    context: Context,
    value: Any,
    source: SqlType,
    wanted: Target,
    origin: str,
    kind: TypeKind = TypeKind.DATE,
) -> tuple[AnyDatetime | None, str]:
    """The point in time a value means, zero if it means none, and its text for messages."""
    flags = reading.date_flags(context.sql_mode)
    if kind is TypeKind.TIMESTAMP:
        flags = (flags | reading.NO_ZERO_IN_DATE) & ~reading.INVALID_DATES
    match value:
        case Json():
            return _moment_of_json(context, value, source, wanted, origin), ""
        case timedelta() | date() | PartialDate():
            return _of_temporal(context, value, source, wanted, flags)
        case int() if source.kind is not TypeKind.BIT:
            read, text = reading.datetime_of_number(value, flags), shown_number(value)
            read.warnings = reading.OUT_OF_RANGE if value < 0 else read.warnings
        case Decimal() | float():
            exact = Decimal(double_text(value)) if isinstance(value, float) else value
            whole, text = int(exact), str(exact)
            read = reading.datetime_of_number(whole, flags)
            if isinstance(read.value, datetime):
                read.value += timedelta(microseconds=int((exact - whole) * 1000000))
        case _:
            given = value if isinstance(value, str | bytes) else bit_bytes(value, source)
            plain = given.decode("latin-1") if isinstance(given, bytes) else given
            read, text = reading.read_datetime(plain, flags), shown(given)
    return _accepted(context, read, text, wanted), text


def _accepted(context: Context, read: Reading, text: str, wanted: Target) -> AnyDatetime:
    if read.value is None:
        wanted.judge(read.warnings, text, True)
        return ZERO_DATETIME
    wanted.judge(read.warnings, text)
    assert not isinstance(read.value, timedelta)
    return temporal.utc_to_local(read.value, context.time_zone) if read.moved else read.value


def _of_temporal(
    context: Context, value: Any, source: SqlType, wanted: Target, flags: int
) -> tuple[AnyDatetime, str]:
    text = text_of(value, source)
    if isinstance(value, timedelta):
        moment = moment_of(context, value, source)
        assert moment is not None
        return moment, text
    moment = value if has_clock(value) else make_datetime(value.year, value.month, value.day)
    is_zero = not (value.year or value.month or value.day or temporal.time_of(moment))
    fault = reading.check_date(value.year, value.month, value.day, not is_zero, flags)
    if fault:
        wanted.judge(fault, text)
        return ZERO_DATETIME, text
    return moment, text


def _moment_of_json(
    context: Context, value: Json, source: SqlType, wanted: Target, origin: str
) -> AnyDatetime | None:
    document = value.value
    known = temporal.parse_datetime(document)[0] if isinstance(document, str) else None
    if known is not None:
        if wanted.word == "datetime" and len(document.split()) == 1 and "T" not in document:
            wanted.judge(reading.TRUNCATED, temporal.date_text(known))  # a date is no moment
        return _moment(context, document, source, wanted, origin)[0]
    if isinstance(document, date):
        return moment_of(context, document, source)
    kind = "DATE" if wanted.word == "date" else "DATETIME/TIMESTAMP"
    error = SqlError(3156, kind, "", origin, context.row)
    if context.strict:
        raise error
    context.warn(3156, error.message)
    return None


def to_time_column(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, origin: str
) -> timedelta | None:
    wanted = Target(context, column, "time")
    span = _span(context, value, source, wanted, origin)
    if span is None:
        return None
    round_up = "TIME_TRUNCATE_FRACTIONAL" not in context.sql_mode
    rounded: timedelta = temporal.with_fsp(span, target.scale, round_up)
    return min(max(rounded, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)


def _span(
    context: Context, value: Any, source: SqlType, wanted: Target, origin: str
) -> timedelta | None:
    match value:
        case timedelta():
            return value
        case datetime() | PartialDatetime():
            return temporal.time_of(value)
        case date() | PartialDate():
            return timedelta(0)
        case Json(value=document):
            if isinstance(document, timedelta):
                return document
            if isinstance(document, str) and not context.strict:
                return span_of(context, value, source, origin)
            error = SqlError(3156, "TIME", "", origin, context.row)
            if context.strict:
                raise error
            context.warn(3156, error.message)
            return None
        case int() if source.kind is not TypeKind.BIT:
            read, text = reading.time_of_number(value), shown_number(value)
        case Decimal() | float():
            exact = Decimal(double_text(value)) if isinstance(value, float) else value
            read, text = reading.time_of_number(int(exact)), str(exact)
            if not isinstance(read.value, PartialDatetime | None) and not read.warnings:
                read.value += timedelta(microseconds=int((exact - int(exact)) * 1000000))
        case _:
            given = value if isinstance(value, str | bytes) else bit_bytes(value, source)
            plain = given.decode("latin-1") if isinstance(given, bytes) else given
            flags = reading.date_flags(context.sql_mode)
            read, text = reading.read_time(plain, flags), shown(given)
    wanted.judge(read.warnings, text)
    if isinstance(read.value, datetime | PartialDatetime) or read.has_date:
        wanted.note(text)
    if isinstance(read.value, datetime | PartialDatetime):
        return temporal.time_of(read.value)
    return read.value if read.value is not None else timedelta(0)

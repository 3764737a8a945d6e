"""Arguments that functions read themselves: dates that may lack a month or a day, and what is
either a time or a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat import convert_temporal as convert
from mysqlcompat import temporal, temporal_text
from mysqlcompat.character_sets import bytes_beyond
from mysqlcompat.convert import wrap
from mysqlcompat.functions.definitions import implement
from mysqlcompat.functions.table import Context
from mysqlcompat.jsonb import Json
from mysqlcompat.message_text import shown, text_for_number
from mysqlcompat.partial_dates import (
    AnyDate,
    AnyDatetime,
    PartialDate,
    PartialDatetime,
    make_datetime,
)
from mysqlcompat.sql.branches import branches_of
from mysqlcompat.sql.describe import origin_name
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Cast, ColumnRef, Expression
from mysqlcompat.sqltypes import (
    NUMERIC,
    Class,
    SqlType,
    date_type,
    datetime_type,
    double_type,
    int_type,
    time_type,
)
from mysqlcompat.values import text_of

_MICRO: Final = timedelta(microseconds=1)
_LEAST_DATE: Final = 10000101
_LEAST_MOMENT: Final = 10000000  #: more than a TIME has digits for
#: Days of the calendar alone, whatever sql_mode says.
CALENDAR: Final = temporal_text.NO_ZERO_DATE | temporal_text.NO_ZERO_IN_DATE


def own_type(arg: Expression) -> SqlType:
    """The type of `arg` where a date is wanted: a YEAR is one in a column, and where IF, CASE or
    NULLIF chose that; a number otherwise."""
    if arg.type.kind is not TypeKind.YEAR:
        return bits_type(arg)
    chosen = arg
    while isinstance(chosen, Call) and branches_of(chosen):
        chosen = chosen.args[branches_of(chosen)[0]]
    return arg.type if isinstance(chosen, ColumnRef) else int_type(4)


def bits_type(arg: Expression) -> SqlType:
    """The type of `arg`, where bits that a function computed are a number."""
    is_computed = isinstance(arg, Call) and not branches_of(arg)
    is_number = is_computed and arg.type.kind is TypeKind.BIT
    return int_type(arg.type.length) if is_number else arg.type


def fuzzy_moment(typing: Typing, arg: Expression, wanted: str = "datetime") -> Expression:
    """`arg` as a date whose month and day may be zero. `wanted`: what warnings call it."""
    made, arg = datetime_type(6).or_null(), typing.timely(arg)
    target = date_type() if wanted == "date" else made

    def own(inner: Expression) -> Expression:
        is_whole = inner.type.cls in (Class.DATE, Class.DATETIME)
        inner = inner if is_whole else typing.timely(inner)
        return inner if is_whole else typing.call(f"{wanted}@fuzzy", made, inner)

    is_plain = arg.type.cls in (Class.NULL, Class.TIME, Class.DATE)
    if not is_plain and (arg.type.cls is not Class.DATETIME or wanted == "date"):
        return typing.own_branches(arg, target, own) or own(arg)  # a chosen time is one of today
    return own(arg)


def day_of_number(typing: Typing, arg: Expression) -> Expression:
    """`arg` as a date; a number may have a day that its month has not."""
    target = date_type().or_null()

    def own(inner: Expression) -> Expression:
        is_number = inner.type.cls in NUMERIC and inner.type.kind is not TypeKind.BIT
        return typing.call("date@number", target, inner) if is_number else typing.as_date(inner)

    arg = typing.timely(arg)
    return typing.own_branches(arg, target, own) or own(arg)


def of_calendar(typing: Typing, arg: Expression) -> Expression:
    """`arg` where only days of the calendar will do: LAST_DAY wants one of its argument, too."""
    if not isinstance(arg, Call) or arg.function.name != "last_day":
        return arg
    return replace(arg, args=(_exact(typing, arg.args[0]),))


def _exact(typing: Typing, read: Expression) -> Expression:
    """What `fuzzy_moment` made of an argument, without months and days of zero."""
    if not isinstance(read, Call):
        return read
    if read.function.name == "date@fuzzy":
        return typing.cast(read.args[0], date_type().or_null())
    chosen = branches_of(read)
    args = (_exact(typing, one) if at in chosen else one for at, one in enumerate(read.args))
    return replace(read, args=tuple(args))


#: Classes whose values may be dates.
_DATED_NUMBERS: Final = (Class.INT, Class.DECIMAL, Class.DOUBLE, Class.JSON)


def dated_text(typing: Typing, arg: Expression) -> Expression:
    """A number or a document as the text of the date that it is; a FLOAT as a DOUBLE."""
    if arg.type.cls is Class.DOUBLE:
        arg = typing.timely(arg)
        is_short = arg.type.kind is TypeKind.FLOAT
        arg = Cast(double_type(nullable=arg.type.nullable), arg) if is_short else arg
    if arg.type.cls not in _DATED_NUMBERS or own_type(arg).kind is TypeKind.BIT:
        return arg
    return typing.call("date text", typing.as_string(arg).type.or_null(arg.type.nullable), arg)


@implement("date text", pure=False, settled=True)
def date_text(context: Context, call: Call, number: Any) -> str | None:
    """The number itself if it is none, or more than a date; NULL for a document that is none."""
    if isinstance(number, Json):
        arg = call.args[0]
        moment = convert.moment_of(context, number, arg.type, name=origin_name(arg))
        if moment is None or isinstance(number.value, str):
            return None if moment is None else number.value
        return shown_moment(moment)
    flags = temporal_text.date_flags(context.sql_mode)
    read = temporal_text.datetime_of_number(int(number), flags)
    is_whole = isinstance(number, int)
    text = str(wrap(number, False)) if is_whole else text_of(number, call.args[0].type)
    if read.value is None or read.kind != temporal_text.DATE:
        return text
    if not is_whole and number != int(number):
        context.warn(1292, f"Truncated incorrect date value: '{text}'")
    assert not isinstance(read.value, timedelta)
    return temporal.date_text(read.value)


def shown_moment(value: Any) -> str:
    """A moment, a TIME or a date as text, with a fraction of six digits if there is one."""
    micros = (
        value.microsecond
        if isinstance(value, datetime | PartialDatetime)
        else (abs(value) // _MICRO % 1000000 if isinstance(value, timedelta) else 0)
    )
    fsp = 6 if micros else 0
    if isinstance(value, datetime | PartialDatetime):
        return temporal.datetime_text(value, fsp)
    return (
        temporal.time_text(value, fsp)
        if isinstance(value, timedelta)
        else temporal.date_text(value)
    )


def clock_or_moment(typing: Typing, arg: Expression) -> Expression:
    """`arg` as a TIME; a string that is a whole timestamp stays one."""
    if arg.type.cls in (Class.TIME, Class.DATE, Class.DATETIME):
        return arg
    text = typing.as_string(arg) if arg.type.cls is Class.JSON else arg
    return typing.call("clock@any", time_type(6).or_null(), text)


def moment_or_clock(typing: Typing, arg: Expression) -> Expression:
    """`arg` as the date it is, else as a TIME."""
    made = datetime_type(6).or_null()

    def own(inner: Expression) -> Expression:
        return typing.call("clock@date", made, inner)

    return typing.own_branches(arg, time_type(6), own) or own(arg)


@implement("datetime@fuzzy,date@fuzzy", pure=False, settled=True)
def read_fuzzy(context: Context, call: Call, value: Any) -> Any:
    wanted = call.function.name.partition("@")[0]
    if isinstance(value, timedelta) and wanted == "date":
        day = convert.date_of_span(context, value)
        return make_datetime(day.year, day.month, day.day)
    return read_moment(context, call.args[0], value, wanted)


def read_moment(context: Context, source: Expression, value: Any, wanted: str = "datetime") -> Any:
    """The value of `source` as a moment whose month and day may be zero; a number may be zero, and
    have a day that its month has not."""
    refused = {"NO_ZERO_IN_DATE"}
    is_number = isinstance(value, int | Decimal | float) and source.type.kind is not TypeKind.BIT
    if is_number:
        refused.add("NO_ZERO_DATE")
    allowed = temporal_text.date_flags(context.sql_mode - refused)
    allowed |= temporal_text.INVALID_DATES if is_number else 0
    name = origin_name(source)
    return convert.moment_of(context, value, own_type(source), wanted, name, allowed)


@implement("date@number", pure=False, settled=True)
def read_number(context: Context, call: Call, value: Any) -> AnyDate | None:
    """A number as a date, which may have a day that its month has not."""
    source = call.args[0]
    flags = temporal_text.date_flags(context.sql_mode) | temporal_text.INVALID_DATES
    made = convert.moment_of(context, value, own_type(source), "date", "", flags)
    return None if made is None else made.date()


@implement("clock@date", pure=False, settled=True)
def read_moment_or_clock(context: Context, call: Call, value: Any) -> Any:
    allowed = temporal_text.date_flags(context.sql_mode - {"NO_ZERO_IN_DATE"})
    read, arg = None, call.args[0]
    if isinstance(value, date | PartialDate):
        return convert.moment_of(context, value, arg.type)
    if isinstance(value, str | bytes):
        anything = temporal_text.FUZZY | temporal_text.INVALID_DATES
        if temporal_text.read_datetime(text_for_number(value), anything).is_plain:
            return convert.moment_of(context, value, arg.type, flags=allowed)
    elif isinstance(value, int) and own_type(call.args[0]).kind is TypeKind.YEAR and value:
        return datetime(value, 1, 1)
    elif isinstance(value, int | Decimal) and value >= _LEAST_DATE:
        allowed |= temporal_text.INVALID_DATES
        read = temporal_text.datetime_of_number(int(value), allowed)
        if read.is_good and isinstance(value, Decimal):
            return convert.moment_of(context, value, call.args[0].type, flags=allowed)
    if read is not None and read.is_good:
        return read.value
    return convert.span_of(context, value, bits_type(arg), origin_name(arg))


def best_fit(
    context: Context, value: Any, arg: Expression, is_shown: bool
) -> AnyDatetime | timedelta | None:
    """What `value` of `arg` is: a moment or a time, whichever fits it better. None, with a
    warning, if it is neither.

    is_shown  a moment has to be a day of the calendar
    """
    flags = CALENDAR if is_shown else temporal_text.FUZZY | temporal_text.INVALID_DATES
    if isinstance(value, date | PartialDate):
        return convert.moment_of(context, value, arg.type)
    if isinstance(value, timedelta):
        return value
    kind = arg.type.kind
    if isinstance(value, int) and kind is TypeKind.YEAR:
        value = str(value)
    elif isinstance(value, int) and own_type(arg).kind is TypeKind.BIT:
        value = convert.bit_bytes(value, arg.type)
    elif isinstance(value, int | Decimal | float):
        value = wrap(value, False) if isinstance(value, int) else value
        size = value if isinstance(value, int) else abs(value)
        if size >= _LEAST_MOMENT:
            return convert.moment_of(context, value, arg.type, flags=flags)
        return convert.span_of(context, value, bits_type(arg))
    return _best_of_text(context, value, arg.type.collation, flags)


def _best_of_text(
    context: Context, value: str | bytes, collation: str, flags: int
) -> AnyDatetime | timedelta | None:
    """A moment in the usual form, else a time in the usual form, else what can be read at all; of
    both the moment."""
    text = text_for_number(value)
    dated = temporal_text.read_datetime(text, temporal_text.FUZZY | temporal_text.INVALID_DATES)
    timed = temporal_text.read_time(text, beyond=bytes_beyond(value, collation))
    moment = None if isinstance(dated.value, timedelta) else dated.value
    span = timed.value if isinstance(timed.value, timedelta) and not timed.has_date else None
    if moment is not None and dated.is_plain and not dated.moved:
        year, month, day = moment.year, moment.month, moment.day
        not_zero = bool(year or month or day or temporal.time_of(moment))
        if not temporal_text.check_date(year, month, day, not_zero, flags):
            return moment
        context.warn(1292, f"Truncated incorrect {dated.kind} value: '{shown(value)}'")
        return None
    if span is not None and (timed.is_plain or moment is None):
        if not timed.is_plain:
            context.warn(1292, f"Truncated incorrect time value: '{shown(value)}'")
        return span
    if moment is None:
        context.warn(1292, f"Incorrect datetime value: '{shown(value)}'")
        return None
    if timed.value is None:
        context.warn(1292, f"Truncated incorrect datetime value: '{shown(value)}'")
    return convert.localised(context, dated)


@implement("clock@any", pure=False, settled=True)
def read_clock(context: Context, call: Call, value: Any) -> Any:
    return best_fit(context, value, call.args[0], False)

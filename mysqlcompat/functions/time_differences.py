"""Differences of dates and times: DATEDIFF, TIMESTAMPDIFF, TIMEDIFF; ADDTIME and SUBTIME."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat import convert_temporal as convert
from mysqlcompat import temporal, temporal_text
from mysqlcompat.convert_temporal import bit_bytes
from mysqlcompat.functions.definitions import BIGINT, build_as, define, implement, integer
from mysqlcompat.functions.intervals import (
    UNIT_MICROS,
    micros_of,
    moment_of_micros,
    overflow,
    shifted_text,
    shown_moment,
)
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.temporals import shown_fsp
from mysqlcompat.functions.weeks import is_day, number_of
from mysqlcompat.message_text import shown, text_for_number
from mysqlcompat.partial_dates import (
    AnyDate,
    AnyDatetime,
    PartialDate,
    PartialDatetime,
    make_datetime,
)
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import TEMPORAL, Class, datetime_type, int_type, time_type

_SEPARATORS: Final = str.maketrans("", "", "-: ")
_NO_YEAR: Final = "0."  #: how a date begins to which nothing can be added
_MICRO: Final = timedelta(microseconds=1)
_DATE_SHAPE: Final = re.compile(r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[ T]|$)")


@define("datediff", "DD", integer(9), nullable=True, null_rejects=False)
def datediff(
    context: Context, call: Call, left: AnyDate | None, right: AnyDate | None
) -> int | None:
    """Both sides are read, and warned about."""
    if left is None or right is None or not is_day(left) or not is_day(right):
        return None
    return number_of(left) - number_of(right)


@define("timestampdiff", "xtt", BIGINT, nullable=True)
def timestampdiff(
    context: Context, call: Call, unit: str, first: AnyDatetime, last: AnyDatetime
) -> int:
    if unit in ("YEAR", "QUARTER", "MONTH"):
        months = _whole_months(first, last)
        divisor = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}[unit]
        return months // divisor if months >= 0 else -(-months // divisor)
    micros = micros_of(last) - micros_of(first)
    unit_micros = UNIT_MICROS[unit]
    return micros // unit_micros if micros >= 0 else -(-micros // unit_micros)


def _whole_months(first: AnyDatetime, last: AnyDatetime) -> int:
    if last < first:
        return -_whole_months(last, first)
    months = (last.year - first.year) * 12 + last.month - first.month
    behind = (last.day, temporal.time_of(last)) < (first.day, temporal.time_of(first))
    return months - behind


@build_as("timediff", 2)
def build_timediff(typing: Typing, args: Sequence[Expression]) -> Expression:
    fsp = max(shown_fsp(typing, arg) for arg in args)
    return typing.call("timediff", time_type(fsp), *args)


@implement("timediff", null_rejects=False)
def timediff(context: Context, call: Call, left: Any, right: Any) -> timedelta | None:
    one = beginning(context, call, left)
    other = None if one is None else _time_or_moment(context, right, call.args[1])
    if one is None or other is None or isinstance(one, timedelta) != isinstance(other, timedelta):
        return None
    span = _MICRO * (micros_of(one) - micros_of(other))
    if abs(span) > temporal.TIME_LIMIT:
        text = temporal.time_text(span, call.type.scale)
        context.warn(1292, f"Truncated incorrect time value: '{text}'")
    return min(max(span, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)


def _no_date(context: Context, value: str | bytes, adding: bool) -> AnyDatetime | None:
    """A day that its month has not: no date to add to, but one with a difference to others."""
    text = text_for_number(value)
    read = temporal_text.read_datetime(text, temporal_text.FUZZY | temporal_text.INVALID_DATES)
    dated = read.value
    if not adding and isinstance(dated, datetime | PartialDatetime):
        return dated
    if not adding and isinstance(dated, date | PartialDate):
        return make_datetime(dated.year, dated.month, dated.day)
    kind = "datetime" if ":" in text else "date"
    context.warn(1292, f"Truncated incorrect {kind} value: '{shown(value)}'")
    return None


def _time_or_moment(
    context: Context, value: Any, arg: Expression, adding: bool = False
) -> AnyDatetime | timedelta | None:
    """What is no TIME, or beyond its range, but a date of some kind, is that."""
    if isinstance(value, datetime | PartialDatetime | timedelta):
        return value
    if isinstance(value, date | PartialDate):
        return make_datetime(value.year, value.month, value.day)
    if arg.type.kind is TypeKind.BIT and isinstance(value, int):
        value = bit_bytes(value, arg.type)
    if isinstance(value, str | bytes):
        text = text_for_number(value)
        moment, whole, has_time = temporal.parse_datetime(text)  # what is behind it is not seen
        if moment is not None and (has_time or "-" in text[1:] or not whole):
            return moment
        if moment is None and _DATE_SHAPE.match(text):
            return _no_date(context, value, adding)
        read = temporal_text.read_time(text)
        if read.value is None:
            context.warn(1292, f"Incorrect datetime value: '{shown(value)}'")
            return None
        if read.warnings or text != text.strip():
            dated = temporal_text.read_datetime(text, temporal_text.FUZZY)
            if dated.is_good and text.lstrip().startswith(_NO_YEAR):
                context.warn(1292, f"Truncated incorrect datetime value: '{shown(value)}'")
                return None
            is_beyond = bool(read.warnings & temporal_text.OUT_OF_RANGE)
            if isinstance(dated.value, datetime | PartialDatetime) and (is_beyond or dated.is_good):
                return dated.value
        if not read.warnings and text != text.strip():
            context.warn(1292, f"Truncated incorrect time value: '{shown(value)}'")
    source = int_type(4) if arg.type.kind is TypeKind.YEAR else arg.type
    return None if value is None else convert.span_of(context, value, source)


@build_as("addtime", 2)
def build_addtime(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_time_shift("addtime", typing, args)


@build_as("subtime", 2)
def build_subtime(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_time_shift("subtime", typing, args)


def _build_time_shift(name: str, typing: Typing, args: Sequence[Expression]) -> Expression:
    first, span = args
    made = shifted_text(typing)
    if first.type.cls in TEMPORAL:
        fsp = max(shown_fsp(typing, first), shown_fsp(typing, span))
        made = time_type(fsp) if first.type.cls is Class.TIME else datetime_type(fsp)
    return typing.call(name, made, first, span)


def beginning(context: Context, call: Call, first: Any) -> AnyDatetime | timedelta | None:
    """What a span is added to or taken from. None, with a warning, if it is no time."""
    return _time_or_moment(context, first, call.args[0], adding=call.function.name != "timediff")


def _time_shift(context: Context, call: Call, first: Any, span: Any, sign: int) -> Any:
    start = beginning(context, call, first)
    if start is None or span is None:
        return None
    added = convert.span_of(context, span, call.args[1].type)
    if added is None:
        return None
    result: AnyDatetime | timedelta | None
    if isinstance(start, timedelta):
        result = start + sign * added
        if abs(result) > temporal.TIME_LIMIT:
            overflow(context, "time")
            if call.type.cls is Class.TIME:
                return None
            result = min(max(result, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)
    else:
        result = moment_of_micros(micros_of(start) + sign * (added // _MICRO))
        if result is None:
            return overflow(context)
    if call.type.cls is Class.STRING:
        return shown_moment(result)
    if call.type.cls is Class.DATETIME:  # a text's time is one of today
        return convert.moment_of(context, result, call.type)
    if call.type.cls is Class.DATE:
        return convert.to_date(context, result, call.args[0].type, call.type, False, "")
    return result


@implement("addtime,addtime@moment,timestamp", null_rejects=False)
def addtime(context: Context, call: Call, first: Any, span: Any) -> Any:
    return _time_shift(context, call, first, span, 1)


@implement("subtime,subtime@moment", null_rejects=False)
def subtime(context: Context, call: Call, first: Any, span: Any) -> Any:
    return _time_shift(context, call, first, span, -1)


@implement("digits of")
def digits_of(context: Context, call: Call, text: str) -> Decimal:
    """The number of a moment or time that is shown as a text."""
    return Decimal(text[:1] + text[1:].translate(_SEPARATORS))

"""Differences of dates and times: DATEDIFF, TIMESTAMPDIFF, TIMEDIFF; ADDTIME and SUBTIME."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from mysqlcompat import convert_temporal as convert
from mysqlcompat import temporal
from mysqlcompat.functions.definitions import BIGINT, build_as, define, implement, integer
from mysqlcompat.functions.intervals import (
    UNIT_MICROS,
    micros_of,
    moment_of_micros,
    overflow,
    shifted_text,
)
from mysqlcompat.functions.moments import best_fit, of_calendar, shown_moment
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.temporals import shown_fsp
from mysqlcompat.functions.weeks import is_day, number_of
from mysqlcompat.partial_dates import (
    AnyDate,
    AnyDatetime,
)
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Cast, Expression
from mysqlcompat.sqltypes import TEMPORAL, Class, datetime_type, time_type

_SEPARATORS: Final = str.maketrans("", "", "-: ")
_MICRO: Final = timedelta(microseconds=1)


@define("datediff", "NN", integer(9), nullable=True, null_rejects=False)
def datediff(
    context: Context, call: Call, left: AnyDate | None, right: AnyDate | None
) -> int | None:
    """Both sides are read, and warned about."""
    if left is None or right is None or not all((left.month, left.day, right.month, right.day)):
        return None
    return number_of(left) - number_of(right)


@define("timestampdiff", "xtt", BIGINT, nullable=True)
def timestampdiff(
    context: Context, call: Call, unit: str, first: AnyDatetime, last: AnyDatetime
) -> int | None:
    if not (is_day(first) and is_day(last)):
        return None
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
    return typing.call("timediff", time_type(fsp), *(_without_json(typing, arg) for arg in args))


def _without_json(typing: Typing, arg: Expression) -> Expression:
    """A document is taken for its text."""
    return typing.as_string(arg) if arg.type.cls is Class.JSON else arg


@implement("timediff", null_rejects=False)
def timediff(context: Context, call: Call, left: Any, right: Any) -> timedelta | None:
    one = beginning(context, call, left)
    if one is None or right is None:
        return None
    other = best_fit(context, right, call.args[1], False)
    if other is None or isinstance(one, timedelta) != isinstance(other, timedelta):
        return None
    span = _MICRO * (micros_of(one) - micros_of(other))
    if abs(span) > temporal.TIME_LIMIT:
        text = temporal.time_text(span, call.type.scale)
        context.warn(1292, f"Truncated incorrect time value: '{text}'")
    return min(max(span, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)


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
    first = _without_json(typing, of_calendar(typing, first))
    clock = typing.as_time(span)
    if span.type.is_text and isinstance(clock, Cast) and clock.arg == span:
        clock = span  # which is read where it is added
    return typing.call(name, made, first, clock)


def beginning(context: Context, call: Call, first: Any) -> AnyDatetime | timedelta | None:
    """What a span is added to or taken from. None, with a warning, if it is no time."""
    if first is None:
        return None
    return best_fit(context, first, call.args[0], call.function.name != "timediff")


def _time_shift(context: Context, call: Call, first: Any, span: Any, sign: int) -> Any:
    start = beginning(context, call, first)
    if start is None or span is None:
        return None
    if not isinstance(span, timedelta):
        span = convert.span_of(context, span, call.args[1].type)
        if span is None:
            return None
    result: AnyDatetime | timedelta | None
    if isinstance(start, timedelta):
        moved: timedelta = start + sign * span
        result = min(max(moved, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)
        if moved != result:
            overflow(context, "time")
            if call.type.cls is Class.TIME:
                return None
    elif call.args[0].type.cls in TEMPORAL and not is_day(start):
        return None
    else:
        result = moment_of_micros(micros_of(start) + sign * (span // _MICRO))
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

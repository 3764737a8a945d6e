"""Arithmetic with dates and times: differences, intervals, EXTRACT."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from btree.schema import TypeKind
from mysqlcompat import convert_temporal as convert
from mysqlcompat import temporal, temporal_text
from mysqlcompat.functions.definitions import BIGINT, build_as, define, implement, integer
from mysqlcompat.functions.moments import fuzzy_moment, moment_or_clock
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.temporals import shown_fsp
from mysqlcompat.functions.time_format import parts_of
from mysqlcompat.functions.weeks import date_of_number, day_number, days_in_month, week_of
from mysqlcompat.message_text import shown_number
from mysqlcompat.numerals import (
    EXACT,
    decimal_text,
    leading_decimal,
    leading_integer,
    round_decimal,
)
from mysqlcompat.partial_dates import (
    AnyDate,
    AnyDatetime,
    PartialDate,
    PartialDatetime,
    make_datetime,
)
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.measures import cast_literal_fsp
from mysqlcompat.sql.typed import Call, Expression, Literal
from mysqlcompat.sqltypes import (
    TEMPORAL,
    Class,
    SqlType,
    date_type,
    datetime_type,
    int_type,
    string_type,
    time_type,
)

if TYPE_CHECKING:
    from mysqlcompat.sql.expressions import Resolver

_DAY: Final = timedelta(days=1)
_MICRO: Final = timedelta(microseconds=1)
_LAST_DAY: Final = 3652424
_I63: Final = 1 << 63
#: Dates that intervals are added to: those on the calendar, whatever sql_mode says.
_WHOLE_DATES: Final = temporal_text.NO_ZERO_DATE | temporal_text.NO_ZERO_IN_DATE


# Differences ------------------------------------------------------------------------------------


@define("datediff", "DD", integer(9), nullable=True, null_rejects=False)
def datediff(
    context: Context, call: Call, left: AnyDate | None, right: AnyDate | None
) -> int | None:
    """Both sides are read, and warned about."""
    if not isinstance(left, date) or not isinstance(right, date):
        return None
    return (left - right).days


@define("timestampdiff", "xtt", BIGINT, nullable=True)
def timestampdiff(context: Context, call: Call, unit: str, first: datetime, last: datetime) -> int:
    if unit in ("YEAR", "QUARTER", "MONTH"):
        months = _whole_months(first, last)
        divisor = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}[unit]
        return months // divisor if months >= 0 else -(-months // divisor)
    micros = (last - first) // _MICRO
    unit_micros = _UNIT_MICROS[unit]
    return micros // unit_micros if micros >= 0 else -(-micros // unit_micros)


def _whole_months(first: datetime, last: datetime) -> int:
    if last < first:
        return -_whole_months(last, first)
    months = (last.year - first.year) * 12 + last.month - first.month
    behind = (last.day, last.time()) < (first.day, first.time())
    return months - behind


@build_as("timediff", 2)
def build_timediff(typing: Typing, args: Sequence[Expression]) -> Expression:
    fsp = max(shown_fsp(arg) for arg in args)
    return typing.call("timediff", time_type(fsp), *args)


@implement("timediff", null_rejects=False)
def timediff(context: Context, call: Call, left: Any, right: Any) -> timedelta | None:
    one = _time_or_moment(context, left, call.args[0])
    other = None if one is None else _time_or_moment(context, right, call.args[1])
    if one is None or other is None or isinstance(one, timedelta) != isinstance(other, timedelta):
        return None
    span = _MICRO * (_micros_of(one) - _micros_of(other))
    if abs(span) > temporal.TIME_LIMIT:
        shown = temporal.time_text(span, call.type.scale)
        context.warn(1292, f"Truncated incorrect time value: '{shown}'")
    return min(max(span, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)


def _micros_of(moment: AnyDatetime | timedelta) -> int:
    """µs since year 0, or of a TIME."""
    if isinstance(moment, timedelta):
        return moment // _MICRO
    days = day_number(moment.year, moment.month, moment.day)
    return days * _UNIT_MICROS["DAY"] + temporal.time_of(moment) // _MICRO


def _time_or_moment(
    context: Context, value: Any, arg: Expression
) -> AnyDatetime | timedelta | None:
    """What is no TIME, or beyond its range, but a date of some kind, is that."""
    if isinstance(value, datetime | PartialDatetime | timedelta):
        return value
    if isinstance(value, date | PartialDate):
        return make_datetime(value.year, value.month, value.day)
    if isinstance(value, str):
        moment, whole, has_time = temporal.parse_datetime(value)
        if moment is not None and whole and (has_time or "-" in value[1:]):
            return moment
        read = temporal_text.read_time(value)
        if read.value is None:
            context.warn(1292, f"Incorrect datetime value: '{value}'")
            return None
        if read.warnings & temporal_text.OUT_OF_RANGE:
            dated = temporal_text.read_datetime(value, temporal_text.FUZZY).value
            if isinstance(dated, datetime | PartialDatetime):
                return dated
    return None if value is None else convert.span_of(context, value, arg.type)


@build_as("addtime", 2)
def build_addtime(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_time_shift("addtime", typing, args)


@build_as("subtime", 2)
def build_subtime(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_time_shift("subtime", typing, args)


def _build_time_shift(name: str, typing: Typing, args: Sequence[Expression]) -> Expression:
    first, span = args
    fsp = max(shown_fsp(first), shown_fsp(span))
    match first.type.cls:
        case Class.DATETIME | Class.DATE:
            made = datetime_type(fsp)
        case Class.TIME:
            made = time_type(fsp)
        case _:
            made = _shifted_text(typing)
    return typing.call(name, made, first, span)


def _shifted_text(typing: Typing) -> SqlType:
    return string_type(29, typing.context.collation, kind=TypeKind.CHAR)


def _time_shift(context: Context, call: Call, first: Any, span: Any, sign: int) -> Any:
    start = _time_or_moment(context, first, call.args[0])
    if start is None or span is None:
        return None
    added = convert.span_of(context, span, call.args[1].type)
    if added is None:
        return None
    result: AnyDatetime | timedelta | None
    if isinstance(start, timedelta):
        result = start + sign * added
        if abs(result) > temporal.TIME_LIMIT:
            _overflow(context, "time")
            if call.type.cls is Class.TIME:
                return None
            result = min(max(result, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)
    else:
        result = moment_of_micros(_micros_of(start) + sign * (added // _MICRO))
        if result is None:
            return _overflow(context)
    if call.type.cls is not Class.STRING:
        return result
    return shown_moment(result)


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


@implement("addtime", null_rejects=False)
def addtime(context: Context, call: Call, first: Any, span: Any) -> Any:
    return _time_shift(context, call, first, span, 1)


@implement("subtime", null_rejects=False)
def subtime(context: Context, call: Call, first: Any, span: Any) -> Any:
    return _time_shift(context, call, first, span, -1)


# Intervals --------------------------------------------------------------------------------------

_UNIT_MICROS: Final = {
    "MICROSECOND": 1, "SECOND": 10**6, "MINUTE": 60 * 10**6, "HOUR": 3600 * 10**6,
    "DAY": 86400 * 10**6, "WEEK": 7 * 86400 * 10**6,
}  # fmt: skip
#: Unit -> (fields of its string form, microseconds or months of each).
_COMPOSITE: Final = {
    "YEAR_MONTH": ("YEAR", "MONTH"),
    "DAY_HOUR": ("DAY", "HOUR"),
    "DAY_MINUTE": ("DAY", "HOUR", "MINUTE"),
    "DAY_SECOND": ("DAY", "HOUR", "MINUTE", "SECOND"),
    "DAY_MICROSECOND": ("DAY", "HOUR", "MINUTE", "SECOND", "MICROSECOND"),
    "HOUR_MINUTE": ("HOUR", "MINUTE"),
    "HOUR_SECOND": ("HOUR", "MINUTE", "SECOND"),
    "HOUR_MICROSECOND": ("HOUR", "MINUTE", "SECOND", "MICROSECOND"),
    "MINUTE_SECOND": ("MINUTE", "SECOND"),
    "MINUTE_MICROSECOND": ("MINUTE", "SECOND", "MICROSECOND"),
    "SECOND_MICROSECOND": ("SECOND", "MICROSECOND"),
}
_MONTHS_OF: Final = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}
#: Units that leave the time of day alone.
_DATE_UNITS: Final = (*_MONTHS_OF, "DAY", "WEEK", "YEAR_MONTH")


def build_date_shift(
    typing: Typing, resolver: Resolver, node: Any, interval: Any, backward: bool
) -> Expression:
    """DATE_ADD, DATE_SUB, ADDDATE, SUBDATE and ``date ± INTERVAL n unit``."""
    start = resolver.scalar(node)
    if isinstance(interval, exp.Interval):
        unit = str(interval.args["unit"].name).upper()
        with resolver.using(pinned=resolver.rules.pinned or unit == "SECOND"):
            amount = resolver.resolve(interval.this)  # its digits shape the type
    else:
        unit, amount = "DAY", resolver.resolve(interval)
    made = _shift_type(typing, start, amount, unit)
    label = Literal(string_type(len(unit), nullable=False), unit)
    if amount.type.cls not in (Class.STRING, Class.INT, Class.DECIMAL, Class.DOUBLE, *TEMPORAL):
        amount = typing.as_string(amount)
    name = "date_sub" if backward else "date_add"
    return typing.call(name, made, _shifted(typing, start), amount, label)


def _shifted(typing: Typing, start: Expression) -> Expression:
    """What an interval is added to: a moment, a YEAR, or the text of anything else."""
    is_known = start.type.cls in (*TEMPORAL, Class.STRING) or start.type.kind is TypeKind.YEAR
    if start.type.cls is Class.STRING:  # a date that IF or CASE chose is a moment

        def moment(inner: Expression) -> Expression:
            is_dated = inner.type.cls in TEMPORAL
            return typing.to_result(typing.as_moment(inner) if is_dated else inner, start.type)

        return typing.own_branches(start, start.type, moment) or start
    return start if is_known else typing.as_string(start)


def _shift_type(typing: Typing, start: Expression, amount: Expression, unit: str) -> SqlType:
    fraction = 6 if unit.endswith("MICROSECOND") else 0
    if unit == "SECOND":
        shown = 6
        if isinstance(amount, Literal) and isinstance(amount.value, str):
            shown = _text_fsp(amount.value)
        fraction = {Class.DECIMAL: amount.type.scale, Class.STRING: shown, Class.DOUBLE: 6}.get(
            amount.type.cls, 0
        )
    match start.type.cls:
        case Class.DATETIME:
            return datetime_type(max(start.type.scale, fraction))
        case Class.DATE:
            return date_type() if unit in _DATE_UNITS else datetime_type(fraction)
        case Class.TIME if _has_days(unit):
            return datetime_type(max(start.type.scale, fraction))
        case Class.TIME:
            return time_type(max(start.type.scale, fraction))
    return _shifted_text(typing)


def _text_fsp(text: str) -> int:
    """Digits behind the point of seconds in a string; six where it is no number."""
    return cast_literal_fsp(text) if leading_decimal(text)[1] else 6


def _has_days(unit: str) -> bool:
    """Whether a TIME moved by the unit becomes a moment of today."""
    return unit in _DATE_UNITS or unit.startswith("DAY_")


def interval_of(context: Context, amount: Any, unit: str) -> tuple[int, int] | None:
    """An interval as (months, microseconds); None when its text has too many parts."""
    if unit in _COMPOSITE:
        if isinstance(amount, date | timedelta):
            amount = shown_moment(amount)
        return _composite_interval(str(amount), _COMPOSITE[unit])
    if isinstance(amount, date | timedelta):
        amount = temporal.number_of(amount)
    if unit == "SECOND":
        if isinstance(amount, str):
            number, whole = leading_decimal(amount)
            if not whole:
                context.warn(1292, f"Truncated incorrect DECIMAL value: '{amount}'")
        else:
            number = Decimal(shown_number(amount) if isinstance(amount, int) else str(amount))
        if not -_I63 <= number < _I63:
            context.warn(1292, f"Truncated incorrect DECIMAL value: '{decimal_text(number)}'")
        return 0, int(EXACT.scaleb(number, 6))
    if isinstance(amount, str):
        count, whole = leading_integer(amount)
        if not whole:
            context.warn(1292, f"Truncated incorrect INTEGER value: '{amount}'")
    elif isinstance(amount, Decimal):
        count = int(round_decimal(amount, 0))
    elif isinstance(amount, int):
        count = int(shown_number(amount))
    else:
        count = round(amount)
    if unit in _MONTHS_OF:
        return count * _MONTHS_OF[unit], 0
    return 0, count * _UNIT_MICROS[unit]


def _composite_interval(text: str, fields: Sequence[str]) -> tuple[int, int] | None:
    negative = text.lstrip().startswith("-")
    written = re.findall(r"[0-9]+", text)
    if len(written) > len(fields) or any(len(one) >= 20 for one in written):
        return None
    if fields[-1] == "MICROSECOND" and written:
        written[-1] = written[-1].ljust(6, "0")
    values = [0] * (len(fields) - len(written)) + [int(number) for number in written]
    months = sum(
        value * _MONTHS_OF.get(name, 0) for name, value in zip(fields, values, strict=True)
    )
    micros = sum(
        value * _UNIT_MICROS.get(name, 0) for name, value in zip(fields, values, strict=True)
    )
    return (-months, -micros) if negative else (months, micros)


def _overflow(context: Context, what: str = "datetime") -> None:
    context.warn(1441, f"Datetime function: {what} field overflow")


def _shift(context: Context, call: Call, start: Any, amount: Any, unit: str, sign: int) -> Any:
    start_type = call.args[0].type
    is_text = isinstance(start, str | bytes)
    has_time = not is_text
    moment = start
    if is_text:
        text = start if isinstance(start, str) else start.decode("latin-1")
        has_time = temporal.parse_datetime(text)[2]
        moment = convert.moment_of(context, text, start_type, flags=_WHOLE_DATES)
    elif call.type.cls is not Class.TIME:
        moment = convert.moment_of(context, start, start_type)
    if moment is None:
        return None
    interval = interval_of(context, amount, unit)
    if interval is None:
        return _overflow(context) if call.type.cls in (Class.STRING, Class.DATETIME) else None
    months, micros = sign * interval[0], sign * interval[1]
    if isinstance(moment, timedelta):
        span = _shift_time(moment, micros)
        return span if span is not None else _overflow(context, "time")
    shifted = shift_moment(moment, months, micros)
    if shifted is None:
        return _overflow(context, "date" if call.type.cls is Class.DATE else "datetime")
    if call.type.cls is not Class.STRING:
        return shifted.date() if call.type.cls is Class.DATE else shifted
    if not has_time and unit in _DATE_UNITS:
        return temporal.date_text(shifted)
    return shown_moment(shifted)


def _shift_time(span: timedelta, micros: int) -> timedelta | None:
    try:
        shifted = span + timedelta(microseconds=micros)
    except OverflowError:
        return None
    return shifted if abs(shifted) <= temporal.TIME_LIMIT else None


def shift_moment(moment: AnyDatetime, months: int, micros: int) -> AnyDatetime | None:
    """`moment` moved; the day is cut to the month's last. None past year 9999 or before year 0."""
    if months:
        total = moment.year * 12 + moment.month - 1 + months
        number, month = total // 12, total % 12 + 1
        if not 0 <= number <= 9999:
            return None
        last = days_in_month(number, month)
        moment = moment_at(number, month, min(moment.day, last), temporal.time_of(moment))
    if not micros:
        return moment
    if not moment.month:
        return None
    return moment_of_micros(_micros_of(moment) + micros)


def moment_of_micros(micros: int) -> AnyDatetime | None:
    """The moment that many µs after the beginning of year 0; None past year 9999 or before 0."""
    days, rest = divmod(micros, _UNIT_MICROS["DAY"])
    if not 0 < days <= _LAST_DAY:
        return None
    dated = date_of_number(days)
    return moment_at(dated.year, dated.month, dated.day, timedelta(microseconds=rest))


def moment_at(year: int, month: int, day: int, clock: timedelta) -> AnyDatetime:
    seconds, micros = divmod(clock // _MICRO, 10**6)
    return make_datetime(
        year, month, day, seconds // 3600, seconds // 60 % 60, seconds % 60, micros
    )


@implement("date_add")
def date_add(context: Context, call: Call, start: Any, amount: Any, unit: str) -> Any:
    return _shift(context, call, start, amount, unit, 1)


@implement("date_sub")
def date_sub(context: Context, call: Call, start: Any, amount: Any, unit: str) -> Any:
    return _shift(context, call, start, amount, unit, -1)


@build_as("timestampadd", 3)
def build_timestampadd(typing: Typing, args: Sequence[Expression]) -> Expression:
    unit, amount, start = args
    assert isinstance(unit, Literal)
    made = _shift_type(typing, start, amount, str(unit.value))
    return typing.call("date_add", made, _shifted(typing, start), amount, unit)


_EXTRACT_LENGTHS: Final = {
    "YEAR": 5, "QUARTER": 2, "MONTH": 3, "WEEK": 3, "DAY": 3, "HOUR": 4, "MINUTE": 3, "SECOND": 3,
    "MICROSECOND": 7, "YEAR_MONTH": 7, "DAY_HOUR": 9, "DAY_MINUTE": 11, "DAY_SECOND": 13,
    "DAY_MICROSECOND": 20, "HOUR_MINUTE": 6, "HOUR_SECOND": 8, "HOUR_MICROSECOND": 14,
    "MINUTE_SECOND": 5, "MINUTE_MICROSECOND": 11, "SECOND_MICROSECOND": 9,
}  # fmt: skip


def build_extract(typing: Typing, unit: str, arg: Expression) -> Expression:
    """EXTRACT(unit FROM arg): from a date, or for clock units also from a TIME."""
    if arg.type.cls not in TEMPORAL:
        reads_clock = unit.startswith(("DAY_", "HOUR", "MINUTE", "SECOND", "MICRO"))
        arg = moment_or_clock(typing, arg) if reads_clock else fuzzy_moment(typing, arg)
    elif arg.type.cls is Class.TIME and unit in (*_DATE_UNITS, "YEAR_MONTH"):
        arg = typing.as_moment(arg)
    label = Literal(string_type(len(unit), nullable=False), unit)
    return typing.call("extract", int_type(_EXTRACT_LENGTHS[unit]).or_null(), label, arg)


@implement("extract", pure=False)
def extract(context: Context, call: Call, unit: str, value: Any) -> int:
    if unit == "WEEK":
        return week_of(value, int(context.system_variable("default_week_format", "")))[1]
    parts = parts_of(context, value)
    fields = {
        "YEAR": parts.year,
        "QUARTER": (parts.month + 2) // 3,
        "MONTH": parts.month,
        "DAY": parts.day,
        "HOUR": parts.hour,
        "MINUTE": parts.minute,
        "SECOND": parts.second,
        "MICROSECOND": parts.microsecond,
    }
    result = 0
    for name in _COMPOSITE.get(unit, (unit,)):
        result = result * (10**6 if name == "MICROSECOND" else 100) + fields[name]
    return -result if parts.negative else result

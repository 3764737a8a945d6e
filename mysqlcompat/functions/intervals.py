"""Arithmetic with dates and times: intervals, EXTRACT (`time_differences`: DATEDIFF …)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from sqlglot import exp

from btree.schema import TypeKind
from mysqlcompat import convert_temporal as convert
from mysqlcompat import temporal, temporal_text
from mysqlcompat.convert import wrap
from mysqlcompat.functions.definitions import build_as, implement
from mysqlcompat.functions.moments import (
    CALENDAR,
    dated_text,
    fuzzy_moment,
    moment_or_clock,
    of_calendar,
    own_type,
    shown_moment,
)
from mysqlcompat.functions.seconds import MOST_SECONDS
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.time_format import parts_of
from mysqlcompat.functions.weeks import date_of_number, day_number, days_in_month, is_day, week_of
from mysqlcompat.message_text import text_for_number
from mysqlcompat.numerals import EXACT, decimal_text, integer_of_digits
from mysqlcompat.partial_dates import (
    AnyDatetime,
    make_datetime,
)
from mysqlcompat.short_texts import remembered
from mysqlcompat.sql.branches import SHIFTED, branches_of, is_chosen, natural
from mysqlcompat.sql.infer import Typing, is_number_literal
from mysqlcompat.sql.parameters import with_type
from mysqlcompat.sql.typed import Call, Expression, Literal, is_constant
from mysqlcompat.sqltypes import (
    BINARY,
    MAX_DECIMAL_DIGITS,
    MAX_DECIMAL_SCALE,
    TEMPORAL,
    Class,
    SqlType,
    date_type,
    datetime_type,
    decimal_type,
    int_type,
    string_type,
    time_type,
)

if TYPE_CHECKING:
    from mysqlcompat.sql.expressions import Resolver

_DAY: Final = timedelta(days=1)
_MICRO: Final = timedelta(microseconds=1)
_TIME_LIMIT_US: Final = temporal.TIME_LIMIT // _MICRO
_LAST_DAY: Final = 3652424
_I63: Final = 1 << 63
_MOST_WRITTEN: Final = _I63 // 10 * 10 - 1  #: in an interval of several numbers
_MICROSECONDS: Final = 6  #: fractional digits of what may have any
_MOST: Final = {"QUARTER": 0xFFFFFFFF // 3, "WEEK": 0xFFFFFFFF // 7}  #: too many of a unit


UNIT_MICROS: Final = {
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


def shifted_text(typing: Typing) -> SqlType:
    return string_type(29, typing.context.collation, kind=TypeKind.CHAR)


def micros_of(moment: AnyDatetime | timedelta) -> int:
    """µs since year 0, or of a TIME."""
    if isinstance(moment, timedelta):
        return moment // _MICRO
    days = day_number(moment.year, moment.month, moment.day)
    return days * UNIT_MICROS["DAY"] + temporal.time_of(moment) // _MICRO


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
    label = Literal(string_type(len(unit), nullable=False), unit)
    return _build_shift(typing, "date_sub" if backward else "date_add", start, amount, label)


def _build_shift(
    typing: Typing, name: str, start: Expression, amount: Expression, unit: Literal
) -> Expression:
    if unit.value not in _COMPOSITE:
        exact = decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE)
        amount = with_type(amount, exact if unit.value == "SECOND" else int_type())
    start = with_type(start, date_type() if unit.value in _DATE_UNITS else datetime_type(6))
    made = _shift_type(typing, start, amount, unit.value)
    start, amount = (
        _shifted(typing, of_calendar(typing, start)),
        _amount(typing, amount, unit.value),
    )
    return typing.call(name, made.or_null(), start, amount, unit)


def _amount(typing: Typing, amount: Expression, unit: str) -> Expression:
    """How many of a unit: a text of several numbers, seconds with a fraction, or an integer."""
    if unit in _COMPOSITE:
        return typing.as_string(amount)
    if unit == "SECOND" and _fraction(amount):
        exact = decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE)
        return typing.cast(natural(amount), replace(exact, mixed=True))
    return typing.as_integer(amount)


def _fraction(amount: Expression) -> int:
    """Fractional digits that a number of seconds may have."""
    if is_number_literal(amount):
        return 0
    if amount.type.cls in (Class.STRING, Class.JSON):
        return _MICROSECONDS
    return min(amount.type.scale, _MICROSECONDS)


def _shifted(typing: Typing, start: Expression) -> Expression:
    """What an interval is added to: a moment, a YEAR, or the text of anything else."""
    is_year = start.type.kind is TypeKind.YEAR and not is_chosen(start)
    if start.type.cls in TEMPORAL or is_year:
        return start
    made, any_moment = typing.as_string(start).type, datetime_type(_MICROSECONDS)

    def moment(inner: Expression) -> Expression:  # a date that IF or CASE chose is one
        inner = _own_moment(typing, inner)
        if inner.type.cls in TEMPORAL or inner.type.kind is TypeKind.YEAR:
            inner = typing.as_moment(inner)
        elif inner.type.cls is Class.JSON:
            read = typing.own_branches(inner, any_moment, moment)
            if read is not None:
                return read
        inner = typing.as_string(inner) if inner.type.kind is TypeKind.BIT else inner
        is_bytes = inner.type.cls is Class.STRING and inner.type.collation == BINARY
        if is_bytes or typing.is_bits(inner):
            return typing.as_string(inner)  # bytes stay bytes
        return typing.to_result(dated_text(typing, inner), made)

    own = typing.own_branches(start, any_moment, moment)
    if own is not None:
        return _in_type(own, made)
    is_text = start.type.cls is Class.STRING
    return _own_moment(typing, start) if is_text else typing.as_string(dated_text(typing, start))


def _own_moment(typing: Typing, arg: Expression) -> Expression:
    """A text that is a moment where one is wanted: ADDTIME's time is one of today."""
    if not isinstance(arg, Call) or arg.type.cls is not Class.STRING:
        return arg
    any_moment = datetime_type(_MICROSECONDS)
    if arg.function.name in SHIFTED:
        return typing.own_branches(arg, any_moment, lambda inner: inner) or arg
    return typing.cast(arg, any_moment) if arg.function.name in ("date_add", "date_sub") else arg


def _in_type(chosen: Expression, made: SqlType) -> Expression:
    """IF, CASE and NULLIF whose branches are of type `made`, in that type."""
    if not isinstance(chosen, Call) or not branches_of(chosen):
        return chosen
    numbers = branches_of(chosen)
    args = (_in_type(arg, made) if at in numbers else arg for at, arg in enumerate(chosen.args))
    return replace(chosen, type=made, args=tuple(args))


def _shift_type(typing: Typing, start: Expression, amount: Expression, unit: str) -> SqlType:
    fraction = _MICROSECONDS if unit.endswith("MICROSECOND") else 0
    if unit == "SECOND":
        fraction = _fraction(amount)
    match start.type.cls:
        case Class.DATETIME:
            return datetime_type(max(start.type.scale, fraction))
        case Class.DATE:
            return date_type() if unit in _DATE_UNITS else datetime_type(fraction)
        case Class.TIME if _has_days(unit):
            return datetime_type(max(start.type.scale, fraction))
        case Class.TIME:
            return time_type(max(start.type.scale, fraction))
    return shifted_text(typing)


def _has_days(unit: str) -> bool:
    """Whether a TIME moved by the unit becomes a moment of today."""
    return unit in _DATE_UNITS or unit.startswith("DAY_")


def interval_of(context: Context, amount: Any, unit: str) -> tuple[int, int] | None:
    """An interval as (months, microseconds); None when its text has too many parts, or it is too
    large."""
    if unit in _COMPOSITE:
        text = amount.decode("latin-1") if isinstance(amount, bytes) else amount
        return _composite_interval(text, _COMPOSITE[unit])
    if isinstance(amount, Decimal):
        if abs(amount) >= MOST_SECONDS:
            context.warn(1292, f"Truncated incorrect DECIMAL value: '{decimal_text(amount)}'")
        return 0, int(EXACT.scaleb(amount, 6))
    count = wrap(amount, False)
    if count == -_I63 or abs(count) >= _MOST.get(unit, _I63):
        return None
    if unit in _MONTHS_OF:
        return count * _MONTHS_OF[unit], 0
    return 0, count * UNIT_MICROS[unit]


@remembered(1024)
def _composite_interval(text: str, fields: Sequence[str]) -> tuple[int, int] | None:
    negative = text.lstrip().startswith("-")
    written = re.findall(r"[0-9]+", text)
    if len(written) > len(fields) or any(integer_of_digits(one) > _MOST_WRITTEN for one in written):
        return None
    if fields[-1] == "MICROSECOND" and written:
        written[-1] = written[-1].ljust(6, "0")
    values = [0] * (len(fields) - len(written)) + [*map(integer_of_digits, written)]
    months = sum(
        value * _MONTHS_OF.get(name, 0) for name, value in zip(fields, values, strict=True)
    )
    micros = sum(
        value * UNIT_MICROS.get(name, 0) for name, value in zip(fields, values, strict=True)
    )
    return (-months, -micros) if negative else (months, micros)


def overflow(context: Context, what: str = "datetime") -> None:
    context.warn(1441, f"Datetime function: {what} field overflow")


def start_of(context: Context, call: Call, start: Any) -> AnyDatetime | timedelta | None:
    """The moment or time that an interval is added to. None, with a warning, if it is none."""
    if start is None or call.type.cls is Class.TIME:
        return cast("timedelta | None", start)
    if isinstance(start, str | bytes):
        return convert.moment_of(context, start, call.args[0].type, flags=CALENDAR)
    return convert.moment_of(context, start, own_type(call.args[0]))


def _shift(context: Context, call: Call, start: Any, amount: Any, unit: str, sign: int) -> Any:
    plain = temporal_text.plain_moment(start) if isinstance(start, str) else None
    if plain is not None:
        moment: Any = plain.value
        has_time = plain.kind == temporal_text.DATETIME
    else:
        moment = start_of(context, call, start)
        is_text = isinstance(start, str | bytes)
        has_time = not is_text or temporal.parse_datetime(text_for_number(start))[2]
    if moment is None or amount is None or not _is_fit(moment):
        return None
    interval = interval_of(context, amount, unit)
    if interval is None:
        return overflow(context) if call.type.cls in (Class.STRING, Class.DATETIME) else None
    months, micros = sign * interval[0], sign * interval[1]
    if isinstance(moment, timedelta):
        if isinstance(amount, Decimal) and abs(amount) >= MOST_SECONDS:
            return None  # which has been said
        span = _shift_time(moment, micros)
        return span if span is not None else overflow(context, "time")
    shifted = shift_moment(moment, months, micros)
    if shifted is None and call.type.cls is Class.DATE:
        return overflow(context, "date")
    if shifted is None:
        return _beyond(context, moment, months, micros)
    if call.type.cls is not Class.STRING:
        return shifted.date() if call.type.cls is Class.DATE else shifted
    if not has_time and unit in _DATE_UNITS:
        return temporal.date_text(shifted)
    if type(shifted) is datetime:
        return shifted.isoformat(" ")
    return shown_moment(shifted)


def _is_fit(moment: AnyDatetime | timedelta) -> bool:
    """Whether it is a time, or a day of the calendar: a column may have others."""
    return isinstance(moment, timedelta) or is_day(moment)


def _beyond(context: Context, moment: AnyDatetime, months: int, micros: int) -> None:
    """Tell of a moment that was moved out of the calendar: to the day zero, or further."""
    at = micros_of(moment) + micros
    if months or not 0 <= at < UNIT_MICROS["DAY"]:
        return overflow(context)
    clock = temporal.time_text(at * _MICRO, _MICROSECONDS)
    context.warn(1292, f"Truncated incorrect datetime value: '0000-00-00 {clock}'")
    return None


def _shift_time(span: timedelta, micros: int) -> timedelta | None:
    """None where the TIME, or the interval by itself, is none."""
    if abs(micros) > _TIME_LIMIT_US:
        return None
    shifted = span + timedelta(microseconds=micros)
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
    if type(moment) is datetime:
        try:
            return moment + timedelta(0, 0, micros)
        except OverflowError:  # out of the calendar; the year 0 has days, too
            pass
    if not moment.month:
        return None
    return moment_of_micros(micros_of(moment) + micros)


def moment_of_micros(micros: int) -> AnyDatetime | None:
    """The moment that many µs after the beginning of year 0; None past year 9999 or before 0."""
    days, rest = divmod(micros, UNIT_MICROS["DAY"])
    if not 0 < days <= _LAST_DAY:
        return None
    dated = date_of_number(days)
    return moment_at(dated.year, dated.month, dated.day, timedelta(microseconds=rest))


def moment_at(year: int, month: int, day: int, clock: timedelta) -> AnyDatetime:
    seconds, micros = divmod(clock // _MICRO, 10**6)
    return make_datetime(
        year, month, day, seconds // 3600, seconds // 60 % 60, seconds % 60, micros
    )


def _shifted_column(
    context: Context, call: Call, starts: Sequence[Any], amounts: Sequence[Any], sign: int
) -> list[Any] | None:
    """Moments moved by one interval that has no months; texts of moments in their plain form."""
    unit = call.args[2]
    if not is_constant(call.args[1]) or not isinstance(unit, Literal) or amounts[0] is None:
        return None
    interval = interval_of(context, amounts[0], unit.value)
    if interval is None or interval[0] or call.type.cls not in (Class.STRING, Class.DATETIME):
        return None
    try:
        span = sign * interval[1] * _MICRO
        if call.type.cls is Class.STRING:
            return _shifted_texts(starts, span, unit.value in _DATE_UNITS)
        if not all(one is None or type(one) is datetime for one in starts):
            return None
        return [None if one is None else one + span for one in starts]
    except OverflowError:  # one is out of the calendar
        return None


def _shifted_texts(
    starts: Sequence[Any], span: timedelta, keeps_form: bool
) -> list[str | None] | None:
    made: list[str | None] = []
    for start in starts:
        read = temporal_text.plain_moment(start) if isinstance(start, str) else None
        if start is not None and read is None:
            return None
        if read is None:
            made.append(None)
            continue
        moved = read.value + span  # type: ignore[operator]
        is_date = keeps_form and read.kind == temporal_text.DATE
        made.append(str(moved)[:_DATE_CHARACTERS] if is_date else str(moved))
    return made


_DATE_CHARACTERS: Final = 10


def _added(
    context: Context, call: Call, starts: Sequence[Any], amounts: Sequence[Any], unit: Any
) -> list[Any] | None:
    return _shifted_column(context, call, starts, amounts, 1)


def _taken_away(
    context: Context, call: Call, starts: Sequence[Any], amounts: Sequence[Any], unit: Any
) -> list[Any] | None:
    return _shifted_column(context, call, starts, amounts, -1)


@implement("date_add", null_rejects=False, columns=_added)
def date_add(context: Context, call: Call, start: Any, amount: Any, unit: str) -> Any:
    return _shift(context, call, start, amount, unit, 1)


@implement("date_sub", null_rejects=False, columns=_taken_away)
def date_sub(context: Context, call: Call, start: Any, amount: Any, unit: str) -> Any:
    return _shift(context, call, start, amount, unit, -1)


@build_as("timestampadd", 3)
def build_timestampadd(typing: Typing, args: Sequence[Expression]) -> Expression:
    unit, amount, start = args
    assert isinstance(unit, Literal)
    return _build_shift(typing, "date_add", start, amount, unit)


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


@implement("extract", pure=False, settled=True)
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

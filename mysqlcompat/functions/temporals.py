"""Date and time functions."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import (
    BIGINT,
    DEFINITIONS,
    build_as,
    define,
    implement,
    integer,
)
from mysqlcompat.functions.table import Context
from mysqlcompat.numerals import EXACT, round_decimal
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.measures import cast_literal_fsp
from mysqlcompat.sql.typed import Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import (
    TEMPORAL,
    Class,
    SqlType,
    date_type,
    datetime_type,
    decimal_type,
    string_type,
    time_type,
)

if TYPE_CHECKING:
    pass

_DAY: Final = timedelta(days=1)
_MICRO: Final = timedelta(microseconds=1)


# The clock --------------------------------------------------------------------------------------


def _fsp(name: str, args: Sequence[Expression]) -> int:
    if not args:
        return 0
    value = args[0].value if isinstance(args[0], Literal) else None
    if not isinstance(value, int):
        raise SqlError(1210, name)
    if value > 6:
        raise SqlError(1426, value, name, 6)
    return value


def _clock(names: str, make: Callable[[int], SqlType]) -> None:
    def build(typing: Typing, args: Sequence[Expression]) -> Expression:
        return typing.call(name, make(_fsp(name, args)).or_null(False))

    name = names.split()[0]
    build_as(names, 0, 1)(build)


def _now_type(fsp: int) -> SqlType:
    return datetime_type(fsp)


def _time_now_type(fsp: int) -> SqlType:
    made = time_type(fsp)
    return replace(made, length=made.length - 2)


_clock("now current_timestamp localtime localtimestamp", _now_type)
_clock("sysdate", _now_type)
_clock("utc_timestamp", _now_type)
_clock("curtime current_time", _time_now_type)
_clock("utc_time", _time_now_type)


def _local(context: Context, fsp: int) -> datetime:
    unit = 10 ** (6 - fsp)
    return temporal.local_of_us(context.now_us // unit * unit, context.time_zone)


@implement("now,sysdate", pure=False)
def now(context: Context, call: Call) -> datetime:
    return _local(context, call.type.scale)


@implement("utc_timestamp", pure=False)
def utc_timestamp(context: Context, call: Call) -> datetime:
    unit = 10 ** (6 - call.type.scale)
    return temporal.local_of_us(context.now_us // unit * unit, "UTC")


@implement("curtime", pure=False)
def curtime(context: Context, call: Call) -> timedelta:
    return temporal.time_of(_local(context, call.type.scale))


@implement("utc_time", pure=False)
def utc_time(context: Context, call: Call) -> timedelta:
    return temporal.time_of(utc_timestamp(context, call))


@define("curdate current_date", "", date_type(False), pure=False)
def curdate(context: Context, call: Call) -> date:
    return _local(context, 0).date()


@define("utc_date", "", date_type(False), pure=False)
def utc_date(context: Context, call: Call) -> date:
    return date.fromordinal(utc_timestamp(context, call).toordinal())


# Literals and parts -----------------------------------------------------------------------------


def _literal(
    name: str, kind: str, make: Callable[[str], Any], made: Callable[[int], SqlType]
) -> None:
    def build(typing: Typing, args: Sequence[Expression]) -> Expression:
        literal = args[0]
        assert isinstance(literal, Literal)
        text = str(literal.value)
        value = make(text)
        if value is None:
            raise SqlError(1525, kind, text)
        return Literal(made(cast_literal_fsp(text)).or_null(False), value)

    build_as(name, 1)(build)


def _date_literal(text: str) -> date | None:
    moment, whole, has_time = temporal.parse_datetime(text)
    return moment.date() if moment is not None and whole and not has_time else None


def _datetime_literal(text: str) -> datetime | None:
    moment, whole, _ = temporal.parse_datetime(text)
    return moment if whole else None


def _time_literal(text: str) -> timedelta | None:
    span, whole = temporal.parse_time(text)
    return span if whole else None


_literal("date@literal", "DATE", _date_literal, lambda fsp: date_type())
_literal("timestamp@literal", "DATETIME", _datetime_literal, datetime_type)
_literal("time@literal", "TIME", _time_literal, time_type)


@build_as("date", 1)
def build_date(typing: Typing, args: Sequence[Expression]) -> Expression:
    return Cast(date_type(), args[0])


@build_as("time", 1)
def build_time(typing: Typing, args: Sequence[Expression]) -> Expression:
    return Cast(time_type(shown_fsp(args[0])), args[0])


@build_as("timestamp", 1, 2)
def build_timestamp(typing: Typing, args: Sequence[Expression]) -> Expression:
    moment = Cast(datetime_type(shown_fsp(args[0])), args[0])
    return moment if len(args) == 1 else DEFINITIONS["addtime"].build(typing, (moment, args[1]))


def shown_fsp(arg: Expression) -> int:
    """Fractional digits of an argument: those a literal shows, six of other strings."""
    if arg.type.cls in TEMPORAL:
        return arg.type.scale
    if isinstance(arg, Literal) and isinstance(arg.value, str):
        return cast_literal_fsp(arg.value)
    return (
        min(arg.type.scale, 6)
        if arg.type.cls is Class.DECIMAL
        else (0 if arg.type.cls is Class.INT else 6)
    )


def week_of(value: date, mode: int) -> tuple[int, int]:
    """(year, week) as WEEK(…, mode) counts."""
    monday_first, long_year, first_full = bool(mode & 1), bool(mode & 2), not mode & 4
    if not monday_first:
        first_full = not first_full
    first_full = bool(mode & 4) if monday_first else not mode & 4
    start = date(value.year, 1, 1)
    weekday = start.weekday() if monday_first else (start.weekday() + 1) % 7
    day = (value - start).days
    year = value.year
    skips_first = weekday != 0 if not _iso(mode) else weekday >= 4
    if value.month == 1 and value.day <= 7 - weekday:
        if not long_year and skips_first:
            return year, 0
        if skips_first:
            long_year = True
            year -= 1
            start = date(year, 1, 1)
            days = 366 if calendar.isleap(year) else 365
            weekday = (weekday + 53 * 7 - days) % 7
            day += days
    skips_first = weekday != 0 if not _iso(mode) else weekday >= 4
    days = day - (7 - weekday) if skips_first else day + weekday
    if long_year and days >= 52 * 7:
        in_year = 366 if calendar.isleap(year) else 365
        weekday = (weekday + in_year) % 7
        if (not _iso(mode) and weekday == 0) or (_iso(mode) and weekday < 4):
            return year + 1, 1
    return year, days // 7 + 1


def _iso(mode: int) -> bool:
    """Whether week 1 is the first with four days or more in the year."""
    return bool(mode & 1) != bool(mode & 4)


_DAYS = tuple(calendar.day_name)
_MONTHS = tuple(calendar.month_name)


def _part(names: str, length: int, compute: Callable[[date], int], kind: str = "D") -> None:
    def apply(context: Context, call: Call, value: Any) -> int:
        return compute(value)

    define(names, kind, integer(length), nullable=True)(apply)


_part("month", 3, lambda value: value.month)
_part("day dayofmonth", 3, lambda value: value.day)
_part("quarter", 2, lambda value: (value.month + 2) // 3)
_part("weekday", 2, lambda value: value.weekday())
_part("dayofweek", 2, lambda value: (value.weekday() + 1) % 7 + 1)
_part("dayofyear", 4, lambda value: value.timetuple().tm_yday)
_part("to_days", 8, lambda value: value.toordinal() + 365)
_part("weekofyear", 3, lambda value: value.isocalendar()[1])


@define("year", "D", SqlType(TypeKind.YEAR, 4, unsigned=True), nullable=True)
def year(context: Context, call: Call, value: date) -> int:
    return value.year


@define("week", "Di", integer(3), required=1, nullable=True)
def week(context: Context, call: Call, value: date, mode: int = 0) -> int:
    return week_of(value, mode)[1]


@define("yearweek", "Di", integer(7), required=1, nullable=True)
def yearweek(context: Context, call: Call, value: date, mode: int = 0) -> int:
    number, weeks = week_of(value, mode | 2)
    return number * 100 + weeks


def _clock_part(name: str, length: int, compute: Callable[[int], int]) -> None:
    def apply(context: Context, call: Call, value: timedelta) -> int:
        return compute(abs(value) // _MICRO)

    define(name, "T", integer(length), nullable=True)(apply)


_clock_part("hour", 4, lambda micros: micros // 3600000000)
_clock_part("minute", 3, lambda micros: micros // 60000000 % 60)
_clock_part("second", 3, lambda micros: micros // 1000000 % 60)
_clock_part("microsecond", 21, lambda micros: micros % 1000000)


@define("dayname", "D", lambda typing, args: string_type(9, typing.context.collation))
def dayname(context: Context, call: Call, value: date) -> str:
    return _DAYS[value.weekday()]


@define("monthname", "D", lambda typing, args: string_type(9, typing.context.collation))
def monthname(context: Context, call: Call, value: date) -> str:
    return _MONTHS[value.month]


@define("last_day", "D", date_type(), nullable=True)
def last_day(context: Context, call: Call, value: date) -> date:
    return date(value.year, value.month, calendar.monthrange(value.year, value.month)[1])


@define("from_days", "i", date_type(), nullable=True)
def from_days(context: Context, call: Call, days: int) -> date | None:
    return date.fromordinal(days - 365) if 366 <= days <= 3652424 else None


@define("time_to_sec", "T", integer(10), nullable=True)
def time_to_sec(context: Context, call: Call, value: timedelta) -> int:
    seconds = abs(value) // timedelta(seconds=1)
    return -seconds if value < timedelta(0) else seconds


@build_as("sec_to_time", 1)
def build_sec_to_time(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg = typing.as_number(args[0])
    fsp = 6 if arg.type.cls is Class.DOUBLE else min(arg.type.scale, 6)
    return typing.call("sec_to_time", time_type(fsp), arg)


@implement("sec_to_time")
def sec_to_time(context: Context, call: Call, seconds: Any) -> timedelta:
    micros = int(EXACT.scaleb(Decimal(str(seconds)), 6))
    span = timedelta(microseconds=micros)
    if abs(span) > temporal.TIME_LIMIT:
        context.warn(1292, f"Truncated incorrect time value: '{seconds}'")
    return min(max(span, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)


@define("makedate", "ii", date_type(), nullable=True)
def makedate(context: Context, call: Call, number: int, day: int) -> date | None:
    if number < 100:
        number += 2000 if number < 70 else 1900
    if day < 1 or not 1 <= number <= 9999:
        return None
    made = date(number, 1, 1).toordinal() + day - 1
    return date.fromordinal(made) if made <= date.max.toordinal() else None


@define("maketime", "iii", time_type(), nullable=True)
def maketime(context: Context, call: Call, hour: int, minute: int, second: int) -> Any:
    if not (0 <= minute < 60 and 0 <= second < 60):
        return None
    span = timedelta(hours=abs(hour), minutes=minute, seconds=second)
    return min(span, temporal.TIME_LIMIT) * (-1 if hour < 0 else 1)


# Unix time --------------------------------------------------------------------------------------


@build_as("unix_timestamp", 0, 1)
def build_unix_timestamp(typing: Typing, args: Sequence[Expression]) -> Expression:
    if not args:
        return typing.call("unix_timestamp", BIGINT.or_null(False))
    fsp = shown_fsp(args[0])
    text = args[0].value if isinstance(args[0], Literal) else None
    if isinstance(text, str) and temporal.parse_datetime(text)[0] is None:
        fsp = 6
    nullable = args[0].type.nullable
    made = decimal_type(11 + fsp, fsp, nullable=nullable) if fsp else BIGINT.or_null(nullable)
    return typing.call("unix_timestamp", made, typing.as_moment(args[0], fsp))


@implement("unix_timestamp", null_rejects=False, pure=False)
def unix_timestamp(context: Context, call: Call, *moment: datetime | None) -> Any:
    if not moment:
        return context.now_us // 1000000
    if moment[0] is None:
        if call.args[0].type.nullable and call.type.nullable:
            return None
        return Decimal(0).scaleb(-call.type.scale) if call.type.cls is Class.DECIMAL else 0
    utc = temporal.local_to_utc(moment[0], context.time_zone)
    micros = (utc - temporal.EPOCH) // _MICRO
    micros = max(micros, 0) if micros < 32536771200000000 else 0
    if call.type.cls is Class.INT:
        return micros // 1000000
    return round_decimal(Decimal(micros).scaleb(-6), call.type.scale)


@build_as("from_unixtime", 1, 2)
def build_from_unixtime(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg = typing.as_number(args[0])
    fsp = 6 if arg.type.cls is Class.DOUBLE else min(arg.type.scale, 6)
    moment = typing.call("from_unixtime", datetime_type(fsp), arg)
    return moment if len(args) == 1 else _build_format("date_format", typing, (moment, args[1]))


@implement("from_unixtime", pure=False)
def from_unixtime(context: Context, call: Call, seconds: Any) -> datetime | None:
    micros = int(EXACT.scaleb(Decimal(str(seconds)), 6))
    if not 0 <= micros <= 32536771199999999:
        return None
    return temporal.local_of_us(micros, context.time_zone)


@define("convert_tz", "tss", datetime_type(), nullable=True, pure=False)
def convert_tz(context: Context, call: Call, moment: datetime, source: str, target: str) -> Any:
    try:
        return temporal.utc_to_local(temporal.local_to_utc(moment, source), target)
    except (SqlError, OverflowError):
        return None


def _build_format(name: str, typing: Typing, args: Sequence[Expression]) -> Expression:
    from mysqlcompat.functions.time_format import longest

    value = typing.as_moment(args[0]) if name == "date_format" else typing.as_time(args[0])
    pattern = typing.as_string(args[1])
    size = longest(pattern.value) if isinstance(pattern, Literal) else pattern.type.length * 10
    if name == "time_format":
        size = pattern.type.length * 2
    return typing.call(name, string_type(size, typing.context.collation), value, pattern)


@build_as("date_format", 2)
def build_date_format(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_format("date_format", typing, args)


@build_as("time_format", 2)
def build_time_format(typing: Typing, args: Sequence[Expression]) -> Expression:
    return _build_format("time_format", typing, args)

"""Date and time functions."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal, temporal_text
from mysqlcompat.character_sets import bytes_beyond
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import (
    BIGINT,
    DEFINITIONS,
    build_as,
    define,
    implement,
    integer,
)
from mysqlcompat.functions.moments import fuzzy_moment, of_calendar
from mysqlcompat.functions.seconds import ANY_DECIMAL, MOST_SECONDS
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.time_format import names_of
from mysqlcompat.functions.weeks import (
    MONDAY_FIRST,
    WEEK_YEAR,
    date_of_number,
    day_number,
    days_in_month,
    is_day,
    number_of,
    week_of,
    weekday_of,
)
from mysqlcompat.numerals import EXACT, decimal_text, round_decimal
from mysqlcompat.partial_dates import AnyDate, AnyDatetime, PartialDatetime, make_date
from mysqlcompat.sql.branches import natural
from mysqlcompat.sql.describe import OF_BRANCH, WRITTEN
from mysqlcompat.sql.infer import Typing, is_number_literal
from mysqlcompat.sql.measures import cast_literal_fsp
from mysqlcompat.sql.typed import Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import (
    TEMPORAL,
    Class,
    SqlType,
    date_type,
    datetime_type,
    string_type,
    time_type,
)

if TYPE_CHECKING:
    pass

_DAY: Final = timedelta(days=1)
_MICRO: Final = timedelta(microseconds=1)
_HOURS_LIMIT: Final = 838
_U32: Final = (1 << 32) - 1  #: the most hours a time of MySQL has room for
_NANO_DIGITS: Final = 9  #: of a second
_LAST_DAY: Final = 3652424  #: of the year 9999, counted from the year 0


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
    name: str, kind: str, make: Callable[[Context, str], Any], made: Callable[[int], SqlType]
) -> None:
    def build(typing: Typing, args: Sequence[Expression]) -> Expression:
        literal = args[0]
        assert isinstance(literal, Literal)
        text = str(literal.value)
        value = make(typing.context, text)
        if value is None:
            raise SqlError(1525, kind, text)
        return Literal(made(cast_literal_fsp(text)).or_null(False), value)

    build_as(name, 1)(build)


def _date_literal(context: Context, text: str) -> AnyDate | None:
    read = temporal_text.read_datetime(text, temporal_text.date_flags(context.sql_mode))
    moment = read.value if read.is_good and read.kind == temporal_text.DATE else None
    return moment.date() if isinstance(moment, datetime | PartialDatetime) else None


def _datetime_literal(context: Context, text: str) -> AnyDatetime | None:
    """With an offset it is a moment, shown on the session's clock."""
    read = temporal_text.read_datetime(text, temporal_text.date_flags(context.sql_mode))
    if not read.is_good or read.kind != temporal_text.DATETIME:
        return None
    assert isinstance(read.value, datetime | PartialDatetime)
    return temporal.utc_to_local(read.value, context.time_zone) if read.moved else read.value


def _time_literal(context: Context, text: str) -> timedelta | None:
    span, whole = temporal.parse_time(text)
    return span if whole else None


_literal("date@literal", "DATE", _date_literal, lambda fsp: date_type())
_literal("timestamp@literal", "DATETIME", _datetime_literal, datetime_type)
_literal("time@literal", "TIME", _time_literal, time_type)


@build_as("date", 1)
def build_date(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg = of_calendar(typing, args[0])
    made = _chosen(typing, arg, date_type())
    return made or Cast(date_type(), typing.timely(arg), wording=WRITTEN)


@build_as("time", 1)
def build_time(typing: Typing, args: Sequence[Expression]) -> Expression:
    target = time_type(shown_fsp(typing, args[0]))
    made = _chosen(typing, args[0], target)
    return made or Cast(target, typing.timely(args[0]), wording=WRITTEN)


@build_as("timestamp", 1, 2)
def build_timestamp(typing: Typing, args: Sequence[Expression]) -> Expression:
    target = datetime_type(shown_fsp(typing, args[0], moment_fields))
    arg = of_calendar(typing, args[0])
    moment = _chosen(typing, arg, target)
    if len(args) == 1:
        return moment or Cast(target, typing.timely(arg), wording=WRITTEN)
    moment = moment or Cast(target, typing.timely(arg))
    made = DEFINITIONS["addtime"].build(typing, (moment, args[1]))
    return replace(made, function=typing.function("timestamp")) if isinstance(made, Call) else made


def _chosen(typing: Typing, arg: Expression, target: SqlType) -> Expression | None:
    """What IF, CASE or NULLIF chose as the date or time that the branch is: also of what is a date
    as a whole, where a chosen time is one of today."""
    return typing.own_branches(arg, target, lambda one: _of_branch(target, typing.timely(one)))


def _of_branch(target: SqlType, inner: Expression) -> Cast:
    """One branch of what is a date as a whole."""
    return Cast(target, inner, wording=OF_BRANCH)


def moment_fields(text: str) -> temporal_text.Reading:
    """A text with the fields of a date, on the calendar or not."""
    return temporal_text.read_datetime(text, temporal_text.FUZZY | temporal_text.INVALID_DATES)


def shown_fsp(
    typing: Typing,
    arg: Expression,
    read: Callable[[str], temporal_text.Reading] | None = None,
) -> int:
    """Fractional digits of an argument: those a constant shows, six of other strings. `read` it:
    as a time, by default."""
    if arg.type.cls in TEMPORAL:
        return arg.type.scale
    if is_number_literal(arg):
        return 0
    text = typing.constant_value(arg) if arg.type.cls is Class.STRING else None
    if isinstance(text, str | bytes):
        plain = text if isinstance(text, str) else text.decode("latin-1")
        beyond = bytes_beyond(text, arg.type.collation)
        found = read(plain) if read else temporal_text.read_time(plain, beyond=beyond)
        return 6 if found.value is None else found.digits
    if arg.type.cls is Class.NULL:
        return 0
    return (
        min(arg.type.scale, 6)
        if arg.type.cls is Class.DECIMAL
        else (0 if arg.type.cls is Class.INT else 6)
    )


def _part(names: str, length: int, compute: Callable[[date], int], kind: str = "D") -> None:
    def apply(context: Context, call: Call, value: Any) -> int | None:
        return compute(value) if is_day(value) else None

    define(names, kind, integer(length), nullable=True)(apply)


def _fuzzy_part(names: str, made: SqlType, compute: Callable[[Any], int]) -> None:
    """A part that a date without a month or a day has, too."""

    def build(typing: Typing, args: Sequence[Expression]) -> Expression:
        return typing.call(name, made.or_null(), fuzzy_moment(typing, args[0], "date"))

    def apply(context: Context, call: Call, value: Any) -> int:
        return compute(value)

    name = names.split()[0]
    build_as(names, 1)(build)
    implement(name)(apply)


_fuzzy_part("month", integer(3), lambda value: value.month)
_fuzzy_part("day dayofmonth", integer(3), lambda value: value.day)
_fuzzy_part("quarter", integer(2), lambda value: (value.month + 2) // 3)
_fuzzy_part("year", SqlType(TypeKind.YEAR, 4, precision=1, unsigned=True), lambda value: value.year)
_part("weekday", 2, weekday_of)
_part("dayofweek", 2, lambda value: (weekday_of(value) + 1) % 7 + 1)
_part("weekofyear", 3, lambda value: week_of(value, MONDAY_FIRST | WEEK_YEAR)[1])


@define("dayofyear", "D", integer(4), nullable=True)
def dayofyear(context: Context, call: Call, value: AnyDate) -> int | None:
    if not is_day(value):
        if value.month and value.day:  # a day too many; of no day nothing is said
            shown = temporal.date_text(value)
            context.warn(1292, f"Truncated incorrect date value: '{shown}'")
        return None
    first = day_number(value.year, 1, 1)
    return number_of(value) - first + 1


@define("to_days", "N", integer(8), nullable=True)
def to_days(context: Context, call: Call, value: AnyDate) -> int | None:
    """Also of a 31st of February, where sql_mode lets that in."""
    return day_number(value.year, value.month, value.day) if value.month and value.day else None


@define(
    "week",
    "Di",
    integer(3),
    required=1,
    nullable=True,
    null_rejects=False,
    pure=False,
    settled=True,
)
def week(context: Context, call: Call, value: AnyDate | None, *mode: int | None) -> int | None:
    """Of a NULL mode it is 0."""
    if value is None or not is_day(value):
        return None
    wanted = mode[0] if mode else int(context.system_variable("default_week_format", ""))
    return 0 if wanted is None else week_of(value, _mode(wanted))[1]


def _mode(given: int) -> int:
    """A mode of WEEK: negative ones are none."""
    mode = ctypes.c_int32(given).value
    return mode if mode > 0 else 0


@define("yearweek", "Di", integer(7), required=1, nullable=True, null_rejects=False)
def yearweek(context: Context, call: Call, value: AnyDate, mode: int | None = 0) -> int | None:
    if value is None or not is_day(value):
        return None
    if mode is None:
        return 0
    if ctypes.c_int32(mode).value < 0:  # which is none, and none that counts years
        return int(value.year * 100 + week_of(value, 0)[1])
    number, weeks = week_of(value, _mode(mode) | 2)
    return number * 100 + weeks


def _clock_part(name: str, length: int, compute: Callable[[int], int]) -> None:
    def apply(context: Context, call: Call, value: timedelta) -> int:
        return compute(abs(value) // _MICRO)

    define(name, "T", integer(length), nullable=True)(apply)


_clock_part("hour", 4, lambda micros: micros // 3600000000)
_clock_part("minute", 3, lambda micros: micros // 60000000 % 60)
_clock_part("second", 3, lambda micros: micros // 1000000 % 60)
_clock_part("microsecond", 21, lambda micros: micros % 1000000)


@define("dayname", "D", lambda typing, args: _name_type(typing, "days"), pure=False, settled=True)
def dayname(context: Context, call: Call, value: AnyDate) -> str | None:
    return names_of(context).days[weekday_of(value)] if is_day(value) else None


def _name_type(typing: Typing, names: str) -> SqlType:
    """As long as the longest of the names in @@lc_time_names."""
    longest = max(map(len, getattr(names_of(typing.context), names)))
    return string_type(longest, typing.context.collation)


@build_as("monthname", 1)
def build_monthname(typing: Typing, args: Sequence[Expression]) -> Expression:
    moment = fuzzy_moment(typing, args[0], "date")
    return typing.call("monthname", _name_type(typing, "months"), moment)


@implement("monthname", pure=False, settled=True)
def monthname(context: Context, call: Call, value: AnyDate) -> str | None:
    return names_of(context).months[value.month - 1] if value.month else None


@build_as("last_day", 1)
def build_last_day(typing: Typing, args: Sequence[Expression]) -> Expression:
    return typing.call("last_day", date_type(), fuzzy_moment(typing, args[0], "date"))


@implement("last_day")
def last_day(context: Context, call: Call, value: AnyDate) -> AnyDate | None:
    if not value.month:
        context.warn(1292, f"Truncated incorrect date value: '{temporal.date_text(value)}'")
        return None
    return make_date(value.year, value.month, days_in_month(value.year, value.month))


@define("to_seconds", "t", BIGINT, nullable=True)
def to_seconds(context: Context, call: Call, value: AnyDatetime) -> int | None:
    if not is_day(value):
        return None
    return number_of(value) * 86400 + temporal.time_of(value) // timedelta(seconds=1)


@define("from_days", "i", date_type(), nullable=True)
def from_days(context: Context, call: Call, days: int) -> AnyDate | None:
    if 0 < days <= _LAST_DAY:
        return date_of_number(days)
    context.warn(1441, "Datetime function: date field overflow")
    return None


@define("time_to_sec", "T", integer(10), nullable=True)
def time_to_sec(context: Context, call: Call, value: timedelta) -> int:
    seconds = abs(value) // timedelta(seconds=1)
    return -seconds if value < timedelta(0) else seconds


#: What a DOUBLE becomes on its way to seconds.
@define("makedate", "ii", date_type(), nullable=True)
def makedate(context: Context, call: Call, number: int, day: int) -> date | None:
    if not 0 <= number <= 9999 or not 0 < day <= _LAST_DAY:
        return None
    if number < 100:
        number += 2000 if number < 70 else 1900
    made = date(number, 1, 1).toordinal() + day - 1
    return date.fromordinal(made) if made <= date.max.toordinal() else None


#: What is above has no nanosecond below zero.
_NO_NANOSECOND: Final = Decimal("-1e-9")


@build_as("maketime", 3)
def build_maketime(typing: Typing, args: Sequence[Expression]) -> Expression:
    hour, minute, second = args
    if is_number_literal(second):
        second = typing.as_number(second)
    fsp = 6 if second.type.cls is Class.JSON else min(second.type.scale, 6)
    if second.type.cls not in (Class.DECIMAL, Class.INT):
        second = typing.cast(second, ANY_DECIMAL)
    made = time_type(fsp).or_null()
    hour, minute = typing.as_integer(hour), typing.as_integer(minute)
    return typing.call("maketime", made, hour, minute, natural(second))


@implement("maketime")
def maketime(context: Context, call: Call, hour: int, minute: int, second: Any) -> Any:
    if abs(second) >= MOST_SECONDS:
        context.warn(1292, f"Truncated incorrect DECIMAL value: '{decimal_text(Decimal(second))}'")
        return None
    if not (0 <= minute < 60 and _NO_NANOSECOND < second < 60):
        return None
    if type(second) is int and -_HOURS_LIMIT < hour < _HOURS_LIMIT:
        made = timedelta(0, (abs(hour) * 60 + minute) * 60 + second)
        return -made if hour < 0 else made
    exact = Decimal(second)
    if "TIME_TRUNCATE_FRACTIONAL" not in context.sql_mode:
        exact = round_decimal(exact, 6)
    micros = int(EXACT.scaleb(exact, 6))
    span = timedelta(hours=min(abs(hour), 10000), minutes=minute, microseconds=micros)
    if span > temporal.TIME_LIMIT:
        shown = f"{hour if hour < -_U32 else abs(hour)}:{minute:02d}:{int(second):02d}"
        fraction = decimal_text(Decimal(second)).partition(".")[2]
        fraction = fraction.ljust(call.args[2].type.scale, "0")[:_NANO_DIGITS]
        shown += f".{fraction}" if int(fraction or "0") else ""
        context.warn(1292, f"Truncated incorrect time value: '{shown}'")
        span = temporal.TIME_LIMIT
    return -span if hour < 0 else span

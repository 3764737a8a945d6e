"""Unix time and time zones: UNIX_TIMESTAMP, FROM_UNIXTIME, CONVERT_TZ."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from mysqlcompat import temporal
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import BIGINT, build_as, implement
from mysqlcompat.functions.moments import of_calendar, read_moment
from mysqlcompat.functions.seconds import MOST_SECONDS, micros_column, micros_of_seconds, seconds_of
from mysqlcompat.functions.table import Context
from mysqlcompat.functions.temporals import moment_fields, shown_fsp
from mysqlcompat.functions.time_format import build_format
from mysqlcompat.functions.weeks import is_day
from mysqlcompat.numerals import EXACT, decimal_text, round_decimal
from mysqlcompat.partial_dates import PartialDate, PartialDatetime
from mysqlcompat.sql.branches import is_chosen
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Cast, Expression, Literal
from mysqlcompat.sqltypes import TEMPORAL, Class, datetime_type, decimal_type
from mysqlcompat.time_zone_tables import changes_of

_FSP: Final = 6  #: digits of a second's fraction, all of them
_MICRO: Final = timedelta(microseconds=1)
_SECOND_US: Final = 1000000  #: the first moment of Unix time that is none of its zero
#: The first moment that is out of the range of Unix time, 3001-01-19 00:00:00 UTC, in µs.
_END_US: Final = 32536771200000000
_FIRST_YEAR, _LAST_YEAR = 1969, 3001  #: of Unix time in any zone


@build_as("unix_timestamp", 0, 1)
def build_unix_timestamp(typing: Typing, args: Sequence[Expression]) -> Expression:
    if not args:
        return typing.call("unix_timestamp@now", BIGINT.or_null(False))
    fsp, nullable = shown_fsp(typing, args[0], moment_fields), args[0].type.nullable
    if args[0].type.cls in (Class.STRING, Class.INT):
        args = (_of_branches(typing, args[0]) or args[0],)
    elif args[0].type.cls is Class.DOUBLE:
        args = (typing.timely(args[0]),)
    made = decimal_type(11 + fsp, fsp, nullable=nullable) if fsp else BIGINT.or_null(nullable)
    return typing.call("unix_timestamp", made, args[0])


def _of_branches(typing: Typing, text: Expression) -> Expression | None:
    """What IF, CASE or NULLIF chose, read by itself: zero is what is no moment if the whole cannot
    be NULL."""
    target = datetime_type(6)

    def read(inner: Expression) -> Expression:
        is_date = inner.type.cls in TEMPORAL
        return Cast(target, inner) if is_date else typing.call("datetime@fuzzy", target, inner)

    made = typing.own_branches(text, target, read)
    if made is None or text.type.nullable:
        return made
    return typing.call("ifnull", target, made, Literal(target, PartialDatetime(0, 0, 0)))


@implement("unix_timestamp@now", pure=False)
def seconds_now(context: Context, call: Call) -> int:
    return context.now_us // 1000000


@implement("unix_timestamp", pure=False, settled=True, null_rejects=False)
def unix_timestamp(context: Context, call: Call, value: Any) -> Any:
    """0 of what is no moment; NULL of what was chosen and is none, if it may be that."""
    if value is None and call.type.nullable:
        return None
    moment = None if value is None else read_moment(context, call.args[0], value)
    if moment is None and call.type.nullable and is_chosen(call.args[0]):
        return None
    micros = 0
    if moment is not None and not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        moment = None
    if isinstance(moment, PartialDate):  # a day too many is one of the next month
        moment = _with_next_days(moment) if moment.year and moment.month and moment.day else None
    if moment is not None:
        at = moment if isinstance(moment, datetime) else datetime(*moment.timetuple()[:3])
        micros = (temporal.local_to_utc(at, context.time_zone) - temporal.EPOCH) // _MICRO
    micros = micros if 0 <= micros < _END_US else 0
    if call.type.cls is Class.INT:
        return micros // 1000000
    if call.type.mixed and not micros % 1000000:
        return Decimal(micros // 1000000)
    scale = _FSP if call.type.mixed else call.type.scale
    return round_decimal(Decimal(micros).scaleb(-_FSP), scale)


def _with_next_days(moment: PartialDate) -> datetime:
    days = timedelta(days=moment.day - 1)
    clock = temporal.time_of(moment) if isinstance(moment, PartialDatetime) else timedelta(0)
    return datetime(moment.year, moment.month, 1) + days + clock


@build_as("from_unixtime", 1, 2)
def build_from_unixtime(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg, fsp = seconds_of(typing, args[0])
    if arg.type.cls is Class.DECIMAL and not fsp:
        arg = typing.as_integer(arg)
    moment = typing.call("from_unixtime", datetime_type(fsp), arg)
    return moment if len(args) == 1 else build_format("date_format", typing, (moment, args[1]))


def _moments(context: Context, call: Call, seconds: Sequence[Any]) -> list[Any] | None:
    micros: list[Any] = micros_column(context, seconds)
    zone = context.time_zone
    pairs = zip(seconds, micros, strict=True)
    if any(one is not None and (one < 0 or not 0 <= micro < _END_US) for one, micro in pairs):
        return None
    if temporal.zone_of(zone) is UTC:
        epoch = temporal.EPOCH
        return [None if one is None else epoch + timedelta(0, 0, one) for one in micros]
    return [None if one is None else temporal.local_of_us(one, zone) for one in micros]


@implement("from_unixtime", pure=False, settled=True, columns=_moments)
def from_unixtime(context: Context, call: Call, seconds: Any) -> datetime | None:
    if type(seconds) is int:
        micros = 1000000 * seconds
    else:
        micros = micros_of_seconds(context, seconds)
        if abs(seconds) >= MOST_SECONDS:
            context.warn(1292, f"Truncated incorrect DECIMAL value: '{decimal_text(seconds)}'")
    if not 0 <= micros < _END_US or _is_negative(seconds):
        return None
    return temporal.local_of_us(micros, context.time_zone)


def _is_negative(seconds: int | Decimal) -> bool:
    """Whether it is less than zero by a billionth at least."""
    return seconds < 0 and int(EXACT.scaleb(Decimal(seconds), 9)) < 0


@implement("zone changes", pure=False)
def zone_changes(context: Context, call: Call, *name: str | bytes) -> bytes | None:
    """A zone as kernels read it, the session's by default; NULL if there is none."""
    try:
        return changes_of(_text(name[0]) if name else context.time_zone)
    except SqlError:
        return None


@implement("utc of", pure=False)
def utc_of(context: Context, call: Call, moment: Any) -> Any:
    """What the clock showed in UTC at a TIMESTAMP, which comes in the session's time zone."""
    return temporal.local_to_utc(moment, context.time_zone)


@build_as("convert_tz", 3)
def build_convert_tz(typing: Typing, args: Sequence[Expression]) -> Expression:
    made = datetime_type(shown_fsp(typing, args[0], moment_fields))
    moment = typing.as_moment(of_calendar(typing, args[0]))
    texts = map(typing.as_string, args[1:])
    zones = (typing.in_charset(arg, "utf8mb4_bin") if arg.type.is_text else arg for arg in texts)
    return typing.call("convert_tz", made.or_null(), moment, *zones)


def is_zone(name: str | bytes) -> bool:
    """Whether there is a time zone of this name."""
    try:
        temporal.zone_of(_text(name))
    except SqlError:
        return False
    return True


def _text(name: str | bytes) -> str:
    return name.decode("latin-1") if isinstance(name, bytes) else name


@implement("convert_tz", pure=False, settled=True)
def convert_tz(
    context: Context, call: Call, moment: Any, source: str | bytes, target: str | bytes
) -> Any:
    """The moment itself where it is out of the range of Unix time."""
    source, target = _text(source), _text(target)
    try:
        temporal.zone_of(target)
        if isinstance(moment, PartialDate):  # of the year 0
            return moment if is_day(moment) else None
        utc = temporal.local_to_utc(moment, source)
        if not _SECOND_US <= (utc - temporal.EPOCH) // _MICRO < _END_US:
            return moment
        return temporal.utc_to_local(utc, target)
    except SqlError:
        return None
    except OverflowError:
        return moment

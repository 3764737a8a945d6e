"""Dates and times: MySQL's reading of strings and numbers, its text, and its packed integers.

Values are `datetime.date`, `datetime.datetime` (no zone) and `datetime.timedelta` (TIME, which may
be negative and has 838:59:59 as its limit). Dates that are on no calendar, which only lenient
sql_modes let in, are those of `partial_dates`. Reading text is `temporal_text`.

Packed (`docs/seams.md` §3):
``((((year*13+month)<<5|day)<<17)|(hour<<12|minute<<6|second))<<24|µs``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from mysqlcompat import temporal_text
from mysqlcompat.errors import SqlError
from mysqlcompat.partial_dates import (
    AnyDate,
    AnyDatetime,
    PartialDate,
    PartialDatetime,
    has_clock,
    make_date,
    make_datetime,
)

EPOCH: Final = datetime(1970, 1, 1)
TIME_LIMIT: Final = temporal_text.TIME_LIMIT
Moment = date | datetime | timedelta | PartialDate


def microseconds(fraction: str | None) -> int:
    """First six digits after the point, as microseconds."""
    return int((fraction or "0")[:6].ljust(6, "0"))


def parse_datetime(text: str) -> tuple[datetime | None, bool, bool]:
    """(value, whole text was read, a time was given). A date that is on no calendar is None."""
    reading = temporal_text.read_datetime(text)
    moment = reading.value if isinstance(reading.value, datetime) else None
    return moment, reading.is_good, reading.kind == temporal_text.DATETIME


def parse_time(text: str) -> tuple[timedelta | None, bool]:
    """(value, whole text was read); past the limit the limit is the value, and not all was read."""
    reading = temporal_text.read_time(text)
    value = reading.value
    span = time_of(value) if isinstance(value, datetime | PartialDatetime) else value
    return span, reading.is_good


def datetime_of_number(number: int) -> datetime | None:
    """YYYYMMDD, YYMMDD, YYYYMMDDhhmmss or YYMMDDhhmmss as a moment; None when it is none."""
    value = temporal_text.datetime_of_number(number).value
    return value if isinstance(value, datetime) else None


def time_of(moment: AnyDatetime) -> timedelta:
    return timedelta(
        hours=moment.hour,
        minutes=moment.minute,
        seconds=moment.second,
        microseconds=moment.microsecond,
    )


def with_fsp(value: Any, fsp: int, round_up: bool = True) -> Any:
    """`value` with `fsp` fractional digits, halves up (away from zero). Raises OverflowError."""
    if fsp >= 6:
        return value
    if isinstance(value, PartialDatetime):  # nothing to carry a second into
        unit = 10 ** (6 - fsp)
        return replace(value, microsecond=value.microsecond // unit * unit)
    unit = 10 ** (6 - fsp)
    if isinstance(value, timedelta):
        if not value.microseconds % unit:
            return value
        total = value // timedelta(microseconds=1)
        magnitude = (abs(total) + (unit // 2 if round_up else 0)) // unit * unit
        return timedelta(microseconds=magnitude if total >= 0 else -magnitude)
    extra = value.microsecond % unit
    if not extra:
        return value
    value -= timedelta(microseconds=extra)
    return value + timedelta(microseconds=unit) if round_up and extra * 2 >= unit else value


# Text and numbers -------------------------------------------------------------------------------


def _fraction_text(micros: int, fsp: int) -> str:
    return f".{micros:06d}"[: fsp + 1] if fsp else ""


def datetime_text(value: AnyDatetime, fsp: int = 0) -> str:
    clock = f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}"
    return f"{date_text(value)} {clock}{_fraction_text(value.microsecond, fsp)}"


def date_text(value: AnyDate) -> str:
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def time_text(value: timedelta, fsp: int = 0) -> str:
    total = abs(value // timedelta(microseconds=1))
    seconds, micros = divmod(total, 1000000)
    sign = "-" if value < timedelta(0) else ""
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return sign + clock + _fraction_text(micros, fsp)


def number_of(value: Moment, fsp: int = 0) -> int | Decimal:
    """20240131, 20240131101112 or 101112, with the fraction behind a point if fsp > 0."""
    if has_clock(value):
        assert isinstance(value, datetime | PartialDatetime)
        whole = (
            (value.year * 10000 + value.month * 100 + value.day) * 1000000
            + value.hour * 10000
            + value.minute * 100
            + value.second
        )
        micros, sign = value.microsecond, 1
    elif isinstance(value, timedelta):
        total = value // timedelta(microseconds=1)
        sign = -1 if total < 0 else 1
        seconds, micros = divmod(abs(total), 1000000)
        whole = seconds // 3600 * 10000 + seconds // 60 % 60 * 100 + seconds % 60
    else:
        assert isinstance(value, date | PartialDate)
        return value.year * 10000 + value.month * 100 + value.day
    if not fsp:
        return sign * whole
    scaled = whole * 10**fsp + micros // 10 ** (6 - fsp)
    return Decimal(sign * scaled).scaleb(-fsp)


def has_fraction(value: Moment) -> bool:
    """Whether there are microseconds."""
    if isinstance(value, timedelta):
        return value.microseconds != 0
    return has_clock(value) and getattr(value, "microsecond", 0) != 0


# Packed integers --------------------------------------------------------------------------------


def pack_date(value: AnyDate) -> int:
    return ((value.year * 13 + value.month) << 5 | value.day) << 41


def pack_datetime(value: AnyDatetime) -> int:
    clock = value.hour << 12 | value.minute << 6 | value.second
    days = (value.year * 13 + value.month) << 5 | value.day
    return (days << 17 | clock) << 24 | value.microsecond


def pack_time(value: timedelta) -> int:
    total = value // timedelta(microseconds=1)
    seconds, micros = divmod(abs(total), 1000000)
    packed = (seconds // 3600 << 12 | seconds // 60 % 60 << 6 | seconds % 60) << 24 | micros
    return -packed if total < 0 else packed


def unpack_date(packed: int) -> AnyDate:
    days = packed >> 41
    return make_date((days >> 5) // 13, (days >> 5) % 13, days & 31)


def unpack_datetime(packed: int) -> AnyDatetime:
    days, clock = packed >> 41, packed >> 24 & 0x1FFFF
    return make_datetime(
        (days >> 5) // 13,
        (days >> 5) % 13,
        days & 31,
        clock >> 12,
        clock >> 6 & 63,
        clock & 63,
        packed & 0xFFFFFF,
    )


def unpack_time(packed: int) -> timedelta:
    magnitude = abs(packed)
    clock = magnitude >> 24
    value = timedelta(
        hours=clock >> 12,
        minutes=clock >> 6 & 63,
        seconds=clock & 63,
        microseconds=magnitude & 0xFFFFFF,
    )
    return -value if packed < 0 else value


# Zones ------------------------------------------------------------------------------------------

_OFFSET: Final = re.compile(r"([+-])(\d{1,2}):(\d{1,2})$")
LAST_CHANGE_YEAR: Final = 2037  #: after it MySQL's zones keep the offset they have
_LAST_CHANGES: Final = datetime(LAST_CHANGE_YEAR, 12, 31, 12)


@lru_cache(maxsize=256)
def zone_of(name: str) -> timezone | ZoneInfo:
    """The zone called `name`: SYSTEM (this server keeps UTC), an offset, or a zoneinfo name."""
    if name.upper() in ("SYSTEM", "UTC"):
        return UTC
    match = _OFFSET.match(name)
    if match is not None:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        most = timedelta(hours=14) if match[1] == "+" else timedelta(hours=13, minutes=59)
        if offset > most or int(match[3]) > 59:
            raise SqlError(1298, name)
        return timezone(offset if match[1] == "+" else -offset)
    key = zone_names().get(name.lower())
    if key is None:
        raise SqlError(1298, name)
    return ZoneInfo(key)


def _zone_at(name: str, moment: datetime) -> timezone | ZoneInfo:
    """The zone called `name` as it is in the year of `moment`."""
    zone = zone_of(name)
    if moment.year <= LAST_CHANGE_YEAR or not isinstance(zone, ZoneInfo):
        return zone
    offset = _offset_at(zone, _LAST_CHANGES)
    assert offset is not None
    return timezone(offset)


@cache
def zone_names() -> dict[str, str]:
    """Names of all zones by themselves in lower case: MySQL's comparison of names."""
    return {name.lower(): name for name in available_timezones()}


def local_of_us(microseconds_utc: int, zone_name: str) -> datetime:
    """The wall clock of `zone_name` at that many µs since 1970 UTC."""
    moment = EPOCH + timedelta(0, 0, microseconds_utc)
    if zone_of(zone_name) is UTC:
        return moment
    local: datetime = utc_to_local(moment, zone_name)
    return local


def utc_to_local(moment: Any, zone_name: str) -> Any:
    """The wall clock of a UTC moment; the zero TIMESTAMP is zero everywhere."""
    if isinstance(moment, PartialDate):
        return moment
    zone = _zone_at(zone_name, moment)
    if zone is UTC:
        return moment
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def local_to_utc(moment: Any, zone_name: str) -> Any:
    """What the clock of the zone means; in a gap, the moment at which clocks are put forward."""
    if isinstance(moment, PartialDate):
        return moment
    zone = _zone_at(zone_name, moment)
    if zone is UTC:
        return moment
    utc = moment.replace(tzinfo=zone).astimezone(UTC)
    if utc.astimezone(zone).replace(tzinfo=None) == moment:
        return utc.replace(tzinfo=None)
    before = moment.replace(tzinfo=zone, fold=0).utcoffset()
    after = moment.replace(tzinfo=zone, fold=1).utcoffset()
    return _end_of_gap(zone, moment - max(before, after), moment - min(before, after))


def is_in_gap(moment: datetime, utc: datetime, zone_name: str) -> bool:
    """Whether no clock of the zone ever shows `moment`, for which `local_to_utc` gave `utc`."""
    return bool(utc_to_local(utc, zone_name) != moment)


def _end_of_gap(zone: ZoneInfo | timezone, low: datetime, high: datetime) -> datetime:
    """The UTC second between `low` and `high` at which the offset of `zone` changes."""
    first = _offset_at(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if _offset_at(zone, middle) == first:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def _offset_at(zone: ZoneInfo | timezone, utc: datetime) -> timedelta | None:
    return utc.replace(tzinfo=UTC).astimezone(zone).utcoffset()

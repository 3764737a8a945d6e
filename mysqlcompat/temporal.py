"""Dates and times: MySQL's reading of strings and numbers, its text, and its packed integers.

Values are `datetime.date`, `datetime.datetime` (no zone) and `datetime.timedelta` (TIME, which may
be negative and has 838:59:59 as its limit). Zero dates exist only outside the default sql_mode;
they cannot be expressed here, and reading one in such a mode is ERROR 1235.

Packed (`docs/seams.md` §3):
``((((year*13+month)<<5|day)<<17)|(hour<<12|minute<<6|second))<<24|µs``.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mysqlcompat.errors import SqlError

TIME_LIMIT: Final = timedelta(hours=838, minutes=59, seconds=59)
EPOCH: Final = datetime(1970, 1, 1)
Moment = date | datetime | timedelta

_DATE: Final = re.compile(
    r"""\s*(?P<year>\d+)(?P<d1>[^\w\s])(?P<month>\d{1,2})(?P<d2>[^\w\s])(?P<day>\d{1,2})
        (?:(?P<gap>[T\s]\s*|[^\w\s])(?P<hour>\d{1,2})
           (?:[^\w\s+.-](?P<minute>\d{1,2})
              (?:[^\w\s+.-](?P<second>\d{1,2})(?:\.(?P<fraction>\d*))?)?)?
           (?P<zone>[+-]\d{2}:\d{2})?)?""",
    re.VERBOSE,
)
_DIGITS: Final = re.compile(r"\s*(\d{5,14})(?:\.(\d+))?")
_TIME: Final = re.compile(
    r"""\s*(?P<sign>-)?(?:(?P<days>\d+)\s+)?(?P<hour>\d+):(?P<minute>\d{1,2})
        (?::(?P<second>\d{1,2}))?(?:\.(?P<fraction>\d*))?""",
    re.VERBOSE,
)
_TIME_DIGITS: Final = re.compile(r"\s*(-?)(\d+)(?:\.(\d*))?")
_DAY_HOUR: Final = re.compile(r"\s*(-?)(\d+)\s+(\d+)$")


def microseconds(fraction: str | None) -> int:
    """First six digits after the point, as microseconds."""
    return int((fraction or "0")[:6].ljust(6, "0"))


def _rounds_up(fraction: str | None) -> bool:
    return bool(fraction) and len(fraction or "") > 6 and (fraction or "")[6] >= "5"


def _full_year(digits: str) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < 70 else 1900)


def parse_datetime(text: str) -> tuple[datetime | None, bool, bool]:
    """(value, whole text was read, a time was given). A value that cannot be is None."""
    match = _DATE.match(text)
    if match is not None:
        return _from_match(match, text)
    match = _DIGITS.match(text)
    if match is None:
        return None, False, False
    digits = match.group(1)
    whole = not text[match.end() :].strip()
    year_digits = 4 if len(digits) in (8, 14) else 2
    if len(digits) not in (5, 6, 8, 12, 14):
        year_digits = 4 if len(digits) > 8 else 2
    parts = [digits[:year_digits]]
    rest = digits[year_digits:]
    parts += [rest[i : i + 2] for i in range(0, len(rest), 2)]
    numbers = [_full_year(parts[0]), *map(int, parts[1:])]
    if len(numbers) < 3:
        return None, False, False
    has_time = len(numbers) > 3
    numbers += [0] * (6 - len(numbers))
    try:
        year, month, day, hour, minute, second = numbers[:6]
        micros = microseconds(match.group(2)) if has_time else 0
        value = datetime(year, month, day, hour, minute, second, micros)
    except (ValueError, TypeError):
        return None, whole, has_time
    return value, whole, has_time


def _from_match(match: re.Match[str], text: str) -> tuple[datetime | None, bool, bool]:
    whole = not text[match.end() :].strip()
    has_time = match["hour"] is not None
    if len(match["year"]) > 4:
        return None, whole, has_time
    try:
        value = datetime(
            _full_year(match["year"]),
            int(match["month"]),
            int(match["day"]),
            int(match["hour"] or 0),
            int(match["minute"] or 0),
            int(match["second"] or 0),
            microseconds(match["fraction"]),
        )
        if _rounds_up(match["fraction"]):
            value += timedelta(microseconds=1)
        if match["zone"]:
            hours, minutes = int(match["zone"][1:3]), int(match["zone"][4:])
            offset = timedelta(hours=hours, minutes=minutes)
            value = value - offset if match["zone"][0] == "+" else value + offset
    except (ValueError, OverflowError):
        return None, whole, has_time
    return value, whole, has_time


def is_zero_date(text: str) -> bool:
    return bool(re.match(r"\s*0000[-/.]?00[-/.]?00", text))


def parse_time(text: str) -> tuple[timedelta | None, bool]:
    """(value, whole text was read); past the limit the limit is the value, and not all was read."""
    stripped = text.strip()
    if len(stripped) >= 12 and "-" in stripped[1:] and _DATE.match(stripped):
        moment, whole, has_time = parse_datetime(stripped)
        if moment is not None and has_time:
            return time_of(moment), whole
    match = _TIME.match(text)
    if match is not None:
        whole = not text[match.end() :].strip()
        return _checked_time(
            match["sign"] == "-",
            int(match["days"] or 0) * 24 + int(match["hour"]),
            int(match["minute"]),
            int(match["second"] or 0),
            match["fraction"],
            whole,
        )
    days = _DAY_HOUR.match(stripped)
    if days is not None:
        hours = int(days.group(2)) * 24 + int(days.group(3))
        return _checked_time(days.group(1) == "-", hours, 0, 0, None, True)
    match = _TIME_DIGITS.match(text)
    if match is None:
        return None, False
    whole = not text[match.end() :].strip()
    number = int(match.group(2))
    return _checked_time(
        match.group(1) == "-",
        number // 10000,
        number // 100 % 100,
        number % 100,
        match.group(3),
        whole,
    )


def _checked_time(
    negative: bool, hours: int, minutes: int, seconds: int, fraction: str | None, whole: bool
) -> tuple[timedelta | None, bool]:
    if minutes > 59 or seconds > 59:
        return None, False
    value = timedelta(hours=min(hours, 10000), minutes=minutes, seconds=seconds)
    value += timedelta(microseconds=microseconds(fraction) + _rounds_up(fraction))
    if value > TIME_LIMIT:
        value, whole = TIME_LIMIT, False
    return (-value if negative else value), whole


def datetime_of_number(number: int) -> datetime | None:
    """YYYYMMDD, YYMMDD, YYYYMMDDhhmmss or YYMMDDhhmmss as a moment; None when it is none."""
    if number < 101:
        return None
    if number <= 691231:
        number = (number + 20000000) * 1000000
    elif number < 700101:
        return None
    elif number <= 991231:
        number = (number + 19000000) * 1000000
    elif number < 10000101:
        return None
    elif number <= 99991231:
        number *= 1000000
    elif number < 101000000:
        return None
    elif number <= 691231235959:
        number += 20000000000000
    elif number < 700101000000:
        return None
    elif number <= 991231235959:
        number += 19000000000000
    day, clock = divmod(number, 1000000)
    try:
        return datetime(
            day // 10000,
            day // 100 % 100,
            day % 100,
            clock // 10000,
            clock // 100 % 100,
            clock % 100,
        )
    except (ValueError, OverflowError):
        return None


def time_of(moment: datetime) -> timedelta:
    return timedelta(
        hours=moment.hour,
        minutes=moment.minute,
        seconds=moment.second,
        microseconds=moment.microsecond,
    )


def with_fsp(value: datetime | timedelta, fsp: int, round_up: bool = True) -> datetime | timedelta:
    """`value` with `fsp` fractional digits, halves up (away from zero). Raises OverflowError."""
    if fsp >= 6:
        return value
    unit = 10 ** (6 - fsp)
    if isinstance(value, timedelta):
        total = value // timedelta(microseconds=1)
        magnitude = (abs(total) + (unit // 2 if round_up else 0)) // unit * unit
        return timedelta(microseconds=magnitude if total >= 0 else -magnitude)
    extra = value.microsecond % unit
    value -= timedelta(microseconds=extra)
    return value + timedelta(microseconds=unit) if round_up and extra * 2 >= unit else value


# Text and numbers -------------------------------------------------------------------------------


def _fraction_text(micros: int, fsp: int) -> str:
    return f".{micros:06d}"[: fsp + 1] if fsp else ""


def datetime_text(value: datetime, fsp: int = 0) -> str:
    clock = f"{value.hour:02d}:{value.minute:02d}:{value.second:02d}"
    return f"{date_text(value)} {clock}{_fraction_text(value.microsecond, fsp)}"


def date_text(value: date) -> str:
    return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"


def time_text(value: timedelta, fsp: int = 0) -> str:
    total = abs(value // timedelta(microseconds=1))
    seconds, micros = divmod(total, 1000000)
    sign = "-" if value < timedelta(0) else ""
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return sign + clock + _fraction_text(micros, fsp)


def number_of(value: Moment, fsp: int = 0) -> int | Decimal:
    """20240131, 20240131101112 or 101112, with the fraction behind a point if fsp > 0."""
    if isinstance(value, datetime):
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
        return value.year * 10000 + value.month * 100 + value.day
    if not fsp:
        return sign * whole
    scaled = whole * 10**fsp + micros // 10 ** (6 - fsp)
    return Decimal(sign * scaled).scaleb(-fsp)


# Packed integers --------------------------------------------------------------------------------


def pack_date(value: date) -> int:
    return ((value.year * 13 + value.month) << 5 | value.day) << 41


def pack_datetime(value: datetime) -> int:
    clock = value.hour << 12 | value.minute << 6 | value.second
    days = (value.year * 13 + value.month) << 5 | value.day
    return (days << 17 | clock) << 24 | value.microsecond


def pack_time(value: timedelta) -> int:
    total = value // timedelta(microseconds=1)
    seconds, micros = divmod(abs(total), 1000000)
    packed = (seconds // 3600 << 12 | seconds // 60 % 60 << 6 | seconds % 60) << 24 | micros
    return -packed if total < 0 else packed


def unpack_date(packed: int) -> date:
    days = packed >> 41
    return date((days >> 5) // 13, (days >> 5) % 13, days & 31)


def unpack_datetime(packed: int) -> datetime:
    days, clock = packed >> 41, packed >> 24 & 0x1FFFF
    return datetime(
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

_OFFSET: Final = re.compile(r"([+-])(\d{1,2}):(\d{2})$")


def zone_of(name: str) -> timezone | ZoneInfo:
    """The zone called `name`: SYSTEM (this server keeps UTC), an offset, or a zoneinfo name."""
    if name.upper() in ("SYSTEM", "UTC"):
        return UTC
    match = _OFFSET.match(name)
    if match is not None:
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        if offset > timedelta(hours=14):
            raise SqlError(1298, name)
        return timezone(offset if match[1] == "+" else -offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SqlError(1298, name) from None


def local_of_us(microseconds_utc: int, zone_name: str) -> datetime:
    """The wall clock of `zone_name` at that many µs since 1970 UTC."""
    moment = EPOCH + timedelta(microseconds=microseconds_utc)
    return utc_to_local(moment, zone_name)


def utc_to_local(moment: datetime, zone_name: str) -> datetime:
    zone = zone_of(zone_name)
    if zone is UTC:
        return moment
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def local_to_utc(moment: datetime, zone_name: str) -> datetime:
    zone = zone_of(zone_name)
    if zone is UTC:
        return moment
    return moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)

"""CONVERT_TZ, @@time_zone, moments with offsets, AT TIME ZONE."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import Section, calls, section

_ZONES: Final = (
    "'+00:00'",
    "'-13:59'",
    "'+14:00'",
    "'SYSTEM'",
    "'UTC'",
    "'Europe/Berlin'",
    "'America/New_York'",
    "'Asia/Kolkata'",
    "'Australia/Lord_Howe'",
    "'america/new_york'",
)
_BAD: Final = (
    "'+14:01'",
    "'-14:00'",
    "'x'",
    "''",
    "null",
    "'+1:00'",
    "'+1:0'",
    "'5:30'",
    "'+05:60'",
    "'+05'",
    "'+00:00 '",
    "'Europe/Nowhere'",
    "'../etc/passwd'",
    "5",
    "'-00:00'",
    "'GMT'",
    "'EST'",
    "'MET'",
)
_MOMENTS: Final = (
    "'2024-07-01 12:00:00'",
    "'2024-03-31 02:30:00'",
    "'2024-10-27 02:30:00.5'",
    "'2024-03-10 02:30:00'",
    "'2024-11-03 01:30:00'",
    "'1970-01-01 00:00:00'",
    "'2038-01-19 03:14:08'",
    "'3001-01-18 23:59:59.999999'",
    "'3001-01-19 12:00:00'",
    "'1969-12-31'",
    "'1900-01-01'",
    "'2100-07-01'",
    "date'2024-07-01'",
    "20240701",
    "'x'",
    "'0000-00-00'",
    "null",
    "time'10:00:00'",
    "'2024-07-01 12:00:00+05:30'",
    "'2024-02-30'",
)
_SESSION: Final = (
    "now()",
    "unix_timestamp('2024-03-31 02:30:00')",
    "unix_timestamp('2024-10-27 02:30:00')",
    "unix_timestamp('2024-03-10 02:30:00')",
    "unix_timestamp('2024-11-03 01:30:00.5')",
    "unix_timestamp('2024-07-01')",
    "from_unixtime(1711848600)",
    "from_unixtime(1730003400.25)",
    "from_unixtime(0)",
    "timestamp'2024-07-01 12:00:00+02:00'",
    "timestamp'2024-07-01 12:00:00-05:00'",
    "cast('2024-07-01 12:00:00+05:30' as datetime)",
    "'2024-07-01 12:00:00+00:00' + interval 1 day",
    "date'2024-07-01'",
    "curdate()",
    "utc_date()",
    "unix_timestamp()",
    "hour(now())",
    "convert_tz(now(), @@time_zone, '+00:00')",
    "from_unixtime(32536771199)",
    "@@time_zone",
    "unix_timestamp('1970-01-01 00:00:00')",
    "unix_timestamp('3001-01-19')",
    "time'10:00:00' + interval 1 hour",
)
_AT: Final = (
    "cast(ts at time zone '+00:00' as datetime)",
    "cast(ts at time zone 'UTC' as datetime)",
    "cast(ts at time zone '+05:30' as datetime(3))",
    "cast(ts at time zone interval '+05:30' as datetime)",
    "cast(ts at time zone '-05:30' as datetime)",
    "cast(dt at time zone '+00:00' as datetime)",
    "cast(ts at time zone 'x' as datetime)",
    "unix_timestamp(ts)",
    "ts",
    "ts + 0",
    "hour(ts)",
    "date(ts)",
    "convert_tz(ts, '+00:00', '+05:30')",
    "convert_tz(dt6, 'UTC', 'Asia/Tokyo')",
    "unix_timestamp(dt6)",
    "ts = '2024-02-29 13:14:15'",
    "ts = '2024-02-29 13:14:15+00:00'",
    "ts = dt",
    "ts + interval 1 hour",
    "date_format(ts, '%H')",
    "extract(hour from ts)",
    "timestampdiff(hour, ts, dt)",
    "unix_timestamp(da)",
    "unix_timestamp(ti)",
    "unix_timestamp(s)",
)
_INTO: Final = (
    "'2024-03-31 02:30:00'",
    "'2024-10-27 02:30:00'",
    "'2024-07-01 12:00:00+05:30'",
    "'1970-01-01 00:00:00'",
    "'1970-01-01 01:00:01'",
    "'2038-01-19 05:14:08'",
    "'2038-01-19 04:14:07.9'",
    "now()",
    "20240701",
    "'2024-02-30'",
    "'0000-00-00'",
    "date'2024-07-01'",
    "'2024-07-01 12:00:00.5'",
    "from_unixtime(1)",
)

_NOT_INSTALLED: Final = "a zone of this server's that the recorded one had not installed"
DIFFERENT: Final = {
    "convert_tz('2024-07-01 12:00:00', '+00:00', 'EST')": _NOT_INSTALLED,
    "convert_tz('2024-07-01 12:00:00', 'EST', '+00:00')": _NOT_INSTALLED,
    "@@time_zone": "MySQL shows the name of a zone as some session wrote it first",
}

SECTIONS: Final[tuple[Section, ...]] = (
    section(
        [
            *calls("convert_tz", _MOMENTS, ("'Europe/Berlin'", "'+00:00'"), _ZONES),
            *calls("convert_tz", ("'2024-07-01 12:00:00'",), ("'+00:00'",), _BAD),
            *calls(
                "convert_tz",
                _MOMENTS[:5],
                ("'America/New_York'", "'Australia/Lord_Howe'"),
                _ZONES[4:9],
            ),
            *calls("convert_tz", ("'2024-07-01 12:00:00'",), _BAD, ("'+00:00'",)),
        ][::2]
    ),
    *(
        section(_SESSION, settings={"time_zone": zone})
        for zone in ("'+05:30'", "'-13:59'", "'Europe/Berlin'", "'America/New_York'", "'SYSTEM'")
    ),
    section(_AT, tail="FROM v"),
    *(
        section(_INTO, into=kind, settings={"time_zone": "'Europe/Berlin'"})
        for kind in ("TIMESTAMP", "DATETIME(1)")
    ),
)

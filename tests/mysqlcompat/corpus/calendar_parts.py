"""Parts of dates and times, counts of days and seconds, weeks, EXTRACT."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import Section, calls, section

DATES: Final = (
    "'2024-02-29'",
    "'2023-12-31 23:59:59.999999'",
    "'2024-02-30'",
    "'0000-00-00'",
    "'2024-00-10'",
    "'2024-01-00'",
    "'9999-12-31'",
    "'0001-01-01'",
    "'99-1-1'",
    "'2024/02/29x'",
    "'25:61:00'",
    "'-12:30:45.5'",
    "'x'",
    "''",
    "null",
    "20240229",
    "700101",
    "0",
    "-1",
    "20240229101112.567",
    "1.5e0",
    "date'2024-12-30'",
    "timestamp'2024-12-31 23:59:59.5'",
    "time'25:30:45.5'",
)
COLUMNS: Final = ("dt", "dt6", "da", "ti", "t6", "ts", "y", "s", "sn", "j", "d", "f", "n", "u")
_FUNCTIONS: Final = (
    "year month day dayofmonth quarter weekday dayofweek dayofyear to_days to_seconds weekofyear "
    "week yearweek hour minute second microsecond dayname monthname last_day time_to_sec date time "
    "timestamp unix_timestamp"
)
_WEEKS: Final = tuple(
    f"'{one}'"
    for one in [
        "2000-01-01",
        "2004-12-31",
        "2005-01-02",
        "2007-01-01",
        "2008-12-29",
        "2009-01-04",
        "2010-12-31",
        "2015-12-28",
        "2020-12-31",
        "2021-01-03",
        "2024-01-01",
        "2024-06-15",
        "2024-12-30",
    ]
)
UNITS: Final = [
    "MICROSECOND",
    "SECOND",
    "MINUTE",
    "HOUR",
    "DAY",
    "WEEK",
    "MONTH",
    "QUARTER",
    "YEAR",
    "SECOND_MICROSECOND",
    "MINUTE_MICROSECOND",
    "MINUTE_SECOND",
    "HOUR_MICROSECOND",
    "HOUR_SECOND",
    "HOUR_MINUTE",
    "DAY_MICROSECOND",
    "DAY_SECOND",
    "DAY_MINUTE",
    "DAY_HOUR",
    "YEAR_MONTH",
]
_NUMBERS: Final = (
    "0",
    "1",
    "-1",
    "365",
    "366",
    "738000",
    "3652424",
    "3652425",
    "1.5",
    "59.999999",
    "60",
    "-61.5",
    "'12x'",
    "'1.25'",
    "null",
    "3020399",
    "3020400",
    "1e20",
    "99999999999",
    "true",
    "'x'",
    "1e0",
)
_PERIODS: Final = ("202401", "9912", "199912", "0", "-1", "202413", "'202402'", "null", "70", "1.5")
_MODES: Final = ("0", "1", "3", "7", "8", "-1", "null", "'1x'")

DIFFERENT: Final = dict.fromkeys(
    ("maketime(838, 0, 59.9999999)", "maketime(838, 0, '1.25')"),
    "MySQL takes any fraction in hour 838 for one beyond 838:59:59",
)

SECTIONS: Final[tuple[Section, ...]] = (
    section(
        [
            *calls(_FUNCTIONS, DATES),
            *calls("week yearweek", _WEEKS, map(str, range(8))),
            *calls("week yearweek", ("'2024-12-30'", "null"), _MODES),
            *(f"extract({unit} from {one})" for unit in UNITS for one in DATES[:16] + DATES[19:]),
            *calls("from_days sec_to_time from_unixtime", _NUMBERS),
            *calls("makedate", ("2024", "0", "99", "70", "9999", "-1", "10000"), ("0", "1", "366")),
            "makedate(2024, 1e9)",
            "makedate(null, 1)",
            "makedate(9999, 365)",
            "makedate(9999, 366)",
            "makedate('2024x', '12')",
            *calls(
                "maketime",
                ("0", "-1", "838", "839", "-900", "'12'", "null"),
                ("0", "59", "60", "-1"),
                ("0", "59.5", "59.9999999", "60", "'1.25'"),
            ),
            *calls("period_add", _PERIODS, ("0", "1", "-13", "1000", "null")),
            *calls("period_diff", _PERIODS, ("202301", "9901", "0", "null")),
            *calls("datediff", DATES[:10], ("'2024-03-01 12:00:00'", "20000101", "null", "'x'")),
        ][::2]
    ),
    section(
        [
            *calls(_FUNCTIONS, COLUMNS),
            *(f"extract({unit} from {one})" for unit in UNITS for one in ("dt6", "da", "ti", "t6")),
            "datediff(dt, da)",
            "makedate(y, i)",
            "maketime(i, i, d)",
            "sec_to_time(d)",
            "from_unixtime(u)",
            "from_days(i)",
        ],
        tail="FROM v",
    ),
    section(
        calls("week", _WEEKS),
        settings={"default_week_format": "3"},
    ),
    section(
        [
            "now(6)",
            "now()",
            "now(3)",
            "sysdate() = sysdate()",
            "curdate()",
            "curtime()",
            "curtime(2)",
            "current_time",
            "current_date",
            "current_timestamp",
            "localtime(1)",
            "localtimestamp",
            "utc_date()",
            "utc_time(4)",
            "utc_time",
            "utc_timestamp(6)",
            "utc_timestamp",
            "unix_timestamp()",
            "unix_timestamp(now(6))",
            "now(7)",
            "now(-1)",
            "curtime(7)",
            "now(null)",
            "now('3')",
            "now() + 0",
            "curdate() + 0",
            "curtime(3) + 0",
            "utc_date",
            "to_days(now())",
            "from_unixtime(unix_timestamp())",
            "time(now(3))",
        ],
        settings={"time_zone": "'+05:30'", "timestamp": "1709212455.123456"},
    ),
)

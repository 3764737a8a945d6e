"""DATE_FORMAT, TIME_FORMAT, STR_TO_DATE, GET_FORMAT, and the names of all locales."""

from __future__ import annotations

from typing import Final

from mysqlcompat.time_locales import LOCALES
from tests.mysqlcompat.corpus.sections import Section, calls, section

_SPECIFIERS: Final = "abcDdefHhIijklMmprSsTUuVvWwXxYy%qz"
_ALL: Final = "'%a %b %c %D %d %e %f %H %h %i %j %k %l %M %m %p %r %S %T %U %u %V %v %W %w %X %x'"
_MOMENTS: Final = (
    "'2024-02-29 13:04:05.000678'",
    "'2023-01-01'",
    "timestamp'2024-12-31 00:00:00'",
    "20241013",
)
_ODD: Final = (
    "'0000-00-00'",
    "'2024-00-10'",
    "'2024-01-00'",
    "'2024-02-30'",
    "'x'",
    "''",
    "null",
    "time'25:30:45'",
    "'9999-12-31'",
    "'0001-01-01'",
    "date'2024-06-01'",
    "1.5e0",
    "'12:30:45'",
)
_TIMES: Final = (
    "'-100:04:05.000678'",
    "'00:00:00'",
    "time'838:59:59'",
    "'2024-02-29 13:04:05'",
    "131415.5",
    "'x'",
    "null",
    "''",
    "'12:00'",
    "timestamp'2024-12-31 10:11:12'",
)
_READ: Final = (
    ("2024-02-29", "%Y-%m-%d"),
    ("29/2/24", "%d/%m/%y"),
    ("2024-02-30", "%Y-%m-%d"),
    ("2024-02-29 13:14:15.5", "%Y-%m-%d %H:%i:%s.%f"),
    ("20240229", "%Y%m%d"),
    ("9", "%m"),
    ("9", "%s"),
    ("a09:30:17", "a%h:%i:%s"),
    ("a09:30:17", "%h:%i:%s"),
    ("09:30:17a", "%h:%i:%s"),
    ("09:30:17 PM", "%h:%i:%s %p"),
    ("12:30:17 am", "%r"),
    ("12:30:17 PM", "%r"),
    ("1:2:3", "%T"),
    ("13:30 PM", "%h:%i %p"),
    ("13:30 PM", "%H:%i %p"),
    ("0:30 PM", "%h:%i %p"),
    ("February 29 2024", "%M %d %Y"),
    ("feb 29, 2024", "%b %e, %Y"),
    ("29th feb 2024", "%D %b %Y"),
    ("febru 29 2024", "%M %d %Y"),
    ("Foo 29 2024", "%M %d %Y"),
    ("Thu 29 2024 2", "%a %d %Y %c"),
    ("Thursday, 29 2024 2", "%W, %d %Y %c"),
    ("abc", "abc"),
    ("abc", "%%"),
    ("%", "%%"),
    ("", ""),
    ("2024", "%Y"),
    ("2024-13-01", "%Y-%m-%d"),
    ("2024-00-00", "%Y-%m-%d"),
    ("60 2024", "%j %Y"),
    ("366 2023", "%j %Y"),
    ("2024 9 1", "%Y %U %w"),
    ("200442 Monday", "%X%V %W"),
    ("200442 Monday", "%x%v %W"),
    ("200400 Monday", "%X%V %W"),
    ("200454 Monday", "%x%v %W"),
    ("2004 42 Mon", "%Y %u %a"),
    ("2004 42 Mon", "%x %V %a"),
    ("2004 42", "%X %V"),
    ("5", "%w"),
    ("7", "%w"),
    ("2024-2-9x", "%Y-%m-%d"),
    ("2024 -2-9", "%Y-%m-%d"),
    ("  2024-2-9", "%Y-%m-%d"),
    ("2024-2-9   ", "%Y-%m-%d"),
    ("24:00:00", "%H:%i:%s"),
    ("23:60:00", "%H:%i:%s"),
    ("23:59:60", "%H:%i:%s"),
    ("0", "%d"),
    ("32", "%d"),
    ("99", "%y"),
    ("70", "%y"),
    ("69", "%y"),
    ("1234567", "%f"),
    ("123", "%f"),
    ("2024-02-29abc", "%Y-%m-%d%@"),
    ("2024-02-29.", "%Y-%m-%d%."),
    ("2024-02-29 12", "%Y-%m-%d%#"),
    ("20240229", "%Y-%m-%d"),
    ("12x", "%d%q"),
    ("2024-02-29 10", "%Y-%m-%d %k"),
    ("10 2024", "%l %Y"),
    ("1 2", "%h %i"),
    ("10:11", "%h:%i:%s"),
    ("2024-02-29 10:11:12 x", "%Y-%m-%d %T"),
    ("0000-00-00", "%Y-%m-%d"),
    ("May 1", "%M %d"),
    ("12 AM", "%h %p"),
    ("12 AM", "%I %p"),
    ("12 XM", "%I %p"),
    ("12", "%I %p"),
    ("1st", "%D"),
    ("22nd", "%D"),
    ("23", "%D"),
    ("99999-01-01", "%Y-%m-%d"),
    ("5-1-1", "%Y-%m-%d"),
    ("-5", "%d"),
    ("+5", "%d"),
    ("2024-06-15", "%Y-%m-%d %H:%i:%s"),
    ("10.5", "%s.%f"),
    ("1e1", "%d"),
    ("2024-06-15 1", "%Y-%m-%d %"),
    ("12345", "%Y"),
    ("0366", "%j"),
    ("2024 060", "%Y %j"),
)

DIFFERENT: Final = {
    "str_to_date('0366', '%j')": "MySQL warns of the date 0000-12-31 a second time",
}

SECTIONS: Final[tuple[Section, ...]] = (
    section(
        [
            *calls("date_format", _MOMENTS, (f"'%{one}'" for one in _SPECIFIERS)),
            *calls("date_format", _ODD, ("'%Y-%m-%d %T.%f'", "'%c %e'", _ALL)),
            *(f"date_format({one}, '%{two}')" for one in _ODD[:3] for two in _SPECIFIERS),
            *calls(
                "date_format",
                ("'2024-02-29'",),
                ("''", "null", "'%'", "'a%'", "'%%%'", "12", "'é%Mé'"),
            ),
            *calls("time_format", _TIMES[:4], (f"'%{one}'" for one in _SPECIFIERS)),
            *calls("time_format", _TIMES, ("'%H:%i:%s.%f'", "'%k %l %p %r %T'", "''", "null")),
            *(f"str_to_date('{text}', '{pattern}')" for text, pattern in _READ),
            "str_to_date(null, '%d')",
            "str_to_date('1', null)",
            "str_to_date(20240229, '%Y%m%d')",
            "str_to_date('2024-02-29', concat('%Y', '-%m-%d'))",
            *(
                f"get_format({kind}, '{place}')"
                for kind in ("date", "time", "datetime", "timestamp")
                for place in ("USA", "JIS", "ISO", "EUR", "INTERNAL", "internal", "xxx")
            ),
            "get_format(date, null)",
            "date_format('2024-02-29', get_format(date, 'EUR'))",
            "from_unixtime(1709212455, '%Y %D %M %h:%i:%s %x')",
            "from_unixtime(1709212455.5, '%f')",
            "from_unixtime(-1, '%Y')",
            "from_unixtime(32536771199)",
            "from_unixtime(32536771199.999999)",
            "from_unixtime(32536771200)",
            "from_unixtime('1709212455.25')",
            "unix_timestamp('3001-01-18 23:59:59.999999')",
            "unix_timestamp('3001-01-19')",
            "unix_timestamp('1969-12-31')",
            "unix_timestamp(date'2024-02-29')",
            "unix_timestamp(20240229101112)",
            "unix_timestamp(240229)",
            "date'2024-2-9'",
            "date'2024-02-30'",
            "date'x'",
            "time'1 2:3:4.5'",
            "time'839:00:00'",
            "time'x'",
            "timestamp'2024-02-29 10:11:12+05:30'",
            "timestamp'2024-02-29 10:11:12-13:59'",
            "timestamp'2024-02-29 10:11:12+14:01'",
            "timestamp'2024-02-29'",
            "timestamp'2024-02-29 10:11:12.9999999'",
            "{d '2024-02-29'}",
            "{t '10:11:12'}",
            "{ts '2024-02-29 10:11:12'}",
        ]
    ),
    section(
        [
            *calls(
                "date_format", ("dt", "dt6", "da", "ti", "ts", "s", "d"), (_ALL, "s", "sn", "tx")
            ),
            *calls(
                "time_format", ("dt", "dt6", "da", "ti", "t6", "s", "d"), ("'%H %k %f'", "s", "n")
            ),
            *calls("str_to_date", ("s", "dt", "da", "n"), ("'%Y-%m-%d'", "s", "n")),
            *calls("dayname monthname", ("dt", "l1", "gc")),
        ],
        tail="FROM v",
    ),
    *(
        section(
            [
                "concat_ws(',', "
                + ", ".join(f"date_format('2024-01-0{day}', '%W %a')" for day in range(1, 8))
                + ")",
                "concat_ws(',', "
                + ", ".join(f"date_format('2024-{month}-01', '%M %b')" for month in range(1, 13))
                + ")",
            ],
            settings={"lc_time_names": f"'{name}'"},
        )
        for name in LOCALES
    ),
    section(
        [
            "str_to_date('2024-00-00', '%Y-%m-%d')",
            "str_to_date('0000-00-00', '%Y-%m-%d')",
            "str_to_date('2024-02-30', '%Y-%m-%d')",
            "str_to_date('2024-01', '%Y-%m')",
            "str_to_date('5', '%m')",
            "str_to_date('10', '%h')",
            "date'2024-00-00'",
            "date'0000-00-00'",
            "date'2024-02-30'",
            "date_format('2024-02-30', '%Y-%m-%d %j %W')",
            "last_day('2024-00-01')",
            "last_day('2024-02-31')",
            "to_days('2024-02-31')",
            "date_add('2024-02-31', interval 1 day)",
            "date_add('2024-00-01', interval 1 day)",
            "year('0000-00-00')",
            "dayofyear('2024-02-31')",
        ],
        settings={"sql_mode": "'ALLOW_INVALID_DATES'"},
    ),
    section(
        [
            "timestamp'2024-02-29 10:11:12.9999999'",
            "cast('10:11:12.999999' as time(3))",
            "cast('2024-01-01 10:11:12.9999999' as datetime(6))",
            "cast('10:11:12.6' as time)",
            "cast(101112.99 as time(1))",
            "timestamp('2024-01-01 10:11:12.9999999')",
            "time('1:1:1.9999999')",
            "sec_to_time(1.9999999)",
            "from_unixtime(1.9999999)",
            "maketime(1, 1, 1.9999999)",
            "cast(20240101101112.99 as datetime)",
            "convert('2024-01-01 23:59:59.9', datetime)",
        ],
        settings={"sql_mode": "'TIME_TRUNCATE_FRACTIONAL'"},
    ),
)

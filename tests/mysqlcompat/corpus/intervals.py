"""Dates moved: intervals of all units, sums and differences of times."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.calendar_parts import UNITS
from tests.mysqlcompat.corpus.sections import Section, calls, section

_STARTS: Final = (
    "'2024-02-29'",
    "'2024-01-31 23:59:59.5'",
    "date'2023-12-31'",
    "timestamp'2023-12-31 10:11:12'",
    "time'10:11:12'",
    "20240229",
)
_AMOUNTS: Final = ("1", "-13", "2.5", "'1:2'", "'-1 2:3:4.5'")
_ODD_AMOUNTS: Final = (
    "0",
    "null",
    "''",
    "'x'",
    "'1.9'",
    "1.5e0",
    "1e20",
    "9223372036854775807",
    "99999999999",
    "-9999",
    "'+1'",
    "'1-2-3-4-5-6'",
    "'0x10'",
    "true",
    "time'01:00:00'",
    "date'2024-01-01'",
    "18446744073709551615",
    "'  5'",
    "'-'",
    "'1 1'",
    "'-1.000005'",
    "'.5'",
    "'--1'",
    "1.9999999",
)
_ODD_STARTS: Final = (
    "null",
    "''",
    "'x'",
    "'0000-00-00'",
    "'2024-02-30'",
    "'2024-01-00'",
    "'9999-12-31'",
    "'9999-12-31 23:59:59'",
    "'0001-01-01'",
    "'10:11:12'",
    "20240229101112",
    "20240229101112.5",
    "1.5e0",
    "0",
    "'24-2-3'",
    "time'838:59:59'",
    "date'9999-12-31'",
    "timestamp'0001-01-01 00:00:00'",
    "'2024-02-29T10:00:00+05:30'",
    "'2024-02-29 10:00:00.123'",
    "time'-10:00:00.5'",
)
_TIMES: Final = (
    "'10:11:12'",
    "'-10:11:12.5'",
    "'2024-02-29 10:11:12'",
    "'2024-02-29'",
    "'x'",
    "''",
    "null",
    "101112",
    "-1.5",
    "1.5e0",
    "time'838:59:59'",
    "timestamp'2024-12-31 23:59:59.999999'",
    "date'2024-12-31'",
    "'1 1:1:1.000002'",
    "'9999-12-31 23:59:59'",
    "'900:00:00'",
)
_MOMENTS: Final = (
    "'2024-02-29'",
    "'2023-02-28 23:59:59.999999'",
    "'2000-01-31'",
    "date'2025-03-01'",
    "timestamp'2024-12-31 10:11:12'",
    "'0000-00-00'",
    "'x'",
    "null",
    "20240131",
    "time'10:00:00'",
)
_SIMPLE: Final = tuple(UNITS[:9])

SECTIONS: Final[tuple[Section, ...]] = (
    section(
        [
            *(
                f"date_add({start}, interval {amount} {unit})"
                for unit in UNITS
                for start in _STARTS
                for amount in _AMOUNTS
            ),
            *(
                f"date_sub('2024-03-31 12:00:00', interval {amount} {unit})"
                for unit in ("SECOND", "DAY", "MONTH", "YEAR_MONTH", "DAY_SECOND")
                for amount in _ODD_AMOUNTS
            ),
            *(
                f"{start} {sign} interval 1 {unit}"
                for unit in ("SECOND", "DAY", "MONTH")
                for start in _ODD_STARTS
                for sign in "+-"
            ),
            *(f"interval 2 {unit} + '2024-02-29'" for unit in UNITS),
            *calls("adddate subdate", _STARTS, ("31", "-1.5", "'2'", "null", "interval 1 month")),
            *calls("timestampadd", _SIMPLE, ("1", "-1.5", "'3x'"), _STARTS),
            *(f"timestampadd(sql_tsi_{unit}, 2, '2024-01-31')" for unit in _SIMPLE[1:]),
            *calls("addtime subtime timediff", _TIMES, _TIMES),
            *calls("timestampdiff", _SIMPLE, _MOMENTS, _MOMENTS[:5]),
            *(f"timestamp({one}, '1:2:3.5')" for one in _ODD_STARTS),
            *calls("timestamp", ("'2024-02-29'", "20240229"), _TIMES),
        ][::2]
    ),
    section(
        [
            f"{start} + interval {amount} {unit}"
            for unit in ("MICROSECOND", "SECOND", "HOUR", "DAY", "MONTH", "DAY_HOUR")
            for start in ("dt", "dt6", "da", "ti", "t6", "ts", "s", "i", "y", "d")
            for amount in ("1", "i", "d", "sn")
        ]
        + [
            *calls("addtime subtime timediff", ("dt", "dt6", "da", "ti", "t6"), ("ti", "t6", "dt")),
            *calls("timestampdiff", ("DAY", "MONTH", "SECOND"), ("dt", "da", "s"), ("dt6", "ts")),
            *calls("adddate subdate", ("dt", "da", "ti"), ("i", "d", "n")),
        ],
        tail="FROM v",
    ),
)

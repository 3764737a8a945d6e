"""CAST and CONVERT of every edge value to every type."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.edges import COLUMNS, EVERYTHING
from tests.mysqlcompat.corpus.sections import section

_TYPES: Final = (
    "signed",
    "unsigned",
    "decimal",
    "decimal(5,2)",
    "decimal(65,30)",
    "double",
    "float",
    "char",
    "char(3)",
    "binary",
    "binary(4)",
    "date",
    "datetime",
    "datetime(3)",
    "time",
    "time(6)",
    "year",
    "json",
)
_ODD: Final = (
    "convert('abc' using latin1)",
    "convert('Straße' using latin1)",
    "convert('日本' using latin1)",
    "convert('abc' using ascii)",
    "convert('ß' using ascii)",
    "convert(x'ff' using utf8mb4)",
    "convert(12.50 using utf8mb4)",
    "convert(null using utf8mb4)",
    "convert('a' using binary)",
    "convert('abc' using nosuch)",
    "hex(convert('ß' using latin1))",
    "hex(convert('ß' using utf16))",
    "hex(convert('😀' using utf8mb3))",
    "hex(convert('😀' using ucs2))",
    "cast('abc' as char character set latin1)",
    "cast('abc' as char(2) character set ascii)",
    "cast('abc' as nchar(2))",
    "cast(1 as nchar)",
    "cast('abc' as char charset binary)",
    "convert('12', signed)",
    "convert(-1, unsigned integer)",
    "convert('1.256', decimal(10,2))",
    "cast('a' as char(0))",
    "cast('' as binary(2))",
    "cast(1 as decimal(66,2))",
    "cast(1 as decimal(5,6))",
    "cast(1 as decimal(40,31))",
    "cast(1 as datetime(7))",
    "cast(1 as time(7))",
    "cast(1 as float(54))",
    "cast(1 as float(24))",
    "cast(1.23456789 as float(25))",
    "cast(1 as real)",
    "cast('1' as double precision)",
    "cast(1 as decimal(0,0))",
    "cast(12.5 as dec(3))",
    "binary 'abc'",
    "binary 12",
    "binary null",
    "binary 'a' = 'A'",
    "cast(cast(1 as json) as char)",
    "cast(convert('x' using utf8mb4) as json)",
    "cast('{\"a\": 1' as json)",
    "cast('' as json)",
    "cast('[1,]' as json)",
    "cast(x'5b315d' as json)",
    "cast(timestamp'2024-02-29 13:14:15.5' at time zone '+00:00' as datetime)",
)
_LENIENT: Final = {"sql_mode": "''"}
_DATES: Final = ("date", "datetime", "datetime(3)", "time", "signed", "char")

SECTIONS: Final = (
    section(f"cast({value} as {kind})" for kind in _TYPES for value in EVERYTHING),
    section(_ODD),
    section((f"cast({name} as {kind})" for kind in _TYPES for name in COLUMNS), tail="FROM v"),
    section(
        (f"cast({value} as {kind})" for kind in _DATES for value in EVERYTHING if "0" in value),
        settings=_LENIENT,
    ),
)

"""Word lists of the grammar: functions, units, modifiers."""

from __future__ import annotations

from typing import Final

NO_PAREN: Final = {
    "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "LOCALTIME",
    "LOCALTIMESTAMP", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP",
}  # fmt: skip
#: Reserved words that are function names when a parenthesis follows.
FUNCTION_WORDS: Final = {
    "CHAR", "CONVERT", "DATABASE", "DEFAULT", "IF", "INSERT", "INTERVAL", "LEFT", "MOD", "REPEAT",
    "REPLACE", "RIGHT", "SCHEMA", "VALUES", "GROUPING", "ROW_NUMBER", "RANK", "DENSE_RANK",
    "PERCENT_RANK", "CUME_DIST", "NTILE", "LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE",
    "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP",
    "CURRENT_USER", "LOCALTIME", "LOCALTIMESTAMP", "ROW",
}  # fmt: skip
UNITS: Final = {
    "MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR",
    "SECOND_MICROSECOND", "MINUTE_MICROSECOND", "MINUTE_SECOND", "HOUR_MICROSECOND", "HOUR_SECOND",
    "HOUR_MINUTE", "DAY_MICROSECOND", "DAY_SECOND", "DAY_MINUTE", "DAY_HOUR", "YEAR_MONTH",
}  # fmt: skip
#: Functions of the clock, which take digits.
CLOCKS: Final = (
    "NOW", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "SYSDATE", "CURTIME",
    "CURRENT_TIME", "UTC_TIME", "UTC_TIMESTAMP",
)  # fmt: skip
#: Calls the grammar itself gives a fixed number of arguments: a wrong number is a syntax error.
FIXED_ARITY: Final = {
    "IF": (3, 3), "MOD": (2, 2), "LEFT": (2, 2), "RIGHT": (2, 2), "REPEAT": (2, 2),
    "REPLACE": (3, 3), "COALESCE": (1, 999), "DATE": (1, 1), "DAY": (1, 1), "HOUR": (1, 1),
    "MINUTE": (1, 1), "MONTH": (1, 1), "SECOND": (1, 1), "TIME": (1, 1), "YEAR": (1, 1),
    "USER": (0, 0), "DATABASE": (0, 0), "SCHEMA": (0, 0), "ASCII": (1, 1), "CHARSET": (1, 1),
    "COLLATION": (1, 1), "FORMAT": (2, 3), "MICROSECOND": (1, 1),
    "PASSWORD": (1, 1), "QUARTER": (1, 1), "TRUNCATE": (2, 2), "WEEK": (1, 2), "ROW_COUNT": (0, 0),
    "ROW": (2, 999), "GROUPING": (1, 999), "INSERT": (4, 4),
    "INTERVAL": (2, 999), "REVERSE": (1, 1), "TIMESTAMP": (1, 2), "CURDATE": (0, 0),
    "CURRENT_DATE": (0, 0), "UTC_DATE": (0, 0), "LOG": (1, 2), "JSON_ARRAYAGG": (1, 1),
    "JSON_OBJECTAGG": (2, 2),
}  # fmt: skip
AGGREGATES: Final = {
    "COUNT", "SUM", "AVG", "MIN", "MAX", "STD", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VARIANCE",
    "VAR_POP", "VAR_SAMP", "BIT_AND", "BIT_OR", "BIT_XOR",
}  # fmt: skip

#: Functions whose name is a keyword only directly before its parenthesis, unless IGNORE_SPACE.
CLOSED_TEXT: Final = """
    ADDDATE BIT_AND BIT_OR BIT_XOR COUNT CURDATE CURTIME DATE_ADD DATE_SUB EXTRACT GROUP_CONCAT
    JSON_ARRAYAGG JSON_OBJECTAGG MAX MID MIN NOW POSITION SESSION_USER STD STDDEV STDDEV_POP
    STDDEV_SAMP SUBDATE SUBSTR SUBSTRING SUM SYSDATE SYSTEM_USER TRIM VARIANCE VAR_POP VAR_SAMP
"""
CLOSED: Final = frozenset(CLOSED_TEXT.split())

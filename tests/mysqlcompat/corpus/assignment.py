"""Every edge value into columns of every type, in strict mode and without it."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.edges import (
    BINARIES,
    DECIMALS,
    DOCUMENTS,
    DOUBLES,
    INTEGERS,
    NULLS,
    STRINGS,
    TEMPORAL_NUMBERS,
    TEMPORAL_STRINGS,
    TEMPORALS,
)
from tests.mysqlcompat.corpus.sections import Section, section

_NUMBERS: Final = (*NULLS, *INTEGERS, *DECIMALS, *DOUBLES, *STRINGS, *TEMPORALS[:6], *BINARIES)
_DATES: Final = (
    *NULLS,
    *TEMPORAL_STRINGS,
    *TEMPORAL_NUMBERS,
    *TEMPORALS,
    *STRINGS[:8],
    "0",
    "1",
    "-1",
    "x'41'",
    *DOCUMENTS,
)
_TEXTS: Final = (
    *NULLS,
    *INTEGERS[::4],
    *DECIMALS[::3],
    *DOUBLES[::3],
    *STRINGS,
    *TEMPORALS,
    *BINARIES,
    *DOCUMENTS,
    "repeat('x', 300)",
    "repeat('ä', 200)",
    "'abc  '",
    "'abc     x'",
)
_SMALL: Final = (*_TEXTS, *INTEGERS)
_TARGETS: Final = (
    *((kind, (*_NUMBERS, *DOCUMENTS)) for kind in ("INT", "DECIMAL(5,2)", "DOUBLE")),
    *(
        (kind, _NUMBERS)
        for kind in (
            "TINYINT",
            "TINYINT UNSIGNED",
            "MEDIUMINT",
            "BIGINT",
            "BIGINT UNSIGNED",
            "INT NOT NULL",
            "DECIMAL(30,4)",
            "DECIMAL(10,0) UNSIGNED",
            "FLOAT",
            "DOUBLE UNSIGNED",
            "FLOAT(7,2)",
            "BIT(1)",
            "BIT(16)",
            "BIT(64)",
            "BOOL",
            "INT ZEROFILL",
        )
    ),
    (
        "YEAR",
        (
            *_NUMBERS,
            *TEMPORAL_STRINGS,
            "69",
            "70",
            "99",
            "100",
            "1900",
            "1901",
            "2155",
            "2156",
            "'0'",
            "'00'",
            "'69'",
            "'70'",
        ),
    ),
    *(
        (kind, _DATES)
        for kind in (
            "DATE",
            "DATETIME",
            "DATETIME(2)",
            "TIMESTAMP NULL",
            "TIME",
            "TIME(3)",
            "DATE NOT NULL",
        )
    ),
    *(
        (kind, _TEXTS)
        for kind in (
            "CHAR(3)",
            "VARCHAR(3)",
            "VARCHAR(3) CHARACTER SET latin1",
            "TINYTEXT",
            "BINARY(3)",
            "VARBINARY(3)",
            "TINYBLOB",
            "VARCHAR(20) CHARACTER SET ascii",
            "TEXT",
            "JSON",
            "VARCHAR(10) NOT NULL",
        )
    ),
    ("ENUM('small','medium','large')", _SMALL),
    ("ENUM('1','2','abc') NOT NULL", _SMALL),
    ("SET('a','b','c')", _SMALL),
)
_MODES: Final = (
    "'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO'",
    "''",
)
_OPERATIONS: Final = ("1/0", "5 % 0", "5 div 0", "cast('x' as signed)", "1 + 'x'", "'5x' + 1")


def _sections() -> list[Section]:
    made = [
        section(values, into=kind, settings={"sql_mode": mode}, node="ZEROFILL" in kind)
        for kind, values in _TARGETS
        for mode in _MODES
    ]
    for mode in (*_MODES, "'STRICT_ALL_TABLES'", "'ERROR_FOR_DIVISION_BY_ZERO'", "'TRADITIONAL'"):
        made.append(section(_OPERATIONS, into="DOUBLE", settings={"sql_mode": mode}))
    for mode in (
        "'NO_ZERO_DATE'",
        "'NO_ZERO_IN_DATE'",
        "'ALLOW_INVALID_DATES'",
        "'STRICT_ALL_TABLES'",
        "'TIME_TRUNCATE_FRACTIONAL'",
    ):
        for kind in ("DATE", "DATETIME(1)", "TIMESTAMP NULL"):
            made.append(section(TEMPORAL_STRINGS, into=kind, settings={"sql_mode": mode}))
    return made


SECTIONS: Final = _sections()

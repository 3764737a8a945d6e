"""Numbers with more digits than a DECIMAL has: read from texts and doubles, divided, shown."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import section

_TEXTS: Final = (
    f"1{'0' * 81}",
    f"-1{'0' * 81}",
    f"-1{'0' * 80}7",
    f"-12{'0' * 80}7.55e3",
    f"-12{'0' * 80}7.55abc",
    f"{'0' * 300}12",
    f"0.{'3' * 100}",
    f"{'7' * 20}.{'3' * 100}",
    "12" * 40,
    "12" * 41,
    "-1.5e400",
    "001.50e81",
    "1.5e80",
    ".0050e90",
    "1e400abc",
    "1e9999999999",
    "1e-9999999999",
    "1e99999999999999999999",
    "1e-99999999999999999999",
    "1e-85",
)
_READ: Final = (
    *(f"cast('{one}' as decimal(10,2))" for one in _TEXTS),
    *(f"cast(concat('{one}') as decimal(10,2))" for one in _TEXTS),
    *(f"'{one}' div 3" for one in _TEXTS),
    "cast(repeat('12', 32768) as decimal(20,4))",
    "repeat('12', 32768) div 2",
    "cast(coalesce(1e308, 'x') as decimal(20,4))",
    "cast(coalesce('1e308', 2) as decimal(20,4))",
    "(2147483647 * d) = concat(1e15, '1,2')",
    "d = concat('1e151')",
)
_DIVIDED: Final = (
    "1 div 1.3552527138347857e-19",
    "1 div (t / 3.6893487608064598e19)",
    "1 div if(i, '1.3552527138347857e-19', 1e0)",
    *(f"1e-79 div {one}" for one in ("1.5e-81", "'1.5e-81'", "1.4e-81", "5e-82", "1e-82")),
    "1e-70 div 1.23456789012345678e-75",
    "1e-85 div 1e-90",
    "1 div 2.2250738585072014e-308",
)
_LEAST: Final = "0.000000000000000000000000000001"
_SUMS: Final = (
    f"{'9' * 65} - {_LEAST}",
    f"{'9' * 65} + {_LEAST}",
    "999999999999999999999999999999999999999999999999999999 + 0.000000000000000000000000000001",
    "999999999999999999999999999999999999999999999999999999 - 0.000000000000000000000000000001",
    "999999999999999999999999999999999999999999999999999998 + 0.000000000000000000000000000001",
    "999999998999999999999999999999999999999999999999999999 + 0.000000000000000000000000000001",
    "-999999999999999999999999999999999999999999999999999999 - 0.000000000000000000000000000001",
    "-999999999999999999999999999999999999999999999999999999 + 0.000000000000000000000000000001",
    "99999999999999999999999999999999999999999999999999999999999999999 - 1.9999999995",
    "d65 + 0.000000000000000000000000000001",
    "d65 - 1",
    "d65 - d65",
    "d65 + d65",
    "d65 + 0.5 - 0.5",
    "0 - 0.0",
    "0.0 - 0",
    "-0.0 + 0.0",
    "d - d",
    "d + 0.0",
    "1.5 - 1.50",
    "0.000000000000000000000000000001 - 0.000000000000000000000000000001",
    "0.5 - 0.50000",
)
_SHOWN: Final = tuple(
    f"format({number}, {places})"
    for number in ("3.40282e38", "'3.40282e38'", "'3.40282e25'", "7.1e50", "'7.3e50'", "1.7e300")
    for places in (0, 1, 20)
)

#: What columns take: exponents that are no integers are left out, of which each has its own idea.
_STORED: Final = [f"'{one}'" for one in _TEXTS if "99999999" not in one]

SECTIONS: Final = [
    section(_READ + _DIVIDED + _SUMS + _SHOWN, tail="FROM v"),
    section([f"'{one}'" for one in _TEXTS], into="DECIMAL(10,2)", settings={"sql_mode": "''"}),
    section(_STORED, into="DECIMAL(10,2)"),
    section(_STORED, into="INT", settings={"sql_mode": "''"}),
    section(_STORED, into="DOUBLE", settings={"sql_mode": "''"}),
]

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

#: Factors that have more words together than there is room for.
_PRODUCTS: Final = (
    "18446744073709551616 * d65",
    "d65 * 18446744073709551616",
    "1844674407370955161612345678 * d65",
    "d65 * 1844674407370955161612345678",
    "18446744073709551616.1234567891 * d65",
    "d65 * 18446744073709551616.1234567891",
    "18446744073709551616.5 * d65",
    "d65 * 18446744073709551616.5",
    "1844674407370955.5 * d65",
    "d65 * 1844674407370955.5",
    "1844674407370955 * d65",
    "d65 * 1844674407370955",
    "d65 * 123456789",
    "d65 * 1234567890",
    "d65 * 12345678901",
    "1234567890 * d65",
    "12345678901 * d65",
    "99999999999999999999999.5 * d65",
    "d65 * d65",
    "d65 * 123456789012345678901.5",
    "ceil(18446744073709551616 * d65)",
)

#: Quotients that IF and its kin pass on to where an integer is wanted; bits that NULLIF divides by.
_PASSED_ON: Final = (
    "-1 div nullif(b'101', 'abc')",
    "nullif(b'101', 'abc')",
    "-1 div b'101'",
    "5 div nullif(b'101', 'abc')",
    "-1 div nullif(b'101', 3)",
    "-1 div nullif(x'41', 'abc')",
    "-1 div nullif(b'10111111111111111', 'abc')",
    "-1 div if(i, b'101', b'1')",
    "-1 div ifnull(b'101', 'abc')",
    "-1 div bt",
    "-1 div nullif(bt, 3)",
    "1.5 div nullif(b'101', 3)",
    "d65 / dn",
    "char(d65 / dn)",
    "char(if(i, d65 / dn, 1))",
    "char(if(i, d65 / dn, null))",
    "char(if(n, null, d65 / dn))",
    "char(if(n, null, d / dn))",
    "char(if(n, null, d65 / 3))",
    "char(if(n, null, 1e30 * d65 / dn))",
    "char(if(n, null, 123456789012345678901234567890.5 / 3))",
    "char(123456789012345678901234567890.5 / 3)",
    "char(ifnull(d65/dn, 1))",
    "char(coalesce(d65/dn, 1))",
    "char(nullif(d65/dn, 1))",
    "char(case when i then d65/dn end)",
    "cast(if(n, null, d65 / dn) as signed)",
    "cast(d65 / dn as signed)",
    "cast(if(n, null, d65 / dn) as char)",
    "bin(if(n, null, d65 / dn))",
    "elt(if(n, null, d65 / dn), 1)",
    "nullif(b'101', 3) div 1",
    "nullif(b'101', 3) div 1.5",
    "nullif(x'4142434445', 3) div -1",
    "nullif(b'101', 3) div nullif(b'101', 3)",
    "1 div nullif(concat('a'), 3)",
    "1 div '5'",
    "1 div round(5.5e0)",
    "1 div ifnull(b'101', b'1')",
    "1 div if(i, b'101', b'1')",
    "1 div s",
    "char(if(n, null, if(i, d65 / dn, null)))",
    "char(if(n, null, d65 * 1.5))",
    "char(ifnull(d65 / dn, null))",
    "char(ifnull(null, d65 / dn))",
)

#: What columns take: exponents that are no integers are left out, of which each has its own idea.
_STORED: Final = [f"'{one}'" for one in _TEXTS if "99999999" not in one]

SECTIONS: Final = [
    section([*_READ, *_DIVIDED, *_SUMS, *_SHOWN, *_PRODUCTS, *_PASSED_ON], tail="FROM v"),
    section([f"'{one}'" for one in _TEXTS], into="DECIMAL(10,2)", settings={"sql_mode": "''"}),
    section(_STORED, into="DECIMAL(10,2)"),
    section(_STORED, into="INT", settings={"sql_mode": "''"}),
    section(_STORED, into="DOUBLE", settings={"sql_mode": "''"}),
]

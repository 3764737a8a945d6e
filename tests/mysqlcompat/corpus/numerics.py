"""Numeric functions over edge numbers."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.edges import COLUMNS, DECIMALS, DOUBLES, INTEGERS
from tests.mysqlcompat.corpus.sections import calls, section

_NUMBERS: Final = (
    "null", *INTEGERS[:4], *INTEGERS[16:], *DECIMALS, *DOUBLES, "'12.5abc'", "'x'", "x'41'",
    "date'2024-02-29'", "time'13:14:15.6'", "cast('2.5' as json)",
)  # fmt: skip
_ONE: Final = "abs sign ceil ceiling floor round sqrt exp ln log log2 log10"
_ANGLES: Final = "sin cos tan cot asin acos atan degrees radians"
_FEW: Final = (
    "null",
    "0",
    "1",
    "-1",
    "2",
    "0.5",
    "-0.5",
    "3e0",
    "1e10",
    "'2'",
    "'x'",
    "1e308",
    "100",
)
_PLACES: Final = (
    "0", "1", "2", "-1", "-2", "10", "40", "-40", "null", "'1'", "1.5", "18446744073709551615",
    "-9223372036854775808", "1+1",
)  # fmt: skip
_ROUNDED: Final = (
    "null", "1", "15", "-25", "9223372036854775807", "18446744073709551615", "2.5", "-2.55",
    "123.456789", "99999.99999", "1.5e0", "2.5e0", "-1234.5678e0", "1e20", "'12.345'",
    "date'2024-02-29'",
)  # fmt: skip
_BASES: Final = ("2", "8", "10", "16", "36", "-10", "-16", "1", "37", "0", "null")
_DIGITS: Final = ("'a'", "'ff'", "'-17'", "'zz'", "''", "'12.5'", "255", "-1", "' 7'", "'9x'", "null",
                  "18446744073709551615", "'99999999999999999999999'", "x'0f'", "1.9", "'0x1f'")  # fmt: skip
_MORE: Final = (
    "pi()", "pi() + 0", "rand(1)", "rand(0)", "rand(-5)", "rand(null)", "rand('3')", "rand(2.6)",
    "crc32('MySQL')", "crc32('')", "crc32(null)", "crc32(12)", "crc32(x'ff')", "crc32('ß')",
    "atan(1, 2)", "atan2(-1, 0)", "atan2(0, 0)", "pow(2, 10)", "pow(0, 0)", "pow(-8, 1/3)",
    "power(10, 400)", "pow(0, -1)", "mod(10, 3)", "mod(-10, 3)", "mod(10, 0)", "mod(1.5, 0.4)",
    "mod(null, 1)", "truncate(1)", "round()", "abs()", "abs(1, 2)", "log(1, 2, 3)", "sqrt(-1)",
    "ln(0)", "log(-1)", "log2(0)", "log10(-5)", "log(10, 100)", "log(1, 5)", "log(0, 5)", "log(2, 0)",
    "asin(2)", "acos(-1.1)", "cot(0)", "exp(710)", "exp(-1000)", "degrees(pi())", "radians(180)",
    "sign('x')", "sign(-0.0)", "floor(-1.5)", "ceil(-0.5)", "floor('1.9')", "ceil(1.00)",
    "format(12332.123456, 4)", "format(12332.1, 0)", "format(-1234.5, 2)", "format('x', 2)",
    "format(1e20, 2)", "format(0.5, 0)", "format(1234567.891, 2, 'de_DE')", "format(1234.5, -1)",
    "format(12345678901234567890.1234, 40)", "format(null, 1)", "format(1, null)",
    "hex(255)", "hex(-1)", "hex('abc')", "hex(12.5)", "hex(x'ff')", "hex(null)", "hex(1e19)",
    "bin(12)", "bin(-1)", "bin('7x')", "bin(1.9)", "bin(null)", "oct(12)", "oct(-1)", "oct('8')",
    "oct(null)", "bit_count(29)", "bit_count(-1)", "bit_count(null)", "bit_count('12')",
    "conv('7fffffffffffffff', 16, -10)", "conv('ffffffffffffffff', 16, -10)", "conv('-1', 10, 16)",
    "uuid_short() > 0", "rand() between 0 and 1", "-pi()", "round(pi(), 3)", "round(-0.0, 1)",
    "truncate(-0.09, 1)", "round(0.5)", "round(1.5)", "round(2.5)", "round(-1.5)", "round(1.005, 2)",
    "round(1.5e0)", "round(2.5e0)", "round(25, -1)", "round(-25, -1)", "round(35e0, -1)",
    "truncate(199, -2)", "truncate(1e308, 5)", "round(12.5, 2.7)", "greatest(pi(), 3)",
)  # fmt: skip

SECTIONS: Final = (
    section(_MORE),
    section(calls(_ONE, _NUMBERS)),
    section(calls(_ANGLES, _FEW)),
    section(calls("pow atan2 log mod", _FEW, _FEW)),
    section(calls("round truncate", _ROUNDED, _PLACES)),
    section(calls("conv", _DIGITS, _BASES, ("10", "16", "2", "-10", "36"))),
    section(calls("abs sign ceil floor round sqrt ln hex bin oct crc32", COLUMNS), tail="FROM v"),
    section(calls("round truncate", COLUMNS, ("1", "-1", "i", "n")), tail="FROM v"),
)

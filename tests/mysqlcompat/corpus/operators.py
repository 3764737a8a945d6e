"""Operators over values of every class, over columns of every type, and in every sql_mode."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.edges import COLUMNS, FEW
from tests.mysqlcompat.corpus.sections import infix, section

_BITS: Final = (
    "0", "5", "-1", "18446744073709551615", "2.5", "'12'", "x'0f'", "x'0f0f'", "b'1010'", "null",
    "_binary'ab'", "_binary'abc'", "binary 5", "1e0", "'x'", "cast(x'f0' as binary(4))",
)  # fmt: skip
_SHIFTS: Final = ("0", "1", "-1", "63", "64", "65", "null", "'3'", "2.5", "x'03'", "_binary'1'")
_UNSIGNED: Final = (
    "0", "1", "-1", "18446744073709551615", "9223372036854775807", "cast(1 as unsigned)",
    "cast(0 as unsigned)", "-9223372036854775808", "1.5", "1e0",
)  # fmt: skip
_QUOTIENTS: Final = (
    "1/3", "2/3", "10/4", "1.5/7", "1e0/3", "-1/3", "1/7.00000", "0/5", "1/0", "100/3.0", "1/9999999",
    "22/7*3", "1.23456789/9.87654321", "cast(1 as decimal(30,10))/3", "'1'/3",
    "99999999999999999999/7", "1/null",
)  # fmt: skip
_PRECEDENCE: Final = (
    "1 + 2 * 3", "(1 + 2) * 3", "-2 ^ 2", "2 * 3 % 4", "1 | 2 & 3", "1 << 2 + 1", "8 >> 1 + 1",
    "not 1 = 0", "not 0 + 1", "! 0 + 1", "(! 0) + 1", "1 = 1 = 1", "3 > 2 > 1", "1 between 0 and 2 = 1",
    "1 or 0 and 0", "1 xor 1 or 1", "1 xor 1 and 0", "not 1 between 0 and 2", "- - 5", "-(-5)",
    "~ 1 + 1", "-1 ^ 2", "5 div 2 * 2", "5 mod 3 * 2", "2 in (1, 2) + 1", "1 is null is null",
    "not null is null", "1 <=> null is null", "null <=> null <=> null", "1 + - 1", "1 - -1",
    "case 1 when 1 then 2 end + 1", "'a' 'b'", "'a' || 'b'", "1 || 0", "1 && 0", "0 || 1 && 0",
    "1 := 2", "@x := 1 + 1", "(@x := 5) + @x", "a b c", "not not 5", "! ! 5", "5 -- 3", "5 --3",
    "2 between 1 and 3 and 0", "1 like 1 like 1", "'a' like 'a' = 1", "binary 'a' = 'A'",
    "'a' = binary 'A'", "'a' collate utf8mb4_bin = 'A'", "-'a'", "+'a'", "+'12abc'",
    "interval(1, 2) + 1", "1 in (1) in (1)", "date'2024-01-31' + interval 1 month",
    "interval 1 day + date'2024-02-28'", "date'2024-01-31' - interval '1-2' year_month",
    "1 is true is false", "1 is not true", "null is unknown", "null is not unknown", "0 is false",
    "'x' is true", "0.4 is true", "0.5 and 1", "1 = 1 and 2", "8 | 1 = 9", "1 < 2 | 4",
    "3 & 5 << 1", "2 ^ 3 ^ 4", "10 - 3 - 2", "100 / 10 / 2", "1 = not 0",
)  # fmt: skip
_ROWS: Final = (
    "(1, 2) = (1, 2)", "(1, 2) = (1, null)", "(1, 2) = (2, null)", "(1, 2) <> (1, 3)",
    "(1, 2) <> (null, 2)", "(1, 2) <=> (1, 2)", "(1, null) <=> (1, null)", "(1, 2) < (1, 3)",
    "(1, 2) < (2, 1)", "(1, 2) <= (1, 2)", "(2, 1) > (1, 9)", "(2, null) > (1, 9)",
    "(1, null) > (1, 9)", "(1, 2) >= (1, 2)", "(1, 2) in ((1, 2), (3, 4))", "(1, null) in ((1, 2))",
    "(2, null) in ((1, 2))", "(1, 2) not in ((1, 3))", "row(1, 2) = row(1, 2)", "(1, 2) = (1, 2, 3)",
    "(1, 2) = 1", "1 = (1, 2)", "(1, 2) + 1", "(1, (2, 3)) = (1, (2, 3))", "('a', 1) = ('A', 1.0)",
    "(1, 2) between (0, 0) and (2, 2)", "(1, 2) is null", "(1, 2)", "row(1)", "(1, 2) in (1, 2)",
    "('a', 'b') in (('A', 'B'))", "(1, 2, 3) < (1, 2, 4)", "(date'2024-02-29', 1) = ('2024-02-29', '1')",
)  # fmt: skip
_LISTS: Final = (
    "1 in (1, 2)", "3 in (1, 2)", "3 in (1, null)", "null in (1, 2)", "1 in ('1', 'x')", "'a' in (0)",
    "'a' in ('A', 'b')", "'a' in ('A' collate utf8mb4_bin)", "1.0 in (1, 2)", "'1.0' in (1, 2)",
    "date'2024-02-29' in ('2024-02-29')", "date'2024-02-29' in ('2024-02-29', '2024-03-01 00:00:00')",
    "'2024-02-29' in (date'2024-02-29', null)", "1 not in (2, null)", "1 not in (2, 3)",
    "x'41' in ('A')", "x'41' in (65)", "18446744073709551615 in (-1)", "-1 in (18446744073709551615)",
    "1 in (true)", "cast('1' as json) in (1, 2)", "'x' in (cast('\"x\"' as json))",
    "5 between 1 and 10", "5 between 10 and 1", "5 between null and 10", "5 between 6 and null",
    "5 between 1 and null", "null between 1 and 2", "'b' between 'a' and 'c'", "'B' between 'a' and 'c'",
    "5 not between 1 and 3", "'5' between 1 and 10", "5 between '1' and '10'",
    "date'2024-02-29' between '2024-01-01' and '2024-12-31'",
    "'2024-02-29' between date'2024-01-01' and date'2024-12-31'",
    "'2024-02-29' between date'2024-01-01' and 'x'", "time'10:00:00' between '9:00' and '11:00'",
    "1.5 between 1 and 2e0", "-1 between 0 and 18446744073709551615",
    "interval(5, 1, 3, 7)", "interval(null, 1)", "interval(5, null, 7)", "interval('5', 1, 5, 9)",
    "interval(2.5, 2, 2.4, 2.6)", "interval(10, 1, 10, 100, 1000)", "interval(1)",
    "interval(-1, 0, 5)", "interval(18446744073709551615, 1, 2)",
    "17 member of ('[23, \"abc\", 17, \"ab\", 10]')", "'ab' member of ('[23, \"abc\", 17, \"ab\"]')",
    "7 member of ('[7.0]')", "'17' member of ('[17]')", "cast('[4,5]' as json) member of ('[[3,4],[4,5]]')",
    "null member of ('[1]')", "1 member of (null)", "1 member of ('1')", "1 member of ('x')",
    "1 member of (1)", "not 1 member of ('[1]')",
)  # fmt: skip
_MODES: Final = (
    "'a' || 'b'", "1 || 0", "'a' || null", "not 1 between 2 and 3", "not 0 + 1", "! 1 between 2 and 3",
    "not 5 in (5)", "\"abc\"", "\"a\" = 'a'", "'a\\nb'", "'a\\'b'", "length('a\\\\b')",
    "'a' like 'a\\%'", "'a%' like 'a\\%'", "'a%' like 'a|%' escape '|'", "'a\\b' like 'a\\\\b'",
    "count (1)", "abs (-5)", "now () = now()", "cast(0 as unsigned) - 1", "1 - cast(2 as unsigned)",
    "-cast(1 as unsigned)", "1.5 - cast(2 as unsigned)", "cast(1 as unsigned) - 2e0", "1 real", "cast(1 as real)",
    "pi () > 3", "substr ('abc', 2)", "concat ('a', 'b')", "length (' a ')", "trim (' a ')",
)  # fmt: skip
_PATTERNS: Final = (
    *infix(
        "like not_like",
        ("'abc'", "'ABC'", "''", "'a%c'", "'a_c'", "'a\\\\c'", "null", "'Straße'", "12", "x'41'"),
        ("'abc'", "'a%'", "'%c'", "'a_c'", "''", "'%'", "'_'", "'a\\%c'", "'a\\_c'", "'a\\\\\\\\c'",
         "null", "'strasse'", "'1%'", "'%b%'", "'a%%c'", "'STRA%'", "'%\\\\'", "x'41'", "_binary'A%'"),
    ),
    "'a%c' like 'a|%c' escape '|'", "'abc' like 'a|%c' escape '|'", "'a|c' like 'a||c' escape '|'",
    "'a%c' like 'aX%c' escape 'X'", "'a%c' like 'axx%c' escape 'x'", "'abc' like 'abc' escape ''",
    "'abc' like 'abc' escape 'ab'", "'a%' like 'a%%' escape '%'", "'a\\\\b' like 'a\\\\b' escape ''",
    "'abc' like 'abc' escape null", "'ä' like 'a'", "'ä' like 'a' collate utf8mb4_0900_as_cs",
    "'A' like 'a' collate utf8mb4_bin", "'😀x' like '_x'", "'日本' like '日_'", "'a' like 'a '",
    "'a ' like 'a'", "'a' = 'a '", "'abc' sounds like 'abd'", "'hello' sounds like 'hallo'",
    "'hello' sounds like 'world'", "null sounds like 'a'", "'' sounds like ''",
    "date'2024-02-29' like '2024%'", "12.50 like '12.5_'", "1e0 like '1'", "'ß' like 'ss'",
    "'ss' like 'ß'", "'_' like '\\_'", "'x' like '\\x'", "'\\x' like '\\\\x'",
)  # fmt: skip
_ANSI: Final = ("PIPES_AS_CONCAT", "HIGH_NOT_PRECEDENCE", "ANSI_QUOTES", "IGNORE_SPACE",
                "NO_BACKSLASH_ESCAPES", "NO_UNSIGNED_SUBTRACTION", "REAL_AS_FLOAT", "ANSI", "")  # fmt: skip

SECTIONS: Final = (
    section(infix("& | ^", _BITS, _BITS)),
    section(infix("<< >>", _BITS, _SHIFTS)),
    section((*(f"~{one}" for one in _BITS), *(f"bit_count({one})" for one in _BITS))),
    section(infix("+ - * / div %", _UNSIGNED, _UNSIGNED)),
    section(infix("- +", _UNSIGNED, _UNSIGNED), settings={"sql_mode": "'NO_UNSIGNED_SUBTRACTION'"}),
    *(section(_QUOTIENTS, settings={"div_precision_increment": str(n)}) for n in (0, 4, 10, 30)),
    section(_QUOTIENTS[:6], settings={"sql_mode": "''"}),
    section(_PRECEDENCE),
    section(_ROWS),
    section(_LISTS),
    section(_PATTERNS),
    *(section(_MODES, settings={"sql_mode": f"'{mode}'"}) for mode in _ANSI),
    section(infix("+ / div = < <=>", COLUMNS, COLUMNS), tail="FROM v"),
    section(infix("- * % <> >=", COLUMNS[::3], COLUMNS[::2]), tail="FROM v"),
    section(infix("= < and", COLUMNS, FEW), tail="FROM v"),
    section(infix("<=> xor or", FEW, FEW)),
)

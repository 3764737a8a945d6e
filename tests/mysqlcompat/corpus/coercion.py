"""Character sets and collations of expressions: introducers, COLLATE, coercibility, conflicts."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.sections import calls, infix, section

_OPERANDS: Final = (
    "'a'", "null", "1", "1.5", "x'61'", "_binary'a'", "_latin1'a'", "_utf8mb4'a'", "_ascii'a'",
    "'a' collate utf8mb4_bin", "'a' collate utf8mb4_general_ci", "_latin1'a' collate latin1_bin",
    "user()", "version()", "database()", "cast(1 as char)", "cast('a' as binary)",
    "convert('a' using latin1)", "date'2024-02-29'", "cast('\"a\"' as json)", "concat('a', 1)",
    "concat('a', x'62')", "@nothing", "md5('a')", "binary 'a'", "upper('a')", "hex('a')", "format(1, 2)",
    "date_format('2024-02-29', '%a')", "char(65)", "char(65 using utf8mb4)", "if(1, 'a', 1)",
)  # fmt: skip
_COLUMNS: Final = ("s", "gc", "sb", "l1", "tx", "bin", "c", "e", "st", "j", "i", "dt", "bl")
_LITERALS: Final = (
    "_utf8mb4 x'c3a4'", "_latin1 x'e4'", "_latin1'ä'", "_utf8mb3'ä'", "_ucs2 x'00e4'", "_utf16 x'00e4'",
    "hex(_ucs2'a')", "_utf8mb4 x'ff'", "_nosuch'a'", "_ascii x'80'", "_utf8mb4 b'1000001'", "n'abc'",
    "N'abc'", "_binary x'ff'", "hex(_latin1'ä')", "length(_latin1'ä')", "char_length(_utf8mb4 x'c3a4')",
    "'a' collate nosuch", "'a' collate latin1_bin", "x'41' collate utf8mb4_bin", "x'41' collate binary",
    "1 collate utf8mb4_bin", "null collate utf8mb4_bin", "'a' collate 'utf8mb4_bin'",
    "'a' collate utf8mb4_bin collate utf8mb4_general_ci", "0x41", "0xABC", "0x", "x'4'", "x'4g'",
    "b'2'", "b''", "0b", "x'41' + 0", "x'41' = 'A'", "x'41' = 65", "b'1000001' = 'A'",
    "0x4142 like 'AB'", "-x'41'", "x'ffffffffffffffff' + 0", "x'01ffffffffffffffff' + 0",
    "b'1' + b'1'", "0x0a + 0", "0xff", "concat(0x41, 0x42)", "0x41 + 1.5", "cast(0x41 as unsigned)",
    "cast(0x41 as char)", "'é' = 'e'", "'é' = 'e' collate utf8mb4_0900_as_ci",
    "'É' = 'é' collate utf8mb4_0900_as_ci", "'a' < 'B'", "'a' < 'B' collate utf8mb4_bin",
    "'ß' = 'ss'", "'ß' = 'ss' collate utf8mb4_general_ci", "'a ' = 'a' collate utf8mb4_general_ci",
    "'a ' = 'a' collate utf8mb4_0900_ai_ci", "'日' = '本'", "'😀' = '😁'",
    "'😀' = '😁' collate utf8mb4_general_ci", "strcmp('a', 'B')", "strcmp('a', 'A')",
    "strcmp('a' collate utf8mb4_bin, 'A')", "strcmp(null, 'a')", "strcmp(1, 2)", "strcmp('ab', 'a')",
    "_latin1'a' = 'a'", "_latin1'ä' = 'ä'", "_latin1'a' collate latin1_bin = 'a'",
    "'a' collate utf8mb4_bin = 'a' collate utf8mb4_general_ci",
    "concat('a' collate utf8mb4_bin, 'a' collate utf8mb4_general_ci)",
    "_latin1'a' collate latin1_bin = 'ä'", "coercibility(coercibility(1))",
)  # fmt: skip
_MIXED: Final = (
    "s = gc", "s = sb", "gc = sb", "s = l1", "gc = l1", "concat(s, gc)", "concat(gc, sb)",
    "concat(s, l1)", "s = 'x'", "gc = 'größe'", "sb = 'größe'", "l1 = 'GRÖSSE'", "l1 = '日本'",
    "s = x'41'", "gc in ('größe')", "gc in (sb)", "gc in (s, sb)", "gc between s and sb",
    "gc like sb", "gc like 'gr%'", "sb like 'gr%'", "if(1, gc, sb)", "ifnull(gc, s)",
    "coalesce(gc, sb, s)", "greatest(gc, sb)", "case gc when sb then 1 end", "replace(gc, sb, s)",
    "gc = sb collate utf8mb4_bin", "gc = user()", "e = 'MEDIUM'", "e = sb", "st = 'A,C'",
    "concat_ws(gc, sb, 'x')", "instr(gc, sb)", "field(gc, sb)", "strcmp(gc, sb)", "gc = 1", "gc + 1",
    "bin = 'x'", "concat(bin, s)", "s = bin", "left(gc, 2) = sb", "concat(i, gc)", "gc = j", "s = j",
)  # fmt: skip

SECTIONS: Final = (
    section(
        calls("charset collation coercibility", [one for one in _OPERANDS if "md5" not in one])
    ),
    section(calls("charset collation coercibility", _COLUMNS), tail="FROM v"),
    section(_LITERALS),
    section(_MIXED, tail="FROM v"),
    section(calls("hex", _LITERALS[:11])),
    section(
        infix("= <", ("'a'", "'Ä'", "'ss'", "''"), ("'A'", "'a '", "'ä'", "'ß'", "null")),
        settings={"collation_connection": "utf8mb4_general_ci"},
    ),
    section(
        infix("= <", ("'a'", "'Ä'", "'ss'", "''"), ("'A'", "'a '", "'ä'", "'ß'", "null")),
        settings={"collation_connection": "utf8mb4_bin"},
    ),
    section(
        (*_LITERALS[:4], *(f"collation({one})" for one in _OPERANDS[:20])),
        settings={"collation_connection": "utf8mb4_general_ci"},
    ),
)

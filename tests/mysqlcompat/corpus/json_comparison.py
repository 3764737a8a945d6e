"""JSON values compared: with each other, with SQL values, as members of arrays."""

from __future__ import annotations

from typing import Final

from tests.mysqlcompat.corpus.json_documents import quoted
from tests.mysqlcompat.corpus.sections import infix, section


def _cast(text: str) -> str:
    return f"cast({quoted(text)} as json)"


_KINDS: Final = (
    *map(
        _cast,
        (
            "null",
            "true",
            "false",
            "0",
            "1",
            "1.0",
            "-1",
            "1e300",
            "18446744073709551615",
            '""',
            '"a"',
            '"A"',
            '"é"',
            "[]",
            "[1]",
            "[1, 2]",
            "[2]",
            "{}",
            '{"a": 1}',
            '{"a": 2}',
            '{"b": 1}',
            '{"a": 1, "b": 1}',
        ),
    ),
    "json_extract(json_array(1.0), '$[0]')",
    "json_extract(json_array(date'2024-02-29'), '$[0]')",
    "json_extract(json_array(time'10:00:00'), '$[0]')",
    "json_extract(json_array(x'61'), '$[0]')",
    "json_extract(json_array(timestamp'2024-02-29 00:00:00'), '$[0]')",
    "json_extract(json_array(b'01100001'), '$[0]')",
    "json_extract(json_array(y), '$[0]')",
)
_SQL: Final = (
    "null",
    "0",
    "1",
    "1.0",
    "1e0",
    "true",
    "'a'",
    "'A'",
    "'1'",
    "''",
    "x'61'",
    "b'1'",
    "'[1]'",
    "'{\"a\": 1}'",
    "date'2024-02-29'",
    "'2024-02-29'",
    "timestamp'2024-02-29 00:00:00'",
    "time'10:00:00'",
    "18446744073709551615",
    "i",
    "d",
    "f",
    "s",
    "bin",
    "da",
    "y",
    "e",
    "bt",
    "j",
)
_ARRAYS: Final = tuple(
    map(
        quoted,
        (
            "[1, 2]",
            '[1.0, "a"]',
            '[[1], {"a": 1}]',
            "1",
            '"a"',
            '{"a": 1}',
            '{"a": 1, "b": 2}',
            "{}",
            "[]",
            "null",
            "[null, true]",
            "[[1, 2], 3]",
        ),
    )
)
_EXTRACTED: Final = "json_extract(json_object('a', 1, 's', 'abc', 'n', null), '$.{}')"

SECTIONS: Final = (
    section(infix("= <", _KINDS, _KINDS), tail="FROM v"),
    section(infix("= <=> >", _KINDS, _SQL), tail="FROM v"),
    section(infix("<>", _SQL, _KINDS[::3]), tail="FROM v"),
    section(
        f"{name}({one}, {other})"
        for name in ("json_contains", "json_overlaps")
        for one in _ARRAYS
        for other in _ARRAYS
    ),
    section(
        (f"{value} member of({array})" for value in _SQL for array in _ARRAYS[:6]), tail="FROM v"
    ),
    section(
        (
            "json_overlaps(null, '[]')",
            "json_overlaps('[]', null)",
            "json_overlaps('bad', '[]')",
            "json_overlaps('[]', 1)",
            "json_contains(null, '1')",
            "json_contains('1', null)",
            "json_contains('[]', '[]', null)",
            "json_contains('bad', '1')",
            "json_contains('1', 'bad')",
            "json_contains('1', '1', 'bad')",
            "json_contains('1', '1', '$.*')",
            "1 member of(null)",
            "null member of('[null]')",
            "1 member of('bad')",
            "1 member of(1)",
            "'a' member of('\"a\"')",
            "cast('[1]' as json) member of('[[1]]')",
            "not 1 member of('[1]')",
            f"{_EXTRACTED.format('a')} between 0 and 2",
            f"{_EXTRACTED.format('a')} in (1, 'x')",
            f"{_EXTRACTED.format('a')} in ('1', 2)",
            f"{_EXTRACTED.format('s')} in ('abc', 'x')",
            f"{_EXTRACTED.format('s')} like 'a%'",
            f"{_EXTRACTED.format('s')} like '\"a%'",
            f"{_EXTRACTED.format('s')} regexp 'b'",
            f"{_EXTRACTED.format('s')} between 'a' and 'b'",
            f"{_EXTRACTED.format('n')} is null",
            f"{_EXTRACTED.format('n')} = null",
            f"{_EXTRACTED.format('n')} <=> null",
            f"{_EXTRACTED.format('x')} <=> null",
            f"case {_EXTRACTED.format('a')} when 1 then 'one' else 'other' end",
            f"case {_EXTRACTED.format('s')} when 'abc' then 'one' else 'other' end",
            f"nullif({_EXTRACTED.format('a')}, 1)",
            f"greatest({_EXTRACTED.format('s')}, 'b')",
            f"least({_EXTRACTED.format('a')}, 2)",
            f"strcmp({_EXTRACTED.format('s')}, 'abc')",
            f"field({_EXTRACTED.format('a')}, 1, 2)",
            f"interval({_EXTRACTED.format('a')}, 1, 2)",
            f"if({_EXTRACTED.format('n')}, 1, 0)",
            f"{_EXTRACTED.format('n')} + 1",
            f"{_EXTRACTED.format('n')} and 1",
            f"{_EXTRACTED.format('s')} or 0",
            f"{_EXTRACTED.format('a')} xor 0",
            f"!{_EXTRACTED.format('a')}",
            f"({_EXTRACTED.format('a')}, 1) = (1, 1)",
            f"isnull({_EXTRACTED.format('n')})",
            "json_array(1, 2) = '[1, 2]'",
            "json_array(1) = json_array(1.0)",
            "json_object() = '{}'",
            "cast('1' as json) = cast('1' as char)",
            "cast('\"a\"' as json) = 'a' collate utf8mb4_bin",
            "cast('9007199254740993' as json) = 9007199254740992e0",
            "cast('0.1' as json) = 0.1",
            "json_extract(json_array(0.1), '$[0]') = cast('0.1' as json)",
            "cast('18446744073709551615' as json) > -1",
            "cast('-1' as json) < 18446744073709551615",
        )
    ),
)

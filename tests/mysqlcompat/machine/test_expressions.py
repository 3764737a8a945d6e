"""Expressions as programs compute them, against `Evaluator` row by row: the naive twin.

Tame rows stay in the kernels; rows with edges make ops fail, so that whole batches are Python's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mysqlcompat import compiler
from mysqlcompat.errors import SqlError
from mysqlcompat.partial_dates import make_datetime
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.values import text_of
from tests.mysqlcompat.local_node import Talk, local_node

COLUMNS = (
    "id INT PRIMARY KEY, i INT, b BIGINT, u BIGINT UNSIGNED, d DECIMAL(10,2), m DECIMAL(12,4),"
    " w DECIMAL(24,6), f DOUBLE, s VARCHAR(40), n VARCHAR(40) COLLATE utf8mb4_bin,"
    " x VARBINARY(60), t DATETIME(6), a DATE, c TIME(3)"
)
ROWS = 200
WORDS = ("", "a", "Abc", "hello world", "50%", "a_b", " pad  ", "MiXeD Case", "zz\\z", "0042")
FOREIGN = ("Größe", "日本語", "é", "ÀÉÎ õ", "naïve café", "a日b")
FAR = (2**63 - 1, -(2**63) + 1, 2**62, -(2**31), 10**17)


class Some:
    """Random values of the columns."""

    def __init__(self, seed: int, edges: bool) -> None:
        self.rng = random.Random(seed)
        self.edges = edges

    def number(self, most: int, edges: tuple[int, ...] = ()) -> int:
        if self.edges and edges and self.rng.random() < 0.1:
            return self.rng.choice(edges)
        return self.rng.randint(-most, most)

    def decimal(self, digits: int, scale: int) -> Decimal:
        most = 10 ** (digits if self.edges else min(digits, 7)) - 1
        return Decimal(self.rng.randint(-most, most)).scaleb(-scale)

    def text(self) -> str:
        words = WORDS + FOREIGN if self.edges else WORDS
        return self.rng.choice(words) + self.rng.choice(words)

    def moment(self) -> Any:
        if self.edges and self.rng.random() < 0.1:
            return make_datetime(self.rng.choice((0, 2024)), 0, 0, 0, 0, 0, 0)
        first, last = (1, 9999) if self.edges else (1900, 2100)
        day = date(self.rng.randint(first, last), 1, 1) + timedelta(days=self.rng.randint(0, 364))
        clock = (self.rng.randint(0, 23), self.rng.randint(0, 59), self.rng.randint(0, 59))
        return datetime(day.year, day.month, day.day, *clock, self.rng.choice((0, 1, 999999)))

    def row(self, number: int) -> list[Any]:
        moment = self.moment()
        span = timedelta(milliseconds=self.rng.randint(-3020399000, 3020399000))
        values = [
            self.number(1000, (2**31 - 1, -(2**31))),
            self.number(10**6, FAR),
            abs(self.number(10**6, (2**63, 2**64 - 1, 0))),
            self.decimal(10, 2),
            self.decimal(12, 4),
            self.decimal(24, 6),
            self.rng.uniform(-1e3, 1e3) if not self.edges else self.rng.choice((0.0, 1e308, -2.5)),
            self.text(),
            self.text(),
            self.rng.choice(WORDS).encode(),
            moment,
            self.moment().date(),
            span,
        ]
        return [number, *(None if self.rng.random() < 0.08 else value for value in values)]


def literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case str():
            return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
        case bytes():
            return f"x'{value.hex()}'"
        case int() | Decimal():
            return str(value)
        case float():
            return f"{value!r}e0" if "e" not in repr(value) else repr(value)
    return "'" + text_of(value, _MICROS) + "'"


class _Micros:
    scale = 6
    mixed = False

    def __init__(self) -> None:
        from mysqlcompat.sqltypes import Class

        self.cls = Class.DATETIME


_MICROS: Any = _Micros()

ARITHMETIC = (
    "i + b", "i - b", "i * 3", "b * b", "-b", "-d", "u + i", "u - 1", "u * 2", "u + u",
    "d + m", "d - m", "d * m", "d * d * d", "m * w", "w + w", "w - d", "d * 2 - w * m", "i * d",
    "d / m", "i / 7", "d / 3", "f / 2", "f * f + f", "i DIV 7", "b DIV i", "d DIV 3", "m DIV d",
    "u DIV 7", "i % 7", "b % 13", "d % 7", "d % m", "u % 5", "f % 2",
)  # fmt: skip
COMPARED = (
    "i < 10", "b >= i", "u > 100", "u = i", "d < m", "d = 5", "w > d", "w * d >= m", "w <=> NULL",
    "f <= 2.5", "s = 'abc'", "n = 'Abc'", "x = 'a'", "t < '2000-01-01'", "a >= '1999-12-31'",
    "c > '10:00:00'", "i IN (1, 2, 3, NULL)", "d IN (1.5, 2.25)", "s IN ('a', 'ABC', 'x')",
    f"i IN ({', '.join(map(str, range(-300, 300, 3)))})", "b BETWEEN -1000 AND 1000",
    "d BETWEEN 1 AND 500", "a IN ('2000-01-01', '2001-05-05')", "i IS NULL", "NOT i",
)  # fmt: skip
STRINGS = (
    "LENGTH(s)", "LENGTH(x)", "CHAR_LENGTH(s)", "CHAR_LENGTH(x)", "ASCII(n)", "LEFT(s, 3)",
    "LEFT(s, i)", "RIGHT(s, 2)", "RIGHT(x, 3)", "RIGHT(s, i)", "SUBSTRING(s, 2)",
    "SUBSTRING(s, -3)", "SUBSTRING(s, i, 2)", "SUBSTRING(x, 2, 3)", "SUBSTRING(s, 0)",
    "SUBSTRING(n, 3, -1)", "UPPER(s)", "LOWER(n)", "TRIM(s)", "LTRIM(s)", "RTRIM(n)",
    "CONCAT(s, '-', n)", "CONCAT(x, x)", "CONCAT(LEFT(s, 1), UPPER(n), i)",
    "s LIKE 'a%'", "s LIKE '%o%w%'", "n LIKE '%B%'", "s LIKE '_b%'", "s LIKE '%50\\\\%%'",
    "s LIKE 'a|_%' ESCAPE '|'", "x LIKE '%l%'", "n LIKE '_'", "n LIKE '%_%_%_'", "s LIKE n",
    "s NOT LIKE '%%'", "n LIKE '%\\\\'", "s LIKE ''",
)  # fmt: skip
DATES = (
    "YEAR(t)", "QUARTER(a)", "MONTH(t)", "DAY(a)", "HOUR(t)", "MINUTE(c)", "SECOND(t)", "HOUR(c)",
    "MICROSECOND(t)", "WEEKDAY(t)", "DAYOFWEEK(a)", "DAYOFYEAR(t)", "TO_DAYS(t)", "DATE(t)",
    "EXTRACT(YEAR FROM a)", "EXTRACT(HOUR FROM t)", "DATEDIFF(t, a)", "a + INTERVAL 3 DAY",
    "t - INTERVAL i MONTH", "t + INTERVAL b SECOND", "a + INTERVAL 5 HOUR", "a - INTERVAL i YEAR",
    "t + INTERVAL 1 QUARTER", "t + INTERVAL -2 WEEK", "TIME(t)", "t + INTERVAL 7 MICROSECOND",
    "DATE(t) = a", "LAST_DAY(a)", "TIMESTAMPDIFF(MONTH, t, a)", "TIMESTAMPDIFF(YEAR, a, t)",
    "TIMESTAMPDIFF(QUARTER, t, '2000-03-31 12:00:00')", "TIMESTAMPDIFF(DAY, t, a)",
    "TIMESTAMPDIFF(MONTH, a, a + INTERVAL i DAY)", "TIMESTAMPDIFF(MONTH, t + INTERVAL i DAY, t)",
    "LEFT(t, 19) + INTERVAL 1 DAY", "LEFT(a, 10) - INTERVAL i MONTH", "s + INTERVAL 1 DAY",
    "LEFT(t, 19) + INTERVAL i SECOND", "LEFT(a, 10) + INTERVAL 36 HOUR",
    "CONCAT(t) + INTERVAL 1 DAY",
    "LEFT(t, 19) - INTERVAL b WEEK", "LEFT(a, 10) + INTERVAL 7 MICROSECOND",
    "LEFT(a, 10) + INTERVAL u QUARTER",
)  # fmt: skip
SHAPES = (
    "LPAD(s, 14, 'ab')", "RPAD(s, 14, 'xé')", "LPAD(n, i, '*')", "RPAD(s, 3, '')", "RPAD(x, i, x)",
    "LPAD(x, 20, 'ab')", "LPAD(s, 65, n)", "LPAD(i, 12, '0')", "RPAD(u, 30, s)", "LPAD(s, -1, 'a')",
    "FORMAT(d, 2)", "FORMAT(m, 2)", "FORMAT(m, 1, 'de_DE')", "FORMAT(d * 1000, 0)", "FORMAT(d, 5)",
    "FORMAT(i, 2)", "FORMAT(b, 0, 'en_IN')", "FORMAT(b, 3, 'de_CH')", "FORMAT(u, 0)",
    "FORMAT(b, 2, 'bg_BG')", "FORMAT(b, 1, 'ar_SA')", "FORMAT(f, 2)", "FORMAT(f, 0)",
    "FORMAT(f * 1e6, 4, 'ru_RU')", "FORMAT(-f / 1e6, 3)", "FORMAT(b, -1)", "FORMAT(w, 2)",
    "FORMAT(i, u % 4)", "STR_TO_DATE(LEFT(t, 19), '%Y-%m-%d %H:%i:%s')",
    "STR_TO_DATE(t, '%Y-%m-%d %T.%f')", "STR_TO_DATE(a, '%Y-%m-%d')", "STR_TO_DATE(s, '%Y-%m-%d')",
    "STR_TO_DATE(LEFT(t, 16), '%Y-%m-%d%T')", "STR_TO_DATE(CONCAT('  ', a), ' %Y -%m- %e ')",
    "STR_TO_DATE(LEFT(a, 7), '%Y-%m-%d')", "STR_TO_DATE(TIME(t), '%k:%i:%s')",
    "STR_TO_DATE(RIGHT(LEFT(t, 19), 8), '%H:%i:%S')", "STR_TO_DATE(u % 3000, '%i%s')",
    "STR_TO_DATE(RIGHT(LEFT(t, 19), 5), '%i:%s')", "STR_TO_DATE(LEFT(t, i % 26), '%Y-%m-%d %T.%f')",
    "CONVERT(s USING latin1)", "CONVERT(s USING ascii)", "CONVERT(n USING utf16)",
    "LENGTH(CONVERT(s USING utf16))", "CAST(s AS CHAR)", "CONVERT(x USING utf8mb4)",
    "CONVERT(CONVERT(s USING latin1) USING utf8mb4)", "CAST(s AS CHAR(3))",
)  # fmt: skip
_RULES = '{"properties": {"k": {"maximum": 5}}, "required": ["s"]}'
COLUMNWISE = (
    "HEX(COMPRESS(s))", "UNCOMPRESS(COMPRESS(s))", "UNCOMPRESS(x)", "UNCOMPRESS(COMPRESS(x))",
    "UNCOMPRESSED_LENGTH(COMPRESS(n))", "QUOTE(s)", "QUOTE(n)", "QUOTE(x)", "REPEAT(s, 3)",
    "REPEAT(x, 2)", "REPEAT(n, i)", "REPEAT(s, -1)", "HEX(WEIGHT_STRING(s))", "HEX(CHAR(i, b))",
    "HEX(WEIGHT_STRING(s AS CHAR(3)))", "HEX(WEIGHT_STRING(n))", "HEX(WEIGHT_STRING(x))",
    "CONCAT_WS(',', s, i, a)", "CONCAT_WS(n, s, 'x')", "INSERT(s, 2, 1, n)", "INSERT(n, i, u, s)",
    "SHA2(s, 256)", "MD5(x)", "REPLACE(s, 'a', n)", "CONV(i, 10, 16)", "OCT(u)", "CONV(u, 10, -16)",
    "CONV(s, 10, 2)", "CONV(b, 10, u % 40)",
    "ELT(i % 3, s, n, 'x')", "UNHEX(HEX(s))", "REVERSE(s)", "SUBSTRING_INDEX(s, 'l', 1)",
    f"JSON_SCHEMA_VALID('{_RULES}', JSON_OBJECT('k', i, 's', s))",
    f"JSON_SCHEMA_VALID('{_RULES}', JSON_OBJECT('k', i))",
    f"JSON_SCHEMA_VALIDATION_REPORT('{_RULES}', JSON_OBJECT('k', i, 's', s))",
    "LOG2(i + 1)", "LOG2(b - i)", "LOG2(i * b)", "HEX(b % 7)", "HEX(i % 7)", "HEX(u - i)",
    "SIN(f + 1)", "SIN(f * f)", "SIN(f - d)", "BIN(b + b)", "CEIL(d + 0)", "MAKEDATE(2020, i)",
    "EXPORT_SET(i, 'a', 'b')", "EXPORT_SET(u, s, '0', '-', 9)", "EXPORT_SET(i, 'Y', 'n', '', 12)",
    "EXPORT_SET(i, 'Y', 'n', ':', 3)", "EXPORT_SET(b, 'ja', 'nein', ',', -1)",
    "CAST(SQRT(u) AS DECIMAL(9,3))",
    "JSON_SCHEMA_VALIDATION_REPORT('true', JSON_OBJECT('k', i))",
)  # fmt: skip
CHOICES = (
    "IF(i > 0, d + 1, m)", "IFNULL(s, n)", "COALESCE(i, b, 7)", "NULLIF(i, 5)", "IFNULL(w, d * m)",
    "CASE WHEN i < 0 THEN b * i WHEN d > 5 THEN u DIV 3 ELSE 0 END",
    "IF(i <> 0, b % i, -1)", "IF(b < 1000, b * b, 0)", "CASE i WHEN 1 THEN s ELSE UPPER(n) END",
    "IF(s REGEXP 'a', LENGTH(s), 0)", "IF(i > 0, SQRT(i), 0)",
)  # fmt: skip
CASTS = (
    "CAST(d AS SIGNED)", "CAST(m AS DECIMAL(8,2))", "CAST(i AS DECIMAL(5,1))",
    "CAST(b AS DECIMAL(14,3))", "CAST(w AS DECIMAL(30,8))", "CAST(d AS DOUBLE)",
    "CAST(u AS DOUBLE)", "CAST(t AS DATE)", "CAST(a AS DATETIME)", "CAST(f AS DECIMAL(10,2))",
    "CAST(i AS CHAR)", "CAST(f AS SIGNED)", "CAST(f / 8 AS SIGNED)", "CAST(i / 4e0 AS SIGNED)",
    "CAST(f AS UNSIGNED)", "CAST(-f / 1e5 AS SIGNED)", "f DIV 3", "ROUND(i, -2)", "ROUND(b, -1)",
    "ABS(i)", "ABS(b)", "ABS(u)", "ABS(d)", "ABS(m - d)", "ABS(f)",
    "TRUNCATE(b, -3)", "ROUND(u, -2)", "TRUNCATE(i, -18)", "ROUND(b, -18)", "ROUND(d, -2)",
    "b + 0.25", "FROM_UNIXTIME(b + 0.25)", "FROM_UNIXTIME(i * 1.5 + b)", "FROM_UNIXTIME(7.5 - i)",
    "b + 0.125 - u",
)  # fmt: skip
FAMILIES = {
    "arithmetic": ARITHMETIC, "compared": COMPARED, "strings": STRINGS, "dates": DATES,
    "choices": CHOICES, "casts": CASTS, "shapes": SHAPES,
    "columnwise": COLUMNWISE,
}  # fmt: skip


class Stand:
    """Two tables of random rows, and their values."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.rows: dict[str, list[list[Any]]] = {}
        talk.run("CREATE DATABASE twin")
        talk.run("USE twin")
        talk.run("SET sql_mode = 'ERROR_FOR_DIVISION_BY_ZERO'")
        for name, edges in (("tame", False), ("edgy", True)):
            some = Some(7, edges)
            self.rows[name] = [some.row(number) for number in range(ROWS)]
            talk.run(f"CREATE TABLE {name} ({COLUMNS})")
            values = ",".join(f"({','.join(map(literal, row))})" for row in self.rows[name])
            assert not isinstance(talk.run(f"INSERT INTO {name} VALUES {values}"), SqlError)

    def expected(self, expression: str, table: str) -> list[str | None] | int:
        """Texts, or the number of the error."""
        session = self.talk.session
        statement: Any = compiler.resolved(f"SELECT {expression} FROM {table} ORDER BY id", session)
        node = statement.items[0].expression
        current: list[Any] = []
        evaluator = Evaluator(session, (), lambda _, column: current[column], statement.tables)
        texts: list[str | None] = []
        for row in self.rows[table]:
            current[:] = row
            try:
                value = evaluator.value(node)
            except SqlError as error:
                return error.errno
            shown = value if isinstance(value, bytes) else None
            if value is not None and shown is None:
                shown = text_of(value, node.type).encode()
            texts.append(None if shown is None else shown.decode("utf-8", "replace"))
        return texts


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with local_node(tmp_path_factory.mktemp("twin")) as node:
        yield Stand(Talk(node))


@pytest.mark.parametrize("table", ["tame", "edgy"])
@pytest.mark.parametrize("family", FAMILIES)
def test_programs_compute_what_evaluation_does(stand: Stand, family: str, table: str) -> None:
    wrong = []
    for expression in FAMILIES[family]:
        expected = stand.expected(expression, table)
        answer = stand.talk.run(f"SELECT {expression} FROM {table} ORDER BY id")
        got = answer.errno if isinstance(answer, SqlError) else [row[0] for row in answer]
        if got != expected:
            wrong.append((expression, _first_difference(expected, got)))
    assert not wrong, wrong


def _first_difference(expected: Any, got: Any) -> Any:
    if isinstance(expected, int) or isinstance(got, int):
        return expected if isinstance(expected, int) else "rows", got
    pairs = enumerate(zip(expected, got, strict=True))
    return next((number, one, other) for number, (one, other) in pairs if one != other)


#: Expressions of which no part is left to Python.
KERNELS = (
    "i * d", "u + i", "d / m", "b DIV 7", "w + m * m", "w > d", "LEFT(s, 3)", "CONCAT(s, n)",
    "UPPER(s)", "s LIKE '%x%'", "YEAR(t)", "a + INTERVAL 1 MONTH", "DATE(t)", "HOUR(t)",
    "LPAD(s, 20, '*')", "FORMAT(m, 1, 'de_DE')", "FORMAT(f, 2)", "STR_TO_DATE(s, '%d.%m.%Y')",
    "CAST(f AS SIGNED)", "ROUND(b, -2)", "s + INTERVAL 1 DAY", "TIMESTAMPDIFF(MONTH, a, t)",
    "CONVERT(s USING latin1)", "IF(i > 0, i + 1, b)", "i IN (1, 2, 3)", "CAST(d AS SIGNED)",
    "NULLIF(i, 5)",
)  # fmt: skip


@pytest.mark.parametrize("expression", KERNELS)
def test_no_python_is_needed(stand: Stand, expression: str) -> None:
    program = compiler.compile_statement(f"SELECT {expression} FROM tame", stand.talk.session)
    assert program.kernel_only


@pytest.mark.parametrize("size", [100, 256, 257, 5000])
def test_long_strings_are_joined_too(stand: Stand, size: int) -> None:
    rows = stand.talk.run(f"SELECT LENGTH(CONCAT(n, REPEAT('x', {size}))) - LENGTH(n) FROM tame")
    assert {row[0] for row in rows} == {str(size), None}


def test_lanes_that_cannot_be_divided_are_nobodys_but_their_own(stand: Stand) -> None:
    stand.talk.run("CREATE TABLE zeros (id INT PRIMARY KEY, a INT, d DECIMAL(8,2))")
    values = ",".join(f"({i}, {i % 5}, {i % 3}.5 - 0.5)" for i in range(3000))
    stand.talk.run(f"INSERT INTO zeros VALUES {values}")
    sql = "SELECT COUNT(id / a), COUNT(id % d), SUM(a DIV a), COUNT(*) FROM zeros"
    (row,) = stand.talk.run(sql)
    assert row == ["2400", "2000", "2400", "3000"]
    assert stand.talk.session.diagnostics.warning_count == 2200

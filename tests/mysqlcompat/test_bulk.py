"""Bulk INSERT against the same rows one by one, which go the long way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from mysqlcompat import bulk
from mysqlcompat.errors import SqlError
from mysqlcompat.results import Ok
from tests.mysqlcompat.local_node import LocalNode, Talk, local_node

COLUMNS = (
    "id BIGINT AUTO_INCREMENT PRIMARY KEY, k TINYINT, u BIGINT UNSIGNED, d DECIMAL(6,2) NOT NULL, "
    "f DOUBLE, c CHAR(5), v VARCHAR(12) NOT NULL, t DATETIME, b VARBINARY(4), "
    "w DECIMAL(20,1), j JSON, made VARCHAR(9) DEFAULT 'täglich', KEY (k)"
)
GOOD = [
    "(NULL, 1, 18446744073709551615, 1.5, 1e3, 'ab ', 'plain', '2024-01-02 03:04', 'x', 1, '{}')",
    "(1000, -128, 0, -9999.99, -2.25, NULL, 'ä', NULL, NULL, -123456789012345678.9, '[1, \"a\"]')",
    "(0, '7', '8', 12, 3, '', 'it''s', 20240102030405, 'bin', NULL, NULL)",
    "( NULL , - 0,0,.5,.5 , \"d\" , 'a\\nb' , '2024-1-2' , '' , 0 , '1' )".replace("- 0", "-0"),
    "(NULL, 0, 1, '3.14', '2.5', 7, 8, null, 9, '5', 'null')",
    "(NULL, 0, 1, 3.999, 1, 'x', 'cut to size      ', NULL, NULL, 0.25, NULL)",
]
INTO = "INSERT INTO {} (id, k, u, d, f, c, v, t, b, w, j) VALUES "


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNode]:
    with local_node(tmp_path_factory.mktemp("volume")) as made:
        yield made


@pytest.fixture
def talk(node: LocalNode) -> Iterator[Talk]:
    made = Talk(node)
    made.run("CREATE DATABASE d")
    made.run("USE d")
    for name in ("long", "short"):
        made.run(f"CREATE TABLE `{name}` ({COLUMNS})")
    made.run("CREATE TABLE one (n INT)")
    yield made
    made.run("DROP DATABASE d")
    made.session.close()


def is_bulk(talk: Talk, sql: str) -> bool:
    given = bulk.read(talk.session, sql.encode())
    if given is not None:
        given.close()
    return given is not None


def many(rows: list[str], into: str = INTO.format("`long`")) -> str:
    return into + ",\n".join(rows) + " ;  "


def rows_of(talk: Talk, table: str) -> Any:
    return talk.run(f"SELECT * FROM `{table}` ORDER BY id")


def test_rows_are_those_of_single_inserts(talk: Talk) -> None:
    rows = [row for row in GOOD for _ in range(20) if not row.startswith("(1000")] + [GOOD[1]]
    sql = many(rows)
    assert is_bulk(talk, sql)
    done = talk.run(sql)
    assert isinstance(done, Ok), done
    assert (done.affected, done.insert_id) == (101, 1)
    assert done.info == "Records: 101  Duplicates: 0  Warnings: 60"
    for row in rows:
        talk.run(INTO.format("short") + row)
    assert rows_of(talk, "long") == rows_of(talk, "short")


def test_one_program_for_any_number_of_rows(talk: Talk) -> None:
    for count in (20, 1500, 40):
        sql = many(GOOD[:1] * count)
        assert is_bulk(talk, sql)
        assert talk.run(sql).affected == count
    assert talk.run("SELECT COUNT(*) FROM `long` WHERE k = 1") == [["1560"]]
    assert len(talk.node.plans.programs("bulk", talk.node.engine.catalog.version)) == 1


@pytest.mark.parametrize(
    ("cells", "errno", "message"),
    [
        ("NULL, 128, 0, 0, 0, '', '', NULL, NULL, 0, NULL", 1264, "'k' at row 31"),
        ("NULL, 1, -1, 0, 0, '', '', NULL, NULL, 0, NULL", 1264, "'u' at row 31"),
        ("NULL, 1, 1, 10000, 0, '', '', NULL, NULL, 0, NULL", 1264, "'d' at row 31"),
        ("NULL, 1, 1, NULL, 0, '', '', NULL, NULL, 0, NULL", 1048, "'d' cannot be null"),
        ("NULL, 1, 1, 0, 0, '123456', '', NULL, NULL, 0, NULL", 1406, "'c' at row 31"),
        ("NULL, 1, 1, 0, 0, '', '', '2024-13-01', NULL, 0, NULL", 1292, "'t' at row 31"),
        ("NULL, 'x', 1, 0, 0, '', '', NULL, NULL, 0, NULL", 1366, "'k' at row 31"),
        ("1, 1, 1, 0, 0, '', '', NULL, NULL, 0, NULL", 1062, "'1' for key 'long.PRIMARY'"),
    ],
)
def test_errors_name_the_row_and_undo_the_statement(
    talk: Talk, cells: str, errno: int, message: str
) -> None:
    sql = many([*GOOD[:1] * 30, f"({cells})", *GOOD[:1] * 5])
    assert is_bulk(talk, sql)
    error = talk.run(sql)
    assert isinstance(error, SqlError) and error.errno == errno, error
    assert message in error.message
    assert rows_of(talk, "long") == []


@pytest.mark.parametrize(
    "row",
    ["(1, 2)", "(1) AS n", "(--1)", "(@a)", "(1 /* ; */)", "(1) ON DUPLICATE KEY UPDATE n = 1"],
)
def test_other_rows_go_the_long_way(talk: Talk, row: str) -> None:
    rows = ["(NULL)"] * 300
    assert is_bulk(talk, many(rows, "INSERT INTO one VALUES "))
    assert not is_bulk(talk, many([*rows, row], "INSERT INTO one VALUES "))


CALCULATED = [
    "(1 + 1, DEFAULT, _binary 'a\\0b', x'4142', NOW())",
    "(DEFAULT, CONCAT('(', 'a,b', \")\"), 0x41, _utf8mb4'ä', DATE '2024-02-29')",
    "(NULL, 'a' 'b', NULL, IF(1 < 2, 'yes', 'no'), TIMESTAMP('2024-02-29', '01:02:03'))",
    "(-(-7), UPPER('ß'), '', UNHEX('C3A4'), '2024-02-29' + INTERVAL 1 DAY)",
]


def test_expressions_among_the_cells(talk: Talk) -> None:
    """Of each kind, in one statement and one by one; each text is parsed once."""
    for name in ("many", "few"):
        talk.done(
            f"CREATE TABLE {name} (id INT AUTO_INCREMENT PRIMARY KEY, a INT DEFAULT 5, "
            "b VARCHAR(20) DEFAULT 'ö', c VARBINARY(9), d VARCHAR(9), e DATETIME)"
        )
    talk.done("SET timestamp = 1700000000")
    into = "INSERT INTO {} (a, b, c, d, e) VALUES "
    rows = [row for row in CALCULATED for _ in range(8)]
    sql = many(rows, into.format("many"))
    assert is_bulk(talk, sql)
    talk.done(sql)
    for row in rows:
        talk.done(into.format("few") + row)
    one, other = (talk.done(f"SELECT * FROM {name} ORDER BY id") for name in ("many", "few"))
    assert one == other and len(one) == 32


#: Cells of one shape, which must not take each other's values, nor the types of these.
SHAPES = (
    ("1 + 1", "2 + 20", "2 + 20.25", "2 + 20.5", "3.25 + 1", "-(5) + 1"),
    ("CONCAT('a', 'b')", "CONCAT('a''c', 'longer')", "CONCAT('', 'ä')", "CONCAT(7, 'x')"),
    ("ROUND(2.345, 1)", "ROUND(2.345, 2)", "ROUND(7.5, 1)", "ROUND(1e1, 1)"),
    ("DATE '2024-01-31' + INTERVAL 1 MONTH", "DATE '2023-01-31' + INTERVAL 2 MONTH"),
    ("CAST('7' AS CHAR(1))", "CAST('78' AS CHAR(2))", "CAST('7' AS CHAR(2))"),
    ("IF(1 < 2, 'yes', 'no')", "IF(2 < 1, 'yes', 'no')", "IF(2 < 1, 'yes', 'nobody')"),
    ("9223372036854775807 + 0", "18446744073709551615 + 0", "99999999999999999999 + 0"),
    ("JSON_VALUE('{\"a\": 1}', '$.a')", "JSON_VALUE('{\"a\": 1, \"b\": 5}', '$.b')"),
)


def test_cells_of_one_shape(talk: Talk) -> None:
    """Each shape is resolved once; the cells are what they are one by one."""
    for name in ("many", "few"):
        talk.done(f"CREATE TABLE {name} (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(40))")
    rows = [f"({cell})" for shape in SHAPES for cell in shape] * 4
    sql = many(rows, "INSERT INTO many (a) VALUES ")
    assert is_bulk(talk, sql)
    talk.done(sql)
    for row in rows:
        talk.done(f"INSERT INTO few (a) VALUES {row}")
    one, other = (talk.done(f"SELECT * FROM {name} ORDER BY id") for name in ("many", "few"))
    assert one == other and len(one) == len(rows)


def test_bytes_as_dumps_write_them(talk: Talk) -> None:
    """Bytes that are no text, quoted or in hexadecimal digits."""
    talk.done("CREATE TABLE many (id INT PRIMARY KEY, b BLOB, n INT)")
    every = bytes(range(256)) * 2
    quoted = every.replace(b"\\", b"\\\\").replace(b"'", b"\\'").replace(b"\0", b"\\0")
    cells = [b"_binary '" + quoted + b"'", b"_BINARY''", b"0x" + every.hex().encode(), b"0xa27"]
    rows = [b"(%d,%b,0x1F)" % (number, cell) for number, cell in enumerate(cells)]
    sql = b"INSERT INTO many VALUES " + b",".join(rows)
    given = bulk.read(talk.session, sql)
    assert given is not None
    given.close()

    async def inserted() -> None:
        assert [result.affected async for result in talk.session.query(sql, False)] == [4]

    asyncio.run(inserted())
    wanted = [every.hex().upper(), "", every.hex().upper(), "0A27"]
    rows_now = talk.done("SELECT HEX(b), n FROM many ORDER BY id")
    assert rows_now == [[text, "31"] for text in wanted]


@pytest.mark.parametrize("wrong", ["1 +", "nobody", "1 / 0", "'x' + 1", "RAND(", "NO_SUCH(1)", "n"])
def test_expressions_that_are_wrong(talk: Talk, wrong: str) -> None:
    """The error is that of the long way, and so are the warnings."""
    said = []
    for count in (300, 3):
        rows = ["(NULL)"] * count
        rows[1] = f"({wrong})"
        done = talk.run(many(rows, "INSERT INTO one VALUES "))
        said.append((done.errno if isinstance(done, SqlError) else 0, talk.done("SHOW WARNINGS")))
    if said[0][0] != 1064:  # it quotes the text up to its end
        assert said[0] == said[1]
    assert said[0][0] == said[1][0]


def test_modes_of_the_session_are_heeded(talk: Talk) -> None:
    rows = ["(1, '\\\\')", '(1, "a")'] * 200
    into = "INSERT INTO `long` (d, v) VALUES "
    assert is_bulk(talk, many(rows, into))
    talk.run("SET sql_mode = 'ANSI_QUOTES'")
    assert talk.run(many(rows, into)).errno == 1054
    talk.run("SET sql_mode = ''")
    done = talk.run(many(["(1, 'far too long for it')"] * 200, into))
    assert done.info == "Records: 200  Duplicates: 0  Warnings: 200"


DOCUMENTS = [
    """'{"a": 1, "b": [1.5, null, {"c": "ü"}], "a": 2}'""",
    """'{\\"quoted\\": \\"as clients do\\"}'""",
    """'"it''s"'""",
    """'"two\\\\nlines"'""",
    """'"\\\\u00e9\\\\ud83d\\\\ude00"'""",
    """'"a \\\\\\" in it"'""",
    "' [ ] '",
    "'18446744073709551616'",
    "NULL",
    f"'{json.dumps(['long'] * 9000)}'",
]  # fmt: skip


def test_documents_are_those_of_single_inserts(talk: Talk) -> None:
    """Of every way to write them, in one statement and one by one."""
    rows = [f"({number}, {text})" for number, text in enumerate(DOCUMENTS * 3)]
    for name in ("many", "few"):
        talk.run(f"CREATE TABLE {name} (id INT PRIMARY KEY, j JSON)")
    assert is_bulk(talk, many(rows, "INSERT INTO many VALUES "))
    talk.done(many(rows, "INSERT INTO many VALUES "))
    for row in rows:
        talk.done(f"INSERT INTO few VALUES {row}")
    for shown in ("j", "JSON_STORAGE_SIZE(j)"):
        one, other = (talk.done(f"SELECT id, {shown} FROM {name}") for name in ("many", "few"))
        assert one == other
    wrong = [*rows[:-1], """(1000, '{"a":')"""]
    talk.done("DELETE FROM many")
    error = talk.run(many(wrong, "INSERT INTO many VALUES "))
    assert isinstance(error, SqlError) and error.errno == 3140
    assert talk.done("SELECT COUNT(*) FROM many") == [["0"]]


EXPRESSIVE = (
    "id INT PRIMARY KEY, a INT NOT NULL, s VARCHAR(20), j JSON, "
    "up VARCHAR(20) AS (UPPER(s)) STORED, twice TINYINT AS (a * 2) VIRTUAL, "
    "joined VARCHAR(40) AS (CONCAT(up, '-', twice)) STORED, more INT DEFAULT (a + 1), "
    "made VARCHAR(9) DEFAULT 'täglich', CHECK (a < 1000), CHECK (s <> 'no'), "
    "KEY (joined), KEY ((LOWER(s))), KEY ((a + more)), KEY ((CAST(j->'$.tags' AS UNSIGNED ARRAY)))"
)
EXPRESSIVE_INTO = "INSERT INTO {} (id, a, s, j) VALUES "


def expressive_rows(count: int) -> list[str]:
    texts = ("'plain'", "'größer'", "NULL", "'it''s'")
    return [
        f"({n}, {n % 60}, {texts[n % 4]}, '{{\"tags\": [{n % 7}, {n % 11}]}}')"
        for n in range(1, count + 1)
    ]


@pytest.fixture
def expressive(talk: Talk) -> Talk:
    for name in ("many", "few"):
        talk.done(f"CREATE TABLE {name} ({EXPRESSIVE})")
    return talk


def test_tables_with_expressions_are_served(expressive: Talk) -> None:
    """Of more rows than a batch, as rows inserted one by one: columns, every index, CHECKs."""
    rows = expressive_rows(1500)
    sql = many(rows, EXPRESSIVE_INTO.format("many"))
    assert is_bulk(expressive, sql)
    assert expressive.done(sql).info == "Records: 1500  Duplicates: 0  Warnings: 0"
    for row in rows:
        expressive.done(EXPRESSIVE_INTO.format("few") + row)
    for wanted in (
        "SELECT * FROM {} ORDER BY id",
        "SELECT id FROM {} WHERE LOWER(s) = 'größer' ORDER BY id",
        "SELECT id FROM {} WHERE a + more = 41 ORDER BY id",
        "SELECT id FROM {} WHERE 5 MEMBER OF (j->'$.tags') ORDER BY id",
        "SELECT id FROM {} WHERE joined = 'PLAIN-16' ORDER BY id",
    ):
        one, other = (expressive.done(wanted.format(name)) for name in ("many", "few"))
        assert one and one == other, wanted


@pytest.mark.parametrize(
    "wrong",
    ["1000, NULL", "7, 'no'", "100, 'twice'", "NULL, ''", "3, 'far too long for the column'"],
)
@pytest.mark.parametrize("mode", ["STRICT_TRANS_TABLES", ""])
def test_what_expressions_say_of_a_row(expressive: Talk, wrong: str, mode: str) -> None:
    """Errors and warnings, with their rows, are those of a statement that goes the long way."""
    expressive.done(f"SET sql_mode = '{mode}'")
    said = []
    for before in (30, 3):
        expressive.done("DELETE FROM many")
        rows = expressive_rows(before)
        rows[2] = f"(3, {wrong}, '{{}}')"
        sql = many(rows, EXPRESSIVE_INTO.format("many"))
        assert is_bulk(expressive, sql) == (before == 30)
        done = expressive.run(sql)
        seen = (done.errno, done.message) if isinstance(done, SqlError) else done.warnings
        said.append((seen, expressive.done("SHOW WARNINGS")))
    assert said[0] == said[1]


@pytest.mark.parametrize("number", ["", "1 + "])
def test_others_are_answered_in_between(expressive: Talk, node: LocalNode, number: str) -> None:
    rows = [row.replace(", ", f", {number}", 1) for row in expressive_rows(3000)]
    sql = many(rows, EXPRESSIVE_INTO.format("many"))
    other = Talk(node)

    async def beside() -> int:
        answers = 0
        insert = asyncio.create_task(expressive.ask(sql))
        while not insert.done():
            assert await other.ask("SELECT 1") == [["1"]]
            await asyncio.sleep(0)
            answers += 1
        assert (await insert).affected == 3000
        return answers

    assert asyncio.run(beside()) > 20  # pauses after so many rows, and others after so long
    other.session.close()

"""What a statement wants of the tables of information_schema is found in its conditions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mysqlcompat import compiler
from mysqlcompat.machine.virtual_rows import VirtualRows
from mysqlcompat.sql.typed import Literal
from tests.mysqlcompat.local_node import Talk, local_node


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    with local_node(Path(tmp_path_factory.mktemp("virtual"))) as node:
        made = Talk(node)
        made.run("CREATE DATABASE d")
        made.run("USE d")
        made.run("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(64) COLLATE utf8mb4_bin)")
        yield made


def wanted(talk: Talk, text: str) -> dict[str, tuple[list[list[object]], list[list[object]]]]:
    """Names that limit each virtual table of a statement: databases, tables."""
    program = compiler.compile_statement(text, talk.session)
    found = {}
    for stage in program.stages:
        for step in stage.before:
            if isinstance(step, VirtualRows):
                found[step.table.name] = tuple(
                    [[one.value if isinstance(one, Literal) else "?" for one in names]
                     for names in limits]
                    for limits in (step.databases, step.tables)
                )  # fmt: skip
    return found  # type: ignore[return-value]


TABLES = "information_schema.TABLES"
COLUMNS = "information_schema.COLUMNS"


@pytest.mark.parametrize(
    ("rest", "tables", "columns"),
    [
        ("WHERE t.TABLE_SCHEMA = 'd'", ([["d"]], []), ([], [])),
        ("WHERE 'd' = t.TABLE_SCHEMA AND t.TABLE_NAME IN ('a', 'b')",
         ([["d"]], [["a", "b"]]), ([], [])),
        ("WHERE t.TABLE_SCHEMA = DATABASE() AND c.TABLE_SCHEMA = t.TABLE_SCHEMA",
         ([["?"]], []), ([["?"]], [])),
        ("WHERE t.TABLE_NAME = c.TABLE_NAME AND c.TABLE_NAME <=> 'a'",
         ([], [["a"]]), ([], [["a"]])),
        ("WHERE t.TABLE_SCHEMA LIKE 'd' OR t.TABLE_SCHEMA = 'e'", ([], []), ([], [])),
        ("WHERE t.TABLE_NAME = 'A' COLLATE utf8mb4_general_ci", ([], []), ([], [])),
        ("WHERE t.TABLE_SCHEMA <> 'd' AND t.ENGINE = 'd'", ([], []), ([], [])),
    ],
)  # fmt: skip
def test_names_limit_what_is_looked_up(
    talk: Talk, rest: str, tables: object, columns: object
) -> None:
    text = f"SELECT t.TABLE_NAME, c.COLUMN_NAME FROM {TABLES} t JOIN {COLUMNS} c {rest}"
    assert wanted(talk, text) == {"TABLES": tables, "COLUMNS": columns}


def test_an_outer_join_limits_its_own_side_only(talk: Talk) -> None:
    on = "c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = 'a'"
    text = f"SELECT c.COLUMN_NAME FROM {TABLES} t LEFT JOIN {COLUMNS} c ON {on}"
    assert wanted(talk, text) == {"TABLES": ([], []), "COLUMNS": ([], [["a"]])}
    limited = wanted(talk, f"{text} WHERE t.TABLE_SCHEMA = 'd'")
    assert limited == {"TABLES": ([["d"]], []), "COLUMNS": ([["d"]], [["a"]])}


def test_counters_of_tables_that_are_not_loaded(talk: Talk) -> None:
    talk.run("CREATE TABLE counted (id INT PRIMARY KEY AUTO_INCREMENT)")
    talk.run("INSERT INTO counted VALUES (41)")
    catalog = talk.node.engine.catalog
    for table_id in catalog.loaded.known():
        catalog.loaded.unload(table_id)
    text = f"SELECT AUTO_INCREMENT FROM {TABLES} WHERE TABLE_NAME = 'counted'"
    assert talk.run(text) == [["42"]]


def test_names_alone(talk: Talk) -> None:
    names = f"SELECT TABLE_NAME, TABLE_TYPE FROM {TABLES} WHERE TABLE_SCHEMA"
    assert ["t", "BASE TABLE"] in talk.run(f"{names} = 'd'")
    assert talk.run(f"{names} = 'd' AND TABLE_NAME = 't'") == [["t", "BASE TABLE"]]
    whole = f"SELECT TABLE_NAME, TABLE_TYPE, ENGINE FROM {TABLES} WHERE TABLE_SCHEMA"
    for database in ("d", "information_schema", "performance_schema"):
        rows = talk.run(f"{whole} = '{database}'")
        assert talk.run(f"{names} = '{database}'") == [row[:2] for row in rows]


def test_a_text_that_is_prepared_again_is_not_compiled_again(talk: Talk) -> None:
    talk.run("PREPARE first FROM 'SELECT name FROM t WHERE id = ?'")
    talk.run("PREPARE again FROM 'SELECT name FROM t WHERE id = ?'")
    prepared = talk.session.named_statements
    assert prepared["first"].program is prepared["again"].program
    talk.run("CREATE TABLE other (id INT PRIMARY KEY)")
    talk.run("PREPARE later FROM 'SELECT name FROM t WHERE id = ?'")
    assert prepared["later"].program is not prepared["first"].program

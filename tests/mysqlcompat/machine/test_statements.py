"""Statements through resolver, planner, code generator and machine: what MySQL 9.7 answered.

`statements/*.test` hold a statement, a line ``----`` and its answer: rows with `|` between columns,
``ok affected insert_id`` or ``error number text``. Record them again with

    python -m tests.mysqlcompat.machine.test_statements HOST PORT
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mysqlcompat.errors import SqlError
from mysqlcompat.results import Ok
from tests.mysqlcompat.local_node import Talk, local_node

DIRECTORY = Path(__file__).parent / "statements"
SCRIPTS = sorted(path.stem for path in DIRECTORY.glob("*.test"))
DATABASE = "machine_test"


def blocks(script: str) -> Iterator[tuple[str, str]]:
    """(statement, answer) pairs of a script."""
    for block in (DIRECTORY / f"{script}.test").read_text().strip().split("\n\n"):
        statement, _, answer = block.partition("\n----\n")
        yield statement, answer


def answer_of(result: Any, statement: str) -> str:
    """An answer as the scripts write it; rows without ORDER BY are sorted."""
    if isinstance(result, Ok):
        return f"ok {result.affected} {result.insert_id}"
    if isinstance(result, SqlError):
        return f"error {result.errno} {result.message}"
    return rows_text(result, statement)


def rows_text(rows: list[list[str | None]], statement: str) -> str:
    lines = ["|".join("NULL" if v is None else v for v in row) for row in rows]
    if "order by" not in statement.lower():
        lines.sort()
    return "\n".join(lines) if lines else "no rows"


@pytest.mark.parametrize("script", SCRIPTS)
def test_answers_are_mysqls(script: str, tmp_path: Path) -> None:
    with local_node(tmp_path) as node:
        talk = Talk(node)
        talk.run(f"CREATE DATABASE {DATABASE}")
        talk.run(f"USE {DATABASE}")
        for statement, answer in blocks(script):
            assert answer_of(talk.run(statement), statement) == answer, statement
        assert node.engine.check() == []


def record(host: str, port: int) -> None:
    """Ask MySQL for the answers."""
    import pymysql

    connection = pymysql.connect(
        host=host, port=port, user="root", ssl_disabled=True, autocommit=True, conv={}
    )
    cursor = connection.cursor()

    def ask(statement: str) -> str:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                affected = cursor.execute(statement)
        except pymysql.err.MySQLError as error:
            return f"error {error.args[0]} {error.args[1]}"
        if cursor.description is None:
            return f"ok {affected} {cursor.lastrowid}"
        rows = [
            [v.decode() if isinstance(v, bytes) else v and str(v) for v in row]
            for row in cursor.fetchall()
        ]
        return rows_text(rows, statement)

    for script in SCRIPTS:
        statements = [statement for statement, _ in blocks(script)]
        ask(f"DROP DATABASE IF EXISTS {DATABASE}")
        ask(f"CREATE DATABASE {DATABASE}")
        ask(f"USE {DATABASE}")
        made = [f"{statement}\n----\n{ask(statement)}" for statement in statements]
        (DIRECTORY / f"{script}.test").write_text("\n\n".join(made) + "\n")
    ask(f"DROP DATABASE {DATABASE}")


if __name__ == "__main__":
    record(sys.argv[1], int(sys.argv[2]))

"""Record what a real MySQL says of every expression in `expression_lists`.

    MYSQL_ORACLE=host:port python -m tests.mysqlcompat.record_values [family …]

Each family becomes tests/golden/values/<family>.json: one line an expression, with
[value, wire type, length, decimals, flags, collation id, warnings], or [errno, message].
`statements` are only resolved: their result columns, or the error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import pymysql

from tests.mysqlcompat.expression_lists import COLUMNS, FAMILIES
from tests.mysqlcompat.statement_lists import CREATE_W, STATEMENTS

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "values"
DATABASE: Final = "values_golden"
#: Not repeated: advice that 9.x gives and that no program waits for.
SILENT: Final = (1287, 3720, 4095)


def connect() -> Any:
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    connection = pymysql.connect(
        host=host,
        port=int(port),
        user="root",
        charset="utf8mb4",
        init_command="SET time_zone='+00:00'",
    )
    connection.decoders = {}
    return connection


def prepare(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
    cursor.execute(f"CREATE DATABASE {DATABASE}")
    cursor.execute(f"USE {DATABASE}")
    columns = ", ".join(f"`{name}` {kind}" for name, kind, _ in COLUMNS)
    cursor.execute(f"CREATE TABLE v ({columns})")
    cursor.execute("INSERT INTO v VALUES (" + ", ".join(value for _, _, value in COLUMNS) + ")")
    cursor.execute(CREATE_W)
    connection.commit()


def ask(connection: Any, expression: str, from_table: bool) -> list[Any]:
    cursor = connection.cursor()
    try:
        cursor.execute(f"SELECT {expression}" + (" FROM v" if from_table else ""))
        value = cursor.fetchall()[0][0]
    except pymysql.err.MySQLError as error:
        return [error.args[0], error.args[1]]
    column = cursor._result.fields[0]
    cursor.execute("SHOW WARNINGS")
    warnings = [[int(number), text] for _, number, text in cursor.fetchall()]
    shown = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
    return [
        shown,
        column.type_code,
        column.length,
        column.scale,
        column.flags,
        column.charsetnr,
        [warning for warning in warnings if warning[0] not in SILENT],
    ]


def resolve(connection: Any, statement: str) -> list[Any]:
    """[errno, message], or the result columns of a SELECT ([] of others)."""
    cursor = connection.cursor()
    try:
        if not statement.startswith("select"):
            quoted = statement.replace("'", "''")
            cursor.execute(f"PREPARE p FROM '{quoted}'")
            return []
        cursor.execute(statement)
    except pymysql.err.MySQLError as error:
        return [error.args[0], error.args[1]]
    return [
        [
            *(column.name, column.org_name, column.table_name, column.org_table),
            column.db.decode() if isinstance(column.db, bytes) else column.db,
            *(column.type_code, column.length, column.scale, column.flags),
        ]
        for column in cursor._result.fields
    ]


def record_statements(connection: Any) -> None:
    lines = [
        json.dumps([statement, resolve(connection, statement)], ensure_ascii=False)
        for statement in STATEMENTS
    ]
    path = GOLDEN / "statements.json"
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    sys.stdout.write(f"statements: {len(lines)}\n")


def record(families: list[str]) -> None:
    connection = connect()
    prepare(connection)
    for family in families:
        if family == "statements":
            record_statements(connection)
            continue
        from_table = family in ("columns", "aggregate")
        lines = []
        for expression in dict.fromkeys(FAMILIES[family]):
            outcome = ask(connection, expression, from_table)
            lines.append(json.dumps([expression, outcome], ensure_ascii=False))
        path = GOLDEN / f"{family}.json"
        path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
        sys.stdout.write(f"{family}: {len(lines)}\n")
    connection.cursor().execute(f"DROP DATABASE {DATABASE}")


if __name__ == "__main__":
    record(sys.argv[1:] or [*FAMILIES, "statements"])

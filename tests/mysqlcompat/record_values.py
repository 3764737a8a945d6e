"""Record what a real MySQL says of the expressions and statements in tests/golden/values.

    MYSQL_ORACLE=host:port python -m tests.mysqlcompat.record_values [family …]

Each <family>.json has a line for each expression: the expression, then [value, wire type, length,
decimals, flags, collation id, warnings], or [errno, message]. A new one is added as
``["expression", null]``. `statements` are only resolved: their result columns, or the error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import pymysql

from tests.mysqlcompat.value_tables import COLUMNS, CREATE_W

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


def record(families: list[str]) -> None:
    connection = connect()
    prepare(connection)
    for family in families:
        path = GOLDEN / f"{family}.json"
        asked = [line[0] for line in json.loads(path.read_text(encoding="utf-8"))]
        from_table = family in ("columns", "aggregate")
        lines = []
        for text in dict.fromkeys(asked):
            is_statement = family == "statements"
            said = resolve(connection, text) if is_statement else ask(connection, text, from_table)
            lines.append(json.dumps([text, said], ensure_ascii=False))
        path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
        sys.stdout.write(f"{family}: {len(lines)}\n")
    connection.cursor().execute(f"DROP DATABASE {DATABASE}")


if __name__ == "__main__":
    record(sys.argv[1:] or [path.stem for path in sorted(GOLDEN.glob("*.json"))])

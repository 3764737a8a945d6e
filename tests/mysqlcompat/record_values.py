"""Record what a real MySQL says of the corpus of values.

    MYSQL_ORACLE=host:port python -m tests.mysqlcompat.record_values [family …]

`tests/mysqlcompat/corpus` says what a family is. `statements` is a family of its own: statements
that are only resolved, with their result columns or the error.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pymysql

from tests.mysqlcompat.corpus.asking import Asker
from tests.mysqlcompat.corpus.sections import GOLDEN, families, generated, write

STATEMENTS = GOLDEN / "statements.json"


def record(asker: Asker, family: str) -> int:
    """Ask a family's expressions; their number."""
    recorded = []
    for section in generated(family):
        asker.prepare(section)
        answers = [(one, asker.ask(section, one).text()) for one in section.expressions]
        recorded.append((section, answers))
    write(family, recorded)
    return sum(len(answers) for _, answers in recorded)


def record_statements(asker: Asker) -> int:
    asked = [line[0] for line in json.loads(STATEMENTS.read_text(encoding="utf-8"))]
    lines = [
        json.dumps([text, columns_of(asker, text)], ensure_ascii=False)
        for text in dict.fromkeys(asked)
    ]
    STATEMENTS.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    return len(lines)


def columns_of(asker: Asker, statement: str) -> list[Any]:
    """[errno, message], or the result columns of a SELECT ([] of others)."""
    try:
        if not statement.startswith("select"):
            quoted = statement.replace("'", "''")
            asker.run(f"PREPARE p FROM '{quoted}'")
            return []
        cursor = asker.run(statement)
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


def main(wanted: list[str]) -> None:
    host, _, port = os.environ["MYSQL_ORACLE"].partition(":")
    asker = Asker(host, int(port))
    for family in wanted or ["statements", *families()]:
        count = record_statements(asker) if family == "statements" else record(asker, family)
        sys.stdout.write(f"{family}: {count}\n")
    asker.close()


if __name__ == "__main__":
    main(sys.argv[1:])

"""Ask a server: the same questions to a real MySQL when recording, and to a node in a test."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pymysql
from pymysql.constants.COMMAND import COM_QUERY

from tests import binary_protocol
from tests.mysqlcompat.corpus.sections import SILENT, Answer, Section, rows_shown
from tests.mysqlcompat.corpus.tables import DATABASE, STATEMENTS

#: Time stands still at the start of the 29th of February 2024, 13:14:15 UTC.
NOW: Final = 1709212455
SETTINGS: Final = {"time_zone": "'+00:00'", "timestamp": str(NOW)}


class Asker:
    """A connection to a server at `host`:`port`, with the tables made in `database`."""

    def __init__(self, host: str, port: int, database: str = DATABASE) -> None:
        self.database = database
        self.connection: Any = pymysql.connect(
            host=host, port=port, user="root", ssl_disabled=True, charset="utf8mb4", autocommit=True
        )
        self.connection.decoders = {}
        self.connection.use_unicode = False
        self.changed: set[str] = set()
        self.into = ""
        for statement in (
            f"DROP DATABASE IF EXISTS {database}",
            f"CREATE DATABASE {database}",
            f"USE {database}",
            *STATEMENTS,
        ):
            self.run(statement)

    def close(self) -> None:
        self.run(f"DROP DATABASE {self.database}")
        self.connection.close()

    def run(self, sql: str) -> Any:
        cursor = self.connection.cursor()
        cursor.execute(sql)
        return cursor

    def prepare(self, section: Section) -> None:
        """Settings and table of a section."""
        for name in self.changed:
            self.run(f"SET {name} = DEFAULT")
        for name, value in (SETTINGS | section.settings).items():
            self.run(f"SET {name} = {value}")
        self.changed = set(section.settings)
        if section.into and section.into != self.into:
            self.run("DROP TABLE IF EXISTS one")
            self.run(f"CREATE TABLE one (c {section.into})")
            self.into = section.into

    def ask(self, section: Section, expression: str) -> Answer:
        """Raises what is no answer: a lost connection."""
        try:
            if section.into:
                return self._assigned(expression)
            tail = f" {section.tail}" if section.tail else ""
            cursor = self.run(f"SELECT {expression}{tail}")
        except pymysql.err.MySQLError as error:
            return self._error(error)
        rows = [row[0] for row in cursor.fetchall()]
        return Answer(rows_shown(rows), meta_of(cursor._result.fields[0]), self._warnings())

    def ask_all(self, section: Section, expressions: Sequence[str]) -> list[Answer]:
        """Answers to a few dozen expressions (what fits the buffers of a socket), asked in one go:
        each SELECT and its SHOW WARNINGS are sent before the first answer is read."""
        connection = self.connection
        for expression in expressions:
            connection._execute_command(COM_QUERY, f"SELECT {expression} {section.tail}")
            connection._execute_command(COM_QUERY, "SHOW WARNINGS")
        return [self._answer_read() for _ in expressions]

    def _answer_read(self) -> Answer:
        """The next answer of those that were asked in one go."""
        connection, error = self.connection, None
        connection._next_seq_id = 1
        try:
            connection._read_query_result()
        except pymysql.err.MySQLError as raised:
            error = raised
        result = connection._result
        connection._next_seq_id = 1
        connection._read_query_result()
        warnings = tuple(map(self._named, warnings_of(connection._result.rows)))
        if error is not None:
            return self._error(error)
        rows = [row[0] for row in result.rows]
        return Answer(rows_shown(rows), meta_of(result.fields[0]), warnings)

    def _error(self, error: Exception) -> Answer:
        errno, text = error.args[:2]
        if 2000 <= errno < 3000:  # the client's own: no answer
            raise error
        return Answer.of_error(errno, getattr(error, "sqlstate", ""), self._named(text))

    def _named(self, text: str) -> str:
        """A message as if the tables were in `DATABASE`."""
        return text.replace(f"`{self.database}`", f"`{DATABASE}`")

    def _assigned(self, expression: str) -> Answer:
        self.run("BEGIN")
        try:
            self.run(f"INSERT INTO one VALUES ({expression})")
            warnings = self._warnings()
            rows = [row[0] for row in self.run("SELECT c FROM one").fetchall()]
        finally:
            self.run("ROLLBACK")
        return Answer(rows_shown(rows), "", warnings)

    def _warnings(self) -> tuple[str, ...]:
        return warnings_of(self.run("SHOW WARNINGS").fetchall())

    def binary(self, section: Section, expression: str) -> str:
        """The value by a prepared statement."""
        tail = f" {section.tail}" if section.tail else ""
        result = binary_protocol.execute(self.connection, f"SELECT {expression}{tail}")
        return rows_shown(
            row[0].encode() if isinstance(row[0], str) else row[0] for row in result.rows
        )


def meta_of(column: Any) -> str:
    """type, length, decimals, flags, collation of a column definition."""
    parts = (column.type_code, column.length, column.scale, column.flags, column.charsetnr)
    return " ".join(map(str, parts))


def warnings_of(rows: Iterable[Sequence[Any]]) -> tuple[str, ...]:
    made = []
    for row in rows:
        level, number, text = (part.decode() if isinstance(part, bytes) else part for part in row)
        if int(number) not in SILENT:
            made.append(f"{level[0]}{number} {text}")
    return tuple(made)

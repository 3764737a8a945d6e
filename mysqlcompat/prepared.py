"""Prepared statements: of the binary protocol, and of PREPARE … EXECUTE.

A statement is parsed and, if it is DML or SELECT, compiled when it is prepared, so that mistakes and
result columns are known then. It is compiled again when the dictionary has moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mysqlcompat import administer, compiler
from mysqlcompat.errors import SqlError
from mysqlcompat.results import (
    BINARY_COLLATION,
    FLAG_BINARY,
    WIRE_VAR_STRING,
    ColumnDef,
    Parameter,
    PreparedInfo,
)
from mysqlcompat.sql import statements
from mysqlcompat.sql.tokens import Kind, split_statements

if TYPE_CHECKING:
    from mysqlcompat.session import Session

MAX_PARAMETERS: Final = 65535
#: What a parameter looks like before anything is bound: MySQL's clients ignore all but the count.
_PARAMETER: Final = ColumnDef(
    "?", WIRE_VAR_STRING, 0, FLAG_BINARY, 0, BINARY_COLLATION, "", "", "", ""
)
_NOT_PREPARABLE: Final = (
    statements.Prepare, statements.Execute, statements.Deallocate, statements.Use,
    statements.UnlockTables, statements.Savepoint, statements.ReleaseSavepoint,
)  # fmt: skip


@dataclass(slots=True)
class Prepared:
    """One prepared statement of one session."""

    text: str
    statement: statements.Statement
    parameter_count: int
    program: Any = None  #: `machine.program.Program` of DML and SELECT
    columns: tuple[ColumnDef, ...] = field(default=())

    def info(self) -> PreparedInfo:
        return PreparedInfo((_PARAMETER,) * self.parameter_count, self.columns, handle=self)

    def close(self) -> None:
        self.program = None


def prepare(session: Session, text: str) -> Prepared:
    """Parse (and compile) one statement; ERROR 1295 for what cannot be prepared."""
    tokens = session.tokenize(text)
    ranges = split_statements(text, tokens)
    if not ranges:
        raise SqlError(1065)
    start, end = ranges[0] if len(ranges) == 1 else (ranges[0][0], len(text))
    text = text[start:end]
    statement = session.route(text, [])
    if isinstance(statement, _NOT_PREPARABLE):
        raise SqlError(1295)
    if isinstance(statement, statements.Nothing):
        raise SqlError(1065)
    if isinstance(statement, statements.Unsupported):
        raise SqlError(1235, statement.feature)
    count = sum(token.kind is Kind.PARAM for token in tokens)
    if count > MAX_PARAMETERS:
        raise SqlError(1390)
    made = Prepared(text, statement, count)
    if isinstance(statement, statements.Plain):
        made.program = compiler.compile_statement(text, session, made)
        made.columns = made.program.columns
    elif count:
        raise SqlError(1235, "parameters outside of DML and SELECT")
    else:
        made.columns = administer.columns_of(session, statement)
    return made


def from_wire(handle: Prepared, parameters: Sequence[Parameter]) -> Sequence[Any]:
    """Parameters as a program takes them."""
    if len(parameters) != handle.parameter_count:
        raise SqlError(1210, "mysqld_stmt_execute")
    return parameters

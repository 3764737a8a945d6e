"""From statement text to a program, and small evaluations: the one door from sessions to the
parser, resolver, planner, code generator and machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from btree.schema import Column, ColumnType, Table, TypeKind
from mysqlcompat.catalog_view import CatalogView
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.table import Suspended
from mysqlcompat.information_schema import VirtualTable
from mysqlcompat.machine import run
from mysqlcompat.machine.machine import machine_of
from mysqlcompat.machine.program import Program
from mysqlcompat.results import BINARY_COLLATION, ColumnDef, Result, Rows
from mysqlcompat.sql import scope, typed
from mysqlcompat.sql.dives import Values
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.sql.literals import NOTHING_GIVEN, Given
from mysqlcompat.sql.metadata import column_def as output_column_def
from mysqlcompat.sql.parse import parse_statement
from mysqlcompat.sql.resolve import resolve
from mysqlcompat.sql.statements import Explain
from mysqlcompat.sql.tokens import Kind, syntax_error
from mysqlcompat.sqltypes import SqlType, column_type
from mysqlcompat.turns import in_turns
from mysqlcompat.wire.fields import Fields

if TYPE_CHECKING:
    from mysqlcompat.session import Session

_TIME_HINT: Final = re.compile(
    r"\s*SELECT\s*/\*\+(?:(?!\*/).)*?\bMAX_EXECUTION_TIME\s*\(\s*(\d{1,10})\s*\)",
    re.IGNORECASE | re.DOTALL,
)
#: A value and the type it came with.
Typed = tuple[Any, SqlType | None]


def compile_statement(
    text: str,
    session: Session,
    given: Mapping[int, Given] = NOTHING_GIVEN,
    are_literals_kept: bool = False,
) -> Program:
    """A program for one DML or SELECT statement. given: see `resolve`.

    are_literals_kept  they are part of the program: no others will ever take their places
    """
    parsed = session.parsed(text)
    if are_literals_kept:
        parsed = replace(parsed, literal_numbers={})
    elif parsed.param_numbers:  # not prepared
        raise syntax_error(text, min(parsed.param_numbers))
    version = session.node.engine.catalog.version
    statement = resolve(parsed, CatalogView(session), session, given)
    program = compile_tree(statement, session, version)
    program.params = typed.params_of(statement)
    hint = _TIME_HINT.match(text) if "/*+" in text else None
    if hint is not None:
        program.max_execution_ms = int(hint[1])
    return program


def compile_tree(statement: typed.Statement, session: Session, version: int) -> Program:
    """version: of the dictionary that the statement was resolved with."""
    return machine_of(session.node.engine).compile(statement, version)


async def compile_in_turns(text: str, session: Session) -> Program:
    """`compile_statement` of a long text: others go on meanwhile."""
    catalog, mark = session.node.engine.catalog, session.diagnostics.mark()
    while True:
        version = catalog.version
        try:
            program = await in_turns(lambda: compile_statement(text, session))
        except Exception:
            if catalog.version == version:
                raise
        else:
            if catalog.version == version:
                return program
        session.diagnostics.back_to(mark)  # the dictionary has moved beneath it


def suited(
    program: Program, session: Session, params: Sequence[Any], literals: Sequence[Any] | None
) -> Program:
    """The program for these values, of a `program` whose plan hangs on them (`Program.looks`)."""
    values = Values(params, literals, session.time_zone)
    return machine_of(session.node.engine).suited(program, values)


def resolved(text: str, session: Session, view: scope.CatalogView | None = None) -> typed.Statement:
    """The typed tree of a statement."""
    parsed = parse_statement(text, session.sql_mode)
    return resolve(parsed, view or CatalogView(session), session)


async def explain(session: Session, statement: Explain, binary: bool) -> Result:
    """EXPLAIN of a statement."""
    resolved(statement.source, session)  # mistakes first
    raise SqlError(1235, "EXPLAIN")


async def first_text(text: str, session: Session) -> str | None:
    """The first column of a SELECT's first row, in a transaction of its own."""
    program = compile_statement(text, session)
    session.transaction.enter_statement(program.tables)
    try:
        rows = await run.execute(program, session)
        assert isinstance(rows, Rows)
        row = Fields((await rows.source.read(0, 1)).packets[4:])
        rows.source.close()
        return row.string().decode() if row.left else None
    finally:
        session.transaction.commit_early()


# Expressions on their own


async def evaluate(session: Session, text: str) -> list[Typed]:
    """Values of a list of expressions without tables: of SET, DO, KILL."""
    select = resolved(f"SELECT {text}", session)
    assert isinstance(select, typed.Select)
    if select.tables:
        raise SqlError(1235, "tables in an expression of SET")
    evaluator = Evaluator(session)
    values: list[Typed] = []
    while len(values) < len(select.items):
        expression = select.items[len(values)].expression
        session.effects.may_wait = True
        mark = session.diagnostics.mark()
        try:
            values.append((evaluator.value(expression), expression.type))
            session.effects.clear()
        except Suspended as suspended:
            session.diagnostics.back_to(mark)
            session.effects.done(await suspended.wait(session, False))
    return values


@dataclass(frozen=True, slots=True)
class _OneTable:
    """A catalog with one table: what SHOW … WHERE may name."""

    found: VirtualTable
    current_database: str = "show"
    version: int = 0

    def table(self, database: str | None, name: str) -> VirtualTable:
        return self.found


async def filter_rows(
    session: Session, header: Sequence[ColumnDef], rows: Sequence[Sequence[Any]], where: str
) -> list[Sequence[Any]]:
    """The rows for which the expression `where` over the columns of `header` is true."""
    columns = tuple(_shown_column(column) for column in header)
    table = VirtualTable("show", "rows", columns)
    names = {column.name.casefold() for column in columns}
    condition = _quoted_names(where, session, names)
    select = resolved(f"SELECT 1 FROM `rows` WHERE {condition}", session, _OneTable(table))
    assert isinstance(select, typed.Select) and select.where is not None
    return [row for row in rows if Evaluator(session, row=_reader(row)).value(select.where)]


def _reader(row: Sequence[Any]) -> Callable[[int, int], Any]:
    return lambda table_no, column_no: row[column_no]


def _quoted_names(text: str, session: Session, names: set[str]) -> str:
    """`text` with backticks around the words that name columns: some of them are keywords."""
    parts, at = [], 0
    for token in session.tokenize(text):
        if token.kind is Kind.WORD and token.value.casefold() in names:
            parts += [text[at : token.start], "`", text[token.start : token.end], "`"]
            at = token.end
    return "".join([*parts, text[at:]])


def _shown_column(column: ColumnDef) -> Column:
    if column.collation == BINARY_COLLATION:
        return Column(column.name, ColumnType(TypeKind.BIGINT))
    text = ColumnType(TypeKind.VARCHAR, 1024, charset="utf8mb3", collation="utf8mb3_general_ci")
    return Column(column.name, text)


def like_matcher(pattern: str, by_case: bool) -> Callable[[str], bool]:
    r"""A test for LIKE with the escape character `\`."""
    parts = []
    at = 0
    while at < len(pattern):
        character = pattern[at]
        if character == "\\" and at + 1 < len(pattern):
            at += 1
            parts.append(re.escape(pattern[at]))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
        at += 1
    flags = re.DOTALL if by_case else re.DOTALL | re.IGNORECASE
    matcher = re.compile("".join(parts), flags)
    return lambda text: matcher.fullmatch(text) is not None


def column_def(database: str, table: Table | VirtualTable, column: Column) -> ColumnDef:
    """A column as a result column that is just it."""
    number = table.column_no(column.name)
    reference = typed.ColumnRef(column_type(column), 0, number, column.name)
    item = typed.Item(reference, column.name, table.name, table.name, column.name, database)
    return output_column_def(item, (typed.Source(table, table.name, database),))

"""What this server says of an expression: parsed, resolved and evaluated in this process."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from btree.schema import Table, TypeKind
from mysqlcompat.ddl.definition import Charset, make_table
from mysqlcompat.errors import SqlError
from mysqlcompat.message_text import sent
from mysqlcompat.results import ColumnDef
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.sql.metadata import result_columns
from mysqlcompat.sql.parse import parse_statement
from mysqlcompat.sql.parse_ddl import parse_create
from mysqlcompat.sql.resolve import PlainContext, resolve
from mysqlcompat.sql.token_stream import TokenStream
from mysqlcompat.sql.tokens import tokenize
from mysqlcompat.sql.typed import Insert, Select
from mysqlcompat.sqltypes import NOT_FIXED, SqlType, bytes_per_character
from mysqlcompat.values import text_of
from mysqlcompat.variables import VARIABLES
from mysqlcompat.wire.charsets import COLLATIONS
from mysqlcompat.wire.encode import float_text
from tests.mysqlcompat.corpus.asking import NOW
from tests.mysqlcompat.corpus.sections import SILENT, Answer, Section, rows_shown
from tests.mysqlcompat.corpus.tables import CREATE_V, DATABASE, INSERT_V

_DEFAULT: Final = Charset("utf8mb4", "utf8mb4_0900_ai_ci")
_BINARY: Final = 63
_UTF8MB4: Final = 255
_LARGE_TYPES: Final = (249, 250, 251, 252)


class Tables:
    """A catalog of a few tables."""

    current_database: str | None = DATABASE

    def __init__(self, **tables: Table) -> None:
        self.tables = tables

    def table(self, database: str, name: str) -> Any:
        if name not in self.tables:
            raise SqlError(1146, database, name)
        return self.tables[name]


@cache
def table_of(sql: str) -> Table:
    """The table a CREATE TABLE makes."""
    stream = TokenStream(sql, tokenize(sql))
    return make_table(parse_create(stream), DATABASE, _DEFAULT)  # type: ignore[arg-type]


def context_of(section: Section) -> PlainContext:
    """A session as `asking` prepares one."""
    context = PlainContext(database=DATABASE, now_us=NOW * 1000000, time_zone="+00:00")
    context.variables.update({one.name: one.default for one in VARIABLES.values()})
    context.variables |= {"version": "8.4.6", "character_set_client": "utf8mb4"}
    context.variables["time_zone"] = context.time_zone
    for name, text in section.settings.items():
        value: Any = text.strip("'") if text.startswith("'") else text
        match name:
            case "sql_mode":
                context.sql_mode = frozenset(filter(None, expanded(value).split(",")))
            case "time_zone":
                context.time_zone = value
            case "collation_connection":
                context.collation = value
            case "timestamp":
                context.now_us = round(float(value) * 1000000)
            case "names":
                raise ValueError("the client's character set stays utf8mb4")
        context.variables[name] = int(value) if value.lstrip("-").isdigit() else value
    return context


def expanded(mode: str) -> str:
    if mode == "ANSI":
        return "REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,ANSI"
    if mode == "TRADITIONAL":
        return (
            "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,"
            "ERROR_FOR_DIVISION_BY_ZERO,TRADITIONAL,NO_ENGINE_SUBSTITUTION"
        )
    return mode


@cache
def _row() -> list[Any]:
    """The row of `v` as INSERT stores it."""
    return stored(PlainContext(now_us=NOW * 1000000, time_zone="+00:00"), CREATE_V, INSERT_V)[0]


def stored(context: PlainContext, create: str, insert: str) -> tuple[list[Any], list[SqlType]]:
    """The values a row's INSERT would store, and their types."""
    table = table_of(create)
    context.database = DATABASE
    parsed = parse_statement(insert, context.sql_mode)
    statement = resolve(parsed, Tables(**{table.name: table}), context)
    assert isinstance(statement, Insert)
    context.strict = bool(context.sql_mode & {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"})
    evaluator = Evaluator(context)
    values = [evaluator.value(expression) for expression in statement.rows[0]]
    return values, [expression.type for expression in statement.rows[0]]


def answer(section: Section, expression: str) -> Answer:
    """The answer to one expression of a section."""
    context = context_of(section)
    try:
        if section.into:
            create = f"CREATE TABLE one (c {section.into})"
            (value,), (kind,) = stored(context, create, f"INSERT INTO one VALUES ({expression})")
            return Answer(rows_shown([bytes_of(value, kind)]), "", _warnings(context))
        return _selected(context, section, expression)
    except SqlError as error:
        return Answer.of_error(error.errno, error.sqlstate, sent(error.message))
    except Exception as error:  # what a session answers with ERROR 1105, and is always a fault
        return Answer.of_error(1105, "HY000", f"{type(error).__name__}: {error}")


def _selected(context: PlainContext, section: Section, expression: str) -> Answer:
    parsed = parse_statement(f"SELECT {expression} {section.tail}".rstrip(), context.sql_mode)
    select = resolve(parsed, Tables(v=table_of(CREATE_V)), context)
    assert isinstance(select, Select)
    evaluator = Evaluator(context, row=lambda _, number: _row()[number], sources=select.tables)
    value = evaluator.value(select.items[0].expression)
    made = bytes_of(value, select.items[0].expression.type)
    return Answer(rows_shown([made]), meta_of(result_columns(select)[0]), _warnings(context))


def _warnings(context: PlainContext) -> tuple[str, ...]:
    return tuple(
        f"{level[0]}{errno} {text}"
        for level, errno, text in context.warnings
        if errno not in SILENT
    )


def bytes_of(value: Any, kind: SqlType) -> bytes | None:
    """A value as the text protocol sends it."""
    if value is None or isinstance(value, bytes):
        return value
    if kind.kind is TypeKind.BIT and not kind.mixed:
        return int(value).to_bytes(max(kind.length + 7, 8) // 8, "big")
    if kind.kind is TypeKind.FLOAT and isinstance(value, float) and kind.scale >= NOT_FIXED:
        return float_text(value).encode()  # longer on the wire than among texts
    return text_of(value, kind).encode("utf-8", "surrogateescape")


def meta_of(column: ColumnDef) -> str:
    """A column as a utf8mb4 client is told of it."""
    collation = _BINARY if column.collation == _BINARY else _UTF8MB4
    length = client_length(column)
    return f"{column.wire_type} {length} {column.decimals} {column.flags} {collation}"


def client_length(column: ColumnDef) -> int:
    """Length in bytes of the client's characters (`wire.columns.column_packet`)."""
    length = column.length
    if column.collation != _BINARY:
        if column.wire_type in _LARGE_TYPES and not column.org_name:
            length *= 4
        else:
            length = length // bytes_per_character(COLLATIONS[column.collation].name) * 4
    return min(length, (1 << 32) - 1)

"""CREATE TABLE … SELECT: columns made of what a query gives, and the table filled before it has a
name. An error or a crash leaves nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from btree.schema import Column, ColumnType, Table, TypeKind
from mysqlcompat import compiler
from mysqlcompat.ddl import rebuild
from mysqlcompat.ddl.text import quote_name
from mysqlcompat.errors import SqlError
from mysqlcompat.sql import typed
from mysqlcompat.sql.statements import ColumnDefinition, CreateTable, DefaultValue
from mysqlcompat.sqltypes import Class, SqlType

if TYPE_CHECKING:
    from mysqlcompat.session import Session

_VARCHAR_CHARACTERS: Final = 16383
_VARBINARY_BYTES: Final = 65535
_SHORT_INTEGER: Final = 9  #: digits that always fit INT


def with_columns(session: Session, statement: CreateTable) -> tuple[CreateTable, list[str]]:
    """The statement with the query's columns behind those only it has; names of the former."""
    select = compiler.resolved(statement.select, session)
    if not isinstance(select, typed.Select):
        raise SqlError(1235, "CREATE TABLE … SELECT of this form")
    defined = {column.name.casefold(): column for column in statement.columns}
    selected = [
        defined.get(item.name.casefold()) or _definition(item, select) for item in select.items
    ]
    names = [column.name for column in selected]
    folded = {name.casefold() for name in names}
    own = [column for column in statement.columns if column.name.casefold() not in folded]
    return replace(statement, columns=(*own, *selected)), names


def with_said(table: Table, written: CreateTable) -> Table:
    """The table without a note that a character set was written for columns of the query."""
    said = {f"collate:{column.name}" for column in written.columns}
    options = {
        key: value
        for key, value in table.options.items()
        if key in said or not key.startswith("collate:")
    }
    return replace(table, options=options)


async def create(session: Session, statement: CreateTable, table: Table, names: list[str]) -> int:
    """Make and fill the table; how many rows it has."""
    catalog = session.node.engine.catalog
    private = catalog.make_private(
        replace(table, name=rebuild.PRIVATE_NAME, foreign_keys=(), checks=())
    )
    try:
        with rebuild.named(session, private) as target:
            columns = ", ".join(map(quote_name, names))
            text = f"INSERT INTO {target} ({columns}) {statement.select}"
            try:
                rows = await rebuild.insert_select(session, text, joins=statement.temporary)
            except SqlError as error:
                raise rebuild.with_table_name(error, table.name) from error
        made = replace(
            private, name=table.name, foreign_keys=table.foreign_keys, checks=table.checks
        )
        if statement.temporary:
            session.temporary.add(catalog.redefine_private(made))
        else:
            catalog.publish(made)
        return rows
    except BaseException:
        session.temporary.discard(private)
        raise


def _definition(item: typed.Item, select: typed.Select) -> ColumnDefinition:
    """A column for one item of the query."""
    expression = item.expression
    if isinstance(expression, typed.ColumnRef) and 0 <= expression.table_no < len(select.tables):
        source = select.tables[expression.table_no].table
        if isinstance(source, Table):
            return _like(source.columns[expression.column_no], item.name, expression.type)
    type_ = _type(expression.type, isinstance(expression, typed.Literal))
    nullable = expression.type.nullable
    default = None if nullable else _default(type_)
    return ColumnDefinition(item.name, type_, nullable, default)


def _like(column: Column, name: str, given: SqlType) -> ColumnDefinition:
    default: DefaultValue | None = None
    if column.auto_increment or (column.default is None and not column.nullable):
        default = _default(column.type) if column.auto_increment else None
    elif column.default_is_expression and column.type.kind is not TypeKind.BIT:
        default = DefaultValue(None, expression=column.default)
    elif column.default is not None:
        default = DefaultValue(column.default)
    nullable = column.nullable or given.nullable
    return ColumnDefinition(name, column.type, nullable, default, comment=column.comment)


def _type(of: SqlType, is_literal: bool) -> ColumnType:
    if of.cls is Class.NULL:
        return ColumnType(TypeKind.VARBINARY, 0, charset="binary", collation="binary")
    if of.cls is Class.INT and of.kind not in (TypeKind.YEAR, TypeKind.BIT):
        short = of.kind is TypeKind.BIGINT and of.length <= _SHORT_INTEGER
        kind = TypeKind.INT if short and (is_literal or of.length <= 1) else of.kind
        return ColumnType(kind, unsigned=of.unsigned)
    if of.cls is Class.DECIMAL:
        precision = max(of.precision, 1)
        return ColumnType(of.kind, precision=precision, scale=of.scale, unsigned=of.unsigned)
    if of.cls in (Class.DOUBLE, Class.JSON):
        return ColumnType(of.kind)
    if of.cls is Class.STRING:
        return _string_type(of)
    length = of.length if of.kind is TypeKind.BIT else 0
    return ColumnType(of.kind, length, scale=min(of.scale, 6))


def _string_type(of: SqlType) -> ColumnType:
    if of.kind in (TypeKind.ENUM, TypeKind.SET):
        return ColumnType(of.kind, charset=of.charset, collation=of.collation, members=of.members)
    if not of.is_text:
        kind = TypeKind.VARBINARY if of.length <= _VARBINARY_BYTES else TypeKind.LONGBLOB
        return ColumnType(kind, of.length, charset="binary", collation="binary")
    if of.length > _VARCHAR_CHARACTERS:
        return ColumnType(TypeKind.LONGTEXT, charset=of.charset, collation=of.collation)
    return ColumnType(TypeKind.VARCHAR, of.length, charset=of.charset, collation=of.collation)


def _default(type_: ColumnType) -> DefaultValue | None:
    """What a column that is never NULL gets instead of a default."""
    if type_.is_integer or type_.kind in (TypeKind.DOUBLE, TypeKind.FLOAT, TypeKind.DECIMAL):
        return DefaultValue("0", is_number=True)
    if type_.kind in (TypeKind.VARCHAR, TypeKind.CHAR, TypeKind.VARBINARY, TypeKind.BINARY):
        return DefaultValue("")
    return None

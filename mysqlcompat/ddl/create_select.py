"""CREATE TABLE … SELECT: columns made of what a query gives, and the table filled before it has a
name. An error or a crash leaves nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from btree.schema import Column, ColumnType, Table, TypeKind
from mysqlcompat import compiler
from mysqlcompat.ddl import rebuild
from mysqlcompat.ddl.derived_types import declared_type
from mysqlcompat.ddl.text import quote_name
from mysqlcompat.errors import SqlError
from mysqlcompat.sql import typed
from mysqlcompat.sql.statements import ColumnDefinition, CreateTable, DefaultValue
from mysqlcompat.sqltypes import SqlType

if TYPE_CHECKING:
    from mysqlcompat.session import Session


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
    type_ = declared_type(expression.type, isinstance(expression, typed.Literal))
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


def _default(type_: ColumnType) -> DefaultValue | None:
    """What a column that is never NULL gets instead of a default."""
    if type_.is_integer or type_.kind in (TypeKind.DOUBLE, TypeKind.FLOAT, TypeKind.DECIMAL):
        return DefaultValue("0", is_number=True)
    if type_.kind in (TypeKind.VARCHAR, TypeKind.CHAR, TypeKind.VARBINARY, TypeKind.BINARY):
        return DefaultValue("")
    return None

"""Result columns: what MySQL says of each output column, and what the row encoder must know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from btree.schema import Column, Table, TypeKind
from mysqlcompat import results
from mysqlcompat.results import ColumnDef
from mysqlcompat.sql.typed import ColumnRef, Item, Source
from mysqlcompat.sqltypes import (
    Class,
    SqlType,
    wire_code,
    wire_flags,
    wire_length,
)
from mysqlcompat.wire.charsets import BINARY_ID, BY_NAME

_BLOBS: Final = frozenset(
    {
        TypeKind.TINYTEXT, TypeKind.TEXT, TypeKind.MEDIUMTEXT, TypeKind.LONGTEXT,
        TypeKind.TINYBLOB, TypeKind.BLOB, TypeKind.MEDIUMBLOB, TypeKind.LONGBLOB,
        TypeKind.JSON, TypeKind.GEOMETRY,
    }
)  # fmt: skip


def column_def(item: Item, sources: Sequence[Source]) -> ColumnDef:
    """One output column as the column definition packet describes it."""
    sql_type = item.expression.type
    flags = wire_flags(sql_type)
    if sql_type.kind in _BLOBS:
        flags |= results.FLAG_BLOB
    expression = item.expression
    if isinstance(expression, ColumnRef) and 0 <= expression.table_no < len(sources):
        table = sources[expression.table_no].table
        if isinstance(table, Table):
            flags |= _column_flags(table, table.columns[expression.column_no])
    return ColumnDef(
        item.name,
        wire_code(sql_type),
        wire_length(sql_type),
        flags,
        _decimals(sql_type),
        _collation(sql_type),
        item.database,
        item.table,
        item.org_table,
        item.org_name,
    )


def _decimals(sql_type: SqlType) -> int:
    if sql_type.cls in (Class.STRING, Class.JSON, Class.NULL, Class.INT, Class.DATE):
        return 31 if sql_type.scale == 31 and sql_type.cls is Class.JSON else 0
    return sql_type.scale


def _collation(sql_type: SqlType) -> int:
    if sql_type.cls is Class.STRING and sql_type.collation in BY_NAME:
        return BY_NAME[sql_type.collation].id
    return BINARY_ID


def _column_flags(table: Table, column: Column) -> int:
    """Flags that come from keys, defaults and the like."""
    flags = 0
    for index in table.indexes:
        names = [part.column.casefold() for part in index.parts]
        if column.name.casefold() not in names:
            continue
        flags |= results.FLAG_PART_KEY
        if index.primary:
            flags |= results.FLAG_PRIMARY_KEY
        elif names[0] == column.name.casefold():
            single = index.unique and len(names) == 1
            flags |= results.FLAG_UNIQUE_KEY if single else results.FLAG_MULTIPLE_KEY
    if column.auto_increment:
        flags |= results.FLAG_AUTO_INCREMENT
    if not column.nullable and column.default is None and not column.auto_increment:
        flags |= results.FLAG_NO_DEFAULT
    if column.on_update is not None:
        flags |= results.FLAG_ON_UPDATE_NOW
    if column.type.kind is TypeKind.TIMESTAMP and column.on_update is not None:
        flags |= results.FLAG_TIMESTAMP
    if column.type.kind is TypeKind.ENUM:
        flags |= results.FLAG_ENUM
    if column.type.kind is TypeKind.SET:
        flags |= results.FLAG_SET
    if column.type.zerofill:
        flags |= results.FLAG_ZEROFILL
    return flags

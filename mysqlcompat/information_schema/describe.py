"""Facts about a dictionary entry that SHOW and information_schema both print."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from btree.outlines import TableOutline
from btree.schema import Column, Index, Table, TypeKind
from mysqlcompat.ddl.definition import CHARACTER_KINDS
from mysqlcompat.ddl.indexes import in_order
from mysqlcompat.ddl.text import escaped_expression

if TYPE_CHECKING:
    from mysqlcompat.session import Session

COLUMN_PRIVILEGES: Final = "select,insert,update,references"


def visible_indexes(table: Table) -> tuple[Index, ...]:
    """The indexes in MySQL's order (PRIMARY, unique ones over NOT NULL columns, other unique ones,
    the rest), without the one over the hidden row id."""
    indexes = table.indexes[1:] if table.has_row_id else table.indexes
    return in_order(table.columns, indexes)


def column_key(table: Table, column: Column) -> str:
    """PRI, UNI, MUL or nothing. Without a primary key the first unique key over NOT NULL columns
    takes its place, as it does in InnoDB."""
    indexes = visible_indexes(table)
    for index in indexes:
        names = [part.column for part in index.parts]
        if _is_primary(table, index, indexes) and column.name in names:
            return "PRI"
    key = ""
    for index in indexes:
        if index.parts[0].column != column.name:
            continue
        if index.unique and len(index.parts) == 1:
            return "UNI"
        key = "MUL"
    return key


def _is_primary(table: Table, index: Index, indexes: tuple[Index, ...]) -> bool:
    if indexes[0].primary:
        return index.primary
    for one in indexes:
        if one.unique and all(_not_null(table, part.column) for part in one.parts):
            return one is index
    return False


def _not_null(table: Table, name: str) -> bool:
    return not table.columns[table.column_no(name)].nullable


def key_expression(column: Column) -> str | None:
    """EXPRESSION of a functional key part."""
    if not column.hidden or column.generated is None:
        return None
    return escaped_expression(column.generated)


def collation_of(column: Column) -> str | None:
    """COLLATION_NAME: of character types only."""
    type_ = column.type
    if type_.kind in CHARACTER_KINDS and type_.charset != "binary":
        return type_.collation
    return None


def next_auto_increment(session: Session, table: TableOutline) -> int | None:
    """The next value the counter will give; None when there is no such column."""
    if not table.is_counting:
        return None
    return int(session.node.engine.next_auto_increment(table))


def created(table: TableOutline) -> datetime | None:
    return datetime.fromisoformat(table.created) if table.created else None


_INTEGER_DIGITS: Final = {
    TypeKind.TINYINT: (3, 3), TypeKind.SMALLINT: (5, 5), TypeKind.MEDIUMINT: (7, 8),
    TypeKind.INT: (10, 10), TypeKind.BIGINT: (19, 20),
}  # fmt: skip


def numeric_measures(column: Column) -> tuple[int | None, int | None]:
    """NUMERIC_PRECISION and NUMERIC_SCALE."""
    type_ = column.type
    match type_.kind:
        case TypeKind.DECIMAL:
            return type_.precision, type_.scale
        case TypeKind.FLOAT:
            return type_.precision or 12, type_.scale if type_.precision else None
        case TypeKind.DOUBLE:
            return type_.precision or 22, type_.scale if type_.precision else None
        case TypeKind.BIT:
            return type_.length, None
    if type_.kind in _INTEGER_DIGITS:
        return _INTEGER_DIGITS[type_.kind][type_.unsigned], 0
    return None, None


def datetime_precision(column: Column) -> int | None:
    fractional = (TypeKind.TIME, TypeKind.DATETIME, TypeKind.TIMESTAMP)
    return column.type.scale if column.type.kind in fractional else None


def character_measures(column: Column) -> tuple[int | None, int | None]:
    """CHARACTER_MAXIMUM_LENGTH and CHARACTER_OCTET_LENGTH."""
    from mysqlcompat import sqltypes

    type_ = column.type
    row: Any = sqltypes.ROWS[type_.kind]
    if row.cls is not sqltypes.Class.STRING:
        return None, None
    length = sqltypes.of_column_type(type_, True).length
    if row.byte_count:
        return length, length
    return length, length * sqltypes.bytes_per_character(type_.collation)

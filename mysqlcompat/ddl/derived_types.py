"""The type a column gets that holds an expression's values: of CREATE TABLE … SELECT, of functional
key parts."""

from __future__ import annotations

from typing import Final

from btree.schema import ColumnType, TypeKind
from mysqlcompat.sqltypes import Class, SqlType

_VARCHAR_CHARACTERS: Final = 16383
_VARBINARY_BYTES: Final = 65535
_SHORT_INTEGER: Final = 9  #: digits that always fit INT


def declared_type(of: SqlType, is_literal: bool = False) -> ColumnType:
    """The column type for values of an expression, or of a literal."""
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

"""What rows that are there already have in columns that are added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from btree.layout import CLASS_DECIMAL_TEXT, CLASS_DOUBLE, CLASS_FIXED
from btree.rows import storage_of
from btree.schema import Column, Table, TypeKind
from mysqlcompat import jsonb, values
from mysqlcompat.ddl.expression_text import Printer
from mysqlcompat.ddl.text import quote_name, quote_text
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.column_defaults import column_default
from mysqlcompat.sql.evaluate import Evaluator
from mysqlcompat.sql.table_expressions import parse_kept
from mysqlcompat.sqltypes import column_type

if TYPE_CHECKING:
    from mysqlcompat.session import Session

_MOMENTS = {TypeKind.DATE: "date", TypeKind.DATETIME: "datetime", TypeKind.TIMESTAMP: "datetime"}
_ZERO = {TypeKind.DATE: "0000-00-00"}


def initial_value(session: Session, column: Column, is_empty: bool) -> Column:
    """The column with the value its default has now, or the type's zero; ERROR 1292."""
    if column.default is None and column.nullable:
        return replace(column, initial=None)
    if column.default is None:
        if column.type.kind in _MOMENTS and not is_empty and "NO_ZERO_DATE" in session.sql_mode:
            zero = _ZERO.get(column.type.kind, "0000-00-00 00:00:00")
            raise SqlError(1292, _MOMENTS[column.type.kind], zero, column.name, 1)
        return replace(column, initial=implicit_value(column))
    sql_type = column_type(column)
    value = Evaluator(session).value(column_default(column))
    if value is None:
        return replace(column, initial=None)
    if values.is_variable(sql_type):
        return replace(column, initial=values.to_bytes(value, sql_type).hex())
    return replace(column, initial=values.to_lane(value, sql_type, session.time_zone))


def implicit_value(column: Column) -> int | str:
    """What a NOT NULL column without default has: zero, the empty string, the first member."""
    kind = storage_of(column.type).kind
    if kind in (CLASS_FIXED, CLASS_DOUBLE):
        return 1 if column.type.kind is TypeKind.ENUM else 0
    if kind == CLASS_DECIMAL_TEXT:
        scale = column.type.scale
        return ("0." + "0" * scale if scale else "0").encode().hex()
    if column.type.kind is TypeKind.JSON:
        return jsonb.encode(None).hex()
    if column.type.kind is TypeKind.BINARY:
        return bytes(column.type.length).hex()
    return ""


def implicit_literal(column: Column) -> str:
    """The same as SQL text, for a copy."""
    kind = column.type.kind
    if kind is TypeKind.ENUM:
        return "1"
    if kind is TypeKind.JSON:
        return "CAST('null' AS JSON)"
    if kind in _MOMENTS:
        return "'" + _ZERO.get(kind, "0000-00-00 00:00:00") + "'"
    return "''" if values.is_variable(column_type(column)) and kind is not TypeKind.DECIMAL else "0"


def over_old_rows(expression: str, old: Table, new: Table, sources: Sequence[int]) -> str:
    """An expression over the columns of `new` as one over those of `old`.

    sources  numbers of the old columns that the new ones were, -1: added
    """

    def value(node: Any) -> str:
        number = new.column_no(node.name)
        column = new.columns[number]
        if sources[number] >= 0:
            return quote_name(old.columns[sources[number]].name)
        if column.generated is not None:
            return "(" + over_old_rows(column.generated, old, new, sources) + ")"
        if column.has_default_expression:
            assert column.default is not None
            return over_old_rows(column.default, old, new, sources)
        if column.default is None:
            is_null = column.nullable and not column.auto_increment
            return "NULL" if is_null else implicit_literal(column)
        is_word = column.default_is_expression or column.type.kind is TypeKind.BIT
        return column.default if is_word else quote_text(column.default)

    return Printer(value).text(parse_kept(expression).tree)

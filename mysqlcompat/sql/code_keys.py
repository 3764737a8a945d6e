"""What keys are made of: column descriptions of key parts that are expressions."""

from __future__ import annotations

from typing import Final

from btree.layout import C_DESCENDING
from btree.rows import describe_type
from btree.schema import TypeKind
from mysqlcompat.errors import SqlError
from mysqlcompat.functions import FUNCTIONS
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import BINARY, Class, SqlType, int_type, string_type


def description(sql_type: SqlType, descending: bool = False) -> list[int]:
    """Column description of a key part that is an expression: NULLs allowed, whole value."""
    if sql_type.cls is Class.JSON:
        sql_type = _SORT_KEY
    if sql_type.cls is Class.NULL:
        sql_type = int_type()
    if sql_type.cls is Class.INT and sql_type.kind is not TypeKind.BIGINT:
        sql_type = int_type(unsigned=sql_type.unsigned)
    try:
        words = describe_type(sql_type, True)  # type: ignore[arg-type]
    except KeyError as error:
        raise SqlError(1235, f"collation {sql_type.collation}") from error
    words[C_DESCENDING] = int(descending)
    return words


def keyed(expression: Expression) -> Expression:
    """What to make a key of for `expression`, which tells values apart."""
    return _of_document(expression, "json sort key")


def sortable(expression: Expression) -> Expression:
    """What to make a key of for ORDER BY."""
    return _of_document(expression, "json order key")


def _of_document(expression: Expression, function: str) -> Expression:
    if expression.type.cls is not Class.JSON:
        return expression
    made = _SORT_KEY.or_null(expression.type.nullable)
    return Call(made, FUNCTIONS[function], (expression,))


_SORT_KEY: Final = string_type((1 << 32) - 1, BINARY, kind=TypeKind.LONGBLOB)

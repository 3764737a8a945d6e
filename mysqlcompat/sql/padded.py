"""sql_mode PAD_CHAR_TO_FULL_LENGTH: CHAR columns are read with the blanks that are not stored.

A padded column is a call around it, so that no index is used for it, nor anything else that knows
columns: only what a client is told of a result's column is the column's own.
"""

from __future__ import annotations

from typing import Final

from btree.schema import TypeKind
from mysqlcompat.functions import FUNCTIONS
from mysqlcompat.sql.typed import PADDED, Call, ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import int_type

MODE: Final = "PAD_CHAR_TO_FULL_LENGTH"


def padded(column: ColumnRef, sql_mode: frozenset[str]) -> Expression:
    """What reading `column` gives."""
    kind = column.type
    if MODE not in sql_mode or kind.kind is not TypeKind.CHAR or not kind.is_text:
        return column
    length = Literal(int_type(3, nullable=False), kind.length)
    return Call(kind, FUNCTIONS[PADDED], (column, length))


def column_of(expression: Expression) -> Expression:
    """The column that is read; everything else as it is."""
    if isinstance(expression, Call) and expression.function.name == PADDED:
        return expression.args[0]
    return expression

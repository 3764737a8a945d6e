"""What a NOT NULL column holds that gets no value, where sql_mode lets that pass: MySQL's implicit
default of its type.

A row of an INSERT alone must not give NULL in any sql_mode; what several rows, a SELECT or an
UPDATE give becomes the implicit default, with a warning.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat.errors import SqlError
from mysqlcompat.jsonb import Json
from mysqlcompat.partial_dates import ZERO_DATETIME
from mysqlcompat.sqltypes import Class, SqlType

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context

NULL_GIVEN: Final = 1048
NO_DEFAULT: Final = 1364


def nothing(context: Context, target: SqlType, column: str) -> Any:
    """For a NULL that was given to the column. Raises 1048."""
    if context.null_fails:
        raise SqlError(NULL_GIVEN, column)
    warn(context, NULL_GIVEN, column)
    return implicit_default(target)


def warn(context: Context, errno: int, column: str) -> None:
    """Once a column in an INSERT, each time in an UPDATE."""
    message = SqlError(errno, column).message
    if context.told is None:
        context.warn(errno, message)
    elif message not in context.told:
        context.warn(errno, message)
        context.told.add(message)


def implicit_default(target: SqlType) -> Any:
    """Zero of a type; of ENUM the member that is none, of which the number is 0."""
    match target.cls:
        case Class.INT:
            return 0
        case Class.DECIMAL:
            return Decimal(0).scaleb(-target.scale)
        case Class.DOUBLE:
            return 0.0
        case Class.DATE:
            return ZERO_DATETIME.date()
        case Class.DATETIME:
            return ZERO_DATETIME
        case Class.TIME:
            return timedelta()
        case Class.JSON:
            return Json(None)
    if target.kind is TypeKind.BINARY:
        return bytes(target.length)
    return "" if target.is_text else b""

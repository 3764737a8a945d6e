"""What a column would hold of a constant, which is what NULLIF returns of it.

MySQL replaces a constant that is compared with a BIGINT, YEAR, TIME or DATE column by what the
column makes of it, if nothing is lost. A comparison shows that only where it matters
(`held_constants`); NULLIF has the value and the type of its first argument as it is compared. A
DATETIME column's constant is lost in MySQL, which gives NULL for it; here it stays.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import temporal
from mysqlcompat.convert_compared import Listener
from mysqlcompat.partial_dates import PartialDate, PartialDatetime
from mysqlcompat.sql.held_constants import FIRST_YEAR, LAST_YEAR, choosing
from mysqlcompat.sql.typed import ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import (
    NUMERIC,
    Class,
    SqlType,
    date_type,
    time_type,
)

if TYPE_CHECKING:
    from mysqlcompat.sql.infer import Typing

_YEAR_LENGTH: Final = 22
_MOST: Final = (1 << 63) - 1


def replaced(typing: Typing, constant: Expression, column: Expression) -> Expression:
    """`constant` as `column` holds it; as it is if that is another value, or nothing at all."""
    if not isinstance(column, ColumnRef) or not typing.is_known(constant):
        return constant
    if isinstance(constant, Literal) and constant.value is None:
        return constant
    made: Literal | None = None
    is_literal = isinstance(constant, Literal)
    match column.type.kind:
        case TypeKind.BIGINT if not _is_integer_literal(constant):
            made = typing.exact_integer(constant, column.type.unsigned)
        case TypeKind.YEAR:
            made = _year(typing, constant, column)
        case TypeKind.TIME if constant.type.cls is Class.TIME:
            return constant if is_literal else typing.rounded_time(constant, column)
        case TypeKind.TIME if constant.type.cls is not Class.JSON:
            made = _time(typing, constant, column)
        case TypeKind.DATE if constant.type.cls in NUMERIC:
            made = _date(typing, constant, column)
    return constant if made is None else made


def _is_integer_literal(constant: Expression) -> bool:
    return isinstance(constant, Literal) and constant.type.cls is Class.INT


def _year(typing: Typing, constant: Expression, column: ColumnRef) -> Literal | None:
    value = typing.constant_value(constant)
    found = typing.beside("=", column, Literal(constant.type, value))
    if value is None or not isinstance(found, Literal) or found.type.cls is not Class.INT:
        return None
    if found.value and not FIRST_YEAR <= found.value <= LAST_YEAR:
        return None
    made = SqlType(TypeKind.YEAR, _YEAR_LENGTH, precision=1, unsigned=True)
    return Literal(made.or_null(False), found.value)


def _time(typing: Typing, constant: Expression, column: ColumnRef) -> Literal | None:
    value: Any = typing.constant_value(constant)
    fsp = column.type.scale
    if value is None:
        return None
    given = Literal(constant.type, value)
    if isinstance(value, date | PartialDate) and choosing(constant):
        if constant.type.cls is Class.DATE:
            return None  # which the comparison will warn of
        typing.beside("=", column, constant)
    if isinstance(value, datetime | PartialDatetime):
        return Literal(time_type(fsp, False), temporal.with_fsp(temporal.time_of(value), fsp))
    if isinstance(value, date | PartialDate):
        return Literal(time_type(fsp, False), timedelta(0))
    context: Any = typing.context
    typing.context = Listener(context)
    try:
        made = typing.beside("=", column, given)
    finally:
        typing.context = context
    if not isinstance(made, Literal) or made.type.cls is not Class.TIME:
        return None  # which the comparison will warn of
    typing.beside("=", column, given)
    return made


def _date(typing: Typing, constant: Expression, column: ColumnRef) -> Literal | None:
    value = typing.constant_value(constant)
    if value is None or abs(value) > _MOST or value != value // 1:
        return None
    moment = temporal.datetime_of_number(int(value))
    if not isinstance(moment, datetime):
        return None
    if temporal.time_of(moment):  # which is lost
        typing.doubted(Literal(constant.type, value), column, "Note")
    return Literal(date_type(False), moment.date())

"""IN among rows: ``(a, b) IN ((c, d), (e, f))``.

Each column is compared in the class of the left row's, whatever stands on the right: an integer
looked for among decimals is compared with what they are rounded to. The whole left row is looked
at, then one row after the other up to the first column that differs; rows of constants without a
NULL are looked at while MySQL prepares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.sql.betweens import said_beside
from mysqlcompat.sql.describe import describe
from mysqlcompat.sql.held_constants import DATED, as_compared
from mysqlcompat.sql.typed import Call, ColumnRef, Expression, Literal, Param
from mysqlcompat.sqltypes import (
    MAX_DECIMAL_DIGITS,
    MAX_DECIMAL_SCALE,
    Class,
    bool_type,
    datetime_type,
    decimal_type,
    int_type,
)

if TYPE_CHECKING:
    from mysqlcompat.sql.infer import Typing

Row = Sequence[Expression]
_WIDEST: Final = replace(decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE), mixed=True)


def row_membership(typing: Typing, left: Row, rows: Sequence[Row]) -> Expression:
    """The call: how many columns, the left row, and all others one after the other."""
    every = [*left, *(arg for row in rows for arg in row)]
    if any(arg.type.cls is Class.JSON for arg in every):
        text = "comparison of JSON within a ROW in the IN operator"
        typing.context.warn(1235, SqlError(1235, text).message)
    sought = [_sought(typing, arg) for arg in left]
    cast_rows = [
        [_as_member(typing, arg, like) for arg, like in zip(row, left, strict=True)] for row in rows
    ]
    members = [arg for row in cast_rows for arg in row]
    nullable = any(arg.type.nullable for arg in every)
    count = Literal(int_type(10, nullable=False), len(left))
    made = typing.call("row in", bool_type(nullable), count, *sought, *members)
    is_seen = all(map(typing.is_known, members)) and not any(arg.type.nullable for arg in left)
    if is_seen and all(typing.quiet_value(arg) is not None for arg in members):
        return prepared_rows(typing, made)
    look_at_constants(typing, left, *rows)
    return made


def look_at_constants(typing: Typing, *rows: Row) -> None:
    """Rows of constants are computed while MySQL prepares, whether or not they will be reached."""
    for row in rows:
        if all(map(typing.is_known, row)):
            for arg in row:
                if not isinstance(arg, Literal):
                    typing.constant_value(arg)


def prepared_rows(typing: Typing, call: Call) -> Call:
    """IN among rows of constants, which are looked at while MySQL prepares: if there is no NULL, or
    if it makes no difference, as in IF."""
    count = call.args[0]
    assert isinstance(count, Literal) and isinstance(count.value, int)
    kept, members = call.args[: count.value + 1], call.args[count.value + 1 :]
    if not all(map(typing.is_known, members)):
        return call
    made = (
        arg
        if isinstance(arg, Literal)
        else Literal(arg.type, typing.constant_value(arg), text=describe(arg))
        for arg in members
    )
    return replace(call, args=(*kept, *made))


def is_plain(left: Row, rows: Sequence[Row]) -> bool:
    """Whether columns and constants of the same classes are compared: as `=` does, for which there
    may be an index."""
    return all(
        isinstance(arg, ColumnRef | Literal | Param)
        and (arg.type.cls is like.type.cls or isinstance(arg, Param))
        for row in (left, *rows)
        for arg, like in zip(row, left, strict=True)
    )


def _sought(typing: Typing, arg: Expression) -> Expression:
    """A column of the left row, where it is compared with anything."""
    match arg.type.cls:
        case Class.DATE | Class.DATETIME:
            return typing.as_moment(arg)
        case Class.DECIMAL:
            return typing.cast(arg, _WIDEST)
        case Class.JSON | Class.STRING | Class.NULL:
            return typing.as_string(arg)
    return arg


def _as_member(typing: Typing, arg: Expression, like: Expression) -> Expression:
    """A column of another row as one of the left row's class."""
    kind = like.type.cls
    if kind in DATED:
        if arg.type.cls in (*DATED, Class.TIME):
            return typing.as_moment(arg)
        return as_compared(typing.as_string(arg), datetime_type(6), said_beside(like))
    match kind:
        case Class.TIME:
            return arg if arg.type.cls is Class.TIME else typing.clock(arg)
        case Class.INT:
            return typing.as_integer(arg)
        case Class.DOUBLE:
            return typing.as_double(arg)
        case Class.DECIMAL:
            return typing.cast(typing.as_number(arg) if typing.is_bits(arg) else arg, _WIDEST)
    collation = typing.as_string(like).type.collation
    return typing.with_collation(typing.as_string(arg), collation, at_once=False)

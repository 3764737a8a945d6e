"""@@variables and @variables as expressions."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from btree.schema import TypeKind
from mysqlcompat.sql.infer import Typing, is_number_literal
from mysqlcompat.sql.typed import Expression, Literal
from mysqlcompat.sqltypes import (
    BINARY,
    MAX_DECIMAL_DIGITS,
    MAX_DECIMAL_SCALE,
    NOT_FIXED,
    TEMPORAL,
    Class,
    SqlType,
    decimal_type,
    double_type,
    int_type,
    string_type,
)

_LONGEST: Final = 16777215  #: characters MySQL allows a text in a variable
_UNSET_BYTES: Final = 65532


def system_variable(typing: Typing, name: str, scope: str) -> Expression:
    """``@@scope.name``: read when the statement runs. Raises 1193 now if there is none."""
    value = typing.context.system_variable(name, scope)
    if isinstance(value, int):
        length = 1 if isinstance(value, bool) else 21
        made = int_type(length, unsigned=length > 1)
    elif isinstance(value, float):
        made = double_type()
    elif isinstance(value, Decimal):
        made = decimal_type(17, 6)
    else:
        made = string_type(21845, typing.context.collation, True, 3, TypeKind.CHAR)
        made = replace(made, kind=TypeKind.VARCHAR)  # however long
    return typing.call("system variable", made, *map(_label, (name, scope)))


def user_variable(typing: Typing, name: str) -> Expression:
    """``@name``, of the type its present value has; another one given to it within the statement
    is converted."""
    _, known = typing.context.user_variable(name)
    made = typing.given.get(name.lower()) or _variable_type(known)
    return typing.call("user variable", made, _label(name))


_DEPRECATED: Final = (
    "Setting user variables within expressions is deprecated and will be removed in a future "
    "release. Consider alternatives: 'SET variable=expression, ...', or "
    "'SELECT expression(s) INTO variables(s)'."
)


def assigned_variable(typing: Typing, name: str, value: Expression) -> Expression:
    """``@name := value``: dates and JSON become texts. A variable that has not been set is a text
    in the rest of the statement."""
    typing.context.warn(1287, _DEPRECATED)
    if typing.context.user_variable(name)[1] is None:
        collation = typing.as_string(value).type.collation
        typing.given[name.lower()] = string_type(_LONGEST, collation, True, 2)
    if value.type.cls in (*TEMPORAL, Class.JSON, Class.NULL):
        value = typing.as_string(value)
    made = value.type
    if made.cls is Class.DOUBLE:
        made = double_type(nullable=made.nullable)
    elif is_number_literal(value):
        made = replace(made, scale=NOT_FIXED, unsigned=False)
    return typing.call("set user variable", made, _label(name), value)


def _variable_type(known: SqlType | None) -> SqlType:
    """The type of a variable that holds a value of type `known`; None: it is not set."""
    if known is None:
        return string_type(_UNSET_BYTES, BINARY, True, 2)
    match known.cls:
        case Class.INT:
            return int_type(21, known.unsigned)
        case Class.DOUBLE:
            return double_type()
        case Class.DECIMAL:
            widest = decimal_type(MAX_DECIMAL_DIGITS, MAX_DECIMAL_SCALE)
            return replace(widest, mixed=True)
        case Class.STRING | Class.JSON:
            return string_type(_LONGEST, known.collation, True, 2)
        case Class.NULL:
            return string_type(_LONGEST, BINARY, True, 2)
    return string_type(_LONGEST, "latin1_swedish_ci", True, 2)  # a date, set by SET


def _label(text: str) -> Expression:
    return Literal(string_type(len(text), nullable=False), text)

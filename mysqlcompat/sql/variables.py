"""@@variables as expressions."""

from __future__ import annotations

from decimal import Decimal

from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Expression, Literal
from mysqlcompat.sqltypes import decimal_type, double_type, int_type, string_type


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
        made = string_type(21845, typing.context.collation, True, 3)
    args = tuple(Literal(string_type(len(part), nullable=False), part) for part in (name, scope))
    return typing.call("system variable", made, *args)

"""Arithmetic of columns of integers and doubles, where every result fits: nothing is to be said."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from mysqlcompat.functions.table import Context
from mysqlcompat.sql.typed import Call
from mysqlcompat.sqltypes import Class

Columns = Callable[[Context, Call, Sequence[Any], Sequence[Any]], list[Any] | None]
_NUMBERS: Final = {Class.INT: int, Class.DOUBLE: float}


def _made_by(compute: Callable[[Any, Any], Any]) -> Columns:
    """`compute` over two columns; None: value by value."""

    def columns(
        context: Context, call: Call, left: Sequence[Any], right: Sequence[Any]
    ) -> list[Any] | None:
        cls = call.type.cls
        if any(arg.type.cls is not cls for arg in call.args) or cls not in _NUMBERS:
            return None
        if None in left or None in right:
            return None
        made = list(map(compute, left, right))
        if cls is Class.DOUBLE:
            return made if all(map(math.isfinite, made)) else None
        low, high = call.type.range
        return made if low < min(made) and max(made) <= high else None  # the least is not as others

    return columns


sums: Final = _made_by(operator.add)
differences: Final = _made_by(operator.sub)
products: Final = _made_by(operator.mul)
_remainders: Final = _made_by(operator.mod)


def remainders(
    context: Context, call: Call, left: Sequence[Any], right: Sequence[Any]
) -> list[Any] | None:
    """Of integers that are not negative, by numbers greater than zero."""
    if any(arg.type.cls is not Class.INT for arg in call.args) or None in left or None in right:
        return None
    if min(left) < 0 or min(right) <= 0:
        return None
    return _remainders(context, call, left, right)

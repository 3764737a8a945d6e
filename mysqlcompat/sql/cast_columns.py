"""Casts of columns of numbers to DECIMAL: what nothing needs to be said of, without asking for each
value what it is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat.numerals import EXACT, greatest_decimal
from mysqlcompat.sql.typed import EXPLICIT, IMPLICIT, Cast
from mysqlcompat.sqltypes import Class, SqlType

_PLAIN_BELOW: Final = 1e15  #: doubles below it are written without an exponent, unless tiny


def numbers(cast: Cast, values: Sequence[Any]) -> list[Decimal | None] | None:
    """What `cast` makes of `values`; None where that is to be asked for value by value."""
    source, target = cast.arg.type, cast.type
    if target.cls is not Class.DECIMAL or cast.mode not in (IMPLICIT, EXPLICIT):
        return None
    if source.kind is TypeKind.DOUBLE:
        texts = [None if x is None else repr(x) for x in values]
        if any(x is not None and not -_PLAIN_BELOW < x < _PLAIN_BELOW for x in values):
            return None
        if any(text is not None and "e" in text for text in texts):
            return None
        exact = [None if text is None else Decimal(text.removesuffix(".0")) for text in texts]
    elif source.cls is Class.INT and source.kind not in _NOT_NUMBERS:
        exact = [None if x is None else Decimal(x) for x in values]
    else:
        return None
    if cast.mode == IMPLICIT and target.mixed:
        return [x.copy_abs() if x is not None and not x else x for x in exact]
    return _rounded(exact, target, cast.mode == EXPLICIT)


_NOT_NUMBERS: Final = (TypeKind.YEAR, TypeKind.BIT)


def _rounded(
    exact: Sequence[Decimal | None], target: SqlType, is_limited: bool
) -> list[Decimal | None] | None:
    """In the digits of DECIMAL; None: one of them is out of range."""
    quantum, quantize = Decimal(1).scaleb(-target.scale), EXACT.quantize
    made = [None if x is None else quantize(x, quantum) for x in exact]
    if is_limited:
        high = greatest_decimal(target.precision, target.scale)
        low = high.copy_negate()
        if any(x is not None and not low <= x <= high for x in made):
            return None
    return [x.copy_abs() if x is not None and not x else x for x in made]

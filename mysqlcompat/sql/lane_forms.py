"""When two types have the same lane, or lanes that an op turns into each other.

What is not said here is a conversion in Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from btree.schema import TypeKind
from mysqlcompat.machine import layout
from mysqlcompat.sqltypes import Class, SqlType
from mysqlcompat.values import is_variable

ANYTHING: Final = (-(1 << 63), (1 << 63) - 1)


def assignable(source: SqlType, target: SqlType) -> tuple[int, int] | None:
    """Least and greatest lane that a column takes unchanged; None: the value must be converted."""
    if source.cls is not target.cls or is_variable(source) != is_variable(target):
        return None
    if TypeKind.BIT in (source.kind, target.kind) or TypeKind.YEAR in (source.kind, target.kind):
        return None
    match source.cls:
        case Class.INT:
            if source.unsigned and target.unsigned and target.range[1] >= 1 << 63:
                return ANYTHING
            least, greatest = target.range
            return (0 if source.unsigned else least), min(greatest, ANYTHING[1])
        case Class.DECIMAL if is_variable(source):
            return None
        case Class.DECIMAL if source.scale == target.scale:
            greatest = 10**target.precision - 1
            return (0 if target.unsigned else -greatest), greatest
        case Class.DOUBLE | Class.DATE | Class.TIME | Class.DATETIME:
            same = source.kind is target.kind and source.scale == target.scale
            return ANYTHING if same and not target.unsigned else None
        case Class.STRING if is_variable(source):
            same = source.charset == target.charset and source.length <= target.length
            plain = TypeKind.BINARY is not target.kind and target.kind in _SHORT_STRINGS
            return ANYTHING if same and plain else None
    return None


_SHORT_STRINGS: Final = (TypeKind.CHAR, TypeKind.VARCHAR, TypeKind.VARBINARY)


def same_lane(a: SqlType, b: SqlType) -> bool:
    """Whether two types write a value as the same lane."""
    if a.kind is TypeKind.NULL:
        return True
    if a.cls is not b.cls or is_variable(a) != is_variable(b):
        return False
    if TypeKind.TIMESTAMP in (a.kind, b.kind):
        return a.kind is b.kind
    if a.cls is Class.STRING:
        return is_variable(a)
    return a.cls is not Class.DECIMAL or a.scale == b.scale


def lane_order(a: SqlType, others: Sequence[SqlType]) -> int | None:
    """Mode in which lanes of `a` are compared with lanes of the others, None: they are not."""
    modes = {_order(a, b) for b in others}
    return modes.pop() if len(modes) == 1 else None


def _order(a: SqlType, b: SqlType) -> int | None:
    if a.cls is not b.cls or TypeKind.BIT in (a.kind, b.kind):
        return None
    if a.cls in (Class.STRING, Class.JSON, Class.NULL) or a.is_wide_decimal or b.is_wide_decimal:
        return None
    if a.cls is Class.DECIMAL and a.scale != b.scale:
        return None
    if TypeKind.TIMESTAMP in (a.kind, b.kind) and a.kind is not b.kind:
        return None  # one is UTC, the other the session's clock
    if a.cls is Class.DOUBLE:
        return layout.DOUBLE
    if a.cls is not Class.INT:
        return layout.SIGNED
    return {
        (False, False): layout.SIGNED,
        (True, True): layout.UNSIGNED,
        (False, True): layout.SIGNED_UNSIGNED,
        (True, False): layout.UNSIGNED_SIGNED,
    }[a.unsigned, b.unsigned]


def conversion(source: SqlType, target: SqlType) -> tuple[int, int, int] | None:
    """Kind, factor and greatest magnitude of op_convert for a cast between representations, None:
    for Python."""
    if (
        source.is_wide_decimal
        or target.is_wide_decimal
        or TypeKind.BIT
        in (
            source.kind,
            target.kind,
        )
    ):
        return None
    match source.cls, target.cls:
        case Class.INT, Class.DOUBLE if target.kind is TypeKind.DOUBLE:
            kind = layout.UNSIGNED_TO_DOUBLE if source.unsigned else layout.INT_TO_DOUBLE
            return kind, 1, 0
        case Class.DECIMAL, Class.DOUBLE if target.kind is TypeKind.DOUBLE:
            return layout.DECIMAL_TO_DOUBLE, 10**source.scale, 0
        case Class.INT, Class.DECIMAL if not source.unsigned:
            return layout.SCALE_UP, 10**target.scale, 10**target.precision - 1
        case Class.DOUBLE, Class.INT if not target.unsigned and target.kind is not TypeKind.YEAR:
            return layout.DOUBLE_TO_INT, 1, 0
        case Class.DECIMAL, Class.INT if not target.unsigned and target.kind is not TypeKind.YEAR:
            return layout.SCALE_DOWN, 10**source.scale, 0
        case Class.DECIMAL, Class.DECIMAL if target.scale >= source.scale:
            factor = 10 ** (target.scale - source.scale)
            return layout.SCALE_UP, factor, 10**target.precision - 1
        case Class.DECIMAL, Class.DECIMAL:
            factor = 10 ** (source.scale - target.scale)
            return layout.SCALE_DOWN, factor, 10**target.precision - 1
        case Class.DATE, Class.DATETIME if target.kind is TypeKind.DATETIME:
            return layout.SCALE_UP, 1, 0
    return None


def is_same(source: SqlType, target: SqlType) -> bool:
    """Whether a cast between types of one class changes nothing in the lane."""
    match source.cls:
        case Class.INT:
            is_year = target.kind is TypeKind.YEAR is not source.kind
            is_bits = TypeKind.BIT in (source.kind, target.kind)
            return source.unsigned == target.unsigned and not is_bits and not is_year
        case Class.DECIMAL:
            wide = source.is_wide_decimal or target.is_wide_decimal
            narrower = target.precision < source.precision
            return not wide and source.scale == target.scale and not narrower
        case Class.DATE | Class.DATETIME | Class.TIME:
            return source.scale <= target.scale
        case Class.DOUBLE:
            return source.kind is target.kind
        case Class.STRING:
            plain = is_variable(source) and is_variable(target)
            return plain and source.collation == target.collation == "utf8mb4_bin"
    return False

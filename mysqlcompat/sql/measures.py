"""Measures of types: digits, lengths, and the DECIMAL, DOUBLE and BIGINT that arithmetic makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from btree.schema import TypeKind
from mysqlcompat.sqltypes import (
    MAX_DECIMAL_DIGITS,
    NOT_FIXED,
    TEMPORAL,
    Class,
    SqlType,
    decimal_type,
    double_type,
    int_type,
)

_FLOAT_COLUMN: Final = 12  #: characters of a FLOAT that no function has made
DOCUMENT_CHARACTERS: Final = (1 << 30) - 1  #: of a document's text, each of four bytes
SUM_DIGITS: Final = 22  #: that a SUM gains
DIVISION_DIGITS: Final = 4  #: @@div_precision_increment, by default
#: Digits of temporals as numbers: YYYYMMDD, YYYYMMDDhhmmss, hhhmmss.
_TEMPORAL_DIGITS: Final = {Class.DATE: 8, Class.DATETIME: 14, Class.TIME: 7}


def digits(sql_type: SqlType) -> int:
    """Decimal digits a number of this type may have, those behind the point included."""
    match sql_type.cls:
        case Class.DECIMAL:
            return sql_type.precision
        case Class.INT:
            if sql_type.precision and sql_type.kind not in (TypeKind.YEAR, TypeKind.BIT):
                return sql_type.precision
            return max(sql_type.length - (not sql_type.unsigned), 1)
        case Class.DATE | Class.DATETIME | Class.TIME:
            return _TEMPORAL_DIGITS[sql_type.cls] + sql_type.scale
        case Class.NULL:
            return 0
    return MAX_DECIMAL_DIGITS


def scale_of(sql_type: SqlType) -> int:
    return sql_type.scale if sql_type.cls is Class.DECIMAL or sql_type.cls in TEMPORAL else 0


def is_fixed(sql_type: SqlType) -> bool:
    """Whether a number has a known number of decimals: all but most DOUBLEs."""
    return sql_type.cls is not Class.DOUBLE or sql_type.scale != NOT_FIXED


def text_length(sql_type: SqlType) -> int:
    """Characters of a value as a string."""
    if sql_type.cls is Class.DOUBLE:
        is_column = sql_type.kind is TypeKind.FLOAT and sql_type.length <= _FLOAT_COLUMN
        return _FLOAT_COLUMN if is_column else 23 if sql_type.kind is TypeKind.FLOAT else 22
    if sql_type.cls is Class.JSON:
        return DOCUMENT_CHARACTERS
    return sql_type.length


def numeric_type(sql_type: SqlType) -> SqlType:
    """What a value of this type is where a number is wanted."""
    match sql_type.cls:
        case Class.INT | Class.DECIMAL | Class.DOUBLE | Class.NULL:
            return sql_type
        case Class.DATE | Class.DATETIME | Class.TIME:
            nullable = sql_type.nullable
            if sql_type.scale:
                return decimal_type(digits(sql_type), sql_type.scale, nullable=nullable)
            return int_type(digits(sql_type) + 1, nullable=nullable)
    if sql_type.cls is Class.STRING and sql_type.scale == 0:  # bits that a function passes on
        made = double_type(sql_type.length, sql_type.nullable, 0)
        return replace(made, unsigned=sql_type.unsigned)
    return double_type(nullable=sql_type.nullable)


def division_type(left: SqlType, right: SqlType, more: int) -> SqlType:
    """`more`: @@div_precision_increment."""
    precision = min(digits(left) + scale_of(right) + more, MAX_DECIMAL_DIGITS)
    scale = min(scale_of(left) + more, 30)
    return decimal_type(precision, scale, left.unsigned and right.unsigned)


def sum_type(source: SqlType) -> SqlType:
    """Type of the SUM of exact numbers."""
    return decimal_type(digits(source) + SUM_DIGITS, scale_of(source))


def decimal_result(operator: str, left: SqlType, right: SqlType, nullable: bool) -> SqlType:
    one, other = scale_of(left), scale_of(right)
    unsigned = left.unsigned and right.unsigned and operator != "%"
    if operator == "*":
        return decimal_type(digits(left) + digits(right), one + other, unsigned, nullable)
    scale = max(one, other)
    if operator == "%":
        precision = max(digits(left), digits(right))
    else:
        precision = max(digits(left) - one, digits(right) - other) + scale + 1
    made = decimal_type(precision, scale, unsigned, nullable)
    if operator in ("+", "-") and precision > MAX_DECIMAL_DIGITS:  # shown with all its digits
        made = replace(made, length=precision + (scale > 0) + (not unsigned))
    return made


def double_of_null(operator: str, left: SqlType, right: SqlType, more: int) -> SqlType:
    """A DOUBLE of fixed decimals: what NULL makes of numbers, PI() and FLOAT(7,2)."""
    one, other = (
        side.scale if side.cls is Class.DOUBLE and side.scale != NOT_FIXED else scale_of(side)
        for side in (left, right)
    )
    scale = max(one, other)
    if operator == "/":
        scale += more
        if scale >= NOT_FIXED:  # more decimals than there are
            return double_type()
        return double_type(min(left.length - one + scale, 17 + scale), True, scale)
    return double_type(max(left.length - one, right.length - other) + scale, True, scale)


def quotient_digits(left: SqlType, right: SqlType) -> int:
    """Digits of the integer that DIV makes."""
    loose = (Class.DOUBLE, Class.STRING, Class.JSON)  # as long as their text may be
    whole = text_length(left) if left.cls in loose else digits(left) - scale_of(left)
    if left.cls is Class.DOUBLE and is_fixed(left):
        whole -= left.scale
    is_bits = right.cls is Class.STRING and right.scale == 0  # which NULLIF passes on
    more = text_length(right) if right.cls in loose and not is_bits else scale_of(right)
    if right.cls is Class.DOUBLE and is_fixed(right):
        more = right.scale
    return min(max(whole + more, int(right.unsigned)), 21)


def cast_literal_fsp(text: str) -> int:
    """Fractional digits a temporal literal shows."""
    fraction = text.rpartition(".")[2] if "." in text else ""
    return min(sum(character.isdigit() for character in fraction), 6)


_INTEGER_KINDS: Final = (
    TypeKind.TINYINT, TypeKind.SMALLINT, TypeKind.MEDIUMINT, TypeKind.INT, TypeKind.BIGINT,
)  # fmt: skip


def common_kind(types: Sequence[SqlType], unsigned: bool) -> TypeKind:
    """The integer kind that holds all of them."""
    kinds = {one.kind for one in types}
    if len(kinds) == 1 and len({one.unsigned for one in types}) == 1:
        return kinds.pop()
    if TypeKind.BIT in kinds:
        return TypeKind.BIGINT
    rank = 0
    for one in types:
        own = 1 if one.kind is TypeKind.YEAR else _INTEGER_KINDS.index(one.kind)
        wider = one.unsigned and not unsigned and one.kind is not TypeKind.YEAR
        rank = max(rank, own + wider)
    return _INTEGER_KINDS[min(rank, len(_INTEGER_KINDS) - 1)]

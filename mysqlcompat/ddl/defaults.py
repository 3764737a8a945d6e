"""DEFAULT values of columns: checked against the type, kept in the form MySQL prints them.

A value which the column could not take is ERROR 1067, whatever an INSERT would have said.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from btree.schema import BLOB_KINDS, INTEGER_KINDS, TEXT_KINDS, ColumnType, TypeKind
from mysqlcompat import numerals, sqltypes, temporal
from mysqlcompat.errors import SqlError
from mysqlcompat.sql.statements import DefaultValue


def canonical_default(column: str, type_: ColumnType, default: DefaultValue) -> tuple[str, bool]:
    """Text of a literal default as SHOW CREATE TABLE and INSERT use it, and whether it is exactly
    what was written; ERROR 1067 when the column could not take it."""
    assert default.literal is not None
    check = _CHECKS.get(type_.kind)
    if check is None:
        return default.literal, True
    try:
        made = check(type_, default.literal)
    except (ValueError, InvalidOperation, OverflowError):
        made = None
    if made is None:
        raise SqlError(1067, column)
    if type_.kind is TypeKind.DECIMAL:
        return made, Decimal(made) == _number(default.literal)
    return made, True


def _number(text: str) -> Decimal:
    return Decimal(text.strip())


def _integer(type_: ColumnType, text: str) -> str | None:
    value = int(numerals.round_decimal(_number(text), 0))
    low, high = sqltypes.of_column_type(type_, True).range
    return str(value) if low <= value <= high else None


def _decimal(type_: ColumnType, text: str) -> str | None:
    value = numerals.round_decimal(_number(text), type_.scale)
    if value.copy_abs() > numerals.greatest_decimal(type_.precision, type_.scale):
        return None
    if type_.unsigned and value < 0:
        return None
    return numerals.decimal_text(value)


def _double(type_: ColumnType, text: str) -> str | None:
    value = float(text)
    if type_.unsigned and value < 0:
        return None
    if type_.precision:
        return f"{value:.{type_.scale}f}"
    if type_.kind is TypeKind.FLOAT:
        return numerals.float_text(value)
    return numerals.double_text(value)


def _characters(type_: ColumnType, text: str) -> str | None:
    if type_.kind is TypeKind.CHAR:
        text = text.rstrip(" ")
    return text if len(text) <= type_.length else None


def _bytes(type_: ColumnType, text: str) -> str | None:
    size = len(text.encode())
    if size > type_.length:
        return None
    return (
        text.ljust(len(text) + type_.length - size, "\0") if type_.kind is TypeKind.BINARY else text
    )


def _member(type_: ColumnType, text: str) -> str | None:
    for member in type_.members:
        if member.casefold() == text.rstrip(" ").casefold():
            return member
    return None


def _members(type_: ColumnType, text: str) -> str | None:
    wanted = {part.casefold() for part in text.split(",") if part}
    found = [member for member in type_.members if member.casefold() in wanted]
    return ",".join(found) if len(found) == len(wanted) else None


def _moment(type_: ColumnType, text: str) -> str | None:
    value, whole, _ = temporal.parse_datetime(text)
    if value is None or not whole:
        return None
    if type_.kind is TypeKind.DATE:
        return temporal.date_text(value.date())
    rounded = temporal.with_fsp(value, type_.scale)
    assert isinstance(rounded, datetime)
    return temporal.datetime_text(rounded, type_.scale)


def _time(type_: ColumnType, text: str) -> str | None:
    value, whole = temporal.parse_time(text)
    return temporal.time_text(value, type_.scale) if value is not None and whole else None


def _year(type_: ColumnType, text: str) -> str | None:
    year = int(text)
    if len(text) <= 2 and 0 < year < 100:
        year += 2000 if year < 70 else 1900
    return f"{year:04d}" if year == 0 or 1901 <= year <= 2155 else None


def _bit(type_: ColumnType, text: str) -> str | None:
    value = int(text) if text.isdigit() else int.from_bytes(text.encode("latin1"), "big")
    return f"b'{value:b}'" if value < 1 << type_.length else None


_CHECKS: Final[dict[TypeKind, Callable[[ColumnType, str], str | None]]] = {
    **dict.fromkeys(INTEGER_KINDS, _integer),
    **dict.fromkeys(TEXT_KINDS, _characters),
    **dict.fromkeys(BLOB_KINDS, _bytes),
    TypeKind.DECIMAL: _decimal,
    TypeKind.FLOAT: _double,
    TypeKind.DOUBLE: _double,
    TypeKind.ENUM: _member,
    TypeKind.SET: _members,
    TypeKind.DATE: _moment,
    TypeKind.DATETIME: _moment,
    TypeKind.TIMESTAMP: _moment,
    TypeKind.TIME: _time,
    TypeKind.YEAR: _year,
    TypeKind.BIT: _bit,
}

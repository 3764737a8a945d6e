"""Assignment of a value to a column: the conversions that fail in strict mode.

Outside strict mode (and with IGNORE) what would be an error becomes a warning, and the value is
adjusted: clamped, cut, or zero.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np

from btree.schema import TypeKind
from mysqlcompat import convert, jsonb, temporal
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.table import Context
from mysqlcompat.jsonb import Json
from mysqlcompat.numerals import (
    double_text,
    greatest_decimal,
    leading_decimal,
    leading_double,
    round_decimal,
    round_double,
)
from mysqlcompat.sqltypes import BINARY, ROWS, Class, SqlType
from mysqlcompat.values import member_number, member_text, text_of

_EARLIEST_TIMESTAMP: Final = datetime(1970, 1, 1, 0, 0, 1)
_LATEST_TIMESTAMP: Final = datetime(2038, 1, 19, 3, 14, 7, 999999)


def assign(context: Context, value: Any, source: SqlType, target: SqlType, column: str) -> Any:
    """`value` as the column `column` of type `target` will hold it.

    column  name for messages; ``table.column`` for JSON columns
    Raises 1048, 1264, 1265, 1292, 1366, 1406, 3140, 3144, 3156 in strict mode.
    """
    name = column.rsplit(".", 1)[-1]
    if value is None:
        if not target.nullable:
            raise SqlError(1048, name)
        return None
    return _TARGETS[target.cls](context, value, source, target, column)


def complain(context: Context, errno: int, *arguments: Any) -> None:
    """An error in strict mode, a warning otherwise."""
    error = SqlError(errno, *arguments)
    if context.strict:
        raise error
    context.warn(errno, error.message)


def _integer(context: Context, value: Any, source: SqlType, target: SqlType, column: str) -> int:
    if target.kind is TypeKind.BIT and isinstance(value, str | bytes):
        data = value.encode() if isinstance(value, str) else value
        number = int.from_bytes(data, "big")
    elif isinstance(value, str):
        number = _integer_of_text(context, value, column)
    elif isinstance(value, bytes):
        number = int.from_bytes(value, "big") if len(value) <= 8 else 1 << 65
    elif isinstance(value, float):
        number = round_double(value) if abs(value) < 1e30 else int(value)
    elif isinstance(value, Decimal):
        number = int(round_decimal(value, 0))
    elif isinstance(value, Json):
        number = int(_json_number(context, value, column, "INTEGER"))
    else:
        number = convert.integer_of(context, value, source, target.unsigned)
    if target.kind is TypeKind.YEAR and 0 <= number < 100 and (number or isinstance(value, str)):
        number += 2000 if number < 70 else 1900
    return _in_range(context, number, target, column)


def _in_range(context: Context, number: int, target: SqlType, column: str) -> int:
    low, high = target.range
    bad_year = target.kind is TypeKind.YEAR and 0 < number < 1901
    if low <= number <= high and not bad_year:
        return number
    complain(context, 1406 if target.kind is TypeKind.BIT else 1264, column, context.row)
    return 0 if bad_year else min(max(number, low), high)


def _integer_of_text(context: Context, text: str, column: str) -> int:
    number, whole = leading_decimal(text)
    if not whole:
        if _has_digits(text):
            complain(context, 1265, column, context.row)
        else:
            complain(context, 1366, "integer", text, column, context.row)
    return int(round_decimal(number, 0))


def _has_digits(text: str) -> bool:
    head = text.lstrip(" \t\n\r\v\f").lstrip("+-")
    return head[:1].isdigit() or (head[:1] == "." and head[1:2].isdigit())


def _json_number(context: Context, value: Json, column: str, wanted: str) -> int | float | Decimal:
    document = value.value
    match document:
        case bool() | int() | float() | Decimal():
            return document
        case str():
            number, whole = leading_decimal(document)
            if whole:
                return number
    complain(context, 3156, wanted, "", "json_extract", context.row)
    return 0


def _decimal(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str
) -> Decimal:
    match value:
        case str() | bytes():
            text = value if isinstance(value, str) else value.decode("latin-1")
            number, whole = leading_decimal(text)
            if not whole:
                complain(context, 1366, "decimal", text, column, context.row)
        case Json():
            number = Decimal(str(_json_number(context, value, column, "DECIMAL")))
        case _:
            number = convert.decimal_of(context, value, source)
    rounded = round_decimal(number, target.scale)
    limit = greatest_decimal(target.precision, target.scale)
    if abs(rounded) > limit or (target.unsigned and rounded < 0):
        complain(context, 1264, column, context.row)
        return Decimal(0) if target.unsigned and rounded < 0 else limit.copy_sign(rounded)
    if rounded != number and not isinstance(value, float):
        context.warn(1265, f"Data truncated for column '{column}' at row {context.row}", "Note")
    return rounded


def _double(context: Context, value: Any, source: SqlType, target: SqlType, column: str) -> float:
    match value:
        case str() | bytes():
            text = value if isinstance(value, str) else value.decode("latin-1")
            number, whole = leading_double(text)
            if not whole:
                complain(context, 1366, "DOUBLE", text, column, context.row)
        case Json():
            number = float(_json_number(context, value, column, "DOUBLE"))
        case _:
            number = convert.double_of(context, value, source)
    if target.kind is TypeKind.FLOAT:
        limit = float(np.finfo(np.float32).max)
        if abs(number) > limit:
            complain(context, 1264, column, context.row)
            return limit if number > 0 else -limit
        number = float(np.float32(number))
    if target.unsigned and number < 0:
        complain(context, 1264, column, context.row)
        return 0.0
    return number


def _string(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str
) -> str | bytes:
    if target.kind in (TypeKind.ENUM, TypeKind.SET):
        return _member(context, value, source, target, column)
    if target.collation == BINARY:
        return _bytes(context, value, source, target, column)
    if isinstance(value, bytes):
        try:
            text = value.decode()
        except UnicodeDecodeError as error:
            shown = "".join(f"\\x{byte:02X}" for byte in value[error.start : error.start + 6])
            complain(context, 1366, "string", shown, column, context.row)
            text = value[: error.start].decode()
    else:
        text = text_of(value, source)
    if ROWS[target.kind].byte_count:
        fits = len(text.encode()) <= target.length
        kept = text.encode()[: target.length].decode("utf-8", "ignore")
    else:
        fits, kept = len(text) <= target.length, text[: target.length]
    if not fits:
        if text[len(kept) :].strip(" "):
            complain(context, 1406, column, context.row)
        elif target.kind is not TypeKind.CHAR:
            context.warn(1265, f"Data truncated for column '{column}' at row {context.row}", "Note")
        text = kept
    return text.rstrip(" ") if target.kind is TypeKind.CHAR else text


def _bytes(context: Context, value: Any, source: SqlType, target: SqlType, column: str) -> bytes:
    data = value if isinstance(value, bytes) else text_of(value, source).encode()
    if len(data) > target.length:
        complain(context, 1406, column, context.row)
        data = data[: target.length]
    return data.ljust(target.length, b"\0") if target.kind is TypeKind.BINARY else data


def _member(context: Context, value: Any, source: SqlType, target: SqlType, column: str) -> str:
    if isinstance(value, int | float | Decimal):
        number = int(value)
        is_enum = target.kind is TypeKind.ENUM
        limit = len(target.members) if is_enum else (1 << len(target.members)) - 1
        if (1 if is_enum else 0) <= number <= limit:
            return member_text(number, target)
    else:
        text = text_of(value, source).rstrip(" ")
        try:
            return member_text(member_number(text, target), target)
        except ValueError:
            pass
    complain(context, 1265, column, context.row)
    return ""


def _date(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str
) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    moment = _moment(context, value, source, "date", column)
    return moment.date() if moment is not None else None


def _datetime(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str
) -> datetime | None:
    moment = _moment(context, value, source, "datetime", column)
    if moment is None:
        return None
    try:
        rounded = temporal.with_fsp(
            moment, target.scale, round_up="TIME_TRUNCATE_FRACTIONAL" not in context.sql_mode
        )
    except OverflowError:
        _bad_moment(context, "datetime", text_of(value, source), column)
        return None
    assert isinstance(rounded, datetime)
    if target.kind is TypeKind.TIMESTAMP:
        utc = temporal.local_to_utc(rounded, context.time_zone)
        if not _EARLIEST_TIMESTAMP <= utc <= _LATEST_TIMESTAMP:
            _bad_moment(context, "datetime", text_of(value, source), column)
            return None
    return rounded


def _moment(
    context: Context, value: Any, source: SqlType, wanted: str, column: str
) -> datetime | None:
    if isinstance(value, datetime | date | timedelta):
        return convert.moment_of(context, value, source)
    if isinstance(value, Json):
        if not isinstance(value.value, str | date | timedelta):
            kind = "DATE" if wanted == "date" else "DATETIME/TIMESTAMP"
            complain(context, 3156, kind, "", "json_extract", context.row)
            return None
        if not isinstance(value.value, str):
            return convert.moment_of(context, value.value, source)
        value = value.value
    if isinstance(value, int):
        moment, whole = temporal.datetime_of_number(value), True
        text = str(value)
    elif isinstance(value, Decimal | float):
        exact = Decimal(double_text(value)) if isinstance(value, float) else value
        moment, whole, text = temporal.datetime_of_number(int(exact)), True, str(exact)
        if moment is not None:
            moment += timedelta(microseconds=int((exact - int(exact)) * 1000000))
    else:
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if temporal.is_zero_date(text) and "NO_ZERO_DATE" not in context.sql_mode:
            raise SqlError(1235, "zero dates")
        moment, whole, _ = temporal.parse_datetime(text)
    if moment is None or not whole:
        _bad_moment(context, wanted, text, column)
    return moment


def _bad_moment(context: Context, wanted: str, text: str, column: str) -> None:
    complain(context, 1292, wanted, text, column, context.row)


def _time(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str
) -> timedelta | None:
    match value:
        case timedelta():
            span: timedelta | None = value
        case datetime():
            span = temporal.time_of(value)
        case date():
            span = timedelta(0)
        case _:
            text = (
                jsonb.scalar_text(value.value)
                if isinstance(value, Json)
                else text_of(value, source)
            )
            span, whole = temporal.parse_time(text)
            if span is None or not whole:
                complain(context, 1292, "time", text, column, context.row)
                span = span or timedelta(0)
    assert span is not None
    rounded = temporal.with_fsp(span, target.scale)
    assert isinstance(rounded, timedelta)
    return min(max(rounded, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)


def _json(context: Context, value: Any, source: SqlType, target: SqlType, column: str) -> Json:
    match value:
        case Json():
            return value
        case bytes():
            raise SqlError(3144, "binary")
        case str():
            try:
                return Json(jsonb.parse(value))
            except jsonb.InvalidJson as error:
                raise SqlError(3140, error.message, error.position, column) from None
    raise SqlError(3140, "not a JSON text, may need CAST", 0, column)


_TARGETS: Final[dict[Class, Callable[..., Any]]] = {
    Class.INT: _integer,
    Class.DECIMAL: _decimal,
    Class.DOUBLE: _double,
    Class.STRING: _string,
    Class.DATE: _date,
    Class.DATETIME: _datetime,
    Class.TIME: _time,
    Class.JSON: _json,
}

"""Conversion between classes of values: what CAST does, and what operators do to their arguments.

``convert(context, value, source, target, explicit)`` never fails: what cannot be converted gives a
warning 1292 and the nearest value or NULL. Assignment to columns, which fails, is in `assign.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import jsonb, temporal
from mysqlcompat.errors import SqlError
from mysqlcompat.jsonb import Json, Opaque
from mysqlcompat.numerals import (
    EXACT,
    double_text,
    greatest_decimal,
    leading_decimal,
    leading_double,
    leading_integer,
    round_decimal,
    round_double,
)
from mysqlcompat.sqltypes import BINARY, Class, SqlType
from mysqlcompat.values import member_number, text_of

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context

_I63, _U64 = 1 << 63, 1 << 64


def convert(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str = ""
) -> Any:
    """`value` of type `source` as a value of type `target`.

    explicit  CAST or CONVERT: integers wrap, strings are cut, decimals rounded to the type
    name      text of the expression, for warnings that name a column
    """
    if value is None:
        return None
    return _TARGETS[target.cls](context, value, source, target, explicit, name)


# Numbers ----------------------------------------------------------------------------------------


def to_integer(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> int | None:
    number = integer_of(context, value, source, target.unsigned, name)
    if target.kind is TypeKind.YEAR:
        return _year(context, number, isinstance(value, str))
    if not explicit:
        return number
    return wrap(number, target.unsigned)


def wrap(number: int, unsigned: bool) -> int:
    """The 64 bits of `number`, read as signed or unsigned."""
    number &= _U64 - 1
    return number if unsigned or number < _I63 else number - _U64


def integer_of(
    context: Context, value: Any, source: SqlType, unsigned: bool = False, name: str = ""
) -> int:
    """`value` as an integer: rounded, or the digits a string begins with."""
    match value:
        case int():
            return value
        case Decimal():
            return _clamped(context, int(round_decimal(value, 0)), unsigned, value)
        case float():
            if not abs(value) < _U64:
                return _I63 - 1 if value > 0 else -_I63
            return min(max(round_double(value), -_I63), _U64 - 1 if unsigned else _I63 - 1)
        case str():
            if source.kind in (TypeKind.ENUM, TypeKind.SET):
                return member_number(value, source)
            return _integer_of_text(context, value)
        case bytes():
            return _integer_of_text(context, value.decode("latin-1"))
        case datetime() | date() | timedelta():
            return int(temporal.number_of(_whole_seconds(value)))
        case Json(value=document):
            return _integer_of_json(context, document, unsigned, name)
    raise TypeError(type(value).__name__)


def _clamped(context: Context, number: int, unsigned: bool, value: Decimal) -> int:
    low, high = (0 if unsigned else -_I63), (_U64 if unsigned else _I63) - 1
    if unsigned and -_I63 <= number < 0:
        return number
    if low <= number <= high:
        return number
    context.warn(1292, f"Truncated incorrect DECIMAL value: '{value}'")
    return min(max(number, low), high)


def _integer_of_text(context: Context, text: str) -> int:
    number, whole = leading_integer(text)
    if not -_I63 <= number < _U64:
        number, whole = (_U64 - 1 if number > 0 else -_I63), False
    if not whole:
        context.warn(1292, f"Truncated incorrect INTEGER value: '{text}'")
    return number


def _integer_of_json(context: Context, document: Any, unsigned: bool, name: str) -> int:
    match document:
        case bool():
            return int(document)
        case int():
            return document
        case float():
            return min(max(round(document), -_I63), _U64 - 1)
        case Decimal():
            return _clamped(context, int(round_decimal(document, 0)), unsigned, document)
        case str():
            number, whole = leading_integer(document)
            if whole:
                return number
        case datetime() | date() | timedelta():
            return int(temporal.number_of(_whole_seconds(document)))
    context.warn(3156, f"Invalid JSON value for CAST to INTEGER from column {name} at row 1")
    return 0


def _year(context: Context, number: int, from_text: bool) -> int | None:
    if 0 <= number < 100 and not (number == 0 and not from_text):
        number += 2000 if number < 70 else 1900
    if number == 0 or 1901 <= number <= 2155:
        return number
    context.warn(1292, f"Truncated incorrect YEAR value: '{number}'")
    return None


def _whole_seconds(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return temporal.with_fsp(value, 0)


def to_double(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> float:
    number = 0.0 if explicit and value == "" else double_of(context, value, source, name)
    if target.kind is TypeKind.FLOAT:
        import numpy as np

        return float(np.float32(number))
    return number


def double_of(context: Context, value: Any, source: SqlType, name: str = "") -> float:
    match value:
        case float():
            return value
        case int() | Decimal():
            return float(value)
        case str() | bytes():
            if source.kind in (TypeKind.ENUM, TypeKind.SET) and isinstance(value, str):
                return float(member_number(value, source))
            text = value if isinstance(value, str) else value.decode("latin-1")
            number, whole = leading_double(text)
            if not whole:
                text = text.partition("\0")[0]
                context.warn(1292, f"Truncated incorrect DOUBLE value: '{text}'")
            return number
        case datetime() | date() | timedelta():
            return float(temporal.number_of(value, source.scale))
        case Json(value=document):
            return _double_of_json(context, document, name)
    raise TypeError(type(value).__name__)


def _double_of_json(context: Context, document: Any, name: str) -> float:
    match document:
        case bool() | int() | float() | Decimal():
            return float(document)
        case str():
            number, whole = leading_double(document)
            if whole:
                return number
    context.warn(3156, f"Invalid JSON value for CAST to DOUBLE from column {name} at row 1")
    return 0.0


def to_decimal(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> Decimal:
    number = decimal_of(context, value, source, name)
    if not explicit:
        return round_decimal(number, target.scale)
    rounded = round_decimal(number, target.scale)
    limit = greatest_decimal(target.precision, target.scale)
    if abs(rounded) > limit:
        context.warn(1264, f"Out of range value for column '{name}' at row 1")
        return limit.copy_sign(rounded)
    return rounded


def decimal_of(context: Context, value: Any, source: SqlType, name: str = "") -> Decimal:
    match value:
        case Decimal():
            return value
        case int():
            return Decimal(value)
        case float():
            return _decimal_of_double(value)
        case str() | bytes():
            if source.kind in (TypeKind.ENUM, TypeKind.SET) and isinstance(value, str):
                return Decimal(member_number(value, source))
            text = value if isinstance(value, str) else value.decode("latin-1")
            number, whole = leading_decimal(text)
            if not whole:
                context.warn(1292, f"Truncated incorrect DECIMAL value: '{text}'")
            return number
        case datetime() | date() | timedelta():
            return Decimal(temporal.number_of(value, source.scale))
        case Json(value=document):
            match document:
                case bool() | int() | Decimal():
                    return Decimal(document)
                case float():
                    return _decimal_of_double(document)
                case str():
                    number, whole = leading_decimal(document)
                    if whole:
                        return number
            context.warn(
                3156, f"Invalid JSON value for CAST to DECIMAL from column {name} at row 1"
            )
            return Decimal(0)
    raise TypeError(type(value).__name__)


def _decimal_of_double(value: float) -> Decimal:
    return EXACT.create_decimal(double_text(value))


# Strings ----------------------------------------------------------------------------------------


def to_string(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> str | bytes | None:
    if target.collation == BINARY:
        return _to_binary(context, value, source, target, explicit)
    if isinstance(value, bytes):
        try:
            text = value.decode()
        except UnicodeDecodeError:
            context.warn(
                1300, f"Invalid {target.charset} character string: '{value.hex().upper()}'"
            )
            return None
    else:
        text = text_of(value, source)
    if explicit and len(text) > target.length:
        shown = f"CHAR({target.length})"
        context.warn(1292, f"Truncated incorrect {shown} value: '{text}'")
        return text[: target.length]
    return text


def _to_binary(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool
) -> bytes:
    data = value if isinstance(value, bytes) else text_of(value, source).encode()
    if not explicit:
        return data
    if len(data) > target.length:
        text = data.decode("utf-8", "replace")
        context.warn(1292, f"Truncated incorrect BINARY({target.length}) value: '{text}'")
        return data[: target.length]
    return data.ljust(target.length, b"\0") if target.precision else data


# Temporals --------------------------------------------------------------------------------------


def to_date(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> date | None:
    match value:
        case datetime():
            return value.date()
        case date():
            return value
    moment = moment_of(context, value, source, "date", name)
    return moment.date() if moment is not None else None


def to_datetime(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> datetime | None:
    moment = moment_of(context, value, source, "datetime", name)
    if moment is None:
        return None
    try:
        rounded = temporal.with_fsp(
            moment, target.scale, round_up="TIME_TRUNCATE_FRACTIONAL" not in context.sql_mode
        )
    except OverflowError:
        context.warn(1441, "Datetime function: datetime field overflow")
        return None
    assert isinstance(rounded, datetime)
    return rounded


def moment_of(
    context: Context, value: Any, source: SqlType, wanted: str = "datetime", name: str = ""
) -> datetime | None:
    """`value` as a point in time, with all its fractional digits; None after a warning."""
    match value:
        case datetime():
            return value
        case date():
            return datetime(value.year, value.month, value.day)
        case timedelta():
            today = temporal.local_of_us(context.now_us, context.time_zone)
            return datetime(today.year, today.month, today.day) + value
        case int():
            moment = temporal.datetime_of_number(value)
            if moment is None:
                context.warn(1292, f"Incorrect datetime value: '{wrap(value, False)}'")
            return moment
        case Decimal() | float():
            return _moment_of_fraction(context, value, wanted)
        case Json(value=document):
            return _moment_of_json(context, document, source, wanted, name)
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return _moment_of_text(context, text, wanted)


def _moment_of_fraction(context: Context, value: Decimal | float, wanted: str) -> datetime | None:
    exact = value if isinstance(value, Decimal) else _decimal_of_double(value)
    whole = int(exact)
    moment = temporal.datetime_of_number(whole)
    if moment is None:
        shown = double_text(value) if isinstance(value, float) else str(exact)
        if wanted == "date" and isinstance(value, float) and abs(value) < _I63:
            context.warn(1292, f"Incorrect datetime value: '{whole}'")
        elif wanted == "date":
            context.warn(1292, f"Truncated incorrect date value: '{shown}'")
        else:
            context.warn(1292, f"Incorrect datetime value: '{shown}'")
        return None
    micros = int(EXACT.scaleb(abs(exact) - abs(whole), 6))
    return moment + timedelta(microseconds=micros)


def _moment_of_json(
    context: Context, document: Any, source: SqlType, wanted: str, name: str
) -> datetime | None:
    match document:
        case str() if temporal.parse_datetime(document)[0] is not None:
            return _moment_of_text(context, document, wanted)
        case datetime() | date() | timedelta():
            return moment_of(context, document, source, wanted)
    shown = "DATE" if wanted == "date" else "DATETIME/TIMESTAMP"
    context.warn(3156, f"Invalid JSON value for CAST to {shown} from column {name} at row 1")
    return None


def _moment_of_text(context: Context, text: str, wanted: str) -> datetime | None:
    if temporal.is_zero_date(text) and "NO_ZERO_DATE" not in context.sql_mode:
        raise SqlError(1235, "zero dates")
    moment, whole, has_time = temporal.parse_datetime(text)
    if moment is None:
        shown = "Truncated incorrect date" if wanted == "date" else f"Incorrect {wanted}"
        context.warn(1292, f"{shown} value: '{text}'")
        return None
    if not whole:
        shown = "datetime" if has_time else "date"
        context.warn(1292, f"Truncated incorrect {shown} value: '{text}'")
    return moment


def to_time(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> timedelta | None:
    span = span_of(context, value, source)
    if span is None:
        return None
    rounded = temporal.with_fsp(span, target.scale)
    assert isinstance(rounded, timedelta)
    return min(max(rounded, -temporal.TIME_LIMIT), temporal.TIME_LIMIT)


def span_of(context: Context, value: Any, source: SqlType) -> timedelta | None:
    """`value` as a TIME, with all its fractional digits; None after a warning."""
    match value:
        case timedelta():
            return value
        case datetime():
            return temporal.time_of(value)
        case date():
            return timedelta(0)
        case Json(value=document):
            return span_of(context, jsonb.scalar_text(document), source)
        case int() | Decimal() | float():
            text = text_of(value, source)
        case bytes():
            text = value.decode("latin-1")
        case _:
            text = str(value)
    span, whole = temporal.parse_time(text)
    if span is None or not whole:
        context.warn(1292, f"Truncated incorrect time value: '{text}'")
    return span


# JSON -------------------------------------------------------------------------------------------


def to_json(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> Json:
    """CAST(… AS JSON): strings are parsed, everything else becomes a scalar."""
    if explicit and isinstance(value, str):
        return parse_json(value, 1, "cast_as_json")
    return json_scalar(value, source)


def parse_json(text: str, argument_no: int, function: str) -> Json:
    try:
        return Json(jsonb.parse(text))
    except jsonb.InvalidJson as error:
        raise SqlError(3141, argument_no, function, error.message, error.position, "") from None


def is_boolean(sql_type: SqlType) -> bool:
    """TRUE, FALSE and predicates: JSON shows them as true and false."""
    return sql_type.kind is TypeKind.BIGINT and sql_type.length == 1


def json_scalar(value: Any, source: SqlType) -> Json:
    """A SQL value as a JSON value; NULL is JSON's null, a string is a JSON string."""
    match value:
        case Json():
            return value
        case int() if is_boolean(source):
            return Json(bool(value))
        case bytes():
            return Json(Opaque(16 if source.kind is TypeKind.BIT else 15, value))
    return Json(value)


def to_null(*_: Any) -> None:
    return None


_TARGETS: Final[dict[Class, Callable[..., Any]]] = {
    Class.NULL: to_null,
    Class.INT: to_integer,
    Class.DECIMAL: to_decimal,
    Class.DOUBLE: to_double,
    Class.STRING: to_string,
    Class.DATE: to_date,
    Class.DATETIME: to_datetime,
    Class.TIME: to_time,
    Class.JSON: to_json,
}

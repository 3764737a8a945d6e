"""Conversion between classes of values: what CAST does, and what operators do to their arguments.

``convert(context, value, source, target, explicit)`` hardly fails: what cannot be converted gives a
warning 1292 and the nearest value or NULL. Assignment to columns, which fails, is in `assign.py`;
conversion to dates and times in `convert_temporal.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from btree.schema import TypeKind
from mysqlcompat import jsonb, temporal
from mysqlcompat.character_sets import ascii_of, decoded, encoded, representable
from mysqlcompat.convert_temporal import bit_bytes, to_date, to_datetime, to_time
from mysqlcompat.decimal_reading import (
    MOST_DIGITS,
    DecimalRead,
    leading_decimal,
    read_decimal,
)
from mysqlcompat.errors import SqlError
from mysqlcompat.jsonb import CODE_BIT, Json, Opaque, Unsigned, timestamp_of
from mysqlcompat.message_text import shown, shown_as_c, shown_number, text_for_number
from mysqlcompat.numerals import (
    decimal_text,
    double_text,
    double_text_within,
    fitted_decimal,
    greatest_decimal,
    leading_double,
    leading_integer,
    round_decimal,
    round_double,
)
from mysqlcompat.partial_dates import PartialDate, has_clock
from mysqlcompat.sqltypes import BINARY, NOT_FIXED, Class, SqlType
from mysqlcompat.values import member_number, text_of

if TYPE_CHECKING:
    from mysqlcompat.functions.table import Context

_MINUS_ZERO: Final = re.compile(r"\s*-[0-9]")
_I63, _U64 = 1 << 63, 1 << 64
#: Columns whose text MySQL reads as a DOUBLE without a word about what is behind the number.
QUIET_KINDS: Final = (TypeKind.TEXT, TypeKind.TINYTEXT, TypeKind.BLOB, TypeKind.TINYBLOB)
DOUBLE_CHARACTERS: Final = 22  #: of a double where it becomes text
_SHOWN_BYTES: Final = 3  #: of what is no text, in warnings
_STRICT: Final = {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"}
GREATEST_FLOAT: Final = float(np.finfo(np.float32).max)


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
    if target.kind is TypeKind.YEAR:
        return to_year(context, value, source, name)
    if not explicit and source.kind in QUIET_KINDS and isinstance(value, str | bytes):
        number, _ = leading_integer(text_for_number(value))
        return min(max(number, -_I63), _I63 - 1)
    number = integer_of(context, value, source, target.unsigned, name)
    if not explicit:
        return number
    if isinstance(value, str | bytes) and source.kind not in (TypeKind.ENUM, TypeKind.SET):
        tell_wrapped(context, target.unsigned, text_for_number(value))
    return wrap(number, target.unsigned)


def tell_wrapped(context: Context, unsigned: bool, text: str) -> None:
    """Warn of an integer in a text that has no place in the 64 bits of one with or without sign,
    where zero may have one, too."""
    written = leading_integer(text)[0]
    is_negative = written < 0 or (not written and _MINUS_ZERO.match(text) is not None)
    if unsigned and is_negative and written >= -_I63:
        said = "Cast to unsigned converted negative integer to its positive complement"
    elif not unsigned and _I63 <= written < _U64:
        said = "Cast to signed converted positive out-of-range integer to its negative complement"
    else:
        return
    context.warn(1105, said)


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
            return _clamped(context, value, unsigned or source.unsigned)
        case float():
            return integer_of_double(value)
        case str():
            if source.kind in (TypeKind.ENUM, TypeKind.SET):
                return member_number(value, source)
            return _integer_of_text(context, value, value)
        case bytes():
            return _integer_of_text(context, value.decode("latin-1"), value)
        case date() | PartialDate() | timedelta():
            return int(temporal.number_of(_whole_seconds(context, value)))
        case Json(value=document):
            return _integer_of_json(context, document, unsigned, name)
    raise TypeError(type(value).__name__)


def integer_of_double(value: float) -> int:
    """Rounded, within the range of BIGINT."""
    if not abs(value) < _I63:
        return _I63 - 1 if value > 0 else -_I63
    return round_double(value)


def _clamped(context: Context, value: Decimal, unsigned: bool) -> int:
    number = int(round_decimal(value, 0))
    high = (_U64 if unsigned else _I63) - 1
    if -_I63 <= number <= high:
        return number
    context.warn(1292, f"Truncated incorrect DECIMAL value: '{decimal_text(value)}'")
    return min(max(number, -_I63), high)


def _integer_of_text(context: Context, text: str, given: str | bytes) -> int:
    number, whole = leading_integer(text)
    if not -_I63 <= number < _U64:
        number, whole = (_U64 - 1 if number > 0 else -_I63), False
    if not whole:
        context.warn(1292, f"Truncated incorrect INTEGER value: '{shown(given)}'")
    return number


def _integer_of_json(context: Context, document: Any, unsigned: bool, name: str) -> int:
    match document:
        case bool():
            return int(document)
        case int():
            return document
        case float():
            if abs(document) >= _I63:
                _json_out_of_range(context, "INTEGER", name)
            return integer_of_double(document)
        case Decimal():
            return _clamped(context, document, unsigned)
        case str():
            number, whole = leading_integer(document)
            if not whole or document[-1:].isspace():
                _invalid_json(context, "INTEGER", name)
            return number
    _invalid_json(context, "INTEGER", name)
    return 0


def _invalid_json(context: Context, kind: str, name: str) -> None:
    text = f"Invalid JSON value for CAST to {kind} from column {name} at row {context.row}"
    context.warn(3156, text)


def _json_out_of_range(context: Context, kind: str, name: str) -> None:
    text = f"Out of range JSON value for CAST to {kind} from column {name} at row {context.row}"
    context.warn(3155, text)


def to_year(context: Context, value: Any, source: SqlType, name: str) -> int | None:
    """CAST(… AS YEAR): two digits are of 1970 to 2069; NULL outside 1901 to 2155."""
    match value:
        case str() | bytes() if source.kind not in (TypeKind.ENUM, TypeKind.SET):
            text = text_for_number(value)
            number, _ = leading_integer(text)
            if not _YEAR_TEXT.match(text) or number >= _U64:
                context.warn(1525, f"Incorrect YEAR value: '{shown(value)}'")
                return None
            if not text.strip("+ \t").isdigit() or text != text.rstrip():
                context.warn(1292, f"Truncated incorrect YEAR value: '{shown(value)}'")
            if number == 0:
                return 2000
        case date() | PartialDate():
            number = value.year
        case timedelta():
            number = temporal.local_of_us(context.now_us, context.time_zone).year
        case _:
            number = integer_of(context, value, source, False, name)
    if 0 < number < 100 and not isinstance(value, date | PartialDate):
        number += 2000 if number < 70 else 1900
    if number == 0 or 1901 <= number <= 2155:
        return number
    context.warn(1292, f"Truncated incorrect YEAR value: '{shown_number(number)}'")
    return None


_YEAR_TEXT: Final = re.compile(r"[ \t]*\+?\d")


def _whole_seconds(context: Context, value: Any) -> Any:
    if not isinstance(value, timedelta) and not has_clock(value):
        return value
    try:
        return temporal.with_fsp(value, 0)
    except OverflowError:  # past the last year
        context.warn(1441, SqlError(1441, "datetime").message)
        return value.replace(hour=0, minute=0, second=0, microsecond=0)


def to_double(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> float:
    number = double_of(context, value, source, name)
    if target.kind is TypeKind.FLOAT and explicit:
        if abs(number) > GREATEST_FLOAT:
            raise SqlError(1690, "DOUBLE", name)
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
            number, whole = leading_double(text_for_number(value))
            if not whole and value.strip() and source.kind not in QUIET_KINDS:
                text = shown(value) if isinstance(value, bytes) else shown_as_c(value)
                context.warn(1292, f"Truncated incorrect DOUBLE value: '{text}'")
            return number
        case date() | PartialDate() | timedelta():
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
            if (not whole and document) or document[-1:].isspace():
                _invalid_json(context, "DOUBLE", name)
            return number
    _invalid_json(context, "DOUBLE", name)
    return 0.0


def to_decimal(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> Decimal:
    number = decimal_of(context, value, source, name)
    if not explicit:
        made = number if target.mixed else fitted_decimal(number, target.scale)
        return made or made.copy_abs()
    limit = greatest_decimal(target.precision, target.scale)
    if number.adjusted() <= target.precision:
        rounded = round_decimal(number, target.scale)
        if abs(rounded) <= limit:
            return rounded or rounded.copy_abs()
    context.warn(1264, f"Out of range value for column '{name}' at row 1")
    return limit.copy_sign(number)


def decimal_of(context: Context, value: Any, source: SqlType, name: str = "") -> Decimal:
    match value:
        case Decimal():
            return value
        case int():
            return Decimal(value)
        case float():
            return decimal_of_double(context, value)
        case str() | bytes():
            if source.kind in (TypeKind.ENUM, TypeKind.SET) and isinstance(value, str):
                return Decimal(member_number(value, source))
            return _decimal_of_text(context, value)
        case date() | PartialDate() | timedelta():
            scale = source.scale if temporal.has_fraction(value) else 0
            return Decimal(temporal.number_of(value, scale))
        case Json(value=document):
            match document:
                case int():
                    return Decimal(wrap(document, False))
                case Decimal():
                    return document
                case float():
                    return decimal_of_json_double(context, document, name)
                case str():
                    number, whole = leading_decimal(document)
                    if not whole:
                        _invalid_json(context, "DECIMAL", name)
                    return number
            _invalid_json(context, "DECIMAL", name)
            return Decimal(0)
    raise TypeError(type(value).__name__)


def _decimal_of_text(context: Context, value: str | bytes) -> Decimal:
    read = read_decimal(text_for_number(value))
    _tell_left(context, read)
    if not read.is_whole:
        text = shown(value) if isinstance(value, bytes) else shown_as_c(value)
        context.warn(1292, f"Truncated incorrect DECIMAL value: '{text}'")
    return read.value


def _tell_left(context: Context, read: DecimalRead) -> None:
    """Warn of a number that no decimal has room for."""
    if read.left is not None:
        context.warn(1292, f"Truncated incorrect DECIMAL value: '{read.left}'")


def decimal_of_varying(
    context: Context, value: str | bytes, source: SqlType, is_column: bool
) -> Decimal:
    """A text that is no constant as a DECIMAL: MySQL has other words for one without a number, and
    speaks of what is behind a number in columns only, and not in TEXT and BLOB."""
    read = read_decimal(text_for_number(value))
    _tell_left(context, read)
    if not read.is_number:
        context.warn(1366, "Incorrect DECIMAL value: '0' for column '' at row -1")
    if not read.is_whole and is_column and source.kind not in QUIET_KINDS:
        context.warn(1292, f"Truncated incorrect DECIMAL value: '{shown_as_c(value)}'")
    return read.value


def decimal_of_json_double(context: Context, value: float, name: str) -> Decimal:
    number = decimal_of_double(context, value)
    if abs(value) >= 10.0**MOST_DIGITS:
        context.warn(
            3155,
            f"Out of range JSON value for CAST to DECIMAL from column {name} at row {context.row}",
        )
    return number


def decimal_of_double(context: Context, value: float) -> Decimal:
    read = read_decimal(double_text(value))
    _tell_left(context, read)
    return read.value


# Strings ----------------------------------------------------------------------------------------


def to_string(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> str | bytes | None:
    if source.kind is TypeKind.BIT and isinstance(value, int):
        value = str(value) if source.mixed else bit_bytes(value, source)
    if target.collation == BINARY:
        return _to_binary(context, value, source, target, explicit)
    if isinstance(value, bytes):
        try:
            text = decoded(value, target.charset)
        except UnicodeDecodeError as error:
            wrong = value[error.start : error.start + _SHOWN_BYTES].hex().upper()
            context.warn(1300, f"Invalid {target.charset} character string: '{wrong}'")
            if target.charset == "ascii":
                text = ascii_of(value)
            elif not explicit or context.sql_mode & _STRICT:
                return None
            else:
                text = decoded(value[: error.start], target.charset)
    else:
        text = _text_of(value, source)
        if explicit:
            text = representable(text, target.collation)
    if explicit and target.precision and len(text) > target.length:
        kept = text[: target.length]
        wanted = f"CHAR({len(kept.encode('utf-8', 'surrogateescape'))})"  # bytes, not characters
        context.warn(1292, f"Truncated incorrect {wanted} value: '{shown_as_c(text)}'")
        return kept
    return text


def _text_of(value: Any, source: SqlType) -> str:
    if isinstance(value, float) and source.kind is TypeKind.DOUBLE and source.scale == NOT_FIXED:
        return double_text_within(value, DOUBLE_CHARACTERS)
    return text_of(value, source)


def _to_binary(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool
) -> bytes:
    if isinstance(value, bytes):
        data = value
    else:
        data = encoded(_text_of(value, source), source.collation)
    if not explicit or not target.precision:
        return data
    if len(data) > target.length:
        wanted = f"BINARY({target.length})"
        context.warn(1292, f"Truncated incorrect {wanted} value: '{shown(data)}'")
        return data[: target.length]
    return data.ljust(target.length, b"\0")


# JSON -------------------------------------------------------------------------------------------


def to_json(
    context: Context, value: Any, source: SqlType, target: SqlType, explicit: bool, name: str
) -> Json:
    """CAST(… AS JSON): strings are parsed, everything else becomes a scalar."""
    if explicit and isinstance(value, str) and source.kind not in (TypeKind.ENUM, TypeKind.SET):
        return parse_json(value, 1, "cast_as_json")
    return json_scalar(value, source)


def parse_json(text: str, argument_no: int, function: str) -> Json:
    try:
        return Json(jsonb.parse(text))
    except jsonb.InvalidJson as error:
        raise SqlError(3141, argument_no, function, error.message, error.position, "") from None


#: Kinds of strings -> what JSON calls them if they are bytes; others are VARCHAR, which is 15.
_OPAQUE_CODES: Final = {
    TypeKind.BIT: CODE_BIT,
    TypeKind.TINYBLOB: 249,
    TypeKind.MEDIUMBLOB: 250,
    TypeKind.LONGBLOB: 251,
    TypeKind.BLOB: 252,
    **dict.fromkeys((TypeKind.CHAR, TypeKind.BINARY), 254),
}


def opaque_code(source: SqlType) -> int:
    """What JSON calls the type of a string that is bytes."""
    return _OPAQUE_CODES.get(source.kind, 15)


def is_boolean(sql_type: SqlType) -> bool:
    """TRUE, FALSE and predicates: JSON shows them as true and false."""
    is_one_digit = sql_type.length == 1 and not sql_type.unsigned
    return sql_type.kind is TypeKind.BIGINT and is_one_digit


def json_scalar(value: Any, source: SqlType) -> Json:
    """A SQL value as a JSON value; NULL is JSON's null, a string is a JSON string."""
    match value:
        case Json():
            return value
        case int() if is_boolean(source):
            return Json(bool(value))
        case int() if source.kind is TypeKind.BIT:
            data = str(value).encode() if source.mixed else bit_bytes(value, source)
            return Json(Opaque(CODE_BIT, data))
        case int() if source.unsigned or source.kind is TypeKind.YEAR:
            return Json(Unsigned(value))
        case bytes():
            return Json(Opaque(opaque_code(source), value))
        case datetime() if source.kind is TypeKind.TIMESTAMP:
            return Json(timestamp_of(value))
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

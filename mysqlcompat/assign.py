"""Assignment of a value to a column: the conversions that fail in strict mode.

Outside strict mode (and with IGNORE) what would be an error becomes a warning, and the value is
adjusted: clamped, cut, or zero. Dates and times: `assign_temporal.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np

from btree.schema import TypeKind
from mysqlcompat import convert, jsonb
from mysqlcompat.assign_temporal import to_date_column, to_datetime_column, to_time_column
from mysqlcompat.character_sets import decoded
from mysqlcompat.convert_temporal import bit_bytes
from mysqlcompat.decimal_reading import leading_decimal, read_decimal
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.table import Context
from mysqlcompat.json_stored import StoredJson
from mysqlcompat.jsonb import Json
from mysqlcompat.message_text import shown, shown_as_c, text_for_number
from mysqlcompat.numerals import (
    double_text,
    double_text_within,
    greatest_decimal,
    integer_of_digits,
    leading_double,
    leading_integer,
    round_decimal,
    round_double,
)
from mysqlcompat.partial_dates import PartialDate
from mysqlcompat.sqltypes import BINARY, NOT_FIXED, ROWS, Class, SqlType
from mysqlcompat.temporal import local_of_us
from mysqlcompat.values import member_number, member_text, text_of
from mysqlcompat.without_value import nothing

_I63: Final = 1 << 63
_LONGEST_BIT: Final = 64


def assign(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, origin: str = ""
) -> Any:
    """`value` as the column `column` of type `target` will hold it.

    column  name for messages; ``table.column`` for JSON columns
    origin  what the value came from, for messages about JSON
    Raises 1048, 1264, 1265, 1292, 1366, 1406, 3140, 3144, 3156 in strict mode.
    """
    name = column.rsplit(".", 1)[-1]
    if value is None:
        return None if target.nullable else nothing(context, target, name)
    known = column if target.cls is Class.JSON else name
    made = _TARGETS[target.cls](context, value, source, target, known, origin)
    return nothing(context, target, name) if made is None and not target.nullable else made


def complain(context: Context, errno: int, *arguments: Any, lenient: int = 0) -> None:
    """An error in strict mode, a warning otherwise: `lenient`, if it has another number."""
    if context.strict:
        raise SqlError(errno, *arguments)
    number = lenient or errno
    context.warn(number, SqlError(number, *arguments).message)


# Numbers ----------------------------------------------------------------------------------------


def _integer(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, origin: str
) -> int:
    if target.kind is TypeKind.BIT and isinstance(value, str | bytes):
        return _bits(context, value, source, target, column)
    if isinstance(value, date | PartialDate | timedelta) and target.kind in _PARTLY:
        if target.kind is TypeKind.BIT:
            return _bits(context, text_of(value, source), source, target, column)
        return _year(context, _year_of(context, value), value, 0, column)
    is_text = isinstance(value, str | bytes) and not _is_literal_number(value, source)
    if is_text and source.kind not in (TypeKind.ENUM, TypeKind.SET):
        number, errno = _integer_of_text(text_for_number(value))
    else:
        number, errno = _integer_of(context, value, source, target, column, origin), 0
    low, high = target.range
    if target.kind is TypeKind.YEAR:
        return _year(context, number, value, errno, column)
    if errno and low <= number <= high:
        _bad_text(context, errno, value, column)
    return _in_range(context, number, target, column)


_PARTLY: Final = (TypeKind.BIT, TypeKind.YEAR)  #: kinds to which a date is no plain number


def _year_of(context: Context, value: Any) -> int:
    """The year of a date; of a time, today's."""
    if isinstance(value, timedelta):
        return local_of_us(context.now_us, context.time_zone).year
    return int(value.year)


def _bits(
    context: Context, value: str | bytes, source: SqlType, target: SqlType, column: str
) -> int:
    data = value.encode() if isinstance(value, str) else value
    if _is_literal_number(value, source) and target.length == _LONGEST_BIT < 8 * len(value):
        complain(context, 1264, column, context.row)
        return 2 * _I63 - 1
    return _in_range(context, int.from_bytes(data, "big"), target, column)


def _is_literal_number(value: Any, source: SqlType) -> bool:
    """A hexadecimal or bit literal, which is a number where one is wanted."""
    return isinstance(value, bytes) and source.scale != NOT_FIXED


def _integer_of_text(text: str) -> tuple[int, int]:
    """The rounded number a text begins with, and 0 or what is wrong: 1366 no number, 1265 more."""
    read = read_decimal(text)
    if read.left is not None or read.value.adjusted() > 30:
        return (1 << 70) * (-1 if text.lstrip().startswith("-") else 1), 0
    wrong = 0 if read.is_whole or read.is_cut else (1265 if _has_digits(text) else 1366)
    return int(round_decimal(read.value, 0)), wrong


def _bad_text(context: Context, errno: int, value: Any, column: str) -> None:
    if errno == 1265:
        complain(context, 1265, column, context.row)
    else:
        complain(context, 1366, "integer", shown(value), column, context.row)


def _integer_of(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, origin: str
) -> int:
    is_bit = target.kind is TypeKind.BIT
    match value:
        case float() if is_bit or target.kind is TypeKind.YEAR:
            whole = convert.integer_of_double(float(int(value)))
            return whole & (2 * _I63 - 1) if is_bit else whole
        case float():
            if target.kind is TypeKind.INT and target.unsigned and value > target.range[1]:
                complain(context, 1264, column, context.row)  # MySQL says it twice
            return round_double(value) if abs(value) < 1e30 else int(value)
        case Decimal():
            number = int(round_decimal(value, 0))
            unsigned = target.unsigned or is_bit
            low, high = (0, 2 * _I63 - 1) if unsigned else (-_I63, _I63 - 1)
            if (is_bit and number < 0) or not low <= number <= high:
                complain(context, 1264, column, context.row)
            return min(max(number, low), high)
        case Json():
            number = _json_integer(context, value, origin)
            return convert.wrap(number, target.unsigned) if _I63 <= number < 2 * _I63 else number
        case bytes():
            return _literal_number(context, value, target, column)
        case int() if is_bit:
            return value & (2 * _I63 - 1)
    return convert.integer_of(context, value, source)


def _literal_number(context: Context, value: bytes, target: SqlType, column: str) -> int:
    """A hexadecimal or bit literal as what a column's sign has room for."""
    number = int.from_bytes(value, "big")
    high = 2 * _I63 - 1 if target.unsigned or target.kind is TypeKind.BIT else _I63 - 1
    if target.cls is Class.INT and len(value) <= 8:
        return number
    if number > high and high <= _greatest(target):  # else the column complains
        complain(context, 1264, column, context.row)
    return min(number, high)


def _greatest(target: SqlType) -> Any:
    """The greatest value of a numeric column."""
    if target.cls is Class.INT:
        return target.range[1]
    if target.cls is Class.DECIMAL or target.scale != NOT_FIXED:
        return greatest_decimal(target.precision, target.scale)
    return _GREATEST_DOUBLE


def _year(context: Context, number: int, value: Any, errno: int, column: str) -> int:
    from_text = isinstance(value, str)
    if errno == 1366:
        _bad_text(context, errno, value, column)
        return 0
    if number < 0 or 100 <= number < 1901 or number > 2155:
        complain(context, 1264, column, context.row)
        return 0
    if errno:
        _bad_text(context, errno, value, column)
    if number < 100 and (number or (from_text and len(text_for_number(value)) != 4)):
        number += 2000 if number < 70 else 1900
    return number


def _in_range(context: Context, number: int, target: SqlType, column: str) -> int:
    low, high = target.range
    if low <= number <= high:
        return number
    if target.kind is TypeKind.BIT:
        complain(context, 1406, column, context.row, lenient=1264)
        return high
    complain(context, 1264, column, context.row)
    return min(max(number, low), high)


def _has_digits(text: str) -> bool:
    head = text.lstrip(" \t\n\r\v\f")
    head = head[1:] if head[:1] in ("+", "-") else head
    return head[:1].isdigit() or (head[:1] == "." and head[1:2].isdigit())


def _json_integer(context: Context, value: Json, origin: str) -> int:
    """The number a document stands for, doubles rounded half to even; within 64 bits."""
    match value.value:
        case float() as document if not -_I63 <= document < _I63:
            complain(context, 3155, "INTEGER", "", origin, context.row)
            return _I63 - 1 if document > 0 else -_I63
        case float() as document:
            return round(document)
        case Decimal() as document:
            return int(round_decimal(document, 0))
        case str() as document:
            number, whole = leading_integer(document)
            if not whole or document[-1:].isspace():
                complain(context, 3156, "INTEGER", "", origin, context.row)
            return number
    return int(_json_number(context, value, "INTEGER", origin))


def _json_number(context: Context, value: Json, wanted: str, origin: str) -> int | float | Decimal:
    document = value.value
    match document:
        case bool():
            return int(document)
        case int():
            return document if wanted == "DOUBLE" else convert.wrap(document, False)
        case float() | Decimal():
            return document
        case str():
            number, whole = leading_decimal(document)
            whole = whole and not (wanted == "DOUBLE" and document[-1:].isspace())
            if not whole and (document or wanted != "DOUBLE"):
                complain(context, 3156, wanted, "", origin, context.row)
            return number
    complain(context, 3156, wanted, "", origin, context.row)
    return 0


def _decimal(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, origin: str
) -> Decimal:
    cut = False
    match value:
        case str() | bytes() if not _is_literal_number(value, source):
            number, cut = _decimal_of_text(context, value, column)
        case bytes():
            number = Decimal(_literal_number(context, value, target, column))
        case Json(value=float() as document):
            number = convert.decimal_of_json_double(context, document, origin)
        case Json():
            number = Decimal(_json_number(context, value, "DECIMAL", origin))
        case float():
            number = Decimal(double_text(value))
        case _:
            number = convert.decimal_of(context, value, source)
    if cut:
        context.warn(1265, SqlError(1265, column, context.row).message, "Note")
    limit = greatest_decimal(target.precision, target.scale)
    beyond = number.adjusted() > target.precision
    rounded = limit.copy_sign(number) if beyond else round_decimal(number, target.scale)
    if beyond or rounded.copy_abs() > limit or (target.unsigned and rounded < 0):
        complain(context, 1264, column, context.row)
        nothing_of_it = target.unsigned and rounded < 0
        return Decimal(0).scaleb(-target.scale) if nothing_of_it else limit.copy_sign(rounded)
    if rounded != number and not cut:
        context.warn(1265, f"Data truncated for column '{column}' at row {context.row}", "Note")
    return rounded


def _decimal_of_text(context: Context, value: str | bytes, column: str) -> tuple[Decimal, bool]:
    """The number, and whether text behind it was cut off."""
    read = read_decimal(text_for_number(value))
    if read.is_whole:
        return read.value, False
    if context.strict or not read.is_number:
        complain(context, 1366, "decimal", shown(value), column, context.row)
        return read.value, False
    if read.is_cut:
        context.warn(1265, f"Data truncated for column '{column}' at row {context.row}", "Note")
    return read.value, read.left is None and not read.is_cut


def _double(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, origin: str
) -> float:
    match value:
        case str() | bytes() if not _is_literal_number(value, source):
            text = text_for_number(value)
            number, whole = leading_double(text)
            if abs(number) == _GREATEST_DOUBLE and not whole:
                complain(context, 1264, column, context.row)
            elif not whole:
                said = shown(value) if isinstance(value, bytes) else shown_as_c(value)
                complain(context, 1366, target.kind.name, said, column, context.row)
        case bytes():
            number = float(_literal_number(context, value, target, column))
        case Json():
            number = float(_json_number(context, value, "DOUBLE", origin))
        case _:
            number = convert.double_of(context, value, source)
    if target.unsigned and number < 0:
        complain(context, 1264, column, context.row)
        return 0.0
    limit = _GREATEST_DOUBLE if target.kind is TypeKind.DOUBLE else convert.GREATEST_FLOAT
    if target.scale != NOT_FIXED:
        limit = min(limit, float(greatest_decimal(target.precision, target.scale)))
        exact = Decimal(double_text(number))
        number = float(round_decimal(exact, target.scale)) if abs(number) < 1e50 else number
    if abs(number) > limit:
        complain(context, 1264, column, context.row)
        number = limit if number > 0 else -limit
    return number if target.kind is TypeKind.DOUBLE else float(np.float32(number))


_GREATEST_DOUBLE: Final = 1.7976931348623157e308


# Strings ----------------------------------------------------------------------------------------


def _string(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, origin: str
) -> str | bytes:
    if target.kind in (TypeKind.ENUM, TypeKind.SET):
        return _member(context, value, source, target, column)
    if source.kind is TypeKind.BIT and isinstance(value, int):
        value = bit_bytes(value, source)
    if target.collation == BINARY:
        return _bytes(context, value, source, target, column)
    width = 0 if ROWS[target.kind].byte_count else target.length
    text, is_narrowed = _text(context, value, source, target, column, width)
    if ROWS[target.kind].byte_count:
        fits = len(text.encode()) <= target.length
        kept = text.encode()[: target.length].decode("utf-8", "ignore")
    else:
        fits, kept = len(text) <= target.length, text[: target.length]
    if not fits:
        if is_narrowed:
            pass  # that much has been complained about
        elif text[len(kept) :].strip(" "):
            complain(context, 1406, column, context.row, lenient=1265)
        elif target.kind is not TypeKind.CHAR:
            context.warn(1265, f"Data truncated for column '{column}' at row {context.row}", "Note")
        text = kept
    return text.rstrip(" ") if target.kind is TypeKind.CHAR else text


def _text(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, width: int
) -> tuple[str, bool]:
    """A value as text that the column's character set has, and whether some of it it had not."""
    if isinstance(value, bytes):
        try:
            return decoded(value, target.charset), False
        except UnicodeDecodeError as error:
            complain(context, 1366, "string", _hex(value[error.start :]), column, context.row)
            return decoded(value[: error.start], target.charset), False
    text = _plain_text(value, source, width)
    if target.charset in ("utf8mb4", source.charset):
        return text, False
    narrowed = _narrowed(context, text, target, column)
    return narrowed, narrowed != text


def _plain_text(value: Any, source: SqlType, width: int) -> str:
    """A value as text: a double, a FLOAT as one, rounded to the `width` of a column (0: none)."""
    if isinstance(value, float) and source.scale == NOT_FIXED:
        return double_text_within(value, width or convert.DOUBLE_CHARACTERS)
    return text_of(value, source)


def _narrowed(context: Context, text: str, target: SqlType, column: str) -> str:
    """`text` with a question mark for what the column's character set lacks."""
    from mysqlcompat.wire.charsets import default_collation

    codec = default_collation(target.charset).charset.codec
    widest = "\uffff" if target.charset == "utf8mb3" else "\U0010ffff"
    lacks = [one > widest or not _has(codec, one) for one in text]
    at = lacks.index(True) if True in lacks else None
    if at is None:
        return text
    complain(context, 1366, "string", _hex(text[at:].encode()), column, context.row)
    return "".join("?" if lack else one for one, lack in zip(text, lacks, strict=True))


def _hex(data: bytes) -> str:
    """The first bytes that do not fit, as messages show them."""
    shown_bytes = (chr(one) if 32 <= one < 127 else f"\\x{one:02X}" for one in data[:6])
    return "".join(shown_bytes) + ("..." if len(data) > 6 else "")


def _has(codec: str, character: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def _bytes(context: Context, value: Any, source: SqlType, target: SqlType, column: str) -> bytes:
    width = 0 if ROWS[target.kind].byte_count else target.length
    data = value if isinstance(value, bytes) else _plain_text(value, source, width).encode()
    if len(data) > target.length:
        complain(context, 1406, column, context.row, lenient=1265)
        data = data[: target.length]
    return data.ljust(target.length, b"\0") if target.kind is TypeKind.BINARY else data


def _member(context: Context, value: Any, source: SqlType, target: SqlType, column: str) -> str:
    is_enum = target.kind is TypeKind.ENUM
    limit = len(target.members) if is_enum else (1 << len(target.members)) - 1
    if isinstance(value, int | float | Decimal):
        if isinstance(value, Decimal | float):  # whose fraction is cut
            number = max(min(int(value), 2 * _I63 - 1), -_I63)
        else:
            number = convert.integer_of(context, value, source)
        if (1 if is_enum else 0) <= number <= limit:
            return member_text(number, target)
        if not is_enum:
            complain(context, 1265, column, context.row)
            return member_text(number & limit, target)
    else:
        text = text_of(value, source)
        found = _named_member(text.rstrip(" ") if is_enum or text.strip() else text, target)
        if found is not None:
            return found
    complain(context, 1265, column, context.row)
    return "" if is_enum else _known_members(text_of(value, source), target)


def _named_member(text: str, target: SqlType) -> str | None:
    """The member a text names, or gives the number of."""
    with suppress(ValueError):
        if text or target.kind is TypeKind.SET or "" in target.members:
            return member_text(member_number(text, target), target)
    is_enum, count = target.kind is TypeKind.ENUM, len(target.members)
    limit, digits = count if is_enum else (1 << count) - 1, text.removeprefix("+")
    if digits.isascii() and digits.isdigit() and (not is_enum or digits.strip("0")):
        known = integer_of_digits(digits)
        return member_text(known, target) if known <= limit else None
    return None


def _known_members(text: str, target: SqlType) -> str:
    """Those parts of a SET's text that are members."""
    bits = 0
    for part in text.split(","):
        with suppress(ValueError):
            bits |= member_number(part, target)
    return member_text(bits, target)


def _json(
    context: Context, value: Any, source: SqlType, target: SqlType, column: str, origin: str
) -> Json:
    match value:
        case StoredJson():
            return value
        case Json(value=document):
            if jsonb.nesting(document) > jsonb.MAX_DEPTH:
                raise SqlError(3157)
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
    Class.DATE: to_date_column,
    Class.DATETIME: to_datetime_column,
    Class.TIME: to_time_column,
    Class.JSON: _json,
}

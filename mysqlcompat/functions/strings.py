"""String functions. Positions and lengths count characters; of binary strings, bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mysqlcompat.character_sets import bytes_beyond, encoded
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import (
    MAX_CHARACTERS,
    define,
    implement,
    integer,
    joined,
    known_int,
    length_in,
    same_string,
    sized,
    strings,
)
from mysqlcompat.functions.table import Context
from mysqlcompat.letter_cases import letter_table
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import PADDED, Call, Expression, is_constant
from mysqlcompat.sqltypes import SqlType, bytes_per_character, string_type

_INT_MOST = 2**31 - 1
_MOST_BYTES = 4  # of a character
_LEAST_PACKET = 256  #: no max_allowed_packet is so small that this many characters do not fit
_CONSTANT_START_MOST = 1 << 31


def bytes_of(call: Call, value: Any, number: int = 0) -> bytes:
    """A string argument in the bytes of its character set."""
    if isinstance(value, bytes):
        return value
    collation = call.args[number].type.collation
    if collation.startswith("utf8"):
        return str.encode(value, "utf-8", "surrogateescape")
    return encoded(value, collation)


def bytes_of_many(call: Call, values: Sequence[Any], number: int = 0) -> list[bytes | None]:
    if call.args[number].type.collation.startswith("utf8"):
        return [
            value.encode("utf-8", "surrogateescape") if type(value) is str else value
            for value in values
        ]
    return [None if value is None else bytes_of(call, value, number) for value in values]


def fits(context: Context, name: str, size: int, made: SqlType) -> bool:
    """Whether a result of `size` characters may be sent; warns when it may not."""
    if size <= _LEAST_PACKET:
        return True
    most = int(context.system_variable("max_allowed_packet", ""))
    if size * _least_bytes(made) <= most:
        return True
    context.warn(1301, SqlError(1301, name, most).message)
    return False


def _least_bytes(made: SqlType) -> int:
    return {"ucs2": 2, "utf16": 2, "utf16le": 2, "utf32": 4}.get(made.charset, 1)


@define("concat", "s*", joined, texts="agreed")
def concat(context: Context, call: Call, *values: Any) -> Any:
    made = type(values[0])().join(values)
    return made if fits(context, "concat", _size(call, made), call.type) else None


def _size(call: Call, value: Any) -> int:
    """Bytes of a string in its character set, counted in the least that a character has."""
    if isinstance(value, bytes) or value.isascii():
        return len(value)
    return (len(value) + bytes_beyond(value, call.type.collation)) // _least_bytes(call.type)


def _joined_with_separators(typing: Typing, args: Sequence[Expression]) -> SqlType:
    made = strings(typing, args, 0, "concat_ws")
    separators = length_in(args[0], made) * max(len(args) - 2, 0)
    return sized(sum(length_in(arg, made) for arg in args[1:]) + separators, made)


@define("concat_ws", "ss*", _joined_with_separators, texts="agreed", null_rejects=False)
def concat_ws(context: Context, call: Call, separator: Any, *values: Any) -> Any:
    if separator is None:
        return None
    made = separator.join(value for value in values if value is not None)
    return made if fits(context, "concat_ws", _size(call, made), call.type) else None


@define("lower lcase", "s", same_string)
def lower(context: Context, call: Call, value: Any) -> Any:
    return _in_case(call, value, "lower")


@define("upper ucase", "s", same_string)
def upper(context: Context, call: Call, value: Any) -> Any:
    return _in_case(call, value, "upper")


def _in_case(call: Call, value: Any, direction: str) -> Any:
    """Letter by letter, as many as before: no ß to SS."""
    if isinstance(value, bytes):
        return value
    return value.translate(letter_table(call.args[0].type.collation, direction))


@define("length octet_length", "s", integer(11))
def length(context: Context, call: Call, value: Any) -> int:
    return len(bytes_of(call, value))


@define("char_length character_length", "s", integer(11))
def char_length(context: Context, call: Call, value: Any) -> int:
    return len(value)


@define("bit_length", "s", integer(11))
def bit_length(context: Context, call: Call, value: Any) -> int:
    return 8 * len(bytes_of(call, value))


def _substring_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    size = first.length
    start = known_int(typing, args[1])
    if start is not None and abs(start) < _CONSTANT_START_MOST:
        size = _characters_from(start, size)
    if len(args) > 2 and (start is not None or not is_constant(args[1])):
        count = known_int(typing, args[2])
        if count is not None:
            size = max(min(size, count), 0)
    return string_type(size, first.collation, True, first.coercibility)


def _characters_from(start: int, size: int) -> int:
    """The most characters from a position, counted from the end if it is negative."""
    if start < 0:
        return -start if -start <= size else 0
    return max(size - start + 1, 0) if start else 0


@define("substring substr mid", "sii", _substring_type, required=2)
def substring(
    context: Context, call: Call, value: Any, start: int, count: int | None = None
) -> Any:
    if start == 0 or start < -len(value) or (count is not None and count <= 0):
        return value[:0]
    at = start - 1 if start > 0 else len(value) + start
    return value[at:] if count is None else value[at : at + count]


def _left_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    count = known_int(typing, args[1])
    size = first.length if count is None else max(min(first.length, count), 0)
    return string_type(size, first.collation, True, first.coercibility)


@define("left", "si", _left_type)
def left(context: Context, call: Call, value: Any, count: int) -> Any:
    return value[: max(count, 0)]


@define("right", "si", _left_type)
def right(context: Context, call: Call, value: Any, count: int) -> Any:
    return value[-count:] if count > 0 else value[:0]


@implement(PADDED)
def of_full_length(context: Context, call: Call, value: str, length: int) -> str:
    """A CHAR with its blanks (`sql.padded`)."""
    return value.ljust(length)


def _strip(value: Any, pad: Any, leading: bool, trailing: bool) -> Any:
    begin, end, step = 0, len(value), len(pad)
    if step == 1:
        value = value.lstrip(pad) if leading else value
        return value.rstrip(pad) if trailing else value
    while leading and step and value.startswith(pad, begin, end):
        begin += step
    while trailing and step and value.endswith(pad, begin, end):
        end -= step
    return value[begin:end]


def _pad_of(value: Any, given: tuple[Any, ...]) -> Any:
    return given[0] if given else b" " if isinstance(value, bytes) else " "


@define("trim@plain trim", "ss", same_string, required=1, texts="first later")
def trim(context: Context, call: Call, value: Any, *pad: Any) -> Any:
    return _strip(value, _pad_of(value, pad), True, True)


@define("trim@both", "ss", same_string, required=1, texts="first later")
def trim_both(context: Context, call: Call, value: Any, *pad: Any) -> Any:
    return trim(context, call, value, *pad)


@define("ltrim", "s", same_string)
def ltrim_blanks(context: Context, call: Call, value: Any) -> Any:
    return ltrim(context, call, value)


@define("trim@leading", "ss", same_string, required=1, texts="first later")
def ltrim(context: Context, call: Call, value: Any, *pad: Any) -> Any:
    return _strip(value, _pad_of(value, pad), True, False)


@define("rtrim", "s", same_string)
def rtrim_blanks(context: Context, call: Call, value: Any) -> Any:
    return rtrim(context, call, value)


@define("trim@trailing", "ss", same_string, required=1, texts="first later")
def rtrim(context: Context, call: Call, value: Any, *pad: Any) -> Any:
    return _strip(value, _pad_of(value, pad), False, True)


def _replaced(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    longer = args[2].type.length - 1
    size = first.length * longer if longer > 0 else first.length
    return sized(max(size, first.length), first)


@define("replace", "sss", _replaced, texts="first")
def replace(context: Context, call: Call, value: Any, old: Any, new: Any) -> Any:
    if not old:
        return value
    more = value.count(old) * (len(new) - len(old))
    if not fits(context, "replace", len(value) + more, call.type):
        return None
    return value.replace(old, new)


def _repeated(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    count = known_int(typing, args[1])
    if count is None:
        return string_type(MAX_CHARACTERS, first.collation, True, first.coercibility)
    return sized(first.length * (min(count, _INT_MOST) if count >= 0 else _INT_MOST), first)


def _repeated_column(
    context: Context, call: Call, values: Sequence[Any], counts: Sequence[Any]
) -> list[Any] | None:
    """A constant number of times; None: value by value, as one may be too long."""
    count = counts[0]
    if not is_constant(call.args[1]) or count is None or not 0 < count <= _INT_MOST:
        return None
    longest = max((len(value) for value in values if value is not None), default=0)
    if count * longest * _MOST_BYTES > _LEAST_PACKET:
        most = int(context.system_variable("max_allowed_packet", ""))
        if count * longest * _MOST_BYTES > most:
            return None
    return [None if value is None else value * count for value in values]


@define("repeat", "si", _repeated, columns=_repeated_column)
def repeat(context: Context, call: Call, value: Any, count: int) -> Any:
    if not value or count <= 0:
        return value[:0]
    if not fits(context, "repeat", _size(call, value) * min(count, _INT_MOST), call.type):
        return None
    return value * count


@define("space", "i", lambda typing, args: _spaces_type(typing, args))
def space(context: Context, call: Call, count: int) -> Any:
    return " " * max(count, 0) if fits(context, "space", max(count, 0), call.type) else None


def _spaces_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    count = known_int(typing, args[0])
    if count is None and typing.is_known(args[0]):  # it is NULL
        count = 0
    if count is None:
        return string_type(MAX_CHARACTERS, typing.context.collation)
    return sized(max(count, 0), string_type(0, typing.context.collation))


@define("reverse", "s", same_string)
def reverse(context: Context, call: Call, value: Any) -> Any:
    return value[::-1]


def _padded(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    count = known_int(typing, args[1])
    if count is None:
        return string_type(MAX_CHARACTERS, first.collation, True, first.coercibility)
    return sized(count if 0 <= count < _INT_MOST else _INT_MOST, first)


def _pad(value: Any, count: int, pad: Any) -> Any:
    """What has to be added to `value`; None when it cannot be made longer."""
    missing = count - len(value)
    if missing <= 0:
        return value[:0]
    if not pad:
        return None
    return (pad * (missing // len(pad) + 1))[:missing]


def _widest(call: Call) -> int:
    """MySQL counts the most bytes that the characters of what is padded may have."""
    return bytes_per_character(call.type.collation) // _least_bytes(call.type)


@define("lpad", "sis", _padded, required=3, texts="first")
def lpad(context: Context, call: Call, value: Any, count: int, pad: Any) -> Any:
    if count < 0 or not fits(context, "lpad", count * _widest(call), call.type):
        return None
    added = _pad(value, count, pad)
    return value if added is None else (added + value[:count])[:count]


@define("rpad", "sis", _padded, required=3, texts="first")
def rpad(context: Context, call: Call, value: Any, count: int, pad: Any) -> Any:
    if count < 0 or not fits(context, "rpad", count * _widest(call), call.type):
        return None
    added = _pad(value, count, pad)
    return value if added is None else (value + added)[:count]


def _inserted(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    return sized(first.length + args[3].type.length, first)


@define("insert", "siis", _inserted, texts="first")
def insert(context: Context, call: Call, value: Any, start: int, count: int, new: Any) -> Any:
    if not 1 <= start <= len(value):
        return value
    end = len(value) if count < 0 else min(start - 1 + count, len(value))
    return value[: start - 1] + new + value[end:]

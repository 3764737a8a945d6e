"""Strings as codes of characters and codes as strings: HEX, BASE64, CHAR, ORD, QUOTE, SOUNDEX …"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat import collations, temporal
from mysqlcompat.character_sets import ascii_of, bytes_beyond, characters_of, decoded
from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import (
    BIGINT,
    DEFINITIONS,
    MAX_CHARACTERS,
    OF_NUMBERS,
    build_as,
    define,
    implement,
    integer,
    plain_length,
    sized,
    wrapped,
)
from mysqlcompat.functions.strings import bytes_of, fits
from mysqlcompat.functions.table import Context, Unfit
from mysqlcompat.partial_dates import PartialDate, PartialDatetime
from mysqlcompat.sql.agreement import NUMERIC as NUMBER
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.measures import text_length
from mysqlcompat.sql.typed import EXPLICIT, Call, Cast, ColumnRef, Expression, Literal
from mysqlcompat.sqltypes import (
    BINARY,
    NUMERIC,
    TEMPORAL,
    Class,
    SqlType,
    bytes_per_character,
    string_type,
)

_STRAY: Final = re.compile("[\udc80-\udcff]")  #: bytes of no character
_SOUNDS: Final = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "01230120022455012623010202", strict=True))
_NUMBER_BYTES: Final = 8  #: of the weight of a number
_WRONG_BYTES: Final = 3  #: that are shown of what is no text
_U32: Final = (1 << 32) - 1
_SHORT: Final = 1000  #: characters whose weights always fit a packet
_LINE: Final = 76  #: characters of a line of TO_BASE64


@build_as("hex", 1)
def build_hex(typing: Typing, args: Sequence[Expression]) -> Expression:
    arg = args[0]
    if arg.type.cls in NUMERIC:
        made = string_type(16, typing.context.collation)
        return typing.call("hex", made, typing.as_integer(arg))
    arg = typing.as_string(arg)
    collation = typing.context.collation
    made = string_type(wrapped(2 * plain_length(arg) & _U32, collation), collation)
    return typing.call("hex", made, arg)


@implement("hex")
def hexadecimal(context: Context, call: Call, value: Any) -> str:
    if isinstance(value, int):
        return f"{value & (1 << 64) - 1:X}"
    return bytes_of(call, value).hex().upper()


@define("unhex", "s", lambda typing, args: string_type((plain_length(args[0]) + 1) // 2, BINARY))
def unhex(context: Context, call: Call, value: Any) -> bytes:
    data = bytes_of(call, value)
    try:
        return binascii.unhexlify(b"0" + data if len(data) % 2 else data)
    except ValueError:
        raise Unfit("string", "unhex") from None


@define("ascii", "s", integer(4))
def ascii_code(context: Context, call: Call, value: Any) -> int:
    data = bytes_of(call, value)
    return data[0] if data else 0


@define("ord", "s", BIGINT)
def ord_code(context: Context, call: Call, value: Any) -> int:
    return int.from_bytes(bytes_of(call, value[:1]), "big")


def _characters_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    return string_type(4 * len(args), BINARY)


@define("char", "i*", _characters_type, nullable=True, null_rejects=False)
def char(context: Context, call: Call, *codes: int | None) -> bytes:
    words = [code & 0xFFFFFFFF for code in codes if code is not None]
    return b"".join(word.to_bytes(max((word.bit_length() + 7) // 8, 1), "big") for word in words)


@define("quote", "s", lambda typing, args: _quoted_type(typing, args), null_rejects=False)
def quote(context: Context, call: Call, value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        value = characters_of(value, BINARY, call.type.collation)
    if _ESCAPED.search(value) is None:
        return f"'{value}'"
    return f"'{value.translate(_ESCAPES)}'"


_ESCAPES: Final = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": "\\0", "\x1a": "\\Z"})
_ESCAPED: Final = re.compile("[\\\\'\0\x1a]")


@implement("char using")
def char_using(context: Context, call: Call, data: bytes) -> str | None:
    """CHAR(… USING charset): NULL for bytes that are no text in it, `?` each in ASCII."""
    charset = call.type.charset
    try:
        return decoded(data, charset)
    except UnicodeDecodeError as error:
        wrong = data[error.start :][:_WRONG_BYTES].hex().upper()
        context.warn(1300, SqlError(1300, charset, wrong).message)
        return ascii_of(data) if charset == "ascii" else None


def _quoted_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    collation = typing.context.collation if first.collation == BINARY else first.collation
    size = max(2 * first.length + 2, 4)
    return sized(size, string_type(0, collation, True, first.coercibility))


def _is_number(arg: Expression) -> bool:
    """Whether it is the text of what has no collation."""
    return arg.type.is_text and arg.type.coercibility == NUMBER


_quoted: Final = DEFINITIONS["quote"].build


@build_as("quote", 1)
def build_quote(typing: Typing, args: Sequence[Expression]) -> Expression:
    """What is quoted of a number counts as a number's text."""
    made = _quoted(typing, args)
    if not (isinstance(made, Call) and _is_number(made.args[0])):
        return made
    return replace(made, type=replace(made.type, collation=OF_NUMBERS, coercibility=NUMBER))


@define("soundex", "s", lambda typing, args: _soundex_type(args))
def soundex(context: Context, call: Call, value: Any) -> Any:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if isinstance(value, str) and value.isascii():
        return _ascii_soundex(value)
    is_wide = isinstance(value, str)  # in binary strings only ASCII has letters
    letters = [c for c in text if (c.isascii() and c.isalpha()) or (is_wide and c >= "\xc0")]
    if not letters:
        return value[:0]
    first = letters[0].upper() if letters[0].isascii() else letters[0]
    made, last = first, _SOUNDS.get(first, "0")
    for letter in letters[1:]:
        code = _SOUNDS.get(letter.upper(), "0")
        if code not in ("0", last):
            made += code
            last = code
    made = made.ljust(4, "0")
    return made if is_wide else made.encode()


_ASCII_SOUNDS: Final = bytes(ord(_SOUNDS.get(chr(code).upper(), "0")) for code in range(256))
_NO_LETTERS: Final = bytes(code for code in range(128) if not chr(code).isalpha())


def _ascii_soundex(text: str) -> str:
    """Codes of its letters without zeros, one for several that are the same."""
    letters = text.encode().translate(None, _NO_LETTERS)
    if not letters:
        return ""
    codes = letters.translate(_ASCII_SOUNDS).decode()
    made, last = chr(letters[0]).upper(), codes[0]
    for code in codes[1:]:
        if code not in ("0", last):
            made += code
            last = code
    return made.ljust(4, "0")


@build_as("sounds like", 2)
def build_sounds_like(typing: Typing, args: Sequence[Expression]) -> Expression:
    """``a SOUNDS LIKE b``: SOUNDEX(a) = SOUNDEX(b)."""
    left, right = (
        typing.call("soundex", _soundex_type([text]), text)
        for text in (typing.as_string(arg) for arg in args)
    )
    return typing.comparison("=", left, right)


def _soundex_type(args: Sequence[Expression]) -> SqlType:
    first = args[0].type
    return string_type(max(first.length, 4), first.collation, True, first.coercibility)


_I63: Final = 1 << 63
_DOUBLE_ROOM: Final = 22
_TIME_ZERO: Final = 1 << 47  #: what stands for 0:00 among times as they are stored


@build_as("weight_string", 1)
def build_weight_string(typing: Typing, args: Sequence[Expression]) -> Expression:
    return weight_string_of(typing, args[0], None, False)


def weight_string_of(typing: Typing, arg: Expression, size: int | None, binary: bool) -> Call:
    """``WEIGHT_STRING(arg [AS {CHAR | BINARY}(size)])``: `arg` cut or padded to `size`."""
    if arg.type.cls in (*NUMERIC, *TEMPORAL) and not binary:
        made = string_type(_number_room(arg), BINARY, True, arg.type.coercibility)
        if arg.type.cls in (Class.DECIMAL, Class.DOUBLE):  # which has none, and is not looked at
            arg = Literal(arg.type.or_null(), None)
        return Call(made, typing.function("weight_string"), (arg,))
    if arg.type.kind in (TypeKind.ENUM, TypeKind.SET) and not binary:
        shown = weight_string_of(typing, typing.as_string(arg), size, False)
        return replace(shown, args=(typing.as_integer(arg), *shown.args[1:]))
    if binary:
        made = replace(string_type(size or 0, BINARY, coercibility=2), precision=1)
        arg, size = Cast(made.or_null(), arg, EXPLICIT), None
    arg = typing.as_string(arg)
    length = max(plain_length(arg), size or 0)
    count = length * bytes_per_character(arg.type.collation) & _U32
    room = max(_weight_bytes(count, arg.type.collation) & _U32, _NUMBER_BYTES)
    made = string_type(room, BINARY, True, arg.type.coercibility)
    return Call(made, typing.function("weight_string"), (arg, Literal(integer(11), size)))


def _number_room(arg: Expression) -> int:
    """Bytes that MySQL allows for the weight of a number, a date or a time: as if it were shown."""
    if arg.type.cls in TEMPORAL and isinstance(arg, ColumnRef):
        return _NUMBER_BYTES
    if arg.type.kind is TypeKind.DOUBLE:
        return _DOUBLE_ROOM
    return max(_NUMBER_BYTES, text_length(arg.type))


def _number_weight(value: Any, unsigned: bool) -> bytes:
    """Eight bytes by which numbers, dates and times are in order."""
    match value:
        case datetime() | PartialDatetime():
            number = temporal.pack_datetime(value)
        case date() | PartialDate():
            number = (value.year * 16 + value.month) * 32 + value.day
        case timedelta():
            number = _TIME_ZERO + temporal.pack_time(value) - (value < timedelta(0))
        case _:
            number = int(value)
    return (number + (0 if unsigned else _I63)).to_bytes(_NUMBER_BYTES, "big")


def _weight_bytes(count: int, collation: str) -> int:
    """The most bytes the weights of a string of `count` bytes take."""
    if collation == BINARY or collation.endswith("0900_bin"):
        return count
    width = bytes_per_character(collation)
    if width == 1:
        return count
    characters = -(-count // width)
    if "0900" in collation:
        levels = 1 + ("_as" in collation) + ("_cs" in collation)
        return (characters * 8 * levels + levels - 1) * 2
    if "unicode" in collation:  # up to sixteen weights a character
        return characters * 32
    return characters * (3 if collation.endswith("_bin") else 2)


def _has_room(context: Context, call: Call, value: str | bytes, size: int) -> bool:
    """Whether the most that a string's weights may take may be sent."""
    collation = call.args[0].type.collation
    width = bytes_per_character(collation)
    count = len(value) if len(value) < _SHORT else len(value) + bytes_beyond(value, collation)
    room = _weight_bytes(width * max(count, size), collation)
    return fits(context, "weight_string", room, call.type)


def _weights(
    context: Context, call: Call, values: Sequence[Any], sizes: Sequence[Any] = (None,)
) -> list[bytes | None] | None:
    """Of short texts as they are, where the keys of a collation are their weights."""
    if sizes[0] is not None or not call.args[0].type.is_text:
        return None
    if any(value is not None and len(value) >= _SHORT for value in values):
        return None
    return collations.weights_of_many(values, call.args[0].type.collation)


@implement("weight_string", null_rejects=False, columns=_weights)
def weight_string(
    context: Context, call: Call, value: Any, size: int | None = None
) -> bytes | None:
    if value is None:
        return None
    collation = call.args[0].type.collation
    if isinstance(value, str | bytes) and not _has_room(context, call, value, size or 0):
        return None
    if isinstance(value, bytes):
        return value if size is None else value[:size]
    if not isinstance(value, str):
        kind = call.args[0].type
        return _number_weight(value, kind.unsigned or kind.kind is TypeKind.BIT)
    text = value if size is None else value[:size]
    if size is not None and "0900" not in collation:
        text = text.ljust(size)
    return collations.weights(text, collation)


@define("to_base64", "s", lambda typing, args: _base64_type(typing, args))
def to_base64(context: Context, call: Call, value: Any) -> str | None:
    made = binascii.b2a_base64(bytes_of(call, value), newline=False).decode()
    if len(made) > _LINE:
        made = "\n".join(made[at : at + _LINE] for at in range(0, len(made), _LINE))
    return made if fits(context, "to_base64", len(made), call.type) else None


def _base64_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    size = (plain_length(args[0]) + 2) // 3 * 4
    return sized(size + max(size - 1, 0) // _LINE, string_type(0, typing.context.collation))


def _decoded_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    return string_type(min(plain_length(args[0]) * 3 // 4, MAX_CHARACTERS), BINARY)


@define("from_base64", "s", _decoded_type)
def from_base64(context: Context, call: Call, value: Any) -> bytes | None:
    try:
        return base64.b64decode(b"".join(bytes_of(call, value).split()), validate=True)
    except (binascii.Error, ValueError):
        return None


@implement("characters")
def characters(context: Context, call: Call, data: bytes) -> str:
    """Bytes where characters count: `?` for what are none."""
    return _STRAY.sub("?", data.decode("utf-8", "surrogateescape"))


@implement("characters@kept")
def kept_characters(context: Context, call: Call, data: bytes) -> str:
    """Bytes that are taken for a text without a look at them."""
    return data.decode("utf-8", "surrogateescape")


@implement("to charset@later", once=False)
@implement("to charset")
def to_charset(context: Context, call: Call, value: Any) -> str:
    """A string where another character set is wanted. Raises 3854."""
    return characters_of(value, call.args[0].type.collation, call.type.collation)

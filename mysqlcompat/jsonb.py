"""JSON values: MySQL's binary form, its text, its parser's messages, comparison.

A JSON value in SQL is a `Json` around Python objects: dict, list, str, bool, None, int, float,
Decimal, date, datetime, timedelta, `Opaque`. The wrapper tells JSON's null from SQL's NULL. Members
of objects are kept in MySQL's order: shorter keys first, then by bytes.

::

    BINARY FORM   type byte, then the value
    0x00 / 0x01   object, 2 / 4 byte offsets      0x02 / 0x03  array, 2 / 4 byte offsets
    0x04          literal: 0 null, 1 true, 2 false
    0x05 … 0x0a   int16, uint16, int32, uint32, int64, uint64, little-endian
    0x0b          double        0x0c  string: byte count (7 bits a byte, low first), UTF-8
    0x0f          opaque: MySQL type code, byte count as for strings, bytes

    object        count, size, then per key: offset, u2 length; then per value: type, offset or the
                  value itself (literals, 16-bit integers; in the large form 32-bit ones too);
                  then keys, then values. Offsets count from the `count` field. Arrays: no keys.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import rapidjson

from mysqlcompat.decimal_bytes import decimal_bytes, decimal_of_bytes
from mysqlcompat.errors import SqlError
from mysqlcompat.numerals import decimal_text, double_text
from mysqlcompat.partial_dates import PartialDate, PartialDatetime
from mysqlcompat.temporal import (
    date_text,
    datetime_text,
    pack_date,
    pack_datetime,
    pack_time,
    time_text,
    unpack_date,
    unpack_datetime,
    unpack_time,
)

MAX_DEPTH: Final = 100
_SMALL_OBJECT, _LARGE_OBJECT, _SMALL_ARRAY, _LARGE_ARRAY = 0, 1, 2, 3
OBJECT_KINDS: Final = (_SMALL_OBJECT, _LARGE_OBJECT)
ARRAY_KINDS: Final = (_SMALL_ARRAY, _LARGE_ARRAY)
_LITERAL, _INT16, _UINT16, _INT32, _UINT32, _INT64, _UINT64 = 4, 5, 6, 7, 8, 9, 10
_DOUBLE, _STRING, _OPAQUE = 11, 12, 15
_INTEGER_FORMATS: Final = {
    _INT16: "<h", _UINT16: "<H", _INT32: "<i", _UINT32: "<I", _INT64: "<q", _UINT64: "<Q",
}  # fmt: skip
_CODE_DECIMAL, _CODE_DATE, _CODE_TIME, _CODE_DATETIME, _CODE_TIMESTAMP = 246, 10, 11, 12, 7
CODE_BIT: Final = 16


@dataclass(frozen=True, slots=True)
class Opaque:
    """Bytes of a type that JSON has not: `type_code` is MySQL's (15 for binary strings)."""

    type_code: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON value (never SQL's NULL)."""

    value: Any

    def __hash__(self) -> int:
        return hash(text_of(self.value))


class Unsigned(int):
    """An integer that came from an unsigned SQL value, or is beyond BIGINT."""

    __slots__ = ()


class Timestamp(datetime):
    """A DATETIME that came from a TIMESTAMP."""

    __slots__ = ()


# Text -------------------------------------------------------------------------------------------

_ESCAPES: Final = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t",
} | {chr(c): f"\\u{c:04x}" for c in range(32) if chr(c) not in "\b\f\n\r\t"}  # fmt: skip
_ESCAPE_TABLE: Final = str.maketrans(_ESCAPES)


def quote(text: str) -> str:
    return '"' + text.translate(_ESCAPE_TABLE) + '"'


def text_of(value: Any, depth: int = 0) -> str:
    """MySQL's text of a JSON value, which is in `depth` containers: ``{"a": 1, "b": [true, 1.0]}``.
    ERROR 3157 for one that was put together too deeply."""
    if depth >= MAX_DEPTH and isinstance(value, dict | list):
        raise SqlError(3157)
    match value:
        case dict():
            pairs = ((quote(key), text_of(member, depth + 1)) for key, member in value.items())
            return "{" + ", ".join(f"{key}: {member}" for key, member in pairs) + "}"
        case list():
            return "[" + ", ".join(text_of(item, depth + 1) for item in value) + "]"
        case str():
            return quote(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            text = double_text(value)
            return text if "e" in text or "." in text else text + ".0"
        case Decimal():
            return decimal_text(value)
    return quote(scalar_text(value))


def scalar_text(value: Any) -> str:
    """Unquoted text of a scalar: what JSON_UNQUOTE and string functions see."""
    match value:
        case str():
            return value
        case datetime() | PartialDatetime():
            return datetime_text(value, 6)
        case date() | PartialDate():
            return date_text(value)
        case timedelta():
            return time_text(value, 6)
        case Opaque(type_code=code, data=data):
            lines = base64.encodebytes(data).decode().removesuffix("\n")  # of 76 characters
            return f"base64:type{code}:{lines}"
    return text_of(value)


def pretty(value: Any, indent: int = 0) -> str:
    """JSON_PRETTY's text: two blanks a level."""
    inner, outer = "  " * (indent + 1), "  " * indent
    if isinstance(value, dict) and value:
        lines = (f"{inner}{quote(key)}: {pretty(item, indent + 1)}" for key, item in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{outer}}}"
    if isinstance(value, list) and value:
        lines = (inner + pretty(item, indent + 1) for item in value)
        return "[\n" + ",\n".join(lines) + f"\n{outer}]"
    return text_of(value)


# Parsing ----------------------------------------------------------------------------------------


class InvalidJson(ValueError):
    """Text that is no JSON: the parser's message and the position of the mistake."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message, position)
        self.message = message
        self.position = position


def sort_key(key: str) -> tuple[int, bytes]:
    """Order of an object's members."""
    data = key.encode()
    return len(data), data


def make_object(members: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(members.items(), key=lambda item: sort_key(item[0])))


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return make_object(dict(pairs))


def _integer(text: str) -> int | float:
    number = int(text)
    if -(1 << 63) <= number < 1 << 64:  # from 32 bits on an unsigned word for MySQL's parser
        return Unsigned(number) if number >= 1 << 32 else number
    return _double(text)


def _double(text: str) -> float:
    number = float(text)
    if math.isinf(number) or not number or len(text) > _SUSPICIOUS:
        _CRITIC(text)  # which finds 0e400 too big, too
    return number


def _refuse_constant(name: str) -> Any:
    raise ValueError


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_int=_integer,
    parse_float=_double,
    parse_constant=_refuse_constant,
)  #: Only asked about text that is no JSON: it words mistakes as MySQL does, whose parser it wraps.
_CRITIC: Final = rapidjson.Decoder(number_mode=rapidjson.NM_NATIVE)
_SUSPICIOUS: Final = 300  #: digits that may be too many for a double
_MISTAKE: Final = re.compile(r"Parse error at offset (\d+): (.*)", re.DOTALL)


def parse(text: str) -> Any:
    """The value `text` stands for. Raises InvalidJson; ERROR 3157 when nested too deeply."""
    try:
        value = _DECODER.decode(text.strip(_BLANKS))
        if "\\u" in text:
            _criticise(text)  # half a pair of surrogates
    except (ValueError, RecursionError):
        _criticise(text)
        raise
    if nesting(value) > MAX_DEPTH:
        raise SqlError(3157)
    return value


_BLANKS: Final = " \t\n\r"


def _criticise(text: str) -> None:
    """Raise what is wrong with `text`."""
    try:
        _CRITIC(text)
    except RecursionError:
        raise SqlError(3157) from None
    except ValueError as error:
        found = _MISTAKE.fullmatch(str(error))
        assert found is not None, error
        position = int(found[1])
        if _depth_reached(text.encode()[:position]) > MAX_DEPTH:
            raise SqlError(3157) from None
        raise InvalidJson(found[2], position) from None


def _depth_reached(text: bytes) -> int:
    """How deep the containers are that `text`, the beginning of a document, opens."""
    deepest = level = 0
    for token in _STRUCTURE.findall(text):
        level += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token, 0)
        deepest = max(deepest, level)
    return deepest


_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def nesting(value: Any) -> int:
    """How many containers are in each other."""
    match value:
        case dict():
            return 1 + max(map(nesting, value.values()), default=0)
        case list():
            return 1 + max(map(nesting, value), default=0)
    return 0


def depth(value: Any) -> int:
    match value:
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
        case list():
            return 1 + max(map(depth, value), default=0)
    return 1


# Binary form ------------------------------------------------------------------------------------


def encode(value: Any) -> bytes:
    """MySQL's binary form."""
    kind, body = _encode(value)
    return bytes([kind]) + body


def decode(data: bytes) -> Any:
    return decode_at(data[0], data, 1) if data else None


def _encode(value: Any) -> tuple[int, bytes]:
    match value:
        case dict():
            return container(list(map(_encode, value.values())), [key.encode() for key in value])
        case list():
            return container(list(map(_encode, value)), None)
        case str():
            data = value.encode("utf-8", "surrogatepass")
            return _STRING, _length(len(data)) + data
        case None:
            return _LITERAL, b"\0"
        case bool():
            return _LITERAL, b"\1" if value else b"\2"
        case int():
            return _encode_integer(value)
        case float():
            return _DOUBLE, struct.pack("<d", value)
        case Decimal():
            return _encode_opaque(_CODE_DECIMAL, decimal_bytes(value))
        case datetime() | PartialDatetime():
            code = _CODE_TIMESTAMP if isinstance(value, Timestamp) else _CODE_DATETIME
            return _encode_opaque(code, struct.pack("<q", pack_datetime(value)))
        case date() | PartialDate():
            return _encode_opaque(_CODE_DATE, struct.pack("<q", pack_date(value)))
        case timedelta():
            return _encode_opaque(_CODE_TIME, struct.pack("<q", pack_time(value)))
        case Opaque(type_code=code, data=data):
            return _encode_opaque(code, data)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _encode_integer(value: int) -> tuple[int, bytes]:
    is_unsigned = isinstance(value, Unsigned) or value >= 1 << 63
    for kind, bits in ((_INT16, 16), (_INT32, 32), (_INT64, 64)):
        low, high = (0, 1 << bits) if is_unsigned else (-(1 << bits - 1), 1 << bits - 1)
        if low <= value < high:
            kind += is_unsigned
            return kind, struct.pack(_INTEGER_FORMATS[kind], value)
    raise SqlError(3150)


def _encode_opaque(code: int, data: bytes) -> tuple[int, bytes]:
    return _OPAQUE, bytes([code]) + _length(len(data)) + data


def _length(count: int) -> bytes:
    made = bytearray()
    while count >= 128:
        made.append(count & 127 | 128)
        count >>= 7
    made.append(count)
    return bytes(made)


def container(encoded: list[tuple[int, bytes]], keys: list[bytes] | None) -> tuple[int, bytes]:
    """Kind and body of an array, or of an object with `keys`, of values given by theirs."""
    for width in (2, 4):
        body = _container_body(encoded, keys, width)
        if body is not None:
            kind = _SMALL_ARRAY if keys is None else _SMALL_OBJECT
            return kind + (width == 4), body
    raise SqlError(3150)


def _container_body(
    encoded: list[tuple[int, bytes]], keys: list[bytes] | None, width: int
) -> bytes | None:
    """The bytes after the type; None when 2-byte offsets do not reach."""
    pack = struct.Struct("<H" if width == 2 else "<I").pack
    count = len(encoded)
    at = 2 * width + count * (1 + width) + (count * (width + 2) if keys is not None else 0)
    key_entries, value_entries, tail = bytearray(), bytearray(), bytearray()
    limit = 1 << 8 * width
    if count >= limit or at >= limit:
        return None
    for key in keys or ():
        if len(key) > 65535:
            raise SqlError(3151)
        if at + len(tail) >= limit:
            return None
        key_entries += pack(at + len(tail)) + struct.pack("<H", len(key))
        tail += key
    for kind, body in encoded:
        if is_inline(kind, width):
            value_entries += bytes([kind]) + inlined(kind, body, width)
            continue
        if at + len(tail) >= limit:
            return None
        value_entries += bytes([kind]) + pack(at + len(tail))
        tail += body
    total = at + len(tail)
    if total >= limit:
        return None
    return bytes(pack(count) + pack(total) + key_entries + value_entries + tail)


def is_inline(kind: int, width: int) -> bool:
    """Whether values of a kind lie in their entries, where offsets have `width` bytes."""
    return kind in (_LITERAL, _INT16, _UINT16) or (width == 4 and kind in (_INT32, _UINT32))


def inlined(kind: int, body: bytes, width: int) -> bytes:
    """The value as its entry has it."""
    return body.ljust(width, _padding(kind, body))


def body_bytes(kind: int, data: bytes, at: int) -> int:
    """Bytes of the value of that kind whose body is at `at`."""
    if kind in OBJECT_KINDS or kind in ARRAY_KINDS:
        width, offset_format = container_form(kind)
        return int(struct.unpack_from(offset_format, data, at + width)[0])
    if kind in _INTEGER_FORMATS:
        return struct.calcsize(_INTEGER_FORMATS[kind])
    if kind == _LITERAL:
        return 1
    if kind == _DOUBLE:
        return 8
    before = at + 1 if kind == _OPAQUE else at
    count, after = _read_length(data, before)
    return after - at + count


def _padding(kind: int, body: bytes) -> bytes:
    """What an inlined value is widened with: its sign."""
    return b"\xff" if kind == _INT16 and body[-1] & 128 else b"\0"


def decode_at(kind: int, data: bytes, at: int) -> Any:
    """The value of that kind whose body is at `at`."""
    if kind <= _LARGE_ARRAY:
        return _decode_container(kind, data, at)
    if kind == _LITERAL:
        return (None, True, False)[data[at]]
    if kind in _INTEGER_FORMATS:
        number = struct.unpack_from(_INTEGER_FORMATS[kind], data, at)[0]
        return Unsigned(number) if kind in (_UINT16, _UINT32, _UINT64) else number
    if kind == _DOUBLE:
        return struct.unpack_from("<d", data, at)[0]
    if kind == _STRING:
        count, at = _read_length(data, at)
        return data[at : at + count].decode("utf-8", "surrogatepass")
    code = data[at]
    count, at = _read_length(data, at + 1)
    return _decode_opaque(code, data[at : at + count])


def _decode_opaque(code: int, data: bytes) -> Any:
    if code == _CODE_DECIMAL:
        return decimal_of_bytes(data)
    if code in (_CODE_DATE, _CODE_TIME, _CODE_DATETIME, _CODE_TIMESTAMP):
        packed = struct.unpack("<q", data)[0]
        unpack = {_CODE_DATE: unpack_date, _CODE_TIME: unpack_time}.get(code, unpack_datetime)
        moment = unpack(packed)
        if code == _CODE_TIMESTAMP and isinstance(moment, datetime):
            return timestamp_of(moment)
        return moment
    return Opaque(code, data)


def timestamp_of(moment: datetime) -> Timestamp:
    return Timestamp.combine(moment.date(), moment.time())


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    count = shift = 0
    while True:
        byte = data[at]
        at += 1
        count |= (byte & 127) << shift
        if byte < 128:
            return count, at
        shift += 7


def container_form(kind: int) -> tuple[int, str]:
    """Bytes of an offset in a container of that kind, and how `struct` reads it."""
    return (4, "<I") if kind in (_LARGE_OBJECT, _LARGE_ARRAY) else (2, "<H")


def entry_place(kind: int, data: bytes, start: int, entry: int) -> tuple[int, int]:
    """(kind, place of its body) of the value whose entry is at `entry` in the container, of that
    kind, whose body is at `start`."""
    width, offset_format = container_form(kind)
    found = data[entry]
    if found in (_LITERAL, _INT16, _UINT16) or (width == 4 and found in (_INT32, _UINT32)):
        return found, entry + 1
    return found, start + int(struct.unpack_from(offset_format, data, entry + 1)[0])


def _decode_container(kind: int, data: bytes, start: int) -> Any:
    width, offset_format = container_form(kind)
    count = struct.unpack_from(offset_format, data, start)[0]
    at = start + 2 * width
    keys: list[str] = []
    if kind in (_SMALL_OBJECT, _LARGE_OBJECT):
        for _ in range(count):
            key_at = start + struct.unpack_from(offset_format, data, at)[0]
            size = struct.unpack_from("<H", data, at + width)[0]
            keys.append(data[key_at : key_at + size].decode())
            at += width + 2
    values = []
    for _ in range(count):
        value_kind, value_at = entry_place(kind, data, start, at)
        values.append(decode_at(value_kind, data, value_at))
        at += 1 + width
    if kind in (_SMALL_OBJECT, _LARGE_OBJECT):
        return dict(zip(keys, values, strict=True))
    return values

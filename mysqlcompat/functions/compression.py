"""COMPRESS, UNCOMPRESS, UNCOMPRESSED_LENGTH: four bytes of length, little-endian, then zlib."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any, Final

from mysqlcompat.functions.definitions import MAX_CHARACTERS, define, integer, plain_length
from mysqlcompat.functions.strings import bytes_of_many
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import BINARY, SqlType, string_type

_HEAD_BYTES: Final = 4
_HEAD: Final = struct.Struct("<I")
_BLANK: Final = ord(" ")
_ROOM: Final = 1 << 16  #: bytes made ready for what is unpacked
_LENGTH_MASK: Final = 0x3FFFFFFF
_UNCOMPRESSED_MOST: Final = 16777216  #: the length MySQL gives the result's type


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _compressed_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    size = plain_length(args[0])
    return string_type(min(size + size // 1000 + 12 + 6, MAX_CHARACTERS), BINARY, True)


def _compressed(context: Context, call: Call, values: Sequence[Any]) -> list[bytes | None]:
    head, pack, made = _HEAD.pack, zlib.compress, list[bytes | None]()
    for value, data in zip(values, bytes_of_many(call, values), strict=True):
        if data:
            packed = pack(data)
            # a blank at the end would be lost in a CHAR column
            end = b"." if packed[-1] == _BLANK else b""
            made.append(head(len(data)) + packed + end)
        else:
            made.append(None if value is None else b"")
    return made


@define("compress", "s", _compressed_type, nullable=True, columns=_compressed)
def compress(context: Context, call: Call, value: Any) -> bytes | None:
    return _compressed(context, call, (value,))[0]


def _uncompressed(context: Context, call: Call, values: Sequence[Any]) -> list[bytes | None] | None:
    """None: something is to be said of one of them."""
    most = int(context.system_variable("max_allowed_packet", ""))
    size_of, unpack, made = _HEAD.unpack_from, zlib.decompress, list[bytes | None]()
    try:
        for value in values:
            if value is None:
                made.append(None)
                continue
            data = _bytes(value)
            size = size_of(data)[0] & _LENGTH_MASK if data else 0
            plain = unpack(data[_HEAD_BYTES:], bufsize=min(size, _ROOM)) if data else b""
            if len(plain) != size or size > most:
                return None
            made.append(plain)
    except (zlib.error, struct.error):
        return None
    return made


@define(
    "uncompress", "s", string_type(_UNCOMPRESSED_MOST, BINARY, True), nullable=True,
    columns=_uncompressed,
)  # fmt: skip
def uncompress(context: Context, call: Call, value: Any) -> bytes | None:
    data = _bytes(value)
    if not data:
        return b""
    if len(data) <= _HEAD_BYTES:
        context.warn(1259, "ZLIB: Input data corrupted")
        return None
    size = int.from_bytes(data[:_HEAD_BYTES], "little") & _LENGTH_MASK
    most = int(context.system_variable("max_allowed_packet", ""))
    if size > most:
        context.warn(
            1256,
            f"Uncompressed data size too large; the maximum size is {most} (probably, length of "
            "uncompressed data was corrupted)",
        )
        return None
    return _inflated(context, data[_HEAD_BYTES:], size)


def _inflated(context: Context, packed: bytes, size: int) -> bytes | None:
    worker = zlib.decompressobj()
    try:
        made = worker.decompress(packed, size or 1)
        if worker.decompress(worker.unconsumed_tail, 1) if worker.unconsumed_tail else b"":
            context.warn(
                1258,
                "ZLIB: Not enough room in the output buffer (probably, length of uncompressed "
                "data was corrupted)",
            )
            return None
    except zlib.error:
        made = None
    if made is None or not worker.eof:
        context.warn(1259, "ZLIB: Input data corrupted")
        return None
    return made


@define("uncompressed_length", "s", integer(11))
def uncompressed_length(context: Context, call: Call, value: Any) -> int:
    data = _bytes(value)
    if not data:
        return 0
    if len(data) <= _HEAD_BYTES:
        context.warn(1259, "ZLIB: Input data corrupted")
        return 0
    return int.from_bytes(data[:_HEAD_BYTES], "little") & _LENGTH_MASK

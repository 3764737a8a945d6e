"""Strings as bytes of their character sets. Within the server text is Unicode; what shows its bytes
(LENGTH, HEX, introducers, CONVERT … USING) comes here."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from btree.schema import TypeKind
from mysqlcompat.errors import SqlError
from mysqlcompat.message_text import kept, shown
from mysqlcompat.sqltypes import BINARY, NUMERIC, Class, SqlType, charset_of
from mysqlcompat.wire.charsets import default_collation

_UNKNOWN: Final = "?"
_SHOWN_BYTES: Final = 6  #: of a string that cannot be converted
_LIMITED: Final = ("utf8mb3", "ucs2")  #: character sets without what lies beyond U+FFFF
_UNITS: Final = {"ucs2": 2, "utf16": 2, "utf16le": 2, "utf32": 4}  #: bytes of the least character
UTF8: Final = ("utf8mb4", "utf8mb3", "utf8")


@lru_cache(maxsize=64)
def _codec(charset: str) -> str:
    return "utf-8" if charset in UTF8 else default_collation(charset).charset.codec


def bytes_beyond(text: str | bytes, collation: str) -> int:
    """How many bytes more than characters a text has."""
    if isinstance(text, bytes) or text.isascii():
        return 0
    return len(encoded(text, collation)) - len(text)


def encoded(text: str, collation: str) -> bytes:
    """`text` in the bytes of the collation's character set; ``?`` for what it has not."""
    charset = charset_of(collation)
    if charset in UTF8 or charset == BINARY:
        return text.encode("utf-8", "surrogateescape")
    codec = _codec(charset)
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return b"".join(_encoded_character(one, codec) for one in text)


def _encoded_character(character: str, codec: str) -> bytes:
    try:
        return character.encode(codec)
    except UnicodeEncodeError:
        if codec == "cp1252" and character < "\xa0":
            return character.encode("latin-1")  # MySQL's latin1 keeps these five as they are
        return _UNKNOWN.encode(codec)


def decoded(data: bytes, charset: str) -> str:
    """Text of bytes in a character set. Raises UnicodeDecodeError."""
    unit = _UNITS.get(charset, 1)
    if len(data) % unit:
        data = bytes(unit - len(data) % unit) + data
    if charset == "latin1":
        return "".join(_latin1(byte) for byte in data)
    text = data.decode(_codec(charset))
    if charset == "utf8mb3" and not text.isascii():
        beyond = next((at for at, one in enumerate(text) if one > "\uffff"), -1)
        if beyond >= 0:
            start = len(text[:beyond].encode())
            raise UnicodeDecodeError(charset, data, start, start + 4, "beyond the BMP")
    return text


def ascii_of(data: bytes) -> str:
    """The text of bytes, `?` for what is no ASCII."""
    return data.decode("ascii", "replace").replace("\ufffd", "?")


@lru_cache(maxsize=256)
def _latin1(byte: int) -> str:
    try:
        return bytes((byte,)).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def representable(text: str, collation: str) -> str:
    """`text` as a character set can hold it: ``?`` for each character that it lacks."""
    charset = charset_of(collation)
    if charset in ("utf8mb4", "utf16", "utf16le", "utf32") or text.isascii():
        return text
    if charset in _LIMITED:
        return "".join(one if one <= "\uffff" else _UNKNOWN for one in text)
    codec = _codec(charset)
    return "".join(_kept(one, codec) for one in text)


@lru_cache(maxsize=65536)
def _kept(character: str, codec: str) -> str:
    is_unknown = _encoded_character(character, codec) == _UNKNOWN.encode(codec)
    return _UNKNOWN if is_unknown else character


def characters_of(value: str | bytes, source: str, target: str) -> str:
    """A string of collation `source` as text of `target`'s character set. Raises 3854."""
    charset = charset_of(target)
    data = value
    if isinstance(value, str):
        text = representable(value, target)
        if text == value:
            return text
        data = encoded(value, source)
    else:
        try:
            return decoded(value, charset)
        except UnicodeDecodeError:
            pass
    more = "..." if len(data) > _SHOWN_BYTES else ""
    raise SqlError(3854, shown_bytes(data[:_SHOWN_BYTES]) + more, charset_of(source), charset)


def shown_bytes(data: str | bytes) -> str:
    """Bytes as messages about character sets show them."""
    octets = data if isinstance(data, bytes) else data.encode()
    return "\x7f".join(map(shown, octets.split(b"\x7f")))


def column_text(value: Any, source: SqlType, target: SqlType) -> Any:
    """A string of a column where a number is wanted: what is no ASCII in binary strings, and no
    UTF-8 of three bytes in others, is question marks in messages; of binary ones they end at a
    NUL."""
    if target.cls not in NUMERIC or target.kind is TypeKind.YEAR:
        return value
    if isinstance(value, str):
        is_latin = source.charset == "latin1"
        return value.encode("ascii", "replace").decode() if is_latin else kept(value)
    if target.cls is Class.DECIMAL or not isinstance(value, bytes):
        return value
    text = ascii_of(value)
    return text.partition("\0")[0] if target.cls is Class.INT else text

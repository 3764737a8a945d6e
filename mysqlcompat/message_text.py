"""Values as MySQL's messages show them."""

from __future__ import annotations

import re
from typing import Any, Final

_LONGEST: Final = 128  #: ``%-.128s``, in bytes
_TWO, _THREE, _FOUR = 0xC2, 0xE0, 0xF0  #: the first byte of a character of so many
LONGEST_CHARACTER: Final = 4  #: bytes
_BEYOND: Final = re.compile("[\U00010000-\U0010ffff]")  #: what utf8mb3 lacks
_CUT: Final = re.compile("[\ud800-\udfff]")  #: bytes of a character without the others


def shown(value: str | bytes) -> str:
    """A value within quotes of a message: what utf8mb3 lacks is ``?``, and a text ends at a NUL; of
    binary strings what is not printable is ``\\xNN``; cut to what a message has room for."""
    if isinstance(value, bytes):
        text = "".join(
            chr(byte) if 32 <= byte < 127 else f"\\x{byte:02X}" for byte in value[:_LONGEST]
        )
    else:
        text = _BEYOND.sub("?", value.partition("\0")[0][:_LONGEST])
    data = text.encode("utf-8", "replace")
    if len(data) <= _LONGEST:
        return text
    return _CUT.sub("?", data[:_LONGEST].decode("utf-8", "surrogateescape"))


def shown_bytes(text: str, room: int = _LONGEST) -> str:
    """The first `room` bytes of a text as a message takes them: each of a character that utf8mb3
    lacks or that is cut in two is ``?``."""
    if text.isascii():
        return text[:room]
    known = text.encode("utf-8", "replace")[:room].decode("utf-8", "surrogateescape")
    return _CUT.sub("?", _BEYOND.sub("????", known))


def sent(text: str) -> str:
    """An error's text in its packet: of what utf8mb3 lacks, each byte is a character of Latin-1."""
    return _BEYOND.sub(lambda found: found[0].encode().decode("latin-1"), text)


def kept(text: str) -> str:
    """The same text as SHOW WARNINGS has it."""
    return _BEYOND.sub("????", text)


def named(argument: object) -> object:
    """A name or a value in an error's text: what utf8mb3 lacks is ``?``."""
    return _BEYOND.sub("?", argument) if isinstance(argument, str) else argument


def shown_as_c(value: str | bytes) -> str:
    """The same where MySQL prints a C string: up to the first NUL."""
    return shown(value.partition("\0")[0] if isinstance(value, str) else value.partition(b"\0")[0])


def shown_in_error(value: str | bytes) -> str:
    """The same in an error: each byte of binary strings that begins no character is ``?``, up to
    one that others ought to follow."""
    return shown_as_c(value if isinstance(value, str) else read_as_text(value))


def read_as_text(value: bytes) -> str:
    """Bytes that are taken for text in an error."""
    text, at = "", 0
    while at < len(value):
        size = _character_size(value[at])
        if at + size > len(value):
            break
        try:
            text += value[at : at + size].decode()
        except UnicodeDecodeError:
            text, size = text + "?", 1
        at += size
    return text


def _character_size(first: int) -> int:
    """How many bytes the character has that begins with this one."""
    return 1 + (first >= _TWO) + (first >= _THREE) + (first >= _FOUR)


def shown_number(number: int) -> str:
    """An integer as messages print it: the 64 bits read as signed."""
    number &= (1 << 64) - 1
    return str(number if number < 1 << 63 else number - (1 << 64))


def text_for_number(value: Any) -> str:
    """A string to read a number from."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)

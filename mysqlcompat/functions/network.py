"""Internet addresses and UUIDs."""

from __future__ import annotations

import binascii
import itertools
import re
import socket
import time
import uuid
from typing import Any, Final

from mysqlcompat.errors import SqlError
from mysqlcompat.functions.definitions import BOOL, define, integer, text
from mysqlcompat.functions.table import Context, Unfit
from mysqlcompat.message_text import shown
from mysqlcompat.numerals import integer_of_digits
from mysqlcompat.sql.typed import Call
from mysqlcompat.sqltypes import BINARY, string_type

_DOTTED: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_UUID_CHARACTERS: Final = 36  #: with dashes
_UUID_GROUPS: Final = [8, 4, 4, 4, 12]
_PLAIN_DOTTED: Final = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_UUID_FORMS: Final = re.compile(
    r"(?:[0-9a-f]{32}|(\{)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?(1)\}))",
    re.IGNORECASE,
)
_UNSIGNED: Final = integer(21, unsigned=True)
_MAPPED: Final = bytes(10) + b"\xff\xff"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else bytes(value).decode("latin-1")


# IPv4 -------------------------------------------------------------------------------------------


@define("inet_aton", "s", _UNSIGNED, nullable=True)
def inet_aton(context: Context, call: Call, value: Any) -> int | None:
    """Also the short forms: ``127.1`` is 127.0.0.1."""
    written = _text(value)
    plain = _plain_ipv4(written)
    if plain is not None:
        return int.from_bytes(plain, "big")
    parts = written.split(".")
    good = 1 <= len(parts) <= 4 and all(part == "" or part.isdigit() for part in parts)
    if not good or not parts[-1] or any(integer_of_digits(part) > 255 for part in parts):
        raise Unfit("string", "inet_aton")
    numbers = [*map(integer_of_digits, parts)]
    numbers[-1:-1] = [0] * (4 - len(numbers))
    return int.from_bytes(bytes(numbers), "big")


@define("inet_ntoa", "i", text(31))
def inet_ntoa(context: Context, call: Call, value: int) -> str | None:
    if not 0 <= value < 1 << 32:
        raise Unfit("integer", "inet_ntoa")
    return socket.inet_ntoa(value.to_bytes(4, "big"))


def _plain_ipv4(shown: str) -> bytes | None:
    """An address in the form in which they are shown; None: it is in another, or none."""
    try:
        return socket.inet_aton(shown) if _PLAIN_DOTTED.fullmatch(shown) else None
    except OSError:
        return None


def _ipv4(shown: str) -> bytes | None:
    plain = _plain_ipv4(shown)
    if plain is not None:
        return plain
    if not _DOTTED.fullmatch(shown):
        return None
    numbers = [int(part) for part in shown.split(".")]
    return bytes(numbers) if max(numbers) < 256 else None


# IPv6 -------------------------------------------------------------------------------------------


def _ipv6(shown: str) -> bytes | None:
    try:
        return socket.inet_pton(socket.AF_INET6, shown) if ":" in shown else None
    except (OSError, ValueError):
        return None


@define("inet6_aton", "s", string_type(16, BINARY, True), nullable=True)
def inet6_aton(context: Context, call: Call, value: Any) -> bytes | None:
    written = _text(value)
    packed = None
    if not isinstance(value, bytes):
        packed = _ipv4(written) or _ipv6(written)
    if packed is None:
        raise Unfit("string", "inet6_aton")
    return packed


@define("inet6_ntoa", "x", text(39), nullable=True)
def inet6_ntoa(context: Context, call: Call, value: Any) -> str | None:
    if isinstance(value, bytes) and len(value) == 4:
        return socket.inet_ntoa(value)
    if isinstance(value, bytes) and len(value) == 16:
        return socket.inet_ntop(socket.AF_INET6, value)
    raise Unfit("string", "inet6_ntoa")


def _compatible(packed: bytes) -> bool:
    """IPv4-compatible: 96 zero bits, then more than 16 bits of address."""
    return not any(packed[:12]) and any(packed[12:14])


@define("is_ipv4", "s", BOOL)
def is_ipv4(context: Context, call: Call, value: Any) -> int:
    return int(not isinstance(value, bytes) and _ipv4(value) is not None)


@define("is_ipv6", "s", BOOL)
def is_ipv6(context: Context, call: Call, value: Any) -> int:
    return int(not isinstance(value, bytes) and _ipv6(value) is not None)


@define("is_ipv4_compat", "x", BOOL)
def is_ipv4_compat(context: Context, call: Call, value: Any) -> int:
    return int(isinstance(value, bytes) and len(value) == 16 and _compatible(value))


@define("is_ipv4_mapped", "x", BOOL)
def is_ipv4_mapped(context: Context, call: Call, value: Any) -> int:
    return int(isinstance(value, bytes) and len(value) == 16 and value.startswith(_MAPPED))


# UUIDs ------------------------------------------------------------------------------------------


def _parsed(value: Any) -> bytes | None:
    written = _text(value)
    if len(written) == _UUID_CHARACTERS:
        parts = written.split("-")
        if list(map(len, parts)) != _UUID_GROUPS:
            return None
        try:
            return binascii.unhexlify("".join(parts))
        except ValueError:
            return None
    if not _UUID_FORMS.fullmatch(written):
        return None
    return bytes.fromhex(written.strip("{}").replace("-", ""))


@define("uuid", "", text(36), once=False, pure=False)
def make_uuid(context: Context, call: Call) -> str:
    return str(uuid.uuid1())


#: As MySQL makes them: server id, start time, and a counter.
_SHORT: Final = itertools.count((1 << 56) + (int(time.time()) << 24))


@define("uuid_short", "", _UNSIGNED, nullable=False, once=False, pure=False)
def uuid_short(context: Context, call: Call) -> int:
    return next(_SHORT)


@define("is_uuid", "s", BOOL, nullable=True)
def is_uuid(context: Context, call: Call, value: Any) -> int:
    return int(not isinstance(value, bytes) and _parsed(value) is not None)


@define(
    "uuid_to_bin", "si", string_type(16, BINARY, True), required=1, nullable=True,
    null_rejects=False,
)  # fmt: skip
def uuid_to_bin(context: Context, call: Call, value: Any, swap: int | None = 0) -> bytes | None:
    if value is None:
        return None
    parsed = _parsed(value)
    if parsed is None:
        raise SqlError(1411, "string", shown(value), "uuid_to_bin")
    return parsed[6:8] + parsed[4:6] + parsed[:4] + parsed[8:] if swap else parsed


@define("bin_to_uuid", "si", text(36), required=1, nullable=True, null_rejects=False)
def bin_to_uuid(context: Context, call: Call, value: Any, swap: int | None = 0) -> str | None:
    if value is None:
        return None
    packed = value.encode() if isinstance(value, str) else bytes(value)
    if len(packed) != 16:
        raise SqlError(1411, "string", shown(value), "bin_to_uuid")
    if swap:
        packed = packed[4:8] + packed[2:4] + packed[:2] + packed[8:]
    digits = packed.hex()
    groups = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(groups)

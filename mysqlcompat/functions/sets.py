"""MAKE_SET and EXPORT_SET, FORMAT_BYTES and FORMAT_PICO_TIME: numbers shown as text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from mysqlcompat.functions.definitions import (
    MAX_CHARACTERS,
    build_as,
    define,
    implement,
    length_in,
    length_of_choice,
    sized,
    strings,
    text,
    wrapped,
)
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.infer import Typing, nullable_of
from mysqlcompat.sql.typed import Call, Expression, is_constant
from mysqlcompat.sqltypes import BINARY, SqlType, string_type

_MASK: Final = (1 << 64) - 1
_BITS_MOST: Final = 64
_SHORT: Final = 16  #: characters of texts that are kept for all numbers of eight bits
_BYTE_UNITS: Final = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
#: Unit, picoseconds of it.
_TIME_UNITS: Final = (
    ("d", 86400 * 10**12),
    ("h", 3600 * 10**12),
    ("min", 60 * 10**12),
    ("s", 10**12),
    ("ms", 10**9),
    ("us", 10**6),
    ("ns", 10**3),
)


@build_as("make_set", 2, 999)
def build_make_set(typing: Typing, args: Sequence[Expression]) -> Expression:
    members = [typing.as_string(arg) for arg in args[1:]]
    like = strings(typing, members, 0, "make_set")
    if like.collation != BINARY:
        members = list(typing.together(members, like.collation))
    size = sum(length_of_choice(member, like) for member in members) + len(members) - 1
    size = wrapped(size, like.collation)
    made = string_type(size, like.collation, nullable_of(args), like.coercibility)
    members = list(typing.together(members, made.collation))
    return typing.call("make_set", made, typing.as_integer(args[0]), *members)


@implement("make_set", null_rejects=False)
def make_set(context: Context, call: Call, bits: int | None, *members: Any) -> Any:
    if bits is None:
        return None
    chosen = [one for at, one in enumerate(members) if bits >> at & 1 and one is not None]
    return (b"," if call.type.collation == BINARY else ",").join(chosen)


def _export_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    texts = [args[1], args[2], *args[3:4]]
    like = strings(typing, texts, 0, "export_set")
    longest = max(length_in(args[1], like), length_in(args[2], like))
    separator = length_in(args[3], like) if len(args) > 3 else 1
    return sized(longest * _BITS_MOST + separator * (_BITS_MOST - 1), like)


@lru_cache(maxsize=64)
def _exported(on: Any, off: Any, separator: Any, count: int) -> tuple[Any, ...]:
    """The texts of all numbers of `count` bits."""
    return tuple(
        separator.join([on if number >> at & 1 else off for at in range(count)])
        for number in range(1 << count)
    )


def _exports(
    context: Context,
    call: Call,
    bits: Sequence[Any],
    on: Sequence[Any],
    off: Sequence[Any],
    *rest: Sequence[Any],
) -> list[Any] | None:
    """Of constant short texts; None: value by value."""
    texts = [column[0] for column in (on, off, *rest)]
    if not all(map(is_constant, call.args[1:])) or None in texts or None in bits:
        return None
    separator = texts[2] if rest else b"," if isinstance(on[0], bytes) else ","
    count = texts[3] if len(texts) > 3 else _BITS_MOST
    shown = count if 0 <= count <= _BITS_MOST else _BITS_MOST
    if max(map(len, (on[0], off[0], separator))) > _SHORT:
        return None
    whole, left = divmod(shown, 8)
    made_of, join = _exported(on[0], off[0], separator, 8).__getitem__, separator.join
    words = [(one & _MASK).to_bytes(8, "little") for one in bits]
    if not left:
        return [join(map(made_of, word[:whole])) for word in words]
    last, mask = _exported(on[0], off[0], separator, left), (1 << left) - 1
    if not whole:
        return [last[word[0] & mask] for word in words]
    return [join((*map(made_of, word[:whole]), last[word[whole] & mask])) for word in words]


@define("export_set", "isssi", _export_type, required=3, texts="agreed", columns=_exports)
def export_set(
    context: Context,
    call: Call,
    bits: int,
    on: Any,
    off: Any,
    separator: Any = None,
    count: int = 64,
) -> Any:
    shown = count if 0 <= count <= _BITS_MOST else _BITS_MOST
    if separator is None:
        separator = b"," if isinstance(on, bytes) else ","
    if max(len(on), len(off), len(separator)) > _SHORT:
        return separator.join([on if bits >> at & 1 else off for at in range(shown)])
    whole, rest = divmod(shown, 8)
    octets = (bits & _MASK).to_bytes(8, "little")
    texts = _exported(on, off, separator, 8)
    parts = [texts[octet] for octet in octets[:whole]]
    if rest:
        parts.append(_exported(on, off, separator, rest)[octets[whole] & (1 << rest) - 1])
    return separator.join(parts)


@define("load_file", "s", lambda typing, args: string_type(MAX_CHARACTERS, BINARY))
def load_file(context: Context, call: Call, path: Any) -> None:
    """NULL, as of a server whose secure_file_priv is NULL: none of its files may be read."""


@define("format_bytes", "d", text(11))
def format_bytes(context: Context, call: Call, count: float) -> str:
    if abs(count) < 1024:
        return f"{int(count):4d} bytes"
    power = 0
    while abs(count) >= 1024 and power < len(_BYTE_UNITS):
        count /= 1024
        power += 1
    value, unit = count, _BYTE_UNITS[power - 1]
    return f"{value:.2e} {unit}" if abs(value) >= 100000 else f"{value:.2f} {unit}"


@define("format_pico_time", "d", text(11))
def format_pico_time(context: Context, call: Call, count: float) -> str:
    for unit, size in _TIME_UNITS:
        if abs(count) >= size:
            value = count / size
            return f"{value:.2e} {unit}" if abs(value) >= 100000 else f"{value:.2f} {unit}"
    return f"{int(count):3d} ps"

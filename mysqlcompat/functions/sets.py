"""MAKE_SET and EXPORT_SET, FORMAT_BYTES and FORMAT_PICO_TIME: numbers shown as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mysqlcompat.functions.definitions import build_as, define, implement, strings, text
from mysqlcompat.functions.table import Context
from mysqlcompat.sql.infer import Typing
from mysqlcompat.sql.typed import Call, Expression
from mysqlcompat.sqltypes import SqlType

_MASK: Final = (1 << 64) - 1
_BITS_MOST: Final = 64
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


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _joined(parts: Sequence[Any], separator: Any) -> Any:
    if any(isinstance(part, bytes) for part in (*parts, separator)):
        return _bytes(separator).join(map(_bytes, parts))
    return separator.join(parts)


@build_as("make_set", 2, 999)
def build_make_set(typing: Typing, args: Sequence[Expression]) -> Expression:
    members = [typing.as_string(arg) for arg in args[1:]]
    size = sum(member.type.length for member in members) + len(members) - 1
    made = strings(typing, members, size)
    return typing.call("make_set", made, typing.as_integer(args[0]), *members)


@implement("make_set", null_rejects=False)
def make_set(context: Context, call: Call, bits: int | None, *members: Any) -> Any:
    if bits is None:
        return None
    chosen = [one for at, one in enumerate(members) if bits >> at & 1 and one is not None]
    return _joined(chosen, ",") if chosen else ""


def _export_type(typing: Typing, args: Sequence[Expression]) -> SqlType:
    longest = max(args[1].type.length, args[2].type.length)
    separator = args[3].type.length if len(args) > 3 else 1
    texts = [args[1], args[2], *args[3:4]]
    return strings(typing, texts, longest * _BITS_MOST + separator * (_BITS_MOST - 1))


@define("export_set", "isssi", _export_type, required=3)
def export_set(
    context: Context,
    call: Call,
    bits: int,
    on: Any,
    off: Any,
    separator: Any = ",",
    count: int = 64,
) -> Any:
    shown = count if 0 <= count <= _BITS_MOST else _BITS_MOST
    parts = [on if bits >> at & 1 else off for at in range(shown)]
    return _joined(parts, separator) if parts else ""


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


@define("format_pico_time", "d", text(17))
def format_pico_time(context: Context, call: Call, count: float) -> str:
    for unit, size in _TIME_UNITS:
        if abs(count) >= size:
            value = count / size
            return f"{value:.2e} {unit}" if abs(value) >= 100000 else f"{value:.2f} {unit}"
    return f"{int(count):3d} ps"

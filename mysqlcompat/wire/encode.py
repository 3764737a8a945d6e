"""Result columns for the row kernels, and rows that exist as Python values.

`column_words` is what a program (or a test) puts into the arena for `encode_rows`. `PythonRows` is
a `RowSource` for SHOW, information_schema and the like; it is also the plain twin that the kernels
are tested against.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isinf
from struct import pack
from typing import TYPE_CHECKING, Any, Final

from btree.schema import TypeKind
from mysqlcompat import results as r
from mysqlcompat.results import Chunk, ColumnDef
from mysqlcompat.slices import Slice
from mysqlcompat.wire import layout as w
from mysqlcompat.wire.fields import string_lenenc

if TYPE_CHECKING:
    from btree.schema import ColumnType
    from mysqlcompat.sqltypes import SqlType

CHUNK_BYTES: Final = 1 << 16
LANE_DECIMAL_DIGITS: Final = 18

_SIMPLE_CLASSES: Final = {
    TypeKind.FLOAT: w.CLASS_FLOAT,
    TypeKind.DOUBLE: w.CLASS_DOUBLE,
    TypeKind.BIT: w.CLASS_BIT,
    TypeKind.YEAR: w.CLASS_YEAR,
    TypeKind.DATE: w.CLASS_DATE,
    TypeKind.TIME: w.CLASS_TIME,
    TypeKind.DATETIME: w.CLASS_DATETIME,
    TypeKind.TIMESTAMP: w.CLASS_DATETIME,
    TypeKind.ENUM: w.CLASS_ENUM,
    TypeKind.SET: w.CLASS_SET,
    TypeKind.NULL: w.CLASS_NULL,
}
_INTEGER_BYTES: Final = {
    TypeKind.TINYINT: 1,
    TypeKind.SMALLINT: 2,
    TypeKind.MEDIUMINT: 4,
    TypeKind.INT: 4,
    TypeKind.BIGINT: 8,
    TypeKind.YEAR: 2,
}


def lane_class(kind: TypeKind, unsigned: bool, precision: int) -> int:
    """How the kernels have to read a lane of this type."""
    if kind is TypeKind.YEAR and precision:  # of CAST: without leading zeros
        return w.CLASS_UNSIGNED
    if kind in _SIMPLE_CLASSES:
        return _SIMPLE_CLASSES[kind]
    if kind in _INTEGER_BYTES:
        return w.CLASS_UNSIGNED if unsigned else w.CLASS_SIGNED
    if kind is TypeKind.DECIMAL and precision <= LANE_DECIMAL_DIGITS:
        return w.CLASS_DECIMAL
    return w.CLASS_STRING


def column_words(
    type_: ColumnType | SqlType,
    lanes_at: int,
    nulls_at: int,
    put_members: Callable[[Sequence[bytes]], int] | None = None,
    zerofill_width: int = 0,
) -> list[int]:
    """The COLUMN_WORDS words of one column whose register is at these offsets.

    put_members  for ENUM and SET: stores the members as string lanes, gives the table's offset
    """
    is_mixed = getattr(type_, "mixed", False)
    precision = LANE_DECIMAL_DIGITS + 1 if is_mixed else type_.precision
    cls = lane_class(type_.kind, type_.unsigned, precision)
    width = _INTEGER_BYTES.get(type_.kind, 0)
    members = count = 0
    if type_.kind is TypeKind.BIT:
        width = (type_.length + 7) // 8
    elif cls in (w.CLASS_ENUM, w.CLASS_SET):
        assert put_members is not None
        names = [name.encode() for name in type_.members]
        members, count = put_members(names), len(names)
        width = sum(len(name) + 1 for name in names)
    return [cls, lanes_at, nulls_at, _scale(type_, cls), width, members, count, zerofill_width]


def _scale(type_: ColumnType | SqlType, cls: int) -> int:
    """SCALE word: a ColumnType of a plain DOUBLE has precision 0, a SqlType scale 31."""
    if cls in (w.CLASS_DOUBLE, w.CLASS_FLOAT):
        return type_.scale if type_.precision or 0 < type_.scale < 31 else r.DECIMALS_NOT_FIXED
    if cls in (w.CLASS_DATE, w.CLASS_YEAR):
        return 0
    return min(type_.scale, r.DECIMALS_NOT_FIXED)


def block_words(columns: Iterable[Sequence[int]]) -> list[int]:
    """The column block: count, an unused word, then each column's words."""
    flat = [list(column) for column in columns]
    return [len(flat), 0, *(word for column in flat for word in column)]


def double_text(value: float) -> str:
    """A double as MySQL prints it: see `float_kernels`."""
    if isinf(value):
        return "0"
    mantissa, _, exponent = f"{value!r}".lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    decpt = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return _laid_out(value, digits.rstrip("0"), decpt)


def float_text(value: float) -> str:
    """A FLOAT as MySQL prints it: six digits."""
    mantissa, _, exponent = f"{abs(value):.5e}".partition("e")
    digits = mantissa.replace(".", "").rstrip("0")
    return _laid_out(value, digits if value else "", int(exponent) + 1)


def _laid_out(value: float, digits: str, decpt: int) -> str:
    sign = "-" if pack(">d", value)[0] & 0x80 else ""
    if not digits:
        return sign + "0"
    if decpt < -14 or (decpt > 15 and len(digits) <= decpt):
        point = "." if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{point}{digits[1:]}e{decpt - 1}"
    if decpt <= 0:
        return f"{sign}0.{'0' * -decpt}{digits}"
    if decpt < len(digits):
        return f"{sign}{digits[:decpt]}.{digits[decpt:]}"
    return sign + digits + "0" * (decpt - len(digits))


def packed_temporal(value: date | datetime | timedelta | time) -> int:
    """The lane of a Python temporal (`docs/seams.md` §3)."""
    if isinstance(value, timedelta):
        micros = value // timedelta(microseconds=1)
        seconds, fraction = divmod(abs(micros), 1_000_000)
        minutes, second = divmod(seconds, 60)
        packed = _packed_clock(minutes // 60, minutes % 60, second, fraction)
        return packed if micros >= 0 else -packed
    if isinstance(value, time):
        return _packed_clock(value.hour, value.minute, value.second, value.microsecond)
    day = (((value.year * 13 + value.month) << 5) | value.day) << 41
    if not isinstance(value, datetime):
        return day
    return day | _packed_clock(value.hour, value.minute, value.second, value.microsecond)


def _packed_clock(hour: int, minute: int, second: int, micros: int) -> int:
    return (hour << 12 | minute << 6 | second) << 24 | micros


def temporal_text(lane: int, wire_type: int, digits: int) -> str:
    """A packed temporal as text."""
    sign = ""
    if wire_type == r.WIRE_TIME:
        sign, lane = ("-", -lane) if lane < 0 else ("", lane)
        hour = lane >> 36
    else:
        hour = lane >> 36 & 31
    clock = f"{hour:02}:{lane >> 30 & 63:02}:{lane >> 24 & 63:02}"
    if digits:
        clock += f".{lane & 0xFFFFFF:06}"[: digits + 1]
    if wire_type == r.WIRE_TIME:
        return sign + clock
    day = f"{(lane >> 46) // 13:04}-{(lane >> 46) % 13:02}-{lane >> 41 & 31:02}"
    return day if wire_type == r.WIRE_DATE else f"{day} {clock}"


def _temporal_binary(lane: int, wire_type: int) -> bytes:
    if wire_type == r.WIRE_TIME:
        negative, lane = lane < 0, abs(lane)
        hours, micros = lane >> 36, lane & 0xFFFFFF
        clock = (lane >> 30 & 63, lane >> 24 & 63)
        body = pack("<BIBBB", negative, hours // 24, hours % 24, *clock) if lane else b""
    else:
        micros = lane & 0xFFFFFF
        day = ((lane >> 46) // 13, (lane >> 46) % 13, lane >> 41 & 31)
        body = pack("<HBB", *day) if lane else b""
        if lane & w.DAY_TIME and wire_type != r.WIRE_DATE:
            body += bytes((lane >> 36 & 31, lane >> 30 & 63, lane >> 24 & 63))
    if micros and len(body) > 4:
        body += pack("<I", micros)
    return bytes((len(body),)) + body


_TEMPORAL: Final = (r.WIRE_DATE, r.WIRE_TIME, r.WIRE_DATETIME, r.WIRE_TIMESTAMP)
_BINARY_INTEGERS: Final = {
    r.WIRE_TINY: 1,
    r.WIRE_SHORT: 2,
    r.WIRE_YEAR: 2,
    r.WIRE_LONG: 4,
    r.WIRE_INT24: 4,
    r.WIRE_LONGLONG: 8,
}


def text_value(value: Any, column: ColumnDef) -> bytes:
    """One value as the text protocol sends it, without its length."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if column.wire_type in _TEMPORAL:
        lane = value if isinstance(value, int) else packed_temporal(value)
        return temporal_text(lane, column.wire_type, column.decimals).encode()
    if isinstance(value, float):
        if column.decimals < r.DECIMALS_NOT_FIXED:
            return f"{value:.{column.decimals}f}".encode()
        spell = float_text if column.wire_type == r.WIRE_FLOAT else double_text
        return spell(value).encode()
    if column.wire_type == r.WIRE_YEAR:
        return b"%04d" % value
    if column.wire_type == r.WIRE_BIT:
        return int(value).to_bytes((column.length + 7) // 8, "big")
    if isinstance(value, Decimal):
        return f"{value:f}".encode()
    return str(int(value)).encode()


def binary_value(value: Any, column: ColumnDef) -> bytes:
    """One value as the binary protocol sends it, its length included where it has one."""
    wire_type = column.wire_type
    if wire_type in _BINARY_INTEGERS:
        size = _BINARY_INTEGERS[wire_type]
        return (int(value) & ((1 << (8 * size)) - 1)).to_bytes(size, "little")
    if wire_type in (r.WIRE_DOUBLE, r.WIRE_FLOAT):
        return pack("<d" if wire_type == r.WIRE_DOUBLE else "<f", value)
    if wire_type in _TEMPORAL and not isinstance(value, (str, bytes)):
        return _temporal_binary(
            value if isinstance(value, int) else packed_temporal(value), wire_type
        )
    return string_lenenc(text_value(value, column))


def text_row(columns: Sequence[ColumnDef], row: Sequence[Any]) -> bytes:
    """Payload of a text row."""
    return b"".join(
        b"\xfb" if value is None else string_lenenc(text_value(value, column))
        for column, value in zip(columns, row, strict=True)
    )


def binary_row(columns: Sequence[ColumnDef], row: Sequence[Any]) -> bytes:
    """Payload of a binary row."""
    bitmap = 0
    values = []
    for number, (column, value) in enumerate(zip(columns, row, strict=True)):
        if value is None:
            bitmap |= 1 << (number + 2)
        else:
            values.append(binary_value(value, column))
    size = (len(columns) + 9) // 8
    return b"\0" + bitmap.to_bytes(size, "little") + b"".join(values)


def packets_of(payload: bytes, sequence: int) -> tuple[bytes, int]:
    """A payload as packets, and the number of the next one."""
    if len(payload) < w.MAX_PACKET:
        return pack("<I", len(payload) | sequence << 24) + payload, sequence + 1 & 255
    parts = []
    for at in range(0, len(payload) + 1, w.MAX_PACKET):
        piece = payload[at : at + w.MAX_PACKET]
        parts.append(pack("<I", len(piece) | sequence << 24) + piece)
        sequence = sequence + 1 & 255
    return b"".join(parts), sequence


class PythonRows:
    """Rows of Python values as a `RowSource`.

    Values: None, int, float, Decimal, str, bytes; temporals as lane integers or as the classes of
    `datetime` (timedelta for TIME), or already as text in the text protocol.
    """

    def __init__(
        self, columns: Sequence[ColumnDef], rows: Iterable[Sequence[Any]], binary: bool
    ) -> None:
        self.columns = tuple(columns)
        self._rows = iter(rows)
        self._encode = binary_row if binary else text_row

    async def read(self, sequence: int, limit: int) -> Chunk:
        made: list[bytes] = []
        size = count = 0
        slice_ = Slice()
        for row in self._rows:
            packet, sequence = packets_of(self._encode(self.columns, row), sequence)
            made.append(packet)
            size += len(packet)
            count += 1
            if count == limit or size >= CHUNK_BYTES:
                return Chunk(b"".join(made), count, sequence, False)
            if slice_.is_over():
                await asyncio.sleep(0)
                slice_ = Slice()
        return Chunk(b"".join(made), count, sequence, True)

    def close(self) -> None:
        self._rows = iter(())

"""Prepared statements over PyMySQL's connection: rows of the binary protocol, shown as text.

PyMySQL has the text protocol only. `execute` prepares one statement, runs it and gives what a text
result would give, so that golden scripts compare both protocols word for word.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pymysql.constants import FIELD_TYPE as T
from pymysql.protocol import FieldDescriptorPacket, OKPacketWrapper

_PREPARE: Final = 0x16
_EXECUTE: Final = 0x17
_CLOSE: Final = 0x19
_INTEGERS: Final = {
    T.TINY: "b", T.SHORT: "h", T.YEAR: "h", T.INT24: "i", T.LONG: "i", T.LONGLONG: "q",
}  # fmt: skip
_UNSIGNED: Final = 32


@dataclass(slots=True)
class BinaryResult:
    """The part of PyMySQL's result that golden scripts look at; no rows of an OK."""

    fields: list[Any]
    rows: list[list[str | None]]
    warning_count: int
    description: Any = True
    has_next: bool = False


#: A parameter as it is sent: type, whether it is unsigned, and its bytes; None is NULL.
Sent = tuple[int, bool, bytes | None]


def execute(connection: Any, sql: str, sent: Sequence[Sent] = ()) -> BinaryResult:
    """Prepare, run and close a statement. Raises PyMySQL's errors."""
    connection._execute_command(_PREPARE, sql)
    prepared = connection._read_packet()._data
    number, columns, parameters = struct.unpack_from("<IHH", prepared, 1)
    for count in (parameters, columns):
        _skip(connection, count)
    try:
        connection._execute_command(_EXECUTE, struct.pack("<IBI", number, 0, 1) + _parameters(sent))
        first = connection._read_packet()
        if first.is_ok_packet():
            return BinaryResult([], [], OKPacketWrapper(first).warning_count)
        count = first.read_length_encoded_integer()
        fields = [connection._read_packet(FieldDescriptorPacket) for _ in range(count)]
        connection._read_packet()
        rows: list[list[str | None]] = []
        while True:
            packet = connection._read_packet()
            if packet.is_eof_packet():
                warnings, status = struct.unpack_from("<HH", packet._data, 1)
                connection.server_status = status
                return BinaryResult(fields, rows, warnings)
            rows.append(_row(packet._data, fields))
    finally:
        connection._execute_command(_CLOSE, struct.pack("<I", number))


def _parameters(sent: Sequence[Sent]) -> bytes:
    """What COM_STMT_EXECUTE says of parameters: NULLs, types, values."""
    if not sent:
        return b""
    nulls = sum((data is None) << number for number, (_, _, data) in enumerate(sent))
    types = b"".join(bytes((kind, 128 * unsigned)) for kind, unsigned, _ in sent)
    bitmap = nulls.to_bytes((len(sent) + 7) // 8, "little")
    return bitmap + b"\1" + types + b"".join(data or b"" for _, _, data in sent)


def _skip(connection: Any, definitions: int) -> None:
    """Column definitions and the EOF behind them."""
    for _ in range(definitions + 1 if definitions else 0):
        connection._read_packet()


def _row(data: bytes, fields: list[Any]) -> list[str | None]:
    bitmap_bytes = (len(fields) + 9) // 8
    nulls = int.from_bytes(data[1 : 1 + bitmap_bytes], "little") >> 2
    at, row = 1 + bitmap_bytes, []
    for number, field in enumerate(fields):
        if nulls >> number & 1:
            row.append(None)
            continue
        text, at = _value(data, at, field)
        row.append(text)
    assert at == len(data), "bytes left in a row"
    return row


def _value(data: bytes, at: int, field: Any) -> tuple[Any, int]:
    """One value as the text protocol shows it, and where the next one starts."""
    kind = field.type_code
    letter = _INTEGERS.get(kind)
    if letter is not None:
        letter = letter.upper() if field.flags & _UNSIGNED else letter
        return str(struct.unpack_from("<" + letter, data, at)[0]), at + struct.calcsize(letter)
    if kind == T.DOUBLE:
        return _double(struct.unpack_from("<d", data, at)[0], field.scale), at + 8
    if kind == T.FLOAT:
        value = struct.unpack_from("<f", data, at)[0]
        return _double(float(f"{value:.6g}"), field.scale), at + 4
    if kind in (T.DATE, T.DATETIME, T.TIMESTAMP):
        size = data[at]
        return _datetime(data[at + 1 : at + 1 + size], kind, field.scale), at + 1 + size
    if kind == T.TIME:
        size = data[at]
        return _time(data[at + 1 : at + 1 + size], field.scale), at + 1 + size
    size, at = _length(data, at)
    return data[at : at + size], at + size


def _length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 0xFB:
        return first, at + 1
    width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width


def _double(value: float, decimals: int) -> str:
    """As MySQL prints it: shortest digits, an exponent only far from 1."""
    if decimals < 31:
        return f"{Decimal(repr(value)):.{decimals}f}"
    if value and not 1e-15 <= abs(value) < 1e15:
        mantissa, exponent = f"{Decimal(repr(value)).normalize():e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    text = f"{Decimal(repr(value)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _fraction(microseconds: int, decimals: int) -> str:
    return "." + f"{microseconds:06d}"[:decimals] if decimals else ""


def _datetime(data: bytes, kind: int, decimals: int) -> str:
    padded = data.ljust(11, b"\0")
    year, month, day, hour, minute, second, micro = struct.unpack("<HBBBBBI", padded)
    date = f"{year:04d}-{month:02d}-{day:02d}"
    if kind == T.DATE:
        return date
    return f"{date} {hour:02d}:{minute:02d}:{second:02d}{_fraction(micro, decimals)}"


def _time(data: bytes, decimals: int) -> str:
    padded = data.ljust(12, b"\0")
    negative, days, hour, minute, second, micro = struct.unpack("<BIBBBI", padded)
    sign = "-" if negative else ""
    hours = 24 * days + hour
    return f"{sign}{hours:02d}:{minute:02d}:{second:02d}{_fraction(micro, decimals)}"

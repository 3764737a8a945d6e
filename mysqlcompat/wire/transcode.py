"""Rows in another character set than UTF-8, for clients who asked for it (character_set_results).

Rows are made in UTF-8, by kernels. Few clients want anything else, so what they get is taken apart
and put together again here; the lane does not serve them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mysqlcompat import results as r
from mysqlcompat.wire.encode import packets_of
from mysqlcompat.wire.fields import length_encoded
from mysqlcompat.wire.layout import MAX_PACKET

#: Bytes of a value in a binary row; every other type begins with its length.
_WIDTHS: Final = {
    r.WIRE_TINY: 1,
    r.WIRE_SHORT: 2,
    r.WIRE_YEAR: 2,
    r.WIRE_LONG: 4,
    r.WIRE_INT24: 4,
    r.WIRE_FLOAT: 4,
    r.WIRE_LONGLONG: 8,
    r.WIRE_DOUBLE: 8,
}
_NULL: Final = 0xFB
_SIZES: Final = {0xFC: 2, 0xFD: 3, 0xFE: 8}


class TranscodedRows:
    """A `RowSource` around another whose strings are UTF-8.

    codec   Python's name for what the client wants; what it lacks becomes a question mark
    binary  rows are of the binary protocol
    """

    def __init__(
        self, source: r.RowSource, columns: Sequence[r.ColumnDef], codec: str, binary: bool
    ) -> None:
        self._source = source
        self._codec = codec
        self._binary = binary
        self._is_text = [column.collation != r.BINARY_COLLATION for column in columns]
        self._widths = [_WIDTHS.get(column.wire_type, 0) if binary else 0 for column in columns]

    async def read(self, sequence: int, limit: int) -> r.Chunk:
        """The next rows."""
        chunk = await self._source.read(sequence, limit)
        made: list[bytes] = []
        at, payload = 0, b""
        while at < len(chunk.packets):
            count = int.from_bytes(chunk.packets[at : at + 3], "little")
            payload += chunk.packets[at + 4 : at + 4 + count]
            at += 4 + count
            if count < MAX_PACKET:
                packets, sequence = packets_of(self._row(payload), sequence)
                made.append(packets)
                payload = b""
        return r.Chunk(b"".join(made), chunk.rows, sequence, chunk.end)

    def close(self) -> None:
        self._source.close()

    def _row(self, row: bytes) -> bytes:
        count = len(self._is_text)
        at = 1 + (count + 9) // 8 if self._binary else 0
        nulls = int.from_bytes(row[1:at], "little") >> 2
        made = [row[:at]]
        for number in range(count):
            width = self._widths[number]
            if self._binary and nulls >> number & 1:
                continue
            if not self._binary and row[at] == _NULL:
                width = 1
            if width:
                made.append(row[at : at + width])
                at += width
                continue
            size, at = row[at], at + 1
            if size in _SIZES:
                end = at + _SIZES[size]
                size, at = int.from_bytes(row[at:end], "little"), end
            value = row[at : at + size]
            at += size
            if self._is_text[number]:
                value = value.decode("utf-8", "replace").encode(self._codec, "replace")
            made += (length_encoded(len(value)), value)
        return b"".join(made)

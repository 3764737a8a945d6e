"""Bytes to packets and back.  No sockets here: `feed` bytes in any pieces, take packets out.

::

    OFFSET SIZE  PACKET                       COMPRESSED PACKET (a run of packets, in any pieces)
    0      3     payload bytes                compressed bytes
    3      1     sequence number              sequence number of its own
    4      …     payload                      3 bytes: bytes before compression, 0: not compressed
                                              7 …: zlib stream

A payload of 16 MiB - 1 is continued by the next packet; an empty one may end it.
"""

from __future__ import annotations

import zlib
from struct import pack
from typing import Final, NamedTuple

from mysqlcompat.wire.fields import Malformed
from mysqlcompat.wire.layout import MAX_PACKET

HEADER_BYTES: Final = 4
COMPRESSED_HEADER_BYTES: Final = 7
COMPRESSION_LEVEL: Final = 1  #: of zlib
_WORTH_COMPRESSING: Final = 50  #: MIN_COMPRESS_LENGTH of the client library


class PacketTooLarge(Exception):
    """A packet over the limit was announced; its bytes were not kept. `sequence`: its number."""

    def __init__(self, size: int, sequence: int) -> None:
        super().__init__(f"a packet of {size} bytes")
        self.sequence = sequence


class OutOfOrder(Malformed):
    """A packet does not carry the number that is due."""


class Packet(NamedTuple):
    """One payload, joined; `first` and `last` are the sequence numbers of its packets."""

    first: int
    last: int
    payload: bytes


class PacketReader:
    """Cuts a byte stream into packets.

    limit   most bytes a (joined) payload may have; may be changed at any time
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._first = 0
        self._size = 0

    @property
    def buffered(self) -> int:
        """Bytes received and not yet taken."""
        return len(self._buffer) + self._size

    @property
    def missing(self) -> int:
        """Bytes that must come before anything new can be said: never 0, never too many.

        Reading exactly so many leaves what follows a packet in the socket, where TLS or the lane
        finds it.
        """
        have = len(self._buffer)
        if have < HEADER_BYTES:
            return HEADER_BYTES - have
        count = int.from_bytes(self._buffer[:3], "little")
        return max(1, HEADER_BYTES + count - have)

    @property
    def complete(self) -> bool:
        """Whether `next` has something: a packet, or an error."""
        have = len(self._buffer)
        if have < HEADER_BYTES:
            return False
        count = int.from_bytes(self._buffer[:3], "little")
        return have >= HEADER_BYTES + count or self._size + count > self.limit

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take received bytes."""
        self._buffer += data

    def next(self) -> Packet | None:
        """The next whole packet, or None. Raises PacketTooLarge or Malformed; then it is over."""
        while len(self._buffer) >= HEADER_BYTES:
            count = int.from_bytes(self._buffer[:3], "little")
            sequence = self._buffer[3]
            if self._size + count > self.limit:
                raise PacketTooLarge(self._size + count, sequence)
            if len(self._buffer) < HEADER_BYTES + count:
                return None
            if self._parts and sequence != (self._first + len(self._parts)) & 255:
                raise OutOfOrder(f"continuation numbered {sequence}")
            payload = bytes(memoryview(self._buffer)[HEADER_BYTES : HEADER_BYTES + count])
            del self._buffer[: HEADER_BYTES + count]
            if not self._parts:
                self._first = sequence
            if count < MAX_PACKET and not self._parts:
                return Packet(sequence, sequence, payload)
            self._parts.append(payload)
            self._size += count
            if count < MAX_PACKET:
                whole = b"".join(self._parts)
                self._parts.clear()
                self._size = 0
                return Packet(self._first, sequence, whole)
        return None


class Decompressor:
    """Undoes the compressed protocol: bytes in, the packets' bytes out."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.sequence = 0  #: number of the last compressed packet received

    def feed(self, data: bytes | bytearray | memoryview) -> bytes:
        """What the whole compressed packets received so far hold. Raises Malformed."""
        self._buffer += data
        made = []
        while len(self._buffer) >= COMPRESSED_HEADER_BYTES:
            count = int.from_bytes(self._buffer[:3], "little")
            if len(self._buffer) < COMPRESSED_HEADER_BYTES + count:
                break
            size = int.from_bytes(self._buffer[4:7], "little")
            self.sequence = self._buffer[3]
            body = bytes(
                memoryview(self._buffer)[COMPRESSED_HEADER_BYTES : COMPRESSED_HEADER_BYTES + count]
            )
            del self._buffer[: COMPRESSED_HEADER_BYTES + count]
            made.append(self._inflate(body, size) if size else body)
        return b"".join(made)

    @staticmethod
    def _inflate(body: bytes, size: int) -> bytes:
        try:
            # One byte more than announced, so that a lie cannot fill the memory.
            plain = zlib.decompressobj().decompress(body, size + 1)
        except zlib.error as error:
            raise Malformed(f"compressed packet: {error}") from None
        if len(plain) != size:
            raise Malformed(f"compressed packet of {len(plain)} bytes, not {size}")
        return plain


def compress(packets: bytes, sequence: int) -> tuple[bytes, int]:
    """Packets as compressed packets, and the number of the next one."""
    made = []
    for at in range(0, len(packets), MAX_PACKET):
        piece = packets[at : at + MAX_PACKET]
        body, size = piece, len(piece)
        if size >= _WORTH_COMPRESSING:
            body = zlib.compress(piece, COMPRESSION_LEVEL)
        if len(body) >= len(piece):
            body, size = piece, 0
        made.append(pack("<I", len(body) | sequence << 24) + pack("<I", size)[:3] + body)
        sequence = sequence + 1 & 255
    return b"".join(made), sequence

"""Fields of packets: length-encoded numbers and strings, written and read.

`Fields` reads with bounds checks and raises `Malformed`; nothing in this package parses bytes from
a client in any other way.
"""

from __future__ import annotations

from struct import pack


class Malformed(Exception):
    """A packet that ends too soon or says what cannot be."""


def length_encoded(number: int) -> bytes:
    """`int<lenenc>`."""
    if number < 251:
        return bytes((number,))
    if number < 1 << 16:
        return b"\xfc" + pack("<H", number)
    if number < 1 << 24:
        return b"\xfd" + pack("<I", number)[:3]
    return b"\xfe" + pack("<Q", number)


def string_lenenc(value: bytes) -> bytes:
    """`string<lenenc>`."""
    size = len(value)
    if size < 251:
        return bytes((size,)) + value
    return length_encoded(size) + value


class Fields:
    """Reads a packet's fields one after the other."""

    __slots__ = ("_at", "_bytes")

    def __init__(self, packet: bytes, at: int = 0) -> None:
        self._bytes = packet
        self._at = at

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._bytes) - self._at

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self._at + count
        if count < 0 or end > len(self._bytes):
            raise Malformed(f"{count} bytes wanted at {self._at}, {self.left} there")
        taken = self._bytes[self._at : end]
        self._at = end
        return taken

    def number(self, count: int) -> int:
        """`int<count>`, unsigned."""
        return int.from_bytes(self.take(count), "little")

    def rest(self) -> bytes:
        """`string<EOF>`."""
        return self.take(self.left)

    def until_nul(self) -> bytes:
        """`string<NUL>`; a missing NUL is an error, not an endless loop."""
        end = self._bytes.find(b"\0", self._at)
        if end < 0:
            raise Malformed(f"no NUL after {self._at}")
        taken = self._bytes[self._at : end]
        self._at = end + 1
        return taken

    def length(self) -> int:
        """`int<lenenc>`."""
        first = self.number(1)
        if first < 251:
            return first
        if first == 0xFC:
            return self.number(2)
        if first == 0xFD:
            return self.number(3)
        if first == 0xFE:
            return self.number(8)
        raise Malformed(f"length byte {first:#x}")

    def string(self) -> bytes:
        """`string<lenenc>`."""
        return self.take(self.length())

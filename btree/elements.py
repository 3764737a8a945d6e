"""What a multi-valued key part stores: its elements, each as its lane or as its bytes.

One after the other, ascending by these bytes, each once: u2 count of bytes, then the bytes (eight
of a lane, or those of a string).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

#: MySQL's bounds of one row's elements: how many, and their bytes if they are strings.
MOST_ELEMENTS = 1606
MOST_STRING_BYTES = 5354


def pack(elements: Iterable[int | bytes]) -> bytes:
    """Lanes or strings, in any order and as often as one likes, to the stored form."""
    made = {struct.pack("<q", one) if isinstance(one, int) else one for one in elements}
    return b"".join(len(one).to_bytes(2, "little") + one for one in sorted(made))


def unpack(stored: bytes) -> list[bytes]:
    """The bytes of each element."""
    found, at = [], 0
    while at < len(stored):
        count = int.from_bytes(stored[at : at + 2], "little")
        found.append(stored[at + 2 : at + 2 + count])
        at += 2 + count
    return found

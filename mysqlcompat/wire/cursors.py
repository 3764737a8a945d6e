"""COM_STMT_FETCH: a result kept between commands.

The rows are produced when the cursor is opened, as MySQL's materialised cursors are, so that a
cursor sees one moment and holds no program, lock or page. What is kept are finished packets; a
fetch only numbers them anew.
"""

from __future__ import annotations

from mysqlcompat.results import RowSource
from mysqlcompat.wire.layout import MAX_PACKET


class Cursor:
    """The rows of one executed statement, given out in order."""

    def __init__(self, packets: bytes, warnings: int = 0) -> None:
        self._packets = packets
        self._at = 0
        self.warnings = warnings

    @classmethod
    async def of(cls, source: RowSource) -> Cursor:
        """Read a source to its end."""
        parts = []
        sequence, end = 0, False
        try:
            while not end:
                packets, _, sequence, end = await source.read(sequence, 0)
                parts.append(packets)
        finally:
            source.close()
        return cls(b"".join(parts))

    def fetch(self, limit: int, sequence: int) -> tuple[bytes, int, bool]:
        """At most `limit` rows as packets from `sequence` on, the next number, and whether fewer
        were left than asked for (only then does MySQL call it the end)."""
        made = bytearray()
        rows = 0
        while rows < limit and self._at < len(self._packets):
            count = int.from_bytes(self._packets[self._at : self._at + 3], "little")
            end = self._at + 4 + count
            made += self._packets[self._at : self._at + 3]
            made.append(sequence)
            made += self._packets[self._at + 4 : end]
            sequence = sequence + 1 & 255
            self._at = end
            rows += count < MAX_PACKET  # a full packet is continued by the next one
        return bytes(made), sequence, rows < limit

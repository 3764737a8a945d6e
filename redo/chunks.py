"""A copy's log on disk: chunk files of equal size, preallocated, recycled.

::

    log/0000000000400000.log    chunk of LSN [0x400000, 0x400000 + chunk_bytes)
    log/spare-0000000000000000  a chunk no longer needed, to become another one

    OFFSET SIZE        CHUNK FILE
    0      8           magic
    8      8     i8    LSN of its first log byte
    16     8     i8    chunk_bytes
    24     16          volume id, hex
    4096   chunk_bytes log; the byte of LSN x is at 4096 + x - first

A recycled chunk still holds old batches. Nobody takes them for new ones: each carries its own LSN.
"""

from __future__ import annotations

import struct
import threading

from redo.arena import Arena
from redo.disk import Disk
from redo.segment_layout import CHUNK_HEADER_BYTES, FDS_SLOTS

_HEADER = struct.Struct("<8sqq16s")
_MAGIC = b"REDOCHNK"
_SPARES_MAX = 2


class ChunkLog:
    """The chunk files of one copy, and the table of their descriptors that kernels read.

    Used by the copy's thread and by maintenance: one lock around the table.
    """

    def __init__(
        self, disk: Disk, path: str, volume_id: str, chunk_bytes: int, arena: Arena
    ) -> None:
        self.disk = disk
        self.path = path
        self.chunk_bytes = chunk_bytes
        self._volume_id = volume_id.encode()
        self._lock = threading.Lock()
        self._fds: dict[int, int] = {}
        self._spares: list[str] = []
        self._arena = arena
        self.table_at = arena.alloc(8 * FDS_SLOTS)
        self._table = arena.words(self.table_at, FDS_SLOTS)
        self._table[:] = -1

    def start_of(self, lsn: int) -> int:
        """LSN of the first byte of the chunk that `lsn` lies in."""
        return lsn - lsn % self.chunk_bytes

    def open(self) -> None:
        """Open the chunks that are there; what is not a whole chunk of this volume is removed."""
        for name in self.disk.names(self.path):
            path = f"{self.path}/{name}"
            if name.startswith("spare-"):
                self._spares.append(path)
            elif name.endswith(".log"):
                fd = self.disk.open(path)
                start = int(name[:-4], 16)
                if self.disk.read(fd, 0, _HEADER.size) == self._header(start):
                    self._enter(start, fd)
                else:
                    self.disk.close(fd)
                    self.disk.remove(path)
            else:
                self.disk.remove(path)

    def close(self) -> None:
        """Close all descriptors."""
        with self._lock:
            for fd in self._fds.values():
                self.disk.close(fd)
            self._fds.clear()
            self._table[:] = -1
        self._arena.free(self.table_at, 8 * FDS_SLOTS)

    def _header(self, start: int) -> bytes:
        return _HEADER.pack(_MAGIC, start, self.chunk_bytes, self._volume_id)

    def _enter(self, start: int, fd: int) -> None:
        slot = start // self.chunk_bytes % FDS_SLOTS
        if self._table[slot] >= 0:
            raise OSError(f"{self.path}: more than {FDS_SLOTS} log chunks")
        self._fds[start] = fd
        self._table[slot] = fd

    @property
    def starts(self) -> list[int]:
        """First LSNs of the chunks, ascending."""
        with self._lock:
            return sorted(self._fds)

    def contiguous_from(self, lsn: int) -> int:
        """Lowest LSN from which on chunks lie side by side up to the one of `lsn`."""
        with self._lock:
            start = self.start_of(lsn)
            while start - self.chunk_bytes in self._fds:
                start -= self.chunk_bytes
            return start

    def chunk_at(self, lsn: int) -> int:
        """Descriptor of the chunk `lsn` lies in, made if it is not there."""
        start = self.start_of(lsn)
        with self._lock:
            fd = self._fds.get(start)
            if fd is None:
                fd = self._make(start)
            return fd

    def _make(self, start: int) -> int:
        path = f"{self.path}/{start:016x}.log"
        if self._spares:
            new = self._spares.pop()
            fd = self.disk.open(new)
        else:
            new = path + ".new"
            fd = self.disk.create(new, CHUNK_HEADER_BYTES + self.chunk_bytes)
        try:
            self.disk.write(fd, 0, self._header(start))
            self.disk.sync(fd)
            self.disk.rename(new, path)
            self._enter(start, fd)
        except BaseException:
            self.disk.close(fd)
            raise
        return fd

    def recycle_below(self, lsn: int) -> int:
        """Give up chunks wholly below `lsn`, some to become spares; how many."""
        with self._lock:
            old = [start for start in self._fds if start + self.chunk_bytes <= lsn]
            for start in old:
                self._table[start // self.chunk_bytes % FDS_SLOTS] = -1
                fd = self._fds.pop(start)
                path = f"{self.path}/{start:016x}.log"
                self.disk.close(fd)
                if len(self._spares) < _SPARES_MAX:
                    spare = f"{self.path}/spare-{start:016x}"
                    self.disk.rename(path, spare)
                    self._spares.append(spare)
                else:
                    self.disk.remove(path)
            return len(old)

    def read(self, lsn: int, count: int) -> bytes:
        """`count` bytes of log, fewer where the chunks end."""
        parts = []
        while count > 0:
            start = self.start_of(lsn)
            with self._lock:
                fd = self._fds.get(start)
                take = min(count, start + self.chunk_bytes - lsn)
                place = CHUNK_HEADER_BYTES + lsn - start
                data = b"" if fd is None else self.disk.read(fd, place, take)
            parts.append(data)
            if len(data) < take:
                break
            lsn += take
            count -= take
        return b"".join(parts)

    def write(self, lsn: int, data: bytes) -> None:
        """Write and sync log bytes (filling a copy that fell behind)."""
        view = memoryview(data)
        while view:
            start = self.start_of(lsn)
            take = min(len(view), start + self.chunk_bytes - lsn)
            fd = self.chunk_at(lsn)
            self.disk.write(fd, CHUNK_HEADER_BYTES + lsn - start, bytes(view[:take]))
            self.disk.sync(fd)
            view = view[take:]
            lsn += take

    def linked(self) -> bool:
        """Have all chunks still a name, and their directory too?"""
        with self._lock:
            return self.disk.exists(self.path) and all(
                self.disk.linked(fd) for fd in self._fds.values()
            )

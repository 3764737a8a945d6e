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
A chunk that is also another volume's (`frozen.py`) is read, never written: what would be written is
written to a copy of it. Chunks below what is read every day rest: no descriptor is kept for them.
"""

from __future__ import annotations

import struct
import threading

from redo.arena import Arena
from redo.disk import Disk
from redo.metadata import VolumeMeta
from redo.segment_layout import CHUNK_HEADER_BYTES, FDS_SLOTS
from redo.timeline import NEVER

_HEADER = struct.Struct("<8sqq16s")
_MAGIC = b"REDOCHNK"
_SPARES_MAX = 2
_SUFFIXES = (".log", ".run")
_PIECE_BYTES = 1 << 20


class ChunkLog:
    """The chunk files of one copy, and the table of their descriptors that kernels read.

    begin   LSN of the first log byte there can be: a copy that was made from another one has no log
            below, though the chunk that this lies in begins earlier

    Used by the copy's thread and by maintenance: one lock around the table.
    """

    def __init__(self, disk: Disk, path: str, volume: VolumeMeta, arena: Arena) -> None:
        self.disk = disk
        self.path = path
        self.chunk_bytes = volume.chunk_bytes
        self.begin = 0
        self._volume_id = volume.volume_id.encode()
        self._ids = {name.encode() for name in (volume.volume_id, *volume.ancestors)}
        self._lock = threading.Lock()
        self._fds: dict[int, int] = {}
        self._resting: set[int] = set()
        self._spares: list[str] = []
        self._arena = arena
        self.table_at = arena.alloc(8 * FDS_SLOTS)
        self._table = arena.words(self.table_at, FDS_SLOTS)
        self._table[:] = -1

    def start_of(self, lsn: int) -> int:
        """LSN of the first byte of the chunk that `lsn` lies in."""
        return lsn - lsn % self.chunk_bytes

    def open(self, begin: int) -> None:
        """See which chunks are there; `wake` opens them."""
        self.begin = begin
        for name in self.disk.names(self.path):
            path = f"{self.path}/{name}"
            if name.startswith("spare-") and not name.endswith(".new"):
                self._spares.append(path)
            elif name.endswith(".log"):
                self._resting.add(int(name[:-4], 16))
            elif not name.endswith(".run"):
                self.disk.remove(path)

    def wake(self, lsn: int, end: int = NEVER) -> None:
        """Open chunks of log [lsn, end); what is no whole chunk of this volume is removed."""
        with self._lock:
            for start in sorted(self._resting):
                if lsn < start + self.chunk_bytes and start < end:
                    path = self._name(start)
                    fd = self.disk.open(path)
                    self._resting.remove(start)
                    if self._is_ours(self.disk.read(fd, 0, _HEADER.size), start):
                        self._enter(start, fd)
                    else:
                        self.disk.close(fd)
                        self.disk.remove(path)

    def rest_below(self, lsn: int) -> None:
        """Close chunks wholly below `lsn`: they stay, for whoever goes back in time."""
        with self._lock:
            for start in [start for start in self._fds if start + self.chunk_bytes <= lsn]:
                self._leave(start)
                self._resting.add(start)

    def _leave(self, start: int) -> None:
        self._table[start // self.chunk_bytes % FDS_SLOTS] = -1
        self.disk.close(self._fds.pop(start))

    def _is_ours(self, header: bytes, start: int) -> bool:
        if len(header) < _HEADER.size:
            return False
        magic, first, chunk_bytes, volume_id = _HEADER.unpack(header)
        expected = (_MAGIC, start, self.chunk_bytes)
        return (magic, first, chunk_bytes) == expected and volume_id in self._ids

    def _name(self, start: int) -> str:
        return f"{self.path}/{start:016x}.log"

    def close(self) -> None:
        """Close all descriptors."""
        with self._lock:
            for fd in self._fds.values():
                self.disk.close(fd)
            self._fds.clear()
            self._resting.clear()
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

    def names(self, lsn: int, end: int) -> list[str]:
        """Names of the chunk and run files of log [lsn, end) that are there."""
        with self._lock:
            starts = [s for s in (*self._fds, *self._resting) if lsn - self.chunk_bytes < s < end]
        names = [f"{start:016x}{suffix}" for start in sorted(starts) for suffix in _SUFFIXES]
        return [name for name in names if self.disk.exists(f"{self.path}/{name}")]

    def chunk_at(self, lsn: int) -> int:
        """Descriptor of the chunk `lsn` lies in, made if it is not there."""
        start = self.start_of(lsn)
        with self._lock:
            fd = self._fds.get(start)
            if fd is None:
                fd = self._make(start)
            return fd

    def prepare(self, lsn: int) -> None:
        """Have the chunk that `lsn` lies in; nobody who uses others waits while it is written."""
        start = self.start_of(lsn)
        with self._lock:
            made = start in self._fds or bool(self._spares)
        if not made:
            spare = f"{self.path}/spare-{start:016x}"
            fd = self.disk.create(spare + ".new", CHUNK_HEADER_BYTES + self.chunk_bytes)
            self.disk.close(fd)
            self.disk.rename(spare + ".new", spare)
            with self._lock:
                self._spares.append(spare)
        self.chunk_at(lsn)

    def _make(self, start: int) -> int:
        path = self._name(start)
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
            old = [s for s in (*self._fds, *self._resting) if s + self.chunk_bytes <= lsn]
            for start in old:
                path = self._name(start)
                fd = self._fds.get(start, -1)
                spare_it = fd >= 0 and not self.disk.shared(fd)
                if fd >= 0:
                    self._leave(start)
                self._resting.discard(start)
                if spare_it and len(self._spares) < _SPARES_MAX:
                    spare = f"{self.path}/spare-{start:016x}"
                    self.disk.rename(path, spare)
                    self._spares.append(spare)
                else:
                    self.disk.remove(path)
            return len(old)

    def read(self, lsn: int, count: int) -> bytes:
        """`count` bytes of log, fewer where the chunks end; none where it begins later."""
        if lsn < self.begin:
            return b""
        parts = []
        while count > 0:
            start = self.start_of(lsn)
            take = min(count, start + self.chunk_bytes - lsn)
            data = self._read_one(start, CHUNK_HEADER_BYTES + lsn - start, take)
            parts.append(data)
            if len(data) < take:
                break
            lsn += take
            count -= take
        return b"".join(parts)

    def _read_one(self, start: int, at: int, count: int) -> bytes:
        with self._lock:
            fd = self._fds.get(start)
            if fd is not None:
                return self.disk.read(fd, at, count)
            if start not in self._resting:
                return b""
            fd = self.disk.open(self._name(start))
            try:
                return self.disk.read(fd, at, count)
            finally:
                self.disk.close(fd)

    def own(self, lsn: int) -> int:
        """Descriptor of the chunk `lsn` lies in, made a copy if another volume reads it too."""
        fd = self.chunk_at(lsn)
        if not self.disk.shared(fd):
            return fd
        start = self.start_of(lsn)
        new = self._name(start) + ".new"
        with self._lock:
            copy = self.disk.create(new, 0)
            for at in range(0, CHUNK_HEADER_BYTES + self.chunk_bytes, _PIECE_BYTES):
                self.disk.write(copy, at, self.disk.read(fd, at, _PIECE_BYTES))
            self.disk.sync(copy)
            self.disk.rename(new, self._name(start))
            self._leave(start)
            self._enter(start, copy)
        return copy

    def write(self, lsn: int, data: bytes) -> None:
        """Write and sync log bytes (filling a copy that fell behind)."""
        view = memoryview(data)
        while view:
            start = self.start_of(lsn)
            take = min(len(view), start + self.chunk_bytes - lsn)
            fd = self.own(lsn)
            self.disk.write(fd, CHUNK_HEADER_BYTES + lsn - start, bytes(view[:take]))
            self.disk.sync(fd)
            view = view[take:]
            lsn += take

    def save(self, lsn: int, end: int) -> None:
        """Make log [lsn, end) durable, as it is found, whoever else reads the files.

        It is written once more: after a sync that failed the system's cache has what the disk has
        not, and no later sync would write it.
        """
        with self._lock:
            for start, fd in sorted(self._fds.items()):
                first, stop = max(lsn, start), min(end, start + self.chunk_bytes)
                for at in range(first, stop, _PIECE_BYTES):
                    place = CHUNK_HEADER_BYTES + at - start
                    piece = self.disk.read(fd, place, min(_PIECE_BYTES, stop - at))
                    self.disk.write(fd, place, piece)
                if first < stop:
                    self.disk.sync(fd)

    def mend(self, lsn: int, data: bytes) -> None:
        """Write and sync what should have been there all the time, whoever else reads the file."""
        view = memoryview(data)
        while view:
            start = self.start_of(lsn)
            take = min(len(view), start + self.chunk_bytes - lsn)
            with self._lock:
                open_fd = self._fds.get(start)
                fd = self.disk.open(self._name(start)) if open_fd is None else open_fd
                try:
                    self.disk.write(fd, CHUNK_HEADER_BYTES + lsn - start, bytes(view[:take]))
                    self.disk.sync(fd)
                finally:
                    if open_fd is None:
                        self.disk.close(fd)
            view = view[take:]
            lsn += take

    @property
    def file_bytes(self) -> int:
        """Room that its files take, those kept to be used again included."""
        with self._lock:
            count = len(self._fds) + len(self._resting) + len(self._spares)
        return count * (CHUNK_HEADER_BYTES + self.chunk_bytes)

    def linked(self) -> bool:
        """Have all chunks still a name, and their directory too?"""
        with self._lock:
            return self.disk.exists(self.path) and all(
                self.disk.linked(fd) for fd in self._fds.values()
            )

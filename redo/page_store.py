"""A full copy's pages on disk: images appended to files, never overwritten.

::

    pg-00000/pages-00000007.dat   image n at n * page_bytes (`image.py`), crc set
    pg-00000/pages-00000007.idx   entry n says which page and LSN image n is (`segment_layout.py`)

An image counts once its index entry is on disk, and entries are written after the images are
synced: a torn write leaves images without entries, which are cut off when the file is opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from redo import index_kernels
from redo.arena import Arena
from redo.disk import Disk
from redo.segment_layout import STORE_ENTRY_BYTES, STORE_FILES_MAX

FILE_BYTES = 64 << 20


@dataclass(slots=True)
class StoreFile:
    """One pair of files.

    slots     images written
    indexed   how many of them have an entry on disk: only these count
    pending   entries of the others
    """

    number: int
    pg: int
    sequence: int
    data_fd: int
    index_fd: int
    slots: int = 0
    indexed: int = 0
    pending: bytearray = field(default_factory=bytearray)


class PageStore:
    """The page files of one full copy, and the table of their descriptors that kernels read.

    Not thread-safe: `Segment.store_lock` covers it.
    """

    def __init__(self, disk: Disk, path: str, page_bytes: int, pg_pages: int, arena: Arena) -> None:
        self._disk = disk
        self._path = path
        self._page_bytes = page_bytes
        self._pg_pages = pg_pages
        self._arena = arena
        self._slots_max = max(16, FILE_BYTES // page_bytes)
        self.files: dict[int, StoreFile] = {}
        self._growing: dict[int, StoreFile] = {}
        self._next_number = 0
        self.fds_at = arena.alloc(8 * STORE_FILES_MAX)
        self._fds = arena.words(self.fds_at, STORE_FILES_MAX)

    def _stem(self, pg: int, sequence: int) -> str:
        return f"{self._path}/pg-{pg:05d}/pages-{sequence:08d}"

    def open(self) -> list[tuple[StoreFile, bytes]]:
        """Open all files; each with its index entries, to be entered and told to `cut`."""
        found = []
        for directory in self._disk.names(self._path):
            if not directory.startswith("pg-"):
                continue
            for name in self._disk.names(f"{self._path}/{directory}"):
                if name.endswith(".idx"):
                    file = self._enter(int(directory[3:]), int(name[6:-4]), create=False)
                    size = self._disk.size(file.index_fd)
                    size -= size % STORE_ENTRY_BYTES
                    found.append((file, self._disk.read(file.index_fd, 0, size)))
        return found

    def _enter(self, pg: int, sequence: int, create: bool) -> StoreFile:
        stem = self._stem(pg, sequence)
        if create:
            self._disk.make_directory(f"{self._path}/pg-{pg:05d}")
            data_fd = self._disk.create(stem + ".dat", 0)
            index_fd = self._disk.create(stem + ".idx", 0)
            self._disk.sync_directory(f"{self._path}/pg-{pg:05d}")
        else:
            data_fd, index_fd = self._disk.open(stem + ".dat"), self._disk.open(stem + ".idx")
        if self._next_number >= STORE_FILES_MAX:
            raise OSError(f"{self._path}: more than {STORE_FILES_MAX} page files")
        file = StoreFile(self._next_number, pg, sequence, data_fd, index_fd)
        self._next_number += 1
        self.files[file.number] = file
        self._fds[file.number] = data_fd
        newest = self._growing.get(pg)
        if newest is None or newest.sequence < sequence:
            self._growing[pg] = file
        return file

    def cut(self, file: StoreFile, slots: int) -> None:
        """Only the first `slots` images of a file are good; what is behind goes."""
        file.slots = file.indexed = slots
        file.pending.clear()
        self._disk.truncate(file.data_fd, slots * self._page_bytes)
        self._disk.truncate(file.index_fd, slots * STORE_ENTRY_BYTES)

    def pg_of(self, page_no: int) -> int:
        """Protection group of a page."""
        return page_no // self._pg_pages

    def append(self, pg: int, images_at: int, entries_at: int, count: int) -> int:
        """Write `count` images of one protection group; they count after `commit`.

        images_at, entries_at   offsets in the arena; the entries get their slots and crc here
        ->                      location of the first: file number << 32 | slot
        """
        file = self._growing.get(pg)
        if file is None:
            file = self._enter(pg, 0, create=True)
        elif file.slots + count > self._slots_max:
            file = self._enter(pg, file.sequence + 1, create=True)
        mem = self._arena.mem
        index_kernels.entries_seal(mem, entries_at, count, file.slots)
        images = mem[images_at : images_at + count * self._page_bytes]
        self._disk.write(file.data_fd, file.slots * self._page_bytes, images.tobytes())
        file.pending += mem[entries_at : entries_at + count * STORE_ENTRY_BYTES].tobytes()
        location = file.number << 32 | file.slots
        file.slots += count
        return location

    def commit(self) -> None:
        """Make what was appended durable and let it count: images first, then their entries."""
        changed = [file for file in self.files.values() if file.pending]
        for file in changed:
            self._disk.sync(file.data_fd)
        for file in changed:
            at = file.indexed * STORE_ENTRY_BYTES
            self._disk.write(file.index_fd, at, bytes(file.pending))
            self._disk.sync(file.index_fd)
            file.indexed = file.slots
            file.pending.clear()

    def abandon(self) -> None:
        """Forget what was appended since the last `commit`."""
        for file in self.files.values():
            if file.pending or file.slots != file.indexed:
                self.cut(file, file.indexed)

    def remove_unused(self, live: np.ndarray) -> None:
        """Delete full files none of whose images is any page's newest (`live[number]` is 0)."""
        for file in list(self.files.values()):
            if self._growing[file.pg] is not file and live[file.number] == 0:
                self._remove(file)

    def _remove(self, file: StoreFile) -> None:
        stem = self._stem(file.pg, file.sequence)
        self._disk.remove(stem + ".idx")  # first: without an index the images are nothing
        self._disk.sync_directory(f"{self._path}/pg-{file.pg:05d}")
        self._disk.remove(stem + ".dat")
        self._disk.close(file.data_fd)
        self._disk.close(file.index_fd)
        self._fds[file.number] = -1
        del self.files[file.number]

    def emptiest(self, live: np.ndarray) -> StoreFile | None:
        """A full file of which less than half is still needed (`live[number]` images), or None."""
        for file in self.files.values():
            if self._growing[file.pg] is not file and 2 * int(live[file.number]) < file.slots:
                return file
        return None

    @property
    def file_numbers(self) -> int:
        """One more than the highest file number."""
        return self._next_number

    def close(self) -> None:
        """Close all descriptors."""
        for file in self.files.values():
            self._disk.close(file.data_fd)
            self._disk.close(file.index_fd)
        self.files.clear()
        self._arena.free(self.fds_at, 8 * STORE_FILES_MAX)

"""A full copy's pages on disk: images appended to files, never overwritten.

::

    pg-00000/pages-00000007.dat   image n at n * page_bytes (`image.py`), crc set
    pg-00000/pages-00000007.idx   entry n says which page and LSN image n is (`segment_layout.py`)

An image counts once its index entry is on disk, and entries are written after the images are
synced: a torn write leaves images without entries, which are cut off when the file is opened.

Each protection group has one file that grows. A file goes when none of its images is in the page
table any more and none is so new that somebody who goes back in time could need it. A file that is
also another volume's (`frozen.py`) is only read: whoever began it may still append, but not we.

Blocks of zeros are holes: a page that `btree` has freed is a block or two on disk. Where several
images in a row are not in the page table any more, their blocks go back to the file system before
the file does (`release`): entries of such images stay, and are behind others when a file is read
again, so whoever verifies images verifies those of the page table.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from redo import page_table_kernels
from redo.arena import Arena, Memory, Words
from redo.disk import Disk
from redo.segment_layout import STORE_ENTRY_BYTES, STORE_FILES_MAX

#: Few files: a snapshot or clone gives each a second name.
FILE_BYTES = 256 << 20
BLOCK_BYTES = 4096  #: what file systems hand out
RELEASE_SLOTS = 4  #: fewer images in a row wait until their file goes: holes cost file systems
_ENTRY = np.dtype(
    [("page", "<i8"), ("lsn", "<i8"), ("seal", "V24"), ("slot", "<u4"), ("crc", "<u4")]
)
assert _ENTRY.itemsize == STORE_ENTRY_BYTES


def _runs(numbers: Words) -> Iterator[tuple[int, int]]:
    """Stretches (first, count) of ascending numbers without a gap."""
    if len(numbers):
        for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
            yield int(run[0]), len(run)


@dataclass(slots=True)
class StoreFile:
    """One pair of files.

    number    of its descriptors in the kernels' table; given out again when the file is gone
    slots     images written
    indexed   how many of them have an entry on disk: only these count
    pending   entries of the others
    newest    highest page LSN among its images
    borrowed  begun by another volume, or read by one: nothing is appended, nothing cut off
    """

    number: int
    pg: int
    sequence: int
    data_fd: int
    index_fd: int
    slots: int = 0
    indexed: int = 0
    newest: int = 0
    borrowed: bool = False
    pending: bytearray = field(default_factory=bytearray)

    @property
    def location(self) -> int:
        """Of its first image, as the page table has it."""
        return self.number << 32


class PageStore:
    """The page files of one full copy, and the tables by file number that kernels use.

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
        self.lent = 0  #: how many read files by `duplicates`, as they were then
        self._growing: dict[int, StoreFile] = {}
        self._sequences: dict[int, int] = {}
        self._free_numbers: list[int] = []
        self._next_number = 0
        self.fds_at = arena.alloc(8 * STORE_FILES_MAX)
        self.index_fds_at = arena.alloc(8 * STORE_FILES_MAX)
        self.live_at = arena.alloc(8 * STORE_FILES_MAX)
        self._fds = arena.words(self.fds_at, STORE_FILES_MAX)
        self._index_fds = arena.words(self.index_fds_at, STORE_FILES_MAX)
        self._live = arena.words(self.live_at, STORE_FILES_MAX)
        self._live[:] = 0

    def _stem(self, pg: int, sequence: int) -> str:
        return f"{self._path}/pg-{pg:05d}/pages-{sequence:08d}"

    def names(self) -> list[str]:
        """Files with images that the page table has: their paths below the copy."""
        needed = [file for file in self.files.values() if self._live[file.number]]
        stems = [f"pg-{file.pg:05d}/pages-{file.sequence:08d}" for file in needed]
        return [stem + suffix for stem in stems for suffix in (".dat", ".idx")]

    def duplicates(self) -> list[tuple[int, int, int, int, int]]:
        """Files with images that the page table has, as (protection group, sequence, images that
        count, descriptor of the images, of the index); descriptors are for the caller to close.

        Until `lent` is counted down again, images are left as they are: `release` does nothing.
        """
        self.lent += 1
        needed = [file for file in self.files.values() if self._live[file.number]]
        return [
            (f.pg, f.sequence, f.indexed, os.dup(f.data_fd), os.dup(f.index_fd)) for f in needed
        ]

    def limits(self, shared: Iterable[tuple[int, int, int]]) -> tuple[tuple[int, int, int], ...]:
        """`metadata.CopyMeta.shared` of whoever reads these files from now on: files that grow.

        shared   our own
        """
        grow = {
            (pg, file.sequence): file.indexed
            for pg, file in self._growing.items()
            if not file.borrowed
        }
        ours = {(pg, sequence): images for pg, sequence, images in self.present(shared)}
        return tuple((*place, images) for place, images in sorted({**ours, **grow}.items()))

    def present(self, shared: Iterable[tuple[int, int, int]]) -> tuple[tuple[int, int, int], ...]:
        """Those entries whose files are still there."""
        here = {(file.pg, file.sequence) for file in self.files.values()}
        return tuple(entry for entry in shared if entry[:2] in here)

    def open(self, shared: dict[tuple[int, int], int]) -> list[tuple[StoreFile, bytes]]:
        """Open all files; each with its index entries, to be entered and told to `cut`.

        shared   (protection group, sequence) → how many images of that file are ours
        """
        found = []
        for pg, sequence in shared:  # a number that has a limit is not used for another file
            self._sequences[pg] = max(sequence, self._sequences.get(pg, -1))
        for directory in self._disk.names(self._path):
            if not directory.startswith("pg-"):
                continue
            for name in self._disk.names(f"{self._path}/{directory}"):
                if name.endswith(".idx"):
                    pg, sequence = int(directory[3:]), int(name[6:-4])
                    file = self._enter(pg, sequence, create=False)
                    limit = shared.get((pg, sequence))
                    file.borrowed = limit is not None or self._disk.shared(file.data_fd)
                    size = self._disk.size(file.index_fd)
                    size -= size % STORE_ENTRY_BYTES
                    if limit is not None:
                        size = min(size, limit * STORE_ENTRY_BYTES)
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
        file = StoreFile(self._number(), pg, sequence, data_fd, index_fd)
        self.files[file.number] = file
        self._fds[file.number] = data_fd
        self._index_fds[file.number] = index_fd
        self._sequences[pg] = max(sequence, self._sequences.get(pg, -1))
        newest = self._growing.get(pg)
        if newest is None or newest.sequence < sequence:
            self._growing[pg] = file
        return file

    def _number(self) -> int:
        if self._free_numbers:
            return heapq.heappop(self._free_numbers)
        if self._next_number >= STORE_FILES_MAX:
            raise OSError(f"{self._path}: more than {STORE_FILES_MAX} page files")
        self._next_number += 1
        return self._next_number - 1

    def cut(self, file: StoreFile, slots: int, entries: bytes) -> None:
        """Only the first `slots` images of a file are good; what is behind goes."""
        file.slots = file.indexed = slots
        file.pending.clear()
        if slots:
            file.newest = int(np.frombuffer(entries, _ENTRY, slots)["lsn"].max())
        self._truncate(file)

    def _truncate(self, file: StoreFile) -> None:
        if not file.borrowed:
            self._disk.truncate(file.data_fd, file.indexed * self._page_bytes)
            self._disk.truncate(file.index_fd, file.indexed * STORE_ENTRY_BYTES)

    def pg_of(self, page_no: int) -> int:
        """Protection group of a page."""
        return page_no // self._pg_pages

    def append(self, pg: int, images_at: int, entries_at: int, count: int) -> int:
        """Write `count` images of one protection group; they count after `commit`.

        images_at, entries_at   offsets in the arena; the entries get their slots and crc here
        ->                      location of the first: file number << 32 | slot
        """
        file = self._growing.get(pg)
        if file is None or file.borrowed or file.slots + count > self._slots_max:
            file = self._enter(pg, self._sequences.get(pg, -1) + 1, create=True)
        mem = self._arena.mem
        page_table_kernels.entries_seal(mem, entries_at, count, file.slots)
        self._write(file, mem[images_at : images_at + count * self._page_bytes])
        entries = mem[entries_at : entries_at + count * STORE_ENTRY_BYTES].tobytes()
        file.newest = max(file.newest, int(np.frombuffer(entries, _ENTRY)["lsn"].max()))
        file.pending += entries
        location = file.number << 32 | file.slots
        file.slots += count
        return location

    def _write(self, file: StoreFile, images: Memory) -> None:
        """Write images behind the last one, but for blocks of zeros: those become holes."""
        start = file.slots * self._page_bytes
        if len(images) % BLOCK_BYTES or start % BLOCK_BYTES:
            self._disk.write(file.data_fd, start, images.tobytes())
            return
        blocks = images.view(np.uint64).reshape(-1, BLOCK_BYTES // 8)
        used = np.asarray(blocks.any(axis=1))
        for first, count in _runs(np.flatnonzero(used)):
            piece = images[first * BLOCK_BYTES : (first + count) * BLOCK_BYTES]
            self._disk.write(file.data_fd, start + first * BLOCK_BYTES, piece.tobytes())
        if not used[-1]:
            self._disk.truncate(file.data_fd, start + len(images))

    def release(self, locations: Words) -> None:
        """Give back the blocks of images that are not in the page table any more, where
        RELEASE_SLOTS of them or more lie together and nobody else reads the file."""
        if self.lent:
            return
        for number in np.unique(locations >> 32):
            file = self.files.get(int(number))
            if file is None or file.borrowed or self._disk.shared(file.data_fd):
                continue
            slots = np.unique(locations[locations >> 32 == number] & 0xFFFFFFFF)
            for first, count in _runs(slots):
                if count >= RELEASE_SLOTS:
                    at = first * self._page_bytes
                    self._disk.release(file.data_fd, at, count * self._page_bytes)

    def pending(self) -> list[int]:
        """Descriptors, for the caller to sync and close, of files with images not yet synced."""
        return [os.dup(file.data_fd) for file in self.files.values() if file.pending]

    def write_entries(self) -> tuple[StoreFile, int, int] | None:
        """Write entries of what was appended, and synced since (`pending`), of one file: of the
        next one when these are synced, and committed (`save_entries` counts on it).

        ->  (file, how many images have entries, descriptor of its index to be synced and closed)
        """
        pending = [file for file in self.files.values() if file.pending]
        if not pending:
            return None
        file = min(pending, key=lambda file: (file.pg, file.sequence))
        self._disk.write(file.index_fd, file.indexed * STORE_ENTRY_BYTES, bytes(file.pending))
        return file, file.slots, os.dup(file.index_fd)

    def save_entries(self) -> None:
        """Make entries durable that were found: nobody knows whether whoever wrote them could.

        They are written once more, those of the last file of each protection group: after a sync
        that failed the system's cache has what the disk has not.
        """
        last: dict[int, StoreFile] = {}
        for file in self.files.values():
            if file.indexed and file.sequence >= last.get(file.pg, file).sequence:
                last[file.pg] = file
        for file in last.values():
            self._disk.write(file.index_fd, 0, self.entries(file))
            self._disk.sync(file.index_fd)

    def commit(self, file: StoreFile, slots: int) -> None:
        """Let images that have entries count, which are synced by now."""
        count = max(0, min(slots, file.slots) - file.indexed)  # it may have been given up
        file.indexed += count
        del file.pending[: count * STORE_ENTRY_BYTES]

    def abandon(self) -> None:
        """Forget what was appended since the last `commit`."""
        for file in self.files.values():
            if file.pending or file.slots != file.indexed:
                file.slots = file.indexed
                file.pending.clear()
                self._truncate(file)

    def entries(self, file: StoreFile) -> bytes:
        """A file's index."""
        return self._disk.read(file.index_fd, 0, file.indexed * STORE_ENTRY_BYTES)

    def entry(self, number: int, slot: int) -> tuple[int, int]:
        """(page, its LSN) of an image that counts. Raises OSError when the file is gone."""
        file = self.files.get(number)
        if file is None:
            raise OSError(f"{self._path}: page file {number} is gone")
        at = slot * STORE_ENTRY_BYTES
        (entry,) = np.frombuffer(self._disk.read(file.index_fd, at, STORE_ENTRY_BYTES), _ENTRY)
        return int(entry["page"]), int(entry["lsn"])

    def _is_closed(self, file: StoreFile, kept: int) -> bool:
        """Will it get no more images, and has it none from `kept` on?"""
        growing = self._growing[file.pg] is file and not file.borrowed
        return not growing and file.newest < kept and not file.pending

    def remove_unused(self, kept: int) -> tuple[int, ...]:
        """Delete a file of which the page table has no image, and none that is as new as `kept`.

        ->  its descriptors, for the caller to close; nothing: there is none
        """
        for file in self.files.values():
            if self._is_closed(file, kept) and self._live[file.number] == 0:
                self._remove(file)
                return file.data_fd, file.index_fd
        return ()

    def _remove(self, file: StoreFile) -> None:
        stem = self._stem(file.pg, file.sequence)
        self._disk.remove(stem + ".idx")  # first: without an index the images are nothing
        self._disk.sync_directory(f"{self._path}/pg-{file.pg:05d}")
        self._disk.remove(stem + ".dat")
        self._fds[file.number] = self._index_fds[file.number] = -1
        del self.files[file.number]
        if self._growing.get(file.pg) is file:
            del self._growing[file.pg]
        heapq.heappush(self._free_numbers, file.number)

    def emptiest(self, kept: int) -> StoreFile | None:
        """A file of which less than half is still needed and nothing is as new as `kept`."""
        for file in self.files.values():
            live = int(self._live[file.number])
            if self._is_closed(file, kept) and 0 < live < file.slots / 2:
                return file
        return None

    @property
    def images(self) -> int:
        """How many images the page table has."""
        return int(self._live[: self._next_number].sum())

    def close(self) -> None:
        """Close all descriptors."""
        for file in self.files.values():
            self._disk.close(file.data_fd)
            self._disk.close(file.index_fd)
        self.files.clear()
        self._arena.free(self.fds_at, 8 * STORE_FILES_MAX)
        self._arena.free(self.index_fds_at, 8 * STORE_FILES_MAX)
        self._arena.free(self.live_at, 8 * STORE_FILES_MAX)

"""One of the six copies: its directory, log, metadata and, if it is full, its pages.

::

    az1/full/copy.json      metadata.CopyMeta
    az1/full/log/…          chunks.ChunkLog
    az1/full/pg-00000/…     page_store.PageStore        (full copies only)

A full copy serves a page from the newest stored image plus the records of its own log above it;
which records a page has is kept in memory, built by scanning the log from the checkpoint on.

Locks: `lock` for the page table, nodes and buffers (kernels run under it, without the GIL);
`store_lock` for page files and the checkpoint (coalescing, being the source of a repair). Taken in
the order store_lock, lock.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from redo import index_kernels, log_read_kernels
from redo.arena import Arena, Words
from redo.chunks import ChunkLog
from redo.codes import E_NO_ROOM
from redo.disk import Disk
from redo.errors import VolumeError
from redo.metadata import CopyMeta, VolumeMeta, load_copy, save_copy
from redo.page_store import PageStore
from redo.quorum import copy_directory, is_full
from redo.segment_layout import (
    BUFFER_BYTES,
    ENTRY_BYTES,
    EPOCHS_MAX,
    NODE_BYTES,
    S_BUFFER_AT,
    S_BUFFER_BYTES,
    S_BUFFER_COUNT,
    S_CHUNK_BYTES,
    S_EPOCHS,
    S_EPOCHS_AT,
    S_FDS_AT,
    S_HASH_AT,
    S_HASH_SLOTS,
    S_HASH_USED,
    S_INDEXED,
    S_INDEXED_BATCH,
    S_INDEXED_EPOCH,
    S_NODES_AT,
    S_NODES_SLOTS,
    S_SCAN_BATCH,
    S_SCAN_EPOCH,
    S_SCAN_LSN,
    S_STORE_FDS_AT,
    S_WINDOW_AT,
    SEGMENT_BYTES,
    STORE_ENTRY_BYTES,
    WINDOW_BYTES,
)

logger = logging.getLogger(__name__)

_SLOTS_AT_FIRST = 4096
_BOUNDARIES_MAX = 4096


class Segment:
    """One copy, open.

    arena, st   storage's own arena and state words (page size, ring size)
    complete    log is whole and durable up to here, as found by `scan`
    """

    def __init__(
        self, disk: Disk, data_dir: str, copy_no: int, volume: VolumeMeta, arena: Arena, st: Words
    ) -> None:
        self.copy_no = copy_no
        self.full = is_full(copy_no)
        self.name = copy_directory(copy_no)
        self.path = f"{data_dir}/{self.name}"
        self.disk = disk
        self.volume = volume
        self.meta = CopyMeta(volume.format, volume.volume_id, copy_no)
        self.closed = False
        self.complete = 0
        self.last_batch = 0
        self.last_epoch = 0
        self.lock = threading.Lock()
        self.store_lock = threading.Lock()
        self.meta_lock = threading.Lock()
        #: (LSN, last batch below, its epoch) of batch boundaries the index has stopped at.
        self.boundaries: deque[tuple[int, int, int]] = deque(maxlen=_BOUNDARIES_MAX)
        self.arena = arena
        self.st = st
        self._mem = arena.mem
        self._allocated: list[tuple[int, int]] = []
        self.log = ChunkLog(disk, f"{self.path}/log", volume.volume_id, volume.chunk_bytes, arena)
        self.store: PageStore | None = None
        self.at = self._alloc(SEGMENT_BYTES)
        self.words = arena.words(self.at, SEGMENT_BYTES // 8)
        self.words[:] = 0
        self._prepare_words()

    def _alloc(self, count: int) -> int:
        at = self.arena.alloc(count)
        self._allocated.append((at, count))
        return at

    def _put(self, word: int, value: int) -> None:
        self.words[word >> 3] = value

    def get(self, word: int) -> int:
        """A word (S_…) of the segment block."""
        return int(self.words[word >> 3])

    def _prepare_words(self) -> None:
        self._put(S_CHUNK_BYTES, self.volume.chunk_bytes)
        self._put(S_FDS_AT, self.log.table_at)
        self._put(S_BUFFER_AT, self._alloc(BUFFER_BYTES))
        self._put(S_BUFFER_BYTES, BUFFER_BYTES)
        self._put(S_EPOCHS_AT, self._alloc(16 * EPOCHS_MAX))
        if not self.full:
            return
        self.store = PageStore(
            self.disk, self.path, self.volume.page_bytes, self.volume.pg_pages, self.arena
        )
        self._put(S_STORE_FDS_AT, self.store.fds_at)
        self._put(S_WINDOW_AT, self._alloc(WINDOW_BYTES))
        hash_at = self.arena.alloc(_SLOTS_AT_FIRST * ENTRY_BYTES)
        self._mem[hash_at : hash_at + _SLOTS_AT_FIRST * ENTRY_BYTES] = 0
        self._put(S_HASH_AT, hash_at)
        self._put(S_HASH_SLOTS, _SLOTS_AT_FIRST)
        self._put(S_NODES_AT, self.arena.alloc(_SLOTS_AT_FIRST * NODE_BYTES))
        self._put(S_NODES_SLOTS, _SLOTS_AT_FIRST)

    def create(self, meta: CopyMeta) -> None:
        """Make the directory of an empty copy; `finish` makes it count."""
        self.disk.remove_tree(self.path)
        self.disk.make_directory(f"{self.path}/log")
        self.meta = meta

    def finish(self) -> None:
        """Write the metadata: from now on the directory is a copy."""
        self.save(self.meta)

    def open(self) -> None:
        """Open what is on disk. Raises OSError, UnknownFormat, VolumeError."""
        self.meta = load_copy(self.disk, self.path)
        if self.meta.volume_id != self.volume.volume_id or self.meta.copy_no != self.copy_no:
            raise VolumeError(f"{self.path} belongs to another volume or copy")
        self.log.open()
        if self.store is not None:
            for file, entries in self.store.open():
                self.store.cut(file, self._load_versions(file.number, entries))

    def _load_versions(self, file_no: int, entries: bytes) -> int:
        count = len(entries) // STORE_ENTRY_BYTES
        while 2 * (self.get(S_HASH_USED) + count) > self.get(S_HASH_SLOTS):
            self._grow_hash()
        at = self.arena.alloc(max(1, len(entries)))
        self._mem[at : at + len(entries)] = memoryview(entries)
        good = index_kernels.versions_load(self._mem, self.at, at, count, file_no << 32)
        self.arena.free(at, max(1, len(entries)))
        return int(good)

    def scan(self, epochs: Sequence[tuple[int, int]], limit: int) -> int:
        """How far the log on disk is whole, from the checkpoint on, void batches left out."""
        self._set_epochs(epochs)
        self._put(S_SCAN_LSN, self.meta.checkpoint)
        self._put(S_SCAN_BATCH, self.meta.checkpoint_batch)
        self._put(S_SCAN_EPOCH, self.meta.checkpoint_epoch)
        self._put(S_BUFFER_COUNT, 0)
        log_read_kernels.log_scan(self.st, self._mem, self.at, limit)
        self.complete = self.get(S_SCAN_LSN)
        self.last_batch = self.get(S_SCAN_BATCH)
        self.last_epoch = self.get(S_SCAN_EPOCH)
        self._put(S_BUFFER_COUNT, 0)  # it may have a void tail in it, intact but to be overwritten
        self.start_index()
        return self.complete

    def _set_epochs(self, epochs: Sequence[tuple[int, int]]) -> None:
        kept = list(epochs)[-EPOCHS_MAX:]
        table = self.arena.words(self.get(S_EPOCHS_AT), 2 * EPOCHS_MAX)
        for i, (epoch, start) in enumerate(kept):
            table[2 * i], table[2 * i + 1] = epoch, start
        self._put(S_EPOCHS, len(kept))

    def start_index(self) -> None:
        """The index begins at the checkpoint; it is filled when somebody asks."""
        self._put(S_INDEXED, self.meta.checkpoint)
        self._put(S_INDEXED_BATCH, self.meta.checkpoint_batch)
        self._put(S_INDEXED_EPOCH, self.meta.checkpoint_epoch)

    def extend_index(self, limit: int) -> int:
        """Index the log up to `limit`, a durable batch boundary; 0 or E_CORRUPT. Under `lock`."""
        while True:
            code = int(index_kernels.index_extend(self.st, self._mem, self.at, limit))
            if code != E_NO_ROOM:
                break
            self._grow_hash()
            self._grow_nodes()
        indexed = self.get(S_INDEXED)
        if not self.boundaries or self.boundaries[-1][0] < indexed:
            self.boundaries.append((indexed, self.get(S_INDEXED_BATCH), self.get(S_INDEXED_EPOCH)))
        return code

    def _grow_hash(self) -> None:
        slots = self.get(S_HASH_SLOTS)
        old = self.get(S_HASH_AT)
        new = self.arena.alloc(2 * slots * ENTRY_BYTES)
        index_kernels.hash_grow(self._mem, self.at, new, 2 * slots)
        self.arena.free(old, slots * ENTRY_BYTES)

    def _grow_nodes(self) -> None:
        slots = self.get(S_NODES_SLOTS)
        old = self.get(S_NODES_AT)
        new = self.arena.alloc(2 * slots * NODE_BYTES)
        index_kernels.nodes_grow(self._mem, self.at, new, 2 * slots)
        self.arena.free(old, slots * NODE_BYTES)

    def read_page(self, page_no: int, lsn: int, durable: int, frame: int) -> int:
        """`page_build` at `lsn` <= `durable`, the end of this log; its code. Under `lock`."""
        if self.closed:
            return index_kernels.CANNOT_READ
        if self.get(S_INDEXED) < lsn:
            code = self.extend_index(durable)
            if code < 0:
                return index_kernels.CANNOT_READ
        return int(index_kernels.page_build(self.st, self._mem, self.at, page_no, lsn, frame))

    def build_pages(self, numbers: int, count: int, lsn: int, images: int, entries: int) -> int:
        """`pages_build`: images for the page store; its code. Under `lock`."""
        return int(
            index_kernels.pages_build(
                self.st, self._mem, self.at, numbers, count, lsn, images, entries
            )
        )

    def save(self, meta: CopyMeta) -> None:
        """Replace the metadata, durably."""
        save_copy(self.disk, self.path, meta)
        self.meta = meta

    def set_epochs(self, epochs: Sequence[tuple[int, int]]) -> None:
        """Take over the volume's epoch history, durably."""
        with self.meta_lock:
            self.save(replace(self.meta, epochs=tuple(epochs)))

    def set_checkpoint(self, lsn: int, batch: int, epoch: int) -> None:
        """Log below `lsn` is not needed any more: durably remembered, then recycled."""
        with self.meta_lock:
            self.save(
                replace(self.meta, checkpoint=lsn, checkpoint_batch=batch, checkpoint_epoch=epoch)
            )

    def present(self) -> bool:
        """Are its files still where they belong?"""
        try:
            return self.disk.exists(f"{self.path}/copy.json") and self.log.linked()
        except OSError:
            return False

    def close(self) -> None:
        """Close files and give the arena back."""
        self.closed = True
        self.log.close()
        if self.store is not None:
            self.store.close()
            self.arena.free(self.get(S_HASH_AT), self.get(S_HASH_SLOTS) * ENTRY_BYTES)
            self.arena.free(self.get(S_NODES_AT), self.get(S_NODES_SLOTS) * NODE_BYTES)
        for at, count in self._allocated:
            self.arena.free(at, count)

"""One of the six copies: its directory, log, metadata and, if it is full, its pages.

::

    az1/full/copy.json      metadata.CopyMeta
    az1/full/log/…          chunks.ChunkLog, runs.RunFiles
    az1/full/pg-00000/…     page_store.PageStore        (full copies only)

A full copy serves a page from a stored image plus the records of its own log above it; the page
table knows the newest record of each page (`page_table`). What was indexed is gathered in runs and
written down, so that the next start goes on where the last run ends.

Locks: `lock` for the page table and buffers (kernels run under it, without the GIL); `store_lock`
for page files and checkpoints (coalescing, being the source of a repair or a clone). Taken in the
order store_lock, lock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from redo import index_kernels, log_read_kernels
from redo.arena import Arena, Words
from redo.chunks import ChunkLog
from redo.codes import E_LATER, E_NO_ROOM
from redo.control import Control
from redo.copy_cipher import CopyCipher
from redo.disk import Disk
from redo.errors import VolumeError
from redo.keyring import DataKey
from redo.members import Members
from redo.metadata import CopyMeta, VolumeMeta, load_copy, save_copy
from redo.page_store import PageStore
from redo.page_table import PageTable
from redo.quorum import copy_directory, is_full, is_void
from redo.runs import Run, RunFiles
from redo.segment_layout import (
    BUFFER_BYTES,
    CHECK_BYTES,
    EPOCHS_MAX,
    RUN_BYTES,
    S_BUFFER_AT,
    S_BUFFER_BYTES,
    S_BUFFER_COUNT,
    S_CHECKS,
    S_CHECKS_AT,
    S_CHUNK_BYTES,
    S_EPOCHS,
    S_EPOCHS_AT,
    S_FDS_AT,
    S_GAPS,
    S_GAPS_AT,
    S_INDEXED,
    S_INDEXED_BATCH,
    S_INDEXED_CLOCK,
    S_INDEXED_EPOCH,
    S_LAST_PAGE,
    S_RUN_BYTES,
    S_RUN_LSN,
    S_SCAN_BATCH,
    S_SCAN_CLOCK,
    S_SCAN_EPOCH,
    S_SCAN_LSN,
    S_TRUSTED_END,
    S_UNCHECKED,
    S_WINDOW_COUNT,
    SEGMENT_BYTES,
)
from redo.timeline import NEVER, Gaps, History, Mark, newest_mark

logger = logging.getLogger(__name__)


def crosses(gaps: Gaps, run: Run) -> bool:
    """Does a gap leave out some of the run?"""
    return any(start < run.mark.lsn and run.lsn < end for start, end in gaps)


class Segment:
    """One copy, open.

    place       its directory below the data directory, if it is not where copies are
    arena, st   storage's own arena and state words (page size, ring size)
    key         of an encrypted volume: without it records and pages cannot be read, while log can
    history     what the volume has been through
    mark        checkpoint that reads go back to: the newest on the path; runs: indexed log above
    complete    log is whole and durable up to here, as found by `scan`
    """

    def __init__(
        self,
        disk: Disk,
        data_dir: str,
        copy_no: int,
        volume: VolumeMeta,
        arena: Arena,
        st: Words,
        place: str = "",
        key: DataKey | None = None,
    ) -> None:
        self.copy_no = copy_no
        self.full = is_full(copy_no)
        self.name = copy_directory(copy_no)
        self.path = f"{data_dir}/{place or self.name}"
        self.disk = disk
        self.volume = volume
        self.meta = CopyMeta(volume.format, volume.volume_id, copy_no)
        self.history = History()
        self.mark = self.meta.marks[0]
        self.runs: list[Run] = []
        self.closed = False
        self.complete = 0
        self.last_batch = self.last_clock_us = 0
        self.lock = threading.Lock()
        self.store_lock = threading.Lock()
        self.meta_lock = threading.Lock()
        self.arena = arena
        self.control = Control(arena)
        self.st = st
        self._mem = arena.mem
        self._allocated: list[tuple[int, int]] = []
        self.log = ChunkLog(disk, f"{self.path}/log", volume, arena)
        self.run_files = RunFiles(disk, f"{self.path}/log", volume.chunk_bytes)
        self.at = self._alloc(SEGMENT_BYTES)
        self.words = arena.words(self.at, SEGMENT_BYTES // 8)
        self.words[:] = 0
        self.put(S_CHUNK_BYTES, volume.chunk_bytes)
        self.put(S_FDS_AT, self.log.table_at)
        self.put(S_BUFFER_AT, self._alloc(BUFFER_BYTES))
        self.put(S_BUFFER_BYTES, BUFFER_BYTES)
        self.put(S_RUN_BYTES, RUN_BYTES)
        self.put(S_EPOCHS_AT, self._alloc(16 * EPOCHS_MAX))
        self.store: PageStore | None = None
        self.table: PageTable | None = None
        if self.full:
            self.store = PageStore(disk, self.path, volume.page_bytes, volume.pg_pages, arena)
            self.table = PageTable(arena, self.at, self.store)
        self.key = key
        self.cipher = CopyCipher(arena, self.at, volume, key, self.table)

    def _alloc(self, count: int) -> int:
        at = self.arena.alloc(count)
        self._allocated.append((at, count))
        return at

    def put(self, word: int, value: int) -> None:
        """Set a word (S_…) of the segment block."""
        self.words[word >> 3] = value

    def get(self, word: int) -> int:
        """A word (S_…) of the segment block."""
        return int(self.words[word >> 3])

    # life

    def create(self, meta: CopyMeta) -> None:
        """Make the directory of an empty copy; `finish` makes it count."""
        self.disk.remove_tree(self.path)
        self.disk.make_directory(f"{self.path}/log")
        self.meta = meta

    def finish(self) -> None:
        """Write the metadata: from now on the directory is a copy."""
        self.save(self.meta)

    def open(self) -> None:
        """Open what is on disk; `scan` reads it. Raises OSError, UnknownFormat, VolumeError."""
        self.meta = load_copy(self.disk, self.path)
        if self.meta.volume_id != self.volume.volume_id or self.meta.copy_no != self.copy_no:
            raise VolumeError(f"{self.path} belongs to another volume or copy")
        self.log.open(self.meta.kept)

    def scan(self, history: History, limit: int) -> int:
        """How far the log on disk is whole, and durable now, from the newest checkpoint on.

        Void batches do not count, gaps are stepped over. What runs tell about is not read again:
        `verify_step` does that later, reads do it for what they touch. It was durable when it was
        told about; of what follows, nobody knows whether whoever wrote it could sync it.
        """
        self._set_history(history)
        mark = newest_mark(self.meta.marks, history.gaps, limit)
        if mark is None:
            raise VolumeError(f"{self.name} has no checkpoint at or below {limit}")
        self.mark = mark
        self.log.wake(mark.lsn)
        if self.table is not None:
            self.table.load(self.meta.shared, self.meta.kept)
        known = self._take_over_runs(history, limit)
        end = self.follow(known, limit)
        self.log.save(known.lsn, end.lsn)
        self.complete, self.last_batch, self.last_clock_us = end.lsn, end.batch, end.clock_us
        return self.complete

    def follow(self, mark: Mark, limit: int, until_us: int = NEVER) -> Mark:
        """The end of the whole, valid log that follows `mark` on the path (`log_scan`)."""
        words = (S_SCAN_LSN, S_SCAN_BATCH, S_SCAN_EPOCH, S_SCAN_CLOCK)
        for word, value in zip(words, mark, strict=True):
            self.put(word, value)
        self.put(S_BUFFER_COUNT, 0)
        log_read_kernels.log_scan(self.st, self._mem, self.at, limit, until_us)
        self.put(S_BUFFER_COUNT, 0)  # it may have a void tail in it, intact but to be overwritten
        return Mark(*(self.get(word) for word in words))

    def stretch(self, begin: Mark, end: int, until_us: int = NEVER) -> Mark:
        """The end of the whole log that follows `begin`, on the path or not. Under `lock`."""
        gaps = self.get(S_GAPS)
        self.put(S_GAPS, 0)
        self.log.wake(begin.lsn, end)
        try:
            return self.follow(begin, end, until_us)
        finally:
            self.put(S_GAPS, gaps)
            self.log.rest_below(self.mark.lsn)

    def _set_history(self, history: History) -> None:
        self.history = history
        table = self.arena.words(self.get(S_EPOCHS_AT), 2 * EPOCHS_MAX)
        kept = history.epochs[-EPOCHS_MAX:]
        for i, (epoch, start) in enumerate(kept):
            table[2 * i], table[2 * i + 1] = epoch, start
        self.put(S_EPOCHS, len(kept))
        gaps = history.gaps
        at = self._alloc(16 * max(1, len(gaps)))
        self.arena.words(at, 2 * len(gaps))[:] = [lsn for gap in gaps for lsn in gap]
        self.put(S_GAPS_AT, at)
        self.put(S_GAPS, len(gaps))

    def _take_over_runs(self, history: History, limit: int) -> Mark:
        """Index the runs that follow each other from the mark on along the path; their end."""
        after = dict(history.gaps)
        end = self.mark
        self.runs = []
        for run in self.run_files.load(self.mark.lsn):
            while end.lsn in after:
                end = end._replace(lsn=after[end.lsn])
            if run.lsn < end.lsn or run.mark.lsn > limit or crosses(history.gaps, run):
                continue
            if run.lsn > end.lsn or is_void(history.epochs, run.mark.epoch, run.mark.batch):
                break
            self.runs.append(run)
            end = run.mark
        if self.table is not None:
            self.cipher.note_log(end.lsn - self.mark.lsn)
            for run in self.runs:
                self.table.take_over(run)
        self._check_later(self.runs)
        self._index_from(end)
        return end

    def _check_later(self, runs: Sequence[Run]) -> None:
        count = len(runs)
        at = self._alloc(CHECK_BYTES * max(1, count))
        table = self.arena.words(at, 3 * count)
        table[:] = [word for run in runs for word in (run.lsn, run.mark.lsn, 0)]
        self.put(S_CHECKS_AT, at)
        self.put(S_CHECKS, count)
        self.put(S_UNCHECKED, runs[-1].mark.lsn if runs else 0)

    def _index_at(self, mark: Mark) -> None:
        words = (S_INDEXED, S_INDEXED_BATCH, S_INDEXED_EPOCH, S_INDEXED_CLOCK)
        for word, value in zip(words, mark, strict=True):
            self.put(word, value)

    def _index_from(self, mark: Mark) -> None:
        self._index_at(mark)
        self.put(S_RUN_LSN, mark.lsn)
        self.put(S_WINDOW_COUNT, 0)

    # the index

    def verify_step(self) -> bool:
        """Verify a run taken over from a former life; whether more are left. Under `lock`.

        Raises VolumeError when the log is damaged.
        """
        if self.get(S_CHECKS) == 0:
            return False
        left = int(log_read_kernels.log_verify_step(self._mem, self.at))
        if left < 0:
            raise VolumeError(f"{self.name}: log is damaged")
        return left > 0

    def extend_index(self, limit: int) -> int:
        """Index the log up to `limit`, a durable batch boundary; 0 or E_CORRUPT. Under `lock`."""
        if self.table is None:
            return self._extend_tail(limit)
        self.cipher.must_decrypt()
        self.cipher.note_log(limit - self.mark.lsn)
        while True:
            code = int(index_kernels.index_extend(self.st, self._mem, self.at, limit))
            if code == E_NO_ROOM:
                self.table.grow()
            elif code == E_LATER:
                self.end_run()
            else:
                return code

    def _extend_tail(self, limit: int) -> int:
        """A tail has no index; it remembers how far its log is whole."""
        while self.get(S_INDEXED) < limit:
            before = self.indexed
            ends = [start for start, _ in self.history.gaps if start >= before.lsn]
            if before.lsn in ends:
                self.end_run()
                (beyond,) = (end for start, end in self.history.gaps if start == before.lsn)
                self._index_from(before._replace(lsn=beyond))
                continue
            stop = min([limit, *ends])
            end = self.follow(before, stop)
            if end.lsn == before.lsn:
                return index_kernels.CANNOT_READ
            self._index_at(end._replace(lsn=min(stop, end.lsn)))
        return 0

    def verify_log(self, lsn: int, end: int) -> int:
        """How far the log from `lsn` on, a batch boundary, is intact: up to `end` or a piece of it.

        `lsn` itself: the batch there is damaged. No gap begins in between.
        """
        with self.lock:
            if self.closed:
                raise VolumeError(f"{self.name} is closed")
            stop = min(end, lsn + BUFFER_BYTES)
            return self.stretch(Mark(lsn, -1, 0, 0), stop).lsn

    def mend_log(self, lsn: int, batch: bytes) -> None:
        """Write a batch over a damaged one."""
        with self.lock:
            self.log.mend(lsn, batch)
            self.put(S_WINDOW_COUNT, 0)
            self.put(S_BUFFER_COUNT, 0)
            self.put(S_TRUSTED_END, 0)

    def adopt(self, run: Run) -> None:
        """A tail's next run is another copy's: the log is the same. Under `lock`."""
        self._index_at(run.mark)
        self.end_run()

    @property
    def gathered(self) -> int:
        """Log bytes in the run that is being gathered."""
        return self.get(S_INDEXED) - self.get(S_RUN_LSN)

    @property
    def indexed(self) -> Mark:
        """How far the index is."""
        words = (S_INDEXED, S_INDEXED_BATCH, S_INDEXED_EPOCH, S_INDEXED_CLOCK)
        return Mark(*(self.get(word) for word in words))

    def end_run(self) -> None:
        """Write down what was gathered. Under `lock`.

        Should it be above VDL and be cut off by a recovery, its epoch tells.
        """
        if self.gathered == 0:
            return
        run = Run(self.get(S_RUN_LSN), self.indexed)
        if self.table is not None:
            run = self.table.finished(run)
        self.put(S_RUN_LSN, run.mark.lsn)
        self.runs.append(run)
        self.run_files.append(run)

    # pages

    def read_page(self, page_no: int, lsn: int, durable: int, frame: int) -> int:
        """`page_build` at `lsn` <= `durable`, the end of this log; its code. Under `lock`."""
        if self.closed:
            return index_kernels.CANNOT_READ
        self.cipher.must_decrypt()
        if self.get(S_INDEXED) < lsn:
            code = self.extend_index(durable)
            if code < 0:
                return index_kernels.CANNOT_READ
        return self._with_chain(
            lambda: index_kernels.page_build(self.st, self._mem, self.at, page_no, lsn, frame)
        )

    def build_pages(self, numbers: int, count: int, lsn: int, images: int, entries: int) -> int:
        """`pages_build`: images for the page store; its code. Under `lock`."""
        self.cipher.put_salts(entries, count)
        return self._with_chain(
            lambda: index_kernels.pages_build(
                self.st, self._mem, self.at, numbers, count, lsn, images, entries
            )
        )

    def _with_chain(self, build: Callable[[], int]) -> int:
        assert self.table is not None
        while True:
            code = int(build())
            if code != E_NO_ROOM:
                return code
            self.table.grow_chain()

    def collect_images(
        self, location: int, slots: int, count: int, images: int, entries: int
    ) -> int:
        """`images_collect`: stored images to be moved; its code. Under `lock`."""
        return int(
            index_kernels.images_collect(
                self.st, self._mem, self.at, location, slots, count, images, entries
            )
        )

    # metadata

    def save(self, meta: CopyMeta) -> None:
        """Replace the metadata, durably."""
        save_copy(self.disk, self.path, meta)
        self.meta = meta

    def set_history(self, history: History) -> None:
        """Take over the volume's history, durably."""
        with self.meta_lock:
            self.save(replace(self.meta, history=history))
            self.history = history

    def set_fence(self, epoch: int) -> None:
        """Refuse log of earlier epochs from now on, durably."""
        with self.meta_lock:
            self.save(replace(self.meta, fence=epoch))

    def set_members(self, members: Members) -> None:
        """Take over who the members are, durably."""
        with self.meta_lock:
            self.save(replace(self.meta, members=members))

    def set_groups(self, groups: int) -> None:
        """The volume has so many protection groups: durably remembered, with a place for each."""
        with self.meta_lock:
            if groups > self.meta.groups:
                if self.full:
                    for group in range(self.meta.groups, groups):
                        self.disk.make_directory(f"{self.path}/pg-{group:05d}")
                self.save(replace(self.meta, groups=groups))

    @property
    def last_page(self) -> int:
        """Highest number among the pages it knows of."""
        return self.get(S_LAST_PAGE)

    def save_marks(self, marks: tuple[Mark, ...]) -> None:
        """The checkpoints that stay: durably remembered. By upkeep alone, which needs no lock."""
        shared = () if self.store is None else self.store.present(self.meta.shared)
        with self.meta_lock:
            self.save(replace(self.meta, marks=marks, shared=shared))

    def go_to(self, mark: Mark) -> None:
        """A checkpoint on the path that is saved: reads go back to it. Under both locks."""
        self.mark = mark
        if self.table is not None:
            self.table.forget_remade(mark.lsn)
        elif self.indexed.lsn < mark.lsn:  # a tail that has not read what is given up now
            self._index_at(mark)
        self.runs = [run for run in self.runs if run.mark.lsn > mark.lsn]

    def drop_log(self, lsn: int) -> None:
        """Give up log files below `lsn`; those below the mark are kept but not kept open."""
        with self.lock:  # who follows log of the past (`stretch`) has its files open
            self.run_files.drop_below(lsn)
            self.log.recycle_below(lsn)
            self.log.rest_below(self.mark.lsn)

    def borrow_files(self) -> list[tuple[int, int, int, int, int]]:
        """`PageStore.duplicates`; nothing of a tail. Under `store_lock`."""
        return [] if self.store is None else self.store.duplicates()

    @property
    def images(self) -> int:
        """Stored images that somebody may still ask for."""
        return 0 if self.store is None else self.store.images

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
        self.run_files.close()
        if self.store is not None and self.table is not None:
            self.table.close()
            self.store.close()
        self.cipher.close()
        for at, count in self._allocated:
            self.arena.free(at, count)

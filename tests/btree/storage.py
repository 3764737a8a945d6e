"""Pages to test on: a real volume with six copies, a pool over it, and a follower of its log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from btree import entry_kernels
from btree.check import check_space, check_tree, page_reader
from btree.pool import BufferPool
from btree.tree import BTree, Store
from redo import record_kernels
from redo.arena import RING_AT, Arena
from redo.log import LogWriter
from redo.record import (
    BATCH_HEADER_BYTES,
    BATCH_LENGTH_AT,
    KIND_PAGE,
    RECORD_KIND_AT,
    RECORD_LENGTH_AT,
    RECORD_PAGE_NO_AT,
)
from redo.state import ST_RING_BYTES
from redo.volume import LocalVolume


class Follower:
    """Applies the log with redo's apply kernel to pages of its own: what a replica would have."""

    def __init__(self, arena: Arena, st, lsn: int, page_bytes: int) -> None:
        self._arena = arena
        self._st = st
        self._lsn = lsn
        self._page_bytes = page_bytes
        self._frames: dict[int, int] = {}

    def _number(self, at: int, size: int) -> int:
        return int.from_bytes(self._arena.mem[at : at + size].tobytes(), "little", signed=True)

    def follow(self, end: int) -> None:
        """Apply all batches up to `end`."""
        ring = int(self._st[ST_RING_BYTES])
        while self._lsn < end:
            batch = RING_AT + self._lsn % ring
            length = self._number(batch + BATCH_LENGTH_AT, 4)
            record, stop = batch + BATCH_HEADER_BYTES, batch + length
            while record < stop:
                if self._number(record + RECORD_KIND_AT, 2) == KIND_PAGE:
                    self._apply(record)
                record += (self._number(record + RECORD_LENGTH_AT, 4) + 7) & -8
            self._lsn += length
        assert self._lsn == end

    def _apply(self, record: int) -> None:
        page_no = self._number(record + RECORD_PAGE_NO_AT, 8)
        if page_no not in self._frames:
            self._frames[page_no] = self._arena.alloc(self._page_bytes)
        frame = self._frames[page_no]
        assert record_kernels.record_apply(self._st, self._arena.mem, frame, record) == 0

    def page(self, page_no: int) -> bytes:
        frame = self._frames[page_no]
        return self._arena.mem[frame : frame + self._page_bytes].tobytes()


class Pages:
    """A volume, its pool and its log, opened for one test."""

    def __init__(self, directory: Path, page_bytes: int, frames: int) -> None:
        self.page_bytes = page_bytes
        self.volume = LocalVolume(
            str(directory), page_bytes=page_bytes, ring_bytes=8 << 20, durable=False
        )
        self.arena, self.st = self.volume.arena, self.volume.st
        self.log: LogWriter = self.volume.log
        self.pool = BufferPool(
            self.arena, self.st, self.volume, frames * page_bytes, spill_bytes=1 << 20
        )
        self.store = Store(self.arena, self.st, self.pool, self.log)
        self.follower = Follower(self.arena, self.st, self.log.next_lsn, page_bytes)
        self.store.check(self.store.call(entry_kernels.volume_create))
        self.read = page_reader(self.arena, self.pool)

    def settle_log(self) -> None:
        """Everything appended so far is durable, and known to the follower."""
        self.log.wait_durable(self.log.next_lsn)
        self.follower.follow(self.log.published_lsn)

    def check_replay(self) -> None:
        """Pages in the pool equal those made from the log alone, byte for byte."""
        for page_no in self.pool.pages():
            frame = self.pool.lookup(page_no)
            mine = self.arena.mem[frame : frame + self.page_bytes].tobytes()
            assert mine == self.follower.page(page_no), page_no

    def check(self, *trees: BTree) -> int:
        """Every invariant of these trees and of the space; entries in all."""
        # Page 1 belongs to the transaction system, page 2 to the catalog: not used here.
        used, entries, problems = [1, 2], 0, []
        for tree in trees:
            report = check_tree(self.read, tree.root)
            used += report.pages
            entries += report.entries
            problems += report.problems
        problems += check_space(self.read, used)
        assert not problems, problems
        return entries


@contextmanager
def open_pages(directory: Path, page_bytes: int = 256, frames: int = 4096) -> Iterator[Pages]:
    """A fresh volume in `directory`."""
    pages = Pages(directory, page_bytes, frames)
    try:
        yield pages
    finally:
        pages.volume.close()

"""The buffer pool: frames, what is in them, and bringing pages in.

Kernels find pages with `pool_kernels.pool_find`; when one misses, Python calls `fetch`. Pages on
probation (the last eighth of the pool to come in) do not get their reference mark when found, so a
scan leaves no marks and its pages go first: the clock is scan-resistant.

Invariant: a page is evicted only when ``page_lsn < VDL``; then the volume can give it back.
"""

from __future__ import annotations

from collections import deque

from btree import pool_kernels
from btree.errors import PageCorrupt, PoolExhausted
from btree.layout import FRAME_NEW, TABLE_ENTRY_BYTES, scratch_bytes
from btree.state import (
    ST_CLOCK_HAND,
    ST_FRAME_COUNT,
    ST_FRAMES_AT,
    ST_FREE_COUNT,
    ST_FREE_FRAME,
    ST_OWNER_AT,
    ST_PAGE_SHIFT,
    ST_POOL_HITS,
    ST_POOL_MISSES,
    ST_SCRATCH_AT,
    ST_SPILL_AT,
    ST_SPILL_END,
    ST_SPILL_NEXT,
    ST_SPILL_WANTED,
    ST_TABLE_AT,
    ST_TABLE_MASK,
)
from redo.arena import Arena, Words
from redo.image import PAGE_NO_AT
from redo.state import ST_MISS_PAGE, ST_PAGE_BYTES, ST_VDL
from redo.volume import Volume


class BufferPool:
    """Frames of one node, in its arena.

    arena, st    the node's; `st[ST_PAGE_BYTES]` is set
    volume       where pages come from
    pool_bytes   for frames; at least sixteen of them
    spill_bytes  buffer for values gathered from overflow pages
    """

    def __init__(
        self, arena: Arena, st: Words, volume: Volume, pool_bytes: int, spill_bytes: int = 32 << 20
    ) -> None:
        page_bytes = int(st[ST_PAGE_BYTES])
        frames = max(16, pool_bytes // page_bytes)
        entries = 1 << (2 * frames - 1).bit_length()
        self._arena = arena
        self._st = st
        self._volume = volume
        self._probation: deque[int] = deque()
        self._evicted: deque[int] = deque(maxlen=16)
        self._probation_limit = max(2, frames // 8)
        #: frames kept free for pages made inside kernels
        self._spare = max(2, min(64, frames // 16))
        st[ST_FRAMES_AT] = arena.alloc(frames * page_bytes)
        st[ST_FRAME_COUNT] = frames
        st[ST_PAGE_SHIFT] = page_bytes.bit_length() - 1
        st[ST_TABLE_AT] = arena.alloc(entries * TABLE_ENTRY_BYTES)
        st[ST_TABLE_MASK] = entries - 1
        st[ST_OWNER_AT] = arena.alloc(8 * frames)
        st[ST_SCRATCH_AT] = arena.alloc(scratch_bytes(page_bytes))
        st[ST_SPILL_AT] = st[ST_SPILL_NEXT] = arena.alloc(spill_bytes)
        st[ST_SPILL_END] = st[ST_SPILL_AT] + spill_bytes
        self.clear()

    def grow_spill(self) -> None:
        """A spill buffer that holds what did not fit; what was gathered in the old one is gone."""
        st = self._st
        size = int(st[ST_SPILL_END] - st[ST_SPILL_AT])
        wanted = max(2 * size, 2 * int(st[ST_SPILL_WANTED]))
        self._arena.free(int(st[ST_SPILL_AT]), size)
        st[ST_SPILL_AT] = st[ST_SPILL_NEXT] = self._arena.alloc(wanted)
        st[ST_SPILL_END] = st[ST_SPILL_AT] + wanted

    def clear(self) -> None:
        """Forget every page: all frames free."""
        st = self._st
        frames = int(st[ST_FRAME_COUNT])
        self._arena.words(int(st[ST_TABLE_AT]), 2 * (int(st[ST_TABLE_MASK]) + 1))[:] = 0
        owners = self._arena.words(int(st[ST_OWNER_AT]), frames)
        owners[:] = range(-3, -3 - frames, -1)  # -2 - next
        owners[-1] = -1
        st[ST_FREE_FRAME] = 0
        st[ST_FREE_COUNT] = frames
        st[ST_CLOCK_HAND] = 0
        self._probation.clear()

    @property
    def frames(self) -> int:
        return int(self._st[ST_FRAME_COUNT])

    @property
    def page_shift(self) -> int:
        return int(self._st[ST_PAGE_SHIFT])

    @property
    def free(self) -> int:
        return int(self._st[ST_FREE_COUNT])

    @property
    def hits(self) -> int:
        return int(self._st[ST_POOL_HITS])

    @property
    def misses(self) -> int:
        return int(self._st[ST_POOL_MISSES])

    def pages(self) -> list[int]:
        """Numbers of the pages in the pool, ascending."""
        owners = self._arena.words(int(self._st[ST_OWNER_AT]), self.frames)
        return sorted(int(page_no) for page_no in owners if page_no >= 0)

    def lookup(self, page_no: int) -> int | None:
        """Frame of a page that is in the pool."""
        frame = int(pool_kernels.pool_lookup(self._st, self._arena.mem, page_no))
        return frame if frame >= 0 else None

    def fetch(self, page_no: int | None = None, lsn: int | None = None) -> int:
        """Bring a page in (the last one missed, by default); its frame.

        lsn  the page as of this LSN; VDL by default
        Offsets into other frames are stale afterwards. Raises PoolExhausted when nothing may go.
        """
        st, mem = self._st, self._arena.mem
        if page_no is None:
            page_no = int(st[ST_MISS_PAGE])
        present = self.lookup(page_no)
        if present is not None:
            return present
        if not self.make_room(1) and self.free == 0 and not self.make_room(1, force=True):
            raise PoolExhausted(f"no frame for page {page_no}")
        frame = int(pool_kernels.pool_admit(st, mem, page_no, FRAME_NEW))
        try:
            self._volume.read_page(page_no, int(st[ST_VDL]) if lsn is None else lsn, frame)
            if int(mem[frame + PAGE_NO_AT :][:8].view("<i8")[0]) != page_no:
                raise PageCorrupt(page_no, "the volume gave another page")
        except BaseException:
            pool_kernels.pool_drop(st, mem, page_no)
            raise
        self._probation.append(page_no)
        if len(self._probation) > self._probation_limit:
            pool_kernels.pool_graduate(st, mem, self._probation.popleft())
        return frame

    def make_room(self, count: int, force: bool = False) -> bool:
        """Evict until `count` frames, and all spare ones, are free; whether that was possible.

        False means that the rest is too new: wait for VDL, then call again; `force` takes what was
        fetched a moment ago, too. What was asked for once is kept free by later fetches: a change
        whose pages come in one by one must find its frames still there when the last has come.
        """
        st, mem = self._st, self._arena.mem
        self._spare = max(self._spare, min(count, self.frames // 3))
        while self.free < max(count, self._spare):
            page_no = int(pool_kernels.pool_evict(st, mem, int(st[ST_VDL]), int(force)))
            if page_no < 0:
                return False
            self._evicted.append(page_no)
        return True

    def strained(self, page_no: int) -> bool:
        """Whether a page was evicted only just now: what may go is too little, the rest too new.

        Then waiting for VDL helps; going on would evict the same few pages in turn, for ever.
        """
        return page_no in self._evicted

    def drop(self, page_no: int) -> None:
        """Take a page out, whatever its LSN (appliers; a page above a truncation)."""
        pool_kernels.pool_drop(self._st, self._arena.mem, page_no)

"""The buffer pool: frames, what is in them, and bringing pages in.

Kernels find pages with `pool_kernels.pool_find`; when one misses, Python calls `fetch`, or
`fetch_many` when several callers have missed. A scan's kernel says what comes next, and `fetch`
asks for that ahead (`read_ahead`). Pages on probation (the last eighth of the pool to come in) do
not get their reference mark when found, so a scan leaves no marks and its pages go first; pages
that were found again become hot and stay, up to five eighths of the pool: the clock is
scan-resistant.

Invariant: a page is evicted only when ``page_lsn < VDL``; then the volume can give it back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from btree import pool_kernels
from btree.errors import PageCorrupt, PoolExhausted
from btree.layout import AHEAD_MAX, FRAME_NEW, TABLE_ENTRY_BYTES, scratch_bytes
from btree.read_ahead import ReadAhead
from btree.state import (
    ST_AHEAD_AT,
    ST_AHEAD_COUNT,
    ST_CLOCK_HAND,
    ST_FOUND_ROOT,
    ST_FRAME_COUNT,
    ST_FRAMES_AT,
    ST_FREE_COUNT,
    ST_FREE_FRAME,
    ST_HOT_COUNT,
    ST_HOT_WANTED,
    ST_OWNER_AT,
    ST_PAGE_SHIFT,
    ST_POOL_HITS,
    ST_POOL_MISSES,
    ST_SCRATCH_AT,
    ST_SETTLED_AT,
    ST_SPILL_AT,
    ST_SPILL_END,
    ST_SPILL_NEXT,
    ST_SPILL_WANTED,
    ST_TABLE_AT,
    ST_TABLE_MASK,
)
from redo.arena import Arena, Words
from redo.image import PAGE_LSN_AT, PAGE_NO_AT
from redo.protocol import READ_MANY_PAGES
from redo.state import ST_MISS_PAGE, ST_PAGE_BYTES, ST_READ_ONLY, ST_VDL
from redo.volume import Volume

LARGE_POOL_BYTES = 32 << 20  #: pools from this size on lie in large pages of memory


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
        self._ahead = ReadAhead(volume, frames)
        self.reads = 0  #: pages read because somebody missed them
        self.read_ahead = 0  #: pages read before that
        self.waits = 0  #: times that no frame was free, the rest being too new
        #: frames kept free for pages made inside kernels
        self._spare = max(2, min(64, frames // 16))
        st[ST_FRAMES_AT] = arena.alloc(frames * page_bytes)
        if frames * page_bytes >= LARGE_POOL_BYTES:
            arena.prefer_large_pages(int(st[ST_FRAMES_AT]), frames * page_bytes)
        st[ST_FRAME_COUNT] = frames
        st[ST_PAGE_SHIFT] = page_bytes.bit_length() - 1
        st[ST_TABLE_AT] = arena.alloc(entries * TABLE_ENTRY_BYTES)
        st[ST_TABLE_MASK] = entries - 1
        st[ST_OWNER_AT] = arena.alloc(8 * frames)
        st[ST_SETTLED_AT] = arena.alloc(16 * frames)
        st[ST_AHEAD_AT] = arena.alloc(8 * AHEAD_MAX)
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
        self._arena.words(int(st[ST_SETTLED_AT]), 2 * frames)[:] = 0
        st[ST_FREE_FRAME] = 0
        st[ST_FREE_COUNT] = frames
        st[ST_FOUND_ROOT] = 0
        st[ST_CLOCK_HAND] = st[ST_HOT_COUNT] = st[ST_HOT_WANTED] = 0
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

    def not_durable(self) -> int:
        """How many pages have something newer than VDL in them."""
        frames, at = self.frames, int(self._st[ST_FRAMES_AT])
        size = 1 << self.page_shift
        pages = self._arena.mem[at : at + frames * size].reshape(frames, size)
        lsns = pages[:, PAGE_LSN_AT : PAGE_LSN_AT + 8].copy().view("<i8")[:, 0]
        owners = self._arena.words(int(self._st[ST_OWNER_AT]), frames)
        return int(((owners >= 0) & (lsns >= self._st[ST_VDL])).sum())

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
        if page_no is None:
            page_no = int(self._st[ST_MISS_PAGE])
        if page_no in self._ahead:
            self._take_ahead()
        frame = self.lookup(page_no)
        if frame is None:
            frame = self._read(page_no, int(self._st[ST_VDL]) if lsn is None else lsn)
        if self._st[ST_AHEAD_COUNT]:
            self._ask_ahead(page_no)
        return frame

    def _read(self, page_no: int, lsn: int) -> int:
        """Read one page into a frame made free for it."""
        if not self.make_room(1) and self.free == 0 and not self.make_room(1, force=True):
            raise PoolExhausted(f"no frame for page {page_no}")
        frame = self._admit(page_no)
        try:
            self._volume.read_page(page_no, lsn, frame)
            self._verify(page_no, frame)
        except BaseException:
            self.drop(page_no)
            raise
        self.reads += 1
        self._try_out(page_no)
        return frame

    def fetch_many(self, page_nos: Iterable[int]) -> None:
        """Bring in the pages that several callers have missed, as many as there is room for.

        Whoever goes without misses again, and asks again. Raises what `fetch` does.
        """
        if any(page_no in self._ahead for page_no in page_nos):
            self._take_ahead()
        wanted = [page_no for page_no in dict.fromkeys(page_nos) if self.lookup(page_no) is None]
        wanted = wanted[: max(1, min(READ_MANY_PAGES, self.frames // 8))]
        self.make_room(len(wanted))
        wanted = wanted[: self.free]
        if len(wanted) < 2:
            for page_no in wanted or list(page_nos)[:1]:
                self.fetch(page_no)
            return
        frames = [self._admit(page_no) for page_no in wanted]
        try:
            self._volume.pages_ask(wanted, int(self._st[ST_VDL]))
            good = self._volume.pages_take(frames)
        except BaseException:
            for page_no in wanted:
                self.drop(page_no)
            raise
        self.reads += len(wanted)
        self._keep(wanted, frames, good)

    def _admit(self, page_no: int) -> int:
        return int(pool_kernels.pool_admit(self._st, self._arena.mem, page_no, FRAME_NEW))

    def _verify(self, page_no: int, frame: int) -> None:
        if int(self._arena.mem[frame + PAGE_NO_AT :][:8].view("<i8")[0]) != page_no:
            raise PageCorrupt(page_no, "the volume gave another page")

    def _keep(self, page_nos: Sequence[int], frames: Sequence[int], good: Sequence[bool]) -> None:
        """Keep the good pages of a batch; the others are as if never asked for."""
        for page_no, frame, is_good in zip(page_nos, frames, good, strict=True):
            if is_good:
                self._verify(page_no, frame)
                self._try_out(page_no)
            else:
                self.drop(page_no)

    def _try_out(self, page_no: int) -> None:
        """A page that has just come in is on probation until enough others have."""
        self._probation.append(page_no)
        if len(self._probation) > self._probation_limit:
            pool_kernels.pool_graduate(self._st, self._arena.mem, self._probation.popleft())

    def _ask_ahead(self, page_no: int) -> None:
        """Ask for the pages that the kernel which missed `page_no` left word of."""
        st = self._st
        at, count = int(st[ST_AHEAD_AT]), int(st[ST_AHEAD_COUNT])
        st[ST_AHEAD_COUNT] = 0
        if self._ahead.window < 2:
            return
        if self._ahead.page_nos:
            self._take_ahead()
        count = int(pool_kernels.pool_absent(st, self._arena.mem, at, count))
        page_nos = self._arena.words(at, count)[: self._ahead.window].tolist()
        self._ahead.ask(page_nos, int(st[ST_VDL]))

    def _take_ahead(self) -> None:
        """Take in the pages that were asked for ahead, as far as there is room for them."""
        page_nos = self._ahead.page_nos
        stale = self._st[ST_READ_ONLY] and self._ahead.lsn != self._st[ST_VDL]
        room = 0
        if not stale:
            self.make_room(len(page_nos))
            room = max(0, self.free - self._spare // 2)
        frames: list[int] = []
        kept: list[int] = []
        for page_no in page_nos:
            if len(kept) < room and self.lookup(page_no) is None:
                kept.append(page_no)
                frames.append(self._admit(page_no))
            else:
                frames.append(int(self._st[ST_SCRATCH_AT]))
        good = self._ahead.take(frames)
        self.read_ahead += len(kept)
        taken = [n for n, frame in enumerate(frames) if frame != self._st[ST_SCRATCH_AT]]
        self._keep(kept, [frames[n] for n in taken], [good[n] for n in taken])

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
                self.waits += 1
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

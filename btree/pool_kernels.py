"""The buffer pool inside kernels: page number → frame, free frames, the eviction clock.

The page table is an open-addressing hash of two-word entries (`layout.TABLE_…`) with linear probing
and backward-shift deletion, at most half full. Frames are never moved. Only `pool_evict` and
`pool_drop` take pages away, and only Python calls them (between kernels), so a frame offset is good
until the next fetch.
"""

from __future__ import annotations

from btree.layout import (
    FRAME_FLAGS,
    FRAME_HOT,
    FRAME_NEW,
    FRAME_REFERENCED,
    TABLE_ENTRY_BYTES,
    TABLE_FRAME,
)
from btree.state import (
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
    ST_TABLE_AT,
    ST_TABLE_MASK,
)
from redo import jit
from redo.codes import E_NO_FRAME, E_PAGE_MISS
from redo.coding_kernels import load_i64, store_i64
from redo.image import PAGE_LSN_AT
from redo.state import ST_MISS_PAGE


@jit.inlined
def page_hash(page_no):
    """Where a page's probing starts, before masking; any 31 bits."""
    return ((page_no * -7046029254386353131) >> 32) & 0x7FFFFFFF


@jit.inlined
def pool_entry(st, mem, page_no):
    """Offset of the page's table entry, or of the empty entry where its probing ends."""
    mask = st[ST_TABLE_MASK]
    table = st[ST_TABLE_AT]
    i = page_hash(page_no) & mask
    while True:
        entry = table + i * TABLE_ENTRY_BYTES
        owner = load_i64(mem, entry)
        if owner == page_no + 1 or owner == 0:
            return entry
        i = (i + 1) & mask


@jit.inlined
def pool_find(st, mem, page_no):
    """Frame of a page, marking it used; or E_PAGE_MISS with st[ST_MISS_PAGE] set."""
    entry = pool_entry(st, mem, page_no)
    if load_i64(mem, entry) == 0:
        st[ST_MISS_PAGE] = page_no
        st[ST_POOL_MISSES] += 1
        return E_PAGE_MISS
    frame = load_i64(mem, entry + TABLE_FRAME)
    if frame & (FRAME_REFERENCED | FRAME_NEW) == 0:
        store_i64(mem, entry + TABLE_FRAME, frame | FRAME_REFERENCED)
    st[ST_POOL_HITS] += 1
    return frame & ~FRAME_FLAGS


@jit.inlined
def pool_peek(st, mem, page_no):
    """Frame of a page or E_PAGE_MISS, without any trace: for appliers and optional work."""
    entry = pool_entry(st, mem, page_no)
    if load_i64(mem, entry) == 0:
        return E_PAGE_MISS
    return load_i64(mem, entry + TABLE_FRAME) & ~FRAME_FLAGS


@jit.helper
def pool_take(st, mem, page_no, flags):
    """A free frame, entered as that of `page_no` (which is not in the pool); or E_NO_FRAME.

    flags  FRAME_NEW for a page fetched, FRAME_REFERENCED for one just made
    The frame's bytes are whatever its last page left.
    """
    number = st[ST_FREE_FRAME]
    if number < 0:
        return E_NO_FRAME
    owner = st[ST_OWNER_AT] + 8 * number
    st[ST_FREE_FRAME] = -2 - load_i64(mem, owner)
    st[ST_FREE_COUNT] -= 1
    store_i64(mem, owner, page_no)
    frame = st[ST_FRAMES_AT] + (number << st[ST_PAGE_SHIFT])
    entry = pool_entry(st, mem, page_no)
    store_i64(mem, entry, page_no + 1)
    store_i64(mem, entry + TABLE_FRAME, frame | flags)
    return frame


@jit.helper
def table_remove(st, mem, entry):
    """Empty a table entry, moving later ones of its probe run back so that none is cut off."""
    mask = st[ST_TABLE_MASK]
    table = st[ST_TABLE_AT]
    hole = (entry - table) // TABLE_ENTRY_BYTES
    i = hole
    while True:
        i = (i + 1) & mask
        at = table + i * TABLE_ENTRY_BYTES
        owner = load_i64(mem, at)
        if owner == 0:
            break
        home = page_hash(owner - 1) & mask
        if (i - home) & mask >= (i - hole) & mask:
            to = table + hole * TABLE_ENTRY_BYTES
            store_i64(mem, to, owner)
            store_i64(mem, to + TABLE_FRAME, load_i64(mem, at + TABLE_FRAME))
            hole = i
    store_i64(mem, table + hole * TABLE_ENTRY_BYTES, 0)
    return 0


@jit.helper
def pool_release(st, mem, page_no):
    """Take a page out of the pool and free its frame; 0, or E_PAGE_MISS when it is not there."""
    entry = pool_entry(st, mem, page_no)
    if load_i64(mem, entry) == 0:
        return E_PAGE_MISS
    marked = load_i64(mem, entry + TABLE_FRAME)
    frame = marked & ~FRAME_FLAGS
    if marked & FRAME_HOT:
        st[ST_HOT_COUNT] -= 1
    table_remove(st, mem, entry)
    st[ST_FOUND_ROOT] = 0
    number = (frame - st[ST_FRAMES_AT]) >> st[ST_PAGE_SHIFT]
    store_i64(mem, st[ST_OWNER_AT] + 8 * number, -2 - st[ST_FREE_FRAME])
    st[ST_FREE_FRAME] = number
    st[ST_FREE_COUNT] += 1
    return 0


@jit.kernel("i8(i8[::1], u1[::1], i8)")
def pool_lookup(st, mem, page_no):
    """`pool_peek` for Python."""
    return pool_peek(st, mem, page_no)


@jit.kernel("i8(i8[::1], u1[::1], i8, i8)")
def pool_absent(st, mem, page_nos, count):
    """Keep those of `count` page numbers (words) that are not in the pool; how many."""
    kept = 0
    for i in range(count):
        page_no = load_i64(mem, page_nos + 8 * i)
        if pool_peek(st, mem, page_no) < 0:
            store_i64(mem, page_nos + 8 * kept, page_no)
            kept += 1
    return kept


@jit.kernel("i8(i8[::1], u1[::1], i8, i8)")
def pool_admit(st, mem, page_no, flags):
    """`pool_take` for Python; the frame of the page if it is in the pool already."""
    frame = pool_peek(st, mem, page_no)
    if frame >= 0:
        return frame
    return pool_take(st, mem, page_no, flags)


@jit.kernel("i8(i8[::1], u1[::1], i8)")
def pool_drop(st, mem, page_no):
    """`pool_release` for Python."""
    return pool_release(st, mem, page_no)


@jit.kernel("i8(i8[::1], u1[::1], i8)")
def pool_graduate(st, mem, page_no):
    """End a page's probation: from now on finds mark it referenced. 0 | E_PAGE_MISS."""
    entry = pool_entry(st, mem, page_no)
    if load_i64(mem, entry) == 0:
        return E_PAGE_MISS
    frame = load_i64(mem, entry + TABLE_FRAME)
    store_i64(mem, entry + TABLE_FRAME, frame & ~FRAME_NEW)
    return 0


@jit.helper
def _aged(st, marked):
    """Frame and flags of a found or hot page after the hand has passed."""
    if marked & FRAME_REFERENCED:
        marked &= ~FRAME_REFERENCED
        if marked & FRAME_HOT == 0:
            if 8 * st[ST_HOT_COUNT] < 5 * st[ST_FRAME_COUNT]:
                st[ST_HOT_COUNT] += 1
                marked |= FRAME_HOT
            elif st[ST_HOT_WANTED] < st[ST_FRAME_COUNT]:
                st[ST_HOT_WANTED] += 1
    elif st[ST_HOT_WANTED] > 0:
        st[ST_HOT_WANTED] -= 1
        st[ST_HOT_COUNT] -= 1
        marked &= ~FRAME_HOT
    return marked


@jit.kernel("i8(i8[::1], u1[::1], i8, i8)")
def pool_evict(st, mem, vdl, force):
    """Free one frame by the clock; the page number that lost it, or E_NO_FRAME.

    A page goes only when everything in it is durable (``page_lsn < vdl``). Two rounds take what was
    not found since the hand was there; a page that was found becomes hot, and hot ones go only in
    the third round, or when others have been found and want to be hot. Pages on probation go only
    with `force` 1, in a fourth round.
    """
    frames = st[ST_FRAME_COUNT]
    rounds = 4 if force == 1 else 3
    for step in range(rounds * frames):
        number = st[ST_CLOCK_HAND]
        st[ST_CLOCK_HAND] = number + 1 if number + 1 < frames else 0
        page_no = load_i64(mem, st[ST_OWNER_AT] + 8 * number)
        if page_no < 0:
            continue
        frame = st[ST_FRAMES_AT] + (number << st[ST_PAGE_SHIFT])
        if load_i64(mem, frame + PAGE_LSN_AT) >= vdl:
            continue
        entry = pool_entry(st, mem, page_no)
        marked = load_i64(mem, entry + TABLE_FRAME)
        if step < 2 * frames and marked & (FRAME_REFERENCED | FRAME_HOT):
            store_i64(mem, entry + TABLE_FRAME, _aged(st, marked))
            continue
        if step < 3 * frames and marked & FRAME_NEW:
            continue
        pool_release(st, mem, page_no)
        return page_no
    return E_NO_FRAME

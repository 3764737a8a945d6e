"""Pages of the volume: promised, handed out, taken back; and values on overflow pages.

Page 0 has the first page number never used and the chain of free pages. A freed page stays the page
it is (its log chain goes on), zeroed, marked PAGE_FREE and linked by `right`.

A change first reserves: `reserve_begin`, then `pages_reserve` for all it may allocate, which brings
page 0 and the free pages it would get into the pool and sees that there are frames for new ones.
After that, inside the mini-transaction, `page_allocate` cannot fail.
"""

from __future__ import annotations

from btree import failpoints
from btree.failpoint_kernels import failpoint
from btree.layout import (
    CELLS_AT,
    CELLS_END_AT,
    COUNT_AT,
    FORMAT,
    FORMAT_AT,
    FRAME_REFERENCED,
    FREE_COUNT_AT,
    FREE_HEAD_AT,
    HEADER_PAGE,
    LEFT_AT,
    NEXT_PAGE_AT,
    NEXT_TREE_AT,
    PAGE_FREE,
    PAGE_HEADER,
    PAGE_OVERFLOW,
    PATCH_HEADER,
    RIGHT_AT,
    TREE_ID_AT,
)
from btree.page_kernels import scratch, shape_word
from btree.pool_kernels import pool_find, pool_peek, pool_take
from btree.state import (
    ST_ALLOCATED,
    ST_CHAIN_DONE,
    ST_CHAIN_PAGE,
    ST_FOUND_ROOT,
    ST_FREE_COUNT,
    ST_FREED,
    ST_RESERVED_BYTES,
    ST_RESERVED_FRAMES,
    ST_RESERVED_PAGES,
)
from redo import jit
from redo.codes import E_CORRUPT, E_NO_FRAME, E_TOO_BIG
from redo.coding_kernels import load_i64, load_u16, load_u32, move, store_i64
from redo.edit_kernels import page_fill, page_new, page_put_i64, page_write
from redo.image import PAGE_BODY_AT, PAGE_NO_AT
from redo.state import ST_MTR_LIMIT, ST_PAGE_BYTES


@jit.helper
def reserve_begin(st):
    """Start counting what a change needs; before the first reserve of each mini-transaction."""
    st[ST_RESERVED_FRAMES] = 0
    st[ST_RESERVED_PAGES] = 0
    st[ST_RESERVED_BYTES] = 0
    return 0


@jit.helper
def pages_reserve(st, mem, pages):
    """Promise that many more pages. 0 | E_PAGE_MISS | E_NO_FRAME; then nothing more is promised.

    After E_NO_FRAME st[ST_RESERVED_FRAMES] says how many free frames it takes.
    """
    if pages == 0:
        return 0
    total = st[ST_RESERVED_PAGES] + pages
    header = pool_find(st, mem, HEADER_PAGE)
    if header < 0:
        return header
    free = load_i64(mem, header + FREE_COUNT_AT)
    page_no = load_i64(mem, header + FREE_HEAD_AT)
    for _ in range(min(total, free)):
        frame = pool_find(st, mem, page_no)
        if frame < 0:
            return frame
        page_no = load_i64(mem, frame + RIGHT_AT)
    st[ST_RESERVED_FRAMES] = max(0, total - free)
    if st[ST_RESERVED_FRAMES] > st[ST_FREE_COUNT]:
        return E_NO_FRAME
    st[ST_RESERVED_PAGES] = total
    return 0


@jit.helper
def page_allocate(st, mem):
    """Frame of a page nobody uses, its body zeroed; after `pages_reserve` it cannot fail."""
    header = pool_find(st, mem, HEADER_PAGE)
    if header < 0:
        return header
    page_no = load_i64(mem, header + FREE_HEAD_AT)
    if page_no != 0:
        frame = pool_find(st, mem, page_no)
        if frame < 0:
            return frame
        free = load_i64(mem, header + FREE_COUNT_AT)
        page_put_i64(st, mem, header, FREE_HEAD_AT, load_i64(mem, frame + RIGHT_AT))
        page_put_i64(st, mem, header, FREE_COUNT_AT, free - 1)
        # An edit, not `page_new`: the page's log chain must stay whole for readers in the past.
        page_fill(st, mem, frame, PAGE_BODY_AT, st[ST_PAGE_BYTES] - PAGE_BODY_AT, 0)
    else:
        page_no = load_i64(mem, header + NEXT_PAGE_AT)
        frame = pool_peek(st, mem, page_no)
        if frame < 0:
            frame = pool_take(st, mem, page_no, FRAME_REFERENCED)
            if frame < 0:
                return frame
        page_put_i64(st, mem, header, NEXT_PAGE_AT, page_no + 1)
        page_new(st, mem, frame, page_no)
    st[ST_FOUND_ROOT] = 0
    st[ST_ALLOCATED] += 1
    failpoint(st, mem, failpoints.PAGE_ALLOCATE)
    return frame


@jit.helper
def page_free(st, mem, frame):
    """Put a page into the free chain. Page 0 is in the pool. 0 | E_PAGE_MISS."""
    header = pool_find(st, mem, HEADER_PAGE)
    if header < 0:
        return header
    failpoint(st, mem, failpoints.PAGE_FREE)
    page_no = load_i64(mem, frame + PAGE_NO_AT)
    # Zeros take no room in the copies' page files.
    page_fill(st, mem, frame, PAGE_BODY_AT, st[ST_PAGE_BYTES] - PAGE_BODY_AT, 0)
    page_put_i64(st, mem, frame, COUNT_AT, PAGE_FREE << 16)
    page_put_i64(st, mem, frame, RIGHT_AT, load_i64(mem, header + FREE_HEAD_AT))
    page_put_i64(st, mem, header, FREE_HEAD_AT, page_no)
    free = load_i64(mem, header + FREE_COUNT_AT)
    page_put_i64(st, mem, header, FREE_COUNT_AT, free + 1)
    st[ST_FOUND_ROOT] = 0
    st[ST_FREED] += 1
    return 0


@jit.helper
def page_format(st, mem, frame, level, left, right, tree_id):
    """Make a zeroed page an empty page of a tree."""
    at = scratch(st, 7)
    store_i64(mem, at, shape_word(0, level, CELLS_AT, 0))
    store_i64(mem, at + 8, 0)
    store_i64(mem, at + LEFT_AT - COUNT_AT, left)
    store_i64(mem, at + RIGHT_AT - COUNT_AT, right)
    store_i64(mem, at + TREE_ID_AT - COUNT_AT, tree_id)
    page_write(st, mem, frame, COUNT_AT, at, TREE_ID_AT + 8 - COUNT_AT)
    return 0


@jit.helper
def header_create(st, mem, frame, next_page, next_tree):
    """Make a frame page 0 of a new volume."""
    page_new(st, mem, frame, HEADER_PAGE)
    page_put_i64(st, mem, frame, COUNT_AT, PAGE_HEADER << 16 | CELLS_AT << 32)
    page_put_i64(st, mem, frame, FORMAT_AT, FORMAT)
    page_put_i64(st, mem, frame, NEXT_PAGE_AT, next_page)
    page_put_i64(st, mem, frame, NEXT_TREE_AT, next_tree)
    return 0


@jit.helper
def tree_id_next(st, mem):
    """A tree id never used before. Page 0 is in the pool; inside a mini-transaction."""
    header = pool_find(st, mem, HEADER_PAGE)
    if header < 0:
        return header
    tree_id = load_i64(mem, header + NEXT_TREE_AT)
    page_put_i64(st, mem, header, NEXT_TREE_AT, tree_id + 1)
    return tree_id


@jit.helper
def overflow_pages(st, count):
    """Pages that a value of `count` bytes needs; E_TOO_BIG when it does not fit one MTR."""
    payload = st[ST_PAGE_BYTES] - CELLS_AT
    pages = (count + payload - 1) // payload
    if pages * (st[ST_PAGE_BYTES] + 256) > st[ST_MTR_LIMIT] // 2:
        return E_TOO_BIG
    return pages


@jit.routine
def overflow_write(st, mem, value, count):
    """Store a value on a chain of pages, last one first; page number of the first, or a code."""
    payload = st[ST_PAGE_BYTES] - CELLS_AT
    following = 0
    at = (count - 1) // payload * payload
    while at >= 0:
        frame = page_allocate(st, mem)
        if frame < 0:
            return frame
        part = min(payload, count - at)
        page_put_i64(st, mem, frame, COUNT_AT, part | PAGE_OVERFLOW << 16 | CELLS_AT << 32)
        page_put_i64(st, mem, frame, RIGHT_AT, following)
        page_write(st, mem, frame, CELLS_AT, value + at, part)
        failpoint(st, mem, failpoints.OVERFLOW_WRITE)
        following = load_i64(mem, frame + PAGE_NO_AT)
        at -= payload
    return following


@jit.helper
def overflow_touch(st, mem, page_no):
    """Bring a chain into the pool, page 0 included (freeing needs it). 0 | E_PAGE_MISS."""
    frame = pool_find(st, mem, HEADER_PAGE)
    if frame < 0:
        return frame
    while page_no != 0:
        frame = pool_find(st, mem, page_no)
        if frame < 0:
            return frame
        page_no = load_i64(mem, frame + RIGHT_AT)
    return 0


@jit.helper
def overflow_free(st, mem, page_no):
    """Free a chain that `overflow_touch` has touched."""
    while page_no != 0:
        frame = pool_find(st, mem, page_no)
        if frame < 0:
            return frame
        page_no = load_i64(mem, frame + RIGHT_AT)
        page_free(st, mem, frame)
        failpoint(st, mem, failpoints.OVERFLOW_FREE)
    return 0


@jit.helper
def overflow_page(st, mem, page_no):
    """Frame of an overflow page, or a code."""
    frame = pool_find(st, mem, page_no)
    if frame < 0:
        return frame
    if load_u16(mem, frame + COUNT_AT) == 0 or load_u16(mem, frame + CELLS_END_AT) != CELLS_AT:
        return E_CORRUPT
    return frame


@jit.routine
def overflow_read(st, mem, page_no, count, out):
    """Gather `count` bytes at `out`, from the start of page `page_no` of a chain on.

    -> 0, the page behind in ST_CHAIN_PAGE; E_CORRUPT; or E_PAGE_MISS: ST_CHAIN_DONE bytes are there
    then, and what comes next is at the start of page ST_CHAIN_PAGE
    """
    done = 0
    while done < count:
        frame = overflow_page(st, mem, page_no)
        if frame < 0:
            st[ST_CHAIN_DONE] = done
            st[ST_CHAIN_PAGE] = page_no
            return frame
        part = min(load_u16(mem, frame + COUNT_AT), count - done)
        move(mem, out + done, frame + CELLS_AT, part)
        done += part
        page_no = load_i64(mem, frame + RIGHT_AT)
    st[ST_CHAIN_PAGE] = page_no
    return 0


@jit.routine
def patches_apply(st, mem, page_no, patched, out, count):
    """Put `patched` bytes of patches, on page `page_no`, over a value of `count` bytes at `out`.

    -> 0, E_CORRUPT, or E_PAGE_MISS with nothing done: call again, with the same page
    """
    if patched == 0:
        return 0
    frame = overflow_page(st, mem, page_no)
    if frame < 0:
        st[ST_CHAIN_DONE] = 0
        st[ST_CHAIN_PAGE] = page_no
        return frame
    at = frame + CELLS_AT
    end = at + patched
    if patched > load_u16(mem, frame + COUNT_AT):
        return E_CORRUPT
    while at + PATCH_HEADER <= end:
        place = load_u32(mem, at)
        size = load_u16(mem, at + 4)
        if at + PATCH_HEADER + size > end or place + size > count:
            return E_CORRUPT
        move(mem, out + place, at + PATCH_HEADER, size)
        at += PATCH_HEADER + size
    return 0

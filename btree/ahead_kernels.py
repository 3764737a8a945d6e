"""What a scan comes to next: page numbers for the pool to read ahead.

Called when a scan misses a page, so nothing here may miss: a parent that is not in the pool is what
the scan gets word of, this time. (Leaves are linked, so a scan does not pass parents by itself.) A
scan that goes on gets more each time, so that a short range reads nothing in vain.
"""

from __future__ import annotations

from btree.layout import AHEAD_MAX
from btree.page_kernels import child_of, page_count, page_level, page_search
from btree.pool_kernels import pool_peek
from btree.state import ST_AHEAD_AT, ST_AHEAD_COUNT, ST_AHEAD_SLOT
from redo.coding_kernels import head_of, load_i64, store_i64
from redo.jit import helper, routine


@helper
def _parent_of_leaf(st, mem, root, key, key_bytes):
    """Frame of the lowest internal page on the way to `key`, its slot in ST_AHEAD_SLOT.

    Below 0: there is none, or it is not in the pool: ST_AHEAD_SLOT has the number of the page that
    is missing on the way to it, 0 when the root is.
    """
    st[ST_AHEAD_SLOT] = 0
    head = head_of(mem, key, key_bytes)
    frame = pool_peek(st, mem, root)
    while frame >= 0:
        level = page_level(mem, frame)
        if level == 0:
            return -1
        found = page_search(st, mem, frame, 1, head, key, key_bytes)
        st[ST_AHEAD_SLOT] = (found >> 1) - 1 + (found & 1)
        if level == 1:
            return frame
        st[ST_AHEAD_SLOT] = child_of(st, mem, frame, st[ST_AHEAD_SLOT])
        frame = pool_peek(st, mem, st[ST_AHEAD_SLOT])
    return frame


@helper
def _note(st, mem, count, page_no):
    """Leave word of one more page, if it is one and not in the pool; how many there are now."""
    at = st[ST_AHEAD_AT]
    known = page_no == 0 or count >= AHEAD_MAX or pool_peek(st, mem, page_no) >= 0
    for i in range(count):
        known = known or load_i64(mem, at + 8 * i) == page_no
    if not known:
        store_i64(mem, at + 8 * count, page_no)
        count += 1
    st[ST_AHEAD_COUNT] = count
    return count


@routine
def ahead_leaves(st, mem, root, key, key_bytes, step, limit):
    """Leave word of up to `limit` leaves after (step 1) or before (-1) the leaf of `key`."""
    frame = _parent_of_leaf(st, mem, root, key, key_bytes)
    slot = st[ST_AHEAD_SLOT] + step
    if frame < 0:
        return _note(st, mem, 0, st[ST_AHEAD_SLOT])
    count = 0
    while 0 <= slot < page_count(mem, frame) and count < min(limit, AHEAD_MAX):
        store_i64(mem, st[ST_AHEAD_AT] + 8 * count, child_of(st, mem, frame, slot))
        count += 1
        slot += step
    st[ST_AHEAD_COUNT] = count
    return count


@routine
def ahead_leaf(st, mem, root, key, key_bytes, count):
    """Leave word of the leaf of `key` as the one after `count` others, if it is not in the pool.

    -> how many there are now
    """
    frame = _parent_of_leaf(st, mem, root, key, key_bytes)
    page_no = st[ST_AHEAD_SLOT]
    if frame >= 0:
        page_no = child_of(st, mem, frame, st[ST_AHEAD_SLOT])
    return _note(st, mem, count, page_no)

"""What a scan comes to next: page numbers for the pool to read ahead.

Called when a scan misses a page, so nothing here may miss: parents that are not in the pool end the
search. A scan that goes on gets more each time, so that a short range reads nothing in vain.
"""

from __future__ import annotations

from btree.layout import AHEAD_MAX
from btree.page_kernels import child_of, page_count, page_level, page_search
from btree.pool_kernels import pool_peek
from btree.state import ST_AHEAD_AT, ST_AHEAD_COUNT
from redo.coding_kernels import head_of, load_i64, store_i64
from redo.jit import helper, routine


@helper
def _parent_of_leaf(st, mem, root, key, key_bytes):
    """Frame of the lowest internal page on the way to `key`, below 0: not in the pool, or none.

    The slot of the child that leads on is in st[ST_AHEAD_COUNT].
    """
    head = head_of(mem, key, key_bytes)
    frame = pool_peek(st, mem, root)
    while frame >= 0:
        level = page_level(mem, frame)
        if level == 0:
            return -1
        found = page_search(st, mem, frame, 1, head, key, key_bytes)
        st[ST_AHEAD_COUNT] = (found >> 1) - 1 + (found & 1)
        if level == 1:
            return frame
        frame = pool_peek(st, mem, child_of(st, mem, frame, st[ST_AHEAD_COUNT]))
    return frame


@routine
def ahead_leaves(st, mem, root, key, key_bytes, step, limit):
    """Leave word of up to `limit` leaves after (step 1) or before (-1) the leaf of `key`."""
    frame = _parent_of_leaf(st, mem, root, key, key_bytes)
    slot = st[ST_AHEAD_COUNT] + step
    st[ST_AHEAD_COUNT] = 0
    if frame < 0:
        return 0
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
    if count >= AHEAD_MAX:
        return count
    frame = _parent_of_leaf(st, mem, root, key, key_bytes)
    slot = st[ST_AHEAD_COUNT]
    st[ST_AHEAD_COUNT] = count
    if frame < 0:
        return count
    page_no = child_of(st, mem, frame, slot)
    if pool_peek(st, mem, page_no) >= 0:
        return count
    at = st[ST_AHEAD_AT]
    for i in range(count):
        if load_i64(mem, at + 8 * i) == page_no:
            return count
    store_i64(mem, at + 8 * count, page_no)
    st[ST_AHEAD_COUNT] = count + 1
    return count + 1

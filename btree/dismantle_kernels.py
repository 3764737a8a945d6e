"""Freeing a tree, a leaf at a time from the right, and what its rows have outside of it."""

from __future__ import annotations

from btree.layout import EXTERNAL_ROW, HEADER_PAGE
from btree.page_kernels import page_count, page_remove
from btree.pool_kernels import pool_find
from btree.reference_kernels import references_drop, references_touch
from btree.space_kernels import overflow_free, overflow_touch, page_free
from btree.state import ST_HEIGHT, ST_PATH, ST_SPILL_AT, ST_SPILL_NEXT, ST_VALUE_BYTES
from btree.tree_kernels import leaf_value, overflow_head, tree_last
from btree.txn_layout import C_DELETED, C_ROW, S_VALUE_BYTES
from redo import jit
from redo.coding_kernels import load_u8, load_u16


@jit.routine
def _cell_clear(st, mem, frame, slot, rows):
    """Inside an MTR that has changed nothing yet: free what a leaf cell has outside of its page.

    -> 1 it had something, 0 nothing, or E_PAGE_MISS, E_SPILL_FULL with nothing done
    """
    chain = overflow_head(st, mem, frame, slot)
    owned = 0
    value = 0
    if rows:
        st[ST_SPILL_NEXT] = st[ST_SPILL_AT]
        value = leaf_value(st, mem, frame, slot)
        if value < 0:
            return value
        is_row = st[ST_VALUE_BYTES] > S_VALUE_BYTES  # no entry of a secondary index
        if is_row and load_u8(mem, value + C_DELETED) == 0:  # else its undo record owns them
            owned = references_touch(st, mem, value + C_ROW, st[ST_VALUE_BYTES] - C_ROW)
            if owned < 0:
                return owned
    if chain != 0:
        code = overflow_touch(st, mem, chain)
        if code < 0:
            return code
    if owned:
        references_drop(st, mem, value + C_ROW, st[ST_VALUE_BYTES] - C_ROW)
    if chain != 0:
        overflow_free(st, mem, chain)
    return 1 if chain != 0 or owned else 0


@jit.helper
def _cell_is_plain(st, mem, frame, slot, rows):
    """1 when all of a leaf cell is on its page."""
    if overflow_head(st, mem, frame, slot) != 0:
        return 0
    if rows:
        value = leaf_value(st, mem, frame, slot)
        if st[ST_VALUE_BYTES] > S_VALUE_BYTES and load_u8(mem, value + C_DELETED) == 0:
            return 0 if load_u16(mem, value + C_ROW) & EXTERNAL_ROW else 1
    return 1


@jit.routine
def tree_dismantle(st, mem, root, rows):
    """One step of dropping a tree, a mini-transaction of its own: cut its last leaf, or the root.

    rows   1: it is an index; the chains of its rows go too
    Touches what it needs first, so it may run in an open mini-transaction that does nothing else:
    on E_PAGE_MISS nothing has been changed. 1: more to do, 0: all is freed.
    """
    code = pool_find(st, mem, HEADER_PAGE)
    if code < 0:
        return code
    code = tree_last(st, mem, root)
    if code < 0:
        return code
    frame = st[ST_PATH]
    count = page_count(mem, frame)
    if count > 0:
        code = _cell_clear(st, mem, frame, count - 1, rows)
        if code < 0:
            return code
        if code == 1:
            page_remove(st, mem, frame, count - 1)
            return 1
    for slot in range(count):
        if not _cell_is_plain(st, mem, frame, slot, rows):
            page_remove(st, mem, frame, count - 1)
            return 1
    level = 0
    page_free(st, mem, frame)
    while level < st[ST_HEIGHT]:
        level += 1
        frame = st[ST_PATH + level]
        page_remove(st, mem, frame, page_count(mem, frame) - 1)
        if page_count(mem, frame) > 0:
            return 1
        page_free(st, mem, frame)
    return 0

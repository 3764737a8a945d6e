"""Runs of a clustered leaf whose rows need no closer look: what a scan of settled data consists of.

A row is plain when every open view sees its newest version, and that is whole and in the table's
present format. That a whole leaf is plain is noted beside the frame, with the page's LSN: later
scans then take its rows from the slots alone, which lie together, and nobody touches the cells but
who wants something of the row.
"""

from __future__ import annotations

from btree.layout import (
    D_ROW_FORMAT,
    FORMAT_BITS,
    FORMAT_MASK,
    LEAF_CELL_HEADER,
    OVERFLOW_FLAG,
    SLOT_BYTES,
    SLOT_CELL,
    SLOT_KEY_BYTES,
)
from btree.page_kernels import page_count
from btree.pool_kernels import pool_peek
from btree.state import ST_FRAMES_AT, ST_PAGE_SHIFT, ST_SETTLED_AT
from btree.txn_layout import C_DELETED, C_ROW, C_TRX, CTX_VIEW_LOW
from redo.coding_kernels import load_i64, load_u8, load_u16, prefetch, store_i64
from redo.image import PAGE_LSN_AT
from redo.jit import helper
from redo.state import ST_PAGE_BYTES

SOON = 8  #: slots between the one looked at and the one whose cell is asked for


@helper
def leaf_settled(st, frame):
    """Two words for a clustered leaf whose rows are all plain: its page_lsn when that was seen, and
    its newest transaction << 15 | row format. They hold as long as the page has that LSN."""
    return st[ST_SETTLED_AT] + 16 * ((frame - st[ST_FRAMES_AT]) >> st[ST_PAGE_SHIFT])


@helper
def _known_run(mem, frame, at, slots, step, rows_out):
    """Rows of slots that are known to be plain, without a look at them."""
    for i in range(slots):
        key = frame + LEAF_CELL_HEADER + load_u16(mem, at + SLOT_CELL)
        store_i64(mem, rows_out + 8 * i, key + load_u16(mem, at + SLOT_KEY_BYTES) + C_ROW)
        at -= SLOT_BYTES * step
    return max(slots, 0)


@helper
def settled_run(st, mem, ctx, table, frame, slot, slots, step, rows_out):
    """Rows of a clustered leaf of which the newest version is seen by every open view: how many.

    It begins at `slot` (where a slot is read: at it), goes on for at most `slots` in direction
    `step`, and stops at the first that needs a closer look: changed since, deleted, overflowing,
    of an older row format.
    """
    row_format = load_i64(mem, table + 8 * D_ROW_FORMAT)
    low = load_i64(mem, ctx + CTX_VIEW_LOW)
    at = frame + st[ST_PAGE_BYTES] - SLOT_BYTES * (slot + 1)
    settled = leaf_settled(st, frame)
    if load_i64(mem, settled) == load_i64(mem, frame + PAGE_LSN_AT):
        newest = load_i64(mem, settled + 8)
        if newest >> FORMAT_BITS < low and newest & FORMAT_MASK == row_format:
            return _known_run(mem, frame, at, slots, step, rows_out)
    newest = 0
    for i in range(slots):
        cell = frame + load_u16(mem, at + SLOT_CELL)
        value = cell + LEAF_CELL_HEADER + load_u16(mem, at + SLOT_KEY_BYTES)
        if load_u16(mem, cell) & OVERFLOW_FLAG:
            return i
        trx_id = load_i64(mem, value + C_TRX)
        if trx_id >= low or load_u8(mem, value + C_DELETED) != 0:
            return i
        if load_u16(mem, value + C_ROW) & FORMAT_MASK != row_format:
            return i
        newest = max(newest, trx_id)
        store_i64(mem, rows_out + 8 * i, value + C_ROW)
        at -= SLOT_BYTES * step
        if i + SOON < slots:  # cells are in no order: ask for what comes while this is looked at
            soon = frame + load_u16(mem, at - SLOT_BYTES * step * (SOON - 1) + SLOT_CELL)
            prefetch(mem, soon)
            prefetch(mem, soon + 64)
    if slots == page_count(mem, frame):
        store_i64(mem, settled, load_i64(mem, frame + PAGE_LSN_AT))
        store_i64(mem, settled + 8, newest << FORMAT_BITS | row_format)
    return max(slots, 0)


@helper
def leaf_soon(st, mem, page_no):
    """Ask for the beginning of a leaf that comes next: header, first slots, first cells."""
    frame = pool_peek(st, mem, page_no)
    if frame > 0:
        slots = frame + st[ST_PAGE_BYTES]
        for i in range(SOON):
            prefetch(mem, frame + 64 * i)
            if 2 * i < SOON:
                prefetch(mem, slots - 64 * (i + 1))

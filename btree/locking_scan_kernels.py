"""Rows of a scan that locks what it gives, one at a time, as the cursor's mode says.

From REPEATABLE READ on the entries are locked by the scan's interval (`range_lock_kernels.py`), and
clustered rows behind secondary entries by locks of their own. Below, rows only: at once, or
(MODE_PASSING) when the conditions have been looked at, by `row_lock`; what had to be waited for and
does not match is given back (`lock_passed`).
"""

from __future__ import annotations

from btree.gap_kernels import gap_close
from btree.lock_kernels import active_place, lock_row, writer_conflict
from btree.mvcc_kernels import version_older
from btree.range_lock_kernels import lock_mode, scan_room, scan_skip
from btree.row_find_kernels import row_current, row_stand
from btree.row_keys_kernels import index_root
from btree.state import ST_ROW_AT, ST_ROW_DELETED, ST_ROW_TRX
from btree.tree_kernels import leaf_key, leaf_key_bytes, leaf_value_start
from btree.txn_layout import (
    CUR_CTX,
    CUR_GAP,
    CUR_INDEX,
    CUR_MODE,
    CUR_NEXT_ROW,
    CUR_ROOT,
    CUR_TABLE,
    GAPLESS,
    LOCK_CHECK,
    LOCK_NOWAIT,
    LOCK_PASSING,
    MODE_COMMITTED,
    MODE_NOWAIT,
    MODE_PASSING,
    MODE_SKIP_LOCKED,
    MODE_UNIQUE,
    ROW_AGAIN,
    ROW_FIRST,
    ROW_PLAIN,
    S_DELETED,
    S_KEY_BYTES,
    S_TRX,
)
from redo.codes import E_LOCK_WAIT
from redo.coding_kernels import load_i64, load_u8, load_u16, store_i64
from redo.jit import routine


@routine
def _entry_lock(st, mem, cursor, frame, slot, wanted, hold):
    """Lock the newest row behind an entry: 1 and ST_ROW_…, 0: there is none, or a code.

    wanted  LOCK_…: how
    hold    LOCK_CHECK if the entry itself is locked by an interval, or not at all, 0: it gets a
            lock of its own
    """
    ctx = load_i64(mem, cursor + CUR_CTX)
    root = load_i64(mem, cursor + CUR_ROOT)
    key = leaf_key(st, mem, frame, slot)
    count = leaf_key_bytes(st, mem, frame, slot)
    if load_i64(mem, cursor + CUR_INDEX) == 0:
        return row_current(st, mem, ctx, root, key, count, wanted | hold)
    value = leaf_value_start(st, mem, frame, slot)
    if load_u8(mem, value + S_DELETED):
        trx_id = load_i64(mem, value + S_TRX)
        return writer_conflict(st, mem, ctx, trx_id, root, key, count, wanted)
    code = lock_row(st, mem, ctx, root, key, count, wanted | hold)
    if code < 0:
        return code
    pk_bytes = load_u16(mem, value + S_KEY_BYTES)
    clustered = index_root(mem, load_i64(mem, cursor + CUR_TABLE), 0)
    return row_current(st, mem, ctx, clustered, key + count - pk_bytes, pk_bytes, wanted)


@routine
def _committed_row(st, mem, cursor, frame, slot):
    """The row behind an entry as it was last committed: 1 and ST_ROW_…, 0: none, or a code."""
    key = leaf_key(st, mem, frame, slot)
    count = leaf_key_bytes(st, mem, frame, slot)
    if load_i64(mem, cursor + CUR_INDEX) != 0:
        value = leaf_value_start(st, mem, frame, slot)
        pk_bytes = load_u16(mem, value + S_KEY_BYTES)
        key += count - pk_bytes
        count = pk_bytes
    root = index_root(mem, load_i64(mem, cursor + CUR_TABLE), 0)
    code = row_stand(st, mem, root, key, count)
    while code == 1 and active_place(st, mem, st[ST_ROW_TRX]) >= 0:
        code = version_older(st, mem)
    if code == 1 and st[ST_ROW_DELETED]:
        return 0
    return code


@routine
def scan_row(st, mem, cursor, frame, slot):
    """The newest row behind a slot, locked as the cursor's mode says: offset, 0: none, or a code.

    A unique key that is found needs no gap.
    """
    ctx = load_i64(mem, cursor + CUR_CTX)
    mode = load_i64(mem, cursor + CUR_MODE)
    gap = load_i64(mem, cursor + CUR_GAP)
    following = load_i64(mem, cursor + CUR_NEXT_ROW)
    wanted = lock_mode(mode)
    if mode & MODE_NOWAIT:
        wanted |= LOCK_NOWAIT
    hold = 0
    if gap > 0:
        code = scan_room(st, mem, cursor, frame, slot)
        if code < 0:
            return code
        if mode & MODE_UNIQUE == 0 and following != ROW_FIRST:
            hold = LOCK_CHECK
    elif mode & MODE_PASSING:
        wanted |= LOCK_CHECK | LOCK_PASSING
    code = _entry_lock(st, mem, cursor, frame, slot, wanted, hold)
    if code == E_LOCK_WAIT:
        if mode & MODE_SKIP_LOCKED:
            if gap > 0:
                return scan_skip(st, mem, cursor, frame, slot)
            return 0
        if mode & MODE_COMMITTED == 0 or gap > 0 or following == ROW_AGAIN:
            if gap <= 0:
                store_i64(mem, cursor + CUR_NEXT_ROW, ROW_AGAIN)
            return code
        code = _committed_row(st, mem, cursor, frame, slot)
    if code < 0:
        return code
    store_i64(mem, cursor + CUR_NEXT_ROW, ROW_PLAIN)
    if code == 0:
        return 0
    if gap > 0 and mode & MODE_UNIQUE:
        gap_close(st, mem, ctx, gap)
        store_i64(mem, cursor + CUR_GAP, GAPLESS)
    return st[ST_ROW_AT]

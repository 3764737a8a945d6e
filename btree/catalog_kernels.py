"""Changes of the dictionary, of table counters and of whole trees; each one mini-transaction.

A dictionary change is a list of operations, so that rows and root pages appear or vanish together.
An operation is `OP_WORDS` words; root numbers of new trees come back in its last word.
"""

from __future__ import annotations

from btree import failpoints
from btree.failpoint_kernels import failpoint
from btree.keys_kernels import key_has_null
from btree.layout import (
    CATALOG_ROOT,
    COUNTER_AT,
    D_TABLE_ID,
    FRAME_REFERENCED,
    I_PARTS,
    I_UNIQUE,
    KIND_AT,
    PAGE_TRX,
    PAGE_UNDO,
)
from btree.mvcc_kernels import purge_low, version_older, version_start
from btree.page_kernels import page_count
from btree.pool_kernels import pool_find, pool_take
from btree.row_kernels import unique_conflict
from btree.row_keys_kernels import (
    WHICH_NEW,
    WHICH_OLD,
    entry_put,
    index_root,
    index_word,
    key_at,
    key_count,
    key_make,
    key_place,
    keys_equal,
    table_entry,
)
from btree.space_kernels import page_allocate, page_format, pages_reserve, reserve_begin
from btree.state import (
    ST_LEAF_FRAME,
    ST_LEAF_SLOT,
    ST_ROW_AT,
    ST_ROW_DELETED,
    ST_ROW_TRX,
    ST_SPILL_AT,
    ST_SPILL_NEXT,
    ST_VALUE_BYTES,
)
from btree.tree_kernels import (
    leaf_here,
    leaf_key,
    leaf_key_bytes,
    leaf_next,
    leaf_value,
    tree_delete,
    tree_dismantle,
    tree_find,
    tree_insert,
    tree_replace,
    tree_reserve,
)
from btree.txn_layout import (
    S_VALUE_BYTES,
    SYS_DICTIONARY,
    SYS_NEXT_TRX,
    SYS_UNDO_HEAD,
    SYS_UNDO_TAIL,
    SYSTEM_PAGE,
    TABLE_AUTOINC,
    UNDO_AT,
    UNDO_END,
)
from redo.codes import E_NO_FRAME
from redo.coding_kernels import load_i64, load_u8, move, store_i64
from redo.edit_kernels import (
    log_mark,
    mtr_begin,
    mtr_commit,
    page_new,
    page_put_i64,
    page_put_u8,
)
from redo.jit import kernel, routine
from redo.record import KIND_DICTIONARY

ROW_TREE = 89  #: first byte of the catalog key of a dropped tree that has rows: they own chains
OP_PUT = 0  #: write a row of the catalog tree, new or not
OP_DELETE = 1  #: remove one, if it is there
OP_TREE = 2  #: make a tree; the row gets its root page number (8 bytes) as value
OP_WORDS = 7  #: kind, key, key bytes, value, value bytes, tree id, root page (out)


@kernel("i8(i8[::1], u1[::1])")
def system_create(st, mem):
    """Transaction system page and first undo page of a new volume; after `volume_create`."""
    reserve_begin(st)
    code = pages_reserve(st, mem, 1)
    if code < 0:
        return code
    system = pool_take(st, mem, SYSTEM_PAGE, FRAME_REFERENCED)
    if system < 0:
        return E_NO_FRAME
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    page_new(st, mem, system, SYSTEM_PAGE)
    page_put_u8(st, mem, system, KIND_AT, PAGE_TRX)
    undo = page_allocate(st, mem)
    page_put_u8(st, mem, undo, KIND_AT, PAGE_UNDO)
    page_put_i64(st, mem, undo, UNDO_END, UNDO_AT)
    undo_no = load_i64(mem, undo)
    page_put_i64(st, mem, system, SYS_NEXT_TRX, 1)
    page_put_i64(st, mem, system, SYS_UNDO_HEAD, undo_no << 16 | UNDO_AT)
    page_put_i64(st, mem, system, SYS_UNDO_TAIL, undo_no)
    page_put_i64(st, mem, system, SYS_DICTIONARY, 1)
    return mtr_commit(st, mem)


@kernel("i8(i8[::1], u1[::1], i8)")
def system_word(st, mem, at):
    """A word of the transaction system page (`txn_layout.SYS_…`), or E_PAGE_MISS."""
    frame = pool_find(st, mem, SYSTEM_PAGE)
    if frame < 0:
        return frame
    return load_i64(mem, frame + at)


@routine
def _catalog_op(st, mem, op):
    """One operation, inside the MTR, everything reserved."""
    kind = load_i64(mem, op)
    key = load_i64(mem, op + 8)
    key_bytes = load_i64(mem, op + 16)
    value = load_i64(mem, op + 24)
    value_bytes = load_i64(mem, op + 32)
    there = tree_find(st, mem, CATALOG_ROOT, key, key_bytes)
    if kind == OP_DELETE:
        if there == 1:
            tree_delete(st, mem, CATALOG_ROOT, key, key_bytes)
        return 0
    if kind == OP_TREE:
        frame = page_allocate(st, mem)
        page_format(st, mem, frame, 0, 0, 0, load_i64(mem, op + 40))
        value = op + 48
        value_bytes = 8
        store_i64(mem, value, load_i64(mem, frame))
    if there == 1:
        return tree_replace(st, mem, CATALOG_ROOT, key, key_bytes, value, value_bytes)
    return tree_insert(st, mem, CATALOG_ROOT, key, key_bytes, value, value_bytes)


@kernel("i8(i8[::1], u1[::1], i8, i8)")
def catalog_change(st, mem, ops, count):
    """Do `count` operations at `ops` and move the dictionary's version on; end LSN or a code."""
    reserve_begin(st)
    system = pool_find(st, mem, SYSTEM_PAGE)
    if system < 0:
        return system
    for i in range(count):
        op = ops + 8 * OP_WORDS * i
        kind = load_i64(mem, op)
        value_bytes = load_i64(mem, op + 32) if kind == OP_PUT else 8
        code = tree_reserve(
            st,
            mem,
            CATALOG_ROOT,
            load_i64(mem, op + 8),
            load_i64(mem, op + 16),
            -1 if kind == OP_DELETE else value_bytes,
        )
        if code >= 0 and kind == OP_TREE:
            code = pages_reserve(st, mem, 1)
        if code < 0:
            return code
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    for i in range(count):
        _catalog_op(st, mem, ops + 8 * OP_WORDS * i)
    version = load_i64(mem, system + SYS_DICTIONARY) + 1
    page_put_i64(st, mem, system, SYS_DICTIONARY, version)
    log_mark(st, mem, KIND_DICTIONARY, version)
    failpoint(st, mem, failpoints.DDL_BEFORE)
    end = mtr_commit(st, mem)
    failpoint(st, mem, failpoints.DDL_AFTER)
    return end


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def drop_step(st, mem, root, key, key_bytes):
    """Free a part of the tree at `root`; with its last page goes the catalog row `key`.

    -> 1 call again, 0 done, or a code to settle
    """
    reserve_begin(st)
    code = tree_reserve(st, mem, CATALOG_ROOT, key, key_bytes, -1)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    code = tree_dismantle(st, mem, root, load_u8(mem, key) == ROW_TREE)
    if code == 0:
        tree_delete(st, mem, CATALOG_ROOT, key, key_bytes)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.DDL_FREE)
    return code


@kernel("i8(i8[::1], u1[::1], i8, i8)")
def autoinc_raise(st, mem, table, value):
    """Let the next AUTO_INCREMENT value be at least `value`. End LSN or code."""
    frame = pool_find(st, mem, index_root(mem, table, 0))
    if frame < 0:
        return frame
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    if load_i64(mem, frame + COUNTER_AT) < value:
        page_put_i64(st, mem, frame, COUNTER_AT, value)
    entry = table_entry(st, load_i64(mem, table + 8 * D_TABLE_ID))
    store_i64(mem, entry + TABLE_AUTOINC, load_i64(mem, frame + COUNTER_AT))
    return mtr_commit(st, mem)


@routine
def _entry_reserve(st, mem, table, index, which):
    key = key_at(st, index, which)
    count = key_count(st, mem, index, which)
    return tree_reserve(st, mem, index_root(mem, table, index), key, count, S_VALUE_BYTES)


@routine
def _build_entry(st, mem, table, index, which, trx_id, deleted):
    """One entry of an index being built, in an MTR of its own. 0 or a code."""
    reserve_begin(st)
    code = _entry_reserve(st, mem, table, index, which)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    entry_put(st, mem, table, index, which, trx_id, deleted)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.DDL_BUILD)
    return 0


@routine
def _build_row(st, mem, ctx, table, index, low):
    """Entries of all versions, stood on the newest, that some view may still see. 0 or a code."""
    writer = st[ST_ROW_TRX]
    live = 0
    if not st[ST_ROW_DELETED]:
        live = 1
        row = st[ST_ROW_AT]
        code = key_make(st, mem, table, index, WHICH_NEW, row)
        if code < 0:
            return code
        parts = index_word(mem, table, index, I_PARTS)
        unique = index_word(mem, table, index, I_UNIQUE)
        if unique and not key_has_null(mem, table, index, parts, row):
            code = unique_conflict(st, mem, ctx, table, index, WHICH_NEW)
            if code < 0:
                return code
        code = _build_entry(st, mem, table, index, WHICH_NEW, writer, 0)
        if code < 0:
            return code
    while st[ST_ROW_TRX] >= low:
        code = version_older(st, mem)
        if code <= 0:
            return code
        if not st[ST_ROW_DELETED]:
            code = key_make(st, mem, table, index, WHICH_OLD, st[ST_ROW_AT])
            if code < 0:
                return code
            if not live or not keys_equal(st, mem, index, WHICH_OLD, WHICH_NEW):
                code = _build_entry(st, mem, table, index, WHICH_OLD, writer, 1)
                if code < 0:
                    return code
    return 0


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8, i8)")
def index_build_step(st, mem, ctx, table, index, last, last_bytes, limit):
    """Fill a new, still unused index from up to `limit` rows after clustered key `last`.

    last  room for a key; the last key done is left there, its bytes in ST_VALUE_BYTES; -1: start
    -> rows done, 0 at the end, or a code (E_DUPLICATE: two live rows have one key)
    """
    low = purge_low(st, mem)
    root = index_root(mem, table, 0)
    st[ST_SPILL_NEXT] = st[ST_SPILL_AT]
    found = tree_find(st, mem, root, last, max(0, last_bytes))
    if found < 0:
        return found
    code = leaf_next(st, mem) if found == 1 else leaf_here(st, mem)
    done = 0
    while code == 1 and done < limit:
        frame = st[ST_LEAF_FRAME]
        slot = st[ST_LEAF_SLOT]
        count = leaf_key_bytes(st, mem, frame, slot)
        for which in (WHICH_OLD, WHICH_NEW):
            store_i64(mem, key_place(st, 0, which), count)
            move(mem, key_at(st, 0, which), leaf_key(st, mem, frame, slot), count)
        value = leaf_value(st, mem, frame, slot)
        if value < 0:
            code = value
            break
        version_start(st, mem, value, st[ST_VALUE_BYTES])
        code = _build_row(st, mem, ctx, table, index, low)
        if code < 0:
            break
        last_bytes = count
        move(mem, last, key_at(st, 0, WHICH_NEW), count)
        done += 1
        st[ST_LEAF_FRAME] = frame
        st[ST_LEAF_SLOT] = slot
        code = leaf_next(st, mem)
    st[ST_VALUE_BYTES] = last_bytes
    if done == 0 and code < 0:
        return code
    return done


@kernel("i8(i8[::1], u1[::1], i8, i8)")
def rows_count(st, mem, root, limit):
    """Leaf entries of a tree, walking at most `limit` leaves (statistics at open); or a code."""
    code = tree_find(st, mem, root, root, 0)
    if code < 0:
        return code
    total = 0
    for _ in range(limit):
        frame = st[ST_LEAF_FRAME]
        total += page_count(mem, frame)
        st[ST_LEAF_SLOT] = page_count(mem, frame)
        if leaf_here(st, mem) <= 0:
            break
    return total

"""Changes of the dictionary, of table counters and of whole trees; each one mini-transaction.

A dictionary change is a list of operations, so that rows and root pages appear or vanish together.
An operation is `OP_WORDS` words; root numbers of new trees come back in one of them.
"""

from __future__ import annotations

from btree import failpoints
from btree.dismantle_kernels import tree_dismantle
from btree.failpoint_kernels import failpoint
from btree.layout import (
    CATALOG_ROOT,
    COUNTER_AT,
    D_TABLE_ID,
    FRAME_REFERENCED,
    KIND_AT,
    PAGE_TRX,
    PAGE_UNDO,
)
from btree.page_kernels import page_count
from btree.pool_kernels import pool_find, pool_take
from btree.row_keys_kernels import (
    index_root,
    table_entry,
)
from btree.space_kernels import page_allocate, page_format, pages_reserve, reserve_begin
from btree.state import ST_LEAF_FRAME, ST_LEAF_SLOT, ST_NEXT_TRX
from btree.tree_kernels import (
    leaf_here,
    tree_delete,
    tree_find,
    tree_insert,
    tree_replace,
    tree_reserve,
)
from btree.txn_layout import (
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
from redo.coding_kernels import load_i64, store_i64
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

OP_PUT = 0  #: write a row of the catalog tree, new or not
OP_DELETE = 1  #: remove one, if it is there
OP_TREE = 2  #: make a tree; the row gets its root page number (8 bytes) as value
OP_COUNTER = 3  #: set the AUTO_INCREMENT counter of the table whose first root page is given
#: kind, key, key bytes, value, value bytes, tree id, root page (OP_COUNTER: given), counter of the
#: tree (OP_TREE: 0 for none)
OP_WORDS = 8


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
    if kind == OP_COUNTER:
        frame = pool_find(st, mem, load_i64(mem, op + 48))
        page_put_i64(st, mem, frame, COUNTER_AT, load_i64(mem, op + 56))
        return 0
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
        if load_i64(mem, op + 56) > 0:
            page_put_i64(st, mem, frame, COUNTER_AT, load_i64(mem, op + 56))
        value = op + 48
        value_bytes = 8
        store_i64(mem, value, load_i64(mem, frame))
    if there == 1:
        return tree_replace(st, mem, CATALOG_ROOT, key, key_bytes, value, value_bytes)
    return tree_insert(st, mem, CATALOG_ROOT, key, key_bytes, value, value_bytes)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def catalog_change(st, mem, ops, count, is_seen, point):
    """Do `count` operations at `ops`, and move the dictionary's version on if others are to see
    them (`is_seen`); end LSN or a code. `point` is a failpoint of this change, 0: none of its own.

    Then it takes a transaction id, so that views opened before can be told from those opened after.
    """
    reserve_begin(st)
    system = pool_find(st, mem, SYSTEM_PAGE)
    if system < 0:
        return system
    for i in range(count):
        op = ops + 8 * OP_WORDS * i
        kind = load_i64(mem, op)
        value_bytes = load_i64(mem, op + 32) if kind == OP_PUT else 8
        if kind == OP_COUNTER:
            code = pool_find(st, mem, load_i64(mem, op + 48))
            if code < 0:
                return code
            continue
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
    if is_seen:
        version = load_i64(mem, system + SYS_DICTIONARY) + 1
        page_put_i64(st, mem, system, SYS_DICTIONARY, version)
        st[ST_NEXT_TRX] += 1
        page_put_i64(st, mem, system, SYS_NEXT_TRX, st[ST_NEXT_TRX])
        log_mark(st, mem, KIND_DICTIONARY, version)
    failpoint(st, mem, failpoints.DDL_BEFORE)
    end = mtr_commit(st, mem)
    failpoint(st, mem, failpoints.DDL_AFTER)
    if point:
        failpoint(st, mem, point)
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
    code = tree_dismantle(st, mem, root, 1)
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

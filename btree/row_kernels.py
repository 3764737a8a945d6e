"""Insert, update and delete of one row: clustered tree, secondary trees, undo, slot, in one MTR.

Every change has the same two parts. *Prepare* computes all keys, asks for conflicts and duplicates,
and touches or promises everything the change will need; it may stop anywhere with a code and
nothing is done. *Change* runs inside one mini-transaction and cannot fail.

R1  The newest version is in the leaf. A row whose writer is active is locked by it.
R2  A deleted row stays, marked, until purge; inserting over it is an update of a deleted version.
R3  Changing the primary key is a delete and an insert in one MTR.
R4  A table without primary key gets row ids from the LSN: they ascend and never repeat, even after
    a crash, because whatever was lost with an LSN took its rows along.
"""

from __future__ import annotations

from btree import failpoints
from btree.element_kernels import has_elements, keys_make
from btree.failpoint_kernels import failpoint
from btree.keys_kernels import key_has_null
from btree.layout import (
    C_AT,
    COLUMN_WORDS,
    COUNTER_AT,
    D_AUTO_COLUMN,
    D_COLUMNS_AT,
    D_ROW_ID_COLUMN,
    D_TABLE_ID,
    I_PARTS,
    I_UNIQUE,
)
from btree.lock_kernels import lock_birth, lock_row, writer_conflict
from btree.multi_kernels import multi_change, multi_prepare
from btree.mvcc_kernels import version_seen
from btree.pool_kernels import pool_find
from btree.range_lock_kernels import gap_around
from btree.row_find_kernels import (
    keeps_gaps,
    mode_of,
    row_current,
    row_stand,
    unique_conflict,
)
from btree.row_keys_kernels import (
    WHICH_NEW,
    WHICH_OLD,
    entry_put,
    index_root,
    index_word,
    key_at,
    key_count,
    key_make,
    key_note,
    key_note_set,
    keys_equal,
    table_entry,
    table_indexes,
    value_build,
)
from btree.rows_kernels import row_column, row_is_old, row_upgrade
from btree.space_kernels import reserve_begin
from btree.state import (
    ST_BUILD_AT,
    ST_ROW_AT,
    ST_ROW_BYTES,
    ST_ROW_DELETED,
    ST_ROW_TRX,
    ST_ROW_UNDO,
    ST_ROWS_DELETED,
    ST_ROWS_INSERTED,
    ST_ROWS_UPDATED,
)
from btree.tree_kernels import (
    spill_reset,
    tree_insert,
    tree_replace,
    tree_reserve,
)
from btree.txn_layout import (
    C_ROW,
    CTX_TRX,
    LOCK_CHECK,
    LOCK_EXCLUSIVE,
    LOCK_NOWAIT,
    LOCK_SHARED,
    MODE_KIND,
    MODE_NOWAIT,
    MODE_PASSING,
    MODE_SKIP_LOCKED,
    MODE_SNAPSHOT,
    PREVIOUS_DELETED,
    S_VALUE_BYTES,
    TABLE_AUTOINC,
    TABLE_CHANGES,
    TABLE_ROWS,
    UNDO_DELETE,
    UNDO_INSERT,
    UNDO_UPDATE,
)
from btree.undo_kernels import undo_append, undo_promise
from redo.codes import E_DUPLICATE, E_LOCK_WAIT, E_NOT_FOUND
from redo.coding_kernels import load_i64, store_i64
from redo.edit_kernels import mtr_begin, mtr_commit, page_put_i64
from redo.jit import helper, kernel, routine
from redo.state import ST_DUPLICATE_INDEX, ST_NEXT_LSN

CHANGE_INSERT = 1
CHANGE_UPDATE = 2
CHANGE_DELETE = 3


@helper
def _row_locked(st, mem, ctx, root, key, key_bytes, mode):
    """`row_get` of a locking read: 1, 0 or a code."""
    wanted = 3 - (mode & MODE_KIND)
    if mode & MODE_NOWAIT:
        wanted |= LOCK_NOWAIT
    if mode & MODE_PASSING and not keeps_gaps(mem, ctx):
        wanted |= LOCK_CHECK
    code = row_current(st, mem, ctx, root, key, key_bytes, wanted)
    if code == E_LOCK_WAIT and mode & MODE_SKIP_LOCKED:
        return 0
    if code == 0 and keeps_gaps(mem, ctx):
        return gap_around(st, mem, ctx, root, key, key_bytes, 3 - (mode & MODE_KIND))
    return code


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8)")
def row_get(st, mem, ctx, table, key, key_bytes, mode):
    """Offset of a row by its clustered key, as `ctx` sees it; ST_ROW_BYTES too.

    key   the clustered key, as `key_append` makes it
    mode  MODE_SNAPSHOT, or the newest version with MODE_EXCLUSIVE / MODE_SHARED lock on it; bits
    -> offset | E_NOT_FOUND | E_PAGE_MISS | E_LOCK_WAIT | E_LOCKS_FULL
    """
    root = index_root(mem, table, 0)
    mode = mode_of(st, mem, ctx, mode)
    spill_reset(st)
    if mode == MODE_SNAPSHOT:
        code = row_stand(st, mem, root, key, key_bytes)
        if code == 1:
            code = version_seen(st, mem, ctx)
    else:
        code = _row_locked(st, mem, ctx, root, key, key_bytes, mode)
    if code < 0:
        return code
    if code == 0:
        return E_NOT_FOUND
    row = st[ST_ROW_AT]
    return row_upgrade(st, mem, table, row) if row_is_old(mem, table, row) else row


@helper
def _claim_old(st, mem, ctx, table):
    """Stand on the row to change and check that `ctx` may: 0 or a code."""
    root = index_root(mem, table, 0)
    key = key_at(st, 0, WHICH_OLD)
    count = key_count(st, mem, 0, WHICH_OLD)
    code = row_stand(st, mem, root, key, count)
    if code < 0:
        return code
    if code == 0:
        return E_NOT_FOUND
    code = writer_conflict(st, mem, ctx, st[ST_ROW_TRX], root, key, count, LOCK_EXCLUSIVE)
    if code < 0:
        return code
    if st[ST_ROW_DELETED]:
        return E_NOT_FOUND
    return lock_row(st, mem, ctx, root, key, count, LOCK_EXCLUSIVE | LOCK_CHECK)


@helper
def _claim_new(st, mem, ctx, table):
    """Check that the new row's place is free: 0, 1 when a deleted row is stood on there, a code."""
    root = index_root(mem, table, 0)
    key = key_at(st, 0, WHICH_NEW)
    count = key_count(st, mem, 0, WHICH_NEW)
    code = row_stand(st, mem, root, key, count)
    if code < 0:
        return code
    if code == 0:
        return lock_birth(st, mem, ctx, root, key, count)
    code = writer_conflict(st, mem, ctx, st[ST_ROW_TRX], root, key, count, LOCK_SHARED)
    if code < 0:
        return code
    if not st[ST_ROW_DELETED]:
        code = 0
        if st[ST_ROW_TRX] != load_i64(mem, ctx + CTX_TRX):
            code = lock_row(st, mem, ctx, root, key, count, LOCK_SHARED)
        if code < 0:
            return code
        st[ST_DUPLICATE_INDEX] = 0
        return E_DUPLICATE
    code = lock_birth(st, mem, ctx, root, key, count)
    if code < 0:
        return code
    return 1


@routine
def _prepare_secondaries(st, mem, ctx, table, change, new_row):
    """Duplicates and reservations of secondary indexes; keys are in their places. 0 or a code."""
    for index in range(1, table_indexes(mem, table)):
        if has_elements(mem, table, index):
            is_insert = 1 if change == CHANGE_INSERT else 0
            is_delete = 1 if change == CHANGE_DELETE else 0
            code = multi_prepare(st, mem, ctx, table, index, is_insert, is_delete)
            if code < 0:
                return code
            continue
        same = change == CHANGE_UPDATE and keys_equal(st, mem, index, WHICH_OLD, WHICH_NEW)
        key_note_set(st, mem, index, WHICH_NEW, 1 if same else 0)
        if same:
            continue
        root = index_root(mem, table, index)
        if change != CHANGE_DELETE:
            unique = index_word(mem, table, index, I_UNIQUE)
            parts = index_word(mem, table, index, I_PARTS)
            if unique and not key_has_null(mem, table, index, parts, new_row):
                own = WHICH_NEW if change == CHANGE_INSERT else WHICH_OLD
                code = unique_conflict(st, mem, ctx, table, index, own)
                if code < 0:
                    return code
            key = key_at(st, index, WHICH_NEW)
            count = key_count(st, mem, index, WHICH_NEW)
            code = lock_birth(st, mem, ctx, root, key, count)
            if code < 0:
                return code
            code = tree_reserve(st, mem, root, key, count, S_VALUE_BYTES)
            if code < 0:
                return code
        if change != CHANGE_INSERT:
            key = key_at(st, index, WHICH_OLD)
            count = key_count(st, mem, index, WHICH_OLD)
            code = lock_row(st, mem, ctx, root, key, count, LOCK_EXCLUSIVE | LOCK_CHECK)
            if code < 0:
                return code
            code = tree_reserve(st, mem, root, key, count, S_VALUE_BYTES)
            if code < 0:
                return code
    return 0


@routine
def _change_secondaries(st, mem, ctx, table, change):
    """Mark old entries, write new ones."""
    failpoint(st, mem, failpoints.ROW_CHANGE)
    trx_id = load_i64(mem, ctx + CTX_TRX)
    for index in range(1, table_indexes(mem, table)):
        if has_elements(mem, table, index):
            is_insert = 1 if change == CHANGE_INSERT else 0
            is_delete = 1 if change == CHANGE_DELETE else 0
            multi_change(st, mem, ctx, table, index, is_insert, is_delete)
            continue
        if key_note(st, mem, index, WHICH_NEW):
            continue
        if change != CHANGE_INSERT:
            entry_put(st, mem, table, index, WHICH_OLD, trx_id, 1)
        if change != CHANGE_DELETE:
            entry_put(st, mem, table, index, WHICH_NEW, trx_id, 0)
    return 0


@helper
def _auto_counter(st, mem, table, row):
    """Push the table's AUTO_INCREMENT counter above the value this row has."""
    column = load_i64(mem, table + 8 * D_AUTO_COLUMN)
    if column < 0:
        return 0
    value = row_column(mem, table, row, column)
    frame = pool_find(st, mem, index_root(mem, table, 0))
    if value >= load_i64(mem, frame + COUNTER_AT):
        page_put_i64(st, mem, frame, COUNTER_AT, value + 1)
        entry = table_entry(st, load_i64(mem, table + 8 * D_TABLE_ID))
        if value >= load_i64(mem, entry + TABLE_AUTOINC):
            store_i64(mem, entry + TABLE_AUTOINC, value + 1)
    return 0


@helper
def _count_change(st, mem, table, rows):
    """Statistics of the table directory: one more change, `rows` more rows."""
    entry = table_entry(st, load_i64(mem, table + 8 * D_TABLE_ID))
    store_i64(mem, entry + TABLE_CHANGES, load_i64(mem, entry + TABLE_CHANGES) + 1)
    store_i64(mem, entry + TABLE_ROWS, load_i64(mem, entry + TABLE_ROWS) + rows)


@helper
def _undo_new(st, mem, ctx, table, over, trx, undo, at, count):
    """Inside an MTR: undo record of a new row, over a deleted version at `at` or over nothing."""
    kind = UNDO_UPDATE if over else UNDO_INSERT
    flags = PREVIOUS_DELETED if over else 0
    key = key_at(st, 0, WHICH_NEW)
    key_bytes = key_count(st, mem, 0, WHICH_NEW)
    table_id = load_i64(mem, table + 8 * D_TABLE_ID)
    return undo_append(
        st, mem, ctx, table_id, kind, flags, trx, undo, key, key_bytes, at, count, 0, 0
    )


@helper
def _undo_old(st, mem, ctx, table, kind, trx, undo, at, count, newer, newer_bytes):
    """Inside an MTR: undo record of the version at `at`, which `newer` replaces, if any."""
    key = key_at(st, 0, WHICH_OLD)
    key_bytes = key_count(st, mem, 0, WHICH_OLD)
    table_id = load_i64(mem, table + 8 * D_TABLE_ID)
    return undo_append(
        st, mem, ctx, table_id, kind, 0, trx, undo, key, key_bytes, at, count, newer, newer_bytes
    )


@routine
def _value_put(st, mem, ctx, table, which, there, undo, deleted, row, row_bytes):
    """Inside an MTR: write the newest version of the row into the clustered tree."""
    trx_id = load_i64(mem, ctx + CTX_TRX)
    value_bytes = value_build(st, mem, trx_id, undo, deleted, row, row_bytes)
    root = index_root(mem, table, 0)
    key = key_at(st, 0, which)
    key_bytes = key_count(st, mem, 0, which)
    if there:
        return tree_replace(st, mem, root, key, key_bytes, st[ST_BUILD_AT], value_bytes)
    return tree_insert(st, mem, root, key, key_bytes, st[ST_BUILD_AT], value_bytes)


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def row_insert(st, mem, ctx, table, row, row_bytes):
    """Insert a row as `row_encode` made it (the hidden row id is filled in here, R4).

    -> 0 | E_DUPLICATE (ST_DUPLICATE_INDEX) | E_LOCK_WAIT (ST_WAIT_FOR) | E_PAGE_MISS | E_NO_FRAME
       | E_LOG_FULL | E_TOO_BIG | E_READ_ONLY | E_TOO_MANY, each with nothing done
    """
    row_id = load_i64(mem, table + 8 * D_ROW_ID_COLUMN)
    if row_id >= 0:
        columns = load_i64(mem, table + 8 * D_COLUMNS_AT)
        at = load_i64(mem, columns + 8 * (COLUMN_WORDS * row_id + C_AT))
        store_i64(mem, row + at, st[ST_NEXT_LSN])
    key_make(st, mem, table, 0, WHICH_NEW, row)
    over = _claim_new(st, mem, ctx, table)
    if over < 0:
        return over
    trx = st[ST_ROW_TRX] if over else 0
    undo = st[ST_ROW_UNDO] if over else 0
    at = st[ST_ROW_AT] if over else 0
    count = st[ST_ROW_BYTES] if over else 0
    code = keys_make(st, mem, table, WHICH_NEW, row)
    if code < 0:
        return code
    reserve_begin(st)
    key = key_at(st, 0, WHICH_NEW)
    key_bytes = key_count(st, mem, 0, WHICH_NEW)
    code = tree_reserve(st, mem, index_root(mem, table, 0), key, key_bytes, C_ROW + row_bytes)
    if code < 0:
        return code
    code = _prepare_secondaries(st, mem, ctx, table, CHANGE_INSERT, row)
    if code < 0:
        return code
    code = undo_promise(st, mem, ctx, key_bytes, count, -1, 0)
    if code < 0:
        return code
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    pointer = _undo_new(st, mem, ctx, table, over, trx, undo, at, count)
    _value_put(st, mem, ctx, table, WHICH_NEW, over, pointer, 0, row, row_bytes)
    _auto_counter(st, mem, table, row)
    _change_secondaries(st, mem, ctx, table, CHANGE_INSERT)
    mtr_commit(st, mem)
    _count_change(st, mem, table, 1)
    st[ST_ROWS_INSERTED] += 1
    return 0


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8, i8)")
def row_update(st, mem, ctx, table, old_row, new_row, new_bytes):
    """Replace a row, found by the clustered key of `old_row`, by `new_row`.

    -> as `row_insert`; E_NOT_FOUND when the row is not there any more
    """
    key_bytes = key_make(st, mem, table, 0, WHICH_OLD, old_row)
    new_key_bytes = key_make(st, mem, table, 0, WHICH_NEW, new_row)
    moved = not keys_equal(st, mem, 0, WHICH_OLD, WHICH_NEW)
    over = 0
    over_trx = over_undo = over_at = over_count = 0
    if moved:
        over = _claim_new(st, mem, ctx, table)
        if over < 0:
            return over
        if over:
            over_trx, over_undo = st[ST_ROW_TRX], st[ST_ROW_UNDO]
            over_at, over_count = st[ST_ROW_AT], st[ST_ROW_BYTES]
    code = _claim_old(st, mem, ctx, table)
    if code < 0:
        return code
    trx, undo, at, count = st[ST_ROW_TRX], st[ST_ROW_UNDO], st[ST_ROW_AT], st[ST_ROW_BYTES]
    code = keys_make(st, mem, table, WHICH_OLD, at)
    if code >= 0:
        code = keys_make(st, mem, table, WHICH_NEW, new_row)
    if code < 0:
        return code
    reserve_begin(st)
    root = index_root(mem, table, 0)
    left = count if moved else new_bytes
    code = tree_reserve(st, mem, root, key_at(st, 0, WHICH_OLD), key_bytes, C_ROW + left)
    if code >= 0 and moved:
        key = key_at(st, 0, WHICH_NEW)
        code = tree_reserve(st, mem, root, key, new_key_bytes, C_ROW + new_bytes)
    if code >= 0:
        code = _prepare_secondaries(st, mem, ctx, table, CHANGE_UPDATE, new_row)
    if code >= 0:
        second_key = new_key_bytes if moved else -1
        code = undo_promise(st, mem, ctx, key_bytes, count, second_key, over_count)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    kind = UNDO_DELETE if moved else UNDO_UPDATE
    pointer = _undo_old(st, mem, ctx, table, kind, trx, undo, at, count, new_row, new_bytes)
    if moved:  # both records first: writing the leaf may move the images they are taken from
        second = _undo_new(st, mem, ctx, table, over, over_trx, over_undo, over_at, over_count)
        _value_put(st, mem, ctx, table, WHICH_OLD, 1, pointer, 1, at, count)
        _value_put(st, mem, ctx, table, WHICH_NEW, over, second, 0, new_row, new_bytes)
    else:
        _value_put(st, mem, ctx, table, WHICH_OLD, 1, pointer, 0, new_row, new_bytes)
    _auto_counter(st, mem, table, new_row)
    _change_secondaries(st, mem, ctx, table, CHANGE_UPDATE)
    mtr_commit(st, mem)
    _count_change(st, mem, table, 0)
    st[ST_ROWS_UPDATED] += 1
    return 0


@kernel("i8(i8[::1], u1[::1], i8, i8, i8)")
def row_delete(st, mem, ctx, table, row):
    """Delete the row that has the clustered key of `row`. -> as `row_update`."""
    key_bytes = key_make(st, mem, table, 0, WHICH_OLD, row)
    code = _claim_old(st, mem, ctx, table)
    if code < 0:
        return code
    trx, undo, at, count = st[ST_ROW_TRX], st[ST_ROW_UNDO], st[ST_ROW_AT], st[ST_ROW_BYTES]
    code = keys_make(st, mem, table, WHICH_OLD, at)
    if code < 0:
        return code
    reserve_begin(st)
    root = index_root(mem, table, 0)
    code = tree_reserve(st, mem, root, key_at(st, 0, WHICH_OLD), key_bytes, C_ROW + count)
    if code >= 0:
        code = _prepare_secondaries(st, mem, ctx, table, CHANGE_DELETE, 0)
    if code >= 0:
        code = undo_promise(st, mem, ctx, key_bytes, count, -1, 0)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    pointer = _undo_old(st, mem, ctx, table, UNDO_DELETE, trx, undo, at, count, 0, 0)
    _value_put(st, mem, ctx, table, WHICH_OLD, 1, pointer, 1, at, count)
    _change_secondaries(st, mem, ctx, table, CHANGE_DELETE)
    mtr_commit(st, mem)
    _count_change(st, mem, table, -1)
    st[ST_ROWS_DELETED] += 1
    return 0


@kernel("i8(i8[::1], u1[::1], i8, i8)")
def autoinc_next(st, mem, table, count):
    """The first of `count` AUTO_INCREMENT values, now given out; or E_PAGE_MISS.

    The counter on the root page follows when rows are inserted, so values given out and never
    inserted may be given out again after a restart, as in MySQL.
    """
    entry = table_entry(st, load_i64(mem, table + 8 * D_TABLE_ID))
    value = load_i64(mem, entry + TABLE_AUTOINC)
    if value == 0:
        frame = pool_find(st, mem, index_root(mem, table, 0))
        if frame < 0:
            return frame
        value = max(1, load_i64(mem, frame + COUNTER_AT))
    store_i64(mem, entry + TABLE_AUTOINC, value + count)
    return value

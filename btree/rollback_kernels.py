"""Undoing changes: one undo record a call, for statements, savepoints, transactions and recovery.

Each record is undone in one MTR which also marks it UNDONE, so a crash in between loses nothing and
repeats nothing. The version before comes back into the leaf as it was; secondary entries follow S1
and S2 of `row_keys_kernels`: those of the version that goes are removed unless an older version
still has that key, those of the version that comes back lose their mark.

A deleted version that every view sees as deleted does not come back: its own undo record may have
been purged already, and nobody would ever remove it.
"""

from __future__ import annotations

from btree import failpoints
from btree.element_kernels import (
    element_count,
    element_key,
    element_note,
    element_note_set,
    elements_match,
    has_elements,
    keys_make,
    row_has_key,
    version_has_key,
)
from btree.failpoint_kernels import failpoint
from btree.layout import D_TABLE_ID
from btree.lock_kernels import lock_keep
from btree.multi_kernels import multi_gaps, multi_mend, multi_remove, multi_reserve
from btree.mvcc_kernels import purge_low, version_of_record, version_older
from btree.pool_kernels import pool_find
from btree.range_lock_kernels import gap_around
from btree.reference_kernels import chain_drop, chain_touch, references_share
from btree.row_find_kernels import keeps_gaps, row_stand
from btree.row_keys_kernels import (
    WHICH_NEW,
    WHICH_OLD,
    entry_put,
    entry_remove,
    index_root,
    key_at,
    key_count,
    key_make,
    key_note,
    key_note_set,
    key_place,
    keys_equal,
    table_descriptor,
    table_entry,
    table_indexes,
    value_build,
)
from btree.space_kernels import reserve_begin
from btree.state import (
    ST_BUILD_AT,
    ST_ROW_AT,
    ST_ROW_BYTES,
    ST_ROW_DELETED,
    ST_ROW_TRX,
    ST_ROW_UNDO,
    ST_SPILL_AT,
    ST_SPILL_NEXT,
)
from btree.tree_kernels import tree_delete, tree_replace, tree_reserve
from btree.txn_layout import (
    C_ROW,
    CTX_ROWS_CHANGED,
    CTX_UNDO_LAST,
    LOCK_EXCLUSIVE,
    PREVIOUS_DELETED,
    S_VALUE_BYTES,
    TABLE_ROWS,
    U_FLAGS,
    U_KEY,
    U_KEY_BYTES,
    U_KIND,
    U_PREVIOUS,
    U_ROW_TRX,
    U_TABLE,
    U_TRX,
    UNDO_CHAIN,
    UNDO_DELETE,
    UNDO_INSERT,
    UNDONE,
)
from redo.codes import E_CORRUPT
from redo.coding_kernels import load_i64, load_u8, load_u16, load_u32, move, store_i64
from redo.edit_kernels import mtr_begin, mtr_commit, page_put_u8
from redo.jit import helper, kernel, routine

#: What to do with an index's entry of the version that goes (its note in WHICH_NEW).
KEEP = 0
REMOVE = 1
MARK = 2


@helper
def _entry_writer(st, mem, record, table, index, which, own, live):
    """Who gave an entry the state it has after this undo step: its trx_id, or a code.

    live  1: the version that comes back has the key, 0: it has not
    `own` if one of this transaction's versions that stay made it so, else who wrote the version
    they are built upon: when those are undone too, nobody will correct an entry that says `own`.
    """
    code = version_of_record(st, mem, record)
    while code == 1:
        has = 0
        if not st[ST_ROW_DELETED]:
            key, count = key_at(st, index, which), key_count(st, mem, index, which)
            has = row_has_key(st, mem, table, index, st[ST_ROW_AT], key, count)
            if has < 0:
                return has
        if has != live:
            return own
        if st[ST_ROW_TRX] != own:
            return st[ST_ROW_TRX]
        code = version_older(st, mem)
    return code if code < 0 else own


@routine
def _plan_secondaries(st, mem, table, record, has_new, has_old):
    """Decide for each secondary index, reserve for it: 0 or a code.

    Notes: WHICH_NEW: KEEP, REMOVE, or MARK | writer << 2; WHICH_OLD: 1 | writer << 1 when its entry
    is written again, without mark.
    """
    low = purge_low(st, mem)
    own = load_i64(mem, record + U_TRX)
    row_trx = load_i64(mem, record + U_ROW_TRX)
    older = has_old or load_u8(mem, record + U_FLAGS) & PREVIOUS_DELETED
    for index in range(1, table_indexes(mem, table)):
        if has_elements(mem, table, index):
            code = multi_reserve(st, mem, table, index, WHICH_NEW) if has_new else 0
            if code >= 0 and has_old:
                code = multi_reserve(st, mem, table, index, WHICH_OLD)
            if code < 0:
                return code
            continue
        root = index_root(mem, table, index)
        same = has_new and has_old and keys_equal(st, mem, index, WHICH_OLD, WHICH_NEW)
        if has_new:
            fate = KEEP if same else REMOVE
            if not same and older:
                code = version_of_record(st, mem, record)
                if code >= 0:
                    code = version_has_key(st, mem, table, index, WHICH_NEW, low)
                if code < 0:
                    return code
                if code:
                    writer = _entry_writer(st, mem, record, table, index, WHICH_NEW, own, 0)
                    if writer < 0:
                        return writer
                    fate = MARK | writer << 2
            key_note_set(st, mem, index, WHICH_NEW, fate)
            key = key_at(st, index, WHICH_NEW)
            count = key_count(st, mem, index, WHICH_NEW)
            value_bytes = S_VALUE_BYTES if fate & MARK else -1
            code = tree_reserve(st, mem, root, key, count, value_bytes)
            if code < 0:
                return code
        if has_old:
            # An unchanged key's entry may have got this transaction's id meanwhile.
            note = 0
            if not same or row_trx != own:
                writer = _entry_writer(st, mem, record, table, index, WHICH_OLD, own, 1)
                if writer < 0:
                    return writer
                note = 1 | writer << 1
            key_note_set(st, mem, index, WHICH_OLD, note)
            key = key_at(st, index, WHICH_OLD)
            count = key_count(st, mem, index, WHICH_OLD)
            code = tree_reserve(st, mem, root, key, count, S_VALUE_BYTES)
            if code < 0:
                return code
    return 0


@routine
def _decide_elements(st, mem, table, record, index, has_new, has_old):
    """Notes for `multi_mend` of a multi-valued index; entries that go are gone then. 0 | code."""
    low = purge_low(st, mem)
    own = load_i64(mem, record + U_TRX)
    older = has_old or load_u8(mem, record + U_FLAGS) & PREVIOUS_DELETED
    if has_new and has_old:
        elements_match(st, mem, index)
    spill = st[ST_SPILL_NEXT]
    for number in range(element_count(st, mem, index, WHICH_NEW) if has_new else 0):
        st[ST_SPILL_NEXT] = spill
        if element_note(st, mem, index, WHICH_NEW, number):
            element_note_set(st, mem, index, WHICH_NEW, number, 0)
            continue
        element_key(st, mem, index, WHICH_NEW, number)
        code = version_of_record(st, mem, record) if older else 0
        if code >= 0 and older:
            code = version_has_key(st, mem, table, index, WHICH_NEW, low)
        if code == 1:
            code = _entry_writer(st, mem, record, table, index, WHICH_NEW, own, 0)
            element_note_set(st, mem, index, WHICH_NEW, number, code << 1 | 1)
        elif code == 0:
            code = multi_remove(st, mem, table, index, WHICH_NEW)
        if code < 0:
            return code
    for number in range(element_count(st, mem, index, WHICH_OLD) if has_old else 0):
        st[ST_SPILL_NEXT] = spill
        note = 0
        same = element_note(st, mem, index, WHICH_OLD, number)
        if not same or load_i64(mem, record + U_ROW_TRX) != own:
            element_key(st, mem, index, WHICH_OLD, number)
            code = _entry_writer(st, mem, record, table, index, WHICH_OLD, own, 1)
            if code < 0:
                return code
            note = code << 1 | 1
        element_note_set(st, mem, index, WHICH_OLD, number, note)
    st[ST_SPILL_NEXT] = spill
    return 0


@routine
def _mend_secondaries(st, mem, table, has_new, has_old):
    """Do what was planned."""
    for index in range(1, table_indexes(mem, table)):
        if has_elements(mem, table, index):
            if has_new:
                multi_mend(st, mem, table, index, WHICH_NEW, 1)
            if has_old:
                multi_mend(st, mem, table, index, WHICH_OLD, 0)
            continue
        if has_new:
            fate = key_note(st, mem, index, WHICH_NEW)
            if fate & MARK:
                entry_put(st, mem, table, index, WHICH_NEW, fate >> 2, 1)
            elif fate == REMOVE:
                entry_remove(st, mem, table, index, WHICH_NEW)
        if has_old and key_note(st, mem, index, WHICH_OLD):
            entry_put(st, mem, table, index, WHICH_OLD, key_note(st, mem, index, WHICH_OLD) >> 1, 0)
    return 0


@helper
def _record_passed(st, mem, ctx, frame, record):
    """Inside an MTR: mark the record, and take it off the transaction's chain."""
    page_put_u8(st, mem, frame, record + U_FLAGS - frame, load_u8(mem, record + U_FLAGS) | UNDONE)
    store_i64(mem, ctx + CTX_UNDO_LAST, load_i64(mem, record + U_PREVIOUS))
    store_i64(mem, ctx + CTX_ROWS_CHANGED, load_i64(mem, ctx + CTX_ROWS_CHANGED) - 1)


@helper
def _key_of_record(st, mem, record, which):
    """Copy the record's clustered key into its place."""
    count = load_u16(mem, record + U_KEY_BYTES)
    store_i64(mem, key_place(st, 0, which), count)
    move(mem, key_at(st, 0, which), record + U_KEY, count)
    return count


@routine
def _lock_stays(st, mem, ctx, table, record):
    """The transaction goes on: the row's lock, and the gaps of one that goes, stay. 0 or a code."""
    key_bytes = _key_of_record(st, mem, record, WHICH_OLD)
    key = key_at(st, 0, WHICH_OLD)
    root = index_root(mem, table, 0)
    code = lock_keep(st, mem, ctx, root, key, key_bytes)
    if code < 0 or load_u8(mem, record + U_KIND) != UNDO_INSERT or not keeps_gaps(mem, ctx):
        return code
    code = row_stand(st, mem, root, key, key_bytes)
    if code < 0:
        return code
    row = st[ST_ROW_AT]
    for index in range(1, table_indexes(mem, table)):
        if has_elements(mem, table, index):
            code = multi_gaps(st, mem, ctx, table, index, row)
        else:
            code = key_make(st, mem, table, index, WHICH_OLD, row)
        if code < 0:
            return code
    for index in range(table_indexes(mem, table)):
        if has_elements(mem, table, index):
            continue
        key = key_at(st, index, WHICH_OLD)
        count = key_count(st, mem, index, WHICH_OLD)
        index_at = index_root(mem, table, index)
        code = gap_around(st, mem, ctx, index_at, key, count, LOCK_EXCLUSIVE)
        if code < 0:
            return code
    return 0


@routine
def _undo_one(st, mem, ctx, frame, record, table):
    """Undo one record of a table that exists: 0 or a code with nothing done."""
    kind = load_u8(mem, record + U_KIND)
    before_deleted = load_u8(mem, record + U_FLAGS) & PREVIOUS_DELETED
    key_bytes = _key_of_record(st, mem, record, WHICH_OLD)
    _key_of_record(st, mem, record, WHICH_NEW)
    key = key_at(st, 0, WHICH_OLD)
    root = index_root(mem, table, 0)
    code = row_stand(st, mem, root, key, key_bytes)
    if code <= 0:
        return E_CORRUPT if code == 0 else code
    has_new = not st[ST_ROW_DELETED]
    has_old = kind != UNDO_INSERT and not before_deleted
    if has_new:
        code = keys_make(st, mem, table, WHICH_NEW, st[ST_ROW_AT])
        if code < 0:
            return code
    row_trx = load_i64(mem, record + U_ROW_TRX)
    gone = kind == UNDO_INSERT
    at = row_undo = 0
    value_bytes = -1
    if not gone:
        code = version_of_record(st, mem, record)
        if code < 0:
            return code
        at, row_undo = st[ST_ROW_AT], st[ST_ROW_UNDO]
        value_bytes = C_ROW + st[ST_ROW_BYTES]
        if has_old:
            code = keys_make(st, mem, table, WHICH_OLD, at)
            if code < 0:
                return code
        gone = before_deleted != 0 and row_trx < purge_low(st, mem)
    for index in range(1, table_indexes(mem, table)):
        if has_elements(mem, table, index):
            code = _decide_elements(st, mem, table, record, index, has_new, has_old)
            if code < 0:
                return code
    reserve_begin(st)
    code = _plan_secondaries(st, mem, table, record, has_new, has_old)
    if code >= 0:
        code = tree_reserve(st, mem, root, key, key_bytes, -1 if gone else value_bytes)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    _record_passed(st, mem, ctx, frame, record)
    if gone:
        tree_delete(st, mem, root, key, key_bytes)
    else:
        deleted = 1 if before_deleted else 0
        value_build(st, mem, row_trx, row_undo, deleted, at, value_bytes - C_ROW)
        references_share(st, mem, st[ST_BUILD_AT] + C_ROW, value_bytes - C_ROW, 0, 0)
        tree_replace(st, mem, root, key, key_bytes, st[ST_BUILD_AT], value_bytes)
    _mend_secondaries(st, mem, table, has_new, has_old)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.ROLLBACK_ROW)
    entry = table_entry(st, load_i64(mem, table + 8 * D_TABLE_ID))
    rows = load_i64(mem, entry + TABLE_ROWS)
    if kind == UNDO_DELETE:
        rows += 1
    elif not has_old:
        rows -= 1
    store_i64(mem, entry + TABLE_ROWS, rows)
    return 0


@helper
def _undo_chain(st, mem, ctx, frame, record):
    """Undo the writing of a chain: 0 or a code with nothing done."""
    there = chain_touch(st, mem, record + U_KEY)
    if there < 0:
        return there
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    _record_passed(st, mem, ctx, frame, record)
    if there:  # otherwise it went with a table
        chain_drop(st, mem, load_i64(mem, record + U_KEY))
    mtr_commit(st, mem)
    return 0


@kernel("i8(i8[::1], u1[::1], i8, i8, i8, i8)")
def rollback_step(st, mem, ctx, until, limit, keep):
    """Undo up to `limit` records of `ctx`, newest first, down to the undo pointer `until`.

    keep  1: the transaction goes on, and what it had locked by changing it stays locked
    -> 0 all undone, 1 there is more, or a code (E_PAGE_MISS, E_NO_FRAME, E_LOG_FULL, E_LOCKS_FULL):
       call again
    """
    for _ in range(limit):
        pointer = load_i64(mem, ctx + CTX_UNDO_LAST)
        if pointer == until or pointer == 0:
            return 0
        frame = pool_find(st, mem, pointer >> 16)
        if frame < 0:
            return frame
        record = frame + (pointer & 0xFFFF)
        table = table_descriptor(st, mem, load_u32(mem, record + U_TABLE))
        if table < 0:
            return table
        spill = st[ST_SPILL_NEXT]
        st[ST_SPILL_NEXT] = st[ST_SPILL_AT]
        if load_u8(mem, record + U_KIND) == UNDO_CHAIN:
            code = _undo_chain(st, mem, ctx, frame, record)
        elif table:
            code = _lock_stays(st, mem, ctx, table, record) if keep else 0
            if code == 0:
                code = _undo_one(st, mem, ctx, frame, record, table)
        else:  # The table has been dropped. What only its old versions had is for purge to free.
            store_i64(mem, ctx + CTX_UNDO_LAST, load_i64(mem, record + U_PREVIOUS))
            store_i64(mem, ctx + CTX_ROWS_CHANGED, load_i64(mem, ctx + CTX_ROWS_CHANGED) - 1)
            code = 0
        st[ST_SPILL_NEXT] = spill
        if code < 0:
            return code
    return 1

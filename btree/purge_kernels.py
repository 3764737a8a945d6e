"""Purge: pass the undo stream from its head, removing what no view on any instance can see.

The oldest record whose writer every view sees is looked at. What it kept alive goes: a deleted row
with its entries, or marked entries of the version it replaced, unless a newer version still has
that key. Then the position moves on; a page passed entirely is freed and the head in page 1 moves
(U3).
"""

from __future__ import annotations

from btree import failpoints
from btree.element_kernels import has_elements, version_has_key
from btree.failpoint_kernels import failpoint
from btree.layout import EXTERNAL_ROW
from btree.multi_kernels import entry_is_dead, multi_purge
from btree.mvcc_kernels import purge_low, version_of_record
from btree.pool_kernels import pool_find
from btree.reference_kernels import references_drop, references_touch
from btree.row_find_kernels import row_stand
from btree.row_keys_kernels import (
    WHICH_OLD,
    entry_remove,
    index_root,
    key_at,
    key_count,
    key_make,
    key_note,
    key_note_set,
    key_place,
    table_descriptor,
    table_indexes,
)
from btree.space_kernels import overflow_free, overflow_touch, page_free, reserve_begin
from btree.state import (
    ST_NEXT_TRX,
    ST_PURGE_TRX,
    ST_PURGE_UNDO,
    ST_PURGED,
    ST_ROW_AT,
    ST_ROW_BYTES,
    ST_ROW_DELETED,
    ST_ROW_TRX,
    ST_ROW_UNDO,
    ST_SPILL_AT,
    ST_SPILL_NEXT,
    ST_UNDO_PAGES,
)
from btree.tree_kernels import tree_delete, tree_reserve
from btree.txn_layout import (
    IMAGE_SPILLED,
    PREVIOUS_DELETED,
    SYS_UNDO_HEAD,
    SYSTEM_PAGE,
    U_BYTES,
    U_FLAGS,
    U_KEY,
    U_KEY_BYTES,
    U_KIND,
    U_TABLE,
    U_TRX,
    UNDO_AT,
    UNDO_DELETE,
    UNDO_END,
    UNDO_NEXT,
    UNDO_UPDATE,
    UNDONE,
)
from redo.coding_kernels import load_i64, load_u8, load_u16, load_u32, move, store_i64
from redo.edit_kernels import mtr_begin, mtr_commit, page_put_i64, page_put_u8
from redo.jit import helper, kernel, routine


@routine
def _plan_entries(st, mem, table, record, row_gone, low):
    """Note in WHICH_OLD which entries go, and reserve for them: how many, or a code."""
    going = 0
    root = index_root(mem, table, 0)
    for index in range(1, table_indexes(mem, table)):
        if has_elements(mem, table, index):
            continue
        code = version_of_record(st, mem, record)
        if code < 0:
            return code
        code = key_make(st, mem, table, index, WHICH_OLD, st[ST_ROW_AT])
        if code < 0:
            return code
        code = entry_is_dead(st, mem, table, index)
        if code < 0:
            return code
        if code == 0:
            continue
        if not row_gone:
            code = row_stand(
                st, mem, root, key_at(st, 0, WHICH_OLD), key_count(st, mem, 0, WHICH_OLD)
            )
            if code == 1:
                code = version_has_key(st, mem, table, index, WHICH_OLD, low)
            if code < 0:
                return code
            if code == 1:
                continue
        key_note_set(st, mem, index, WHICH_OLD, 1)
        count = key_count(st, mem, index, WHICH_OLD)
        code = tree_reserve(
            st, mem, index_root(mem, table, index), key_at(st, index, WHICH_OLD), count, -1
        )
        if code < 0:
            return code
        going += 1
    return going


@routine
def _purge_record(st, mem, record, pointer, table, low):
    """Remove what only this record's old version needed: 0 or a code with nothing done."""
    key_bytes = load_u16(mem, record + U_KEY_BYTES)
    store_i64(mem, key_place(st, 0, WHICH_OLD), key_bytes)
    key = key_at(st, 0, WHICH_OLD)
    move(mem, key, record + U_KEY, key_bytes)
    root = index_root(mem, table, 0)
    row_gone = 0
    if load_u8(mem, record + U_KIND) == UNDO_DELETE:
        code = row_stand(st, mem, root, key, key_bytes)
        if code < 0:
            return code
        writer = load_i64(mem, record + U_TRX)
        if code == 1 and st[ST_ROW_DELETED] and st[ST_ROW_TRX] == writer:
            row_gone = 1 if st[ST_ROW_UNDO] == pointer else 0
    code = multi_purge(st, mem, table, record, row_gone, low)
    if code < 0:
        return code
    reserve_begin(st)
    going = _plan_entries(st, mem, table, record, row_gone, low)
    if going < 0:
        return going
    code = 0
    if row_gone:
        code = tree_reserve(st, mem, root, key, key_bytes, -1)
    elif going == 0:
        return 0
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    if row_gone:
        tree_delete(st, mem, root, key, key_bytes)
    for index in range(1, table_indexes(mem, table)):
        if not has_elements(mem, table, index) and key_note(st, mem, index, WHICH_OLD):
            entry_remove(st, mem, table, index, WHICH_OLD)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.PURGE_ROW)
    return 0


@helper
def _drop_image(st, mem, frame, record):
    """Free the overflow pages of a spilled image, once: 0 or a code with nothing done."""
    reference = record + U_KEY + load_u16(mem, record + U_KEY_BYTES)
    first = load_i64(mem, reference)
    code = overflow_touch(st, mem, first)
    if code >= 0:
        code = mtr_begin(st, mem)
    if code < 0:
        return code
    flags = load_u8(mem, record + U_FLAGS) & ~IMAGE_SPILLED
    page_put_u8(st, mem, frame, record + U_FLAGS - frame, flags | UNDONE)
    overflow_free(st, mem, first)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.PURGE_IMAGE)
    return 0


@routine
def _drop_chains(st, mem, frame, record):
    """Give up, once, the chains that only the old version had: 0 or a code with nothing done."""
    row = record + U_KEY + load_u16(mem, record + U_KEY_BYTES)
    spill = st[ST_SPILL_NEXT]
    if (
        load_u8(mem, record + U_FLAGS) & IMAGE_SPILLED == 0
        and not load_u16(mem, row) & EXTERNAL_ROW
    ):
        return 0
    st[ST_SPILL_NEXT] = st[ST_SPILL_AT]
    code = version_of_record(st, mem, record)
    st[ST_SPILL_NEXT] = spill
    if code < 0:
        return code
    row = st[ST_ROW_AT]
    row_bytes = st[ST_ROW_BYTES]
    code = references_touch(st, mem, row, row_bytes)
    if code <= 0:
        return code
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    flags = load_u8(mem, record + U_FLAGS)
    page_put_u8(st, mem, frame, record + U_FLAGS - frame, flags | UNDONE)
    references_drop(st, mem, row, row_bytes)
    mtr_commit(st, mem)
    return 0


@helper
def _free_page(st, mem, frame):
    """Free the passed head page and let its successor be the head: 0 or a code."""
    following = load_i64(mem, frame + UNDO_NEXT)
    system = pool_find(st, mem, SYSTEM_PAGE)
    header = pool_find(st, mem, 0)
    if min(system, header) < 0:
        return min(system, header)
    code = mtr_begin(st, mem)
    if code < 0:
        return code
    page_put_i64(st, mem, system, SYS_UNDO_HEAD, following << 16 | UNDO_AT)
    page_free(st, mem, frame)
    mtr_commit(st, mem)
    failpoint(st, mem, failpoints.PURGE_PAGE)
    st[ST_PURGE_UNDO] = following << 16 | UNDO_AT
    st[ST_UNDO_PAGES] -= 1
    return 0


@kernel("i8(i8[::1], u1[::1], i8)")
def purge_step(st, mem, limit):
    """Pass up to `limit` undo records.

    -> 1 there is more to pass, 0 nothing more now, or a code: settle it and call again
    """
    low = purge_low(st, mem)
    for _ in range(limit):
        pointer = st[ST_PURGE_UNDO]
        frame = pool_find(st, mem, pointer >> 16)
        if frame < 0:
            return frame
        record = frame + (pointer & 0xFFFF)
        if record - frame >= load_i64(mem, frame + UNDO_END):
            if load_i64(mem, frame + UNDO_NEXT) == 0:
                st[ST_PURGE_TRX] = st[ST_NEXT_TRX] - 1
                return 0
            code = _free_page(st, mem, frame)
            if code < 0:
                return code
            continue
        flags = load_u8(mem, record + U_FLAGS)
        kind = load_u8(mem, record + U_KIND)
        if load_i64(mem, record + U_TRX) >= low:
            return 0
        keeps_version = kind == UNDO_UPDATE or kind == UNDO_DELETE
        if keeps_version and not flags & (UNDONE | PREVIOUS_DELETED):
            table = table_descriptor(st, mem, load_u32(mem, record + U_TABLE))
            if table < 0:
                return table
            if table:
                spill = st[ST_SPILL_NEXT]
                st[ST_SPILL_NEXT] = st[ST_SPILL_AT]
                code = _purge_record(st, mem, record, pointer, table, low)
                st[ST_SPILL_NEXT] = spill
                if code < 0:
                    return code
            code = _drop_chains(st, mem, frame, record)
            if code < 0:
                return code
        if flags & IMAGE_SPILLED:
            code = _drop_image(st, mem, frame, record)
            if code < 0:
                return code
        st[ST_PURGE_UNDO] = pointer + load_u16(mem, record + U_BYTES)
        st[ST_PURGE_TRX] = max(st[ST_PURGE_TRX], load_i64(mem, record + U_TRX))
        st[ST_PURGED] += 1
    return 1


@kernel("i8(i8[::1], u1[::1])")
def history_open(st, mem):
    """At start: what purge has passed already, as its position in the stream says. 0 or a code."""
    pointer = st[ST_PURGE_UNDO]
    frame = pool_find(st, mem, pointer >> 16)
    if frame < 0:
        return frame
    st[ST_PURGE_TRX] = st[ST_NEXT_TRX] - 1
    if pointer & 0xFFFF < load_i64(mem, frame + UNDO_END):
        st[ST_PURGE_TRX] = load_i64(mem, frame + (pointer & 0xFFFF) + U_TRX) - 1
    return 0
